/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.h: the RAM tier on its own.  A bounded, sharded, thread-safe map from bytes to bytes with
 * expiry and eviction.  It knows no loader, no clock and no network: time is an argument.
 *
 * Ownership.  Keys and values passed in are borrowed for the call and copied.  A value handed out
 * is pinned: its bytes stay valid and unchanged until tayra_cache_unpin(), from any thread, even
 * after the key was deleted, replaced or expired.  tayra_cache_destroy() with pins still out is
 * allowed: the memory goes when the last of them is given back.
 *
 * Time.  `now_ms` is milliseconds on any clock that does not go back, the same one for every call
 * on one cache.  An item is served while now_ms < expire_ms: never later.
 *
 * Memory.  memory_bytes bounds everything the cache uses: items, index, queues, ghosts, free
 * space.  It is one mapping, addressed by offset inside, never by pointer.
 *
 * Threads.  Every call may be made from any thread, except create and destroy.
 */
#ifndef TAYRA_CACHE_H
#define TAYRA_CACHE_H

#include <tayra/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tayra_cache;

enum tayra_policy {
	TAYRA_POLICY_S3FIFO =
		0, /* Yang et al., "FIFO queues are all you need for cache eviction", SOSP'23 */
	TAYRA_POLICY_LRU = 1,
	TAYRA_POLICY_TAYRA = 2, /* learns which items will be used; S3-FIFO or sampled LRU where
				   that loses.  Costs 8 bytes an item and 6 to 10% of memory; a
				   shard under 4 MiB learns nothing and is S3-FIFO */
};
/* "s3fifo", "lru", "tayra"; NULL for anything else. */
TAYRA_API const char *tayra_policy_name(enum tayra_policy policy);

/* What TAYRA_POLICY_TAYRA saves: misses, missed bytes (as charged), or the cost_ns of loading. */
enum tayra_objective {
	TAYRA_OBJECTIVE_REQUESTS = 0,
	TAYRA_OBJECTIVE_BYTES = 1,
	TAYRA_OBJECTIVE_COST = 2,
};

/* What TAYRA_POLICY_TAYRA does with what it learns. */
enum tayra_learning {
	TAYRA_LEARNING_ON = 0,
	TAYRA_LEARNING_MONITOR = 1, /* learn and compare, but evict as S3-FIFO: see stats */
	TAYRA_LEARNING_OFF = 2,     /* S3-FIFO, nothing learned */
};

#define TAYRA_KEY_MAX          65535u       /* bytes */
#define TAYRA_VALUE_MAX        (512u << 20) /* bytes; with its key at most a quarter of a shard */
#define TAYRA_CACHE_MEMORY_MIN (1u << 20)   /* bytes */

struct tayra_cache_options {
	size_t size;
	uint64_t memory_bytes; /* hard limit; default 64 MiB; at least TAYRA_CACHE_MEMORY_MIN */
	uint64_t charge_max; /* bound on the sum of what items are charged; 0: only memory bounds */
	uint64_t pinned_max_bytes; /* bytes that may be pinned at once; default memory_bytes / 4 */
	uint64_t seed;             /* of the key hash; 0: from the operating system */
	uint32_t shards;           /* power of two; 0: by cores and memory */
	enum tayra_policy policy;
	enum tayra_objective objective; /* of TAYRA_POLICY_TAYRA, as the next one */
	enum tayra_learning learning;   /* to begin with: tayra_cache_set_learning changes it */
};
#define TAYRA_CACHE_OPTIONS_INIT TAYRA__SIZED(struct tayra_cache_options)

/* => TAYRA_E_INVAL, TAYRA_E_NOMEM.  NULL options mean all defaults. */
TAYRA_API int tayra_cache_create(const struct tayra_cache_options *options,
				 struct tayra_cache **out);
TAYRA_API void tayra_cache_destroy(struct tayra_cache *cache);

/* From now on.  What was learned is kept, but turned off it grows old.
 * => TAYRA_OK, TAYRA_E_INVAL for no such mode, TAYRA_E_UNSUPPORTED for another policy. */
TAYRA_API int tayra_cache_set_learning(struct tayra_cache *cache, enum tayra_learning learning);

/* What is known of an item besides its bytes. */
struct tayra_item_meta {
	uint64_t born_ms;   /* when the bytes were true: age is now_ms - born_ms */
	uint64_t fresh_ms;  /* stale from this moment on; UINT64_MAX: never.  Carried for load, not
			       acted on */
	uint64_t expire_ms; /* gone from this moment on; UINT64_MAX: never */
	uint64_t cost_ns;   /* what loading it took; kept with about 1% precision */
	uint64_t version;   /* the origin's version, or 0 */
	uint64_t charge;    /* what it counts against charge_max; 0 on put, or without charge_max:
			       the bytes it occupies */
	uint32_t flags;     /* TAYRA_ITEM_*; 16 bits are kept, of which 0xff00 are load's */
};
#define TAYRA_ITEM_FAILED  1u /* kept past its time because a reload failed */
#define TAYRA_ITEM_LOADING 2u /* past its time, and being loaded anew */
#define TAYRA_ITEM_STALE   (TAYRA_ITEM_FAILED | TAYRA_ITEM_LOADING) /* whatever fresh_ms says */

/* A pinned value.  `data` is NULL only when `len` is 0. */
struct tayra_value {
	const void *data;
	size_t len;
	struct tayra_item_meta meta;
	void *pin; /* private */
};

