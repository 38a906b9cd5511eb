/* SPDX-License-Identifier: Apache-2.0
 *
 * host.h: what the machine is, and how much of it others used meanwhile, from /proc.
 */
#ifndef TAYRA_SHOWCASE_HOST_H
#define TAYRA_SHOWCASE_HOST_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__results;

/* Fill the fields of the machine. */
void tayra__host_describe(struct tayra__results *results);

/* Ticks of /proc/stat since boot, and our own processor time. */
struct tayra__host_use {
	uint64_t busy, steal, total;
	uint64_t own_ns;
	bool known;
};
void tayra__host_use_read(struct tayra__host_use *use);
/* Shares of the machine's time between two readings: used by other processes, and stolen by its
 * host.  0 when not known. */
void tayra__host_use_between(const struct tayra__host_use *from, const struct tayra__host_use *to,
			     double *foreign, double *steal);

#endif
