/* SPDX-License-Identifier: Apache-2.0
 *
 * ablation.h: what each mechanism is worth by itself: tayra against tayra without it, in a scene
 * in which it matters.  One table, fixed before the run; a mechanism that cannot run on this
 * machine keeps its row, which says why.
 */
#ifndef TAYRA_SHOWCASE_ABLATION_H
#define TAYRA_SHOWCASE_ABLATION_H

#include <stddef.h>

#include "showcase/arm.h"
#include "showcase/stage.h"

struct tayra__ablation {
	const char *mechanism, *what, *where; /* what is switched off; in which situation */
	struct tayra__stage stage;            /* rounds[1] 0: left out of the quick run */
	uint32_t warm;                        /* slices before; 0: 3 */
	int metric;
	bool restart; /* the process is replaced before each slice, by one with an empty RAM */
	/* `with` and `without` begin as the tayra arm's design. */
	void (*change)(struct tayra__arm_design *with, struct tayra__arm_design *without);
	/* Why it cannot run here, in a few words; NULL: it can.  May be NULL itself. */
	const char *(*missing)(void);
};

extern const struct tayra__ablation tayra__ablations[];
extern const uint32_t tayra__ablation_count;

#endif
