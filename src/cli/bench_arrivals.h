/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_arrivals.h: the options that say when requests to servers become due.
 */
#ifndef TAYRA_CLI_BENCH_ARRIVALS_H
#define TAYRA_CLI_BENCH_ARRIVALS_H

#include "drive/moments.h"
#include "drive/wire_arm.h"

struct tayra__bench_arrivals {
	enum tayra__arrivals kind;
	bool given; /* --arrivals was */
	double rate_per_s;
	uint32_t burst;
	uint64_t burst_every_ns;
	struct tayra__moments trace;
};

/* "poisson", "uniform", "trace:FILE"; and "50/2s": so many more at once, so often.
 * => 0, or EINVAL after saying why as "COMMAND: ...". */
int tayra__bench_arrivals_take(struct tayra__bench_arrivals *arrivals, const char *command,
			       const char *arg);
int tayra__bench_burst_take(struct tayra__bench_arrivals *arrivals, const char *command,
			    const char *arg);
/* All are taken: do they go together?  => 0, or an exit code after saying why. */
int tayra__bench_arrivals_check(const struct tayra__bench_arrivals *arrivals, const char *command);
/* Do requests become due by themselves? */
bool tayra__bench_arrivals_open(const struct tayra__bench_arrivals *arrivals);
/* Requests a second over so long; 0: none becomes due by itself. */
double tayra__bench_arrivals_mean(const struct tayra__bench_arrivals *arrivals, uint64_t length_ns);
/* How long a trace lasts, at least 100 ms; 0: there is none. */
uint64_t tayra__bench_arrivals_trace_ns(const struct tayra__bench_arrivals *arrivals);
void tayra__bench_arrivals_fill(const struct tayra__bench_arrivals *arrivals,
				struct tayra__wire_load *load);

#endif
