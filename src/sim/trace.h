/* SPDX-License-Identifier: Apache-2.0
 *
 * trace.h: a stream of requests out of a trace file, whatever its format.  Nothing in the file is
 * trusted; memory is fixed.  Not thread-safe.
 *
 *   csv            a header line, then columns by name in any order: time_s, key, size_bytes, and
 *                  optionally ttl_s, op, cost_ms.  Columns with other names are skipped.
 *   oraclegeneral  libCacheSim's binary records: u32 time_s, u64 key, u32 size_bytes, i64 next use,
 *                  little-endian, 24 bytes.  The next use is not relied on.
 *   twitter        time_s, key, key size, value size, client, operation, ttl_s; no header.  The key
 *                  is text and hashed to 64 bits; the size is that of key and value together.
 *
 * Each of them may be compressed with zstd.
 */
#ifndef TAYRA_SIM_TRACE_H
#define TAYRA_SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum tayra__trace_format {
	TAYRA__TRACE_AUTO, /* by what the first bytes look like */
	TAYRA__TRACE_CSV,
	TAYRA__TRACE_ORACLEGENERAL,
	TAYRA__TRACE_TWITTER,
};
/* "auto", "csv", "oraclegeneral", "twitter", NULL: in the order of the enum. */
extern const char *const tayra__trace_format_names[];

enum tayra__trace_op { TAYRA__TRACE_GET, TAYRA__TRACE_DELETE };

struct tayra__trace_request {
	double time_s; /* >= 0; may go back */
	uint64_t key;
	uint64_t size_bytes; /* <= INT64_MAX */
	double ttl_s;        /* 0: does not expire */
	double cost_ms;      /* 0 where the trace has none */
	enum tayra__trace_op op;
	const char *key_text; /* as it stands in the file, until the next call; NULL: it does not */
	size_t key_len;       /* of key_text */
};

/* What the trace has beyond time, key and size. */
#define TAYRA__TRACE_HAS_TTL    1u
#define TAYRA__TRACE_HAS_COST   2u
#define TAYRA__TRACE_HAS_DELETE 4u /* rows may be deletes */

/* One line for a person, "FILE:LINE: what"; FILE: record N: what, for binary formats. */
struct tayra__trace_error {
	char text[512];
};

struct tayra__trace;

/* "-" is standard input.  On failure *out is NULL and error->text says why.
 * => TAYRA_OK, TAYRA_E_IO, TAYRA_E_CORRUPT, TAYRA_E_CANCELLED, TAYRA_E_UNSUPPORTED, TAYRA_E_NOMEM.
 */
int tayra__trace_open(const char *path, enum tayra__trace_format format, struct tayra__trace **out,
		      struct tayra__trace_error *error);
/* The same for bytes in memory, borrowed until close. */
int tayra__trace_open_memory(const void *bytes, size_t len, const char *name,
			     enum tayra__trace_format format, struct tayra__trace **out,
			     struct tayra__trace_error *error);
void tayra__trace_close(struct tayra__trace *trace);

/* TAYRA__TRACE_HAS_*. */
unsigned tayra__trace_columns(const struct tayra__trace *trace);

/* How much of the file was read, in bytes as they are stored; *total is 0 where nobody knows. */
uint64_t tayra__trace_position(const struct tayra__trace *trace, uint64_t *total);

/* => TAYRA_OK, TAYRA_E_NOT_FOUND at the end; else as open, with error->text set. */
int tayra__trace_next(struct tayra__trace *trace, struct tayra__trace_request *out,
		      struct tayra__trace_error *error);

#endif
