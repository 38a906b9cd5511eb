/* SPDX-License-Identifier: Apache-2.0
 *
 * stage.h: the table of what is run, and of what is compared, both fixed before the first request.
 */
#ifndef TAYRA_SHOWCASE_STAGE_H
#define TAYRA_SHOWCASE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "prove/metric.h"
#include "showcase/database.h"

/* Beyond the metrics that every slice of prove has: Jain's index of how equally the clients were
 * served, 1: all alike, 1/n: one got everything. */
#define TAYRA__SHOWCASE_JAIN    TAYRA__METRICS
#define TAYRA__SHOWCASE_METRICS (TAYRA__METRICS + 1)

enum tayra__stage_kind {
	TAYRA__STAGE_OPEN,    /* users arrive at a rate */
	TAYRA__STAGE_BURST,   /* many ask for one key at the moment it has expired */
	TAYRA__STAGE_WRITERS, /* clients that change records as fast as they can */
};

#define TAYRA__STAGE_METRICS_MAX 10

struct tayra__stage_metric {
	int metric;    /* enum tayra__metric or TAYRA__SHOWCASE_JAIN */
	bool averaged; /* counts in the average improvement */
};

struct tayra__stage {
	const char *scene, *phase;
	enum tayra__stage_kind kind;
	double load; /* of capacity; OPEN */
	enum tayra__database_fault fault;
	uint32_t clients;     /* BURST and WRITERS */
	uint32_t slice_ms[2]; /* full, quick */
	uint32_t rounds[2];
	bool compared;
	bool step; /* one of the rising rates of the one workload that capacity is read from */
	const char *title, *what;                                         /* for the report */
	struct tayra__stage_metric metrics[TAYRA__STAGE_METRICS_MAX + 1]; /* ends with metric -1 */
};

extern const struct tayra__stage tayra__stages[];
extern const uint32_t tayra__stage_count;

/* For the extra metric too; NULL when out of range. */
const struct tayra__metric_info *tayra__stage_metric_info(int metric);

#endif
