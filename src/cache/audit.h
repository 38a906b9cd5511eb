/* SPDX-License-Identifier: Apache-2.0
 *
 * audit.h: for tests: does everything a cache believes agree?
 */
#ifndef TAYRA_CACHE_AUDIT_H
#define TAYRA_CACHE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

struct tayra_cache;
struct tayra__pool;

/*
 * Walk every shard, one lock at a time: blocks against free lists, index against queues against
 * blocks, charges and bytes against their sums, ghosts against their bounds, pins against
 * pinned_bytes.  Pins are compared only when `quiet`: nobody else uses the cache.
 * Returns true when all agree; else `text` names the first thing that does not.
 */
enum tayra__audit_mode { TAYRA__AUDIT_BUSY, TAYRA__AUDIT_QUIET };
bool tayra__cache_audit(struct tayra_cache *cache, enum tayra__audit_mode mode, char *text,
			size_t text_size);

/* The allocator alone. */
bool tayra__pool_audit(struct tayra__pool *pool, char *text, size_t text_size);

#endif
