/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h: what the sources take of tayra_feed_options; the rest is load's.
 */
#ifndef TAYRA_FEED_SETTINGS_H
#define TAYRA_FEED_SETTINGS_H

#include <tayra/tayra.h>

#include "origin/complaint.h"

/* => TAYRA_OK, TAYRA_E_INVAL with a complaint. */
int tayra__feed_interval(const struct tayra_feed_options *options, uint64_t default_ns,
			 uint64_t *out, const struct tayra__complaint *why);

#endif
