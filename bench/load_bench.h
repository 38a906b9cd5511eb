/* SPDX-License-Identifier: Apache-2.0
 *
 * load_bench.h: the scenarios of bench_load, each a function that prints its goals, one
 * JSON object a line.
 */
#ifndef TAYRA_BENCH_LOAD_BENCH_H
#define TAYRA_BENCH_LOAD_BENCH_H

#include <stdbool.h>

/* A figure that must be at most the bar; without a bar (NAN) it is said and judges nothing. */
struct load_goal {
	const char *goal, *scenario, *what;
	double figure, bar, lo, hi; /* NAN: none */
	bool pass;
};

void load_goal_print(const struct load_goal *goal);

/* The scenarios.  => 0; 1: it could not be run, and standard error says why. */
int load_hit(void);
int load_direct(void);
int load_herd(void);
int load_outage(void);
int load_slow(void);
int load_ttl(void);
int load_prefetch(void);
int load_worlds(void);
int load_traces(void);

#endif
