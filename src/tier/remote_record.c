/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_record.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define MAGIC 0x52796174u /* "tayR" */

enum kind { VALUE = 1, REMOVED = 2, ABSENT = 3 };

#define TAGS_SHIFT 8 /* of the kind of a value */

/* Where things lie. */
enum {
	AT_MAGIC = 0,
	AT_FORMAT = 4,
	AT_KIND = 6,
	AT_EPOCH = 8,
	AT_WRITER = 16,
	AT_KEPT = 24,
	AT_AGE = 32,
	AT_HEAD_CHECK = 40,
	AT_BORN = 48,
	AT_FRESH = 56,
	AT_EXPIRE = 64,
	AT_VERSION = 72,
	AT_COST = 80,
	AT_LENGTH = 84,
	AT_CHECK = 88,
};

static void
put(unsigned char *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t
get(const unsigned char *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static uint64_t
check_of(const unsigned char *header, const void *value, size_t value_len, const void *key,
	 size_t key_len)
{
	uint64_t seed = tayra__hash_bytes(key, key_len, MAGIC);

	seed = tayra__hash_bytes(header, AT_CHECK, seed);
	return tayra__hash_bytes(value, value_len, seed);
}

static uint64_t
head_check_of(const unsigned char *head, const void *key, size_t key_len)
{
	return tayra__hash_bytes(head, AT_HEAD_CHECK, tayra__hash_bytes(key, key_len, MAGIC));
}

static void
put_head(unsigned char *record, uint32_t kind, const struct tayra__remote_head *head,
	 const void *key, size_t key_len)
{
	put(record + AT_MAGIC, MAGIC, 4);
	put(record + AT_FORMAT, TAYRA__REMOTE_RECORD_FORMAT, 2);
	put(record + AT_KIND, kind, 2);
	put(record + AT_EPOCH, head->epoch, 8);
	put(record + AT_WRITER, head->writer, 8);
	put(record + AT_KEPT, head->kept_ms, 8);
	put(record + AT_AGE, head->age_ms, 8);
	put(record + AT_HEAD_CHECK, head_check_of(record, key, key_len), 8);
}

void *
tayra__remote_record_make(const struct tayra__remote_head *head, const void *key, size_t key_len,
			  const void *value, size_t value_len, const struct tayra__tier_meta *meta,
			  size_t *size)
{
	uint64_t cost_us = meta->cost_ns / TAYRA_NS_PER_US;
	unsigned char *record;

	if (value_len > UINT32_MAX - TAYRA__REMOTE_RECORD_HEADER)
		return NULL;
	*size = TAYRA__REMOTE_RECORD_HEADER + value_len;
	record = tayra__mem_alloc(*size);
	if (!record)
		return NULL;
	put_head(record, meta->absent ? ABSENT : VALUE | meta->tags << TAGS_SHIFT, head, key,
		 key_len);
	put(record + AT_BORN, meta->born_ms, 8);
	put(record + AT_FRESH, meta->fresh_ms, 8);
	put(record + AT_EXPIRE, meta->expire_ms, 8);
	put(record + AT_VERSION, meta->version, 8);
	put(record + AT_COST, cost_us < UINT32_MAX ? cost_us : UINT32_MAX, 4);
	put(record + AT_LENGTH, value_len, 4);
	if (value_len > 0)
		memcpy(record + TAYRA__REMOTE_RECORD_HEADER, value, value_len);
	put(record + AT_CHECK,
	    check_of(record, record + TAYRA__REMOTE_RECORD_HEADER, value_len, key, key_len), 8);
	return record;
}

void
tayra__remote_record_removed(const struct tayra__remote_head *head, const void *key, size_t key_len,
			     unsigned char out[TAYRA__REMOTE_RECORD_HEAD])
{
	put_head(out, REMOVED, head, key, key_len);
}

int
tayra__remote_record_head(const void *bytes, size_t len, const void *key, size_t key_len,
			  struct tayra__remote_head *out)
{
	const unsigned char *record = bytes;
	uint64_t kind;

	*out = (struct tayra__remote_head){ 0 };
	if (len < TAYRA__REMOTE_RECORD_HEAD || get(record + AT_MAGIC, 4) != MAGIC ||
	    get(record + AT_FORMAT, 2) != TAYRA__REMOTE_RECORD_FORMAT ||
	    get(record + AT_HEAD_CHECK, 8) != head_check_of(record, key, key_len))
		return TAYRA_E_CORRUPT;
	kind = get(record + AT_KIND, 2);
	if (kind != REMOVED && kind != ABSENT && (kind & ((1u << TAGS_SHIFT) - 1)) != VALUE)
		return TAYRA_E_CORRUPT;
	*out = (struct tayra__remote_head){
		.epoch = get(record + AT_EPOCH, 8),
		.writer = get(record + AT_WRITER, 8),
		.kept_ms = get(record + AT_KEPT, 8),
		.age_ms = get(record + AT_AGE, 8),
		.removed = kind == REMOVED,
	};
	return TAYRA_OK;
}

int
tayra__remote_record_read(const void *bytes, size_t len, uint64_t epoch, const void *key,
			  size_t key_len, struct tayra__tier_value *out)
{
	const unsigned char *record = bytes;
	struct tayra__remote_head head;
	size_t value_len;
	bool absent;

	*out = (struct tayra__tier_value){ 0 };
	if (tayra__remote_record_head(bytes, len, key, key_len, &head) != TAYRA_OK)
		return TAYRA_E_CORRUPT;
	if (head.removed)
		return len == TAYRA__REMOTE_RECORD_HEAD ? TAYRA_E_NOT_FOUND : TAYRA_E_CORRUPT;
	if (len < TAYRA__REMOTE_RECORD_HEADER ||
	    get(record + AT_LENGTH, 4) != len - TAYRA__REMOTE_RECORD_HEADER)
		return TAYRA_E_CORRUPT;
	value_len = len - TAYRA__REMOTE_RECORD_HEADER;
	absent = get(record + AT_KIND, 2) == ABSENT;
	if (absent && value_len > 0)
		return TAYRA_E_CORRUPT;
	if (get(record + AT_CHECK, 8) !=
	    check_of(record, record + TAYRA__REMOTE_RECORD_HEADER, value_len, key, key_len))
		return TAYRA_E_CORRUPT;
	if (head.epoch != epoch)
		return TAYRA_E_NOT_FOUND;
	out->block = tayra__mem_alloc(value_len ? value_len : 1);
	if (!out->block)
		return TAYRA_E_NOMEM;
	if (value_len > 0)
		memcpy(out->block, record + TAYRA__REMOTE_RECORD_HEADER, value_len);
	out->data = out->block;
	out->len = value_len;
	out->meta = (struct tayra__tier_meta){
		.born_ms = get(record + AT_BORN, 8),
		.fresh_ms = get(record + AT_FRESH, 8),
		.expire_ms = get(record + AT_EXPIRE, 8),
		.version = get(record + AT_VERSION, 8),
		.cost_ns = get(record + AT_COST, 4) * TAYRA_NS_PER_US,
		.tags = (uint32_t)get(record + AT_KIND, 2) >> TAGS_SHIFT,
		.absent = absent,
	};
	return TAYRA_OK;
}
