/* SPDX-License-Identifier: Apache-2.0
 *
 * tag.c: a set of eight places for each value of nine bits of a hash.
 */
#include "load/tag.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define SEED 0x7461677374617967ull /* the same in every process: tiers keep hashes */

struct tayra__tag_entry {
	_Atomic uint64_t hash; /* 0: there is none */
	_Atomic uint64_t erased_ms, aged_ms;
	uint64_t number; /* handle.lock */
};

int
tayra__tags_check(const struct tayra_tag *tags, size_t count)
{
	if (count > TAYRA_TAGS_MAX || (!tags && count > 0))
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < count; i++) {
		if (!tags[i].bytes && tags[i].len > 0)
			return TAYRA_E_INVAL;
		if (tags[i].len > TAYRA_KEY_MAX)
			return TAYRA_E_TOO_LARGE;
	}
	return TAYRA_OK;
}

uint64_t
tayra__tag_hash(const void *tag, size_t tag_len)
{
	uint64_t hash = tayra__hash_bytes(tag, tag_len, SEED);

	return hash ? hash : 1;
}

struct tayra__tags
tayra__tags_of(const struct tayra_tag *tags, size_t count)
{
	struct tayra__tags out = { .count = (uint32_t)count };

	for (size_t i = 0; i < count; i++)
		out.hash[i] = tayra__tag_hash(tags[i].bytes, tags[i].len);
	return out;
}

struct tayra__tags
tayra__tags_read(const void *value, size_t len, uint32_t flags)
{
	struct tayra__tags out = { .count = tayra__item_tag_count(flags) };

	/* Nobody writes more. */
	if (out.count > TAYRA_TAGS_MAX)
		out.count = TAYRA_TAGS_MAX;
	if (out.count)
		memcpy(out.hash, (const unsigned char *)value + len, tayra__tags_bytes(&out));
	return out;
}

void
tayra__tags_write(const struct tayra__tags *tags, void *value, size_t len)
{
	if (tags->count)
		memcpy((unsigned char *)value + len, tags->hash, tayra__tags_bytes(tags));
}

static uint64_t
load(const _Atomic uint64_t *moment)
{
	return atomic_load_explicit(moment, memory_order_acquire);
}

static void
raise(_Atomic uint64_t *moment, uint64_t to)
{
	if (to > atomic_load_explicit(moment, memory_order_relaxed))
		atomic_store_explicit(moment, to, memory_order_release);
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static struct tayra__tag_entry *
set_of(struct tayra__tag_entry *entries, uint64_t hash)
{
	return &entries[hash % TAYRA__TAG_SETS * TAYRA__TAG_WAYS];
}

/* => NULL: nothing is remembered of it alone. */
static const struct tayra__tag_entry *
find(const struct tayra__tag_table *table, uint64_t hash)
{
	struct tayra__tag_entry *entries = atomic_load_explicit(&table->entries,
								memory_order_acquire);
	struct tayra__tag_entry *set = entries ? set_of(entries, hash) : NULL;

	for (unsigned i = 0; set && i < TAYRA__TAG_WAYS; i++)
		if (load(&set[i].hash) == hash)
			return &set[i];
	return NULL;
}

void
tayra__tag_table_fini(struct tayra__tag_table *table)
{
	tayra__mem_free(atomic_load_explicit(&table->entries, memory_order_relaxed));
}

/* What was said of it is said of any tag from now on, and its place is free. */
static void
merge(struct tayra__tag_table *table, struct tayra__tag_entry *e)
{
	raise(&table->erased_ms, load(&e->erased_ms));
	raise(&table->aged_ms, load(&e->aged_ms));
	table->any_number = later(table->any_number, e->number);
	/* Whoever still takes it for the old one finds less here, and the rest there. */
	atomic_store_explicit(&e->erased_ms, 0, memory_order_release);
	atomic_store_explicit(&e->aged_ms, 0, memory_order_release);
	e->number = 0;
}

/* => NULL: no memory. */
static struct tayra__tag_entry *
place_for(struct tayra__tag_table *table, uint64_t hash)
{
	struct tayra__tag_entry *entries = atomic_load_explicit(&table->entries,
								memory_order_relaxed);
	struct tayra__tag_entry *set, *oldest;

	if (!entries) {
		entries = tayra__mem_array((size_t)TAYRA__TAG_SETS * TAYRA__TAG_WAYS,
					   sizeof(*entries));
		if (!entries)
			return NULL;
		atomic_store_explicit(&table->entries, entries, memory_order_release);
	}
	oldest = set = set_of(entries, hash);
	for (unsigned i = 0; i < TAYRA__TAG_WAYS; i++) {
		if (load(&set[i].hash) == hash)
			return &set[i];
		if (set[i].number < oldest->number)
			oldest = &set[i];
	}
	merge(table, oldest);
	return oldest;
}

/* Later than all that can have been born by now. */
static uint64_t
moment_at(struct tayra__tag_table *table, uint64_t now_ms)
{
	uint64_t moment = later(now_ms, table->ahead_ms) + 1;

	table->latest_ms = later(table->latest_ms, moment);
	table->number++;
	return moment;
}

void
tayra__tag_tell_any(struct tayra__tag_table *table, uint64_t now_ms, enum tayra__tag_how how)
{
	uint64_t moment = moment_at(table, now_ms);

	table->any_number = table->number;
	raise(how == TAYRA__TAG_ERASE ? &table->erased_ms : &table->aged_ms, moment);
}

void
tayra__tag_tell(struct tayra__tag_table *table, uint64_t hash, uint64_t now_ms,
		enum tayra__tag_how how)
{
	struct tayra__tag_entry *e = place_for(table, hash);

	if (!e) {
		tayra__tag_tell_any(table, now_ms, how);
		return;
	}
	raise(how == TAYRA__TAG_ERASE ? &e->erased_ms : &e->aged_ms, moment_at(table, now_ms));
	e->number = table->number;
	atomic_store_explicit(&e->hash, hash, memory_order_release);
}

struct tayra__tag_moments
tayra__tag_ask(const struct tayra__tag_table *table, const struct tayra__tags *tags)
{
	struct tayra__tag_moments moments = { 0 };

	if (!tags->count)
		return moments;
	for (uint32_t i = 0; i < tags->count; i++) {
		const struct tayra__tag_entry *e = find(table, tags->hash[i]);

		if (!e)
			continue;
		moments.erased_ms = later(moments.erased_ms, load(&e->erased_ms));
		moments.aged_ms = later(moments.aged_ms, load(&e->aged_ms));
	}
	moments.erased_ms = later(moments.erased_ms, load(&table->erased_ms));
	moments.aged_ms = later(moments.aged_ms, load(&table->aged_ms));
	return moments;
}

uint64_t
tayra__tag_number(const struct tayra__tag_table *table, const struct tayra__tags *tags)
{
	uint64_t number = tags->count ? table->any_number : 0;

	for (uint32_t i = 0; i < tags->count; i++) {
		const struct tayra__tag_entry *e = find(table, tags->hash[i]);

		if (e)
			number = later(number, e->number);
	}
	return number;
}

uint64_t
tayra__tag_birth(struct tayra__tag_table *table, const struct tayra__tags *tags, uint64_t born_ms)
{
	struct tayra__tag_moments moments = tayra__tag_ask(table, tags);
	uint64_t moment = later(moments.erased_ms, moments.aged_ms);

	if (moment <= born_ms)
		return born_ms;
	table->ahead_ms = later(table->ahead_ms, moment);
	return moment;
}
