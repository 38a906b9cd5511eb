/* SPDX-License-Identifier: Apache-2.0
 *
 * file.c: the tier over the log.
 *
 * append: one writer at a time, held while a record is written.  append -> lock.
 * lock: the index, the segments, the counters.  Not held while anything is read or written, but
 * for the dropping and beginning of segments.  A reader pins its segment and reads without it.
 */
#include "tier/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tier/recover.h"

#define DEFAULT_LIMIT    (1ull << 30)
#define SEGMENT_MIN      (1ull << 20)
#define ITEM_INDEX_BYTES 16u
#define OTHER_FILES      64u   /* that the process is assumed to have open */
#define STATE_BYTES      4096u /* of the limit */
#define PAUSE_MIN_MS     100u
#define PAUSE_MAX_MS     10000u

/* Stepped out after a failure, for longer each time. */
struct breaker {
	uint64_t since_ms;
	uint64_t pause_ms; /* 0: in */
};

struct file_tier {
	struct tayra__tier tier;
	pthread_mutex_t append, lock;
	struct tayra__log log;
	uint64_t boot;
	struct breaker writing, reading; /* lock */
	struct tayra__tier_stats stats;  /* lock; what is counted here */
};

static struct file_tier *
file_of(struct tayra__tier *tier)
{
	return (struct file_tier *)tier;
}

static bool
is_out(const struct breaker *breaker, uint64_t wall_ms)
{
	/* A clock that went back ends the pause. */
	return breaker->pause_ms && wall_ms >= breaker->since_ms &&
	       wall_ms - breaker->since_ms < breaker->pause_ms;
}

static void
note_result(struct breaker *breaker, bool failed, uint64_t wall_ms)
{
	uint64_t longer = breaker->pause_ms ? breaker->pause_ms * 2 : PAUSE_MIN_MS;

	breaker->since_ms = wall_ms;
	breaker->pause_ms = !failed ? 0 : longer < PAUSE_MAX_MS ? longer : PAUSE_MAX_MS;
}

/* Reading. */

/* => TAYRA_OK: pinned. */
static int
pin(struct file_tier *file, uint64_t hash, uint64_t wall_ms, struct tayra__place *place,
    struct tayra__segment **segment)
{
	int status = TAYRA_E_NOT_FOUND;

	pthread_mutex_lock(&file->lock);
	if (is_out(&file->reading, wall_ms)) {
		status = TAYRA_E_IO;
	} else if (tayra__tier_index_find(&file->log.index, hash, place)) {
		*segment = tayra__log_segment(&file->log, place->segment);
		(*segment)->pins++;
		status = TAYRA_OK;
	}
	file->stats.misses += status != TAYRA_OK;
	pthread_mutex_unlock(&file->lock);
	return status;
}

static void
unpin(struct file_tier *file, struct tayra__segment *segment, uint32_t size, int status,
      uint64_t wall_ms)
{
	pthread_mutex_lock(&file->lock);
	tayra__log_unpin(&file->log, segment);
	note_result(&file->reading, status == TAYRA_E_IO, wall_ms);
	file->stats.hits += status == TAYRA_OK;
	file->stats.misses += status != TAYRA_OK;
	file->stats.corrupt += status == TAYRA_E_CORRUPT;
	file->stats.io_errors += status == TAYRA_E_IO;
	file->stats.read_bytes += size;
	pthread_mutex_unlock(&file->lock);
}

/*
 * Judge what was read.
 * => TAYRA_OK; TAYRA_E_CORRUPT: not what was written; TAYRA_E_NOT_FOUND: expired, of another key,
 * or from a clock ahead of ours, so that its age is not known.
 */
static int
judge(const struct tayra__record *record, const struct tayra__log *log, uint64_t hash,
      const struct tayra__place *place, const void *key, size_t key_len, uint64_t wall_ms)
{
	const char *body = (const char *)(record + 1);

	if (!tayra__record_sound(record, log->id) || record->kind != TAYRA__RECORD_PUT ||
	    tayra__record_size(record->key_len, record->value_len) != place->size ||
	    record->body_check !=
		    tayra__record_body_check(record->hash, body,
					     (size_t)record->key_len + record->value_len))
		return TAYRA_E_CORRUPT;
	if (record->hash != hash || record->key_len != key_len ||
	    (key_len && memcmp(body, key, key_len) != 0))
		return TAYRA_E_NOT_FOUND;
	return record->expire_ms > wall_ms && record->born_ms <= wall_ms ? TAYRA_OK
									 : TAYRA_E_NOT_FOUND;
}

