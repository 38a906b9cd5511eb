/* SPDX-License-Identifier: Apache-2.0
 *
 * record.h: the bytes of a segment: one segment header, then records without gaps, each a header, a
 * key, a value and zeroes up to a multiple of 8.  Native byte order: a log from a machine of the
 * other order is not recognised.
 *
 * A record's header has a checksum of its own, over itself, its checksum of key and value included.
 * So a scan needs headers only, knows a torn record (sound header, file too short) from a damaged
 * one, and a read needs nothing else to know that every byte is the one written.
 */
#ifndef TAYRA_TIER_RECORD_H
#define TAYRA_TIER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tier/io.h"
#include "tier/tier.h"

#define TAYRA__RECORD_MAGIC  0x72617479u           /* "ytar" */
#define TAYRA__SEGMENT_MAGIC 0x6765736172796174ull /* "tayraseg" */
#define TAYRA__TIER_FORMAT   2u
#define TAYRA__TIER_FORMAT_1 1u /* the same without tags, and read as before */

enum tayra__record_kind {
	TAYRA__RECORD_PUT = 0x5a,
	TAYRA__RECORD_DELETE = 0xa5,
};

struct tayra__record {
	uint64_t check; /* XXH3 of the rest of the header, seeded with the log's number */
	uint32_t magic;
	uint16_t key_len;
	uint8_t kind;
	uint8_t tags;      /* hashes of 8 bytes that the value ends with; 0 in format 1 */
	uint64_t sequence; /* one more than that of the record before, in all of the log */
	uint64_t hash;
	uint64_t body_check; /* XXH3 of key and value, seeded with the hash */
	uint64_t born_ms, fresh_ms, expire_ms, version;
	uint32_t cost_us;
	uint32_t value_len;
};
_Static_assert(sizeof(struct tayra__record) == 80, "no padding");

struct tayra__segment_header {
	uint64_t check; /* as above */
	uint64_t magic;
	uint32_t format;
	uint32_t number;
	uint64_t log;
	uint64_t first_sequence;
};
_Static_assert(sizeof(struct tayra__segment_header) == 40, "no padding");

/* Bytes on disk; never overflows for a key_len of 16 and a value_len of 32 bits. */
uint64_t tayra__record_size(uint32_t key_len, uint64_t value_len);
/* Sets check; all else is set by the caller. */
void tayra__record_seal(struct tayra__record *record, uint64_t log);
/* The header is the one written. */
bool tayra__record_sound(const struct tayra__record *record, uint64_t log);
uint64_t tayra__record_body_check(uint64_t hash, const void *body, size_t len);

/*
 * Read the record at `at` as far as its key's first prefix_len bytes, into room for that much.
 * => TAYRA_OK: its key begins so; TAYRA_E_NOT_FOUND: it does not; TAYRA_E_CORRUPT, TAYRA_E_IO.
 */
int tayra__record_begins(const struct tayra__io *io, int fd, uint64_t log, uint32_t at,
			 const void *prefix, size_t prefix_len, struct tayra__record *room);

void tayra__segment_header_seal(struct tayra__segment_header *header);
bool tayra__segment_header_sound(const struct tayra__segment_header *header);

enum tayra__scan_end {
	TAYRA__SCAN_WHOLE, /* the file ends with its last record */
	TAYRA__SCAN_TORN,  /* the file ends inside a record, as when its writer was killed */
	TAYRA__SCAN_BAD,   /* what is there is not the next record */
};

struct tayra__scan {
	const struct tayra__io *io;
	int fd;
	uint64_t log;
	uint64_t sequence; /* of the next record */
	uint64_t size;     /* of the file */
	uint32_t at;       /* end of the last sound record */
	enum tayra__scan_end end;
};

/*
 * Walk a segment's records from scan->at on, telling each sound one, up to the first that is not.
 * Values are not read.  Afterwards sequence, at and end are set.
 * => TAYRA_OK, TAYRA_E_IO, TAYRA_E_NOMEM, or what `each` returned below 0.
 */
int tayra__scan_run(struct tayra__scan *scan,
		    int (*each)(void *arg, const struct tayra__record *record, uint32_t at),
		    void *arg);

#endif
