/* SPDX-License-Identifier: Apache-2.0
 *
 * demand.h: what those who ask wait for loads, and what the origin works, under virtual time: the
 * library's own read-through code over a stream of requests at given moments.  Each load takes its
 * key's cost and the origin serves any number at once, so that a wait is a miss's cost, or what is
 * left of it where the load was begun ahead.
 */
#ifndef TAYRA_BENCH_DEMAND_H
#define TAYRA_BENCH_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <tayra/tayra.h>

struct miss_cost;

struct demand_event {
	uint64_t at_ns;
	uint32_t key; /* 0 .. keys - 1 */
	bool delete;  /* it has changed; else it is asked for */
};

struct demand {
	struct demand_event *events;
	uint64_t *cost_ns;     /* of loading it, by key */
	uint32_t *value_bytes; /* by key */
	uint32_t count, room, keys;
};

struct demand_result {
	uint64_t reads, waited; /* waited: reads that did */
	double wait_ns;         /* of all together */
	uint64_t loads;
	double origin_ns; /* of all loads together */
};

/* Every key's value that long, and every load that time. */
struct demand_kind {
	uint32_t requests; /* at most; of a trace from its beginning */
	uint64_t gap_ns;   /* between two requests */
	uint64_t cost_ns;
	uint32_t value_bytes;
};

/* => TAYRA_OK, or a status, and "what went wrong" goes to error. */
int demand_open_trace(struct demand *d, const char *path, const struct demand_kind *kind,
		      char *error, size_t error_len);
/* Keys at random by a Zipf law: nothing follows from anything. */
int demand_open_random(struct demand *d, uint32_t keys, double zipf, uint64_t seed,
		       const struct demand_kind *kind);
/* Users of the catalogue with that seed, and what loading their keys really takes.  `m` must live
 * as long. */
int demand_open_catalogue(struct demand *d, struct miss_cost *m, uint64_t seed, uint32_t requests,
			  uint64_t gap_ns);
void demand_close(struct demand *d);

/* What all keys and values together would be charged in a cache: of one shard, without overhead. */
uint64_t demand_footprint(const struct demand *d);
/* A cache that holds `share` of that. */
int demand_run(const struct demand *d, double share, const struct tayra_strategy *strategy,
	       struct demand_result *out);

#endif
