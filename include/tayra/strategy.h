/* SPDX-License-Identifier: Apache-2.0
 *
 * strategy.h: how one pool of keys behaves: how long values live and who waits how long for what,
 * which of these habits are learned, and what learning may cost.  Included by tayra.h.
 *
 * Features.  Each learned habit has a switch of its own, to be turned at run time:
 *   OFF      nothing is learned for it.
 *   MONITOR  it learns, and counts what it would have done; it changes nothing.
 *   ON       it acts, as long as its own account says that it is worth it.
 *
 * A handle whose options name no strategy learns nothing and pays nothing.
 */
#ifndef TAYRA_STRATEGY_H
#define TAYRA_STRATEGY_H

#include <stdio.h>

#include <tayra/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tayra;

enum tayra_feature_mode {
	TAYRA_FEATURE_DEFAULT = 0, /* MONITOR; for patterns OFF */
	TAYRA_FEATURE_OFF = 1,
	TAYRA_FEATURE_MONITOR = 2,
	TAYRA_FEATURE_ON = 3,
};
/* "default", "off", "monitor", "on"; NULL for anything else. */
TAYRA_API const char *tayra_feature_mode_name(enum tayra_feature_mode mode);

struct tayra_strategy {
	size_t size;
	/* What requests that leave them 0 get; as in struct tayra_options, whose own values count
	 * where these are 0. */
	uint64_t ttl_ms, stale_ms;
	uint64_t soft_timeout_ns, timeout_ns, throttle_ms;

	/*
	 * Learned time to live.  Of each key, its group (how it is written: "user:#:*") and the
	 * pool it is learned how often reloads bring other bytes, and how often it is asked
	 * for.  ON: values live as long as loads the origin least, while at most the share
	 * `staleness_budget` of answers is older than the truth.  A ttl that the loader itself
	 * gives (tayra_load_result) is kept, and so is TAYRA_OFF.
	 */
	enum tayra_feature_mode ttl_learning;
	double staleness_budget;         /* 0 < .. < 1; default 0.01 */
	uint64_t ttl_min_ms, ttl_max_ms; /* default a 100th and 100 times ttl_ms */

	/*
	 * Prefetch: loads nobody waits for, in the class `refresh_class`, through the pace, with
	 * the loader or origin of the request that caused them: it must take the key from
	 * tayra_load_key(), and load_arg must stay valid as long as the handle.  Requests with a
	 * loader of their own need options.ticker.
	 * refresh: what is about to expire and will be asked for again.
	 * successors: what has often been missed soon after this key.
	 * changed (prefetch_changed, below): what was deleted, or a feed said has changed, and will
	 * be asked for again; with who missed it last, whose origin must stay open as long as the
	 * handle.  Delete a key when its change can be read: what is loaded then is kept.
	 */
	enum tayra_feature_mode prefetch_refresh, prefetch_successors;
	enum tayra_class refresh_class; /* default BACKGROUND */
	double prefetch_price; /* what a second of the origin's work for nothing costs, in seconds
				  of waiting saved; default 0.5 */

	/* Will this key be asked for again?  MONITOR and ON are the same: it decides nothing alone,
	 * and prefetch_refresh and _changed need it. */
	enum tayra_feature_mode predictor;
	uint64_t horizon_ms; /* of the prediction; default ttl_ms */
	/* Access patterns for people: tayra_patterns_write(). */
	enum tayra_feature_mode patterns;

	/* Limits. */
	uint32_t known_keys;     /* that are learned of at once; default 16,384 */
	uint64_t learning_bytes; /* for all that is learned; fewer keys are known if need be;
				    default 8 MiB, at least 256 KiB */
	uint64_t memory_bytes;   /* of a pool's own RAM tier; default 16 MiB; a handle's is in
				    options.cache */

	/*
	 * A group of keys is how they are written ("user:#:*") and who loads them.  When its loads
	 * have failed five times in a row, by error or timeout, it rests: what is stale is served
	 * to who takes it, others get TAYRA_E_ORIGIN with retry_after_ns, and one load after
	 * throttle_ms, then ever later up to throttle_max_ms, a random eighth more at most, tries
	 * whether the origin is back.  As in struct tayra_options.
	 */
	uint64_t throttle_max_ms;
	double ttl_jitter;                    /* as in struct tayra_options */
	uint64_t absent_ttl_ms, error_ttl_ms; /* the same */
	double refresh_at;                    /* the same */
	double prefetch_budget; /* of each source of prefetches, the origin's work for nothing is
				   held to this share of its work for loads that were asked for;
				   default 0.06 */
	enum tayra_feature_mode prefetch_changed; /* a prefetch, as above */
	/* The same: what is asked for at regular times, every hour or every morning, is loaded
	 * before the next; three in a row are needed to see it. */
	enum tayra_feature_mode prefetch_periodic;
	double xfetch; /* as in struct tayra_options */

