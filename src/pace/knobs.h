/* SPDX-License-Identifier: Apache-2.0
 *
 * knobs.h: what of struct tayra_pace_options can be written as text, as rows (base/knob.h): for
 * tayra_pace_set(), and for whoever reads a configuration into such a struct.
 */
#ifndef TAYRA_PACE_KNOBS_H
#define TAYRA_PACE_KNOBS_H

#include "base/knob.h"

#include <tayra/pace.h>

/* In the order of their enums, ended by NULL. */
extern const char *const tayra__pace_modes[];
extern const char *const tayra__pace_limiters[];

/* Of struct tayra_pace_options; what a row says of 0 in the struct is its default. */
extern const struct tayra__knob tayra__pace_knobs[];

/* What tayra_pace_set() would say; nothing changes. */
int tayra__pace_check(struct tayra_pace *pace, const char *name, const char *text, char *why,
		      size_t why_len);

#define TAYRA__PACE_LIMIT_KNOB_MAX 1000000

/* The rows of all that is no limit, limiter or mode, and is not for programs alone; AT(member) is
 * where in the struct a member of tayra_pace_options is. */
/* clang-format off */
#define TAYRA__PACE_RULE_KNOBS(AT) \
	{ "increase", TAYRA__KNOB_NUMBER, AT(increase), "N", 1, 10, NULL, 0, "1.1", \
	  "aimd: factor of a window in which all was well" }, \
	{ "decrease", TAYRA__KNOB_NUMBER, AT(decrease), "N", 0.01, 1, NULL, 0, "0.9", \
	  "aimd: factor of any other" }, \
	{ "cpu_max", TAYRA__KNOB_NUMBER, AT(cpu_max), "SHARE|off", 0.01, 1, NULL, 0, \
	  "0.8; elasticity off", \
	  "of the processors, where there is a sensor", "off", 1 }, \
	{ "memory_max", TAYRA__KNOB_NUMBER, AT(memory_max), "SHARE|off", 0.01, 1, NULL, 0, "0.85", \
	  "of the memory, where there is a sensor", "off", 1 }, \
	{ "memory_stall_max", TAYRA__KNOB_NUMBER, AT(memory_stall_max), "SHARE|off", 0.01, 1, NULL, \
	  0, "0.1", "of the time, that tasks wait for memory, where there is a sensor", "off", 1 }, \
	{ "io_stall_max", TAYRA__KNOB_NUMBER, AT(io_stall_max), "SHARE|off", 0.01, 1, NULL, 0, \
	  "0.2; elasticity off", "of the time, that all wait for I/O, where there is a sensor", \
	  "off", 1 }, \
	{ "error_max", TAYRA__KNOB_NUMBER, AT(error_max), "SHARE|off", 1e-4, 1, NULL, 0, "0.05", \
	  "of answers that are drops (aimd: errors of any kind); elasticity: a fifth, if that is " \
	  "more", "off", 1 }, \
	{ "p90_target", TAYRA__KNOB_NANOSECONDS, AT(p90_target_ns), "DURATION", 0, 0, NULL, 0, \
	  "100ms", "what aimd calls slow, and latency steers to" }, \
	{ "p90_max", TAYRA__KNOB_NANOSECONDS, AT(p90_max_ns), "DURATION|off", 0, 0, NULL, 0, \
	  "off", "elasticity: a p90 of the backend above it cuts the limit", "off", 0 }, \
	{ "dither", TAYRA__KNOB_NUMBER, AT(dither), "SHARE", 0.01, 1, NULL, 0, "0.15", \
	  "elasticity: how far it looks up and down" }, \
	{ "price", TAYRA__KNOB_NUMBER, AT(price), "N", 0.001, 1, NULL, 0, "0.1", \
	  "elasticity: percent of throughput that 1% more at once must buy" }, \
	{ "window", TAYRA__KNOB_NANOSECONDS, AT(window_ns), "DURATION", 1e6, 0, NULL, 0, \
	  "250ms; elasticity 50ms", "of the limiter" }, \
	{ "window_min", TAYRA__KNOB_COUNT, AT(window_min), "N", 1, 1000000, NULL, 0, "10", \
	  "answers; fewer in a window decide nothing" }, \
	{ "queue", TAYRA__KNOB_COUNT, AT(queue_max), "N|none", 1, 1000000, NULL, 0, "1024", \
	  "waiting requests a class", "none", TAYRA_QUEUE_NONE }, \
	{ "codel_target", TAYRA__KNOB_NANOSECONDS, AT(codel_target_ns), "DURATION|auto", 0, 0, \
	  NULL, 0, "auto: 5ms, or a tenth of the time to the deadline", \
	  "a wait that is too long, if it does not end", "auto", 0 }, \
	{ "codel_interval", TAYRA__KNOB_NANOSECONDS, AT(codel_interval_ns), "DURATION", 0, 0, \
	  NULL, 0, "100ms", "how long it may last" }, \
	{ "deadline_deviations", TAYRA__KNOB_NUMBER, AT(deadline_deviations), "N|off", 0.01, \
	  1000, NULL, 0, "2", \
	  "who has less left than the mean service time and so many deviations is shed", "off", \
	  -1 }, \
	{ "share_critical", TAYRA__KNOB_NUMBER, AT(share_critical), "SHARE", 0.01, 1, NULL, 0, \
	  "0.6", "of what is served, for critical, while others wait" }, \
	{ "share_min", TAYRA__KNOB_NUMBER, AT(share_min), "SHARE", 1e-4, 0.2, NULL, 0, "0.02", \
	  "that each class has at least" }
/* clang-format on */

#endif
