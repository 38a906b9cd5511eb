/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_tables.h"

#include <stddef.h>

#include "cli/bench_request.h"

#define OPTION_METRIC                                                                              \
	{                                                                                          \
		"metric", TAYRA__BENCH_METRIC, "NAME", 0,                                          \
			"what is compared: wall, time from start to end (default); cpu, "          \
			"processor "                                                               \
			"time of the process and those it started; rss, memory of the largest; "   \
			"output or score, the number that the last line it prints ends with, "     \
			"where lower or higher is better",                                         \
			0                                                                          \
	}
#define OPTION_BUDGET                                                                              \
	{                                                                                          \
		"budget", TAYRA__BENCH_BUDGET, "TIME", 0,                                          \
			"how long it may take in all (default 60s)", 0                             \
	}
#define OPTION_SLICE                                                                               \
	{                                                                                          \
		"slice", TAYRA__BENCH_SLICE, "TIME", 0,                                            \
			"run an arm again until that long, and take the median (default 50ms)", 0  \
	}
#define OPTION_TIMEOUT                                                                             \
	{                                                                                          \
		"timeout", TAYRA__BENCH_TIMEOUT, "TIME", 0,                                        \
			"a run that takes longer has failed (default: the budget)", 0              \
	}
#define OPTION_MAY_FAIL                                                                            \
	{                                                                                          \
		"ignore-failure", TAYRA__BENCH_MAY_FAIL, NULL, 0,                                  \
			"an exit code other than 0 is no failure", 0                               \
	}
#define OPTION_SEED                                                                                \
	{                                                                                          \
		"seed", TAYRA__BENCH_SEED, "N", 0,                                                 \
			"of the order of the runs (default: the clock)", 0                         \
	}
#define OPTION_JSON                                                                                \
	{                                                                                          \
		"json", TAYRA__BENCH_JSON, NULL, 0, "the last line of output is a JSON object", 0  \
	}
#define OPTION_ALPHA                                                                               \
	{                                                                                          \
		"alpha", TAYRA__BENCH_ALPHA, "SHARE", 0,                                           \
			"how often equal arms may be called different (default 0.05)", 0           \
	}
#define OPTION_PAIRS                                                                               \
	{                                                                                          \
		"pairs", TAYRA__BENCH_PAIRS, "N", 0,                                               \
			"run just that many, without a pilot (6 to 1000)", 0                       \
	}
#define OPTION_MD                                                                                  \
	{                                                                                          \
		"md", TAYRA__BENCH_MD, "FILE", 0, "add the result to FILE as Markdown", 0          \
	}

#define OPTION_PLAN                                                                                \
	{                                                                                          \
		"plan", TAYRA__BENCH_PLAN, "FILE", 0,                                              \
			"a YAML file of these options (arms: and urls: are mappings, scenario: a " \
			"list); what is given besides wins",                                       \
			0                                                                          \
	}
#define OPTION_LISTEN                                                                              \
	{                                                                                          \
		"listen", TAYRA__BENCH_LISTEN, "ADDRESS", 0,                                       \
			"meanwhile show metrics at http://ADDRESS/metrics, as 127.0.0.1:9464", 0   \
	}
#define OPTION_ALERT                                                                               \
	{                                                                                          \
		"alert", TAYRA__BENCH_ALERT, "NAME='RULE'", 0,                                     \
			"a rule over those metrics, as slow='p99 tayra_bench_latency_seconds > "   \
			"50ms'; as often as there are rules, in a plan alerts: is a mapping. "     \
			"What "                                                                    \
			"fires is told, and moves no verdict",                                     \
			0                                                                          \
	}
#define OPTION_HTML                                                                                \
	{                                                                                          \
		"html", TAYRA__BENCH_HTML, "FILE", 0, "write the result to FILE as a page", 0      \
	}