static void
give(const struct tayra__record *record, struct tayra__tier_value *out)
{
	out->block = (void *)record;
	out->data = (const char *)(record + 1) + record->key_len;
	out->len = record->value_len;
	out->meta = (struct tayra__tier_meta){
		.born_ms = record->born_ms,
		.fresh_ms = record->fresh_ms,
		.expire_ms = record->expire_ms,
		.version = record->version,
		.cost_ns = record->cost_us * TAYRA_NS_PER_US,
		.tags = record->tags,
	};
}

static int
file_get(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	 struct tayra__tier_value *out)
{
	struct file_tier *file = file_of(tier);
	uint64_t hash = tayra__hash_bytes(key, key_len, file->log.id);
	struct tayra__segment *segment;
	struct tayra__record *record;
	struct tayra__place place;
	int status = pin(file, hash, wall_ms, &place, &segment);

	*out = (struct tayra__tier_value){ 0 };
	if (status != TAYRA_OK)
		return status;
	record = tayra__mem_alloc(place.size);
	status = record ? tayra__io_read_all(file->log.io, segment->fd, record, place.size,
					     place.offset)
			: TAYRA_E_NOMEM;
	if (status == TAYRA_OK)
		status = judge(record, &file->log, hash, &place, key, key_len, wall_ms);
	unpin(file, segment, place.size, status, wall_ms);
	if (status == TAYRA_OK) {
		give(record, out);
		return TAYRA_OK;
	}
	tayra__mem_free(record);
	return status == TAYRA_E_IO || status == TAYRA_E_NOMEM ? status : TAYRA_E_NOT_FOUND;
}

/* Writing.  All with append held. */

/* Write one record: room, bytes, index.  errno says why it failed. */
static int
append_once(struct file_tier *file, struct tayra__record *record, uint32_t size)
{
	int status;

	pthread_mutex_lock(&file->lock);
	status = tayra__log_room(&file->log, record->hash, size);
	pthread_mutex_unlock(&file->lock);
	if (status != TAYRA_OK)
		return status;
	record->sequence = file->log.sequence;
	tayra__record_seal(record, file->log.id);
	status = tayra__log_write(&file->log, record, size);
	if (status != TAYRA_OK)
		return status;
	pthread_mutex_lock(&file->lock);
	tayra__log_publish(&file->log, record->hash, (enum tayra__record_kind)record->kind, size);
	pthread_mutex_unlock(&file->lock);
	return TAYRA_OK;
}

/* On a full disk the oldest segment makes room for the newest record, once. */
static int
append(struct file_tier *file, struct tayra__record *record, uint32_t size, uint64_t wall_ms)
{
	int status = TAYRA_E_IO;
	bool out;

	pthread_mutex_lock(&file->lock);
	out = is_out(&file->writing, wall_ms);
	pthread_mutex_unlock(&file->lock);
	if (out)
		return TAYRA_E_IO;
	status = append_once(file, record, size);
	if (status == TAYRA_E_IO && (errno == ENOSPC || errno == EDQUOT)) {
		bool dropped;

		pthread_mutex_lock(&file->lock);
		dropped = file->log.count > 1 && tayra__log_drop(&file->log, 1) == TAYRA_OK;
		pthread_mutex_unlock(&file->lock);
		if (dropped)
			status = append_once(file, record, size);
	}
	pthread_mutex_lock(&file->lock);
	if (status == TAYRA_OK || status == TAYRA_E_IO)
		note_result(&file->writing, status == TAYRA_E_IO, wall_ms);
	file->stats.io_errors += status == TAYRA_E_IO;
	pthread_mutex_unlock(&file->lock);
	return status;
}

/* What the log has of a hash must never be served again.  => as remove of the tier. */
static int
cover(struct file_tier *file, uint64_t hash, uint64_t wall_ms)
{
	struct tayra__record record = {
		.magic = TAYRA__RECORD_MAGIC,
		.kind = TAYRA__RECORD_DELETE,
		.hash = hash,
		.born_ms = wall_ms,
	};
	struct tayra__place place;
	bool known;
	int status;

	pthread_mutex_lock(&file->lock);
	known = tayra__tier_index_find(&file->log.index, hash, &place);
	pthread_mutex_unlock(&file->lock);
	if (!known)
		return TAYRA_E_NOT_FOUND;
	record.body_check = tayra__record_body_check(hash, "", 0);
	status = append(file, &record, sizeof(record), wall_ms);
	if (status != TAYRA_OK) {
		pthread_mutex_lock(&file->lock);
		status = tayra__log_forget(&file->log, hash);
		pthread_mutex_unlock(&file->lock);
	}
	return status;
}

