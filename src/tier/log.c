/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void
tayra__segment_name(uint32_t number, char out[TAYRA__SEGMENT_NAME_MAX])
{
	snprintf(out, TAYRA__SEGMENT_NAME_MAX, "segment-%08x", number);
}

static void
close_segment(struct tayra__log *log, struct tayra__segment *segment)
{
	log->io->close(log->io->ctx, segment->fd);
	tayra__mem_free(segment);
}

void
tayra__log_fini(struct tayra__log *log)
{
	for (uint32_t i = 0; i < log->count; i++)
		close_segment(log, log->segments[i]);
	tayra__mem_free(log->segments);
	tayra__tier_index_fini(&log->index);
	log->segments = NULL;
	log->count = log->capacity = 0;
}

static int
widen(struct tayra__log *log)
{
	uint32_t capacity = log->capacity ? log->capacity * 2 : 16;
	void *wider;

	if (log->count < log->capacity)
		return TAYRA_OK;
	wider = tayra__mem_resize(log->segments, capacity * sizeof(log->segments[0]));
	if (!wider)
		return TAYRA_E_NOMEM;
	log->segments = wider;
	log->capacity = capacity;
	return TAYRA_OK;
}

int
tayra__log_add(struct tayra__log *log, int fd, uint32_t number, uint32_t size)
{
	struct tayra__segment *segment = tayra__mem_alloc(sizeof(*segment));

	if (!segment || widen(log) != TAYRA_OK) {
		tayra__mem_free(segment);
		return TAYRA_E_NOMEM;
	}
	segment->fd = fd;
	segment->number = number;
	segment->size = size;
	log->segments[log->count++] = segment;
	log->next_number = number + 1;
	log->bytes += size;
	return TAYRA_OK;
}

struct tayra__segment *
tayra__log_segment(const struct tayra__log *log, uint32_t low_number)
{
	uint32_t mask = (1u << TAYRA__TIER_INDEX_SEGMENT_BITS) - 1;

	return log->segments[(low_number - log->segments[0]->number) & mask];
}

void
tayra__log_unpin(struct tayra__log *log, struct tayra__segment *segment)
{
	segment->pins--;
	if (segment->dropped && segment->pins == 0)
		close_segment(log, segment);
}

/* There is one. */
static struct tayra__segment *
newest(const struct tayra__log *log)
{
	return log->segments[log->count - 1];
}

/* The first `count` are gone from the directory. */
static void
let_go(struct tayra__log *log, uint32_t count)
{
	if (count == 0)
		return;
	tayra__tier_index_drop(&log->index, log->segments[0]->number, count);
	for (uint32_t i = 0; i < count; i++) {
		struct tayra__segment *segment = log->segments[i];

		log->bytes -= segment->size;
		segment->dropped = true;
		if (segment->pins == 0)
			close_segment(log, segment);
	}
	log->count -= count;
	log->reclaimed += count;
	memmove(log->segments, log->segments + count, log->count * sizeof(log->segments[0]));
	if (log->count == 0)
		log->ragged = false;
}

int
tayra__log_drop(struct tayra__log *log, uint32_t count)
{
	char name[TAYRA__SEGMENT_NAME_MAX];
	uint32_t gone = 0;

	while (gone < count) {
		tayra__segment_name(log->segments[gone]->number, name);
		if (log->io->unlink(log->io->ctx, log->dir, name) < 0 && errno != ENOENT)
			break;
		gone++;
	}
	let_go(log, gone);
	return gone == count ? TAYRA_OK : TAYRA_E_IO;
}

/* Begin a new segment.  A file left half made is removed, or the next try would meet it. */
static int
begin_segment(struct tayra__log *log)
{
	struct tayra__segment_header header = {
		.magic = TAYRA__SEGMENT_MAGIC,
		.format = TAYRA__TIER_FORMAT,
		.number = log->next_number,
		.log = log->id,
		.first_sequence = log->sequence,
	};
	const struct tayra__io *io = log->io;
	char name[TAYRA__SEGMENT_NAME_MAX];
	int fd, status;

	tayra__segment_name(log->next_number, name);
	tayra__segment_header_seal(&header);
	fd = io->open(io->ctx, log->dir, name, O_RDWR | O_CREAT | O_TRUNC | log->write_flags);
	if (fd < 0)
		return TAYRA_E_IO;
	status = tayra__io_write_all(io, fd, &header, sizeof(header), 0);
	/* A durable record needs a durable name. */
	if (status == TAYRA_OK && log->write_flags && io->sync(io->ctx, log->dir) < 0)
		status = TAYRA_E_IO;
	if (status == TAYRA_OK)
		status = tayra__log_add(log, fd, log->next_number, sizeof(header));
	if (status != TAYRA_OK) {
		int why = errno;

		io->close(io->ctx, fd);
		io->unlink(io->ctx, log->dir, name);
		errno = why;
	}
	return status;
}

