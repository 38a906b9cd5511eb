/* SPDX-License-Identifier: Apache-2.0
 *
 * economy.h: what the measurements mean for a machine and for money: efficiency, capacity under a
 * service level, cost, saving and return.  All by the draws of draws.h; the formulas are in
 * docs/design/showcase.md.  No money is named unless the verdict under it is decided.
 */
#ifndef TAYRA_SHOWCASE_ECONOMY_H
#define TAYRA_SHOWCASE_ECONOMY_H

#include "showcase/draws.h"
#include "prove/prices.h"

struct tayra__results;

#define TAYRA__ECONOMY_ARMS 3 /* plain, tuned, tayra */

/* Where the service level is lost, against the rates that were measured. */
enum tayra__bound {
	TAYRA__BOUND_BETWEEN,   /* between two of them */
	TAYRA__BOUND_BELOW_ALL, /* below the lowest, which is given */
	TAYRA__BOUND_ABOVE_ALL, /* above the highest, which is given */
	TAYRA__BOUND_UNKNOWN,
};
/* "between" "below" "above" "unknown". */
const char *tayra__bound_name(enum tayra__bound bound);

struct tayra__capacity {
	struct tayra__estimate per_s;
	enum tayra__bound bound;
};

/* tayra against one other arm. */
struct tayra__money {
	char why_not[120]; /* no figure: what is undecided; "": there are figures */
	struct tayra__estimate cost_a, cost_b; /* of a million requests */
	struct tayra__estimate saving;         /* a month; below 0: it costs more */
	struct tayra__estimate roi;            /* over the months, by the price of putting it in */
	double positive;                       /* share of the draws in which it pays */
};

struct tayra__economy {
	double level_p99_ms, level_errors;                     /* the service level */
	struct tayra__estimate per_cpu_s[TAYRA__ECONOMY_ARMS]; /* answers in time a CPU second */
	struct tayra__estimate per_mib[TAYRA__ECONOMY_ARMS];   /* a second, by MiB of cache */
	struct tayra__capacity capacity[TAYRA__ECONOMY_ARMS];
	struct tayra__prices prices;
	struct tayra__money money[2]; /* against tuned, against plain */
};

/* From the slices and the verdicts; the level and the prices are set.  => TAYRA_OK,
 * TAYRA_E_NOMEM. */
int tayra__economy_compute(struct tayra__results *results);

#endif
