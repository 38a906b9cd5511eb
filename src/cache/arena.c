/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/arena.h"

#include "base/hash.h"
#include "cache/policy.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <tayra/cache.h>

void *
tayra__arena_map(uint64_t bytes)
{
	void *arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return arena == MAP_FAILED ? NULL : arena;
}

void
tayra__arena_unmap(void *arena, uint64_t bytes)
{
	munmap(arena, bytes);
}

static uint64_t
checksum(const struct tayra__arena_header *header)
{
	return tayra__hash_bytes(header, offsetof(struct tayra__arena_header, checksum), 0);
}

void
tayra__arena_format(void *arena, const struct tayra__arena_plan *plan)
{
	struct tayra__arena_header *header = arena;

	memset(header, 0, sizeof(*header));
	memcpy(header->magic, TAYRA__ARENA_MAGIC, sizeof(header->magic));
	header->version = TAYRA__ARENA_VERSION;
	header->endian = TAYRA__ARENA_ENDIAN;
	header->bytes = plan->bytes;
	header->seed = plan->seed;
	header->charge_max = plan->charge_max;
	header->first_shard = TAYRA__ARENA_HEADER;
	/* Whole cache lines, so that no two shards share one. */
	header->shard_bytes = (plan->bytes - TAYRA__ARENA_HEADER) / plan->shards & ~63ull;
	header->shards = plan->shards;
	header->policy = plan->policy;
	header->checksum = checksum(header);
}

static bool
shards_fit(const struct tayra__arena_header *header)
{
	uint64_t all, end;

	if (header->shards == 0 || header->shards > TAYRA__ARENA_SHARDS_MAX ||
	    (header->shards & (header->shards - 1)) != 0)
		return false;
	if (header->first_shard != TAYRA__ARENA_HEADER || header->shard_bytes % 64 != 0 ||
	    header->shard_bytes < TAYRA__ARENA_SHARD_MIN / 2 ||
	    header->shard_bytes > TAYRA__POOL_MAX)
		return false;
	return !__builtin_mul_overflow(header->shard_bytes, (uint64_t)header->shards, &all) &&
	       !__builtin_add_overflow(all, header->first_shard, &end) && end <= header->bytes;
}

static int
refuse(int status, const char *text, const char **why)
{
	*why = text;
	return status;
}

int
tayra__arena_check(const void *arena, uint64_t bytes, const char **why)
{
	const struct tayra__arena_header *header = arena;

	*why = NULL;
	if (bytes < TAYRA__ARENA_HEADER)
		return refuse(TAYRA_E_CORRUPT, "shorter than an arena's header", why);
	if (memcmp(header->magic, TAYRA__ARENA_MAGIC, sizeof(header->magic)) != 0)
		return refuse(TAYRA_E_CORRUPT, "not an arena: wrong magic", why);
	if (header->endian != TAYRA__ARENA_ENDIAN)
		return refuse(TAYRA_E_UNSUPPORTED, "written with another byte order", why);
	if (header->version != TAYRA__ARENA_VERSION)
		return refuse(TAYRA_E_UNSUPPORTED, "written by another version", why);
	if (header->checksum != checksum(header))
		return refuse(TAYRA_E_CORRUPT, "header checksum does not match", why);
	if (header->features != 0)
		return refuse(TAYRA_E_UNSUPPORTED, "uses a feature this build lacks", why);
	if (header->bytes != bytes)
		return refuse(TAYRA_E_CORRUPT, "size is not what the header says", why);
	if (!shards_fit(header))
		return refuse(TAYRA_E_CORRUPT, "shards do not fit the arena", why);
	if (!tayra__policy_find((enum tayra_policy)header->policy))
		return refuse(TAYRA_E_UNSUPPORTED, "unknown eviction policy", why);
	return TAYRA_OK;
}

void *
tayra__arena_shard(void *arena, uint32_t number)
{
	const struct tayra__arena_header *header = arena;

	return (char *)arena + header->first_shard + number * header->shard_bytes;
}
