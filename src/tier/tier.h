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

#include <pthread.h>

#include <tayra/base.h>

/* What is known of a value besides its bytes.  Times are wall_ms. */
struct tayra__tier_meta {
	uint64_t born_ms;   /* when the bytes were true */
	uint64_t fresh_ms;  /* stale from then on; carried, not acted on */
	uint64_t expire_ms; /* gone from then on; UINT64_MAX: never */
	uint64_t version;   /* the origin's, or 0 */
	uint64_t cost_ns;   /* what loading it took; kept to a microsecond, at most 71 minutes */
	/* How many hashes of 8 bytes the value ends with, for whoever gave it; carried, at most
	 * 255. */
	uint32_t tags;
	bool absent; /* known not to be had: no bytes.  Of tiers that others share */
};

/* The right to load a key, among all who share a tier. */
struct tayra__tier_lease {
	uint64_t ns;    /* for how long it is asked for; then somebody else may have it */
	uint64_t token; /* filled in: not 0: it was given */
	bool held;      /* filled in: somebody else has it */
};

struct tayra__tier_leased {
	const void *key;
	size_t key_len;
	uint64_t token;
};
#define TAYRA__TIER_LEASES 32u /* given back, or renewed, at a time */

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
	/*
	 * NULL, or what a tier that others write to has for values that were loaded, which began at
	 * born_ms of meta's: as put, but not over what others put or removed at that moment or
	 * later (as far back as a load may take).  Else a value loaded before somebody's change
	 * would replace the change.  Changes through this tier itself the caller keeps in order.
	 * => as put; TAYRA_E_NOT_FOUND: nothing was stored, for that reason, or in doubt.
	 */
	int (*offer)(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
		     size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms);
	/* => TAYRA_OK; TAYRA_E_NOT_FOUND: it is not there, and will not be after a restart;
	 *    TAYRA_E_IO: not served any more, but see the tier's promise about restarts. */
	int (*remove)(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms);
	/*
	 * Remove every key that begins so; of no bytes: all.  May take time as there are keys, and
	 * may forget more than it has to.
	 * => TAYRA_OK; TAYRA_E_IO: not served any more, but see the tier's promise about restarts.
	 */
	int (*clear)(struct tayra__tier *tier, const void *prefix, size_t prefix_len,
		     uint64_t wall_ms);
	/* Try again what failed.  Call it every second or so.  => when next, on wall_ms. */
	uint64_t (*tick)(struct tayra__tier *tier, uint64_t wall_ms);
	void (*stats)(struct tayra__tier *tier, struct tayra__tier_stats *out);
	/* No call may be running.  => TAYRA_OK, TAYRA_E_IO; it is closed either way. */
	int (*close)(struct tayra__tier *tier);
	/*
	 * NULL, or what a tier that others share has so that one of them loads a key: take the
	 * lease if nobody has it, then get.  Neither given nor held: there is none to be had now,
	 * and whoever asked loads.  What is given is given back with `release`, or runs out.
	 * => as get.
	 */
	int (*lease)(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
		     struct tayra__tier_lease *lease, struct tayra__tier_value *out);
	/* Up to TAYRA__TIER_LEASES, each only if it still is that lease. */
	void (*release)(struct tayra__tier *tier, const struct tayra__tier_leased *leases,
			size_t count);
	/* The same: they last so long from now on. */
	void (*renew)(struct tayra__tier *tier, const struct tayra__tier_leased *leases,
		      size_t count, uint64_t ns);
	/*
	 * NULL, or what a tier that others share has: say to them that whatever has a tag of that
	 * hash is to be forgotten.  What lies in the tier is not touched: whoever finds it was
	 * told.
	 * => TAYRA_OK; TAYRA_E_IO: not known to be said.  It will be before anything is got again,
	 *    unless the server refuses it.
	 */
	int (*tell_tag)(struct tayra__tier *tier, uint64_t hash);
};

/* The key was changed by somebody else; NULL: anything may have been, distrust all that came from
 * here or was put here. */
typedef void (*tayra__tier_changed_fn)(void *ctx, const void *key, size_t key_len);
/* Somebody else has said so of a tag. */
typedef void (*tayra__tier_tagged_fn)(void *ctx, uint64_t hash);

/* Embedded first in an implementation, which calls init and fini. */
struct tayra__tier {
	const char *name; /* "file", "remote": static */
	const struct tayra__tier_ops *ops;
	pthread_mutex_t watching; /* held while it is told */
	tayra__tier_changed_fn changed;
	tayra__tier_tagged_fn tagged;
	void *changed_ctx;
};

void tayra__tier_init(struct tayra__tier *tier, const char *name,
		      const struct tayra__tier_ops *ops);
void tayra__tier_fini(struct tayra__tier *tier);
/* From now on `changed` is told; NULL: nobody is, and nobody is being told when this returns.  One
 * at a time. */
void tayra__tier_watch(struct tayra__tier *tier, tayra__tier_changed_fn changed, void *ctx);
/* And `tagged`, until tayra__tier_watch() is called again. */
void tayra__tier_watch_tags(struct tayra__tier *tier, tayra__tier_tagged_fn tagged);
/*
 * For an implementation whose values others may change: tell of every change by others of what was
 * got or put here since, as soon as it is known.  Not of what was changed through this tier itself,
 * if that can be told apart: it costs the copies above.  When it can no longer be known (the
 * connection that says it is lost), key NULL: at once, and again before the first get that is
 * answered after it can be known once more.  Any thread, from inside a call of the tier's too,
 * with no lock that such a call takes: `changed` does not call this tier, but may write to another.
 */
void tayra__tier_changed(struct tayra__tier *tier, const void *key, size_t key_len);
/* The same of a tag; one that nobody could say is in the NULL of the above. */
void tayra__tier_tagged(struct tayra__tier *tier, uint64_t hash);

/* Zeroes it; freeing a zeroed one does nothing. */
void tayra__tier_value_free(struct tayra__tier_value *value);

#endif
