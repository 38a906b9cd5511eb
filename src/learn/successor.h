/* SPDX-License-Identifier: Apache-2.0
 *
 * successor.h: which keys are missed soon after which?  Pairs "after A, B": B was missed within the
 * next few misses after A and within a time.  The idea of MITHRIL (Yang et al., SoCC'17), which
 * mines sporadic associations from misses, in its simplest form: a table of keys, each with the few
 * that came after it (a new one takes the place of one that came once, or long ago).
 *
 * How likely a rule is comes from how rules like it have done: how often it held, how often not,
 * and how near B came.  For each such class it is counted, at every use of A, whether B followed.
 * So where keys come in the same order again, what came after A a single time is believed, and
 * where nothing follows from anything, nothing is, however many pairs there are.
 *
 * A rule's B is fetched with what the table has of B itself: its bytes and a mark of who loads it.
 * The bytes of keys lie in a ring; those that were overwritten are known again at the key's next
 * miss.  Longer keys than TAYRA__SUCCESSOR_KEY are not learned.  Time is the caller's and does not
 * go back.  One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_SUCCESSOR_H
#define TAYRA_LEARN_SUCCESSOR_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__SUCCESSOR_KEY     64 /* bytes */
#define TAYRA__SUCCESSOR_RULES   8  /* of one A */
#define TAYRA__SUCCESSOR_AHEAD   8  /* misses after A that count */
#define TAYRA__SUCCESSOR_CLASSES 60

struct tayra__successor_options {
	uint32_t keys;   /* known at once; >= 4 */
	uint64_t window; /* in the caller's ticks */
};

/* A miss. */
struct tayra__successor_miss {
	uint64_t hash, loader;
	const void *key; /* borrowed for the call */
	size_t key_len;
	uint64_t now;
};

/* What is likely to be missed next. */
struct tayra__successor_guess {
	uint64_t hash;
	double probability;
	uint8_t rule; /* of A */
	uint8_t key_len;
	unsigned char key[TAYRA__SUCCESSOR_KEY];
};

struct tayra__successor_class {
	float followed, of;
};

struct tayra__successor_recent {
	uint64_t hash, at;
	uint8_t classes[TAYRA__SUCCESSOR_RULES]; /* of its rules that have not come true yet */
};

struct tayra__successor {
	struct tayra__successor_options options;
	uint64_t ring_bytes, ring_head; /* head: bytes written so far */
	uint32_t sets, misses;
	uint32_t next; /* in recent */
	struct tayra__successor_recent recent[TAYRA__SUCCESSOR_AHEAD];
	struct tayra__successor_class classes[TAYRA__SUCCESSOR_CLASSES];
};

/* 0 when the numbers are too large. */
size_t tayra__successor_bytes(const struct tayra__successor_options *options);
void tayra__successor_init(struct tayra__successor *successor,
			   const struct tayra__successor_options *options);
/*
 * A key was missed, or would have been.  => how many of out[], up to max, are at least that likely
 * to be missed soon, of the same loader, likeliest first.
 */
unsigned tayra__successor_missed(struct tayra__successor *successor,
				 const struct tayra__successor_miss *miss, double least,
				 unsigned max, struct tayra__successor_guess *out);
/* That guess of the last miss is there already: whether it is missed says nothing. */
void tayra__successor_present(struct tayra__successor *successor,
			      const struct tayra__successor_guess *guess);

#endif
