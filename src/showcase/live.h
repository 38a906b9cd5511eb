/* SPDX-License-Identifier: Apache-2.0
 *
 * live.h: what a person sees while the scenes run.  On a terminal the three arms stand side by
 * side and are redrawn in place; in a pipe there is one line when a stage ends.  One thread.
 */
#ifndef TAYRA_SHOWCASE_LIVE_H
#define TAYRA_SHOWCASE_LIVE_H

#include <stdio.h>

#include "showcase/results.h"

struct tayra__live {
	FILE *out;
	bool terminal;
	uint64_t begun_ns, expected_ns; /* of the whole run, real clock */
	uint32_t drawn;                 /* lines to go back over */
	double done_ns;                 /* of expected_ns */
	const struct tayra__stage *stage;
	uint32_t stage_number;
};

void tayra__live_init(struct tayra__live *live, FILE *out, uint64_t expected_ns);
/* One line of something that is under way or done, outside of stages. */
void tayra__live_say(struct tayra__live *live, const char *line);
void tayra__live_begin(struct tayra__live *live, uint32_t stage);
/* After a slice; slice_ns is what the plan gave it. */
void tayra__live_slice(struct tayra__live *live, const struct tayra__results *results,
		       uint32_t stage, uint32_t round, uint64_t slice_ns);
void tayra__live_end(struct tayra__live *live, const struct tayra__results *results,
		     uint32_t stage);

#endif
