/* SPDX-License-Identifier: Apache-2.0
 *
 * file.h: the tier in a directory of this machine: an append-only log of segments that survives a
 * restart and kill -9.
 *
 * What may be lost is the newest; what is there is right.  After kill -9 of the process every put
 * and remove that had returned is there.  After the machine went down: with TAYRA__SYNC_EACH the
 * same; with TAYRA__SYNC_NONE the log is dropped as a whole, unless it had been closed, for it
 * cannot be known which removes were lost.
 * One case is beyond it: a disk that takes neither a write nor a removal of a file, and a process
 * that dies before it does; then what was overwritten or removed in that time may come back, until
 * it expires.
 */
#ifndef TAYRA_TIER_FILE_H
#define TAYRA_TIER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "tier/tier.h"

struct tayra__io;

enum tayra__sync {
	TAYRA__SYNC_NONE = 0, /* the system writes when it likes */
	TAYRA__SYNC_EACH = 1, /* O_DSYNC: on disk before a call returns */
};

struct tayra__file_options {
	const char *path;       /* a directory for it alone; made if it is not there */
	uint64_t limit_bytes;   /* on disk; 0: 1 GiB; at least 4 segments */
	uint64_t segment_bytes; /* 1 to 16 MiB; 0: a 64th of the limit, within that */
	uint64_t index_bytes;   /* of RAM, at 16 an item; 0: a 16th of the limit */
	enum tayra__sync sync;
	const struct tayra__io *io; /* NULL: the real one.  Borrowed until close */
	uint64_t boot;              /* 0: asked of the system */
};

/*
 * Open or make it.  Reads every record's header: about as long as reading the log once, less where
 * values are large.
 * => TAYRA_OK, TAYRA_E_INVAL (options; something else's directory), TAYRA_E_FULL (somebody has it
 *    open), TAYRA_E_UNSUPPORTED (another format), TAYRA_E_IO, TAYRA_E_NOMEM.  `error`, if not NULL,
 *    gets one line saying what.
 */
int tayra__file_open(const struct tayra__file_options *options, char *error, size_t error_len,
		     struct tayra__tier **out);
/*
 * Whether opening would refuse a directory that is there for what is in it; of the options path and
 * io count.  Makes, changes and locks nothing, so that somebody may have it open.
 * => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_UNSUPPORTED, TAYRA_E_IO, TAYRA_E_NOMEM; `error` as there.
 */
int tayra__file_check(const struct tayra__file_options *options, char *error, size_t error_len);

#endif