	/*
	 * While ttl_learning is ON: a few loads are made
	 * to see whether an answer from what was cached was stale: drawn at random from all such
	 * answers, in the class BACKGROUND, through the pace, by the origin or loader of the
	 * request that got the answer; like prefetches they need an origin or options.ticker.  What
	 * they bring is kept, and is a check for the learned ttl as well.
	 */
	double staleness_samples; /* a load; 0 < .. <= 1; default 0.01; -1: none */
};
#define TAYRA_STRATEGY_INIT TAYRA__SIZED(struct tayra_strategy)

/* Times for kinds of values.  No preset switches anything learned ON: see first what MONITOR says.
 */
enum tayra_preset {
	/* Mixed keys: a minute, and five more while the origin is down. */
	TAYRA_PRESET_GENERAL = 0,
	/* Computed from their input alone: good for a month, dear to make and never refreshed; what
	 * changes is the model, which belongs into the key. */
	TAYRA_PRESET_EMBEDDINGS = 1,
	/* Fresh answers matter, the same few are asked for over and over: half a minute.  Where
	 * prefetch_refresh pays first. */
	TAYRA_PRESET_SEARCH_RESULTS = 2,
	/* Rendered pages: five minutes, an old page is better than none or a slow one for a day.
	 * One leads to the next: prefetch_successors may pay. */
	TAYRA_PRESET_PAGES = 3,
};
/* "general", "embeddings", "search results", "pages"; NULL for anything else. */
TAYRA_API const char *tayra_preset_name(enum tayra_preset preset);
/* => TAYRA_E_INVAL: no such preset.  out->size is set. */
TAYRA_API int tayra_strategy_preset(enum tayra_preset preset, struct tayra_strategy *out);

/*
 * Change how it behaves, from now on: values that are cached keep their times.  What was learned
 * stays; times that are 0 stay as they are.  known_keys, learning_bytes, horizon_ms and
 * memory_bytes count only where nothing has been learned yet.
 * => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_FORKED.
 */
TAYRA_API int tayra_strategy_set(struct tayra *t, const struct tayra_strategy *strategy);
/* What is in force, defaults filled in.  As far as out->size says. */
TAYRA_API int tayra_strategy_get(struct tayra *t, struct tayra_strategy *out);

/* The account of one source of prefetches. */
struct tayra_prefetch_account {
	uint64_t would;     /* in mode monitor, or gated: would have been issued */
	uint64_t issued;    /* begun */
	uint64_t dropped;   /* not let in by pace, or failed */
	uint64_t used;      /* asked for in time; of those that would have been, too */
	uint64_t wasted;    /* not asked for in time, or lost before; the same */
	uint64_t bytes;     /* brought */
	uint64_t origin_ns; /* of the origin's work */
	uint64_t saved_ns;  /* of waiting: what was used would have taken that long */
	uint64_t wasted_ns; /* of the origin's work for nothing */
	uint64_t evictions; /* at the moments prefetched values were stored: an upper bound */
	uint64_t gatings;   /* how often it was switched off for costing more than it saves */
	bool gated;         /* it is now */
};

