/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_elasticity.c: as many at once as still buy throughput.  Throughput is counted, never
 * derived from latency; it is compared between two levels of concurrency a little apart (knee.h).
 *
 *   START   The limit doubles from 2 (or from what was left after a collapse) as long as throughput
 *           grows by more than 10% (as BBR's start-up, Cardwell et al., ACM Queue 2016), then goes
 *           back one step.
 *   STEADY  Levels alternate hi lo lo hi: what drifts meanwhile cancels out, and half of the levels
 *           need no settling.
 *
 * A level counts what began and ended at it, after most of what began at another has left.  It is
 * long enough when there were enough answers; with fewer it goes on: nothing is decided without
 * data.  A level that was not full says nothing about the backend: the limit stands still at what
 * was learned.  Sources: covariance of concurrency and throughput (Uber's Cinnamon), correlation
 * windows (failsafe-go), samples by epoch (Envoy 11579); drops: Netflix 137.
 *
 * Guards, whatever the throughput: too many drops (error_max) or a p90 over p90_max cut the limit,
 * once for each generation of requests; memory over its maximum keeps it from growing.
 */
#include "pace/limit.h"

#include <math.h>

#define GROWTH        1.10
#define FULL          0.9 /* mean in flight over slots */
#define LEVEL_NS      (200 * TAYRA_NS_PER_MS)
#define START_NS      (100 * TAYRA_NS_PER_MS)
#define SLOW_START_NS (500 * TAYRA_NS_PER_MS)
#define LONG_NS       (2 * TAYRA_NS_PER_S) /* then a level needs only 10 answers */
#define ANSWERS       50.0
#define ANSWERS_START 160.0
#define ANSWERS_QUICK 60.0
#define DROPS         0.2 /* at least: a queue served at the brink of its deadlines has a tenth */
#define CUT_NS        TAYRA_NS_PER_S
#define SLOW_S        10.0 /* a level that was too slow is left alone */
#define LIGHT_NS      (5 * TAYRA_NS_PER_S)
#define TURNS         4u
#define SETTLED       0.1 /* share of slots still held by others */
#define START_SPREAD  0.4
#define KNOWN_SPREAD  0.35 /* of ln L when somebody said what it is; START_SPREAD: after START */

static void
begin_level(struct tayra__limit_elasticity *s)
{
	s->level = (struct tayra__limit_level){ .settling = s->level.settling };
}

static enum tayra__limit_move
go_to(struct tayra__limit *limit, double slots, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	double learned = limit->learned;
	enum tayra__limit_move move = tayra__limit_to(limit, slots, reason);

	s->level.settling = move != TAYRA__LIMIT_HELD;
	limit->learned = learned;
	begin_level(s);
	return move;
}

static void
learned(struct tayra__limit *limit, double value)
{
	limit->learned = fmin(fmax(value, limit->rule.min), limit->rule.max);
}

/* A load that was less than full a moment ago says little of the backend, so it is not looked at
 * with fewer than are known to be well: that would make a queue where there need be none. */
static void
choose_levels(struct tayra__limit *limit)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	double least = limit->rule.min;

	if (s->rested_ns)
		least = fmax(least, round(limit->learned));
	tayra__knee_levels(&s->knee, limit->rule.dither, least, limit->rule.max, &s->lo, &s->hi);
}

/* The next level of the sequence hi lo lo hi, then a rest while all is calm. */
static enum tayra__limit_move
next_level(struct tayra__limit *limit, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const uint32_t turn = s->turn++;

	if (turn >= TURNS)
		return go_to(limit, round(limit->learned), reason);
	if ((turn & 1) == 0)
		choose_levels(limit);
	return go_to(limit, turn == 0 || turn == 3 ? s->hi : s->lo, reason);
}

/* Levels of a rest after `turn` others.  Few slots are far apart, and looking costs more. */
static uint32_t
rest_of(const struct tayra__limit_elasticity *s)
{
	if (!tayra__knee_calm(&s->knee))
		return 0;
	return s->hi > 1.5 * s->lo ? 2 * TURNS : TURNS / 2;
}

static enum tayra__limit_move
begin_steady(struct tayra__limit *limit, double at, double spread, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	s->phase = TAYRA__ELASTICITY_STEADY;
	limit->starting = false;
	s->turn = 0;
	tayra__knee_place(&s->knee, at, spread);
	learned(limit, at);
	return next_level(limit, reason);
}

static enum tayra__limit_move
start_level(struct tayra__limit *limit, double per_s)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	double before = s->start_per_s;

	if (before > 0 && per_s < GROWTH * before)
		return begin_steady(limit, s->start_at, START_SPREAD, "doubling gained too little");
	if (limit->now >= limit->rule.max)
		return begin_steady(limit, limit->now, KNOWN_SPREAD, "at the ceiling");
	if (s->collapsed_at > 0 && limit->now * 2 > s->collapsed_at) {
		s->collapsed_at = 0;
		return begin_steady(limit, limit->now, START_SPREAD, "near to where it collapsed");
	}
	s->start_per_s = s->squeezed ? 0 : per_s;
	s->start_at = limit->now;
	if (s->squeezed)
		return go_to(limit, limit->now, "memory over maximum");
	learned(limit, limit->now * 2);
	return go_to(limit, limit->now * 2, "seeking throughput");
}

