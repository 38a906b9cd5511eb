/* SPDX-License-Identifier: Apache-2.0
 *
 * lag.h: how long after a commit something older is still given.  One thread updates at a rate,
 * another asks for each key that was updated until what it gets is as new.
 */
#ifndef TESTS_FEED_LAG_H
#define TESTS_FEED_LAG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/tayra.h>

#include "base/clock.h"

#define LAG_KEYS    200u
#define LAG_MOST    4000u /* updates */
#define LAG_GIVE_UP (5 * TAYRA_NS_PER_S)

struct lag {
	struct tayra *t;
	struct tayra_origin *origin; /* of the keys "item:N", whose values are their versions */
	/* Commit that version of that key.  => false: it failed. */
	bool (*update)(void *db, unsigned key, unsigned version);
	void *db;
	unsigned updates, per_s;
	/* Of update i: when it was committed, and when nobody got anything older any more. */
	uint64_t commit_ns[LAG_MOST], seen_ns[LAG_MOST];
	_Atomic unsigned committed; /* released after commit_ns */
	_Atomic bool failed;
	double ms[LAG_MOST]; /* sorted, once it has been measured */
	unsigned loads;
};

static inline void *
lag_update(void *arg)
{
	struct lag *lag = arg;
	uint64_t begin_ns = tayra__clock_real_ns();

	for (unsigned i = 0; i < lag->updates && !atomic_load(&lag->failed); i++) {
		tayra__clock_sleep_until_ns(begin_ns + i * TAYRA_NS_PER_S / lag->per_s);
		if (!lag->update(lag->db, i % LAG_KEYS, i + 1))
			atomic_store(&lag->failed, true);
		lag->commit_ns[i] = tayra__clock_real_ns();
		atomic_store_explicit(&lag->committed, i + 1, memory_order_release);
	}
	return NULL;
}

/* => the version that is given for fresh; 0: none. */
static inline unsigned
lag_ask(struct lag *lag, unsigned key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	char name[32], value[32] = "";
	struct tayra_ref ref;

	r.key = name, r.key_len = (size_t)snprintf(name, sizeof(name), "item:%u", key);
	r.origin = lag->origin, r.ttl_ms = 3600 * 1000;
	if (tayra_get_or_load(lag->t, &r, &ref) == TAYRA_OK && ref.value_len < sizeof(value))
		memcpy(value, ref.value, ref.value_len);
	tayra_release(&ref);
	return (unsigned)strtoul(value, NULL, 10);
}

static inline int
lag_by_ms(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double
lag_quantile(const struct lag *lag, double q)
{
	return lag->ms[(unsigned)(q * (lag->updates - 1))];
}

/* => false: an update failed, or one was never seen. */
static inline bool
lag_measure(struct lag *lag)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;
	pthread_t updater;
	unsigned seen = 0, first = 0;
	uint64_t last_ns = tayra__clock_real_ns();

	for (unsigned key = 0; key < LAG_KEYS; key++)
		lag_ask(lag, key);
	if (pthread_create(&updater, NULL, lag_update, lag) != 0)
		return false;
	while (seen < lag->updates && !atomic_load(&lag->failed) &&
	       tayra__clock_real_ns() - last_ns < LAG_GIVE_UP) {
		unsigned committed = atomic_load_explicit(&lag->committed, memory_order_acquire);

		for (unsigned i = first; i < committed; i++) {
			if (lag->seen_ns[i] || lag_ask(lag, i % LAG_KEYS) < i + 1)
				continue;
			last_ns = lag->seen_ns[i] = tayra__clock_real_ns();
			lag->ms[seen++] = (double)(lag->seen_ns[i] - lag->commit_ns[i]) / 1e6;
		}
		while (first < committed && lag->seen_ns[first])
			first++;
		/* The next to be updated is one that is in use. */
		lag_ask(lag, committed % LAG_KEYS);
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + TAYRA_NS_PER_MS / 5);
	}
	if (seen < lag->updates)
		atomic_store(&lag->failed, true);
	pthread_join(updater, NULL);
	qsort(lag->ms, seen, sizeof(lag->ms[0]), lag_by_ms);
	tayra_stats(lag->t, &stats);
	lag->loads = (unsigned)stats.loads;
	return seen == lag->updates;
}

#endif
