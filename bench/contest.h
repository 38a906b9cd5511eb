/* SPDX-License-Identifier: Apache-2.0
 *
 * contest.h: what a limit in front of a real backend is worth.  Many clients ask again and again
 * until each attempt succeeds: without a limit, with exponential backoff, with fixed limits, with
 * limiters that learn, in turns of some seconds in random order.  Benchmarks only.
 */
#ifndef TAYRA_BENCH_CONTEST_H
#define TAYRA_BENCH_CONTEST_H

#include "base/rng.h"
#include "prove/metric.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTEST_CLIENTS_MAX 440
#define CONTEST_ARMS_MAX    24
#define CONTEST_PHASES_MAX  4
#define CONTEST_ROUNDS_MAX  100

/* What is asked of the backend for a while. */
struct contest_phase {
	const char *name;
	/* One attempt of that client.  => whether it succeeded. */
	bool (*attempt)(uint32_t client, struct tayra__rng *rng);
};

/* A figure of the last arm, and a bar for it. */
struct contest_goal {
	const char *goal, *what; /* "G13", "throughput_over_none" */
	enum tayra__metric metric;
	const char *over; /* the arm it is divided by; CONTEST_BEST_FIXED; NULL: none */
	double bar;       /* NaN: only to be known */
};
#define CONTEST_BEST_FIXED ""

struct contest {
	const char *bench;    /* "pace_postgres" */
	const char *scenario; /* "postgres_serializable" */
	const char *repeat;   /* what to run */
	uint32_t clients;
	uint32_t rounds, seconds; /* of a phase */
	double backoff_ms;        /* at most */
	/* "none", "backoff", or as tayra__contender_read() has them, some with "+barging" behind;
	 * ended by NULL.  The last is the one that the goals are about. */
	const char *arms[CONTEST_ARMS_MAX + 1];
	struct contest_phase phases[CONTEST_PHASES_MAX]; /* ended by one without a name */
	const struct contest_goal *goals;                /* ended by one without a name */
};

/* ROUNDS, SECONDS and CLIENTS from the command line.  => false after saying how it is used. */
bool contest_arguments(struct contest *contest, int argc, char **argv);
/* Every arm goes through all phases in each round.  Prints a line of progress for each turn on
 * stderr, one JSON object a line on stdout.  => 0, or 1 when it cannot be run. */
int contest_run(const struct contest *contest);
/* Finds out by a sweep over `arms` but the last which fixed limit is the best in the first phase,
 * and which over all; then runs these two and the last.  => as contest_run(). */
int contest_run_mix(const struct contest *contest);

#endif
