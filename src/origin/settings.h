/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h: tayra_origin_options with the defaults filled in.
 */
#ifndef TAYRA_ORIGIN_SETTINGS_H
#define TAYRA_ORIGIN_SETTINGS_H

#include <tayra/tayra.h>

#include "origin/complaint.h"
#include "origin/pattern.h"
#include "origin/shape.h"
#include "origin/worker.h"

struct tayra__origin_settings {
	uint32_t threads;
	struct tayra_pace *pace;
	struct tayra__pattern keys;
	struct tayra__shape shape;
	const char *batch;               /* borrowed; NULL: one key at a time */
	struct tayra__batching batching; /* of a batch or a pipeline */
	bool pipeline;                   /* of PostgreSQL alone */
	const char *version;             /* the statement for it.  Borrowed; NULL: none */
	const char *write;               /* the same */
	const char *tags;                /* words.  Borrowed; NULL: none */
	bool statements;                 /* one besides the query and write: only SQL has that */
};

/* => TAYRA_OK, TAYRA_E_INVAL with a complaint. */
int tayra__origin_settings(const struct tayra_origin_options *given,
			   struct tayra__origin_settings *out, const struct tayra__complaint *why);
/* Of tayra_batch_options, with the defaults filled in.  => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__batch_settings(uint32_t keys_max, uint64_t window_ns, struct tayra__batching *out);

#endif
