/* SPDX-License-Identifier: Apache-2.0
 *
 * progress.h: one line on stderr that says how far, how fast and how long still.  Silent unless
 * stderr is a terminal.  Not thread-safe.
 */
#ifndef TAYRA_CLI_PROGRESS_H
#define TAYRA_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__progress {
	bool on, drawn;
	uint64_t start_ns, drawn_ns;
};

void tayra__progress_init(struct tayra__progress *progress);
/* A new stretch of work: rate and time left count from here. */
void tayra__progress_start(struct tayra__progress *progress);
/* Redraws at most ten times a second.  total 0: unknown, no time left is shown. */
void tayra__progress_show(struct tayra__progress *progress, const char *what, uint64_t done,
			  uint64_t total);
/* Wipe the line, before anything else is printed. */
void tayra__progress_clear(struct tayra__progress *progress);

#endif
