/* SPDX-License-Identifier: Apache-2.0
 *
 * belief.h: is a run to be believed?  What was found beside the bar it is held to, with a mark that
 * needs no colour.
 */
#ifndef TAYRA_REPORT_BELIEF_H
#define TAYRA_REPORT_BELIEF_H

#include "drive/machine.h"
#include "prove/metric.h"
#include "report/sheet.h"

#include <stddef.h>

enum tayra__belief_mark {
	TAYRA__BELIEF_FINE,
	TAYRA__BELIEF_LOOK,   /* beyond the bar: costs certainty, not truth */
	TAYRA__BELIEF_SPOILT, /* and the verdict with it */
	TAYRA__BELIEF_UNKNOWN,
};

#define TAYRA__BELIEFS_MAX 32

struct tayra__beliefs {
	struct tayra__belief {
		enum tayra__belief_mark mark;
		char what[80], found[80], bar[100];
	} row[TAYRA__BELIEFS_MAX];
	size_t count;
};

/* One that is full takes no more. */
__attribute__((format(printf, 5, 6))) void tayra__belief_add(struct tayra__beliefs *beliefs,
							     enum tayra__belief_mark mark,
							     const char *what, const char *bar,
							     const char *found, ...);
/* What else went on on the machine. */
void tayra__belief_machine(struct tayra__beliefs *beliefs,
			   const struct tayra__machine_share *share);
/* Lateness of the generator beside the p99 that is reported. */
void tayra__belief_lag(struct tayra__beliefs *beliefs, const char *what, double lag_p99_ms,
		       double p99_ms);
/* Did a series of slices stay where it is?  values[n] in order, NaN: none. => TAYRA_OK, NOMEM. */
int tayra__belief_steady(struct tayra__beliefs *beliefs, const char *what, const double *values,
			 size_t n, enum tayra_better better);
void tayra__belief_put(const struct tayra__beliefs *beliefs, struct tayra__sheet *sheet);

#endif