struct tayra_strategy_stats {
	size_t size;
	uint64_t learning_bytes;  /* taken for what is learned */
	uint64_t known_keys;      /* room for so many */
	uint64_t uses, uses_lost; /* told to the predictor; not: too many at a time, or not in its
				     sample of keys */
	/* Freshness. */
	uint64_t checks, changed; /* reloads compared with what was there before; that differed */
	uint64_t answers;         /* given from values that were compared later */
	double stale_answers;     /* of those, older than the truth: expected, from the checks */
	double staleness;         /* the share lately; NAN before the first check */
	uint64_t ttls;            /* chosen, or would have been */
	double ttl_mean_ms;       /* of them */
	double loads_expected; /* of the checked reloads, with what was or would have been chosen */
	uint64_t ttl_fallbacks; /* times the measured staleness passed the budget, and the
				   configured ttl became the longest */
	bool ttl_fallen_back;   /* it is now */
	struct tayra_prefetch_account refresh, successors, changes, periodic;
	/* Of answers that were drawn and asked for again: how many, and how many of them were
	 * stale; the share of all answers, loaded ones too, and its 95% interval (Wilson): NAN
	 * before the first. */
	uint64_t staleness_samples, staleness_samples_stale;
	double staleness_sampled, staleness_sampled_lo, staleness_sampled_hi;
};
#define TAYRA_STRATEGY_STATS_INIT TAYRA__SIZED(struct tayra_strategy_stats)
TAYRA_API void tayra_strategy_stats(struct tayra *t, struct tayra_strategy_stats *out);

struct tayra_prediction {
	size_t size;
	double probability;  /* of a use within the horizon */
	uint64_t horizon_ms; /* from now */
	double confidence;   /* 0 .. 1: how near to the truth such predictions have been */
};
#define TAYRA_PREDICTION_INIT TAYRA__SIZED(struct tayra_prediction)
/* => TAYRA_OK; TAYRA_E_UNSUPPORTED: the predictor is off.  TAYRA_E_INVAL, TAYRA_E_TOO_LARGE,
 *    TAYRA_E_FORKED. */
TAYRA_API int tayra_predict_next_access(struct tayra *t, const void *key, size_t key_len,
					struct tayra_prediction *out);

/*
 * How the keys are used, for people: hot keys, keys used once, times to live that are too short or
 * too long, groups that are not worth caching, and what following each piece of advice would save.
 * Since the switch `patterns` was first turned on.  Hits tell it under a lock that is tried and not
 * waited for: under contention some are not counted.
 * => TAYRA_OK; TAYRA_E_UNSUPPORTED: the switch was never on.  TAYRA_E_INVAL, TAYRA_E_NOMEM,
 *    TAYRA_E_IO, TAYRA_E_FORKED.
 */
enum tayra_patterns_format { TAYRA_PATTERNS_TEXT = 0, TAYRA_PATTERNS_JSON = 1 };
TAYRA_API int tayra_patterns_write(struct tayra *t, enum tayra_patterns_format format, FILE *out);

/* A piece of that advice as data.  What is not known of what it saves is NAN; loads_per_s and
 * origin_ms_per_s are below 0 where following it costs that much. */
struct tayra_hint {
	size_t size;
	/* "hot_key", "ttl_short", "ttl_long", "expired_early", "evicted_early", "used_once",
	 * "group_no_reuse", "bursts" */
	const char *kind;
	const char *subject;  /* a key or a group of keys, printable; NULL: all */
	const char *sentence; /* in English */
	double requests_per_s, loads_per_s, origin_ms_per_s, stale_per_s, bytes;
};
typedef void (*tayra_hint_fn)(void *arg, const struct tayra_hint *hint);
/* Call fn with each piece of advice, what saves most first; texts are for the call.  Any thread;
 * fn may call anything.  => as tayra_patterns_write(), but TAYRA_E_IO; TAYRA_E_NOMEM. */
TAYRA_API int tayra_patterns_each(struct tayra *t, tayra_hint_fn fn, void *arg);

/*
 * Pools.  A pool is a handle of its own, with its own keys, memory, strategy and statistics, that
 * shares its parent's pace, clock and ticker, and nothing below RAM.  Every call that takes a
 * handle takes a pool; a completion queue is of one of them.  It goes with its parent:
 * tayra_destroy() of a pool does nothing.  tayra_tick() of the parent ticks its pools.
 */
#define TAYRA_POOL_NAME_MAX 63u
/*
 * strategy: NULL for the preset GENERAL.
 * => TAYRA_OK.  TAYRA_E_INVAL: no name, or too long, or in use, or a bad strategy, or t is a pool.
 *    TAYRA_E_NOMEM, TAYRA_E_FORKED, TAYRA_E_CLOSED.
 */
TAYRA_API int tayra_pool_create(struct tayra *t, const char *name,
				const struct tayra_strategy *strategy, struct tayra **pool);
/* NULL: none of that name.  Lives as long as t. */
TAYRA_API struct tayra *tayra_pool_find(struct tayra *t, const char *name);

#ifdef __cplusplus
}
#endif
#endif
