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
 * not known is not over.
 *
 * Where memory cuts the limit it is scarce, and BACKGROUND is not served at all: what can wait goes
 * first, the others go on with a lower limit.  That ends when memory has been a twentieth below for
 * five seconds, or is not looked at any more.  Pure; not thread-safe.
 */
#ifndef TAYRA_PACE_CEILING_H
#define TAYRA_PACE_CEILING_H

#include "pace/limit.h"

#define TAYRA__CEILING_CALM_NS (5 * TAYRA_NS_PER_S)

struct tayra__ceiling {
	double most;        /* concurrent requests; 0: there is none */
	const char *reason; /* while there is one, static */
	uint64_t calm_ns;   /* since when nothing is near its bound */
	uint64_t cut_ns;    /* since when it was cut */
};

/* A window of that length is over, with that limit. */
void tayra__ceiling_update(struct tayra__ceiling *ceiling, const struct tayra__limit_rule *rule,
			   const struct tayra_pressure *pressure, double limit, uint64_t length_ns);

struct tayra__scarcity {
	bool now;
	uint64_t calm_ns; /* since when there is memory again */
};
/* A window of that length is over. */
void tayra__scarcity_update(struct tayra__scarcity *scarcity, const struct tayra__limit_rule *rule,
			    const struct tayra_pressure *pressure, uint64_t length_ns);

#endif
