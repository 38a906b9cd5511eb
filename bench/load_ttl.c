/* SPDX-License-Identifier: Apache-2.0
 *
 * load_ttl.c: what a learned ttl needs to keep a budget of stale answers, with the library's own
 * read-through code under virtual time, against the best single ttl for all keys, chosen in
 * hindsight: one that makes just as many answers stale as the learned ones really did, and, beside
 * it, one that uses the whole budget.  On the catalogue's users and updates, on the updates of
 * git_changes (TAYRA_TRACES; left out without it), and on Poisson, bursty and diurnal ones.
 *
 * A case is run with RUNS seeds, and where the readers are made here with two exponents and two
 * numbers of reads.
 */
#include "load_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "freshness.h"
#include "freshness_catalogue.h"
#include "freshness_changes.h"
#include "showcase/catalogue.h"
#include "stat/student_t.h"

#include <tayra/prove.h>

#define BUDGET   0.01
#define BAR      0.75
#define RUNS     8
#define KEYS     7000
#define UPDATES  138000
#define YEARS_MS 674324259000ull /* that of git_changes */
#define MONTH_MS (30 * 86400000ull)
#define REQUESTS 500000u

struct figures {
	double loads[RUNS], fixed[RUNS], fixed_at_budget[RUNS];
	double stale[RUNS], believed[RUNS], sampled[RUNS];
	double within; /* runs whose sampled interval held what was really stale */
};

/* Open the run's world.  => TAYRA_OK; TAYRA_E_NOT_FOUND: it is not here. */
typedef int (*open_fn)(struct freshness *f, int run);

static struct freshness_options
readers(int run)
{
	return (struct freshness_options){
		.reads = run & 1 ? 4000000 : 1000000,
		.zipf = run & 2 ? 1.0 : 0.8,
		.seed = (uint64_t)run + 1,
	};
}

static int
synthetic(struct freshness *f, int run, enum freshness_law law, uint64_t span_ms)
{
	struct freshness_changes changes = { KEYS, UPDATES, span_ms };
	struct freshness_options options = readers(run);

	return freshness_open_synthetic(f, law, &changes, &options);
}

static int
open_poisson(struct freshness *f, int run)
{
	return synthetic(f, run, FRESHNESS_POISSON, YEARS_MS);
}

static int
open_bursty(struct freshness *f, int run)
{
	return synthetic(f, run, FRESHNESS_BURSTY, YEARS_MS);
}

static int
open_diurnal(struct freshness *f, int run)
{
	return synthetic(f, run, FRESHNESS_DIURNAL, MONTH_MS);
}

static int
open_git_changes(struct freshness *f, int run)
{
	const char *folder = getenv("TAYRA_TRACES");
	struct freshness_options options = readers(run);
	char path[512], error[512];
	int status;

	if (!folder) {
		fputs("bench_load: TAYRA_TRACES is not set: git_changes is left out\n", stderr);
		return TAYRA_E_NOT_FOUND;
	}
	snprintf(path, sizeof(path), "%s/git_changes.csv.zst", folder);
	status = freshness_open_trace(f, path, &options, error, sizeof(error));
	if (status != TAYRA_OK)
		fprintf(stderr, "bench_load: %s\n", error);
	return status;
}

static int
open_catalogue(struct freshness *f, int run)
{
	struct tayra__catalogue catalogue;
	char error[400];
	int status = tayra__catalogue_create(&catalogue, NULL, NULL, error, sizeof(error));

	if (status != TAYRA_OK) {
		fprintf(stderr, "bench_load: the catalogue is left out: %s\n", error);
		return TAYRA_E_NOT_FOUND;
	}
	status = freshness_open_catalogue(f, &catalogue, (uint64_t)run + 1, REQUESTS);
	tayra__catalogue_fini(&catalogue);
	return status;
}

static void
measure(const struct freshness *f, struct figures *figures, int run)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct freshness_result ours;

	freshness_ttl_strategy(f, BUDGET, &strategy);
	ours = freshness_run(f, &strategy, &stats);
	figures->loads[run] = (double)ours.loads;
	figures->stale[run] = (double)ours.stale / (double)ours.answers;
	figures->believed[run] = stats.stale_answers / (double)stats.answers;
	figures->sampled[run] = stats.staleness_sampled;
	figures->within += stats.staleness_sampled_lo <= figures->stale[run] &&
			   figures->stale[run] <= stats.staleness_sampled_hi;
	figures->fixed[run] = (double)freshness_best_fixed(f, figures->stale[run]).loads;
	figures->fixed_at_budget[run] = (double)freshness_best_fixed(f, BUDGET).loads;
}

/* Loads beside those of the other, with the interval over the runs. */
static void
print_ratio(const char *updates, const char *what, const double *other, const double *loads,
	    double bar)
{
	struct tayra_comparison c;

	if (tayra_prove_compare(other, loads, RUNS, NULL, &c) != TAYRA_OK)
		abort();
	load_goal_print(&(struct load_goal){ .goal = "ttl",
					     .scenario = updates,
					     .what = what,
					     .figure = c.ratio,
					     .bar = bar,
					     .lo = c.lo,
					     .hi = c.hi,
					     .pass = c.ratio <= bar });
}

/* A mean and its interval by Student's t; the budget must be above all of that. */
static void
print_share(const char *updates, const char *what, const double *values, double bar)
{
	double mean = 0, sum = 0, half;

	for (int i = 0; i < RUNS; i++)
		mean += values[i] / RUNS;
	for (int i = 0; i < RUNS; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	half = tayra__student_t_quantile(0.975, RUNS - 1) * sqrt(sum / (RUNS - 1) / RUNS);
	load_goal_print(&(struct load_goal){ .goal = "ttl",
					     .scenario = updates,
					     .what = what,
					     .figure = mean,
					     .bar = bar,
					     .lo = mean - half,
					     .hi = mean + half,
					     .pass = mean + half <= bar });
}

/* => failed */
static int
run_case(const char *updates, open_fn open)
{
	struct figures figures = { .within = 0 };

	for (int run = 0; run < RUNS; run++) {
		struct freshness f;
		int status = open(&f, run);

		if (status == TAYRA_E_NOT_FOUND)
			return 0;
		if (status != TAYRA_OK) {
			fprintf(stderr, "bench_load: %s: %s\n", updates, tayra_status_text(status));
			return 1;
		}
		measure(&f, &figures, run);
		freshness_close(&f);
	}
	print_ratio(updates, "loads_to_best_fixed_ttl_as_stale", figures.fixed, figures.loads, BAR);
	print_share(updates, "stale_answers", figures.stale, BUDGET);
	print_ratio(updates, "loads_to_best_fixed_ttl_at_budget", figures.fixed_at_budget,
		    figures.loads, (double)NAN);
	print_share(updates, "stale_answers_as_measured", figures.believed, (double)NAN);
	print_share(updates, "stale_answers_as_sampled", figures.sampled, (double)NAN);
	load_goal_print(&(struct load_goal){ .goal = "ttl",
					     .scenario = updates,
					     .what = "sampled_intervals_that_hold_the_truth",
					     .figure = figures.within / RUNS,
					     .bar = (double)NAN,
					     .lo = (double)NAN,
					     .hi = (double)NAN });
	return 0;
}

int
load_ttl(void)
{
	static const struct {
		const char *updates;
		open_fn open;
	} cases[] = {
		{ "poisson", open_poisson },     { "bursty", open_bursty },
		{ "diurnal", open_diurnal },     { "git_changes", open_git_changes },
		{ "catalogue", open_catalogue },
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		failed |= run_case(cases[i].updates, cases[i].open);
	return failed;
}
