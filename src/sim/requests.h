/* SPDX-License-Identifier: Apache-2.0
 *
 * requests.h: a trace in memory, ready to be replayed many times: keys renumbered densely in order
 * of appearance, so that policies keep their state in arrays.  Columns the trace does not have cost
 * nothing.  Read-only once loaded, hence shareable between threads.
 */
#ifndef TAYRA_SIM_REQUESTS_H
#define TAYRA_SIM_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__trace;
struct tayra__trace_error;

#define TAYRA__REQUESTS_NEVER                                                                      \
	UINT32_MAX /* in next_use: no more gets before the end or a delete                         \
		    */

struct tayra__requests {
	uint32_t count; /* rows */
	uint32_t gets;  /* rows that are not deletes */
	uint32_t keys;  /* distinct; ids are 0 .. keys-1 */

	/* By row.  NULL: no row has one. */
	uint32_t *id;
	double *time_s; /* NULL where nothing expires */
	double *ttl_s;
	double *cost_ms;
	uint8_t *op; /* enum tayra__trace_op; NULL: all are gets */

	/* By id. */
	uint64_t *size_bytes; /* as first seen */
	uint64_t *key;        /* as in the trace */

	uint64_t footprint_bytes; /* of all keys */
	uint64_t get_bytes;       /* of all gets; bounds every sum a replay makes */
	double get_cost_ms;
	bool sized; /* some size is not 1 */
};

/* What a key costs in memory to be found: a slot of the renumbering table at its fullest. */
size_t tayra__requests_index_bytes(void);

/* Told now and then while reading; false stops.  `rows` were read so far. */
typedef bool tayra__requests_watch_fn(void *ctx, uint64_t rows);

/*
 * Read a trace to its end, or `limit` rows of it (0: all).
 * => TAYRA_OK; TAYRA_E_CORRUPT for a bad or empty trace, TAYRA_E_TOO_LARGE for over 2^32-2 rows or
 *    sizes that add up past 2^63, TAYRA_E_CANCELLED when watch said so, TAYRA_E_NOMEM, TAYRA_E_IO;
 *    error->text says what and where.
 */
int tayra__requests_load(struct tayra__trace *trace, uint64_t limit,
			 tayra__requests_watch_fn *watch, void *ctx, struct tayra__requests **out,
			 struct tayra__trace_error *error);
void tayra__requests_destroy(struct tayra__requests *requests);

/* For each row the row of the key's next get, or TAYRA__REQUESTS_NEVER; NULL when out of memory.
 * The caller frees it with tayra__mem_free(). */
uint32_t *tayra__requests_next_use(const struct tayra__requests *requests);

#endif
