/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/pool.h"

#include <assert.h>
#include <string.h>

#define SL_LOG 5

struct free_block {
	struct tayra__block block;
	uint32_t next, prev; /* in the list of its class */
};

static struct free_block *
free_at(struct tayra__pool *pool, uint32_t ref)
{
	return tayra__pool_at(pool, ref);
}

static struct tayra__block *
block_at(struct tayra__pool *pool, uint32_t ref)
{
	return tayra__pool_at(pool, ref);
}

static uint32_t
log2_floor(uint32_t x)
{
	return 31 - (uint32_t)__builtin_clz(x);
}

void
tayra__pool_class(uint32_t units, uint32_t *fl, uint32_t *sl)
{
	if (units < TAYRA__POOL_SL) {
		*fl = 0;
		*sl = units;
		return;
	}
	uint32_t log = log2_floor(units);

	*fl = log - SL_LOG + 1;
	*sl = (units >> (log - SL_LOG)) & (TAYRA__POOL_SL - 1);
}

uint32_t
tayra__pool_fit_units(uint32_t units)
{
	if (units < TAYRA__POOL_SL)
		return units;
	uint32_t step = 1u << (log2_floor(units) - SL_LOG);

	return (units + step - 1) & ~(step - 1);
}

static void
set_block(struct tayra__pool *pool, uint32_t ref, uint32_t units, enum tayra__block_kind kind)
{
	block_at(pool, ref)->head = units << 3 | kind;
	block_at(pool, ref + units)->prev_units = units;
}

static void
list_free(struct tayra__pool *pool, uint32_t ref)
{
	struct free_block *block = free_at(pool, ref);
	uint32_t fl, sl;

	tayra__pool_class(tayra__block_units(&block->block), &fl, &sl);
	block->prev = 0;
	block->next = pool->heads[fl][sl];
	if (block->next)
		free_at(pool, block->next)->prev = ref;
	pool->heads[fl][sl] = ref;
	pool->sl_map[fl] |= 1u << sl;
	pool->fl_map |= 1u << fl;
}

static void
unlist_free(struct tayra__pool *pool, uint32_t ref)
{
	const struct free_block *block = free_at(pool, ref);
	uint32_t fl, sl;

	tayra__pool_class(tayra__block_units(&block->block), &fl, &sl);
	if (block->next)
		free_at(pool, block->next)->prev = block->prev;
	if (block->prev) {
		free_at(pool, block->prev)->next = block->next;
		return;
	}
	pool->heads[fl][sl] = block->next;
	if (block->next)
		return;
	pool->sl_map[fl] &= ~(1u << sl);
	if (pool->sl_map[fl] == 0)
		pool->fl_map &= ~(1u << fl);
}

void
tayra__pool_init(struct tayra__pool *pool, uint64_t bytes, uint64_t reserved)
{
	uint64_t first = (reserved + TAYRA__UNIT_BYTES - 1) / TAYRA__UNIT_BYTES;
	uint64_t end = bytes / TAYRA__UNIT_BYTES - 1;

	assert(bytes <= TAYRA__POOL_MAX && reserved >= sizeof(*pool) && first < end);
	memset(pool, 0, sizeof(*pool));
	pool->first = (uint32_t)first;
	pool->end = (uint32_t)end;
	pool->free_units = pool->end - pool->first;
	block_at(pool, pool->end)->head = TAYRA__BLOCK_END;
	block_at(pool, pool->first)->prev_units = 0;
	set_block(pool, pool->first, pool->free_units, TAYRA__BLOCK_FREE);
	list_free(pool, pool->first);
}

/* The head of the first list whose every block has `units` or more. */
static uint32_t
find_fit(const struct tayra__pool *pool, uint32_t units)
{
	uint32_t fl, sl, rows, classes;

	tayra__pool_class(tayra__pool_fit_units(units), &fl, &sl);
	if (fl >= TAYRA__POOL_FL)
		return 0;
	classes = pool->sl_map[fl] & (~0u << sl);
	if (classes == 0) {
		rows = pool->fl_map & (~0u << fl << 1);
		if (rows == 0)
			return 0;
		fl = (uint32_t)__builtin_ctz(rows);
		classes = pool->sl_map[fl];
	}
	return pool->heads[fl][__builtin_ctz(classes)];
}

uint32_t
tayra__pool_alloc(struct tayra__pool *pool, uint32_t units, enum tayra__block_kind kind)
{
	uint32_t ref = find_fit(pool, units);

	if (ref == 0)
		return 0;
	unlist_free(pool, ref);
	uint32_t spare = tayra__block_units(block_at(pool, ref)) - units;

	if (spare > 0) {
		set_block(pool, ref + units, spare, TAYRA__BLOCK_FREE);
		list_free(pool, ref + units);
	}
	set_block(pool, ref, units, kind);
	pool->free_units -= units;
	return ref;
}

void
tayra__pool_free(struct tayra__pool *pool, uint32_t ref)
{
	const struct tayra__block *block = block_at(pool, ref);
	uint32_t units = tayra__block_units(block);
	uint32_t next = ref + units;

	assert(ref >= pool->first && ref < pool->end);
	assert(tayra__block_kind(block) != TAYRA__BLOCK_FREE);
	pool->free_units += units;
	if (tayra__block_kind(block_at(pool, next)) == TAYRA__BLOCK_FREE) {
		unlist_free(pool, next);
		units += tayra__block_units(block_at(pool, next));
	}
	if (block->prev_units) {
		uint32_t prev = ref - block->prev_units;

		if (tayra__block_kind(block_at(pool, prev)) == TAYRA__BLOCK_FREE) {
			unlist_free(pool, prev);
			units += ref - prev;
			ref = prev;
		}
	}
	set_block(pool, ref, units, TAYRA__BLOCK_FREE);
	list_free(pool, ref);
}
