/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.h: what else went on on the machine while something was measured, from /proc: how much of
 * it others used, what its host took, and for how long somebody had to wait.
 */
#ifndef TAYRA_DRIVE_MACHINE_H
#define TAYRA_DRIVE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Others used so much of the machine that nothing measured on it can be believed. */
#define TAYRA__MACHINE_FOREIGN_MAX 0.8

/* What a task can be kept waiting by (pressure stall information, Documentation/accounting/psi). */
enum tayra__stall {
	TAYRA__STALL_CPU,
	TAYRA__STALL_IO,
	TAYRA__STALL_MEMORY,
	TAYRA__STALLS,
};

/* Ticks of /proc/stat since boot; processor time of our own and of children that were waited for;
 * microseconds since boot in which some task waited for each. */
struct tayra__machine_use {
	uint64_t busy, steal, total;
	uint64_t stalled_us[TAYRA__STALLS];
	bool known, stalls_known[TAYRA__STALLS];
	uint64_t own_ns, self_ns; /* self: of this process alone */
	uint64_t at_ns;           /* real monotonic clock */
};
/* proc: "/proc". */
void tayra__machine_use_read(const char *proc, struct tayra__machine_use *use);

/* Shares of the time between two readings.  NaN: not known. */
struct tayra__machine_share {
	double foreign, steal;         /* of all processors: used by others, taken by the host */
	double stalled[TAYRA__STALLS]; /* of the time: some task waited */
	double self;                   /* this process: processors it used; may exceed 1 */
};
void tayra__machine_use_between(const struct tayra__machine_use *from,
				const struct tayra__machine_use *to,
				struct tayra__machine_share *out);

/* As members of the object that is open: foreign_cpu_ratio, steal_ratio, cpu_pressure_ratio,
 * io_pressure_ratio, memory_pressure_ratio, generator_cpus. */
struct tayra__json;
void tayra__machine_json(struct tayra__json *json, const struct tayra__machine_share *share);
/* "others used 12% of the machine, stolen 0%, waited for cpu 8%, io 0%, memory 0%, own use 0.02
 * processors", without what is not known; returns text. */
const char *tayra__machine_sentence(const struct tayra__machine_share *share, char text[300]);

/* The `some` line's total of a file of /proc/pressure.  False: there is none. */
bool tayra__machine_parse_stall(const char *text, uint64_t *total_us);

#endif
