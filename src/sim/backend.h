/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.h: a model of what is slow behind tayra: n jobs at once share it equally, and together
 * they get
 *
 *	X(n) = n mu / (1 + a (n - 1) + b n (n - 1))     jobs of mean size a second
 *
 * (the Universal Scalability Law, Gunther 2007: a is contention, b is coherence; with b > 0 there
 * is a knee at n* = sqrt((1 - a) / b), beyond which more jobs at once get less done).  It knows no
 * queue and no limit, works on what its client has given up, and runs in virtual time.
 */
#ifndef TAYRA_SIM_BACKEND_H
#define TAYRA_SIM_BACKEND_H

#include "sim/event.h"

/* One request.  Embedded in the caller's; zero it before its first use. */
struct tayra__job {
	struct tayra__heap_node node;
	/* TAYRA_OUTCOME_OK, or TAYRA_OUTCOME_ERROR from a dead backend. */
	void (*done)(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns);
};

struct tayra__backend {
	double mu_per_s, contention, coherence;
	double speed; /* factor on X(n): 1 as built, 0.3 after a fall in capacity */
	bool hung;    /* takes jobs, finishes none */
	bool dead;    /* refuses at once */
	struct tayra__events *events;
	struct tayra__event next; /* the next job to finish */
	struct tayra__heap jobs;  /* by the progress at which they finish */
	double progress;          /* work done for each job that was there all the time */
	uint64_t since_ns;        /* progress is true for that moment */
};

void tayra__backend_init(struct tayra__backend *backend, struct tayra__events *events,
			 double mu_per_s, double contention, double coherence);
/* No job may be inside. */
void tayra__backend_fini(struct tayra__backend *backend);
/* work: 1 is the mean.  A dead backend calls done before this returns.  => TAYRA_OK,
 * TAYRA_E_NOMEM: done will not be called. */
int tayra__backend_start(struct tayra__backend *backend, struct tayra__job *job, double work);
/* Capacity falls or comes back. */
void tayra__backend_set_speed(struct tayra__backend *backend, double speed);
void tayra__backend_set_hung(struct tayra__backend *backend, bool hung);
/* Dying fails every job inside. */
void tayra__backend_set_dead(struct tayra__backend *backend, bool dead);
size_t tayra__backend_inside(const struct tayra__backend *backend);
/* X(n), with the speed of now, jobs a second. */
double tayra__backend_rate(const struct tayra__backend *backend, size_t n);
/* The largest X(n) over all n, at speed 1, and where. */
double tayra__backend_capacity(const struct tayra__backend *backend, size_t *n);

#endif
