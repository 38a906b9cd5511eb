/* SPDX-License-Identifier: Apache-2.0
 *
 * wire_run.h: the connections of a wire at work: which are idle, which wait for what until when,
 * which are to be opened again and not before when.  What is to be asked, and when, is said by the
 * work they are given: open loop or closed (wire_loops.c).
 */
#ifndef TAYRA_DRIVE_WIRE_RUN_H
#define TAYRA_DRIVE_WIRE_RUN_H

#include "drive/errand.h"
#include "drive/kinds.h"
#include "drive/link.h"
#include "drive/scenario.h"
#include "drive/think.h"

struct tayra__wire {
	struct tayra__errand errand;
	struct tayra__link_shared shared;
	struct tayra__dial_list addresses;
	struct tayra__link *links; /* [connections] */
	uint32_t connections, ready;
	uint32_t wanted; /* this many may be open or opening */
	uint32_t up, opening, busy;
	/* Each link is in one: idle, longest first; waiting, by until_ns, which is the order in
	 * which they began to, because all wait for as long. */
	struct tayra__list down, idle, waiting;
	uint64_t timeout_ns;
	uint64_t retry_ns, backoff_ns; /* nothing is opened before; after the next failure */
	bool refused;                  /* the last attempt to open one failed */
	bool any_status;
	bool busy_poll; /* of an open loop */
	/* With a scenario. */
	const struct tayra__scenario *scenario;
	struct tayra__scenario_seed seed; /* of this slice */
	struct tayra__kinds kinds;
	struct tayra__thinkers thinkers; /* none where nobody thinks */
	char *requests;                  /* [connections * errand.request_most] */
	int timer;                       /* a timerfd in the epoll, for what is due */
	uint64_t armed_ns;
	uint64_t spin_ns; /* so long before that the sleep ends and polling begins; UINT64_MAX: no
			     sleep at all */
	struct tayra__wire_errors errors;
};

struct tayra__wire_work {
	struct tayra__drive_result *result;
	uint64_t end_ns; /* of the slice */
	/* Fill in the next request that may go out now; false: none may. */
	bool (*take)(struct tayra__wire_work *work, uint64_t now_ns, struct tayra__call *call);
	/* Time has passed: called before and after whatever takes any. */
	void (*tick)(struct tayra__wire_work *work, uint64_t now_ns);
	/* A request that was taken has ended; NULL: not wanted. */
	void (*ended)(struct tayra__wire_work *work, const struct tayra__call *call,
		      uint64_t now_ns);
	/* A connection could not be opened. */
	void (*refused)(struct tayra__wire_work *work, uint64_t now_ns);
};

/* Open `count` connections, or as many as the server lets, or until *stop. */
void tayra__wire_ready(struct tayra__wire *wire, uint32_t count, const _Atomic bool *stop);
/* Requests to idle connections while there are both.  Returns the time after that. */
uint64_t tayra__wire_start(struct tayra__wire *wire, struct tayra__wire_work *work,
			   uint64_t now_ns);
/* Wait until something happened, but not past wake_ns to the microsecond, past until_ns to the
 * millisecond, nor for more than 20 ms, and see to it.  Returns the time after that. */
uint64_t tayra__wire_turn(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t wake_ns,
			  uint64_t until_ns);
/* Book an error: of this kind, for the reason in shared.why. */
void tayra__wire_fail(struct tayra__wire *wire, struct tayra__wire_work *work,
		      const struct tayra__call *call, enum tayra__wire_error error,
		      uint64_t now_ns);
/* One that was given up. */
void tayra__wire_abandon_call(struct tayra__wire *wire, struct tayra__wire_work *work,
			      const struct tayra__call *call, uint64_t now_ns);
/* A slice begins, with random numbers from this seed. */
void tayra__wire_begin(struct tayra__wire *wire, uint64_t seed);
/* It is over, and so many requests were drawn. */
void tayra__wire_end(struct tayra__wire *wire, const struct tayra__drive_result *result,
		     uint64_t requests);
/* What request call->number is. */
void tayra__wire_draw(const struct tayra__wire *wire, struct tayra__call *call);
/* Give up what has no answer, close its connections.  work: NULL when nothing was asked. */
void tayra__wire_abandon(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t now_ns);
/* No connection is open or being opened, and the last attempt failed. */
static inline bool
tayra__wire_hopeless(const struct tayra__wire *wire)
{
	return wire->refused && !wire->up && !wire->opening;
}

#endif
