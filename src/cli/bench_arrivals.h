/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_arrivals.h: the options that say when requests become due.
 */
#ifndef TAYRA_CLI_BENCH_ARRIVALS_H
#define TAYRA_CLI_BENCH_ARRIVALS_H

#include "drive/wire_arm.h"

struct tayra__bench_arrivals {
	enum tayra__arrivals kind;
	uint32_t burst;
	uint64_t burst_every_ns;
	uint64_t *moments; /* of a trace; kept for as long as the process */
	size_t moment_count;
};

/* "poisson", "uniform", "trace:FILE" with a time in seconds a line, never falling.
 * => 0, or EINVAL after saying why as "COMMAND: ...". */
int tayra__bench_arrivals_take(struct tayra__bench_arrivals *arrivals, const char *command,
			       const char *arg);
/* "50/2s": so many more at once, so often.  => as above. */
int tayra__bench_burst_take(struct tayra__bench_arrivals *arrivals, const char *command,
			    const char *arg);
/* How long a trace lasts; 0: there is none. */
uint64_t tayra__bench_arrivals_ns(const struct tayra__bench_arrivals *arrivals);
void tayra__bench_arrivals_fill(const struct tayra__bench_arrivals *arrivals,
				struct tayra__wire_load *load);

#endif