static int
cut(struct tayra__log *log)
{
	const struct tayra__segment *segment;

	if (!log->ragged)
		return TAYRA_OK;
	segment = newest(log);
	if (log->io->truncate(log->io->ctx, segment->fd, segment->size) < 0)
		return TAYRA_E_IO;
	log->ragged = false;
	return TAYRA_OK;
}

int
tayra__log_settle(struct tayra__log *log)
{
	uint32_t count = 0;

	if (!log->owing)
		return TAYRA_OK;
	while (count < log->count &&
	       (int32_t)(log->segments[count]->number - log->owed_number) <= 0)
		count++;
	if (tayra__log_drop(log, count) != TAYRA_OK)
		return TAYRA_E_IO;
	/* If the name came back with the machine, so would what was in it. */
	if (log->write_flags && log->io->sync(log->io->ctx, log->dir) < 0)
		return TAYRA_E_IO;
	log->owing = false;
	return TAYRA_OK;
}

/* A new segment, within the limit even when it is full. */
static int
turn_over(struct tayra__log *log)
{
	while (log->count && log->bytes + log->segment_bytes > log->limit_bytes)
		if (tayra__log_drop(log, 1) != TAYRA_OK)
			return TAYRA_E_IO;
	return begin_segment(log);
}

int
tayra__log_room(struct tayra__log *log, uint64_t hash, uint64_t size)
{
	if (size > log->segment_bytes - sizeof(struct tayra__segment_header))
		return TAYRA_E_TOO_LARGE;
	if (tayra__log_settle(log) != TAYRA_OK || cut(log) != TAYRA_OK)
		return TAYRA_E_IO;
	while (log->index.count >= log->items_max && log->count)
		if (tayra__log_drop(log, 1) != TAYRA_OK)
			return TAYRA_E_IO;
	if (!log->count || newest(log)->size + size > log->segment_bytes) {
		int status = turn_over(log);

		if (status != TAYRA_OK)
			return status;
	}
	return tayra__tier_index_reserve(&log->index, hash);
}

int
tayra__log_write(struct tayra__log *log, const void *record, uint32_t size)
{
	const struct tayra__segment *segment = newest(log);
	int status = tayra__io_write_all(log->io, segment->fd, record, size, segment->size);
	int why = errno;

	if (status == TAYRA_OK)
		return TAYRA_OK;
	log->ragged = true;
	cut(log);
	errno = why;
	return status;
}

void
tayra__log_publish(struct tayra__log *log, uint64_t hash, enum tayra__record_kind kind,
		   uint32_t size)
{
	struct tayra__segment *segment = newest(log);
	struct tayra__place place = {
		.segment = segment->number,
		.offset = segment->size,
		.size = size,
	};

	if (kind == TAYRA__RECORD_PUT)
		tayra__tier_index_set(&log->index, hash, &place);
	else
		tayra__tier_index_remove(&log->index, hash);
	segment->size += size;
	log->bytes += size;
	log->written_bytes += size;
	log->sequence++;
}

int
tayra__log_forget(struct tayra__log *log, uint64_t hash)
{
	struct tayra__place place;
	uint32_t number;

	if (!tayra__tier_index_find(&log->index, hash, &place))
		return tayra__log_settle(log);
	number = tayra__log_segment(log, place.segment)->number;
	tayra__tier_index_remove(&log->index, hash);
	if (!log->owing || (int32_t)(number - log->owed_number) > 0)
		log->owed_number = number;
	log->owing = true;
	return tayra__log_settle(log);
}

int
tayra__log_clear(struct tayra__log *log)
{
	if (log->count == 0)
		return tayra__log_settle(log);
	tayra__tier_index_drop(&log->index, log->segments[0]->number, log->count);
	log->owed_number = newest(log)->number;
	log->owing = true;
	return tayra__log_settle(log);
}

int
tayra__log_sync(const struct tayra__log *log)
{
	for (uint32_t i = 0; i < log->count; i++)
		if (log->io->sync(log->io->ctx, log->segments[i]->fd) < 0)
			return TAYRA_E_IO;
	return log->io->sync(log->io->ctx, log->dir) < 0 ? TAYRA_E_IO : TAYRA_OK;
}
