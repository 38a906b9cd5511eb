/* SPDX-License-Identifier: Apache-2.0
 *
 * The scanner of a segment's records.  The first byte chooses: as they are; or with the headers'
 * checksums made right, so that what lies behind them is reached.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tier/index.h"
#include "tier/record.h"

struct memory {
	const uint8_t *bytes;
	size_t len;
};

static ssize_t
read_memory(void *ctx, int fd, void *to, size_t len, uint64_t at)
{
	const struct memory *m = ctx;

	if (at >= m->len)
		return 0;
	if (len > m->len - at)
		len = m->len - at;
	memcpy(to, m->bytes + at, len);
	return (ssize_t)len;
}

struct walk {
	uint64_t sequence, size;
	uint32_t at;
};

static int
each(void *arg, const struct tayra__record *record, uint32_t at)
{
	struct walk *walk = arg;
	uint64_t size = tayra__record_size(record->key_len, record->value_len);

	if (at != walk->at || record->sequence != walk->sequence || at + size > walk->size ||
	    at % TAYRA__TIER_INDEX_UNIT || !tayra__record_sound(record, 0))
		abort();
	walk->at = at + (uint32_t)size;
	walk->sequence++;
	return TAYRA_OK;
}

static void
make_right(uint8_t *bytes, size_t len)
{
	struct tayra__record record;
	uint64_t sequence = 1;

	for (uint64_t at = 0; at + sizeof(record) <= len;
	     at += tayra__record_size(record.key_len, record.value_len)) {
		memcpy(&record, bytes + at, sizeof(record));
		record.magic = TAYRA__RECORD_MAGIC;
		if (record.tags & 1)
			record.sequence = sequence++;
		record.value_len &= 0xffffff;
		record.kind = record.kind & 1 ? TAYRA__RECORD_DELETE : TAYRA__RECORD_PUT;
		tayra__record_seal(&record, 0);
		memcpy(bytes + at, &record, sizeof(record));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	struct memory memory = { .bytes = bytes, .len = size ? size - 1 : 0 };
	struct tayra__io io = { .read = read_memory, .ctx = &memory };
	struct tayra__scan scan = { .io = &io, .sequence = 1, .size = memory.len };
	struct walk walk = { .sequence = 1, .size = memory.len };

	if (!bytes)
		return 0;
	if (size > 1)
		memcpy(bytes, data + 1, size - 1);
	if (size && data[0] & 1)
		make_right(bytes, memory.len);
	if (tayra__scan_run(&scan, each, &walk) != TAYRA_OK)
		abort();
	if (scan.at != walk.at || scan.sequence != walk.sequence ||
	    (scan.end == TAYRA__SCAN_WHOLE) != (scan.at == scan.size))
		abort();
	free(bytes);
	return 0;
}
