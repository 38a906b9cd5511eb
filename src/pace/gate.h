/* SPDX-License-Identifier: Apache-2.0
 *
 * gate.h: who is turned away at the door while a class stays overloaded: the least important.
 * Levels run from 0, the most important, to 127.  Of who asks, a share is admitted; which levels
 * that is, is a quantile of the levels that asked lately (DAGOR, SoCC'18; failsafe-go's levels).
 * Of the level at the edge a part gets in, evenly spread, so that it works as well where all are of
 * one level.
 *
 * The share moves once a step of 100 ms: down by a twentieth, or half the way to what is really
 * being served if that is lower; up by a hundredth, and after a second of calm twice as much each
 * time.  It never falls below 9/10 of the share that is being served: a gate that turns away more
 * than that would leave slots empty.
 *
 * Pure: time is an argument.  Not thread-safe: the caller holds pace.lock.
 */
#ifndef TAYRA_PACE_GATE_H
#define TAYRA_PACE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define TAYRA__GATE_LEVELS 128u

struct tayra__gate {
	double admit;                  /* the share, 0 to 1 */
	double part, carry;            /* of `edge` that part is admitted */
	uint32_t edge;                 /* levels below it are admitted, those above are not */
	uint64_t calm;                 /* steps since the last that was not */
	uint64_t step_end_ns;          /* 0: not begun */
	uint32_t asked, served, total; /* of late: halved at each step.  total: sum of levels[] */
	uint32_t levels[TAYRA__GATE_LEVELS];
};

/* Open: admits everybody. */
void tayra__gate_init(struct tayra__gate *gate);
/* Somebody of that level asks: counted.  => whether the gate would let it in. */
bool tayra__gate_admits(struct tayra__gate *gate, uint32_t level);
void tayra__gate_served(struct tayra__gate *gate);
/* Move the share if a step is over. */
void tayra__gate_step(struct tayra__gate *gate, bool overloaded, uint64_t now_ns);

#endif
