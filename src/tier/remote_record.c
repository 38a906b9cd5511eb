/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_record.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define MAGIC 0x52796174u /* "tayR" */

/* Where things lie. */
enum {
	AT_MAGIC = 0,
	AT_FORMAT = 4,
	AT_EPOCH = 8,
	AT_BORN = 16,
	AT_FRESH = 24,
	AT_EXPIRE = 32,
	AT_VERSION = 40,
	AT_COST = 48,
	AT_LENGTH = 52,
	AT_CHECK = 56,
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

void *
tayra__remote_record_make(uint64_t epoch, const void *key, size_t key_len, const void *value,
			  size_t value_len, const struct tayra__tier_meta *meta, size_t *size)
{
	uint64_t cost_us = meta->cost_ns / TAYRA_NS_PER_US;
	unsigned char *record;

	if (value_len > UINT32_MAX - TAYRA__REMOTE_RECORD_HEADER)
		return NULL;
	*size = TAYRA__REMOTE_RECORD_HEADER + value_len;
	record = tayra__mem_alloc(*size);
	if (!record)
		return NULL;
	put(record + AT_MAGIC, MAGIC, 4);
	put(record + AT_FORMAT, TAYRA__REMOTE_RECORD_FORMAT, 4);
	put(record + AT_EPOCH, epoch, 8);
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

int
tayra__remote_record_read(const void *bytes, size_t len, uint64_t epoch, const void *key,
			  size_t key_len, struct tayra__tier_value *out)
{
	const unsigned char *record = bytes;
	size_t value_len;

	*out = (struct tayra__tier_value){ 0 };
	if (len < TAYRA__REMOTE_RECORD_HEADER || get(record + AT_MAGIC, 4) != MAGIC ||
	    get(record + AT_FORMAT, 4) != TAYRA__REMOTE_RECORD_FORMAT ||
	    get(record + AT_LENGTH, 4) != len - TAYRA__REMOTE_RECORD_HEADER)
		return TAYRA_E_CORRUPT;
	value_len = len - TAYRA__REMOTE_RECORD_HEADER;
	if (get(record + AT_CHECK, 8) !=
	    check_of(record, record + TAYRA__REMOTE_RECORD_HEADER, value_len, key, key_len))
		return TAYRA_E_CORRUPT;
	if (get(record + AT_EPOCH, 8) != epoch)
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
	};
	return TAYRA_OK;
}
