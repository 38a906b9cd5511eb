/* SPDX-License-Identifier: Apache-2.0
 *
 * tagging.h: the tags that values of an origin carry, made from their keys (words.h).
 */
#ifndef TAYRA_ORIGIN_TAGGING_H
#define TAYRA_ORIGIN_TAGGING_H

#include <tayra/tayra.h>

#include "origin/complaint.h"

struct tayra__origin_settings;

/*
 * The last step of opening an origin: it gets the tags of its settings, if there are any, and is
 * the caller's.  => TAYRA_OK; TAYRA_E_INVAL with a complaint, TAYRA_E_NOMEM: it is closed.
 */
int tayra__tagging_attach(struct tayra_origin *origin,
			  const struct tayra__origin_settings *settings,
			  const struct tayra__complaint *why, struct tayra_origin **out);
/* What was attached; NULL: nothing. */
struct tayra__tagging;
void tayra__tagging_free(struct tayra__tagging *tagging);

#endif
