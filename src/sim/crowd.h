/* SPDX-License-Identifier: Apache-2.0
 *
 * crowd.h: those who ask, by one row of a scenario's loads: when, how much, and what they do when
 * they are refused.  It knows nothing of pacer and backend.
 */
#ifndef TAYRA_SIM_CROWD_H
#define TAYRA_SIM_CROWD_H

#include "base/rng.h"
#include "sim/event.h"
#include "sim/meter.h"
#include "sim/scenario.h"
#include "sim/stock.h"

struct tayra__crowd;

/* Who has one request at a time, or has come to make one. */
struct tayra__client {
	struct tayra__event event; /* it asks then */
	struct tayra__crowd *crowd;
	double work;       /* of its request */
	uint32_t failures; /* one after the other */
	uint32_t tenant;   /* of its crowd, from 0 */
};

struct tayra__crowd {
	const struct tayra__load_setting *load;
	struct tayra__events *events;
	/* A client asks; tayra__crowd_answer() is to follow, now or later. */
	void (*ask)(struct tayra__client *client, uint64_t now_ns, void *ctx);
	void *ctx;
	const double *factor; /* on the rate, of now */
	/* Apart, so that all limiters are asked the same: arrivals, work, and waits after failures.
	 */
	struct tayra__rng when, what, after;
	struct tayra__stock *clients;
	struct tayra__event next;   /* of those who come by themselves */
	struct tayra__event change; /* between calm and burst */
	bool burst;
	size_t moment;     /* of a trace: the next */
	double rate_per_s; /* of an open load that has one, when calm */
	double ms_per_job; /* of work 1, alone: what a trace's cost is divided by */
	bool gone;         /* nobody comes or asks again */
	int status;        /* TAYRA_E_NOMEM once there was no memory, or too many at once */
	uint64_t retries;
};

/* `capacity` is what a load's share is of, and `alone` how much one job alone gets done. The crowd
 * must not move. */
void tayra__crowd_init(struct tayra__crowd *crowd, struct tayra__events *events,
		       const struct tayra__load_setting *load, double capacity_per_s,
		       double alone_per_s, const double *factor, struct tayra__stock *clients,
		       uint64_t seed);
/* Let them come. */
void tayra__crowd_start(struct tayra__crowd *crowd);
/* How it ended; retry_after_ns is the pacer's hint, 0: none. */
void tayra__crowd_answer(struct tayra__client *client, enum tayra__fate fate,
			 uint64_t retry_after_ns, uint64_t now_ns);

#endif
