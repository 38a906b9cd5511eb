/* SPDX-License-Identifier: Apache-2.0
 *
 * load_worlds.c: learned ttls in worlds that nobody has chosen: 40 draws of how many keys there
 * are, how often they change and by which law, how often they are read and how unevenly, for how
 * long, and how many answers may be stale.  A line for each, and in the end what held in how many.
 * Only when asked for by name, for it takes ten minutes.
 */
#include "load_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "freshness.h"
#include "freshness_changes.h"
#include "bench.h"

#define WORLDS      40
#define UPDATES_MAX 600000.0
#define DAY_MS      86400000.0
#define RATIO_BAR   0.75

static struct tayra__rng rng;

struct world {
	enum freshness_law law;
	struct freshness_changes changes;
	struct freshness_options readers;
	double budget;
	char text[120];
};

/* Log-uniform. */
static double
between(double least, double most)
{
	return least * pow(most / least, tayra__rng_unit(&rng));
}

static struct world
draw(int number)
{
	static const char *const laws[] = { "poisson", "bursty", "diurnal" };
	static const double budgets[] = { 0.002, 0.01, 0.01, 0.03, 0.1 };
	struct world w = { .law = (enum freshness_law)tayra__rng_below(&rng, 3) };
	double keys = between(200, 20000);
	double span_ms = w.law == FRESHNESS_DIURNAL ? between(10 * DAY_MS, 200 * DAY_MS)
						    : between(DAY_MS / 6, 350 * DAY_MS);

	w.changes = (struct freshness_changes){
		.keys = (uint32_t)keys,
		.updates = (uint32_t)fmin(keys * between(3, 150), UPDATES_MAX),
		.span_ms = (uint64_t)span_ms,
	};
	w.readers = (struct freshness_options){
		.reads = (uint32_t)between(200000, 3000000),
		.zipf = between(0.5, 1.3),
		.seed = (uint64_t)number + 1,
	};
	w.budget = budgets[tayra__rng_below(&rng, sizeof(budgets) / sizeof(*budgets))];
	snprintf(w.text, sizeof(w.text),
		 "%s, %u keys, %.3g updates each, %.3g reads each, zipf %.2f, %g%%", laws[w.law],
		 w.changes.keys, w.changes.updates / keys, w.readers.reads / keys, w.readers.zipf,
		 w.budget * 100);
	return w;
}

static void
say(const char *scenario, const char *what, double figure, double bar, bool pass)
{
	load_goal_print(&(struct load_goal){ .goal = "ttl",
					     .scenario = scenario,
					     .what = what,
					     .figure = figure,
					     .bar = bar,
					     .lo = (double)NAN,
					     .hi = (double)NAN,
					     .pass = pass });
}

/* => TAYRA_OK; *ratio: loads to the best fixed ttl as stale; *spent: of the budget. */
static int
live(const struct world *w, double *ratio, double *spent)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct freshness_result ours;
	struct freshness f;
	int status = freshness_open_synthetic(&f, w->law, &w->changes, &w->readers);

	if (status != TAYRA_OK)
		return status;
	freshness_ttl_strategy(&f, w->budget, &strategy);
	ours = freshness_run(&f, &strategy, NULL);
	*spent = (double)ours.stale / (double)ours.answers / w->budget;
	*ratio = (double)ours.loads / (double)freshness_best_fixed(&f, *spent * w->budget).loads;
	freshness_close(&f);
	return TAYRA_OK;
}

int
load_worlds(void)
{
	double ratios[WORLDS], spent[WORLDS];
	int within = 0, cheaper = 0;

	tayra__rng_init(&rng, 1);
	for (int i = 0; i < WORLDS; i++) {
		struct world w = draw(i);

		if (live(&w, &ratios[i], &spent[i]) != TAYRA_OK) {
			fprintf(stderr, "bench_load: no memory for a world of %u keys\n",
				w.changes.keys);
			return 1;
		}
		within += spent[i] <= 1;
		cheaper += ratios[i] <= RATIO_BAR;
		say(w.text, "loads_to_best_fixed_ttl_as_stale", ratios[i], RATIO_BAR,
		    ratios[i] <= RATIO_BAR);
		say(w.text, "stale_answers_to_budget", spent[i], 1, spent[i] <= 1);
	}
	qsort(ratios, WORLDS, sizeof(*ratios), bench_by_value);
	qsort(spent, WORLDS, sizeof(*spent), bench_by_value);
	say("40 worlds", "median_loads_to_best_fixed_ttl_as_stale", ratios[WORLDS / 2], RATIO_BAR,
	    ratios[WORLDS / 2] <= RATIO_BAR);
	say("40 worlds", "worlds_with_a_quarter_fewer_loads", cheaper, (double)NAN, true);
	say("40 worlds", "worlds_within_budget", within, (double)NAN, true);
	say("40 worlds", "most_stale_answers_to_budget", spent[WORLDS - 1], (double)NAN, true);
	return 0;
}