/* => NULL: no memory. */
static struct tayra__record *
compose(uint64_t hash, uint64_t size, const void *key, size_t key_len, const void *value,
	size_t value_len, const struct tayra__tier_meta *meta)
{
	struct tayra__record *record = tayra__mem_alloc(size);
	uint64_t cost_us = meta->cost_ns / TAYRA_NS_PER_US;
	char *body = (char *)(record + 1);

	if (!record)
		return NULL;
	if (key_len)
		memcpy(body, key, key_len);
	if (value_len)
		memcpy(body + key_len, value, value_len);
	*record = (struct tayra__record){
		.magic = TAYRA__RECORD_MAGIC,
		.kind = TAYRA__RECORD_PUT,
		.tags = (uint8_t)meta->tags,
		.key_len = (uint16_t)key_len,
		.value_len = (uint32_t)value_len,
		.hash = hash,
		.body_check = tayra__record_body_check(hash, body, key_len + value_len),
		.born_ms = meta->born_ms,
		.fresh_ms = meta->fresh_ms,
		.expire_ms = meta->expire_ms,
		.version = meta->version,
		.cost_us = cost_us < UINT32_MAX ? (uint32_t)cost_us : UINT32_MAX,
	};
	return record;
}

static int
file_put(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	 size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	struct file_tier *file = file_of(tier);
	uint64_t hash = tayra__hash_bytes(key, key_len, file->log.id);
	struct tayra__record *record = NULL;
	int status = TAYRA_E_TOO_LARGE;
	uint64_t size = 0;

	if (key_len <= UINT16_MAX && value_len < file->log.segment_bytes) {
		size = tayra__record_size((uint32_t)key_len, value_len);
		record = compose(hash, size, key, key_len, value, value_len, meta);
		status = record ? TAYRA_OK : TAYRA_E_NOMEM;
	}
	pthread_mutex_lock(&file->append);
	if (record)
		status = append(file, record, (uint32_t)size, wall_ms);
	if (status != TAYRA_OK)
		cover(file, hash, wall_ms);
	pthread_mutex_unlock(&file->append);
	tayra__mem_free(record);
	pthread_mutex_lock(&file->lock);
	file->stats.puts++;
	file->stats.refused += status != TAYRA_OK;
	pthread_mutex_unlock(&file->lock);
	return status;
}

static int
file_remove(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms)
{
	struct file_tier *file = file_of(tier);
	uint64_t hash = tayra__hash_bytes(key, key_len, file->log.id);
	int status;

	pthread_mutex_lock(&file->append);
	status = cover(file, hash, wall_ms);
	pthread_mutex_unlock(&file->append);
	pthread_mutex_lock(&file->lock);
	file->stats.deletes++;
	pthread_mutex_unlock(&file->lock);
	return status;
}

/*
 * Cover what one part of the index has of keys that begin so.
 * => TAYRA_OK; TAYRA_PENDING: room had to be made, and what is behind may have moved: once more.
 *    TAYRA_E_IO, TAYRA_E_CORRUPT: it cannot be told what all of it is.
 */
static int
clear_part(struct file_tier *file, uint32_t part, const void *prefix, size_t prefix_len,
	   struct tayra__record *room, uint64_t wall_ms)
{
	struct tayra__log *log = &file->log;
	uint64_t reclaimed = log->reclaimed;
	struct tayra__place place;
	uint32_t slot = 0;

	while (slot < log->index.parts[part].capacity) {
		int status;

		/* Only who has `append` changes index and segments. */
		if (!tayra__tier_index_at(&log->index, part, slot, &place)) {
			slot++;
			continue;
		}
		status = tayra__record_begins(log->io, tayra__log_segment(log, place.segment)->fd,
					      log->id, place.offset, prefix, prefix_len, room);
		if (status == TAYRA_E_NOT_FOUND) {
			slot++;
			continue;
		}
		if (status == TAYRA_OK)
			status = cover(file, room->hash, wall_ms);
		if (status != TAYRA_OK) /* not found: the record is not what the index says */
			return status == TAYRA_E_NOT_FOUND ? TAYRA_E_CORRUPT : status;
		if (log->reclaimed != reclaimed)
			return TAYRA_PENDING;
	}
	return TAYRA_OK;
}

static int
clear_some(struct file_tier *file, const void *prefix, size_t prefix_len, uint64_t wall_ms)
{
	struct tayra__record *room = tayra__mem_alloc(sizeof(*room) + prefix_len);
	uint32_t part = 0;
	int status = room ? TAYRA_OK : TAYRA_E_NOMEM;

	while (part < TAYRA__TIER_INDEX_PARTS && (status == TAYRA_OK || status == TAYRA_PENDING)) {
		status = clear_part(file, part, prefix, prefix_len, room, wall_ms);
		part += status == TAYRA_OK;
	}
	tayra__mem_free(room);
	return status;
}

