/* SPDX-License-Identifier: Apache-2.0
 *
 * log.h: the segments, oldest first, and the index of what is in them.  Records are appended to the
 * newest; room is made by dropping the oldest as a whole.
 *
 * Numbers of segments and sequences of records have no gaps.  What covers a record (a later one of
 * the same hash) is always newer than it, so dropping from the old end never uncovers anything.
 *
 * Two locks, the caller's.  `append` is held by who writes: one at a time.  `lock` guards
 * everything but the writing itself.  Calls say which they need; append comes before lock.
 */
#ifndef TAYRA_TIER_LOG_H
#define TAYRA_TIER_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "tier/index.h"
#include "tier/io.h"
#include "tier/record.h"

struct tayra__segment {
	int fd;
	uint32_t number;
	uint32_t size;
	uint32_t pins; /* readers; the descriptor is closed with the last once it is dropped */
	bool dropped;
};

struct tayra__log {
	const struct tayra__io *io;
	int dir;
	uint64_t id; /* seeds every hash and checksum */
	uint64_t limit_bytes, items_max;
	uint32_t segment_bytes;
	int write_flags; /* O_DSYNC or 0 */

	struct tayra__tier_index index;
	struct tayra__segment **segments; /* oldest first */
	uint32_t count, capacity;
	uint32_t next_number;
	uint64_t bytes;
	uint64_t sequence; /* of the next record */
	uint64_t reclaimed, written_bytes;
	bool ragged; /* the newest may have bytes past its size: cut before the next write */
	bool owing;  /* segments up to owed_number must go before anything is written */
	uint32_t owed_number;
};

#define TAYRA__SEGMENT_NAME_MAX 24
void tayra__segment_name(uint32_t number, char out[TAYRA__SEGMENT_NAME_MAX]);

/* io, dir, id, limits are set by the caller; all else is zero.  fini closes, and removes nothing.
 */
void tayra__log_fini(struct tayra__log *log);
/* Add an open segment at the new end; takes fd over.  => TAYRA_OK, TAYRA_E_NOMEM (fd is the
 * caller's still).  lock. */
int tayra__log_add(struct tayra__log *log, int fd, uint32_t number, uint32_t size);
/* The segment of a place in the index. lock. */
struct tayra__segment *tayra__log_segment(const struct tayra__log *log, uint32_t low_number);
void tayra__log_unpin(struct tayra__log *log, struct tayra__segment *segment);

/* Remove the oldest `count` segments and what the index has in them.  => TAYRA_OK; TAYRA_E_IO: some
 * could not be removed and stay.  append, lock. */
int tayra__log_drop(struct tayra__log *log, uint32_t count);
/*
 * Make room for a record of that many bytes, dropping what is oldest, and for its hash in the
 * index.  => TAYRA_OK, TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM, TAYRA_E_IO.  append, lock.
 */
int tayra__log_room(struct tayra__log *log, uint64_t hash, uint64_t size);
/* Write into the room; log->sequence is the record's.  Not to be found yet.  => TAYRA_OK,
 * TAYRA_E_IO (errno).  append. */
int tayra__log_write(struct tayra__log *log, const void *record, uint32_t size);
/* What was written counts from now on.  append, lock. */
void tayra__log_publish(struct tayra__log *log, uint64_t hash, enum tayra__record_kind kind,
			uint32_t size);
/*
 * Forget a hash whose covering record cannot be written: drop every segment up to the one that has
 * it.  => TAYRA_OK: it cannot come back.  TAYRA_E_IO: not served, but its segment could not be
 * removed; that is tried again before anything is written.  append, lock.
 */
int tayra__log_forget(struct tayra__log *log, uint64_t hash);
/* Forget everything.  => as tayra__log_forget().  append, lock. */
int tayra__log_clear(struct tayra__log *log);
/* Try to pay what is owed.  => TAYRA_OK, TAYRA_E_IO.  append, lock. */
int tayra__log_settle(struct tayra__log *log);
int tayra__log_sync(const struct tayra__log *log);

#endif
