/* SPDX-License-Identifier: Apache-2.0
 *
 * process_use.h: processor time and memory of given processes, or of all that descend from them,
 * from /proc.
 */
#ifndef TAYRA_DRIVE_PROCESS_USE_H
#define TAYRA_DRIVE_PROCESS_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A line of /proc/PID/stat, as far as it is of use. */
struct tayra__process_stat {
	pid_t pid, parent;
	uint64_t own_ticks;      /* user and system */
	uint64_t children_ticks; /* of children that ended and were waited for, and theirs */
	uint64_t rss_pages;
};
/* The name in it may hold anything, ')' and line ends too.  False: no such line. */
bool tayra__process_stat_parse(const char *line, struct tayra__process_stat *out);

enum tayra__process_scope { TAYRA__PROCESS_ALONE, TAYRA__PROCESS_TREE };

struct tayra__process_use {
	uint64_t cpu_ns;    /* user and system, since they began, in steps of a tick (10 ms) */
	uint64_t rss_bytes; /* pages that several of them share count for each */
	uint32_t processes;
};

/*
 * => proc: "/proc".
 * => ALONE: exactly those that are given.  TREE: and all that descend from them, with the time of
 *    descendants that ended and were waited for.  What was orphaned is no descendant any more, and
 *    its time is lost: cpu_ns may then fall.
 * => TAYRA_OK when at least one is there; TAYRA_E_NOT_FOUND, TAYRA_E_IO (proc cannot be read),
 *    TAYRA_E_NOMEM: then *out is zero.
 */
int tayra__process_use_read(const char *proc, const pid_t *pids, size_t n,
			    enum tayra__process_scope scope, struct tayra__process_use *out);

#endif
