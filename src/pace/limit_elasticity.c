/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_elasticity.c: as many at once as still buy throughput.  Throughput is counted, never
 * derived from latency; it is compared between two levels of concurrency a little apart (knee.h).
 *
 *   START   The limit doubles from 2 (or from what was left after a collapse) as long as throughput
 *           grows by more than 10% (as BBR's start-up, Cardwell et al., ACM Queue 2016); the pair
 *           that ended it says where the knee is.  Below a level that is known to be too high it
 *           goes half of the way.
 *   STEADY  Levels alternate hi lo lo hi: what drifts meanwhile cancels out, and half of the levels
 *           need no settling.
 *   DRAIN   Far less is done where more was: it is emptied once, to tell a backend that is stuck
 *           (a convoy ends when few are left) from one that is slower.
 *
 * What counts towards a level is in level.h.  It is long enough after so many answers as are
 * foreseen, more where they are rough (knee.h); with fewer it goes on: nothing is decided without
 * data.  A level that was not full says nothing about the backend: the limit stands still at what
 * was learned. Sources: covariance of concurrency and throughput (Uber's Cinnamon), correlation
 * windows (failsafe-go), samples by epoch (Envoy 11579); drops: Netflix 137 and 72.
 *
 * Guards: too many drops (error_max) or a p90 over p90_max cut the limit, once for each generation
 * of requests; memory over its maximum keeps it from growing.  Drops cut it little while most of
 * what is known to be got is got, and not again where fewer at once are dropped as often.
 */
#include "pace/limit.h"

#include <math.h>

#define GROWTH         1.10
#define PLAUSIBLE      1.5
#define FULL           0.9 /* mean in flight over slots */
#define LEVEL_NS       (200 * TAYRA_NS_PER_MS)
#define START_NS       (100 * TAYRA_NS_PER_MS)
#define SLOW_START_NS  (500 * TAYRA_NS_PER_MS)
#define LONG_NS        (2 * TAYRA_NS_PER_S) /* then a level needs only 10 answers */
#define ANSWERS        50.0
#define ANSWERS_START  160.0
#define ANSWERS_QUICK  60.0
#define DROPS          0.2 /* at least: a queue served at the brink of its deadlines has a tenth */
#define DROPS_LEAST    4.0
#define DROPS_ENOUGH   10.0
#define COLLAPSE       0.5
#define ALL_DROPPED    0.4
#define QUICK_CUT      0.8
#define CUT_NS         TAYRA_NS_PER_S
#define SLOW_S         10.0 /* a level that was too slow is left alone */
#define LIGHT_NS       (5 * TAYRA_NS_PER_S)
#define TURNS          4u
#define START_SPREAD   0.4
#define ENDED_SPREAD   0.3  /* after the pair that ended START, which ended it because it was low */
#define KNOWN_SPREAD   0.35 /* of ln L when somebody said what it is; START_SPREAD: after START */
#define FEWER          0.9
#define SLOWER_SPREAD  0.2
#define ROUGH          3.0
#define ROUGH_MOST     6.0
#define FALLEN         0.7 /* of what is known to be got */
#define DOUBTED        0.8
#define DEVIATIONS     2.5 /* before a level ends; when it has: */
#define DEVIATIONS_END 1.5
#define REMEMBER       0.3
#define ACCOUNTED      0.75
#define DRAIN_S        10.0 /* after one in vain; then twice that ... */
#define DRAIN_MAX_S    160.0

static enum tayra__limit_move
go_to(struct tayra__limit *limit, double slots, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	double learned = limit->learned;
	enum tayra__limit_move move = tayra__limit_to(limit, slots, reason);

	limit->learned = learned;
	tayra__level_begin(&s->level, move != TAYRA__LIMIT_HELD);
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
	if (tayra__knee_pinned(&s->knee))
		return 3 * TURNS;
	return s->hi > 1.5 * s->lo ? 2 * TURNS : TURNS / 2;
}

static enum tayra__limit_move
begin_steady(struct tayra__limit *limit, double at, double spread, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	s->phase = TAYRA__ELASTICITY_STEADY;
	limit->starting = false;
	s->turn = 0;
	s->start.slots = 0;
	tayra__knee_place(&s->knee, at, spread);
	learned(limit, at);
	return next_level(limit, reason);
}

/* Twice as many gained too little: that pair says where the knee is, as any other. */
static enum tayra__limit_move
end_start(struct tayra__limit *limit, const struct tayra__knee_level *measured)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const struct tayra__knee_level start = s->start;

	tayra__knee_place(&s->knee, sqrt(start.slots * measured->slots), START_SPREAD);
	s->elasticity = tayra__knee_learn(&s->knee, &start, measured, limit->rule.price);
	return begin_steady(limit, fmin(exp(s->knee.at), limit->rule.max), ENDED_SPREAD,
			    "doubling gained too little");
}

/* Twice as many; below a level that is known to be too high, half of the way there. */
static double
doubled(const struct tayra__limit_elasticity *s, double slots)
{
	const double wall = s->knee.high.slots;

	return wall > slots ? fmin(2 * slots, floor(sqrt(slots * wall))) : 2 * slots;
}

/* One level at what is thought best, before anything is compared. */
static enum tayra__limit_move
look_at(struct tayra__limit *limit, double slots, const char *reason)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	s->resting = true;
	s->turn = 0;
	learned(limit, slots);
	return go_to(limit, slots, reason);
}

