/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns.h: how keys are used, in fixed room: what is told of uses, loads and losses becomes
 * figures from which hints.h makes advice.  It keeps
 *
 *   hot       the most used keys, and the keys most often loaded again    (frequent.h)
 *   groups    the most used groups of keys                                (keygroup.h)
 *   sample    every key whose hash falls below a threshold, which is halved when there is no more
 *             room (SHARDS, Waldspurger et al., FAST'15): what share is used once, what comes back
 *             after it was evicted or ran out
 *   bursts    stretches of uses of which nearly all are of keys not seen before
 *
 * Nothing fades: it is about the time since init.  Time is in nanoseconds and does not go back;
 * what is told with an earlier time counts as told now.
 *
 * One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_PATTERNS_H
#define TAYRA_LEARN_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/keygroup.h"

struct tayra__frequent;

struct tayra__patterns_options {
	uint32_t keys;   /* counters for hot keys, as many again for reloads; 0: 256 */
	uint32_t groups; /* counters; 0: 64 */
	uint32_t sample; /* keys; 0: 4096 */
};

enum tayra__patterns_outcome { TAYRA__PATTERNS_HIT, TAYRA__PATTERNS_MISS };

/* How a loaded value compares with the one known before. */
enum tayra__patterns_change {
	TAYRA__PATTERNS_UNKNOWN, /* there was none, or nobody compared */
	TAYRA__PATTERNS_SAME,
	TAYRA__PATTERNS_CHANGED,
};

/* Why a value is not there any more, or was loaded anew. */
enum tayra__patterns_cause {
	TAYRA__PATTERNS_NEW,     /* a load: nothing known of an earlier value */
	TAYRA__PATTERNS_EXPIRED, /* its time to live was over, or nearly so (refresh) */
	TAYRA__PATTERNS_EVICTED, /* or left out for lack of room */
	TAYRA__PATTERNS_REMOVED, /* by the user */
};

/* What is told.  The hash is of the whole key, seeded, and the same for all calls. */
struct tayra__patterns_event {
	uint64_t hash;
	const void *key; /* borrowed for the call */
	size_t key_len;
	uint64_t now_ns;
	uint64_t bytes;   /* of the value; 0: not known */
	uint64_t cost_ns; /* of this load, in time of the origin; 0: not known.  Loads only */
	uint32_t weight;  /* uses this one stands for, see tayra__patterns_watches(); 0: 1 */
};

/* A key of the sample. */
struct tayra__patterns_key {
	uint64_t hash; /* 0: free */
	uint64_t group;
	uint64_t first_ns;
	uint64_t bytes; /* last known */
	double cost_ns; /* sum over loads */
	uint32_t uses, loads;
	uint32_t after_evicted, after_expired; /* misses of what had been there */
	uint8_t gone;                          /* enum tayra__patterns_cause; NEW: it is not gone */
	uint8_t unread;                        /* no hit since the last load */
};

/* Stretches of new keys; counted in windows of 256 uses. */
struct tayra__patterns_bursts {
	uint64_t window_uses, window_new, windows;
	double usual; /* share of new keys, outside bursts */
	bool in_burst;
	uint64_t count, uses, new_keys; /* in bursts */
	uint64_t longest, current;      /* uses */
	/* What most of them are of: a majority vote (Boyer and Moore), by groups. */
	uint64_t group, votes;
	uint32_t group_len;
	char group_text[TAYRA__KEYGROUP_MAX];
	/* Keys seen lately: two bitmaps that take turns. */
	uint32_t filter_keys;
	uint8_t filter_turn;
};

struct tayra__patterns {
	struct tayra__patterns_options options;
	uint64_t since_ns, now_ns;
	uint64_t uses, hits;
	uint64_t loads, reloads, same, changed;
	double cost_ns, bytes; /* of loads, sums */
	uint64_t costed, sized;
	uint64_t gone[4];                         /* by cause */
	uint64_t evicted_sampled, evicted_unread; /* of the sample; those never hit since loaded */
	struct tayra__patterns_bursts bursts;
	uint64_t threshold; /* of 2^32: hashes below are in the sample */
	uint32_t slots, sampled;
	size_t hot_at, reloads_at, groups_at, sample_at, filter_at; /* in the block */
};

/* 0 when the numbers are too large. */
size_t tayra__patterns_bytes(const struct tayra__patterns_options *options);
/* => The memory is of tayra__patterns_bytes(), aligned to 8.  Also to begin anew. */
void tayra__patterns_init(struct tayra__patterns *patterns,
			  const struct tayra__patterns_options *options, uint64_t now_ns);

/*
 * Must every use of that key be told, with weight 1?  Of other keys' uses a caller may tell one in
 * so many, drawn at random, with that number as its weight: no figure is biased by it.  The answer
 * changes from true to false as the sample fills, never back.
 */
bool tayra__patterns_watches(const struct tayra__patterns *patterns, uint64_t hash);

/* A key was asked for, and was there or not. */
void tayra__patterns_use(struct tayra__patterns *patterns,
			 const struct tayra__patterns_event *event,
			 enum tayra__patterns_outcome outcome);
/* Its value was loaded; after the use, where one caused it.  age_ns: of the value it replaces when
 * that was last known to be current, 0 where there was none. */
void tayra__patterns_load(struct tayra__patterns *patterns,
			  const struct tayra__patterns_event *event,
			  enum tayra__patterns_cause cause, enum tayra__patterns_change change,
			  uint64_t age_ns);
/* Its value is gone; of what is not told, only "used again after it was gone" is not known. */
void tayra__patterns_gone(struct tayra__patterns *patterns,
			  const struct tayra__patterns_event *event,
			  enum tayra__patterns_cause cause);

/* For who reads the figures. */
struct tayra__frequent *tayra__patterns_hot(const struct tayra__patterns *patterns);
struct tayra__frequent *tayra__patterns_reloads(const struct tayra__patterns *patterns);
struct tayra__frequent *tayra__patterns_groups(const struct tayra__patterns *patterns);
/* Slot 0 .. slots-1; hash 0: free. */
const struct tayra__patterns_key *tayra__patterns_sample(const struct tayra__patterns *patterns,
							 uint32_t slot);
/* Keys that one in the sample stands for. */
double tayra__patterns_stands_for(const struct tayra__patterns *patterns);

#endif
