/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/record.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tier/index.h"

#define WINDOW_BYTES (256u << 10)

uint64_t
tayra__record_size(uint32_t key_len, uint64_t value_len)
{
	uint64_t bytes = sizeof(struct tayra__record) + key_len + value_len;

	return (bytes + TAYRA__TIER_INDEX_UNIT - 1) / TAYRA__TIER_INDEX_UNIT *
	       TAYRA__TIER_INDEX_UNIT;
}

static uint64_t
record_check(const struct tayra__record *record, uint64_t log)
{
	return tayra__hash_bytes((const char *)record + sizeof(record->check),
				 sizeof(*record) - sizeof(record->check), log);
}

void
tayra__record_seal(struct tayra__record *record, uint64_t log)
{
	record->check = record_check(record, log);
}

bool
tayra__record_sound(const struct tayra__record *record, uint64_t log)
{
	return record->magic == TAYRA__RECORD_MAGIC && record->check == record_check(record, log);
}

uint64_t
tayra__record_body_check(uint64_t hash, const void *body, size_t len)
{
	return tayra__hash_bytes(body, len, hash);
}

int
tayra__record_begins(const struct tayra__io *io, int fd, uint64_t log, uint32_t at,
		     const void *prefix, size_t prefix_len, struct tayra__record *room)
{
	int status = tayra__io_read_all(io, fd, room, sizeof(*room), at);

	if (status != TAYRA_OK)
		return status;
	if (!tayra__record_sound(room, log) || room->kind != TAYRA__RECORD_PUT)
		return TAYRA_E_CORRUPT;
	if (room->key_len < prefix_len)
		return TAYRA_E_NOT_FOUND;
	status = tayra__io_read_all(io, fd, room + 1, prefix_len, at + sizeof(*room));
	if (status != TAYRA_OK)
		return status;
	return memcmp(room + 1, prefix, prefix_len) == 0 ? TAYRA_OK : TAYRA_E_NOT_FOUND;
}

static uint64_t
segment_check(const struct tayra__segment_header *header)
{
	return tayra__hash_bytes((const char *)header + sizeof(header->check),
				 sizeof(*header) - sizeof(header->check), header->log);
}

void
tayra__segment_header_seal(struct tayra__segment_header *header)
{
	header->check = segment_check(header);
}

bool
tayra__segment_header_sound(const struct tayra__segment_header *header)
{
	return header->magic == TAYRA__SEGMENT_MAGIC &&
	       (header->format == TAYRA__TIER_FORMAT || header->format == TAYRA__TIER_FORMAT_1) &&
	       header->check == segment_check(header);
}

/* Part of the file in memory. */
struct window {
	unsigned char *bytes;
	uint64_t from;
	size_t len;
};

/* The header at `at`, which lies wholly inside the file. */
static int
read_header(const struct tayra__scan *scan, struct window *window, struct tayra__record *out)
{
	uint64_t at = scan->at;
	int status;

	if (at < window->from || at + sizeof(*out) > window->from + window->len) {
		uint64_t left = scan->size - at;

		window->from = at;
		window->len = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
		status = tayra__io_read_all(scan->io, scan->fd, window->bytes, window->len, at);
		if (status != TAYRA_OK) {
			window->len = 0;
			return TAYRA_E_IO; /* also a file that shrank under us */
		}
	}
	memcpy(out, window->bytes + (at - window->from), sizeof(*out));
	return TAYRA_OK;
}

static bool
fits(const struct tayra__scan *scan, const struct tayra__record *record)
{
	return tayra__record_sound(record, scan->log) && record->sequence == scan->sequence &&
	       (record->kind == TAYRA__RECORD_PUT || record->kind == TAYRA__RECORD_DELETE) &&
	       scan->at + tayra__record_size(record->key_len, record->value_len) <=
		       TAYRA__TIER_INDEX_SEGMENT_BYTES;
}

/* => TAYRA_PENDING: there may be more. */
static int
step(struct tayra__scan *scan, struct window *window,
     int (*each)(void *arg, const struct tayra__record *record, uint32_t at), void *arg)
{
	struct tayra__record record;
	uint64_t left = scan->size - scan->at, size;
	int status;

	scan->end = TAYRA__SCAN_WHOLE;
	if (left == 0)
		return TAYRA_OK;
	scan->end = TAYRA__SCAN_TORN;
	if (left < sizeof(record))
		return TAYRA_OK;
	status = read_header(scan, window, &record);
	if (status != TAYRA_OK)
		return status;
	if (!fits(scan, &record)) {
		scan->end = TAYRA__SCAN_BAD;
		return TAYRA_OK;
	}
	size = tayra__record_size(record.key_len, record.value_len);
	if (size > left)
		return TAYRA_OK;
	status = each(arg, &record, scan->at);
	if (status < 0)
		return status;
	scan->at += (uint32_t)size;
	scan->sequence++;
	return TAYRA_PENDING;
}

int
tayra__scan_run(struct tayra__scan *scan,
		int (*each)(void *arg, const struct tayra__record *record, uint32_t at), void *arg)
{
	struct window window = { .bytes = tayra__mem_alloc(WINDOW_BYTES) };
	int status = TAYRA_PENDING;

	if (!window.bytes)
		return TAYRA_E_NOMEM;
	while (status == TAYRA_PENDING)
		status = step(scan, &window, each, arg);
	tayra__mem_free(window.bytes);
	return status;
}