/* By as much as doubling has to gain, however far apart the two are. */
static bool
has_gained(const struct tayra__limit_elasticity *s, const struct tayra__knee_level *measured)
{
	const double octaves = log2(measured->slots / s->start.slots);

	return measured->per_s >= pow(GROWTH, octaves) * s->start.per_s;
}

/* Where few requests take most of the time one level that gained nothing is not believed, nor where
 * there were so few answers that it may as well have gained half as much again. */
static bool
is_doubtful(struct tayra__limit_elasticity *s, const struct tayra__knee_level *measured)
{
	const double rough = tayra__knee_rough(&s->knee), gain = measured->per_s / s->start.per_s;
	const double few = sqrt(rough * (1 / s->start.answers + 1 / measured->answers));
	const double octaves = log2(measured->slots / s->start.slots);

	s->doubts = !s->doubts && gain > 0.5 &&
		    (rough >= ROUGH || log(gain) + DEVIATIONS_END * few > log(PLAUSIBLE) * octaves);
	return s->doubts;
}

static enum tayra__limit_move
start_level(struct tayra__limit *limit, const struct tayra__knee_level *measured)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const bool gained = s->start.per_s <= 0 || measured->slots <= s->start.slots ||
			    has_gained(s, measured);
	double next;

	if (!gained && !is_doubtful(s, measured))
		return end_start(limit, measured);
	if (limit->now >= limit->rule.max)
		return begin_steady(limit, limit->now, KNOWN_SPREAD, "at the ceiling");
	next = doubled(s, floor(limit->now));
	if (next <= floor(limit->now))
		return begin_steady(limit, limit->now, START_SPREAD, "near to too many");
	if (s->collapsed_at > 0 && limit->now * 2 > s->collapsed_at) {
		s->collapsed_at = 0;
		return begin_steady(limit, limit->now, START_SPREAD, "near to where it collapsed");
	}
	if (gained)
		s->start = *measured;
	if (s->squeezed)
		s->start.per_s = 0;
	if (s->squeezed)
		return go_to(limit, limit->now, "memory over maximum");
	learned(limit, next);
	return go_to(limit, next, "seeking throughput");
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
	if (lo->slots < hi->slots && !(s->knee.high.slots && hi->slots >= s->knee.high.slots))
		s->elasticity = tayra__knee_learn(&s->knee, lo, hi, limit->rule.price);
	if (s->squeezed)
		s->knee.at = fmin(s->knee.at, log(before));
	else if (s->knee.far) {
		s->phase = TAYRA__ELASTICITY_START;
		s->start = *hi;
		learned(limit, doubled(s, hi->slots));
		return go_to(limit, limit->learned, "seeking throughput again");
	}
	s->knee.at = fmin(fmax(s->knee.at, log(limit->rule.min)), log(limit->rule.max));
	learned(limit, exp(s->knee.at));
	if (s->turn == TURNS && s->suspect > 0)
		s->turn = 2; /* look at lo once more */
	else if (s->turn == TURNS && rest_of(s) == 0)
		s->turn = 0;
	return next_level(limit, limit->learned > before ? "more at once gained throughput"
							 : "more at once gained too little");
}