/* The second of a pair decides. */
static enum tayra__limit_move
steady_level(struct tayra__limit *limit, const struct tayra__knee_level *level)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const struct tayra__knee_level *lo, *hi;
	const double before = limit->learned;

	if (s->turn > TURNS) {
		if (s->turn >= TURNS + rest_of(s))
			s->turn = 0;
		return next_level(limit, "knee known well enough");
	}
	if ((s->turn & 1) == 1) {
		s->first = *level;
		return next_level(limit, limit->reason);
	}
	lo = s->first.slots < level->slots ? &s->first : level;
	hi = lo == level ? &s->first : level;
	if (lo->slots < hi->slots)
		s->elasticity = tayra__knee_learn(&s->knee, lo, hi, limit->rule.price);
	if (s->squeezed)
		s->knee.at = fmin(s->knee.at, log(before));
	else if (s->knee.far) {
		s->phase = TAYRA__ELASTICITY_START;
		s->start_per_s = hi->per_s;
		s->start_at = hi->slots;
		learned(limit, hi->slots * 2);
		return go_to(limit, hi->slots * 2, "seeking throughput again");
	}
	s->knee.at = fmin(fmax(s->knee.at, log(limit->rule.min)), log(limit->rule.max));
	learned(limit, exp(s->knee.at));
	if (s->turn == TURNS && rest_of(s) == 0)
		s->turn = 0;
	return next_level(limit, limit->learned > before ? "more at once gained throughput"
							 : "more at once gained too little");
}

static bool
settled(struct tayra__limit_elasticity *s, const struct tayra__limit_window *window, double slots)
{
	struct tayra__limit_level *level = &s->level;

	if (!level->settling)
		return true;
	level->settle_ns += window->length_ns;
	if (window->old > SETTLED * slots && level->settle_ns < 3 * s->mean_ns)
		return false;
	level->settling = false;
	return false; /* this window still saw it */
}

static void
add_window(struct tayra__limit_elasticity *s, const struct tayra__limit_window *window)
{
	struct tayra__limit_level *level = &s->level;

	level->ns += window->length_ns;
	level->own += window->own;
	level->inflight_ns += window->inflight * (double)window->length_ns;
	level->seen_ns += window->inflight_now * (double)window->length_ns;
	level->p90_ns += (double)window->own_p90_ns * window->own;
	if (window->own)
		s->mean_ns += (uint64_t)((double)window->own / (level->own + ANSWERS) *
					 ((double)window->own_mean_ns - (double)s->mean_ns));
}

/* Far fewer answers than at the level before: not noise, and every moment more costs. */
static bool
collapsing(const struct tayra__limit_elasticity *s)
{
	const double usual = s->last_per_s * (double)s->level.ns / 1e9;

	return s->level.own < usual / 2 - 2 * sqrt(usual);
}

/* Clearly more answers than at half the limit, or the first level of all: go on at once. */
static bool
doubling(const struct tayra__limit_elasticity *s)
{
	const double per_s = s->level.own * 1e9 / (double)s->level.ns;

	return s->level.own >= (s->level.ns < SLOW_START_NS ? ANSWERS_QUICK : ANSWERS_QUICK / 3) &&
	       per_s > 1.5 * s->start_per_s;
}

static bool
long_enough(const struct tayra__limit_elasticity *s, double slots)
{
	const struct tayra__limit_level *level = &s->level;
	bool start = s->phase == TAYRA__ELASTICITY_START;

	if (start && doubling(s))
		return true;
	if (level->ns < (start ? START_NS : LEVEL_NS) || level->ns < 2 * s->mean_ns)
		return false;
	if (collapsing(s))
		return true;
	if (level->ns >= LONG_NS)
		return level->own >= 10;
	return level->own >= fmax(start ? ANSWERS_START : ANSWERS, 2 * slots);
}

/* The guard of drops.  It counts since the limit was cut last, or since there were none. */
static bool
dropping(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double most = fmax(limit->rule.error_max, DROPS);

	s->cut_ns += window->length_ns;
	/* What began before the cut says nothing about what it was cut to. */
	if (s->cut && window->old > limit->now / 4 && s->cut_ns < CUT_NS)
		return false;
	s->cut = false;
	if (window->answers && !window->drops)
		s->answers = s->drops = 0;
	s->answers += window->answers;
	s->drops += window->drops;
	if (most < 1 && s->drops >= fmin(10, floor(limit->now)) && s->drops >= most * s->answers)
		return true;
	if (s->answers >= 100)
		s->answers = s->drops = 0;
	return false;
}

