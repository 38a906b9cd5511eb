/* SPDX-License-Identifier: Apache-2.0
 *
 * land.h: the end of a flight: what it brought is kept, what it disproved is removed, everyone who
 * waited is answered, and pace is told how it went.  Exactly once a load.
 */
#ifndef TAYRA_LOAD_LAND_H
#define TAYRA_LOAD_LAND_H

#include <tayra/tayra.h>

/* How a load ended. */
struct tayra__landing {
	int status; /* TAYRA_OK: the value is in flight->hold */
	uint64_t retry_after_ns;
	enum tayra_outcome outcome; /* for pace */
	struct tayra_load_result result;
	/* Not NULL: the origin has nothing newer than what was cached, which the hold pins, and
	 * that was known of it. */
	const struct tayra_item_meta *unchanged;
};

/* When a value stored now turns stale and goes.  TAYRA_OFF as ttl: at once; as stale: not later
 * than that. */
struct tayra_item_meta tayra__meta_for(uint64_t now_ms, uint64_t ttl_ms, uint64_t stale_ms);
/* The ttl, less the strategy's jitter. */
uint64_t tayra__ttl_shortened(const struct tayra *t, const void *key, size_t key_len,
			      uint64_t ttl_ms, uint64_t now_ms);
/* End a running flight that the caller has claimed.  Lock not held; the flight is gone. */
void tayra__land(struct tayra_load *flight, const struct tayra__landing *landing);
/* A value was found below for an entering flight, and is in its hold.  Keep it; and if it is fresh
 * and nobody asked for a new one, end the flight with it.  Lock not held.  => whether it has ended;
 * if not, its hold is empty. */
bool tayra__land_found(struct tayra_load *flight, const struct tayra_item_meta *meta,
		       enum tayra_tier tier);
/* Others have found out that it is not to be had.  The same, but the flight's hold stays. */
bool tayra__land_absent(struct tayra_load *flight, const struct tayra_item_meta *meta);
/* End a flight that pace did not let in, or that has no loader.  Lock held; the flight may be gone.
 */
void tayra__land_shed(struct tayra_load *flight, int status, uint64_t retry_after_ns);

#endif
