/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/rhythm.h"

#include <math.h>

#define HOUR_MS  3600000u
#define DAY_MS   (24.0 * HOUR_MS)
#define WINDOW   2000.0 /* changes, seen or expected: what is older fades */
#define PRIOR    4.0    /* changes, seen and expected */
#define HALVINGS 30

static double
factor(const struct tayra__rhythm_tally *tally)
{
	return (tally->seen + PRIOR) / (tally->expected + PRIOR);
}

static int
octave_of(uint64_t since_ms)
{
	int i = 63 - __builtin_clzll(since_ms + 1);

	return i < TAYRA__RHYTHM_OCTAVES ? i : TAYRA__RHYTHM_OCTAVES - 1;
}

/* => how long the octave lasts from there. */
static double
octave_left(uint64_t since_ms, int octave)
{
	if (octave == TAYRA__RHYTHM_OCTAVES - 1)
		return (double)INFINITY;
	return (double)((2ull << octave) - 1 - since_ms);
}

void
tayra__rhythm_walk(const struct tayra__rhythm *rhythm, uint64_t changed_ms, uint64_t from_ms,
		   double length_ms, struct tayra__rhythm_walk *walk)
{
	double done_ms = 0;

	walk->count = 0;
	while (done_ms < length_ms && walk->count < TAYRA__RHYTHM_PIECES) {
		struct tayra__rhythm_piece *piece = &walk->pieces[walk->count++];
		uint64_t at_ms = from_ms + (uint64_t)done_ms;
		double left_ms = length_ms - done_ms;

		*piece = (struct tayra__rhythm_piece){ 0, 1, 1, -1, -1 };
		if (changed_ms <= at_ms) {
			piece->octave = octave_of(at_ms - changed_ms);
			piece->by_since = factor(&rhythm->since[piece->octave]);
			left_ms = fmin(left_ms, octave_left(at_ms - changed_ms, piece->octave));
		}
		if (done_ms < DAY_MS) {
			piece->hour = (int)(at_ms / HOUR_MS % TAYRA__RHYTHM_HOURS);
			piece->by_hour = factor(&rhythm->hour[piece->hour]);
			left_ms = fmin(left_ms, (double)(HOUR_MS - at_ms % HOUR_MS));
		}
		/* A whole ms at least, or time would stand still. */
		piece->length_ms = walk->count == TAYRA__RHYTHM_PIECES ? length_ms - done_ms
								       : fmax(left_ms, 1);
		done_ms += piece->length_ms;
	}
}

/* Of the time of x changes, the share after the first of them: 1 - (1-e^-x)/x. */
static double
stale_share(double x)
{
	return x < 1e-4 ? x / 2 : 1 + expm1(-x) / x;
}

static double
rate_in(const struct tayra__rhythm_piece *piece, double rate)
{
	return rate * piece->by_since * piece->by_hour;
}

static void
live(struct tayra__rhythm_fate *fate, double rate, double length_ms)
{
	double x = rate * length_ms;

	fate->stale_ms += length_ms * (-expm1(-fate->hazard) + exp(-fate->hazard) * stale_share(x));
	fate->hazard += x;
}

struct tayra__rhythm_fate
tayra__rhythm_fate(const struct tayra__rhythm_walk *walk, double rate, double ttl_ms)
{
	struct tayra__rhythm_fate fate = { 0 };

	for (int i = 0; i < walk->count && ttl_ms > 0; i++) {
		double length_ms = fmin(walk->pieces[i].length_ms, ttl_ms);

		live(&fate, rate_in(&walk->pieces[i], rate), length_ms);
		ttl_ms -= length_ms;
	}
	return fate;
}

/* Above 1 it should have ended. */
static double
cost(const struct tayra__rhythm_fate *fate, double age_ms, double reads, double price)
{
	return price * (-expm1(-fate->hazard) * (1 + reads * age_ms) - reads * fate->stale_ms);
}

double
tayra__rhythm_best(const struct tayra__rhythm_walk *walk, double rate, double reads, double price)
{
	struct tayra__rhythm_fate fate = { 0 };
	double age_ms = 0, low = 0, high = 0;
	int i;

	for (i = 0; i < walk->count; i++) {
		struct tayra__rhythm_fate next = fate;

		high = walk->pieces[i].length_ms;
		live(&next, rate_in(&walk->pieces[i], rate), high);
		if (cost(&next, age_ms + high, reads, price) >= 1)
			break;
		fate = next;
		age_ms += high;
	}
	if (i == walk->count)
		return age_ms;
	for (int halving = 0; halving < HALVINGS; halving++) {
		struct tayra__rhythm_fate next = fate;
		double middle = (low + high) / 2;

		live(&next, rate_in(&walk->pieces[i], rate), middle);
		if (cost(&next, age_ms + middle, reads, price) >= 1)
			high = middle;
		else
			low = middle;
	}
	return age_ms + low;
}

static void
add(struct tayra__rhythm_tally *tally, double seen, double expected)
{
	double keeps = fmax(1 - (seen + expected) / (2 * WINDOW), 0);

	tally->seen = tally->seen * keeps + seen;
	tally->expected = tally->expected * keeps + expected;
}

double
tayra__rhythm_learn(struct tayra__rhythm *rhythm, const struct tayra__rhythm_walk *walk,
		    double rate, bool changed)
{
	const double end = tayra__rhythm_fate(walk, rate, (double)INFINITY).hazard;
	const double over = -expm1(-end);
	double hazard = 0, exposed = 0;

	for (int i = 0; i < walk->count; i++) {
		const struct tayra__rhythm_piece *piece = &walk->pieces[i];
		double x = rate_in(piece, rate) * piece->length_ms, seen = 0;
		double time_ms = piece->length_ms; /* before the first change */

		if (changed && end < 1e-4) {
			seen = end > 0 ? x / end : 0;
			time_ms *= end > 0 ? 1 - (hazard + x / 2) / end : 0.5;
		} else if (changed) {
			double before = exp(-hazard), gone = -before * expm1(-x);

			seen = gone / over;
			/* e^-hazard on average over the piece, less e^-end */
			time_ms *= fmax(before * (1 - stale_share(x)) - exp(-end), 0) / over;
		}
		hazard += x;
		exposed += time_ms * piece->by_since * piece->by_hour;
		if (piece->octave >= 0)
			add(&rhythm->since[piece->octave], seen, rate * piece->by_hour * time_ms);
		if (piece->hour >= 0)
			add(&rhythm->hour[piece->hour], seen, rate * piece->by_since * time_ms);
	}
	return exposed;
}
