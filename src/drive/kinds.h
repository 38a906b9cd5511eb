/* SPDX-License-Identifier: Apache-2.0
 *
 * kinds.h: what the kinds of a scenario amounted to, over all slices of a wire.  Not thread-safe.
 */
#ifndef TAYRA_DRIVE_KINDS_H
#define TAYRA_DRIVE_KINDS_H

#include "base/hist.h"
#include "base/json.h"
#include "drive/drive.h"
#include "drive/scenario.h"

struct tayra__kind_tally {
	uint64_t offered, ok;              /* ok: answered well and in time */
	struct tayra__hist latency, slice; /* of all; of the slice that ran last */
};

struct tayra__kinds {
	const struct tayra__scenario *scenario;
	struct tayra__kind_tally *tally; /* [scenario->kinds] */
	uint64_t length_ns;
};

/* => TAYRA_OK, TAYRA_E_NOMEM: nothing to fini. */
int tayra__kinds_init(struct tayra__kinds *kinds, const struct tayra__scenario *scenario);
void tayra__kinds_fini(struct tayra__kinds *kinds);
/* Another slice. */
void tayra__kinds_begin(struct tayra__kinds *kinds);
void tayra__kinds_add(struct tayra__kinds *kinds, const struct tayra__call *call,
		      uint64_t latency_ns, bool ok);

/* NaN: not known. */
struct tayra__kind_figures {
	const char *name;
	uint64_t requests, errors; /* errors: all that were not answered well in time */
	double share;              /* of all requests */
	double throughput_per_s;   /* answered well in time */
	double p50_ms, p99_ms;     /* of all that was offered, where that holds them */
};
void tayra__kinds_figures(const struct tayra__kinds *kinds, size_t i,
			  struct tayra__kind_figures *out);
/* As an array of objects. */
void tayra__kinds_json(struct tayra__json *json, const char *key, const struct tayra__kinds *kinds);

#endif
