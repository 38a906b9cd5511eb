/* SPDX-License-Identifier: Apache-2.0
 *
 * learner.h: what one handle has learned of its keys, and what follows from it: how long a value
 * that lands shall live.  All of it is bounded when it is made.
 *
 * learner.lock guards the tables.  It is the last lock of all: nothing is called with it held.
 */
#ifndef TAYRA_LOAD_LEARNER_H
#define TAYRA_LOAD_LEARNER_H

#include <pthread.h>
#include <stdatomic.h>

#include <tayra/tayra.h>

#include "learn/change_rate.h"
#include "load/observe.h"

struct tayra__learner {
	pthread_mutex_t lock;
	uint64_t seed; /* of hashes */
	uint64_t bytes;
	uint32_t known_keys;
	struct tayra_strategy strategy; /* in force */
	struct tayra__observe observe;
	struct tayra__change_rate *rate;
	bool fallen_back;
	struct {
		uint64_t checks, changed, answers, ttls, fallbacks;
		double stale, ttl_ms, loads;
	} sums;
};

/* What a landing says of its key, taken before any lock. */
struct tayra__lesson {
	struct tayra__learner *learner; /* NULL: there is nobody to learn it */
	uint64_t key, group, value;
	bool fixed; /* the loader gave the ttl itself */
};

/* Make or change it.  handle.lock is held.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__learner_set(struct tayra *t, const struct tayra_strategy *strategy);
/* No call is left. */
void tayra__learner_destroy(struct tayra__learner *learner);

/* status: TAYRA_OK: these bytes; TAYRA_E_NOT_FOUND: there is no such key any more; anything else
 * teaches nothing. */
struct tayra__lesson tayra__learner_lesson(struct tayra *t, const void *key, size_t key_len,
					   int status, const struct tayra_value *value,
					   uint64_t version);
/*
 * A load of it that began at at_ms has landed and will be kept.
 * => the ttl it shall have instead of ttl_ms, which is what was asked for.
 */
uint64_t tayra__learner_landed(const struct tayra__lesson *lesson, uint64_t at_ms, uint64_t ttl_ms);
/* It was answered from what is cached. */
void tayra__learner_hit(struct tayra *t, const void *key, size_t key_len);
/* The key was put or deleted by our own side. */
void tayra__learner_forget(struct tayra *t, const void *key, size_t key_len);

#endif
