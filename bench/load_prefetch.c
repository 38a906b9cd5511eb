/* SPDX-License-Identifier: Apache-2.0
 *
 * load_prefetch.c: what fetching successors ahead saves and costs, by the library's own code under
 * virtual time: the waits of those who ask, and the origin's work, each beside the same without.
 * Where keys follow from one another: users of the showcase's catalogue with the real costs of
 * their loads, and orm_busy, cloudphysics_io and sprite.  Where they do not: web12, git_changes and
 * keys at random.  Traces are those of TAYRA_TRACES, and left out without it.
 *
 * "traces", only by that name: all others that are in TAYRA_TRACES, of which nobody has said
 * whether keys follow from one another there.
 *
 * RAM holds a hundredth, and a tenth, of all there is.  A request comes 2.5, 5 or 10 ms after the
 * last and a load of a trace takes 2 ms.  Figures are medians of these runs, of the catalogue with
 * one seed each; lo and hi the least and the most.
 */
#include "load_bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "demand.h"
#include "miss_cost.h"

#define RUNS       3
#define REQUESTS   400000
#define CATALOGUE  150000 /* requests */
#define RANDOM     100000 /* keys */
#define ZIPF       0.8
#define HORIZON_MS 60000       /* in which a key that has changed must be asked for */
#define LEARNING   (64u << 20) /* bytes at most: each key is known */

static const uint64_t gaps_ns[RUNS] = { 2500000, 5000000, 10000000 };

enum kind { FREE, STRUCTURED, UNKNOWN };

struct bench_case {
	const char *name;
	enum kind kind;
};

static const struct bench_case cases[] = {
	{ "catalogue", STRUCTURED }, { "orm_busy", STRUCTURED }, { "cloudphysics_io", STRUCTURED },
	{ "sprite", STRUCTURED },    { "web12", FREE },          { "git_changes", FREE },
	{ "random", FREE },
};

enum metric { WAIT, ORIGIN, METRICS };

static const char *const metric_names[METRICS] = { "waits to those without",
						   "the origin's work to that without" };
/* Of what it is without: where keys do not follow from one another, where they do, and where that
 * is not known. */
static const double bars[METRICS][3] = { { 1.01, 0.85, 1.01 }, { 1.01, 1.10, 1.10 } };

static void
print(const struct bench_case *c, double share, enum metric metric, double values[RUNS])
{
	struct load_goal goal = { .goal = "prefetch",
				  .what = metric_names[metric],
				  .bar = bars[metric][c->kind] };
	char name[96];

	qsort(values, RUNS, sizeof(*values), bench_by_value);
	snprintf(name, sizeof(name), "%s %g%%", c->name, share * 100);
	goal.scenario = name;
	goal.figure = values[RUNS / 2];
	goal.lo = values[0];
	goal.hi = values[RUNS - 1];
	/* What must never cost anything must not in any run. */
	goal.pass = (c->kind == STRUCTURED ? goal.figure : goal.hi) <= goal.bar;
	load_goal_print(&goal);
}

static int
compare(const struct demand *d, double share, double values[METRICS][RUNS], int run)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct demand_result off, on;
	int status = demand_run(d, share, NULL, &off);

	strategy.ttl_learning = TAYRA_FEATURE_OFF;
	strategy.prefetch_successors = strategy.prefetch_changed = TAYRA_FEATURE_ON;
	strategy.horizon_ms = HORIZON_MS;
	strategy.known_keys = 2 * d->keys;
	strategy.learning_bytes = LEARNING;
	if (status == TAYRA_OK)
		status = demand_run(d, share, &strategy, &on);
	if (status < 0)
		return status;
	values[WAIT][run] = on.wait_ns / off.wait_ns;
	values[ORIGIN][run] = on.origin_ns / off.origin_ns;
	return TAYRA_OK;
}

/* => TAYRA_OK, or a status, and "what went wrong" goes to error. */
static int
open_case(const struct bench_case *c, struct miss_cost *catalogue, int run, struct demand *d,
	  char *error, size_t error_len)
{
	struct demand_kind kind = { .requests = REQUESTS,
				    .gap_ns = gaps_ns[run],
				    .cost_ns = 2 * TAYRA_NS_PER_MS,
				    .value_bytes = 64 };
	char path[4096];

	if (strcmp(c->name, "random") == 0)
		return demand_open_random(d, RANDOM, ZIPF, (uint64_t)run + 1, &kind);
	if (strcmp(c->name, "catalogue") == 0)
		return demand_open_catalogue(d, catalogue, (uint64_t)run + 1, CATALOGUE,
					     gaps_ns[run]);
	snprintf(path, sizeof(path), "%s/%s.csv.zst", getenv("TAYRA_TRACES"), c->name);
	return demand_open_trace(d, path, &kind, error, error_len);
}

static int
measure(const struct bench_case *c, struct miss_cost *catalogue)
{
	static const double shares[] = { 0.01, 0.1 };
	double values[2][METRICS][RUNS];
	char error[512] = "no memory";
	int status = TAYRA_OK;

	for (int run = 0; run < RUNS && status == TAYRA_OK; run++) {
		struct demand d;

		status = open_case(c, catalogue, run, &d, error, sizeof(error));
		for (int i = 0; i < 2 && status == TAYRA_OK; i++)
			status = compare(&d, shares[i], values[i], run);
		demand_close(&d);
	}
	if (status < 0) {
		fprintf(stderr, "bench_load: %s: %s\n", c->name, error);
		return status;
	}
	for (int i = 0; i < 2; i++)
		for (int m = 0; m < METRICS; m++)
			print(c, shares[i], m, values[i][m]);
	return TAYRA_OK;
}

int
load_prefetch(void)
{
	struct miss_cost catalogue;
	char error[256];
	bool has_catalogue = miss_cost_open(&catalogue, NULL, error, sizeof(error)) == TAYRA_OK;
	int failed = 0;

	if (!has_catalogue)
		fprintf(stderr, "bench_load: without the catalogue: %s\n", error);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is_catalogue = strcmp(cases[i].name, "catalogue") == 0;

		if (is_catalogue ? !has_catalogue
				 : strcmp(cases[i].name, "random") != 0 && !getenv("TAYRA_TRACES"))
			continue;
		failed |= measure(&cases[i], &catalogue) < 0;
	}
	if (has_catalogue)
		miss_cost_close(&catalogue);
	return failed;
}

#define SUFFIX ".csv.zst"

/* => its name without the suffix, if it is a trace that is not among the cases. */
static bool
is_other(const char *file, char *name, size_t name_len)
{
	size_t len = strlen(file), end = strlen(SUFFIX);

	if (len <= end || strcmp(file + len - end, SUFFIX) != 0)
		return false;
	snprintf(name, name_len, "%.*s", (int)(len - end), file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strcmp(cases[i].name, name) == 0)
			return false;
	return true;
}

int
load_traces(void)
{
	const char *folder = getenv("TAYRA_TRACES");
	struct dirent **files = NULL;
	int failed = 0, n = folder ? scandir(folder, &files, NULL, alphasort) : -1;

	if (n < 0) {
		fputs("bench_load: TAYRA_TRACES names no folder\n", stderr);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char name[256];
		const struct bench_case other = { name, UNKNOWN };

		if (is_other(files[i]->d_name, name, sizeof(name)))
			failed |= measure(&other, NULL) < 0;
		free(files[i]);
	}
	free(files);
	return failed;
}
