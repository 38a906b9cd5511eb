/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.h: a model of what is slow behind tayra.  It knows no limit, works on what its client has
 * given up, and runs in virtual time.  What kinds there are, and the law X(n) each follows (n jobs
 * at once get so many mean jobs a second done), is in backend_law.h.  Before it is a door, the same
 * for all: quick errors, a rate limit that says "too much", and a delay that costs no capacity.
 */
#ifndef TAYRA_SIM_BACKEND_H
#define TAYRA_SIM_BACKEND_H

#include "base/list.h"
#include "base/rng.h"
#include "sim/backend_law.h"
#include "sim/event.h"

/* One request.  Embedded in the caller's; zero it before its first use. */
struct tayra__job {
	/* OK; else what the door said, or ERROR from a dead backend. */
	void (*done)(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns);
	/* Of the backend. */
	struct tayra__heap_node node; /* in service */
	struct tayra__list link;      /* waiting, or at the door */
	struct tayra__event event;    /* at the door */
	struct tayra__backend *backend;
	enum tayra_outcome outcome; /* when it leaves the door; OK: it goes in */
	double work;
};

struct tayra__backend {
	struct tayra__backend_shape shape;
	double speed; /* factor on X(n): 1 as built, 0.3 after a fall */
	bool hung;    /* takes jobs, finishes none */
	bool dead;    /* refuses at once */
	bool stuck;   /* in a convoy */
	bool busy;    /* finishing: who starts a job need not plan */
	int status;   /* TAYRA_E_NOMEM once there was no memory */
	struct tayra__events *events;
	struct tayra__rng rng;
	struct tayra__event next;   /* the next job to finish */
	struct tayra__event linger; /* a batch has waited long enough */
	struct tayra__heap jobs;    /* in service, by the progress at which they finish */
	struct tayra__list line;    /* waiting for a server, first come first served */
	struct tayra__list door;    /* on their way in, or out with an error */
	size_t waiting, coming;     /* how many these two have */
	double progress;            /* work done for each job that was there all the time */
	uint64_t since_ns;          /* progress is true for that moment */
	double tokens;              /* of the rate limit, */
	uint64_t tokens_ns;         /* at that moment */
};

/* => the shape is sound: see tayra__backend_law_sound(). */
void tayra__backend_init(struct tayra__backend *backend, struct tayra__events *events,
			 const struct tayra__backend_shape *shape, uint64_t seed);
/* No job may be inside. */
void tayra__backend_fini(struct tayra__backend *backend);
/* work: 1 is the mean.  A dead backend calls done before this returns; so does one without memory,
 * and its status says so. */
void tayra__backend_start(struct tayra__backend *backend, struct tayra__job *job, double work);
/* Capacity falls or comes back. */
void tayra__backend_set_speed(struct tayra__backend *backend, double speed);
void tayra__backend_set_hung(struct tayra__backend *backend, bool hung);
/* Another law for what is inside and what comes.  => it is of the same kind. */
void tayra__backend_set_shape(struct tayra__backend *backend,
			      const struct tayra__backend_shape *shape);
/* Dying fails every job inside. */
void tayra__backend_set_dead(struct tayra__backend *backend, bool dead);
size_t tayra__backend_inside(const struct tayra__backend *backend);

#endif
