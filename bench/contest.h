/* SPDX-License-Identifier: Apache-2.0
 *
 * contest.h: what a limit in front of a real backend is worth.  Many clients ask again and again
 * until each attempt succeeds: without a limit, with exponential backoff, with fixed limits, with
 * limiters that learn, in turns of some seconds in random order.  Benchmarks only.
 */
#ifndef TAYRA_BENCH_CONTEST_H
#define TAYRA_BENCH_CONTEST_H

#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTEST_CLIENTS_MAX 440

struct contest {
	const char *bench; /* "pace_postgres" */
	uint32_t clients;
	uint32_t rounds, seconds; /* of a turn */
	double backoff_ms;        /* at most */
	/* One attempt of that client.  => whether it succeeded. */
	bool (*attempt)(uint32_t client, struct tayra__rng *rng);
	/* Bars for the figures of elasticity over those of others. */
	double over_none, over_backoff, over_fixed;              /* of throughput */
	double p99_over_none, stdev_over_none, p99_over_backoff; /* NaN: not asked for */
};

/* ROUNDS, SECONDS and CLIENTS from the command line.  => false after saying how it is used. */
bool contest_arguments(struct contest *contest, int argc, char **argv);
/* Prints a line of progress for each turn on stderr, one JSON object a line on stdout.
 * => 0, or 1 when it cannot be run. */
int contest_run(const struct contest *contest);

#endif
