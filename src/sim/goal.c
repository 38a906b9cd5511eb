/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/goal.h"

#include <math.h>
#include <string.h>

#define SETTLED_SHARE 0.9
#define SETTLED_NS    (5 * TAYRA_NS_PER_S)
#define LATE_SHARE    0.05
#define LATE_NS       TAYRA_NS_PER_S
#define SHARE_NS      (10 * TAYRA_NS_PER_S)
#define SHARE_MIN     0.02 /* of the pacer, when nothing is said */

const char *const tayra__goal_figures[] = {
	"goodput_of_oracle",
	"goodput_of_possible",
	"goodput_of_alone",
	"goodput_of_none",
	"settle_s",
	"late_s",
	"floor_s",
	"limit_cv",
	"limit_of_knee",
	"limit_drift",
	"rejects",
	"backend_time",
	"p99_of_deadline",
	"p99_of_alone",
	"p99_of_unloaded",
	"p99_of_none",
	"spread_of_none",
	"success",
	"class_share",
	"wait_of_deadline",
	"jain",
	"same_trace",
	NULL,
};

const char *const tayra__goal_sentences[] = {
	"goodput to that of the best fixed limit there, on the same seed",
	"goodput to what is possible: what is offered, or the capacity",
	"goodput of a load to that of its own when nobody else asks",
	"goodput to that without any limit, on the same seed",
	"seconds until from then on any 5 s have 0.9 of the best fixed limit's goodput",
	"seconds until from then on no second has 5% late or timed out",
	"seconds until the limit is at `level` or below and stays there",
	"standard deviation of the limit over time to its mean",
	"the highest limit to the smallest n where X(n) is highest",
	"the highest limit to that at the beginning of the stretch",
	"how many were turned away by the pacer",
	"mean time inside the backend to that of a job alone, after the warm-up",
	"p99 of a load's answers to its deadline, after the warm-up",
	"p99 of a load to its own when nobody else asks, after the warm-up",
	"p99 of a load to its own when nobody else asks and there is no limit, after the warm-up",
	"p99 of a load to its own without any limit, after the warm-up",
	"standard deviation of a load's latency to its own without any limit, after the warm-up",
	"share of a load's requests answered in time, after the warm-up",
	"the least, over classes and 10 s, of goodput to what a class is guaranteed: share_min of "
	"the "
	"capacity, or what it asks",
	"the longest wait of one that was let in to its deadline, after the warm-up",
	"Jain's index of the goodput of tenants, after the warm-up",
	"1: a second run was the same to the last decision",
	NULL,
};

/* What the figures are taken from. */
struct view {
	const struct tayra__goal_setting *goal;
	const struct tayra__scenario *scenario;
	const struct tayra__overload_result *result;
	size_t first, end; /* buckets of the stretch */
};

static bool
counts(const struct view *v, size_t load)
{
	return !v->goal->load || strcmp(v->goal->load, v->scenario->loads[load].name) == 0;
}

bool
tayra__goal_needs_oracle(const struct tayra__goal_setting *goal)
{
	return goal->figure == TAYRA__GOAL_GOODPUT_OF_ORACLE ||
	       goal->figure == TAYRA__GOAL_SETTLE_S || goal->completions > 0;
}

bool
tayra__goal_needs_alone(const struct tayra__goal_setting *goal)
{
	return goal->figure == TAYRA__GOAL_GOODPUT_OF_ALONE ||
	       goal->figure == TAYRA__GOAL_P99_OF_ALONE;
}

bool
tayra__goal_needs_unloaded(const struct tayra__goal_setting *goal)
{
	return goal->figure == TAYRA__GOAL_P99_OF_UNLOADED;
}

bool
tayra__goal_needs_none(const struct tayra__goal_setting *goal)
{
	return goal->figure == TAYRA__GOAL_GOODPUT_OF_NONE ||
	       goal->figure == TAYRA__GOAL_P99_OF_NONE ||
	       goal->figure == TAYRA__GOAL_SPREAD_OF_NONE;
}

static struct view
view_of(const struct tayra__goal_setting *goal, const struct tayra__scenario *scenario,
	const struct tayra__overload_result *result)
{
	const uint64_t bucket_ns = result->meter.bucket_ns;

	return (struct view){
		.goal = goal,
		.scenario = scenario,
		.result = result,
		.first = (size_t)((goal->from_ns + bucket_ns / 2) / bucket_ns),
		.end = (size_t)((goal->to_ns + bucket_ns / 2) / bucket_ns),
	};
}

static double
bucket_s(const struct view *v)
{
	return (double)v->result->meter.bucket_ns / 1e9;
}

static double
good_in(const struct view *v, size_t bucket)
{
	double good = 0;

	for (size_t i = 0; i < v->scenario->load_count; i++)
		if (counts(v, i))
			good += v->result->meter.buckets[bucket].good[i];
	return good;
}

