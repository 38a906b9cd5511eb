/* SPDX-License-Identifier: Apache-2.0
 *
 * overload.h: one run of a scenario in virtual time: crowds ask, the production pacer decides, a
 * model backend works, a meter looks on.  Same scenario, limiter and seed: same trace.
 */
#ifndef TAYRA_SIM_OVERLOAD_H
#define TAYRA_SIM_OVERLOAD_H

#include "sim/contender.h"
#include "sim/meter.h"
#include "sim/scenario.h"

struct tayra__overload_result {
	uint64_t trace;
	uint64_t requests;                    /* simulated, retries and warm-up included */
	double capacity_per_s, offered_per_s; /* of the backend; of open loads, 0: there is none */
	uint64_t retries;
	uint32_t tenants;
	struct tayra_pace_stats pace;        /* at the end */
	uint64_t shed[TAYRA_SHED_LEVEL + 1]; /* in the measured stretch */
	struct tayra__meter meter;
};

/* More at once is an error of the scenario. */
#define TAYRA__OVERLOAD_REQUESTS 1000000u

/* => TAYRA_OK; TAYRA_E_INVAL: the pacer refuses its settings; TAYRA_E_NOMEM; TAYRA_E_TOO_LARGE:
 * over TAYRA__OVERLOAD_REQUESTS requests at once; TAYRA_E_CANCELLED: *stop was set.  stop may be
 * NULL. */
int tayra__overload_run(const struct tayra__scenario *scenario,
			const struct tayra__contender *contender, uint64_t seed,
			const _Atomic bool *stop, struct tayra__overload_result *out);

#endif
