/* SPDX-License-Identifier: Apache-2.0
 *
 * pgoutput.h: what a PostgreSQL server sends while it replicates: the envelopes of the streaming
 * replication protocol, and in them the messages of its plugin pgoutput, version 1.
 *
 * Source: PostgreSQL's documentation, "Streaming Replication Protocol", "Logical Replication
 * Message Formats".  Everything points into the caller's bytes.  What was read whole is whole:
 * walking over it cannot fail.
 */
#ifndef TAYRA_FEED_PGOUTPUT_H
#define TAYRA_FEED_PGOUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "origin/pattern.h"

enum tayra__envelope_kind {
	TAYRA__ENVELOPE_DATA = 'w',
	TAYRA__ENVELOPE_KEEPALIVE = 'k',
};

struct tayra__envelope {
	enum tayra__envelope_kind kind;
	uint64_t lsn;            /* DATA: where it begins; KEEPALIVE: where the log ends */
	bool asks;               /* KEEPALIVE: to be answered now */
	struct tayra__part data; /* DATA: a message */
};

enum tayra__pgoutput_kind {
	TAYRA__PGOUTPUT_OTHER = 0, /* nothing of ours: an origin, a type, a message, a new kind */
	TAYRA__PGOUTPUT_BEGIN = 'B',
	TAYRA__PGOUTPUT_COMMIT = 'C',
	TAYRA__PGOUTPUT_RELATION = 'R',
	TAYRA__PGOUTPUT_INSERT = 'I',
	TAYRA__PGOUTPUT_UPDATE = 'U',
	TAYRA__PGOUTPUT_DELETE = 'D',
	TAYRA__PGOUTPUT_TRUNCATE = 'T',
};

/* Where its next element is, and how many are left. */
struct tayra__pgoutput_walk {
	const unsigned char *at, *end;
	uint32_t left;
};

struct tayra__pgoutput {
	enum tayra__pgoutput_kind kind;
	uint32_t xid;                     /* BEGIN */
	uint32_t relation;                /* RELATION, INSERT, UPDATE, DELETE */
	struct tayra__part schema, table; /* RELATION */
	bool full;                        /* RELATION: what identifies a row is all of it */
	bool has_old;                     /* UPDATE, DELETE: the row as it was, or what of it
					   * identifies it, is in `old` */
	struct tayra__pgoutput_walk old;  /* cells */
	struct tayra__pgoutput_walk new;  /* INSERT, UPDATE: cells */
	struct tayra__pgoutput_walk list; /* RELATION: columns; TRUNCATE: relations */
};

struct tayra__pgoutput_column {
	bool identifies; /* a row, with others maybe */
	struct tayra__part name;
};

enum tayra__pgoutput_cell_kind {
	TAYRA__PGOUTPUT_NULL = 'n',
	TAYRA__PGOUTPUT_UNCHANGED = 'u', /* too long to be sent when it has not changed */
	TAYRA__PGOUTPUT_TEXT = 't',
	TAYRA__PGOUTPUT_BINARY = 'b',
};

struct tayra__pgoutput_cell {
	enum tayra__pgoutput_cell_kind kind;
	struct tayra__part value; /* TEXT, BINARY */
};

/* => false: it is none. */
bool tayra__envelope_read(const void *bytes, size_t len, struct tayra__envelope *out);
/* => false: it is none, or it ends too early. */
bool tayra__pgoutput_read(const void *bytes, size_t len, struct tayra__pgoutput *out);
/* The next one of a walk.  => false: there is none. */
bool tayra__pgoutput_column(struct tayra__pgoutput_walk *columns,
			    struct tayra__pgoutput_column *out);
bool tayra__pgoutput_cell(struct tayra__pgoutput_walk *cells, struct tayra__pgoutput_cell *out);
bool tayra__pgoutput_relation(struct tayra__pgoutput_walk *relations, uint32_t *out);

/* How far we have come, for the server to forget what is before; `asks`: to be answered now. */
#define TAYRA__ENVELOPE_STATUS_BYTES 34u
void tayra__envelope_status(uint64_t lsn, bool asks,
			    unsigned char out[TAYRA__ENVELOPE_STATUS_BYTES]);

#endif