static double
good_per_s(const struct view *v)
{
	double good = 0;

	for (size_t i = v->first; i < v->end; i++)
		good += good_in(v, i);
	return good / ((double)(v->end - v->first) * bucket_s(v));
}

double
tayra__goal_goodput(const struct tayra__goal_setting *goal, const struct tayra__scenario *scenario,
		    const struct tayra__overload_result *result)
{
	struct view v = view_of(goal, scenario, result);

	return good_per_s(&v);
}

/* Seconds until the last window that fails has begun; the whole stretch when the last one does. */
static double
seconds_until(const struct view *v, uint64_t window_ns,
	      bool (*fails)(const struct view *v, size_t first, size_t end, double bar), double bar)
{
	size_t span = (size_t)((window_ns + v->result->meter.bucket_ns / 2) /
			       v->result->meter.bucket_ns);
	size_t good_from = v->first;

	if (span < 1)
		span = 1;
	if (v->end - v->first < span)
		return nan("");
	for (size_t i = v->first; i + span <= v->end; i++)
		if (fails(v, i, i + span, bar))
			good_from = i + 1;
	if (good_from + span > v->end)
		good_from = v->end;
	return (double)(good_from - v->first) * bucket_s(v);
}

static bool
is_below(const struct view *v, size_t first, size_t end, double per_s)
{
	double good = 0;

	for (size_t i = first; i < end; i++)
		good += good_in(v, i);
	return good < per_s * (double)(end - first) * bucket_s(v);
}

static bool
is_late(const struct view *v, size_t first, size_t end, double share)
{
	double late = 0, arrived = 0;

	for (size_t i = first; i < end; i++) {
		const struct tayra__meter_bucket *bucket = &v->result->meter.buckets[i];

		late += bucket->fates[TAYRA__FATE_LATE] + bucket->fates[TAYRA__FATE_TIMEOUT];
		arrived += bucket->arrived;
	}
	return late > share * arrived;
}

static double
limit_in(const struct view *v, size_t bucket)
{
	const struct tayra__meter_bucket *b = &v->result->meter.buckets[bucket];

	return b->looks ? b->limit / b->looks : nan("");
}

static bool
is_above(const struct view *v, size_t first, size_t end, double level)
{
	return limit_in(v, first) > level;
}

static double
highest_limit(const struct view *v)
{
	double most = 0;

	for (size_t i = v->first; i < v->end; i++)
		most = fmax(most, limit_in(v, i));
	return most;
}

static double
limit_of_knee(const struct view *v)
{
	size_t knee;

	tayra__backend_law_capacity(&v->scenario->backend, &knee);
	return highest_limit(v) / (double)knee;
}

static struct tayra__meter_sum
sum_of(const struct view *v)
{
	return tayra__meter_sum(&v->result->meter, v->goal->from_ns, v->goal->to_ns);
}

static double
goodput_of_possible(const struct view *v)
{
	double possible = v->result->capacity_per_s;

	if (v->result->offered_per_s > 0)
		possible = fmin(possible, v->result->offered_per_s);
	return good_per_s(v) / possible;
}

/* Of the loads that count, after the warm-up. */
static void
merge_latency(const struct view *v, struct tayra__hist *all)
{
	tayra__hist_init(all);
	for (size_t i = 0; i < v->scenario->load_count; i++)
		if (counts(v, i))
			tayra__hist_merge(all, &v->result->meter.latency[i]);
}

static double
spread_ns(const struct view *v)
{
	struct tayra__hist all;

	merge_latency(v, &all);
	return tayra__hist_stdev(&all);
}

static double
p99_ns(const struct view *v)
{
	struct tayra__hist all;

	merge_latency(v, &all);
	return all.count ? (double)tayra__hist_quantile(&all, 0.99) : nan("");
}

static double
shortest_deadline_ns(const struct view *v)
{
	double least = nan("");

	for (size_t i = 0; i < v->scenario->load_count; i++)
		if (counts(v, i) && v->scenario->loads[i].deadline_ns)
			least = fmin(least, (double)v->scenario->loads[i].deadline_ns);
	return least;
}

static double
longest_deadline_ns(const struct view *v)
{
	double most = nan("");

	for (size_t i = 0; i < v->scenario->load_count; i++)
		if (v->scenario->loads[i].deadline_ns)
			most = fmax(most, (double)v->scenario->loads[i].deadline_ns);
	return most;
}

