/* SPDX-License-Identifier: Apache-2.0
 *
 * scale.h: where a value lies in a drawing, and which values are written beside it.
 */
#ifndef TAYRA_REPORT_SCALE_H
#define TAYRA_REPORT_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#define TAYRA__SCALE_TICKS 8

struct tayra__scale {
	bool log;           /* then least and most are above 0 */
	double least, most; /* least < most */
	double from, to;    /* where they are drawn */
};

/* A little wider than what it has to hold; least == most is held too. */
struct tayra__scale tayra__scale_of(bool log, double least, double most, double from, double to);
/* Values outside are drawn at its ends. */
double tayra__scale_place(const struct tayra__scale *scale, double value);
/* Round numbers within, ascending; returns how many, at most TAYRA__SCALE_TICKS. */
size_t tayra__scale_ticks(const struct tayra__scale *scale, double ticks[TAYRA__SCALE_TICKS]);

#endif