#define OPTION_PRICES                                                                              \
	{                                                                                          \
		"prices", TAYRA__BENCH_PRICES, "FILE", 0,                                          \
			"with --metric cpu: your prices, as contrib/prices.json, for what the "    \
			"difference costs; in a plan also a mapping",                              \
			0                                                                          \
	}
#define OPTION_HISTORY                                                                             \
	{                                                                                          \
		"history", TAYRA__BENCH_HISTORY, "FILE", 0,                                        \
			"add the verdict to FILE as a line of JSON", 0                             \
	}
#define OPTION_BENCH                                                                               \
	{                                                                                          \
		"name", TAYRA__BENCH_BENCH, "NAME", 0,                                             \
			"what it is called in the history (default: the base)", 0                  \
	}
#define OPTION_COMMIT                                                                              \
	{                                                                                          \
		"commit", TAYRA__BENCH_COMMIT, "TEXT", 0,                                          \
			"which revision it is of, for the history", 0                              \
	}

const struct argp_option tayra__bench_run_table[] = {
	{ "arm", TAYRA__BENCH_ARM, "NAME='COMMAND'", 0,
	  "an arm: a command, run without a shell; twice to eight times, the first is the base",
	  0 },
	{ "url", TAYRA__BENCH_URL, "[NAME=]URL", 0,
	  "or a server: http[s]://host[:port][/path], redis[s]://host[:port][/db][/key]; one gives "
	  "its "
	  "figures, two to eight are compared",
	  0 },
	{ "rate", TAYRA__BENCH_RATE, "N", 0,
	  "of servers: ask that often a second, whether or not they answer; latency counts from "
	  "when a request was due",
	  0 },
	{ "arrivals", TAYRA__BENCH_ARRIVALS, "poisson|uniform|trace:FILE", 0,
	  "of servers: with --rate by chance (default) or evenly; or without it when FILE says, in "
	  "seconds after the start, one a line",
	  0 },
	{ "burst", TAYRA__BENCH_BURST, "N/PERIOD", 0,
	  "of servers: so many more at once, so often, as 50/2s, the first at the start", 0 },
	{ "busy-poll", TAYRA__BENCH_BUSY_POLL, NULL, 0,
	  "of servers: with --rate never sleep, which takes a processor of its own and spares "
	  "latencies a wake-up",
	  0 },
	{ "connections", TAYRA__BENCH_CONNECTIONS, "N", 0,
	  "of servers: without --rate so many ask, each again when answered (default 10); with it "
	  "at most so many are open (default 64, opened as they are needed)",
	  0 },
	{ "duration", TAYRA__BENCH_DURATION, "TIME", 0,
	  "of servers: how long each is under load (default 10s; compared: by --budget)", 0 },
	TAYRA__BENCH_REQUEST_OPTIONS,
	{ "metric", TAYRA__BENCH_METRIC, "NAME", 0,
	  "what is compared. Commands: wall (default), cpu, rss, or the number that the last line "
	  "they print ends with: output, lower is better, or score, higher is. Servers: p50_ms "
	  "(default), "
	  "p95_ms, p99_ms, p999_ms, mean_ms, max_ms, throughput_per_s, error_ratio, and of a "
	  "server on this machine cpu (its processor time for a request) and rss",
	  0 },
	{ "margin", TAYRA__BENCH_MARGIN, "PERCENT", 0, "differences below are none (default 2%)",
	  0 },
	OPTION_BUDGET,
	{ "slice", TAYRA__BENCH_SLICE, "TIME", 0,
	  "a command is run again until that long, and the median counts (default 50ms); how long "
	  "a server is asked before it is another's turn (default 25ms to 1s)",
	  0 },
	OPTION_PAIRS,
	OPTION_ALPHA,
	{ "timeout", TAYRA__BENCH_TIMEOUT, "TIME", 0,
	  "a run that takes longer has failed (default: the budget, with --pairs none); a request "
	  "(default 5s)",
	  0 },
	OPTION_MAY_FAIL,
	OPTION_SEED,
	OPTION_PLAN,
	OPTION_MD,
	OPTION_HTML,
	OPTION_PRICES,
	OPTION_HISTORY,
	OPTION_BENCH,
	OPTION_COMMIT,
	OPTION_LISTEN,
	OPTION_ALERT,
	OPTION_JSON,
	{ 0 },
};