/* What so many slots would be answered, going by what is known; no more than that. */
static double
expected_per_s(const struct tayra__limit_elasticity *s, double slots)
{
	return s->good.per_s > 0 ? s->good.per_s * fmin(1, slots / s->good.slots) : 0;
}

/* Less than a share of what is known to be got, by so many deviations more than chance. */
static bool
is_below(const struct tayra__limit_elasticity *s, double slots, double share, double deviations)
{
	const double seconds = (double)s->level.sum.ns / 1e9;
	const double least = share * expected_per_s(s, slots) * seconds;

	return tayra__level_per_s(&s->level) * seconds <
	       least - deviations * sqrt(least * tayra__knee_rough(&s->knee));
}

/* Far less?  One level that leaves no doubt, or three in a row that hardly do. */
static bool
is_far_less(struct tayra__limit_elasticity *s, double slots)
{
	const bool doubted = is_below(s, slots, DOUBTED, 1);

	s->lows = doubted ? s->lows + 1 : 0;
	return s->suspect > 0 || s->lows > 2 ? doubted : is_below(s, slots, FALLEN, DEVIATIONS_END);
}

/* So early that every moment more would cost. */
static bool
is_collapsing(const struct tayra__limit_elasticity *s, double slots)
{
	const double usual = expected_per_s(s, slots) * (double)s->level.sum.ns / 1e9;

	/* In two windows at least: one may have seen the beginning of a stall. */
	return s->fallen_per_s <= 0 && s->level.before.ns && !s->level.quiet_ns && usual >= 20 &&
	       is_below(s, slots, s->suspect > 0 ? DOUBTED : FALLEN, DEVIATIONS);
}

/* Does the time of those who left account for the slots?  If not, some take longer than the level
 * so far, and what it got is what the others got around them. */
static bool
is_accounted(const struct tayra__limit_elasticity *s)
{
	const struct tayra__level_sum *sum = &s->level.sum;

	return sum->inflight_ns >= ACCOUNTED * sum->seen_ns;
}

/* Clearly more answers than at half the limit, or the first level of all: go on at once. */
static bool
doubling(const struct tayra__limit_elasticity *s)
{
	const struct tayra__level_sum *sum = &s->level.sum;
	const double enough = sum->ns < SLOW_START_NS ? ANSWERS_QUICK : ANSWERS_QUICK / 3;

	/* After one that was not full: a crowd may have come by chance, for a moment. */
	if (s->resting && s->good.per_s > 0 && s->collapsed_at <= 0)
		return false;
	return sum->ok >= enough * fmin(tayra__knee_rough(&s->knee), ROUGH_MOST) &&
	       (double)sum->ns >= tayra__level_busy_ns(&s->level) &&
	       tayra__level_per_s(&s->level) > 1.5 * s->start.per_s;
}

/* How many a level is to have.  Where it is known what comes it goes on for as long as so many
 * take, not until there are so many: what ends a level when it has gone well makes it look better.
 */
static double
answers_for(const struct tayra__limit_elasticity *s, double slots)
{
	const double n = s->phase == TAYRA__ELASTICITY_START ? ANSWERS_START : ANSWERS;

	return fmax(n * fmin(tayra__knee_rough(&s->knee), ROUGH_MOST), 2 * slots);
}

