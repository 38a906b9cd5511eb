/* SPDX-License-Identifier: Apache-2.0
 *
 * stint.h: one slice of a stage on one arm: puts the load on it, and reads off what that yielded.
 */
#ifndef TAYRA_SHOWCASE_STINT_H
#define TAYRA_SHOWCASE_STINT_H

#include "prove/session.h"
#include "showcase/arm.h"
#include "showcase/results.h"

struct tayra__stint {
	const struct tayra__catalogue *catalogue;
	struct tayra__pool *pool;
	const struct tayra__stage *stage;
	struct tayra__showcase_arm *arm;
	double rate_per_s; /* of an OPEN stage */
	uint64_t deadline_ns;
	uint64_t seed;  /* of the workload, */
	uint64_t epoch; /* whose popularity drifts with it */
	uint32_t hot_package;
	const _Atomic bool *stop; /* may be NULL */
};

/*
 * Run it.  The latencies are added to *latency, which may be NULL.
 * => TAYRA_OK; *figures says in `measured` whether there was anything to measure.  TAYRA_E_NOMEM,
 *    TAYRA_E_INVAL.
 */
int tayra__stint_run(const struct tayra__stint *stint, const struct tayra__slice *slice,
		     struct tayra__slice_figures *figures, struct tayra__hist *latency);

#endif
