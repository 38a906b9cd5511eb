/* SPDX-License-Identifier: Apache-2.0
 *
 * freshness.h: readers of things that really changed.  The updates of a trace say when each key
 * changed; readers ask for keys by a Zipf law, as a Poisson process over the trace's time.  An
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
};

struct freshness_options {
	uint32_t reads;
	double zipf; /* exponent, > 0 */
	uint64_t seed;
};

struct freshness_result {
	uint64_t answers, stale, loads;
	uint64_t ttl_ms; /* of freshness_best_fixed() */
};

/* "what went wrong" goes to error.  => TAYRA_OK, or a status. */
int freshness_open_trace(struct freshness *f, const char *path,
			 const struct freshness_options *options, char *error, size_t error_len);
/* Changes of `keys` keys, each a Poisson process; rates spread over three decades, `updates` in
 * all over span_ms. */
int freshness_open_poisson(struct freshness *f, uint32_t keys, uint32_t updates, uint64_t span_ms,
			   const struct freshness_options *options);
void freshness_close(struct freshness *f);

/* One ttl for all. */
struct freshness_result freshness_fixed(const struct freshness *f, uint64_t ttl_ms);
/* The ttl for all with the fewest loads that keeps stale answers within the budget. */
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