static bool
long_enough(const struct tayra__limit_elasticity *s, double slots)
{
	const struct tayra__level_sum *sum = &s->level.sum;
	const double mean_ns = tayra__level_mean_ns(&s->level);
	const double ns = (double)sum->ns;
	bool start = s->phase == TAYRA__ELASTICITY_START;

	if (sum->ns == 0 || ns < mean_ns)
		return false;
	if (start && doubling(s) && is_accounted(s))
		return true;
	if (is_collapsing(s, slots))
		return true;
	if (ns < (double)(start ? START_NS : LEVEL_NS) || ns < 2 * mean_ns ||
	    ns < fmin(1.5 * tayra__level_busy_ns(&s->level), (double)LONG_NS))
		return false;
	if (sum->ns >= LONG_NS)
		return sum->ok >= 10;
	if (start && !is_accounted(s))
		return false;
	return fmax(sum->ok, expected_per_s(s, slots) * ns / 1e9) >= answers_for(s, slots);
}

/* A share of drops that was put up with is not, once there are far fewer. */
static void
no_longer_borne(struct tayra__limit_elasticity *s, const struct tayra__limit_window *window,
		double most)
{
	s->borne_answers += window->answers;
	s->borne_drops += window->drops;
	if (s->borne_answers < 100)
		return;
	if (s->borne_drops < most / 2 * s->borne_answers)
		s->borne = 0;
	s->borne_answers = s->borne_drops = 0;
}

/* The guard of drops.  It counts since the limit was cut last, or since there were no more than may
 * be. */
static bool
dropping(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double most = fmax(limit->rule.error_max, DROPS);
	double excess;

	s->cut_ns += window->length_ns;
	/* What began before the cut says nothing about what it was cut to. */
	if (s->cut && window->old > limit->now / 4 && s->cut_ns < CUT_NS)
		return false;
	s->cut = false;
	no_longer_borne(s, window, most);
	s->answers += window->answers;
	s->drops += window->drops;
	/* By how many too many: a cumulative sum (Page 1954), begun again where it falls to 0. */
	excess = s->drops - fmax(most, s->borne) * s->answers;
	if (excess <= 0)
		s->answers = s->drops = 0;
	return most < 1 && excess > 0 &&
	       excess >= (1 - fmax(most, s->borne)) *
				 fmin(fmax(floor(limit->now), DROPS_LEAST), DROPS_ENOUGH) &&
	       (limit->now > limit->rule.min || s->drops >= COLLAPSE * s->answers);
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
	limit->starting = false; /* who waits now will not be served faster soon */
	s->answers = s->drops = 0;
	s->rested_ns = 0;
	s->suspect = s->fallen_per_s = s->back_to = 0;
	learned(limit, next);
	if (collapsed) {
		s->phase = TAYRA__ELASTICITY_START;
		s->start.per_s = 0;
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
	struct tayra__knee_wall *wall = &limit->state.elasticity.knee.high;

	wall->slots = (uint32_t)fmax(slots, limit->rule.min + 1);
	wall->left_s = SLOW_S;
	return move;
}

/*
 * Fewer at once than before an overload do not lessen the drops: they have another reason, and the
 * limit goes back to where it was.  A share of a fifth to a half only: all that is dropped at every
 * level is what a dead backend does.
 */
static enum tayra__limit_move
cut_for_drops(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double share = s->drops / s->answers, from = floor(limit->now);
	/* What is dropped at once costs next to nothing: it is as much as is got that counts. */
	const double ok_per_s = (double)(window->answers - window->errors) * 1e9 /
				(double)window->length_ns;
	const bool well = s->phase == TAYRA__ELASTICITY_STEADY && from > limit->rule.min &&
			  s->good.per_s > 0 && ok_per_s > 0.5 * expected_per_s(s, from);
	const bool collapsed = share >= COLLAPSE && !well;
	bool in_vain = s->cut_share > 0 && !collapsed && share > 0.9 * s->cut_share &&
		       s->cut_ns < 10 * CUT_NS;

	if (in_vain) {
		const double back = s->cut_from;

		s->borne = fmin(1.2 * share, COLLAPSE);
		s->cut_share = 0;
		s->answers = s->drops = 0;
		begin_steady(limit, back, KNOWN_SPREAD, "fewer at once are dropped as often");
		return look_at(limit, back, "fewer at once are dropped as often");
	}
	s->cut_share = collapsed ? 0 : share;
	s->cut_from = from;
	return cut(limit, collapsed ? ALL_DROPPED : fmax(fmin(1.05 * (1 - share), 0.9), QUICK_CUT),
		   collapsed, "drops over maximum");
}

/* Either says so: the mean of those who left is too low where a backend has just become slow, what
 * was seen is too low where a slot is taken again a moment after it was left.  With them go those
 * who were turned away since they would have been late, for as long as they would have taken: too
 * many at once make all so slow that few are let in, and that is no light load. */
static bool
was_full(const struct tayra__level *level, double slots)
{
	const struct tayra__level_sum *sum = &level->sum;
	const double asked_ns = sum->hopeless * tayra__level_mean_ns(level);

	return fmax(sum->inflight_ns, sum->seen_ns) + asked_ns >= FULL * slots * (double)sum->ns;
}

/*
 * The same level, or one below a level that was far too high, gets far less done than it did.  The
 * backend has become slower, or it is in a state that it does not leave while so many are there (a
 * convoy).  Only emptying it tells which: if that mends it, what came before is not done again.
 */
static enum tayra__limit_move
drain(struct tayra__limit *limit, double per_s)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	s->phase = TAYRA__ELASTICITY_DRAIN;
	s->fallen_per_s = per_s;
	s->last.per_s = 0;
	s->drain_from = fmin(floor(limit->now), s->good.slots);
	s->suspect = fmax(s->suspect, floor(limit->now));
	s->drained_ns = 0;
	return go_to(limit, limit->rule.min, "emptying it: it may be stuck");
}

