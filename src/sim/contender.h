/* SPDX-License-Identifier: Apache-2.0
 *
 * contender.h: a limiter by its name, as people write it: "aimd", "fixed:8"; or "none".
 */
#ifndef TAYRA_SIM_CONTENDER_H
#define TAYRA_SIM_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>

#include <tayra/pace.h>

#define TAYRA__CONTENDERS 16

struct tayra__contender {
	char text[32];
	enum tayra_limiter limiter;
	bool none;    /* everything is let in */
	double limit; /* it begins with, or stays at; 0: its own default */
};

/*
 * Any name of tayra_limiter_name(), and ":N" for the limit it begins with; `fixed` needs that.
 * "none" is a pacer that is off.
 * => TAYRA_OK; TAYRA_E_INVAL: why has the end of a line that begins with the text.
 */
int tayra__contender_read(const char *text, struct tayra__contender *out, char *why,
			  size_t why_len);
/* May it begin there under these settings?  What is fixed is not bound by them.  => TAYRA_OK;
 * TAYRA_E_INVAL: why has the end of a line that begins with its text. */
int tayra__contender_check(const struct tayra__contender *contender,
			   const struct tayra_pace_options *pace, char *why, size_t why_len);
/* All that learn.  Returns how many there are: the pacer's default first, in the order of the enum.
 */
size_t tayra__contender_all(struct tayra__contender out[TAYRA__CONTENDERS]);

#endif
