/* SPDX-License-Identifier: Apache-2.0
 *
 * ahead.h: loads nobody waits for, because somebody is likely to, and the account of what they cost
 * and saved, for each source.
 *
 * Everything that was fetched ahead, or would have been, waits in a table of bounded size for its
 * judgement: asked for in time, or not.  In time is, for a refresh, after the old value's end and
 * before the new one's; for the others, before their end.  What would have been fetched is in time
 * when its key is missed then.  While the place in the table is taken, nothing is fetched ahead.
 *
 * Budget: what a source wastes of the origin's time is held to a share of what is spent on loads
 * that were asked for, and to a part of what it saves.  How likely a key must be used to be fetched
 * rises while lately it was more, and falls while it was less, down to what is worth it at the
 * strategy's price.  A small part of the budget may always be wasted, or nothing would ever be
 * tried again.
 *
 * Gate: once enough was judged, a source that cost more (the origin's time for nothing, at the
 * strategy's price) than it saved (waiting) lately only counts, until what it would have done looks
 * better than what it would have cost by a fifth.
 *
 * Not thread-safe: of the learner, under its lock.
 */
#ifndef TAYRA_LOAD_AHEAD_H
#define TAYRA_LOAD_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include <tayra/strategy.h>

#define TAYRA__AHEAD_PLACES 1024u

enum tayra__ahead_source {
	TAYRA__AHEAD_NONE,
	TAYRA__AHEAD_REFRESH,
	TAYRA__AHEAD_SUCCESSOR,
	TAYRA__AHEAD_CHANGED,
	TAYRA__AHEAD_PERIODIC,
	TAYRA__AHEAD_SOURCES
};

enum tayra__ahead_kind {
	TAYRA__AHEAD_WOULD, /* counted only */
	TAYRA__AHEAD_BEGUN, /* its load is under way */
	TAYRA__AHEAD_KEPT,  /* it is cached */
};

struct tayra__ahead_place {
	uint64_t hash; /* 0: free */
	uint64_t from_ms, until_ms;
	uint64_t cost_ns;
	uint8_t source, kind;
};

struct tayra__ahead_account {
	struct tayra_prefetch_account sums;
	double saved_ns, wasted_ns, judged; /* fading, by judgement */
	double used_ns, lost_ns;            /* fading, by load that was asked for */
	double least;                       /* a use must be that likely */
};

struct tayra__ahead {
	struct tayra__ahead_account accounts[TAYRA__AHEAD_SOURCES];
	double price, budget;
	double demand_ns; /* of loads that were asked for, fading */
	uint32_t sweep;
	struct tayra__ahead_place places[TAYRA__AHEAD_PLACES];
};

struct tayra__ahead_kept {
	uint64_t until_ms, cost_ns, bytes, evictions;
	bool joined; /* somebody came to wait for it meanwhile: it is judged at once */
};

/* From now on; price and budget as in the strategy. */
void tayra__ahead_set(struct tayra__ahead *ahead, double price, double budget);
/* Something was missed, or would have been, that takes so long to load. */
void tayra__ahead_asked(struct tayra__ahead *ahead, double cost_ns);
/* How likely a use must be for this source to fetch it. */
double tayra__ahead_least(const struct tayra__ahead *ahead, enum tayra__ahead_source source);
/* A key may be fetched ahead.  => false: its place is taken, by it or another that waits. */
bool tayra__ahead_note(struct tayra__ahead *ahead, const struct tayra__ahead_place *place,
		       uint64_t now_ms);
/* Is this source gated, or would it act? */
bool tayra__ahead_gated(const struct tayra__ahead *ahead, enum tayra__ahead_source source);
/* Its load has landed, and is kept. */
void tayra__ahead_landed(struct tayra__ahead *ahead, uint64_t hash,
			 const struct tayra__ahead_kept *kept);
/* It was not let in, or failed. */
void tayra__ahead_dropped(struct tayra__ahead *ahead, uint64_t hash);
/* What was kept was asked for.  => whether it was judged by that. */
bool tayra__ahead_hit(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms);
/* The key was missed. */
void tayra__ahead_missed(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms);
/* Judge one place whose time is over, looking at up to `budget`.  => whether there was one. */
bool tayra__ahead_sweep(struct tayra__ahead *ahead, uint64_t now_ms, uint32_t budget);

#endif