/* All have left, or it takes too long. */
static enum tayra__limit_move
draining(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double most_s = fmin(0.5 + 3 * s->suspect / s->fallen_per_s, 2);

	s->drained_ns += window->length_ns;
	if (window->inflight_now > limit->rule.min && (double)s->drained_ns / 1e9 < most_s)
		return tayra__limit_hold(limit, limit->reason);
	s->phase = TAYRA__ELASTICITY_STEADY;
	return look_at(limit, s->drain_from, "emptied");
}

/* The most that is got, and where; slowly less, when that is what is seen there. */
static void
remember(struct tayra__limit_elasticity *s, const struct tayra__knee_level *measured)
{
	const double expected = expected_per_s(s, measured->slots);

	if (measured->per_s >= s->good.per_s && measured->slots < 1.3 * s->good.slots)
		s->good = (struct tayra__knee_level){
			.slots = measured->slots,
			.per_s = s->good.per_s + REMEMBER * (measured->per_s - s->good.per_s),
		};
	else if (measured->per_s >= s->good.per_s)
		s->good = *measured;
	else if (!s->lows && measured->slots <= 1.2 * s->good.slots && measured->per_s < expected)
		s->good.per_s *= 1 + REMEMBER * (measured->per_s / expected - 1);
}

/* The first level after a drain: was it stuck?  If not it is slower, and its knee may be elsewhere:
 * a quarter as many are looked at. */
