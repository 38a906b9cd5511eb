/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/census.h"

#include <math.h>

#include "stat/proportion.h"

#define HITS_WEIGHT 0.01 /* of a load in the mean */
#define ALLOWED_MAX 4.0
#define DRAWN       0.8 /* of what is allowed, so that few that were drawn are given up */

void
tayra__census_loaded(struct tayra__census *census, uint64_t hits)
{
	census->hits += ((double)hits - census->hits) * HITS_WEIGHT;
	census->allowed = fmin(census->allowed + census->share, ALLOWED_MAX);
	census->loads++;
	census->all_hits += hits;
}

double
tayra__census_chance(const struct tayra__census *census)
{
	return fmin(DRAWN * census->share / fmax(census->hits, 1e-9), 1);
}

bool
tayra__census_drawn(struct tayra__census *census)
{
	if (census->allowed < 1)
		return false;
	census->allowed--;
	return true;
}

void
tayra__census_lost(struct tayra__census *census)
{
	census->lost++;
}

void
tayra__census_judged(struct tayra__census *census, bool stale)
{
	double weight = 1 / fmax(tayra__census_chance(census), 1e-9);

	census->samples++;
	census->stale += stale;
	census->weight += weight;
	census->weight2 += weight * weight;
	census->stale_weight += stale ? weight : 0;
}

struct tayra__census_figures
tayra__census_figures(const struct tayra__census *census)
{
	struct tayra__census_figures figures = { (double)NAN, (double)NAN, (double)NAN };
	double size, share, of_answers;

	if (census->samples == 0)
		return figures;
	size = census->weight * census->weight / census->weight2;
	share = census->stale_weight / census->weight;
	/* What was loaded is an answer too, and fresh. */
	of_answers = (double)census->all_hits / (double)(census->all_hits + census->loads);
	tayra__proportion_wilson(share * size, size, &figures.lo, &figures.hi);
	figures.share = share * of_answers;
	figures.lo *= of_answers;
	figures.hi *= of_answers;
	return figures;
}
