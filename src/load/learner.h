/* SPDX-License-Identifier: Apache-2.0
 *
 * learner.h: what one handle has learned of its keys, and what follows from it: how long a value
 * that lands shall live, what is worth fetching ahead (prefetch.h).  All of it is bounded when it
 * is made.
 *
 * learner.lock guards the tables.  Only a shard's lock in the cache is taken with it held.
 */
#ifndef TAYRA_LOAD_LEARNER_H
#define TAYRA_LOAD_LEARNER_H

#include <pthread.h>
#include <stdatomic.h>

#include <tayra/tayra.h>

#include "learn/census.h"
#include "learn/change_rate.h"
#include "learn/periodic.h"
#include "learn/predictor.h"
#include "learn/successor.h"
#include "load/ahead.h"
#include "load/lender.h"
#include "load/observe.h"

/* What hits have to tell of; more than is asked for does no harm. */
enum tayra__watch {
	TAYRA__WATCH_USES = 1, /* for the predictor */
	TAYRA__WATCH_ENDS = 2, /* items about to end */
	TAYRA__WATCH_PATTERNS = 4,
	TAYRA__WATCH_CHANGES = 8, /* not hits: keys that have changed, .. */
	TAYRA__WATCH_TIMES = 16,  /* .. and that are missed at regular times */
};

#define TAYRA__LEARNER_MARKS 1024u

struct tayra__patterns;

struct tayra__learner {
	_Atomic uint32_t watches; /* enum tayra__watch, relaxed: a switch turned a moment ago may
				     be seen late */
	uint64_t seed;            /* of hashes */
	uint32_t known_keys;
	struct tayra__observe observe;
	/* The chance with which a hit is drawn to be asked for again, of 2^32; relaxed. */
	_Atomic uint64_t draws;
	/* Moments of keys that need no second look, each its key's hash and the moment, mixed.
	 * Relaxed: one that is lost is looked at again. */
	_Atomic uint64_t marks[TAYRA__LEARNER_MARKS];

	pthread_mutex_t lock;
	struct tayra_strategy strategy; /* in force */
	uint64_t bytes;
	struct tayra__census census;
	struct tayra__change_rate *rate;
	struct tayra__predictor *predictor;
	struct tayra__successor *successor;
	struct tayra__ahead *ahead;
	struct tayra__lender *lender;
	struct tayra__periodic *periodic;
	struct tayra__patterns *patterns; /* NULL until they are first wanted */
	uint64_t last_use_ms;             /* told to the predictor */
	double mean_cost_ns;              /* of loads, fading */
	bool fallen_back;
	struct {
		uint64_t checks, changed, answers, ttls, fallbacks;
		double stale, ttl_ms, loads;
	} sums;
};

/* What a landing says of its key, taken before any lock. */
struct tayra__lesson {
	struct tayra__learner *learner; /* NULL: there is nobody to learn it */
	uint64_t hash, group, value;
	const void *key; /* the flight's, without its prefix */
	size_t key_len;
	uint64_t bytes;
	bool fixed;   /* the loader gave the ttl itself */
	bool sampled; /* nobody asked for it but to see whether an answer was stale */
};

/* Make or change it.  handle.lock is held.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__learner_set(struct tayra *t, const struct tayra_strategy *strategy);
/* No call is left. */
void tayra__learner_destroy(struct tayra__learner *learner);

struct tayra__learner *tayra__learner_of(struct tayra *t);
bool tayra__learner_watches(const struct tayra__learner *learner, enum tayra__watch what);
/* It is time to move on: take what hits have left, and judge what was fetched ahead. */
void tayra__learner_tick(struct tayra *t, uint64_t now_ms);

/* status: TAYRA_OK: these bytes; TAYRA_E_NOT_FOUND: there is no such key any more; anything else
 * teaches nothing. */
struct tayra__lesson tayra__learner_lesson(const struct tayra_load *flight, int status,
					   uint64_t version);
/*
 * A load of it that began at at_ms and took that long has landed and will be kept.
 * => the ttl it shall have instead of ttl_ms, which is what was asked for.
 */
uint64_t tayra__learner_landed(const struct tayra__lesson *lesson, uint64_t at_ms, uint64_t ttl_ms,
			       uint64_t cost_ns);
/* An answer from what is cached. */
struct tayra__learner_use {
	const void *key;
	size_t key_len, prefix_len;
	const struct tayra_request *request; /* NULL: nothing can follow from it */
	const struct tayra_item_meta *meta;
	uint64_t now_ms;
};
/* The answer that is about to be told of will be drawn to be asked for again (sample.h). */
bool tayra__learner_draws(const struct tayra__learner *learner,
			  const struct tayra__learner_use *use);
void tayra__learner_hit(struct tayra *t, struct tayra__learner *learner,
			const struct tayra__learner_use *use);
/* So many uses have been taken from what hits leave. */
uint64_t tayra__learner_taken(struct tayra *t);
/* The key was put or deleted by our own side. */
void tayra__learner_forget(struct tayra *t, const void *key, size_t key_len);

/* That moment of the key needs no second look.  Any lock or none. */
bool tayra__learner_settled(const struct tayra__learner *learner, uint64_t hash, uint64_t moment);
void tayra__learner_settle(struct tayra__learner *learner, uint64_t hash, uint64_t moment);
/* In the last part of its time. */
static inline bool
tayra__learner_near_end(const struct tayra_item_meta *meta, uint64_t now_ms)
{
	uint64_t part = (meta->fresh_ms - meta->born_ms) / 8;

	return meta->fresh_ms != UINT64_MAX && !(meta->flags & TAYRA_ITEM_STALE) &&
	       now_ms + part >= meta->fresh_ms;
}

/* The rest: with learner.lock held. */

/* The key was missed.  For people it is called what follows its prefix. */
void tayra__learner_missed(struct tayra__learner *learner, const void *key, size_t key_len,
			   size_t prefix_len, uint64_t hash, uint64_t now_ns);
struct tayra__prediction tayra__learner_predict(struct tayra__learner *learner, uint64_t hash,
						uint64_t now_ms);

#endif