static int
file_clear(struct tayra__tier *tier, const void *prefix, size_t prefix_len, uint64_t wall_ms)
{
	struct file_tier *file = file_of(tier);
	int status = TAYRA_E_NOT_FOUND;

	pthread_mutex_lock(&file->append);
	if (prefix_len)
		status = clear_some(file, prefix, prefix_len, wall_ms);
	if (status != TAYRA_OK) {
		/* All of them, or it cannot be told which. */
		pthread_mutex_lock(&file->lock);
		status = tayra__log_clear(&file->log);
		pthread_mutex_unlock(&file->lock);
	}
	pthread_mutex_unlock(&file->append);
	return status;
}

static uint64_t
file_tick(struct tayra__tier *tier, uint64_t wall_ms)
{
	struct file_tier *file = file_of(tier);

	pthread_mutex_lock(&file->append);
	pthread_mutex_lock(&file->lock);
	tayra__log_settle(&file->log);
	pthread_mutex_unlock(&file->lock);
	pthread_mutex_unlock(&file->append);
	return wall_ms + 1000;
}

static void
file_stats(struct tayra__tier *tier, struct tayra__tier_stats *out)
{
	struct file_tier *file = file_of(tier);

	pthread_mutex_lock(&file->lock);
	*out = file->stats;
	out->items = file->log.index.count;
	out->bytes = file->log.bytes;
	out->limit_bytes = file->log.limit_bytes + STATE_BYTES;
	out->index_bytes = file->log.index.bytes;
	out->written_bytes = file->log.written_bytes;
	out->reclaimed = file->log.reclaimed;
	out->out = file->writing.pause_ms || file->reading.pause_ms || file->log.owing;
	pthread_mutex_unlock(&file->lock);
}

static void
dispose(struct file_tier *file)
{
	tayra__log_fini(&file->log);
	if (file->log.dir >= 0)
		file->log.io->close(file->log.io->ctx, file->log.dir);
	pthread_mutex_destroy(&file->lock);
	pthread_mutex_destroy(&file->append);
	tayra__tier_fini(&file->tier);
	tayra__mem_free(file);
}

static int
file_close(struct tayra__tier *tier)
{
	struct file_tier *file = file_of(tier);
	struct tayra__state state = {
		.clean = 1,
		.durable = file->log.write_flags != 0,
		.log = file->log.id,
		.boot = file->boot,
		.sequence = file->log.sequence,
	};
	int status = file->log.owing || file->log.ragged ? TAYRA_E_IO : TAYRA_OK;

	if (status == TAYRA_OK)
		status = tayra__log_sync(&file->log);
	if (status == TAYRA_OK)
		status = tayra__state_write(file->log.io, file->log.dir, &state);
	dispose(file);
	return status;
}

static const struct tayra__tier_ops file_ops = {
	.get = file_get,
	.put = file_put,
	.remove = file_remove,
	.clear = file_clear,
	.tick = file_tick,
	.stats = file_stats,
	.close = file_close,
};

/* Opening. */

static int
configure(struct file_tier *file, const struct tayra__file_options *o,
	  const struct tayra__tier_complaint *complaint)
{
	uint64_t limit = o->limit_bytes ? o->limit_bytes : DEFAULT_LIMIT;
	uint64_t segment = o->segment_bytes ? o->segment_bytes : limit / 64;
	uint64_t index = o->index_bytes ? o->index_bytes : limit / 16;
	struct rlimit files;

	if (!o->segment_bytes)
		segment = segment < SEGMENT_MIN ? SEGMENT_MIN
			  : segment > TAYRA__TIER_INDEX_SEGMENT_BYTES
				  ? TAYRA__TIER_INDEX_SEGMENT_BYTES
				  : segment;
	if (segment < SEGMENT_MIN || segment > TAYRA__TIER_INDEX_SEGMENT_BYTES)
		return tayra__tier_complain(complaint, TAYRA_E_INVAL,
					    "segments are of 1 to 16 MiB, not %llu bytes",
					    (unsigned long long)segment);
	if (limit < 4 * segment || limit / segment >= 1u << TAYRA__TIER_INDEX_SEGMENT_BITS)
		return tayra__tier_complain(
			complaint, TAYRA_E_INVAL,
			"a limit of %llu bytes is not 4 to 262143 segments of %llu",
			(unsigned long long)limit, (unsigned long long)segment);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY &&
	    limit / segment + OTHER_FILES > files.rlim_cur)
		return tayra__tier_complain(
			complaint, TAYRA_E_INVAL,
			"needs %llu open files and the process may have %llu: larger "
			"segments, a lower limit, or ulimit -n",
			(unsigned long long)(limit / segment + OTHER_FILES),
			(unsigned long long)files.rlim_cur);
	if ((unsigned)o->sync > TAYRA__SYNC_EACH)
		return tayra__tier_complain(complaint, TAYRA_E_INVAL, "no such sync");
	file->log.limit_bytes = limit - STATE_BYTES;
	file->log.segment_bytes = (uint32_t)segment;
	file->log.items_max = index / ITEM_INDEX_BYTES ? index / ITEM_INDEX_BYTES : 1;
	file->log.write_flags = o->sync == TAYRA__SYNC_EACH ? O_DSYNC : 0;
	file->boot = o->boot ? o->boot : tayra__state_boot();
	return TAYRA_OK;
}