static enum tayra__limit_move
judge_drain(struct tayra__limit *limit, const struct tayra__knee_level *measured)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const bool stuck = measured->per_s > 1.3 * s->fallen_per_s &&
			   measured->per_s > 0.5 * expected_per_s(s, measured->slots);
	const bool starts = s->start.slots > 0;
	const double low = fmax(round(measured->slots / 4), limit->rule.min);

	s->start.per_s = s->fallen_per_s = 0;
	s->sticks = stuck;
	if (stuck) {
		tayra__knee_forbid(&s->knee, fmax(s->suspect, measured->slots + 1));
		s->suspect = s->next_s = s->drain_s = 0;
		remember(s, measured);
		if (!starts) {
			learned(limit, exp(s->knee.at));
			s->turn = tayra__knee_pinned(&s->knee) ? TURNS : 0;
			return next_level(limit, "it was stuck");
		}
		tayra__knee_place(&s->knee, measured->slots, KNOWN_SPREAD);
		s->phase = TAYRA__ELASTICITY_START;
		return start_level(limit, measured);
	}
	s->suspect = 0;
	s->drain_s = s->next_s = fmin(fmax(2 * s->next_s, DRAIN_S), DRAIN_MAX_S);
	s->good = *measured;
	s->phase = TAYRA__ELASTICITY_START;
	s->back_to = measured->slots;
	return go_to(limit, low, "slower than it was: are fewer better?");
}

/* The level after that: from there it doubles again, or goes back. */
static enum tayra__limit_move
judge_fewer(struct tayra__limit *limit, const struct tayra__knee_level *measured)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double back = s->back_to;

	s->back_to = 0;
	if (measured->per_s >= FEWER * s->good.per_s)
		return start_level(limit, measured);
	s->phase = TAYRA__ELASTICITY_STEADY;
	s->start.slots = 0;
	if (fabs(s->knee.at - log(back)) > KNOWN_SPREAD) /* START has no knee yet */
		tayra__knee_place(&s->knee, back, KNOWN_SPREAD);
	s->knee.variance = fmax(s->knee.variance, SLOWER_SPREAD * SLOWER_SPREAD);
	return look_at(limit, back, "fewer are no better");
}

/* => it was handled; *move is what was done. */
static bool
fell(struct tayra__limit *limit, const struct tayra__knee_level *measured,
     enum tayra__limit_move *move)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	bool less = is_far_less(s, measured->slots);

	if (!less || measured->slots > 1.05 * s->good.slots) {
		if (less && s->sticks && s->drain_s <= 0 && measured->slots >= s->knee.high.where &&
		    s->phase == TAYRA__ELASTICITY_STEADY) {
			s->suspect = measured->slots;
			*move = drain(limit, measured->per_s);
			return true;
		}
		if (less && s->suspect == 0) {
			s->suspect = measured->slots;
			s->last.per_s = 0;
			if (s->phase != TAYRA__ELASTICITY_START)
				return false; /* the pair is for the knee to learn from */
			*move = look_at(limit, s->start.slots, "doubling lost much");
			return true;
		}
		if (!less) {
			if (s->suspect > 0 && s->phase == TAYRA__ELASTICITY_START) {
				tayra__knee_forbid(&s->knee, s->suspect);
				s->start.per_s = 0;
			}
			s->suspect = 0;
			remember(s, measured);
			return false;
		}
	}
	if (s->drain_s <= 0 && measured->slots > limit->rule.min) {
		*move = drain(limit, measured->per_s);
		return true;
	}
	s->suspect = 0;
	s->good = *measured;
	*move = look_at(limit, limit->learned, "slower than it was");
	return true;
}

/* Twice as many slots, and fewer ask: where less is got than with fewer before, they are too many.
 * => it was handled; *move is what was done. */
static bool
ended_by_crowd(struct tayra__limit *limit, const struct tayra__knee_level *measured,
	       enum tayra__limit_move *move)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	if (s->start.per_s <= 0 || measured->slots <= s->start.slots || has_gained(s, measured))
		return false;
	s->resting = false;
	*move = end_start(limit, measured);
	return true;
}

/*
 * The level was not full.  Where it is always the same number that asks it is one like any other,
 * of so many slots; when less is got than with fewer, it is looked around there.
 * => there is nothing more to be done with it; *move is what was.
 */
