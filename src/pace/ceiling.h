/* SPDX-License-Identifier: Apache-2.0
 *
 * ceiling.h: what the machine can bear, over which no limit is raised, whatever throughput says.
 *
 *   CPU over cpu_max, memory over memory_max, memory stalls over memory_stall_max:
 *                           the limit stands where it is
 *   memory two thirds of the way from memory_max to all of it:  x .7, once a second
 *   I/O stalls over io_stall_max:                               x .9, once a second
 *
 * It is lifted when all of them have been a twentieth below their bounds for five seconds.  What is
 * not known is not over.  Pure; not thread-safe.
 */
#ifndef TAYRA_PACE_CEILING_H
#define TAYRA_PACE_CEILING_H

#include "pace/limit.h"

struct tayra__ceiling {
	double most;        /* concurrent requests; 0: there is none */
	const char *reason; /* while there is one, static */
	uint64_t calm_ns;   /* since when nothing is near its bound */
	uint64_t cut_ns;    /* since when it was cut */
};

/* A window of that length is over, with that limit. */
void tayra__ceiling_update(struct tayra__ceiling *ceiling, const struct tayra__limit_rule *rule,
			   const struct tayra_pressure *pressure, double limit, uint64_t length_ns);

#endif
