/* SPDX-License-Identifier: Apache-2.0
 *
 * hints.h: advice from how keys are used (patterns.h): a sentence, the figures behind it, and what
 * following it would save.  Pure; the writers write.
 *
 * How much is saved.  T is the time observed, a the mean age of what a reload replaced, n the
 * reloads that were compared, X those that found other bytes, cost the mean of the loads that had
 * one:
 *
 *   hot key         requests/s = its hits / T: what a copy in the client would keep away
 *   ttl too short   loads/s = reloads after expiry / T * (1 - a / t)
 *                   t is when a change has a chance of 20%, -ln(0.8) / rate; the rate is
 *                   -ln((n - X + 1/2) / (n + 3/2)) / a: Cho and Garcia-Molina's (TOIT 3, 2003), as
 *                   if one more reload had found a change; of a group T at most
 *   ttl too long    stale answers/s = hits / T * (s - 10%), s = 1 - (1 - exp(-r)) / r the share of
 *                   time that a copy is stale, r = -ln((n - X + 1/2) / (n + 1/2)) changes an age.
 *                   Loads/s is negative: what it costs
 *                   (both of a key, or of a group where no key makes up half of its reloads)
 *   expired early   loads/s = misses of what had run out / T, times the share that was still the
 *                   same where that is known: what no longer time to live could exceed
 *   evicted early   loads/s = misses of what had been evicted / T: what no memory could exceed
 *   used once       bytes of the keys first seen in the first half of T and used once
 *   group           bytes loaded for a group of which nearly nothing is used again
 *   bursts          new keys in bursts times the mean size of a value
 *
 * Origin time/s is loads/s times cost.  Bytes are over all of T.  What is not known is NAN.
 */
#ifndef TAYRA_LEARN_HINTS_H
#define TAYRA_LEARN_HINTS_H

#include <stdint.h>
#include <stdio.h>

struct tayra__json;
struct tayra__patterns;

#define TAYRA__HINTS_MAX     24
#define TAYRA__HINT_FACTS    6
#define TAYRA__HINT_LINES    10
#define TAYRA__HINT_TEXT     200 /* of a key or group, printable */
#define TAYRA__HINT_SENTENCE 480

enum tayra__hint_kind {
	TAYRA__HINT_HOT_KEY,
	TAYRA__HINT_TTL_SHORT,
	TAYRA__HINT_TTL_LONG,
	TAYRA__HINT_EXPIRED_EARLY,
	TAYRA__HINT_EVICTED_EARLY,
	TAYRA__HINT_USED_ONCE,
	TAYRA__HINT_GROUP,
	TAYRA__HINT_BURSTS,
};

struct tayra__hint_fact {
	const char *name; /* with its unit, as a member of JSON */
	double value;
};

struct tayra__hint_saving {
	double requests_per_s, loads_per_s, origin_ms_per_s, stale_per_s, bytes;
};

struct tayra__hint {
	enum tayra__hint_kind kind;
	char subject[TAYRA__HINT_TEXT]; /* a key or a group; empty: all */
	char sentence[TAYRA__HINT_SENTENCE];
	struct tayra__hint_fact facts[TAYRA__HINT_FACTS];
	unsigned fact_count;
	struct tayra__hint_saving saving;
};

/* A key or a group among the most used. */
struct tayra__hint_line {
	char text[TAYRA__HINT_TEXT];
	double share, share_error; /* of all uses; the share is too high by the error at most */
	double uses_per_s, hit_share, loads_per_s, cost_ms, bytes; /* the last two a load */
};

struct tayra__hints {
	double seconds, uses, hit_share, loads, origin_ms_per_s;
	double keys; /* distinct, estimated from a sample */
	struct tayra__hint_line hot[TAYRA__HINT_LINES], groups[TAYRA__HINT_LINES];
	unsigned hot_count, group_count;
	struct tayra__hint hints[TAYRA__HINTS_MAX]; /* what saves most first */
	unsigned hint_count;
};

/* For people: "Hot key", "Time to live too short", .. */
const char *tayra__hint_kind_title(enum tayra__hint_kind kind);
/* "hot_key", "ttl_short", "ttl_long", "expired_early", "evicted_early", "used_once",
 * "group_no_reuse", "bursts". */
const char *tayra__hint_kind_name(enum tayra__hint_kind kind);
void tayra__hints_take(const struct tayra__patterns *patterns, uint64_t now_ns,
		       struct tayra__hints *out);

/* Members of an object that is open: seconds, uses, .., hot_keys, groups, hints. */
void tayra__hints_json(const struct tayra__hints *hints, struct tayra__json *json);
/* For a terminal of 80 columns. */
void tayra__hints_text(const struct tayra__hints *hints, FILE *out);

#endif