/* The directory, locked.  The lock is the directory's own, so that no file of ours need be there
 * before we know whose it is. */
static int
enter_directory(struct file_tier *file, const char *path,
		const struct tayra__tier_complaint *complaint)
{
	const struct tayra__io *io = file->log.io;

	if (io->mkdir(io->ctx, path) < 0 && errno != EEXIST)
		return tayra__tier_complain(complaint, TAYRA_E_IO, "cannot be made: %m");
	file->log.dir = io->open(io->ctx, AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	if (file->log.dir < 0)
		return tayra__tier_complain(complaint, TAYRA_E_IO, "cannot be opened: %m");
	if (io->lock(io->ctx, file->log.dir) < 0)
		return errno == EWOULDBLOCK
			       ? tayra__tier_complain(complaint, TAYRA_E_FULL,
						      "in use by another process or handle")
			       : tayra__tier_complain(complaint, TAYRA_E_IO,
						      "cannot be locked: %m");
	return TAYRA_OK;
}

/* With nothing to complain of yet. */
static struct tayra__tier_complaint
begin_complaint(const struct tayra__file_options *options, char *error, size_t error_len)
{
	if (error && error_len)
		error[0] = 0;
	return (struct tayra__tier_complaint){
		.text = error,
		.len = error_len,
		.path = options->path && options->path[0] ? options->path : "file tier",
	};
}

int
tayra__file_check(const struct tayra__file_options *options, char *error, size_t error_len)
{
	const struct tayra__tier_complaint complaint = begin_complaint(options, error, error_len);
	struct tayra__log log = { .io = options->io ? options->io : tayra__io_real() };
	int status;

	if (!options->path || !options->path[0])
		return tayra__tier_complain(&complaint, TAYRA_E_INVAL, "no path");
	log.dir = log.io->open(log.io->ctx, AT_FDCWD, options->path, O_RDONLY | O_DIRECTORY);
	if (log.dir < 0)
		return tayra__tier_complain(&complaint, TAYRA_E_IO, "cannot be opened: %m");
	status = tayra__recover_check(&log, &complaint);
	if (status == TAYRA_E_NOMEM)
		tayra__tier_complain(&complaint, status, "no memory");
	log.io->close(log.io->ctx, log.dir);
	return status;
}

int
tayra__file_open(const struct tayra__file_options *options, char *error, size_t error_len,
		 struct tayra__tier **out)
{
	const struct tayra__tier_complaint complaint = begin_complaint(options, error, error_len);
	struct file_tier *file;
	int status;

	*out = NULL;
	if (!options->path || !options->path[0])
		return tayra__tier_complain(&complaint, TAYRA_E_INVAL, "no path");
	file = tayra__mem_alloc(sizeof(*file));
	if (!file)
		return tayra__tier_complain(&complaint, TAYRA_E_NOMEM, "no memory");
	tayra__tier_init(&file->tier, "file", &file_ops);
	file->log.io = options->io ? options->io : tayra__io_real();
	file->log.dir = -1;
	pthread_mutex_init(&file->append, NULL);
	pthread_mutex_init(&file->lock, NULL);
	status = configure(file, options, &complaint);
	if (status == TAYRA_OK)
		status = enter_directory(file, options->path, &complaint);
	if (status == TAYRA_OK)
		status = tayra__recover(&file->log, file->boot, &complaint);
	if (status != TAYRA_OK) {
		if (status == TAYRA_E_NOMEM)
			tayra__tier_complain(&complaint, status, "no memory");
		dispose(file);
		return status;
	}
	*out = &file->tier;
	return TAYRA_OK;
}
