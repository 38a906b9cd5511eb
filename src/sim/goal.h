/* SPDX-License-Identifier: Apache-2.0
 *
 * goal.h: what a scenario is judged by: a figure of a run, and a bar.  Figures are of a stretch of
 * the run, in whole buckets of the meter.
 */
#ifndef TAYRA_SIM_GOAL_H
#define TAYRA_SIM_GOAL_H

#include "sim/overload.h"

enum tayra__goal_figure { /* what they are: tayra__goal_sentences */
			  TAYRA__GOAL_GOODPUT_OF_ORACLE,
			  TAYRA__GOAL_GOODPUT_OF_POSSIBLE,
			  TAYRA__GOAL_GOODPUT_OF_ALONE,
			  TAYRA__GOAL_GOODPUT_OF_NONE,
			  TAYRA__GOAL_SETTLE_S,
			  TAYRA__GOAL_LATE_S,
			  TAYRA__GOAL_FLOOR_S,
			  TAYRA__GOAL_LIMIT_CV,
			  TAYRA__GOAL_LIMIT_OF_KNEE,
			  TAYRA__GOAL_LIMIT_DRIFT,
			  TAYRA__GOAL_REJECTS,
			  TAYRA__GOAL_BACKEND_TIME,
			  TAYRA__GOAL_P99_OF_DEADLINE,
			  TAYRA__GOAL_P99_OF_ALONE,
			  TAYRA__GOAL_P99_OF_UNLOADED,
			  TAYRA__GOAL_P99_OF_NONE,
			  TAYRA__GOAL_SPREAD_OF_NONE,
			  TAYRA__GOAL_SUCCESS,
			  TAYRA__GOAL_CLASS_SHARE,
			  TAYRA__GOAL_WAIT_OF_DEADLINE,
			  TAYRA__GOAL_JAIN,
			  TAYRA__GOAL_SAME_TRACE,
};
/* "goodput_of_oracle" ..., in their order, ended by NULL; and what each of them is. */
extern const char *const tayra__goal_figures[], *const tayra__goal_sentences[];

bool tayra__goal_needs_oracle(const struct tayra__goal_setting *goal);
bool tayra__goal_needs_alone(const struct tayra__goal_setting *goal);
/* Alone, and without any limit. */
bool tayra__goal_needs_unloaded(const struct tayra__goal_setting *goal);
bool tayra__goal_needs_none(const struct tayra__goal_setting *goal);

/* What a figure may be compared with; NULL and 0 where it is not needed. */
struct tayra__goal_beside {
	double oracle_per_s; /* goodput in the goal's stretch */
	const struct tayra__overload_result
		*alone; /* its load, by itself; or without a limit too */
	const struct tayra__overload_result *again; /* the same once more */
	const struct tayra__overload_result *none;  /* without any limit */
};
/* NaN where there is nothing to say. */
double tayra__goal_figure(const struct tayra__goal_setting *goal,
			  const struct tayra__scenario *scenario,
			  const struct tayra__overload_result *result,
			  const struct tayra__goal_beside *beside);
/* Goodput a second in the goal's stretch; of its load, if it names one. */
double tayra__goal_goodput(const struct tayra__goal_setting *goal,
			   const struct tayra__scenario *scenario,
			   const struct tayra__overload_result *result);

#endif
