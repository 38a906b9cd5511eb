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

struct tayra__meter_bucket {
	uint32_t arrived, good[TAYRA_CLASSES];
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
	uint64_t arrived, good, fates[TAYRA__FATES], by_class[TAYRA_CLASSES];
	double limit, limit_cv, limit_max, inflight, queued; /* means over time, but for max */
};

struct tayra__meter {
	uint64_t warmup_ns, bucket_ns;
	struct tayra__meter_bucket buckets[TAYRA__METER_BUCKETS];
	size_t bucket;           /* the one that is open */
	struct tayra__hist open; /* latencies in it */
	/* Of the measured stretch: */
	struct tayra__hist latency[TAYRA_CLASSES]; /* from arrival to answer, good or late */
	struct tayra__hist backend;                /* from start to answer */
	uint64_t arrived[TAYRA_CLASSES], fates[TAYRA_CLASSES][TAYRA__FATES];
	uint64_t longest_wait_ns; /* of those that were let in, from arrival */
};

void tayra__meter_init(struct tayra__meter *meter, uint64_t length_ns, uint64_t warmup_ns);
void tayra__meter_arrived(struct tayra__meter *meter, enum tayra_class cls, uint64_t now_ns);
/* Let in, having waited so long. */
void tayra__meter_started(struct tayra__meter *meter, uint64_t waited_ns, uint64_t now_ns);
/* An answer has a latency; others have 0 for both. */
void tayra__meter_ended(struct tayra__meter *meter, enum tayra_class cls, enum tayra__fate fate,
			uint64_t latency_ns, uint64_t backend_ns, uint64_t now_ns);
void tayra__meter_look(struct tayra__meter *meter, const struct tayra_pace_stats *stats,
		       uint64_t now_ns);
/* Closes the last bucket. */
void tayra__meter_end(struct tayra__meter *meter, uint64_t now_ns);

/* What is between two moments, in whole buckets. */
struct tayra__meter_sum tayra__meter_sum(const struct tayra__meter *meter, uint64_t from_ns,
					 uint64_t to_ns);
/* Of all classes; 0 where nothing was answered. */
uint64_t tayra__meter_quantile_ns(const struct tayra__meter *meter, double q);

#endif
