/* SPDX-License-Identifier: Apache-2.0
 *
 * counter.h: a handle's counters, in stripes so that threads do not fight over a cache line.  Any
 * thread; a sum taken while others count is of some moment in between.
 */
#ifndef TAYRA_LOAD_COUNTER_H
#define TAYRA_LOAD_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

enum tayra__count {
	TAYRA__COUNT_HITS,
	TAYRA__COUNT_MISSES, /* requests that were not answered from the cache at once */
	TAYRA__COUNT_STALE,
	TAYRA__COUNT_THROTTLED,
	TAYRA__COUNT_AT_ONCE,
	TAYRA__COUNT_RESTED,
	TAYRA__COUNT_ABSENT,
	TAYRA__COUNT_JOINED,
	TAYRA__COUNT_LOADS,
	TAYRA__COUNT_LOAD_ERRORS,
	TAYRA__COUNT_LOAD_NS,
	TAYRA__COUNT_UNCHANGED,
	TAYRA__COUNT_WRITES,
	TAYRA__COUNT_WRITE_ERRORS,
	TAYRA__COUNT_LEASES,
	TAYRA__COUNT_LEASE_WAITS,
	TAYRA__COUNT_LEASE_TAKEOVERS,
	TAYRA__COUNT_SHED,
	TAYRA__COUNT_TIMEOUTS,
	TAYRA__COUNT_FILE_READ_NS,
	TAYRA__COUNT_FILE_WRITE_NS,
	TAYRA__COUNT_REMOTE_READ_NS,
	TAYRA__COUNT_REMOTE_WRITE_NS,
	TAYRA__COUNTS
};

#define TAYRA__COUNTER_STRIPES 16

struct tayra__counters {
	struct {
		_Alignas(128) _Atomic uint64_t count[TAYRA__COUNTS];
	} stripes[TAYRA__COUNTER_STRIPES];
};

/* Of the calling thread: 0 .. TAYRA__COUNTER_STRIPES - 1. */
unsigned tayra__counters_stripe(void);
void tayra__counters_add(struct tayra__counters *counters, enum tayra__count which, uint64_t n);
uint64_t tayra__counters_sum(const struct tayra__counters *counters, enum tayra__count which);

#endif
