/* SPDX-License-Identifier: Apache-2.0
 *
 * freshness.h: readers of things that change (freshness_changes.h, freshness_catalogue.h).  An
 * answer is stale when the key has changed since it was loaded.  What is counted: answers, stale
 * ones, loads; with the library's own read-through code under virtual time, and, in hindsight, with
 * the best ttl there could have been, one for all or one a key.
 */
#ifndef TAYRA_BENCH_FRESHNESS_H
#define TAYRA_BENCH_FRESHNESS_H

#include <stdint.h>

#include <tayra/tayra.h>

struct freshness_read {
	uint64_t at_ms;
	uint32_t key;
	uint32_t version; /* the truth at that moment */
};

struct freshness {
	struct freshness_read *reads;
	uint32_t count, keys;
	uint64_t span_ms;
	char **names; /* of the keys; NULL: "file:0" .. */
};

struct freshness_result {
	uint64_t answers, stale, loads;
	uint64_t ttl_ms; /* of freshness_best_fixed() */
};

void freshness_close(struct freshness *f);

/* One ttl for all. */
struct freshness_result freshness_fixed(const struct freshness *f, uint64_t ttl_ms);
/* The ttl for all with the fewest loads that keeps stale answers within the budget, to 0.2%. */
struct freshness_result freshness_best_fixed(const struct freshness *f, double budget);
/* A ttl for each key from a grid of half octaves, with the fewest loads in all, near enough: the
 * best at one price of a stale answer for all keys. */
struct freshness_result freshness_best_each(const struct freshness *f, double budget);
/* TTL learning alone, from a configured ttl of an hour, bounded by the span alone. */
void freshness_ttl_strategy(const struct freshness *f, double budget, struct tayra_strategy *out);
/* The library itself. */
struct freshness_result freshness_run(const struct freshness *f,
				      const struct tayra_strategy *strategy,
				      struct tayra_strategy_stats *stats);

#endif
