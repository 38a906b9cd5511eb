/* SPDX-License-Identifier: Apache-2.0
 *
 * successor.h: which keys are missed soon after which?  Pairs "after A, B": B was missed within the
 * next few misses after A and within a time.  The idea of MITHRIL (Yang et al., SoCC'17), which
 * mines sporadic associations from misses, in its simplest form: a table of As, each with the few
 * Bs that came often (a new one takes the place of one that came once, or long ago),
 * and counts that fade.
 *
 * What a rule is worth is counted online: how often B came after A, of how often A did; what was
 * fetched ahead and not asked for counts against it, what was there anyway counts for it.
 *
 * A rule holds B's bytes, and a mark of who loads it: it must be the same that would fetch it.
 * Longer keys than TAYRA__SUCCESSOR_KEY are not learned.  Time is the caller's and does not go
 * back.  One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_SUCCESSOR_H
#define TAYRA_LEARN_SUCCESSOR_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__SUCCESSOR_KEY   64 /* bytes */
#define TAYRA__SUCCESSOR_RULES 3  /* of one A */
#define TAYRA__SUCCESSOR_AHEAD 8  /* misses after A that count */

struct tayra__successor_options {
	uint32_t keys;   /* As known at once; >= 4 */
	uint64_t window; /* in the caller's ticks */
};

/* A miss. */
struct tayra__successor_miss {
	uint64_t hash, loader;
	const void *key; /* borrowed for the call */
	size_t key_len;
	uint64_t now;
};

struct tayra__successor_rule {
	uint64_t to, loader;
	uint16_t count, last; /* last: A's uses when it was counted last */
	uint8_t key_len;
	unsigned char key[TAYRA__SUCCESSOR_KEY];
};

struct tayra__successor_source {
	uint64_t hash; /* 0: free */
	uint64_t last;
	uint16_t uses;
	struct tayra__successor_rule rules[TAYRA__SUCCESSOR_RULES];
};

struct tayra__successor {
	struct tayra__successor_options options;
	uint32_t sets;
	uint32_t next; /* in recent */
	struct {
		uint64_t hash, at;
	} recent[TAYRA__SUCCESSOR_AHEAD];
};

/* 0 when the numbers are too large. */
size_t tayra__successor_bytes(const struct tayra__successor_options *options);
void tayra__successor_init(struct tayra__successor *successor,
			   const struct tayra__successor_options *options);
void tayra__successor_missed(struct tayra__successor *successor,
			     const struct tayra__successor_miss *miss);
/* What is likely to be missed after it, of that loader, likeliest first: copies of up to max rules.
 * => how many. */
unsigned tayra__successor_ask(const struct tayra__successor *successor, uint64_t hash,
			      uint64_t loader, double least, unsigned max,
			      struct tayra__successor_rule *out);
enum tayra__successor_outcome { TAYRA__SUCCESSOR_USED, TAYRA__SUCCESSOR_WASTED };
/* B was fetched for A, or would have been, or was there anyway. */
void tayra__successor_judge(struct tayra__successor *successor, uint64_t from, uint64_t to,
			    enum tayra__successor_outcome outcome);

#endif