static double
success(const struct view *v)
{
	double good = 0, ended = 0;

	for (size_t i = 0; i < v->scenario->load_count; i++)
		for (int f = 0; f < TAYRA__FATES && counts(v, i); f++)
			ended += (double)v->result->meter.fates[i][f];
	for (size_t i = 0; i < v->scenario->load_count; i++)
		if (counts(v, i))
			good += (double)v->result->meter.fates[i][TAYRA__FATE_GOOD];
	return ended > 0 ? good / ended : nan("");
}

/* Of one class in some buckets: good, and what was asked a second. */
static double
share_of_class(const struct view *v, enum tayra_class cls, size_t first, size_t end)
{
	const double seconds = (double)(end - first) * bucket_s(v);
	const double share = v->scenario->pace.share_min;
	double good = 0, asked = 0, guaranteed;

	for (size_t i = 0; i < v->scenario->load_count; i++) {
		const struct tayra__load_setting *load = &v->scenario->loads[i];

		if (load->cls != (int)cls)
			continue;
		asked += load->rate_per_s > 0 ? load->rate_per_s
					      : load->load * v->result->capacity_per_s;
		for (size_t b = first; b < end; b++)
			good += v->result->meter.buckets[b].good[i];
	}
	guaranteed = fmin(asked, v->result->capacity_per_s * (share > 0 ? share : SHARE_MIN));
	return guaranteed > 0 ? good / seconds / guaranteed : nan("");
}

static double
class_share(const struct view *v)
{
	const size_t span = (size_t)(SHARE_NS / v->result->meter.bucket_ns);
	double least = nan("");

	for (int c = TAYRA_CRITICAL; c <= TAYRA_BACKGROUND; c++)
		for (size_t b = v->first; b + span <= v->end; b += span)
			least = fmin(least, share_of_class(v, (enum tayra_class)c, b, b + span));
	return least;
}

/* One measure of both. */
static double
compare(const struct view *v, const struct tayra__overload_result *with,
	double (*measure)(const struct view *v))
{
	struct view other = *v;

	other.result = with;
	return measure(v) / measure(&other);
}

double
tayra__goal_figure(const struct tayra__goal_setting *goal, const struct tayra__scenario *scenario,
		   const struct tayra__overload_result *result,
		   const struct tayra__goal_beside *beside)
{
	const struct view v = view_of(goal, scenario, result);

	switch ((enum tayra__goal_figure)goal->figure) {
	case TAYRA__GOAL_GOODPUT_OF_ORACLE: return good_per_s(&v) / beside->oracle_per_s;
	case TAYRA__GOAL_GOODPUT_OF_POSSIBLE: return goodput_of_possible(&v);
	case TAYRA__GOAL_GOODPUT_OF_ALONE: return compare(&v, beside->alone, good_per_s);
	case TAYRA__GOAL_P99_OF_ALONE:
	case TAYRA__GOAL_P99_OF_UNLOADED: return compare(&v, beside->alone, p99_ns);
	case TAYRA__GOAL_GOODPUT_OF_NONE: return compare(&v, beside->none, good_per_s);
	case TAYRA__GOAL_P99_OF_NONE: return compare(&v, beside->none, p99_ns);
	case TAYRA__GOAL_SPREAD_OF_NONE: return compare(&v, beside->none, spread_ns);
	case TAYRA__GOAL_SETTLE_S:
		return seconds_until(&v, SETTLED_NS, is_below,
				     SETTLED_SHARE * beside->oracle_per_s);
	case TAYRA__GOAL_LATE_S: return seconds_until(&v, LATE_NS, is_late, LATE_SHARE);
	case TAYRA__GOAL_FLOOR_S: return seconds_until(&v, 1, is_above, goal->level);
	case TAYRA__GOAL_LIMIT_CV: return sum_of(&v).limit_cv;
	case TAYRA__GOAL_LIMIT_OF_KNEE: return limit_of_knee(&v);
	case TAYRA__GOAL_LIMIT_DRIFT: return highest_limit(&v) / limit_in(&v, v.first);
	case TAYRA__GOAL_REJECTS: return (double)sum_of(&v).fates[TAYRA__FATE_SHED];
	case TAYRA__GOAL_BACKEND_TIME:
		return tayra__hist_mean(&result->meter.backend) * scenario->backend.rate_per_s /
		       1e9;
	case TAYRA__GOAL_P99_OF_DEADLINE: return p99_ns(&v) / shortest_deadline_ns(&v);
	case TAYRA__GOAL_SUCCESS: return success(&v);
	case TAYRA__GOAL_CLASS_SHARE: return class_share(&v);
	case TAYRA__GOAL_WAIT_OF_DEADLINE:
		return (double)result->meter.longest_wait_ns / longest_deadline_ns(&v);
	case TAYRA__GOAL_JAIN: return tayra__meter_jain(&result->meter, result->tenants);
	case TAYRA__GOAL_SAME_TRACE: return result->trace == beside->again->trace;
	}
	return nan("");
}
