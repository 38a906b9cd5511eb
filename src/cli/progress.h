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
/* `rows` are done, which is that share of the whole; a share below 0 is unknown, and then no time
 * left is shown.  Redraws at most ten times a second. */
void tayra__progress_show(struct tayra__progress *progress, const char *what, uint64_t rows,
			  double share);
/* The same of work that has no rows. */
void tayra__progress_share(struct tayra__progress *progress, const char *what, double share);
/* Wipe the line, before anything else is printed. */
void tayra__progress_clear(struct tayra__progress *progress);

#endif
