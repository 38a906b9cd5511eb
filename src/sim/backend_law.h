/* SPDX-License-Identifier: Apache-2.0
 *
 * backend_law.h: how much gets done when n jobs are there at once, by kind of backend.  Pure.
 *
 *   contention  X(n) = n mu / (1 + a (n - 1) + b n (n - 1)), shared equally: the Universal
 *               Scalability Law (Gunther 2007; a is contention, b coherence).  With b > 0 there is
 *               a knee at n* = sqrt((1 - a) / b), beyond which more at once get less done.
 *   shared      X(n) = min(n, k) mu, shared equally: k processors.  No knee, and nothing to gain.
 *   servers     the same rate, but k at a time and first come first served.
 *   convoy      as shared, until more than `knee` are there; then `collapse` times k mu until they
 *               are down to `release`: a lock whose waiters hinder its holder.
 *   thrash      as shared, while the working sets of n jobs fit into the pool, which holds `knee`
 *               of them; beyond it most reads miss, and a miss makes them `penalty` times as long:
 *               X(n) = min(n, k) mu / (1 + (penalty - 1) m(n)), m = .6 + .4 (1 - knee / n).  (The
 *               shape of a real pool: an LRU that is too small by a little keeps almost nothing.)
 *   batch       up to `batch` at a time, begun when so many wait or the first has waited `linger`;
 *               a full batch takes 1 / mu, and a share `setup` of that is the same for one job.
 */
#ifndef TAYRA_SIM_BACKEND_LAW_H
#define TAYRA_SIM_BACKEND_LAW_H

#include <tayra/base.h>

enum tayra__backend_kind {
	TAYRA__BACKEND_CONTENTION,
	TAYRA__BACKEND_SHARED,
	TAYRA__BACKEND_SERVERS,
	TAYRA__BACKEND_CONVOY,
	TAYRA__BACKEND_THRASH,
	TAYRA__BACKEND_BATCH,
};
/* "contention" ..., in their order, ended by NULL. */
extern const char *const tayra__backend_kinds[];

struct tayra__backend_shape {
	int kind;                     /* enum tayra__backend_kind */
	double rate_per_s;            /* mu: of one job alone, or of full batches */
	double contention, coherence; /* a, b */
	uint32_t servers;             /* k */
	uint32_t knee, release;
	double collapse, penalty, setup;
	uint32_t batch;
	uint64_t linger_ns;
	/* The door. */
	double errors;      /* share of jobs that fail there, */
	int error;          /* so (enum tayra_outcome), */
	uint64_t error_ns;  /* after that time; so do those over the rate limit */
	double limit_per_s; /* a rate limit; 0: none */
	uint32_t burst;     /* that it lets through at once */
	uint64_t delay_ns;  /* on the way in, median, */
	double jitter;      /* lognormal with that sigma */
};

#define TAYRA__BACKEND_N_MAX 10000u

/* Zero means the default.  => NULL, or why there can be no such backend, static. */
const char *tayra__backend_law_fill(struct tayra__backend_shape *shape);
/* X(n) at speed 1, jobs a second; of a convoy, whether it is in one. */
double tayra__backend_law_rate(const struct tayra__backend_shape *shape, size_t n, bool stuck);
/* The largest X(n) over all n up to TAYRA__BACKEND_N_MAX, no more than its rate limit; and the
 * smallest n that reaches it. */
double tayra__backend_law_capacity(const struct tayra__backend_shape *shape, size_t *n);
/* How many may be in service at once. */
size_t tayra__backend_law_places(const struct tayra__backend_shape *shape);

#endif
