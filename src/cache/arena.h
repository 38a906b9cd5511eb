/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.h: the one mapping of a cache: a header page, then shards of equal size.  Addressed by
 * offset from its start, so that it can become a file or shared memory.  Written once, at creation.
 */
#ifndef TAYRA_CACHE_ARENA_H
#define TAYRA_CACHE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__ARENA_MAGIC      "TAYRARAM"
#define TAYRA__ARENA_VERSION    1u
#define TAYRA__ARENA_ENDIAN     0x01020304u /* reads otherwise on a machine of the other kind */
#define TAYRA__ARENA_HEADER     4096u       /* bytes before the first shard */
#define TAYRA__ARENA_SHARDS_MAX 4096u
#define TAYRA__ARENA_SHARD_MIN  (256ull << 10) /* bytes */

struct tayra__arena_header {
	char magic[8];
	uint32_t version;
	uint32_t endian;
	uint64_t features; /* bits a reader must know; none are defined yet */
	uint64_t bytes;    /* of the whole arena */
	uint64_t seed;     /* of the key hash: secret */
	uint64_t charge_max;
	uint64_t first_shard; /* offset */
	uint64_t shard_bytes; /* from one shard to the next */
	uint32_t shards;      /* a power of two */
	uint32_t policy;      /* enum tayra_policy */
	uint64_t checksum;    /* of everything above */
};

struct tayra__arena_plan {
	uint64_t bytes, seed, charge_max;
	uint32_t shards, policy;
};

/* Zeroed memory that takes no RAM until it is touched; NULL when there is none. */
void *tayra__arena_map(uint64_t bytes);
void tayra__arena_unmap(void *arena, uint64_t bytes);

/* Write the header.  => the plan is within the limits above. */
void tayra__arena_format(void *arena, const struct tayra__arena_plan *plan);

/*
 * Is this a whole arena of ours?  Reads nothing but the header; `bytes` is how much there is.
 * => TAYRA_OK, TAYRA_E_CORRUPT, TAYRA_E_UNSUPPORTED (another version, byte order or feature); *why
 * is then one static line, else NULL.
 */
int tayra__arena_check(const void *arena, uint64_t bytes, const char **why);

void *tayra__arena_shard(void *arena, uint32_t number);

#endif
