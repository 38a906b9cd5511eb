/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_ttl.c: what a learned ttl needs to keep a budget of stale answers, with the library's own
 * read-through code under virtual time: loads beside those of the best fixed ttl in hindsight and
 * beside those of the best fixed ttl of each key in hindsight, and what was really stale.  On the
 * updates of git_changes (TAYRA_TRACES; left out without it) and on Poisson ones.
 *
 * Counts of deterministic runs: value is the median over readers with different seeds, exponents
 * and numbers of reads, lo and hi the least and the most of them.
 */
#include "bench.h"

#include <string.h>

#include "freshness.h"

#define BUDGET  0.01
#define RUNS    8
#define KEYS    7000
#define UPDATES 138000
#define SPAN_MS 674324259000ull /* that of git_changes */

enum metric { FIXED, EACH, STALE, BELIEVED, LOADS, METRICS };

static const char *const metric_names[METRICS] = {
	"loads_to_best_fixed_ttl", "loads_to_best_ttl_of_each_key",
	"stale_answers",           "stale_answers_as_measured",
	"loads_an_answer",
};

static void
measure(const struct freshness *f, double values[METRICS][RUNS], int run)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct freshness_result fixed = freshness_best_fixed(f, BUDGET);
	struct freshness_result each = freshness_best_each(f, BUDGET), ours;

	freshness_ttl_strategy(f, BUDGET, &strategy);
	ours = freshness_run(f, &strategy, &stats);
	values[FIXED][run] = (double)ours.loads / (double)fixed.loads;
	values[EACH][run] = (double)ours.loads / (double)each.loads;
	values[STALE][run] = (double)ours.stale / (double)ours.answers;
	values[BELIEVED][run] = stats.stale_answers / (double)stats.answers;
	values[LOADS][run] = (double)ours.loads / (double)ours.answers;
}

static void
print(const char *updates, const char *metric, double *values)
{
	struct tayra__json json;
	char name[96];

	qsort(values, RUNS, sizeof(*values), bench_by_value);
	snprintf(name, sizeof(name), "%s_%s", updates, metric);
	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", "ttl");
	tayra__json_string(&json, "metric", name);
	tayra__json_double(&json, "value", (values[RUNS / 2 - 1] + values[RUNS / 2]) / 2, 4);
	tayra__json_string(&json, "unit", "ratio");
	tayra__json_double(&json, "lo", values[0], 4);
	tayra__json_double(&json, "hi", values[RUNS - 1], 4);
	tayra__json_u64(&json, "n", RUNS);
	tayra__json_string(&json, "repeat", "make bench BENCH=ttl");
	tayra__json_end(&json);
	tayra__json_finish(&json);
}

/* path NULL: Poisson. */
static int
bench(const char *updates, const char *path)
{
	double values[METRICS][RUNS];
	char error[512];

	for (int run = 0; run < RUNS; run++) {
		struct freshness_options options = {
			.reads = run & 1 ? 4000000 : 1000000,
			.zipf = run & 2 ? 1.0 : 0.8,
			.seed = (uint64_t)run + 1,
		};
		struct freshness f;
		int status = path ? freshness_open_trace(&f, path, &options, error, sizeof(error))
				  : freshness_open_poisson(&f, KEYS, UPDATES, SPAN_MS, &options);

		if (status != TAYRA_OK) {
			fprintf(stderr, "bench_ttl: %s\n",
				path ? error : tayra_status_text(status));
			return 1;
		}
		measure(&f, values, run);
		freshness_close(&f);
	}
	for (int metric = 0; metric < METRICS; metric++)
		print(updates, metric_names[metric], values[metric]);
	return 0;
}

int
main(void)
{
	const char *folder = getenv("TAYRA_TRACES");
	char path[512];
	int failed = bench("poisson", NULL);

	if (!folder) {
		fputs("bench_ttl: TAYRA_TRACES is not set: git_changes is left out\n", stderr);
		return failed;
	}
	snprintf(path, sizeof(path), "%s/git_changes.csv.zst", folder);
	return failed | bench("git_changes", path);
}
