/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.h: how much of the machine others used while something was measured, from /proc.
 */
#ifndef TAYRA_DRIVE_MACHINE_H
#define TAYRA_DRIVE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Others used so much of the machine that nothing measured on it can be believed. */
#define TAYRA__MACHINE_FOREIGN_MAX 0.8

/* Ticks of /proc/stat since boot; processor time of our own and of children that were waited for.
 */
struct tayra__machine_use {
	uint64_t busy, steal, total;
	uint64_t own_ns;
	bool known;
};
void tayra__machine_use_read(struct tayra__machine_use *use);
/* Shares of the machine's time between two readings: used by other processes, and stolen by its
 * host.  0 when not known. */
void tayra__machine_use_between(const struct tayra__machine_use *from,
				const struct tayra__machine_use *to, double *foreign,
				double *steal);

#endif
