/* SPDX-License-Identifier: Apache-2.0
 *
 * meter.h: what happened in a simulated run: figures of the measured stretch, and a series of
 * buckets over all of it.  A retry counts as a request of its own.
 */
#ifndef TAYRA_SIM_METER_H
#define TAYRA_SIM_METER_H

#include "base/hist.h"

#include <tayra/pace.h>

/* How a request ended. */
enum tayra__fate {
	TAYRA__FATE_GOOD,     /* answered by its deadline */
	TAYRA__FATE_LATE,     /* answered after it */
	TAYRA__FATE_TIMEOUT,  /* its client gave up */
	TAYRA__FATE_OVERLOAD, /* the backend said "too much" */
	TAYRA__FATE_ERROR,    /* failed otherwise */
	TAYRA__FATE_SHED,     /* the pacer turned it away */
};
#define TAYRA__FATES 6
/* "good" ... */
const char *tayra__fate_name(enum tayra__fate fate);

#define TAYRA__METER_BUCKETS 600
#define TAYRA__METER_TENANTS 1024
#define TAYRA__METER_LOADS   8

struct tayra__meter_bucket {
	uint32_t arrived, good[TAYRA__METER_LOADS];
	uint32_t fates[TAYRA__FATES];
	uint64_t p50_ns, p99_ns; /* from arrival to answer; 0: no answers */
	/* Seen at `looks` moments. */
	uint32_t looks;
	double limit, limit_squares, inflight, queued; /* sums */
	double limit_max;
};

/* Sums over some buckets. */
struct tayra__meter_sum {
	double seconds;
	uint64_t arrived, good, fates[TAYRA__FATES], by_load[TAYRA__METER_LOADS];
	double limit, limit_cv, limit_max, inflight, queued; /* means over time, but for max */
};

struct tayra__meter {
	uint64_t warmup_ns, bucket_ns;
	struct tayra__meter_bucket buckets[TAYRA__METER_BUCKETS];
	size_t bucket;           /* the one that is open */
	struct tayra__hist open; /* latencies in it */
	/* Of the measured stretch: */
	struct tayra__hist latency[TAYRA__METER_LOADS]; /* from arrival to answer, good or late */
	struct tayra__hist backend;                     /* from start to answer */
	uint64_t arrived[TAYRA__METER_LOADS], fates[TAYRA__METER_LOADS][TAYRA__FATES];
	uint64_t longest_wait_ns;                 /* of those that were let in, from arrival */
	uint64_t by_tenant[TAYRA__METER_TENANTS]; /* good */
};

void tayra__meter_init(struct tayra__meter *meter, uint64_t length_ns, uint64_t warmup_ns);
void tayra__meter_arrived(struct tayra__meter *meter, uint32_t load, uint64_t now_ns);
/* Let in, having waited so long. */
void tayra__meter_started(struct tayra__meter *meter, uint64_t waited_ns, uint64_t now_ns);
/* How a request ended. */
struct tayra__meter_end {
	uint32_t load, tenant;
	enum tayra__fate fate;
	uint64_t latency_ns, backend_ns; /* of an answer: from arrival, from start */
};
void tayra__meter_ended(struct tayra__meter *meter, const struct tayra__meter_end *end,
			uint64_t now_ns);
void tayra__meter_look(struct tayra__meter *meter, const struct tayra_pace_stats *stats,
		       uint64_t now_ns);
/* Closes the last bucket. */
void tayra__meter_close(struct tayra__meter *meter);

/* What is between two moments, in whole buckets. */
struct tayra__meter_sum tayra__meter_sum(const struct tayra__meter *meter, uint64_t from_ns,
					 uint64_t to_ns);
/* Jain's index of the first n tenants' goodput: 1 is equal, 1/n is all to one; NaN: nothing was
 * good. */
double tayra__meter_jain(const struct tayra__meter *meter, uint32_t tenants);
/* Of all loads; 0 where nothing was answered. */
uint64_t tayra__meter_quantile_ns(const struct tayra__meter *meter, double q);

#endif
