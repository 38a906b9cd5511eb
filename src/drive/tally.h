/* SPDX-License-Identifier: Apache-2.0
 *
 * tally.h: how one request counts.  Pure arithmetic on a result; the caller holds whatever lock
 * guards it.
 */
#ifndef TAYRA_DRIVE_TALLY_H
#define TAYRA_DRIVE_TALLY_H

#include "drive/drive.h"

/* Everything but the latency histogram to zero.  live: told of what is booked, or NULL. */
void tayra__tally_init(struct tayra__drive_result *result, struct tayra__live *live);
/* The slice begins, and is planned to last so long. */
void tayra__tally_begin(struct tayra__drive_result *result, uint64_t start_ns, uint64_t length_ns);
/* A request was handed over so late. */
void tayra__tally_lag(struct tayra__drive_result *result, uint64_t lag_ns);
/*
 * One that was called and ended.  Returns the latency it counts with.
 * => OK counts with the time it took, and as late past its deadline.
 * => Refused or failed: with the time to its deadline, or without one to slice_end_ns; with the
 *    time it took if that is longer.
 */
uint64_t tayra__tally_ended(struct tayra__drive_result *result, const struct tayra__call *call,
			    enum tayra__call_end end, uint64_t answer_ns, uint64_t slice_end_ns);
/* One that was given up at that moment without having begun: counts like a failed one.  Returns
 * the latency it counts with. */
uint64_t tayra__tally_abandoned(struct tayra__drive_result *result, const struct tayra__call *call,
				uint64_t now_ns, uint64_t slice_end_ns);

#endif
