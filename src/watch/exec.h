/* SPDX-License-Identifier: Apache-2.0
 *
 * exec.h: tell a program.  An alert action that starts a program without a shell, with the JSON on
 * its standard input.  Bounded: one runs at a time, for run_ns at most (then its process group is
 * killed), one is started every every_ns at most, and 16 wait; beyond that the oldest is dropped,
 * and counted.
 *
 * The program gets our environment and standard error, an empty standard output, no other file, no
 * blocked signal, a process group of its own.  What it leaves running in that group when it ends is
 * killed too.  Nothing waits for it here: reaping is a tick's.
 *
 * One thread, that of the alerts; the metrics any thread may read.
 */
#ifndef TAYRA_WATCH_EXEC_H
#define TAYRA_WATCH_EXEC_H

#include <stddef.h>
#include <stdint.h>

#include "watch/registry.h"

struct tayra__exec;
struct tayra__alert_action;

struct tayra__exec_options {
	const char *name;        /* tells it apart in the metrics */
	const char *const *argv; /* NULL-terminated, the first with a '/'; borrowed for its life */
	uint64_t run_ns;         /* 0: 10 s */
	uint64_t every_ns;       /* 0: 1 s */
};

/*
 * Adds tayra_alert_exec_{started,failed,killed,dropped} with label "exec" to the registry, which is
 * to be destroyed first.  => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_FULL, TAYRA_E_NOMEM.
 */
int tayra__exec_create(struct tayra__registry *registry, const struct tayra__exec_options *options,
		       struct tayra__exec **out);
/* Kills what runs, drops what waits. */
void tayra__exec_destroy(struct tayra__exec *exec);
/* To be given to tayra__alerts_add_action(). */
struct tayra__alert_action tayra__exec_action(struct tayra__exec *exec);

#endif
