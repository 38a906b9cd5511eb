/* SPDX-License-Identifier: Apache-2.0
 *
 * room.h: making room in a shard by evicting.  The caller holds the shard's lock.
 */
#ifndef TAYRA_CACHE_ROOM_H
#define TAYRA_CACHE_ROOM_H

#include "cache/shard.h"

#include <stdint.h>

/* A block of `units`, evicting as the policy says; 0 when what is left is pinned or too scattered.
 */
uint32_t tayra__room_make(struct tayra__shard *shard, uint32_t units, enum tayra__block_kind kind);

/*
 * Evict until `charge` more fits under charge_max, counting what the key has now as gone already;
 * it may be evicted as well.
 * => charge <= charge_max.
 */
void tayra__room_make_charge(struct tayra__shard *shard, const struct tayra__key *key,
			     uint64_t charge);

/* Evict one resident item, whatever the policy thinks. */
void tayra__room_evict(struct tayra__shard *shard, uint32_t ref);

/* Give the indexes what they want to grow. */
void tayra__room_grow(struct tayra__shard *shard);

#endif