/*
 * Look a key up and pin what is found.
 * => TAYRA_OK, TAYRA_E_NOT_FOUND (also when expired), TAYRA_E_FULL when pinning it would pass
 *    pinned_max_bytes (counted as a miss), TAYRA_E_TOO_LARGE for a key over TAYRA_KEY_MAX.
 */
TAYRA_API int tayra_cache_get(struct tayra_cache *cache, const void *key, size_t key_len,
			      uint64_t now_ms, struct tayra_value *out);

/*
 * Store a copy of the bytes under the key, replacing what was there.  NULL meta: born now, never
 * stale, never expires.  A failed put removes the old value: what is cached is never older than
 * the last put.  Replacing a value is a use to LRU; S3-FIFO keeps the key's place.
 * => TAYRA_OK, TAYRA_E_TOO_LARGE (also when charged more than a shard's part of charge_max),
 *    TAYRA_E_FULL.
 */
TAYRA_API int tayra_cache_put(struct tayra_cache *cache, const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      const struct tayra_item_meta *meta, uint64_t now_ms);

/*
 * Zero copy: reserve room, write into *data, then commit (the key becomes visible) or abandon.
 * A reservation is pinned and invisible, and counts as memory in use.  After commit with a
 * non-NULL `out` the caller holds one pin on the value; with NULL it is let go.  Abandoning leaves
 * what the key had, and so does a reserve that fails: there is nothing newer yet.
 * => reserve: as put.  commit: TAYRA_OK, or TAYRA_E_FULL with the reservation abandoned.
 */
struct tayra_reservation {
	void *data;
	size_t len;
	void *pin; /* private */
};
TAYRA_API int tayra_cache_reserve(struct tayra_cache *cache, const void *key, size_t key_len,
				  size_t value_len, uint64_t now_ms, struct tayra_reservation *out);
TAYRA_API int tayra_cache_commit(struct tayra_cache *cache, struct tayra_reservation *reservation,
				 const struct tayra_item_meta *meta, uint64_t now_ms,
				 struct tayra_value *out);
TAYRA_API void tayra_cache_abandon(struct tayra_cache *cache,
				   struct tayra_reservation *reservation);

/* => TAYRA_OK, TAYRA_E_NOT_FOUND. */
TAYRA_API int tayra_cache_delete(struct tayra_cache *cache, const void *key, size_t key_len);

/* Change when a resident item turns stale, expires, and its flags, if its version is still
 * `version`.  Does not count as a use.  What expired but was not removed yet lives again.  =>
 * TAYRA_OK, TAYRA_E_NOT_FOUND. */
TAYRA_API int tayra_cache_touch(struct tayra_cache *cache, const void *key, size_t key_len,
				uint64_t version, uint64_t fresh_ms, uint64_t expire_ms,
				uint32_t flags);

/* Give a pin back.  Any thread, any time, once a pin; never blocks on more than a shard lock.
 * The value is zeroed; unpinning a zeroed value does nothing. */
TAYRA_API void tayra_cache_unpin(struct tayra_cache *cache, struct tayra_value *value);

/* Remove what has expired, looking at no more than `budget` items (0: a default).  Returns how
 * many were removed.  Call it now and then; correctness does not depend on it. */
TAYRA_API uint64_t tayra_cache_tick(struct tayra_cache *cache, uint64_t now_ms, uint64_t budget);

/*
 * Walk over what is cached.  Begin with cursor 0 and go on with what is returned, until that is 0.
 * A call looks at about `budget` items (0: a default).  Every key that is there from the first call
 * to the last is visited at least once, some twice; what comes, goes or has expired meanwhile may
 * be visited or not.  Any number is a legal cursor: one that was never returned begins somewhere.
 * Being visited is not a use.
 * `visit` runs under a lock: it must be short and call nothing on this cache.  The key is borrowed
 * for its call.
 */
typedef void (*tayra_scan_fn)(void *arg, const void *key, size_t key_len,
			      const struct tayra_item_meta *meta);
TAYRA_API uint64_t tayra_cache_scan(struct tayra_cache *cache, uint64_t cursor, uint64_t budget,
				    uint64_t now_ms, tayra_scan_fn visit, void *arg);

TAYRA_API void tayra_cache_clear(struct tayra_cache *cache);

struct tayra_cache_stats {
	size_t size;
	uint64_t hits, misses, puts, deletes;
	uint64_t evictions, expirations,
		rejections; /* rejections: puts refused as too large or full */
	uint64_t items, ghosts;
	uint64_t charge;       /* sum of charges of resident items */
	uint64_t used_bytes;   /* of memory_bytes: everything but free blocks */
	uint64_t item_bytes;   /* keys and values alone */
	uint64_t memory_bytes; /* the limit */
	uint64_t pinned_bytes;
	/* Of TAYRA_POLICY_TAYRA: shards that learn, and those of them where the learned order, or
	 * sampled LRU, is now thought to miss least; what they do unless they only monitor. */
	uint32_t learning_shards, learned_shards, lru_shards;
};
#define TAYRA_CACHE_STATS_INIT TAYRA__SIZED(struct tayra_cache_stats)
TAYRA_API void tayra_cache_stats(struct tayra_cache *cache, struct tayra_cache_stats *out);

#ifdef __cplusplus
}
#endif
#endif
