/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_tables.h: the options of the subcommands of `tayra bench`.  A subcommand is a table of
 * those it takes; what an option means is written once (bench_options.c).
 */
#ifndef TAYRA_CLI_BENCH_TABLES_H
#define TAYRA_CLI_BENCH_TABLES_H

#include <argp.h>

enum tayra__bench_key {
	TAYRA__BENCH_ARM = 256,
	TAYRA__BENCH_METRIC,
	TAYRA__BENCH_MARGIN,
	TAYRA__BENCH_ALPHA,
	TAYRA__BENCH_BUDGET,
	TAYRA__BENCH_SLICE,
	TAYRA__BENCH_TIMEOUT,
	TAYRA__BENCH_PAIRS,
	TAYRA__BENCH_SEED,
	TAYRA__BENCH_JSON,
	TAYRA__BENCH_MD,
	TAYRA__BENCH_MAY_FAIL,
	TAYRA__BENCH_SESSIONS,
	TAYRA__BENCH_EFFECT,
	TAYRA__BENCH_POWER,
	TAYRA__BENCH_BASE,
	TAYRA__BENCH_HEAD,
	TAYRA__BENCH_BASE_REF,
	TAYRA__BENCH_HEAD_REF,
	TAYRA__BENCH_BUILD,
	TAYRA__BENCH_RUN,
	TAYRA__BENCH_URL,
	TAYRA__BENCH_RATE,
	TAYRA__BENCH_ARRIVALS,
	TAYRA__BENCH_BURST,
	TAYRA__BENCH_CONNECTIONS,
	TAYRA__BENCH_DURATION,
	TAYRA__BENCH_HISTORY,
	TAYRA__BENCH_BENCH,
	TAYRA__BENCH_COMMIT,
	TAYRA__BENCH_HTML,
	TAYRA__BENCH_PRICES,
	TAYRA__BENCH_PRICE,
	TAYRA__BENCH_PLAN,
	TAYRA__BENCH_LISTEN,
	TAYRA__BENCH_ALERT,
	TAYRA__BENCH_BUSY_POLL,
};

extern const struct argp_option tayra__bench_run_table[], tayra__bench_gate_table[],
	tayra__bench_aa_table[], tayra__bench_plan_table[];

#endif
