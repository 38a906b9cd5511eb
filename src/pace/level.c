/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/level.h"

#include "pace/limit.h"

#include <math.h>

#define SETTLED      0.1 /* share of slots still held by others */
#define SETTLE_NS    TAYRA_NS_PER_S
#define REMEMBERED   200.0 /* answers */
#define STALLED      6.0   /* answers that did not come */
#define STALL_NS     (800 * TAYRA_NS_PER_MS)
#define DROP_WEIGHT  0.2
#define CROWD_SPREAD 0.25 /* of the standard deviation of independent arrivals */

void
tayra__level_begin(struct tayra__level *level, bool moved)
{
	*level = (struct tayra__level){
		.settling = level->settling || moved,
		.answers = level->answers,
		.times_ns = level->times_ns,
		.squares_ns2 = level->squares_ns2,
	};
}

double
tayra__level_mean_ns(const struct tayra__level *level)
{
	return level->answers > 0 ? level->times_ns / level->answers : 0;
}

double
tayra__level_busy_ns(const struct tayra__level *level)
{
	return level->times_ns > 0 ? level->squares_ns2 / level->times_ns : 0;
}

double
tayra__level_per_s(const struct tayra__level *level)
{
	const struct tayra__level_sum *sum = &level->sum;

	return fmax(sum->ok - DROP_WEIGHT * sum->drops, 0.5) * 1e9 / (double)sum->ns;
}

double
tayra__level_crowd(const struct tayra__level *level)
{
	const struct tayra__level_sum *sum = &level->sum;
	const double mean = fmin(sum->inflight_ns, sum->seen_ns) / (double)sum->ns;

	return mean >= 2 && sum->most - mean < CROWD_SPREAD * sqrt(mean) ? mean : 0;
}

static void
learn_times(struct tayra__level *level, const struct tayra__limit_window *window, double ok)
{
	const double kept = 1 / (1 + ok / REMEMBERED);

	level->answers = level->answers * kept + ok;
	level->times_ns = level->times_ns * kept + window->ok_ns;
	level->squares_ns2 = level->squares_ns2 * kept + window->ok_ns2;
}

/* => the last window still saw it, or there will be more. */
static bool
is_settling(struct tayra__level *level, const struct tayra__limit_window *window, double slots)
{
	const double most_ns = fmax(3 * tayra__level_mean_ns(level),
				    fmin(2 * tayra__level_busy_ns(level), SETTLE_NS));

	if (!level->settling)
		return false;
	level->settle_ns += window->length_ns;
	if (window->old <= SETTLED * slots || (double)level->settle_ns >= most_ns)
		level->settling = false;
	return true;
}

/* => this window is left out. */
static bool
is_stalled(struct tayra__level *level, const struct tayra__limit_window *window, double ok,
	   double usual_per_s)
{
	bool was = level->stalled;

	level->quiet_ns = ok > 0 ? 0 : level->quiet_ns + window->length_ns;
	level->stalled = (double)level->quiet_ns * usual_per_s / 1e9 >= STALLED;
	if (!was && !level->stalled)
		return false;
	if (level->stalled_ns >= STALL_NS) {
		level->stalled = false;
		return false;
	}
	if (!was) {
		level->stalled_ns += level->quiet_ns - window->length_ns;
		level->sum = level->before;
	}
	level->stalled_ns += window->length_ns;
	return true;
}

bool
tayra__level_add(struct tayra__level *level, const struct tayra__limit_window *window, double slots,
		 double usual_per_s)
{
	const double ns = (double)window->length_ns, ok = window->answers - window->errors;
	struct tayra__level_sum *sum = &level->sum;

	learn_times(level, window, ok);
	if (is_settling(level, window, slots) || is_stalled(level, window, ok, usual_per_s))
		return false;
	if (ok > 0)
		level->before = *sum;
	sum->ns += window->length_ns;
	sum->ok += ok;
	sum->drops += window->drops;
	sum->inflight_ns += window->inflight * ns;
	sum->seen_ns += window->inflight_now * ns;
	sum->own += window->own;
	sum->hopeless += window->hopeless;
	sum->most = window->inflight_max > sum->most ? window->inflight_max : sum->most;
	sum->p90_ns += (double)window->own_p90_ns * window->own;
	return true;
}
