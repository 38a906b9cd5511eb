/* SPDX-License-Identifier: Apache-2.0
 *
 * tier.h: a place below RAM where values outlive the process or are shared with others.  Load asks
 * it after RAM and before the origin.  A tier only ever forgets: whatever goes wrong in it is a
 * miss, never a wrong value.
 *
 * Time is an argument, wall_ms: Unix time in milliseconds.  A value is served while
 * born_ms <= wall_ms < expire_ms.  Every call may be made from any thread, except close.
 */
#ifndef TAYRA_TIER_TIER_H
#define TAYRA_TIER_TIER_H

#include <tayra/base.h>

/* What is known of a value besides its bytes.  Times are wall_ms. */
struct tayra__tier_meta {
	uint64_t born_ms;   /* when the bytes were true */
	uint64_t fresh_ms;  /* stale from then on; carried, not acted on */
	uint64_t expire_ms; /* gone from then on; UINT64_MAX: never */
	uint64_t version;   /* the origin's, or 0 */
	uint64_t cost_ns;   /* what loading it took; kept to a microsecond, at most 71 minutes */
};

/* A value read; given back with tayra__tier_value_free(). */
struct tayra__tier_value {
	const void *data;
	size_t len;
	struct tayra__tier_meta meta;
	void *block; /* private */
};

struct tayra__tier_stats {
	uint64_t hits, misses, puts, deletes;
	uint64_t refused; /* puts that were not kept */
	uint64_t items, bytes, limit_bytes;
	uint64_t index_bytes;               /* of RAM */
	uint64_t read_bytes, written_bytes; /* since it was opened */
	uint64_t reclaimed;                 /* segments */
	uint64_t corrupt;                   /* values found damaged, and missed */
	uint64_t io_errors;
	bool out; /* stepped out after an error; it tries again by itself */
};

struct tayra__tier;

struct tayra__tier_ops {
	/* => TAYRA_OK, TAYRA_E_NOT_FOUND, TAYRA_E_IO (stepped out, or the read failed),
	 *    TAYRA_E_NOMEM.  All but OK are a miss to the caller. */
	int (*get)(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
		   struct tayra__tier_value *out);
	/* Store a copy, replacing what was there; when it fails, what was there is gone too.
	 * => TAYRA_OK, TAYRA_E_TOO_LARGE, TAYRA_E_IO, TAYRA_E_NOMEM. */
	int (*put)(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
		   size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms);
	/* => TAYRA_OK; TAYRA_E_NOT_FOUND: it is not there, and will not be after a restart;
	 *    TAYRA_E_IO: not served any more, but see the tier's promise about restarts. */
	int (*remove)(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms);
	/* Try again what failed.  Call it every second or so.  => when next, on wall_ms. */
	uint64_t (*tick)(struct tayra__tier *tier, uint64_t wall_ms);
	void (*stats)(struct tayra__tier *tier, struct tayra__tier_stats *out);
	/* No call may be running.  => TAYRA_OK, TAYRA_E_IO; it is closed either way. */
	int (*close)(struct tayra__tier *tier);
};

/* Embedded first in an implementation. */
struct tayra__tier {
	const char *name; /* "file", "remote": static */
	const struct tayra__tier_ops *ops;
};

/* Zeroes it; freeing a zeroed one does nothing. */
void tayra__tier_value_free(struct tayra__tier_value *value);

#endif
