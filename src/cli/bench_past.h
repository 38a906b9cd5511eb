/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_past.h: what `tayra bench history`, `report` and `cost` share: options, and files read.
 */
#ifndef TAYRA_CLI_BENCH_PAST_H
#define TAYRA_CLI_BENCH_PAST_H

#include "prove/past.h"

#include <argp.h>
#include <stdint.h>

enum tayra__bench_past_key {
	TAYRA__PAST_BENCH = 256,
	TAYRA__PAST_METRIC,
	TAYRA__PAST_JSON,
	TAYRA__PAST_PRICES,
	TAYRA__PAST_SEED,
	TAYRA__PAST_HTML,
};

struct tayra__bench_past {
	const char *command;
	const char *bench, *metric, *prices_path, *html_path; /* NULL: was not given */
	uint64_t seed;
	bool json;
	const char *files[64];
	size_t file_count;
	struct tayra__past past;
};

/* Read options and files; what is wrong in them is passed over with a line on stderr.
 * => 0, or an exit code after saying why.  Needs fini in any case. */
int tayra__bench_past_read(struct tayra__bench_past *past, int argc, char **argv,
			   const struct argp_option *table, const char *doc);
void tayra__bench_past_fini(struct tayra__bench_past *past);
/* Before the work: what is there of a file that a history is to be added to is one.  path may be
 * NULL.  => as above. */
int tayra__bench_past_check(const char *command, const char *path);
/* Add one file to what is wanted.  => as above. */
int tayra__bench_past_add(struct tayra__past *past, const char *command, const char *path);

#endif