const struct argp_option tayra__bench_gate_table[] = {
	{ "base", TAYRA__BENCH_BASE, "'COMMAND'", 0, "what there was", 0 },
	{ "head", TAYRA__BENCH_HEAD, "'COMMAND'", 0, "what there would be", 0 },
	{ "base-ref", TAYRA__BENCH_BASE_REF, "REF", 0, "what there was, in git: checked out beside",
	  0 },
	{ "head-ref", TAYRA__BENCH_HEAD_REF, "REF", 0,
	  "what there would be, in git (default HEAD, without what is not committed)", 0 },
	{ "build", TAYRA__BENCH_BUILD, "'COMMAND'", 0, "makes it, in the root of each checkout",
	  0 },
	{ "run", TAYRA__BENCH_RUN, "'COMMAND'", 0, "runs it, in the root of each checkout", 0 },
	OPTION_METRIC,
	{ "margin", TAYRA__BENCH_MARGIN, "PERCENT", 0,
	  "fail when p < alpha and worse by more (default 5%)", 0 },
	OPTION_BUDGET,
	OPTION_SLICE,
	OPTION_PAIRS,
	OPTION_ALPHA,
	OPTION_TIMEOUT,
	OPTION_MAY_FAIL,
	OPTION_SEED,
	OPTION_PLAN,
	OPTION_MD,
	OPTION_HTML,
	OPTION_PRICES,
	OPTION_HISTORY,
	OPTION_BENCH,
	OPTION_COMMIT,
	OPTION_LISTEN,
	OPTION_ALERT,
	OPTION_JSON,
	{ 0 },
};

const struct argp_option tayra__bench_aa_table[] = {
	{ "arm", TAYRA__BENCH_ARM, "[NAME=]'COMMAND'", 0, "what is compared with itself", 0 },
	{ "sessions", TAYRA__BENCH_SESSIONS, "N", 0, "how many comparisons (default 20)", 0 },
	{ "sessions", 'n', "N", OPTION_ALIAS | OPTION_HIDDEN, NULL, 0 },
	OPTION_METRIC,
	{ "margin", TAYRA__BENCH_MARGIN, "PERCENT", 0, "differences below are none (default 2%)",
	  0 },
	{ "budget", TAYRA__BENCH_BUDGET, "TIME", 0, "how long all of them may take (default 5m)",
	  0 },
	OPTION_SLICE,
	OPTION_PAIRS,
	OPTION_ALPHA,
	OPTION_TIMEOUT,
	OPTION_MAY_FAIL,
	OPTION_SEED,
	OPTION_JSON,
	{ 0 },
};

const struct argp_option tayra__bench_plan_table[] = {
	{ "arm", TAYRA__BENCH_ARM, "[NAME=]'COMMAND'", 0,
	  "what would be compared: one command or more", 0 },
	{ "effect", TAYRA__BENCH_EFFECT, "PERCENT", 0,
	  "the smallest difference that matters (default 5%)", 0 },
	{ "power", TAYRA__BENCH_POWER, "SHARE", 0, "how surely it shall be found (default 0.8)",
	  0 },
	OPTION_METRIC,
	{ "margin", TAYRA__BENCH_MARGIN, "PERCENT", 0, "differences below are none (default 2%)",
	  0 },
	{ "budget", TAYRA__BENCH_BUDGET, "TIME", 0, "a pilot takes 15% of it at most (default 60s)",
	  0 },
	OPTION_SLICE,
	OPTION_ALPHA,
	OPTION_TIMEOUT,
	OPTION_MAY_FAIL,
	OPTION_SEED,
	OPTION_JSON,
	{ 0 },
};
