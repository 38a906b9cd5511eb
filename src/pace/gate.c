/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/gate.h"

#include <tayra/base.h>

#include <math.h>

#define STEP_NS  (100 * TAYRA_NS_PER_MS)
#define DOWN     0.95
#define UP       0.01
#define AT_LEAST 0.9 /* of the share that is served */
#define PATIENT  10  /* calm steps before it hurries */

void
tayra__gate_init(struct tayra__gate *gate)
{
	*gate = (struct tayra__gate){ .admit = 1, .edge = TAYRA__GATE_LEVELS };
}

bool
tayra__gate_admits(struct tayra__gate *gate, uint32_t level)
{
	gate->asked++;
	gate->levels[level]++;
	gate->total++;
	if (level != gate->edge)
		return level < gate->edge;
	gate->carry += gate->part;
	if (gate->carry < 1)
		return false;
	gate->carry -= 1;
	return true;
}

void
tayra__gate_served(struct tayra__gate *gate)
{
	gate->served++;
}

static double
lowered(const struct tayra__gate *gate)
{
	double share = gate->asked ? (double)gate->served / gate->asked : 1;
	double step = gate->admit * DOWN, half = (gate->admit + share) / 2;
	double next = half < step ? half : step;

	if (next < share * AT_LEAST)
		next = share * AT_LEAST;
	return next < 1 ? next : 1;
}

/* For the last of so many calm steps, which is so many long. */
static double
rise(uint64_t calm, uint64_t steps)
{
	double up = UP * (double)steps;

	return calm <= PATIENT ? up : up * exp2(fmin((double)(calm - PATIENT), 10));
}

/* Where the share ends among the levels that asked lately. */
static void
find_edge(struct tayra__gate *gate)
{
	double left = gate->admit * gate->total;
	uint32_t level = 0;

	if (gate->admit >= 1 || gate->total == 0) {
		gate->edge = TAYRA__GATE_LEVELS;
		return;
	}
	while (level < TAYRA__GATE_LEVELS - 1 && left >= gate->levels[level])
		left -= gate->levels[level++];
	gate->edge = level;
	gate->part = gate->levels[level] ? left / gate->levels[level] : 0;
}

static void
fade(struct tayra__gate *gate)
{
	gate->asked /= 2;
	gate->served /= 2;
	if (gate->total == 0) /* of the levels, which nobody who is in no hurry has to look at */
		return;
	gate->total = 0;
	for (uint32_t level = 0; level < TAYRA__GATE_LEVELS; level++)
		gate->total += gate->levels[level] /= 2;
}

void
tayra__gate_step(struct tayra__gate *gate, bool overloaded, uint64_t now_ns)
{
	uint64_t steps;

	if (now_ns < gate->step_end_ns)
		return;
	steps = (now_ns - gate->step_end_ns) / STEP_NS + 1;
	gate->step_end_ns = now_ns + STEP_NS;
	gate->calm = overloaded ? 0 : gate->calm + steps;
	gate->admit = overloaded ? lowered(gate) : gate->admit + rise(gate->calm, steps);
	if (gate->admit > 1)
		gate->admit = 1;
	find_edge(gate);
	fade(gate);
}
