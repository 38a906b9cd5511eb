/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_options.c: what a bench is asked for: defaults and ranges.
 */
#include "bench/bench.h"

#include "base/option.h"

#define BUDGET_NS     (10 * TAYRA_NS_PER_S)
#define BUDGET_NS_MAX (24 * 3600 * TAYRA_NS_PER_S)
#define SLICE_NS      (20 * TAYRA_NS_PER_MS)
#define SLICE_NS_MAX  (10 * TAYRA_NS_PER_S)
#define PAIRS_MAX     1000

const char *
tayra__bench_options(const struct tayra_bench_options *given, struct tayra_bench_options *o)
{
	if (tayra__option_struct(given, o, sizeof(*o)) < 0)
		return "options: the size is not set, or of another version";
	o->size = sizeof(*o);
	if (o->margin == 0)
		o->margin = 0.02;
	if (o->alpha == 0)
		o->alpha = 0.05;
	if (o->budget_ns == 0)
		o->budget_ns = BUDGET_NS;
	if (o->slice_ns == 0)
		o->slice_ns = SLICE_NS;
	if (o->seed == 0)
		o->seed = 1;
	if (o->metric != TAYRA_BENCH_CPU && o->metric != TAYRA_BENCH_WALL)
		return "options: no such metric";
	if (!(o->margin > 0 && o->margin < 1) || !(o->alpha > 0 && o->alpha < 1))
		return "options: margin and alpha lie between 0 and 1";
	if (o->budget_ns > BUDGET_NS_MAX)
		return "options: budget_ns is over a day";
	if (o->slice_ns < TAYRA__FUNCTION_PART_NS || o->slice_ns > SLICE_NS_MAX)
		return "options: slice_ns is not within 1 ms .. 10 s";
	if (o->pairs && (o->pairs < TAYRA__BENCH_PAIRS_MIN || o->pairs > PAIRS_MAX))
		return "options: pairs is not within 6 .. 1000";
	return NULL;
}