static bool
was_light(struct tayra__limit *limit, struct tayra__knee_level *measured,
	  enum tayra__limit_move *move)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double crowd = round(tayra__level_crowd(&s->level));

	measured->slots = crowd;
	if (crowd > 0 && s->phase == TAYRA__ELASTICITY_START &&
	    ended_by_crowd(limit, measured, move))
		return true;
	if (crowd > 0 && s->phase == TAYRA__ELASTICITY_STEADY) {
		if (s->knee.at < log(crowd) + KNOWN_SPREAD ||
		    !is_below(s, crowd, FEWER, DEVIATIONS))
			return false;
		*move = begin_steady(limit, crowd, KNOWN_SPREAD, "those who ask are too many");
		return true;
	}
	s->rested_ns = LIGHT_NS;
	s->resting = true;
	s->turn = 0;
	s->suspect = 0;
	*move = go_to(limit, limit->learned, "application-limited");
	return true;
}

static enum tayra__limit_move
level_done(struct tayra__limit *limit)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double slots = floor(limit->now);
	const struct tayra__level_sum *sum = &s->level.sum;
	struct tayra__knee_level measured = {
		.slots = slots,
		.answers = fmax(sum->ok, 0.5),
		.per_s = tayra__level_per_s(&s->level),
	};
	enum tayra__limit_move move;
	double rough;

	if (limit->rule.p90_max_ns && sum->p90_ns > (double)limit->rule.p90_max_ns * sum->own)
		return too_slow(limit, sum->p90_ns / sum->own);
	s->rested_ns = s->rested_ns > sum->ns ? s->rested_ns - sum->ns : 0;
	if (!was_full(&s->level, slots) && was_light(limit, &measured, &move))
		return move;
	tayra__knee_age(&s->knee, (double)sum->ns / 1e9);
	s->drain_s -= (double)sum->ns / 1e9;
	if (s->fallen_per_s > 0) {
		s->resting = false;
		return judge_drain(limit, &measured);
	}
	rough = tayra__level_busy_ns(&s->level) / tayra__level_mean_ns(&s->level) - 1;
	if (s->phase == TAYRA__ELASTICITY_START)
		tayra__knee_expect(&s->knee, rough); /* what is rough is told from a fall */
	if (fell(limit, &measured, &move))
		return move;
	if (s->phase != TAYRA__ELASTICITY_START)
		tayra__knee_expect(&s->knee, rough);
	if (s->last.slots == measured.slots && s->last.per_s > 0)
		tayra__knee_repeat(&s->knee, &s->last, &measured);
	s->last = measured;
	if (s->phase == TAYRA__ELASTICITY_START) {
		s->resting = false;
		if (s->back_to > 0)
			return judge_fewer(limit, &measured);
		return start_level(limit, &measured);
	}
	if (s->resting) {
		s->resting = false;
		s->turn = 0;
		return next_level(limit, "full again");
	}
	return steady_level(limit, &measured);
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

/* While nothing is shed but by deadline all are served at the brink of theirs, and drops say first
 * of all that those who wait are too many. */
static enum tayra__limit_move
end_patience(struct tayra__limit *limit)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;

	limit->starting = false;
	s->answers = s->drops = 0;
	return tayra__limit_hold(limit, "drops: who waits too long is shed from now on");
}

static enum tayra__limit_move
elasticity_window(struct tayra__limit *limit, const struct tayra__limit_window *window)
{
	struct tayra__limit_elasticity *s = &limit->state.elasticity;
	const double rough = fmax(1, s->knee.foreseen); /* a gap in what is rough is no stall */

	if (s->phase == TAYRA__ELASTICITY_NEW)
		begin(limit);
	s->squeezed = limit->rule.memory_max < 1 &&
		      window->pressure.memory >= limit->rule.memory_max;
	if (s->phase == TAYRA__ELASTICITY_DRAIN)
		return draining(limit, window);
	if (dropping(limit, window)) {
		if (limit->starting && window->refused < window->drops / 2.0)
			return end_patience(limit);
		return cut_for_drops(limit, window);
	}
	if (s->cut)
		return tayra__limit_hold(limit, "waiting for what began before the cut");
	if (!tayra__level_add(&s->level, window, floor(limit->now),
			      expected_per_s(s, floor(limit->now)) / rough) ||
	    !long_enough(s, floor(limit->now)))
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
