/* SPDX-License-Identifier: Apache-2.0
 *
 * knee.h: where more at once stops paying.  Throughput counted at two levels of concurrency gives
 * an elasticity, e = ln(X hi / X lo) / ln(hi / lo); at the knee it has fallen to the price, what 1%
 * more concurrency must buy.  The knee is followed by a scalar Kalman filter over ln L: a pair says
 * it is at middle + (e - price) / curvature, with a variance known from the counts (arrivals of
 * answers are near to Poisson).  So few answers move it little, whatever the window, and many move
 * it at once; and where what is seen is noisier than the counts explain, that is taken instead.
 *
 * A jump (of the knee, or of the backend, which looks like one once) is told from noise by two
 * cumulative sums (Page 1954) of clipped, normalised surprise: only what repeats opens the filter.
 *
 * Walls.  A level that was far worse than its neighbour, twice, is not tried again for 4 s, the
 * next time for 8, at most a minute: below a cliff, or between 1 and 2 processors, every look costs
 * a large part of what there is.
 *
 * Pure; not thread-safe.
 */
#ifndef TAYRA_PACE_KNEE_H
#define TAYRA_PACE_KNEE_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__knee_level {
	double slots, answers, per_s;
};

struct tayra__knee_wall {
	uint32_t slots; /* not to be used; 0: there is none */
	uint32_t hits;
	double left_s;
	double hit;     /* the last look that said so */
	double where;   /* the last one was; 0: nowhere */
	double lasts_s; /* how long that stood */
};

struct tayra__knee {
	double at;       /* ln of the limit */
	double variance; /* of that */
	double noise;    /* of elasticities, as seen: smoothed square of what was not foreseen */
	double rough; /* variance of counts, as seen, to that of a Poisson process; 0: not seen */
	double foreseen; /* the same, by the spread of latencies */
	double apart;    /* ln of how far apart levels must be to be told apart */
	double up, down; /* cumulative sums of surprise */
	double beyond;   /* and so much higher, if it were not for a wall */
	double below;    /* the same of gaining most of what could be gained */
	struct tayra__knee_wall low, high;
	bool far; /* below */
};

/* The limit is now thought to be there, within a factor of e^spread; all zero before the first. */
void tayra__knee_place(struct tayra__knee *knee, double limit, double spread);
/* The two levels to compare next, lo < hi; equal: there is nothing to compare now. */
void tayra__knee_levels(const struct tayra__knee *knee, double dither, double min, double max,
			uint32_t *lo, uint32_t *hi);
/* So much time has passed: walls come down, and what was known is known less well. */
void tayra__knee_age(struct tayra__knee *knee, double seconds);
/* Learn from a pair, lo->slots < hi->slots.  => the elasticity. */
double tayra__knee_learn(struct tayra__knee *knee, const struct tayra__knee_level *lo,
			 const struct tayra__knee_level *hi, double price);
/* Learn from two looks at one level, what noise there is. */
void tayra__knee_repeat(struct tayra__knee *knee, const struct tayra__knee_level *one,
			const struct tayra__knee_level *two);
/* Answers of requests whose latency has that squared coefficient of variation are as rough (a
 * renewal process). */
void tayra__knee_expect(struct tayra__knee *knee, double rough);
/* How many times noisier than a Poisson process, at least 1. */
double tayra__knee_rough(const struct tayra__knee *knee);
/* So many are known to be too many. */
void tayra__knee_forbid(struct tayra__knee *knee, double slots);
/* As many as a wall allows, and more would be better? */
bool tayra__knee_pinned(const struct tayra__knee *knee);
/* Is it known well, and does nothing hint that it moves? */
bool tayra__knee_calm(const struct tayra__knee *knee);

#endif
