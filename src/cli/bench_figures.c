/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_figures.h"

#define AT(member) offsetof(struct tayra__bench_figures, member)

const char *const tayra__bench_phases[TAYRA__BENCH_PHASES] = { "pilot", "warmup", "baseline",
							       "load",  "stress", "recovery" };

const struct tayra__watch_row tayra__bench_rows[] = {
	{ .name = "tayra_bench_phase",
	  .sentence = "1 for the phase the bench is in",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = AT(phase),
	  .dims = { { "phase", tayra__bench_phases, TAYRA__BENCH_PHASES, sizeof(uint32_t) } } },
	{ .name = "tayra_bench_rate_wanted",
	  .sentence = "Requests a second that are to become due; not there when clients ask again "
		      "as soon as they are answered",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = AT(rate_wanted) },
	{ .name = "tayra_bench_rate_reached",
	  .sentence = "Requests answered a second, over the last second, all arms together",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = AT(rate_reached) },
	{ .name = "tayra_bench_rounds_done",
	  .sentence = "Rounds of the comparison that are complete",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = AT(rounds_done) },
	{ .name = "tayra_bench_rounds_planned",
	  .sentence = "Rounds of the comparison, fixed before the first",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = AT(rounds_planned) },
	{ .name = "tayra_bench_done_ratio",
	  .unit = "ratio",
	  .sentence = "How much of the bench is done",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = AT(done) },
	{ .name = "tayra_bench_generator_cpu_seconds",
	  .unit = "seconds",
	  .sentence = "Processor time of the generator's process, with what looking at it takes",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = AT(generator_cpu_ns) },
	{ .name = "tayra_bench_watch_cpu_seconds",
	  .unit = "seconds",
	  .sentence = "Processor time of the threads that show the bench: line, metrics, alerts",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = AT(watch_cpu_ns) },
};

const size_t tayra__bench_row_count = sizeof(tayra__bench_rows) / sizeof(tayra__bench_rows[0]);

const struct tayra__headline tayra__bench_headlines[] = {
	{ .title = "Done",
	  .sentence = "Share of the bench that is over",
	  .unit = "ratio",
	  .top = { .metric = "tayra_bench_done_ratio" } },
	{ .title = "Answered a second",
	  .sentence = "Over the last second, all arms together",
	  .top = { .metric = "tayra_bench_rate_reached" } },
	{ .title = "Latency p99",
	  .sentence = "99% of the requests so far stayed within, of the slowest arm",
	  .unit = "seconds",
	  .top = { .metric = "tayra_bench_latency_seconds", .quantile = 0.99 } },
	{ .title = "Errors",
	  .sentence = "Share of the requests so far",
	  .unit = "ratio",
	  .top = { .metric = "tayra_bench_requests", .labels = { { "status", "error" } } },
	  .bottom = { .metric = "tayra_bench_requests" } },
};

const size_t tayra__bench_headline_count = sizeof(tayra__bench_headlines) /
					   sizeof(tayra__bench_headlines[0]);
