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
	uint32_t burst; /* still due at burst_ns */
	uint64_t number;
	struct tayra__rng rng;
	uint64_t burst_ns;
	uint32_t burst_again; /* the size of those that follow */
	uint64_t burst_every_ns, burst_first_ns;
	/* A ramp: steps of mean 1 through the requests expected since the start. */
	bool ramp;
	double expected, rate_per_s, rise_per_s2, end_expected;
	const uint64_t *moment; /* the next of a trace, and how many are left */
	size_t moments;
	uint64_t moments_from_ns;
};

/*
 * => UNIFORM: one every 1/rate from the start on.  POISSON: exponential gaps, also before the
 * first.
 * => rate_per_s = 0: the burst only.
 */
void tayra__arrivals_init(struct tayra__arrival_stream *stream, enum tayra__arrivals kind,
			  double rate_per_s, uint32_t burst, uint64_t seed);
/*
 * The arrivals of a plan, with its ramp, bursts or trace.
 * => A ramp moves through the integral of its rate in the steps of its kind: after t as many are
 *    due as the integral to t says, UNIFORM to within one; POISSON is then the inhomogeneous
 *    process (Cinlar, "Introduction to Stochastic Processes", 1975: time change).  It ends with
 *    the slice.
 * => The trace belongs to the plan and is read while the stream is used.
 */
void tayra__arrivals_plan(struct tayra__arrival_stream *stream,
			  const struct tayra__open_plan *plan);
/* How many will become due within its length: of POISSON, on average. */
double tayra__arrivals_expected(const struct tayra__open_plan *plan);
/* Can it be run?  Not with a length of 0 or past the end of the clock, a rate below 0, above 1e8 or
 * not finite, a kind that there is not, a trace with a ramp or that falls, bursts without a time
 * between them. */
bool tayra__arrivals_plausible(const struct tayra__open_plan *plan);
/* The next one's moment, ns after the start, never falling; UINT64_MAX: no more will come. */
uint64_t tayra__arrivals_peek(const struct tayra__arrival_stream *stream);
/* Take it.  Returns its number, from 0. */
uint64_t tayra__arrivals_take(struct tayra__arrival_stream *stream);

#endif
