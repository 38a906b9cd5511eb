/* SPDX-License-Identifier: Apache-2.0
 *
 * miss_cost.h: what the misses of a cache cost on the showcase's catalogue.  The requests are those
 * of its users (workload.h), values have their real lengths, and each key costs what loading it
 * from the real database took: processor time of the thread, the least of a few loads, measured
 * once, so that every cache pays the same for the same key.
 *
 * The production cache runs through a stream of requests from empty.  A read that misses is put,
 * with its cost; an update deletes what is about the package itself, as the showcase does.  Nothing
 * expires.  One thread.
 */
#ifndef TAYRA_BENCH_MISS_COST_H
#define TAYRA_BENCH_MISS_COST_H

#include <stdint.h>

#include "showcase/catalogue.h"

#include <tayra/cache.h>

struct tayra__database;

struct miss_cost {
	struct tayra__catalogue catalogue;
	struct tayra__database *db;
	struct tayra__names keys; /* of all streams made so far */
	uint64_t *cost_ns;        /* by key */
	uint32_t *value_bytes;    /* by key */
	uint32_t room, longest;   /* longest: bytes of the longest value */
};

struct miss_stream {
	uint32_t *event; /* a key's number to read; with MISS_STREAM_DELETE to delete */
	uint32_t count;
	uint32_t keys;            /* different ones that are read */
	uint64_t footprint_bytes; /* their keys and values */
};
#define MISS_STREAM_DELETE (1u << 31)

struct miss_result {
	uint64_t reads, misses;
	double cost_ns; /* of all misses together */
};

/* data_path NULL: the machine's package index.  => as tayra__catalogue_create(). */
int miss_cost_open(struct miss_cost *m, const char *data_path, char *error, size_t error_len);
void miss_cost_close(struct miss_cost *m);

/* That many requests of users with that seed, whose popularity drifts every 10,000.  Loads the keys
 * that no stream had before, to know their cost.  => TAYRA_OK, TAYRA_E_NOMEM, or the database's. */
int miss_cost_stream(struct miss_cost *m, uint64_t seed, uint32_t requests,
		     struct miss_stream *stream);
void miss_cost_stream_fini(struct miss_stream *stream);

/* => TAYRA_OK, or what tayra_cache_create() or tayra_cache_get() says. */
int miss_cost_run(const struct miss_cost *m, const struct miss_stream *stream,
		  const struct tayra_cache_options *options, struct miss_result *result);

#endif
