/* SPDX-License-Identifier: Apache-2.0
 *
 * arrivals.h: when requests become due.  Pure: a seed in, moments out; two streams made alike give
 * the same moments, so a backlog needs no memory: a second stream follows the first.
 */
#ifndef TAYRA_DRIVE_ARRIVALS_H
#define TAYRA_DRIVE_ARRIVALS_H

#include "base/rng.h"
#include "drive/drive.h"

struct tayra__arrival_stream {
	enum tayra__arrivals kind;
	double gap_ns;  /* mean */
	double next_ns; /* when the next of the regular ones is due */
	uint32_t burst; /* still due at the very start */
	uint64_t number;
	struct tayra__rng rng;
};

/*
 * => UNIFORM: one every 1/rate from the start on.  POISSON: exponential gaps, also before the
 * first.
 * => rate_per_s = 0: the burst only.
 */
void tayra__arrivals_init(struct tayra__arrival_stream *stream, enum tayra__arrivals kind,
			  double rate_per_s, uint32_t burst, uint64_t seed);
/* The next one's moment, ns after the start, never falling; UINT64_MAX: no more will come. */
uint64_t tayra__arrivals_peek(const struct tayra__arrival_stream *stream);
/* Take it.  Returns its number, from 0. */
uint64_t tayra__arrivals_take(struct tayra__arrival_stream *stream);

#endif
