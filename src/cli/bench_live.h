/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_live.h: what a bench shows of itself while it runs: a line on a terminal, metrics over
 * HTTP.  A thread of its own looks four times a second at what the generator published
 * (drive/live.h); where nobody would see it there is no thread, and the generator publishes
 * nothing.
 */
#ifndef TAYRA_CLI_BENCH_LIVE_H
#define TAYRA_CLI_BENCH_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "prove/trial.h"

struct tayra__alert_log;
struct tayra__bench_alerts;
struct tayra__bench_live;
struct tayra__live;

struct tayra__bench_live_plan {
	const char *command;                     /* "tayra bench run" */
	const char *name[TAYRA__TRIAL_ARMS_MAX]; /* [arms] */
	size_t arms;
	const char *listen; /* where metrics are to be had; NULL: nowhere */
	const struct tayra__bench_alerts *alerts;
	bool servers; /* rates and latencies say something before the end */
};

/* Where it is: all at once or none of it, but the parts of two moments may be seen together. */
struct tayra__bench_place {
	const char *phase;      /* static */
	double rate_per_s;      /* asked for; 0: no rate is */
	uint32_t round, rounds; /* of a comparison; 0: it is none, or not known yet */
	double share;           /* of the whole that is done */
	uint64_t whole_ns;      /* how long the whole takes; 0: the share stands until the next */
};

/* => 0, with NULL in *out when nobody looks; or an exit code after saying why. */
int tayra__bench_live_open(const struct tayra__bench_live_plan *plan,
			   struct tayra__bench_live **out);
/* What follows does nothing with NULL.  From the thread that runs the bench. */
/* Nothing is shown any more, and the line is wiped. */
void tayra__bench_live_stop(struct tayra__bench_live *live);
/* Stopped: what became of the rules; of NULL none. */
void tayra__bench_live_log(const struct tayra__bench_live *live, struct tayra__alert_log *log);
void tayra__bench_live_close(struct tayra__bench_live *live);
void tayra__bench_live_show(struct tayra__bench_live *live, const struct tayra__bench_place *place);
/* What arm i publishes to; NULL: nothing. */
struct tayra__live *tayra__bench_live_arm(struct tayra__bench_live *live, size_t i);
/* Of an arm that publishes nothing by itself: make it one whose slices count when they are over. */
void tayra__bench_live_count(struct tayra__bench_live *live, size_t i, struct tayra__arm *arm);

#endif
