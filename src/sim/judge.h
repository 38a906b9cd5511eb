/* SPDX-License-Identifier: Apache-2.0
 *
 * judge.h: a scenario's goals, over several seeds.  The oracle is the best of the fixed limits
 * below, each run in full on the same seed, and chosen for each goal's stretch by itself: what
 * somebody who knew it all would have set.  Seeds are run on as many threads as there are
 * processors; which one runs what changes nothing.
 */
#ifndef TAYRA_SIM_JUDGE_H
#define TAYRA_SIM_JUDGE_H

#include "sim/goal.h"

#define TAYRA__JUDGE_SEEDS 100
extern const double tayra__judge_limits[]; /* ended by 0 */

struct tayra__judge {
	const struct tayra__scenario *scenario;
	uint64_t seed; /* the first; the others follow it */
	uint32_t seeds;
	const _Atomic bool *stop;
	double (*oracle)[TAYRA__SCENARIO_GOALS];  /* by seed: goodput a second */
	double (*figures)[TAYRA__SCENARIO_GOALS]; /* by seed: of the limiter that was run last */
};

struct tayra__verdict {
	double figure; /* mean over seeds */
	double lo, hi; /* the least and the most of them */
	double oracle; /* mean goodput of the oracle; NaN: it was not asked */
	double bar;
	bool pass;
};

/* Runs the oracle where a goal asks for it.  => TAYRA_OK; as tayra__overload_run(). */
int tayra__judge_init(struct tayra__judge *judge, const struct tayra__scenario *scenario,
		      uint64_t seed, uint32_t seeds, const _Atomic bool *stop);
/* Also after a failure. */
void tayra__judge_fini(struct tayra__judge *judge);
/* One verdict a goal.  => as tayra__overload_run(). */
int tayra__judge_run(struct tayra__judge *judge, const struct tayra__contender *contender,
		     struct tayra__verdict verdicts[TAYRA__SCENARIO_GOALS]);

#endif