/* It begins to double again after a collapse, but only up to where it collapsed. */
static enum tayra__limit_move
cut(struct tayra__limit *limit, double factor, bool collapsed, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double before = limit->now, next = fmax(before * factor, limit->rule.min);

	if (collapsed && s->cut_ns > 3 * CUT_NS)
		s->collapsed_at = 0;
	s->collapsed_at = fmax(s->collapsed_at, collapsed ? before : 0);
	s->cut = true;
	s->cut_ns = 0;
	s->answers = s->drops = 0;
	s->rested_ns = 0;
	learned(limit, next);
	if (collapsed) {
		s->phase = TAYRA__ELASTICITY_START;
		s->start_per_s = 0;
		return go_to(limit, next, reason);
	}
	begin_steady(limit, next, KNOWN_SPREAD, reason);
	s->turn = 0;
	s->resting = true;
	limit->now = before; /* one move, not two */
	return go_to(limit, next, reason);
}

/* The level that was too slow is not tried again soon. */
static enum tayra__limit_move
too_slow(struct tayra__limit *limit, double p90_ns)
{
	const double slots = floor(limit->now);
	enum tayra__limit_move move = cut(limit, fmax(0.7, (double)limit->rule.p90_max_ns / p90_ns),
					  false, "p90 over its maximum");

	limit->state.elasticity.knee.high = (struct tayra__knee_wall){
		.slots = (uint32_t)fmax(slots, limit->rule.min + 1),
		.left_s = SLOW_S,
	};
	return move;
}

static void
begin(struct tayra__limit *limit)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	s->phase = limit->warm ? TAYRA__ELASTICITY_STEADY : TAYRA__ELASTICITY_START;
	limit->learned = limit->now;
	tayra__knee_place(&s->knee, limit->now, KNOWN_SPREAD);
	s->resting = limit->warm;
}

/* Either says so: the mean of those who left is too low where a backend has just become slow, what
 * was seen is too low where a slot is taken again a moment after it was left. */
static bool
was_full(const struct tayra__limit_level *level, double slots)
{
	return fmax(level->inflight_ns, level->seen_ns) >= FULL * slots * (double)level->ns;
}

static enum tayra__limit_move
level_done(struct tayra__limit *limit)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double slots = floor(limit->now);
	const struct tayra__limit_level *level = &s->level;
	const struct tayra__knee_level measured = {
		.slots = slots,
		.answers = fmax(level->own, 0.5),
		.per_s = fmax(level->own, 0.5) * 1e9 / (double)level->ns,
	};

	if (limit->rule.p90_max_ns && level->p90_ns > (double)limit->rule.p90_max_ns * level->own)
		return too_slow(limit, level->p90_ns / level->own);
	s->rested_ns = s->rested_ns > level->ns ? s->rested_ns - level->ns : 0;
	if (!was_full(level, slots)) {
		s->rested_ns = LIGHT_NS;
		s->resting = true;
		s->turn = 0;
		return go_to(limit, limit->learned, "application-limited");
	}
	s->last_per_s = measured.per_s;
	tayra__knee_age(&s->knee, (double)level->ns / 1e9);
	if (s->phase == TAYRA__ELASTICITY_START)
		return start_level(limit, measured.per_s);
	if (s->resting) {
		s->resting = false;
		s->turn = 0;
		return next_level(limit, "full again");
	}
	return steady_level(limit, &measured);
}

static enum tayra__limit_move
elasticity_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	if (s->phase == TAYRA__ELASTICITY_NEW)
		begin(limit);
	s->squeezed = limit->rule.memory_max < 1 &&
		      window->pressure.memory >= limit->rule.memory_max;
	if (dropping(limit, window)) {
		bool collapsed = window->drops >= 0.5 * window->answers;

		return cut(limit, collapsed ? 0.5 : 0.7, collapsed, "drops over maximum");
	}
	if (s->cut)
		return tayra__limit_hold(limit, "waiting for what began before the cut");
	if (!settled(s, window, limit->now))
		return tayra__limit_hold(limit, limit->reason);
	add_window(s, window);
	if (!long_enough(s, floor(limit->now)))
		return tayra__limit_hold(limit, limit->reason);
	return level_done(limit);
}

static void
elasticity_tell(const struct tayra__limit *limit, struct tayra__limit_insight *out)
{
	const struct tayra__limit_elasticity *s = &limit->state.elasticity;

	if (s->phase != TAYRA__ELASTICITY_STEADY)
		return;
	out->elasticity = s->elasticity;
	out->knee_spread = sqrt(s->knee.variance);
}

const struct tayra__limit_ops tayra__limit_elasticity = {
	.name = "elasticity",
	.start = 2,
	.window_ns = 50 * TAYRA_NS_PER_MS,
	.counts = true,
	.window = elasticity_window,
	.tell = elasticity_tell,
};
