/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_load.h: a load test in phases: what was asked for, and what came of it.
 */
#ifndef TAYRA_CLI_BENCH_LOAD_H
#define TAYRA_CLI_BENCH_LOAD_H

#include "cli/bench.h"
#include "drive/machine.h"
#include "drive/phases.h"

#define TAYRA__LOAD_TEST_PIDS 64

struct tayra__wire;

struct tayra__load_test {
	const char *command;
	/* As asked for. */
	const char *url, *text;
	struct tayra__bench_request request;
	struct tayra__phases_plan plan;
	struct tayra__bench_arrivals arrivals; /* its rates are the line's */
	uint32_t connections;
	uint64_t timeout_ns, seed;
	pid_t pid[TAYRA__LOAD_TEST_PIDS];
	size_t pids;
	bool json;
	const char *md_path, *html_path, *listen;
	struct tayra__bench_alerts alerts;
	/* At work. */
	struct tayra__wire *wire;
	uint64_t slices, elapsed_ns;
	struct tayra__bench_live *live;
	struct tayra__phases found;
	struct tayra__alert_log fired;
	struct tayra__machine_share machine;
};

/* Table and JSON.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__load_test_print(const struct tayra__load_test *test);
/* Page and Markdown, where they are wanted.  => 0 or an exit code after saying why. */
int tayra__load_test_write(const struct tayra__load_test *test);

#endif
