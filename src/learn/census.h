/* SPDX-License-Identifier: Apache-2.0
 *
 * census.h: how many answers are stale, by asking for a few of them again.  Each answer is drawn
 * with a small chance that follows from a budget: so many samples a load.  As the chance changes
 * an answer counts for as many as it stands for (Horvitz and Thompson, JASA 47, 1952), and the
 * interval is Wilson's, for the effective size of the sample (Kish, "Survey Sampling", 1965).
 *
 * Pure; not thread-safe.
 */
#ifndef TAYRA_LEARN_CENSUS_H
#define TAYRA_LEARN_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__census {
	double share;   /* samples a load, at most; 0: none */
	double allowed; /* samples left of that */
	double hits;    /* a load; fading */
	uint64_t loads, all_hits;
	uint64_t samples, stale, lost;
	double weight, weight2, stale_weight;
};

struct tayra__census_figures {
	double share, lo, hi; /* of answers that are stale, and the 95% interval; NAN: no sample */
};

/* Something was loaded because it was asked for: an answer that is fresh, after so many hits. */
void tayra__census_loaded(struct tayra__census *census, uint64_t hits);
/* The chance with which a hit is to be drawn from now on: 0 .. 1. */
double tayra__census_chance(const struct tayra__census *census);
/* A hit was drawn.  => false: there is nothing left to ask with. */
bool tayra__census_drawn(struct tayra__census *census);
/* It came to nothing. */
void tayra__census_lost(struct tayra__census *census);
/* What it was. */
void tayra__census_judged(struct tayra__census *census, bool stale);
/* Of answers: hits, and what was loaded. */
struct tayra__census_figures tayra__census_figures(const struct tayra__census *census);

#endif
