/* SPDX-License-Identifier: Apache-2.0
 *
 * change_rate.h: how often does what a key stands for change, and how long should a copy live?
 *
 * Told only this: a copy of age a was loaded again, and was the same, or not.  "Not" says that
 * there was at least one change, not when.  For an exponential waiting time the likelihood is
 * maximal where
 *
 *     rate = X / (sum of a over unchanged + sum over changed of E[first change | it is before a])
 *
 * with X checks that saw a change, which for equal a is Cho and Garcia-Molina's -ln(1 - X/n)/a
 * ("Estimating frequency of change", ACM TOIT 3(3), 2003).  It is solved as the checks come, by
 * stepwise expectation maximisation (Cappe and Moulines, JRSS B 71(3), 2009): a changed check adds
 * one change and the time to it that the rate so far expects.  Times are those of rhythm.h, with
 * bursts and hours of the day taken out.  A key begins with what its group knows, a group with what
 * all know, all with the ttl somebody configured: gamma priors.
 *
 * How long should a key remember, and how much should it be like its group?  Where changes come
 * evenly, for ever; where habits change, not so long.  So a key is remembered at several speeds,
 * each is read with several weights of the prior, and the rate is the mean of these experts, each
 * as heavy as it was likely to say what the checks of all keys lately found (Vovk, "Aggregating
 * strategies", COLT 1990; for the logarithmic loss that is Bayes' rule).
 *
 * The time to live.  What is least over all keys for a budget over all answers has the same price
 * everywhere: one stale answer less costs so many loads.  At that price each key's ttl minimises
 * loads and stale answers together (rhythm.h).  The price is found by dual ascent: its logarithm
 * moves with each ttl that is given, by the stale answers that are expected of it, less what the
 * budget allows for the answers that came with and since the load before; what is expected is
 * corrected by what the checks say came of it.
 *
 * Keys are known by hash in a set-associative table that forgets what was loaded longest ago.  Time
 * is the caller's ms and does not go back.  One block of memory, no pointers inside.  Not
 * thread-safe.
 */
#ifndef TAYRA_LEARN_CHANGE_RATE_H
#define TAYRA_LEARN_CHANGE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/rhythm.h"

#define TAYRA__CHANGE_GROUPS 256
#define TAYRA__CHANGE_SPEEDS 3 /* at which a key is forgotten */
#define TAYRA__CHANGE_PRIORS 3 /* weights of what its group knows */

struct tayra__change_rate_options {
	uint32_t keys;          /* known at once; >= 8 */
	uint64_t configured_ms; /* the ttl somebody thought right: >= 1 */
	double budget;          /* share of answers that may be stale: 0 < .. < 1 */
};

/* Changes, and the time in which they came; reads, and the time in which they came. */
struct tayra__change_tally {
	float changes, exposed_ms;
};
struct tayra__change_sums {
	struct tayra__change_tally changes;
	float reads, read_ms;
};

struct tayra__change_key {
	uint64_t hash; /* 0: free */
	uint64_t value;
	uint64_t loaded_ms;  /* 0: something else became of it; nothing to compare */
	uint64_t changed_ms; /* when a change was last seen; UINT64_MAX: never */
	uint64_t ttl_ms;     /* of the copy */
	struct tayra__change_tally changes[TAYRA__CHANGE_SPEEDS];
	float reads, read_ms;
};

/* One load. */
struct tayra__change_load {
	uint64_t key, group;
	uint64_t value; /* a fingerprint of the bytes */
	uint64_t at_ms; /* when it was begun: what it brought was true then */
	uint64_t reads; /* answers given from the copy before it, this one not counted */
	bool unasked;   /* this one was no answer to anybody */
};

/* What it said about the copy before it. */
struct tayra__change_check {
	bool known; /* there is one to compare with */
	bool changed;
	double age_ms;
	double answers, stale; /* given from it, and the one just loaded; of those, expected */
};

struct tayra__change_rate {
	struct tayra__change_rate_options options;
	uint32_t sets;
	struct tayra__change_sums all;
	struct tayra__change_sums groups[TAYRA__CHANGE_GROUPS];
	uint64_t group_of[TAYRA__CHANGE_GROUPS];
	struct tayra__rhythm rhythm;
	/* Logarithms of how likely each expert was to say what was found; fading. */
	double score[TAYRA__CHANGE_SPEEDS][TAYRA__CHANGE_PRIORS];
	uint64_t began_ms; /* the first load */
	double log_price;
	double came;            /* answers with and since the load before this one of its key */
	double answers_a_check; /* fading */
	double answers, stale;  /* fading */
	double debt;            /* stale answers above what was aimed at, as the checks say */
	double promised;        /* stale answers that were to be expected; fading */
};

/* 0 when the numbers are too large. */
size_t tayra__change_rate_bytes(const struct tayra__change_rate_options *options);
void tayra__change_rate_init(struct tayra__change_rate *rate,
			     const struct tayra__change_rate_options *options);
/* It was loaded: compare, and learn. */
struct tayra__change_check tayra__change_rate_loaded(struct tayra__change_rate *rate,
						     const struct tayra__change_load *load);
/* It was written or removed from our side: the next load says nothing. */
void tayra__change_rate_forget(struct tayra__change_rate *rate, uint64_t key);
/* A copy of it was loaded, and has lived as long as it was to. */
bool tayra__change_rate_is_over(const struct tayra__change_rate *rate, uint64_t key,
				uint64_t now_ms);
/* Changes a ms expected of the key at that moment. */
double tayra__change_rate_of(const struct tayra__change_rate *rate, uint64_t key, uint64_t group,
			     uint64_t now_ms);
/* The ttl that is best for it, >= 0, but no longer than anything has been watched: a ttl that is
 * far too long would be found out as late. */
double tayra__change_rate_ttl(const struct tayra__change_rate *rate, uint64_t key, uint64_t group,
			      uint64_t now_ms);
/* The copy just loaded will live so long. */
void tayra__change_rate_keep(struct tayra__change_rate *rate, uint64_t key, uint64_t ttl_ms);
/* It shall live so long, or would: move the price by what is to be expected of that. */
void tayra__change_rate_settle(struct tayra__change_rate *rate, uint64_t key, uint64_t group,
			       uint64_t now_ms, double ttl_ms);
/* The share of answers lately that were stale, as the checks say; NAN before the first. */
double tayra__change_rate_staleness(const struct tayra__change_rate *rate);
/* Loads an answer, of copies of that ttl. */
double tayra__change_rate_load_share(double reads, double ttl_ms);
/* Reads a ms of the key, expected. */
double tayra__change_rate_reads(const struct tayra__change_rate *rate, uint64_t key);

#endif
