/* SPDX-License-Identifier: Apache-2.0
 *
 * tayra.h: the read-through handle.  Ask for a key; if it is not there, your loader brings it,
 * once for everyone who asked, no more at a time than the backend bears.
 *
 *     struct tayra *t;
 *     tayra_create(NULL, &t);
 *     struct tayra_request req = TAYRA_REQUEST_INIT;
 *     req.key = "user:7"; req.key_len = 6; req.load = load_user; req.load_arg = db;
 *     req.ttl_ms = 60000;
 *     struct tayra_ref ref;
 *     if (tayra_get_or_load(t, &req, &ref) == TAYRA_OK) {
 *         use(ref.value, ref.value_len);
 *         tayra_release(&ref);
 *     }
 *
 * Threads.  Every call may be made from any thread.  The library starts no thread unless
 * options.ticker asks for one; with a file tier it then starts a second, which reads it for
 * tayra_get_or_load_start(), and with a remote tier four for that and one that writes to it.  A
 * loader runs only inside tayra_get_or_load(), tayra_get_or_load_start(), tayra_cq_drain(),
 * tayra_cq_wait() and tayra_tick(), on the thread that made the call; with options.ticker also on
 * that thread.  No other callback exists. After fork() the child's copy of a handle answers
 * TAYRA_E_FORKED to everything but release and destroy.
 *
 * Time.  A value is FRESH until its ttl, then STALE until ttl + stale, then gone.  A stale value
 * is served only when the origin failed, is throttled after a failure, is overloaded, or was
 * slower than the soft timeout, which may be TAYRA_AT_ONCE.  ref.age_ms always says how old what
 * you got is.
 */
#ifndef TAYRA_TAYRA_H
#define TAYRA_TAYRA_H

#include <tayra/base.h>
#include <tayra/cache.h>
#include <tayra/feed.h>
#include <tayra/pace.h>
#include <tayra/prove.h>
#include <tayra/strategy.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tayra;
struct tayra_load;        /* one load in progress, as its loader sees it */
struct tayra_cq;          /* a completion queue */
struct tayra_tier_file;   /* values in a directory */
struct tayra_tier_remote; /* values in a Redis or Valkey, shared with other handles */
struct tayra_origin; /* something that can load: SQLite, a C function with threads of its own, .. */

#define TAYRA_OFF     UINT64_MAX /* for a duration where 0 means "the default" */
#define TAYRA_AT_ONCE 1ull       /* as a soft timeout: see tayra_request */

struct tayra_options {
	size_t size;
	const struct tayra_cache_options *cache; /* NULL: defaults.  Borrowed for the call */
	struct tayra_pace
		*pace; /* for loads whose origin has none of its own; NULL: no limit.  Borrowed */
	const struct tayra_clock *clock; /* NULL: the real one.  Borrowed */
	bool ticker;                     /* start one thread that calls tayra_tick() every 0.5 ms;
					    every 10 ms while nobody asks */
	bool no_single_flight; /* every miss loads for itself: for measuring what single flight
				  brings */
	/* Defaults for requests that leave them 0. */
	uint64_t ttl_ms;   /* default 60 s */
	uint64_t stale_ms; /* how long past its ttl a value may still be served; default: not at all
			    */
	uint64_t soft_timeout_ns;    /* default: off */
	uint64_t timeout_ns;         /* of a request; default 5 s; TAYRA_OFF: none */
	uint64_t throttle_ms;        /* after a failed load of a key, how long it is not tried again
					while something stale can be served; default 1 s */
	uint64_t unstored_max_bytes; /* values in flight that the cache would not take; default 16
					MiB */
	/* Asked after RAM and before the origin, and kept in step with what is loaded, put and
	 * deleted; NULL: none.  Borrowed: close it after the handle, and give it to no other.  The
	 * clock must have wall_ms. */
	struct tayra_tier_file *file_tier;
	/* The same for a tier that is shared: asked after the file tier and before the origin.
	 * Beside it the file tier begins empty, for others may have changed what it had. */
	struct tayra_tier_remote *remote_tier;
	const struct tayra_strategy
		*strategy; /* NULL: nothing is learned.  Borrowed for the call */
	/* After five failures in a row a group of keys rests (strategy.h): one load of it is begun
	 * after throttle_ms, and the time to the next grows up to this.  Default half as long again
	 * as throttle_ms, of which TAYRA_OFF turns this off too. */
	uint64_t throttle_max_ms;
	double ttl_jitter; /* 0 <= .. < 1: each ttl is shorter by up to this part of it, at random,
			      so that what came together does not end together; default 0 */
	/*
	 * How long it is believed without asking that the origin has no such key
	 * (TAYRA_E_NOT_FOUND), and that loading it fails, when there is nothing stale to serve.  A
	 * put, a delete and a refresh end it.  Takes 1 MiB beside the cache's when used.  Handles
	 * that share a remote tier tell each other of the first, and believe it for the shorter of
	 * both times.  Default: not at all.
	 */
	uint64_t absent_ttl_ms, error_ttl_ms;
	/* 0 < .. < 1: the first hit after this part of a value's time has it loaded anew behind it,
	 * in the strategy's refresh_class.  Requests with a loader of their own need `ticker`.
	 * Default 0: not. */
	double refresh_at;
	/*
	 * Single flight across all handles that share the remote tier: who finds a key nowhere
	 * takes its lease there, and the others wait for what it loads, as they would for a load of
	 * their own: up to their timeouts, stale at the soft one.  It is given back when the load
	 * ends, and runs out after this time: then, also when its holder died, the next one loads.
	 * A load that takes longer renews it as long as somebody waits, where there is a ticker or
	 * tayra_tick() is called; else it is begun once more elsewhere.  While the server cannot be
	 * asked each loads for itself.  Not for REFRESH, NO_STORE and values that are never fresh,
	 * nor without single flight.  Default 2 s, at most an hour; TAYRA_OFF: not.
	 */
	uint64_t lease_ns;
	/*
	 * XFetch (Vattani, Chierichetti, Lowenstein, VLDB'15), scaled to how often a key is read:
	 * each hit may have its value loaded anew behind it, with a chance that grows towards the
	 * value's end less what its load took, so that this many refreshes are expected before
	 * then, however seldom or often it is read, and one is enough.  So one value in e^xfetch
	 * ends without: 3 is usual.  How often it is read is known where something is learned
	 * (`strategy`); without, it is a matter of the load's time alone, as published.  It takes
	 * at most the last half of a value's time.  Otherwise as refresh_at.  0 <= .. <= 100;
	 * default 0: not.
	 */
	double xfetch;
};
#define TAYRA_OPTIONS_INIT TAYRA__SIZED(struct tayra_options)

/* => TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_IO.  NULL options mean all defaults. */
TAYRA_API int tayra_create(const struct tayra_options *options, struct tayra **out);
/*
 * Refuse new requests (TAYRA_E_CLOSED), end the waiting ones with TAYRA_E_CLOSED, wait until every
 * started loader has finished, free.  Refs still held stay valid; their memory goes with the last
 * release.  No other call on the handle may be running or be made afterwards.
 */
TAYRA_API void tayra_destroy(struct tayra *t);

typedef void (*tayra_load_fn)(struct tayra_load *load, void *arg);

/*
 * Tags say what a value was made from, so that tayra_delete_tag() can forget all that was made from
 * it: a page carries "user:7" and "template:3".  Bytes like a key, up to TAYRA_KEY_MAX; only a hash
 * of 64 bits is kept, 8 bytes beside the value, and two tags with one hash are forgotten together.
 */
#define TAYRA_TAGS_MAX 8u /* of one value */
struct tayra_tag {
	const void *bytes;
	size_t len;
};

struct tayra_request {
	size_t size;
	const void *key;
	size_t key_len;
	struct tayra_origin *origin; /* who loads; or NULL and: */
	tayra_load_fn load;          /* your loader */
	void *load_arg;
	uint64_t ttl_ms, stale_ms; /* 0: the handle's default; TAYRA_OFF: never fresh / no stale */
	/* Serve what is stale after this while the load goes on.  TAYRA_AT_ONCE: without waiting;
	 * the load is in the strategy's refresh_class.  Only a blocking request with a loader of
	 * its own and no options.ticker runs that first, for there is nobody else who could. */
	uint64_t soft_timeout_ns;
	uint64_t timeout_ns;  /* counted from the call */
	uint64_t deadline_ns; /* absolute, on the handle's clock, for callers with one; the earlier
				 counts */
	enum tayra_class cls;
	uint32_t flags; /* TAYRA_REQUEST_* */
	/* The first bytes of the key are a namespace: tayra_load_key(), and with it the origins,
	 * see the rest.  The cache and the tiers know the whole.  At most key_len */
	size_t key_prefix_len;
	uint64_t absent_ttl_ms, error_ttl_ms; /* as ttl_ms; TAYRA_OFF: not at all */
	/* Slots its load takes of the limit while it runs; 0: 1, at most TAYRA_COST_MAX.  For what
	 * is heavy, not for what takes long: that has its slot longer.  Who joins a load pays
	 * nothing. */
	uint32_t cost;
	double refresh_at; /* as in struct tayra_options; 0: the handle's, below 0: not at all */
	/* What its load brings carries these, unless the loader says others; not what is found.
	 * For the call.  With tags nothing is fetched ahead because it often follows this key. */
	const struct tayra_tag *tags;
	size_t tag_count; /* at most TAYRA_TAGS_MAX */
};
#define TAYRA_REQUEST_INIT TAYRA__SIZED(struct tayra_request)
/* Load even if what is cached is fresh; joins a load in progress: delete first to read a write. */
#define TAYRA_REQUEST_REFRESH  1u
#define TAYRA_REQUEST_NO_STORE 2u /* do not keep what is loaded */
/*
 * Answer from RAM and the tiers below alone: TAYRA_E_NOT_FOUND when it is nowhere, and nothing is
 * learned from that.  origin and load may be NULL and are not used; not with REFRESH.  It joins a
 * load in progress and waits for that.  With the ticker, tayra_get_or_load_start() looks below on
 * another thread.
 */
#define TAYRA_REQUEST_NO_LOAD 4u

enum tayra_tier {
	TAYRA_TIER_NONE = 0,
	TAYRA_TIER_RAM = 1,
	TAYRA_TIER_FILE = 2,
	TAYRA_TIER_REMOTE = 3,
	TAYRA_TIER_ORIGIN = 4
};

/* What you got.  Pinned until tayra_release(); copy nothing, keep it as long as you like. */
struct tayra_ref {
	const void *value;
	size_t value_len;
	uint64_t age_ms;         /* since the value was true, when it was handed out */
	uint64_t load_cost_ns;   /* what loading it took */
	uint64_t version;        /* as the loader gave it, or 0 */
	uint64_t retry_after_ns; /* with TAYRA_E_OVERLOAD and TAYRA_E_ORIGIN: 0 when not known */
	enum tayra_tier
		tier; /* where it was found; ORIGIN: loaded for this request or a joined one */
	bool stale;
	void *pin[3]; /* private */
};

/*
 * Get, loading if need be.  Blocks until there is an answer or the deadline.
 * => TAYRA_OK.  TAYRA_E_NOT_FOUND: the origin has no such key.  TAYRA_E_TIMEOUT, TAYRA_E_OVERLOAD,
 *    TAYRA_E_ORIGIN (or the loader's own status; also when its group of keys rests after failures
 *    and was not asked, then with retry_after_ns), TAYRA_E_TOO_LARGE, TAYRA_E_FULL, TAYRA_E_NOMEM,
 *    TAYRA_E_CLOSED, TAYRA_E_FORKED, TAYRA_E_INVAL.
 * => TAYRA_E_WOULD_DEADLOCK when called from inside a loader.
 */
TAYRA_API int tayra_get_or_load(struct tayra *t, const struct tayra_request *request,
				struct tayra_ref *ref);
/*
 * The same without blocking.  => TAYRA_OK: *ref is filled, no completion will come.
 * TAYRA_PENDING: a completion with `cookie` will arrive on cq, exactly one.  Else as above, and
 * none. The request is copied; the key too.  A loader called here should hand the work to somebody
 * else.
 */
TAYRA_API int tayra_get_or_load_start(struct tayra *t, const struct tayra_request *request,
				      struct tayra_cq *cq, void *cookie, struct tayra_ref *ref);

/* Get what is fresh in the cache or in a tier below, which may wait for a disk or a network; load
 * nothing.  => TAYRA_OK, TAYRA_E_NOT_FOUND, .. */
TAYRA_API int tayra_get(struct tayra *t, const void *key, size_t key_len, struct tayra_ref *ref);
/* Store; a load of that key in progress will not overwrite it.  ttl_ms and stale_ms as in a
 * request.  A remote tier that cannot be reached does not make it fail: docs/design/load.md says
 * what others may see then. */
TAYRA_API int tayra_put(struct tayra *t, const void *key, size_t key_len, const void *value,
			size_t value_len, uint64_t ttl_ms, uint64_t stale_ms);
struct tayra_put_options {
	size_t size;
	uint64_t ttl_ms, stale_ms; /* as in a request */
	uint64_t version;          /* as in a load's result */
	const struct tayra_tag *tags;
	size_t tag_count; /* at most TAYRA_TAGS_MAX */
};
#define TAYRA_PUT_OPTIONS_INIT TAYRA__SIZED(struct tayra_put_options)
/* tayra_put() with more to say.  => as that; TAYRA_E_INVAL: nothing was done; TAYRA_E_NOMEM: the
 * key is forgotten. */
TAYRA_API int tayra_put_with(struct tayra *t, const void *key, size_t key_len, const void *value,
			     size_t value_len, const struct tayra_put_options *options);
/*
 * Write through: first to the request's origin, in its pace as a load is, with its class, deadline
 * and cost; then as tayra_put_with() with the request's times and tags, or as tayra_delete() with
 * TAYRA_REQUEST_NO_STORE.  Blocks until there is an answer or the deadline.
 * => TAYRA_OK: the origin has it; whether it is cached depends on the cache, and of two writes of a
 *    key at a time neither is.
 *    TAYRA_E_UNSUPPORTED: this origin does not write.  TAYRA_E_INVAL (also: the origin does not
 *    take this value, or not for this key), TAYRA_E_NOT_FOUND, TAYRA_E_OVERLOAD,
 *    TAYRA_E_TOO_LARGE, TAYRA_E_FULL, TAYRA_E_NOMEM: nothing was changed.
 *    Any other, if the origin was asked, TAYRA_E_TIMEOUT and TAYRA_E_ORIGIN say: nobody knows, and
 *    the key is forgotten here, once more when the origin answers after the deadline.
 *    TAYRA_E_CLOSED, TAYRA_E_FORKED.  TAYRA_E_WOULD_DEADLOCK when called from inside a loader.
 */
TAYRA_API int tayra_put_through(struct tayra *t, const struct tayra_request *request,
				const void *value, size_t value_len);
/*
 * The same without blocking.  => TAYRA_PENDING: a completion with `cookie` will arrive on cq,
 * exactly one, with an empty ref; by then the value is cached, or the key forgotten.  Else as
 * above, and none.  Request, key, tags and value are copied.
 */
TAYRA_API int tayra_put_through_start(struct tayra *t, const struct tayra_request *request,
				      const void *value, size_t value_len, struct tayra_cq *cq,
				      void *cookie);
/* Forget; a load of that key in progress answers its waiters but is not kept, and later requests
 * start a new one.  => TAYRA_OK, TAYRA_E_NOT_FOUND.  TAYRA_E_IO: forgotten, but a tier
 * cannot promise that the value is not back after a restart (docs/design/tier.md), or that others
 * do not see it still (docs/design/load.md). */
TAYRA_API int tayra_delete(struct tayra *t, const void *key, size_t key_len);
/* Give a ref back: any thread, any time, once.  The ref is zeroed; releasing a zeroed ref does
 * nothing. */
TAYRA_API void tayra_release(struct tayra_ref *ref);

/*
 * tayra_delete() for every key that begins so; nothing: for all.  Loads of such keys in progress
 * are not kept.  What is put meanwhile is kept or not.  Takes time as there are keys, in RAM and
 * below, and meanwhile nobody looks below; all keys of a file tier go at once.
 * => TAYRA_OK, also when there was none.  TAYRA_E_NOMEM (nothing was done), TAYRA_E_IO as
 *    tayra_delete(), TAYRA_E_INVAL, TAYRA_E_TOO_LARGE, TAYRA_E_FORKED.
 */
TAYRA_API int tayra_delete_prefix(struct tayra *t, const void *prefix, size_t prefix_len);

/*
 * Forget every value with that tag, at once however many there are: no walk, and no load that began
 * before brings one back.  A load in progress whose value turns out to carry it answers who asked
 * before, is not kept, and is made anew for who asked since.  What is remembered as not to be had
 * (absent_ttl_ms) has no tags.
 * 4,096 tags are remembered one by one; of more, those told longest ago are forgotten and then
 * everything that has tags and is older than they were told is loaded anew: never a value that was
 * to be forgotten.
 * Handles that share a remote tier are told, and the call waits for that as tayra_delete() does.
 * => TAYRA_OK, also when nothing has it; TAYRA_E_INVAL, TAYRA_E_TOO_LARGE, TAYRA_E_FORKED.
 *    TAYRA_E_IO: forgotten here; others are told as soon as the server can be reached, or are not
 *    if it refuses, having no room.
 */
TAYRA_API int tayra_delete_tag(struct tayra *t, const void *tag, size_t tag_len);

/*
 * Warm-up: load what is missing of many keys before somebody asks for it, on the calling thread,
 * which also runs their loader if they have no origin.  In the class BACKGROUND unless the request
 * says otherwise, so that it takes only what the pace has to spare; an overload, and an origin that
 * rests after failures, put it off, a key up to seven times.
 */
struct tayra_warm_key {
	const void *key; /* borrowed for the call */
	size_t key_len;
	double priority; /* a number; higher goes first; among equals the order given */
};
struct tayra_warm_progress {
	size_t count, done; /* keys; that have ended: */
	size_t loaded, present, absent, failed;
	size_t put_off;      /* times */
	uint64_t elapsed_ns; /* on the handle's clock */
	uint64_t left_ns;    /* if it goes on so; 0: not known */
};
/* => false: begin no more. */
typedef bool (*tayra_warm_fn)(void *arg, const struct tayra_warm_progress *progress);
struct tayra_warm_options {
	size_t size;
	const struct tayra_warm_key *keys;
	size_t count;
	const struct tayra_request *request; /* of each but for its key */
	uint32_t concurrency;                /* loads at a time; default 8, at most 4,096 */
	double rate_per_s;                   /* of loads begun; 0: no bound */
	uint64_t timeout_ns;                 /* of all; 0: none */
	tayra_warm_fn progress;              /* NULL: nobody is told */
	void *arg;
	uint64_t progress_ns; /* between two reports; default 1 s */
};
#define TAYRA_WARM_OPTIONS_INIT TAYRA__SIZED(struct tayra_warm_options)
/*
 * => TAYRA_OK: every key has ended, as *out says (NULL: nobody wants to know).  TAYRA_E_TIMEOUT: it
 *    was stopped, or its time was over; no load of it is out.  TAYRA_E_INVAL, TAYRA_E_NOMEM,
 *    TAYRA_E_WOULD_DEADLOCK, TAYRA_E_FORKED.
 */
TAYRA_API int tayra_warm(struct tayra *t, const struct tayra_warm_options *options,
			 struct tayra_warm_progress *out);

/* Completion queues. */
struct tayra_completion {
	void *cookie;
	int status; /* as tayra_get_or_load() returns it */
	struct tayra_ref ref;
};
TAYRA_API int tayra_cq_create(struct tayra *t, struct tayra_cq **out);
/* Not with requests pending on it. */
TAYRA_API void tayra_cq_destroy(struct tayra_cq *cq);
/* Readable when there is a completion or a loader's turn has come; owned by the queue.  Not at a
 * deadline unless something ticks: without the ticker, poll with a timeout and drain. */
TAYRA_API int tayra_cq_fd(struct tayra_cq *cq);
/* Take up to `max` completions, never waiting; runs loaders whose turn has come.  Returns how many.
 */
TAYRA_API size_t tayra_cq_drain(struct tayra_cq *cq, struct tayra_completion *out, size_t max);
/* The same, waiting up to timeout_ns for the first. */
TAYRA_API size_t tayra_cq_wait(struct tayra_cq *cq, struct tayra_completion *out, size_t max,
			       uint64_t timeout_ns);

/*
 * Loaders.  Each load is finished exactly once, from any thread, by done, unchanged or fail; after
 * that the struct tayra_load is gone.  Finishing twice is a bug and aborts where it can be seen.
 */
TAYRA_API const void *tayra_load_key(const struct tayra_load *load, size_t *key_len);
TAYRA_API uint64_t
tayra_load_deadline_ns(const struct tayra_load *load); /* handle's clock; UINT64_MAX: none */
TAYRA_API enum tayra_class tayra_load_class(const struct tayra_load *load);
/* True when nobody waits any more: finish early, with TAYRA_E_CANCELLED or with the value. */
TAYRA_API bool tayra_load_cancelled(const struct tayra_load *load);
/* Room for the value inside the cache, to be filled before done(load, NULL, len, ..).  Once a load.
 * Tags in the result, other than as many as the request has, cost a copy.
 * => NULL: no room, or over the limits; fail the load with TAYRA_E_FULL. */
TAYRA_API void *tayra_load_alloc(struct tayra_load *load, size_t len);

struct tayra_load_result {
	size_t size;
	uint64_t ttl_ms, stale_ms; /* instead of the request's; 0: leave it */
	uint64_t version;
	uint32_t flags;               /* none yet */
	const struct tayra_tag *tags; /* instead of the request's; for the call */
	size_t tag_count; /* 0: the request's; at most TAYRA_TAGS_MAX, or the load fails */
};
#define TAYRA_LOAD_RESULT_INIT TAYRA__SIZED(struct tayra_load_result)
/* `value` is copied; NULL: what tayra_load_alloc() gave, of which `len` bytes count.  NULL result:
 * nothing special. */
TAYRA_API void tayra_load_done(struct tayra_load *load, const void *value, size_t len,
			       const struct tayra_load_result *result);
/*
 * What is cached of the load's key, stale or not, for a loader that can ask "has it changed
 * since?". The ref is borrowed: its bytes stay where they are until the load is finished, and
 * releasing it does nothing.  By whoever works on the load; the same again if asked twice.
 * => TAYRA_OK.  Anything else: load it whole.  TAYRA_E_NOT_FOUND (nothing, or the key was put or
 *    deleted since the load began), TAYRA_E_FULL (too much is pinned), TAYRA_E_NOMEM,
 * TAYRA_E_INVAL.
 */
TAYRA_API int tayra_load_cached(struct tayra_load *load, struct tayra_ref *ref);
/*
 * Instead of done: the origin has nothing newer than what tayra_load_cached() gave.  That is kept
 * as if it had been loaded now, its times anew, without being copied (a tier below is told it
 * whole), and goes to every waiter.  It can be evicted meanwhile, put or deleted: it is answered
 * all the same.  Its version and its tags stay: another version in `result`, tags, or no
 * tayra_load_cached() before, fails the load with TAYRA_E_INVAL.
 */
TAYRA_API void tayra_load_unchanged(struct tayra_load *load,
				    const struct tayra_load_result *result);
/* `status` < 0 goes to every waiter that cannot be served something stale.  TAYRA_E_NOT_FOUND says
 * the origin answered and has no such key: what was cached is removed, and nothing stale is served.
 * TAYRA_E_OVERLOAD and TAYRA_E_TIMEOUT tell the limiter so. */
TAYRA_API void tayra_load_fail(struct tayra_load *load, int status, uint64_t retry_after_ns);

/*
 * Move time on: end requests whose deadline or soft timeout passed, run loaders whose turn has
 * come, tick the handle's pace, expire items.  Does about `budget` units of work (0: a default).
 * Call it every millisecond or so, or set options.ticker; expiry is exact to 1 ms either way.  The
 * ticker also publishes a coarse clock, so that a hit reads none.
 */
TAYRA_API void tayra_tick(struct tayra *t, uint64_t budget);

struct tayra_tier_stats {
	uint64_t hits, misses, puts, deletes; /* of the tier; what it answered to load and get */
	uint64_t refused;                     /* puts it did not keep */
	uint64_t items, bytes, limit_bytes;   /* bytes: on disk */
	uint64_t index_bytes;                 /* of RAM */
	uint64_t read_ns, write_ns;           /* spent in gets, and in puts */
	uint64_t read_bytes, written_bytes;
	uint64_t corrupt;   /* values found damaged, and missed */
	uint64_t io_errors; /* failed reads and writes */
	bool out;           /* it has stepped out after an error, and tries again by itself */
};

struct tayra_stats {
	size_t size;
	uint64_t requests;
	uint64_t hits;        /* fresh, from RAM */
	uint64_t stale_hits;  /* stale, for whatever reason */
	uint64_t joined;      /* waited for somebody else's load */
	uint64_t loads;       /* loaders called */
	uint64_t load_errors; /* finished by fail, NOT_FOUND not counted */
	uint64_t load_ns;     /* sum over finished loads, from the loader's call */
	uint64_t throttled;   /* served stale because a load failed a moment ago */
	uint64_t shed;        /* TAYRA_E_OVERLOAD given */
	uint64_t timeouts;    /* TAYRA_E_TIMEOUT given */
	uint64_t inflight;    /* loads now: waiting for their turn or running */
	struct tayra_cache_stats cache;
	struct tayra_tier_stats file; /* zero without one */
	struct tayra_tier_stats remote;
	uint64_t at_once; /* of stale_hits: served without waiting for the load under way */
	uint64_t rested;  /* loads not begun because their group rests after failures */
	uint64_t
		absent; /* NOT_FOUND, or an error, from memory of it: absent_ttl_ms, error_ttl_ms */
	uint64_t unchanged; /* of loads: finished by tayra_load_unchanged() */
	uint64_t writes;    /* origins asked to write; no loads */
	uint64_t write_errors;
	uint64_t leases;          /* taken in the remote tier, so that nobody else loads the key */
	uint64_t lease_waits;     /* keys waited for because another handle had the lease */
	uint64_t lease_takeovers; /* of those: loaded here in the end, for it failed, died, was too
				     slow, or the server went */
};
#ifdef __cplusplus
extern "C++" {
template <>
TAYRA__CONSTEXPR struct tayra_stats
tayra__sized<struct tayra_stats>() {
	struct tayra_stats zero = {};

	zero.size = sizeof(zero);
	zero.cache = TAYRA_CACHE_STATS_INIT;
	return zero;
}
}
#define TAYRA_STATS_INIT TAYRA__SIZED(struct tayra_stats)
#else
#define TAYRA_STATS_INIT                                                                           \
	{                                                                                          \
		.size = sizeof(struct tayra_stats), .cache = TAYRA_CACHE_STATS_INIT                \
	}
#endif
TAYRA_API void tayra_stats(struct tayra *t, struct tayra_stats *out);

/*
 * The file tier: values in a directory of this machine, as a log of checksummed records.  It
 * outlives the process, kill -9 included, and never gives a wrong, torn, deleted or overwritten
 * value; what may be lost is the newest.  docs/design/tier.md says what that rests on.
 */
enum tayra_sync {
	TAYRA_SYNC_NONE = 0, /* the system writes when it likes: if the machine goes down without
				the tier having been closed, it begins empty */
	TAYRA_SYNC_EACH = 1, /* O_DSYNC: everything is on disk before a call returns */
};
struct tayra_tier_file_options {
	size_t size;
	const char *path;       /* a directory of its own; made if it is not there.  For the call */
	uint64_t limit_bytes;   /* on disk; default 1 GiB; at least 4 segments */
	uint64_t segment_bytes; /* 1 to 16 MiB; default a 64th of the limit, within that */
	uint64_t index_bytes;   /* of RAM, at 16 an item; default a 16th of the limit */
	enum tayra_sync sync;
};
#define TAYRA_TIER_FILE_OPTIONS_INIT TAYRA__SIZED(struct tayra_tier_file_options)
/*
 * => TAYRA_E_INVAL (an option, or the directory of something else), TAYRA_E_FULL (in use by another
 * process or handle), TAYRA_E_UNSUPPORTED (of another format), TAYRA_E_IO, TAYRA_E_NOMEM; `error`,
 * if not NULL, gets one line of at most error_len bytes saying what.
 */
TAYRA_API int tayra_tier_file_open(const struct tayra_tier_file_options *options, char *error,
				   size_t error_len, struct tayra_tier_file **out);
/* After the handle that uses it.  => TAYRA_OK; TAYRA_E_IO: closed, but not all is on disk. */
TAYRA_API int tayra_tier_file_close(struct tayra_tier_file *tier);

/*
 * The remote tier: values in one Redis or Valkey server, shared by the handles of any number of
 * processes that name the same server and prefix.  A value is got only if every byte verifies; one
 * that was deleted or overwritten through it is not got again, also not from a server that was
 * killed and came back with an older state.  What another process changes is forgotten here within
 * heartbeat_ns plus the larger of 1 s and 2 timeouts (2 s by default), through CLIENT TRACKING;
 * when the connection that tells of changes is lost, all that came from or went to the server is
 * forgotten.  A server that does not know RESP3 (before Redis 6) cannot tell: then copies in RAM
 * and in the file tier live as long as their ttl says, whatever others do.
 *
 * Opening starts two threads.  The user needs GET GETRANGE STRLEN PTTL SET DEL WATCH on the prefix,
 * UNWATCH MULTI EXEC, INFO, and CLIENT with SETNAME, ID, KILL and TRACKING.  docs/design/tier.md
 * says what the promise rests on.
 */
struct tayra_tier_remote_options {
	size_t size;
	const char *url;       /* redis://[user[:password]@]host[:port][/db] or
				  unix://[user[:password]@]/path.  For the call, as prefix */
	const char *prefix;    /* of its keys in the server; default "tayra:"; at most 255 bytes */
	uint64_t timeout_ns;   /* no get, put or delete waits longer for it; default 50 ms */
	uint32_t connections;  /* that read; one more writes; default 4, at most 64 */
	uint64_t max_bytes;    /* larger values are not kept there; default 16 MiB */
	uint64_t heartbeat_ns; /* the server is asked that often whether it is there; default 1 s */
};
#define TAYRA_TIER_REMOTE_OPTIONS_INIT TAYRA__SIZED(struct tayra_tier_remote_options)
/*
 * => TAYRA_OK also when the server does not answer yet: `error` says so then, and is empty
 * otherwise; it is tried again after 0.1 s, 0.2 s, .. 5 s.  TAYRA_E_INVAL: an option, or the server
 * refuses user, password, database or what the tier needs; `error`, if not NULL, gets one line of
 * at most error_len bytes saying what, without the password.  TAYRA_E_NOMEM.
 */
TAYRA_API int tayra_tier_remote_open(const struct tayra_tier_remote_options *options, char *error,
				     size_t error_len, struct tayra_tier_remote **out);
/* After the handle that uses it.  => TAYRA_OK; TAYRA_E_IO: closed, but some value that was deleted
 * or overwritten may be in the server until it expires. */
TAYRA_API int tayra_tier_remote_close(struct tayra_tier_remote *tier);

/* Origins.  Each loads on threads of its own, so that a request's thread never blocks in one. */

/* What the rows of a query become. */
enum tayra_shape {
	TAYRA_SHAPE_RAW = 0,  /* the bytes of the first column of the first row */
	TAYRA_SHAPE_ROW = 1,  /* the first row as a JSON object: {"column":value,..} */
	TAYRA_SHAPE_JSON = 2, /* all rows as a JSON array of such objects; none: [] */
};

struct tayra_origin_options {
	size_t size;
	uint32_t threads;        /* how many loads at a time, each on a connection; default 4 */
	struct tayra_pace *pace; /* this origin's limit; NULL: the handle's.  Borrowed */
	/*
	 * The rest is not for tayra_origin_function() and tayra_origin_batch().
	 *
	 * pattern: the keys this origin has, and their parts: "pkg:{arch}/{name}".  The parts, each
	 * at least one byte, as few as match, are the parameters of the SQL in that order, or go
	 * into the URL by name.  Up to 8 parts; "{{" and "}}" are braces.  NULL: any key is the one
	 * part {key}. A key it does not match, or that cannot be a parameter, is TAYRA_E_INVAL,
	 * asks nobody and teaches the limiter nothing.  Borrowed for the call.
	 */
	const char *pattern;
	/*
	 * SQL only.  No row is TAYRA_E_NOT_FOUND for RAW and ROW, and so is NULL for RAW; further
	 * rows are not read.  In JSON: NULL is null, numbers and booleans (PostgreSQL's) are what
	 * they are, columns of type json are put in as they are, bytes are "\\x" and hex digits,
	 * NaN and infinities are null, all else is a string.  Column names must differ for ROW and
	 * JSON.
	 */
	enum tayra_shape shape;
	uint32_t max_rows;  /* of JSON; more are TAYRA_E_TOO_LARGE; default 1,000 */
	uint64_t max_bytes; /* of a value; more are TAYRA_E_TOO_LARGE; default 8 MiB */
	/*
	 * batch: SQL only.  A second statement that is asked for several keys at once; one alone is
	 * asked for by the first.  Its parameter is a list of the keys, never spliced in: for
	 * SQLite ?1, a JSON array, of strings or, when keys have several parts, of arrays of them;
	 * for PostgreSQL an array of texts for each part, $1, $2, ..  Its first columns are the
	 * parts of the key a row is for, as they were asked for; the others are those of the first
	 * statement:
	 *
	 *     select k.value, p.version from json_each(?1) k join pkg p on p.name = k.value
	 *     select k, p.version from unnest($1::text[]) k join pkg p on p.name = k
	 *
	 * A key without a row is what it is without a row of the first statement.  Asked until the
	 * latest deadline of them.  An error that may be one key's data has each asked for alone,
	 * once; any other is all of theirs.  Holds up to batch_keys_max values of max_bytes.
	 * Borrowed for the call.
	 */
	const char *batch;
	uint32_t batch_keys_max;  /* as tayra_batch_options.keys_max */
	uint64_t batch_window_ns; /* as window_ns there */
	/*
	 * version: SQL only, not with batch.  A statement with the same parameters that is asked
	 * first: the first column of its first row is the version of the value, which changes
	 * whenever that does.  As long as it is that of what is cached, the value itself is not
	 * asked for (tayra_load_unchanged()).  No row, and NULL: not known.  Borrowed for the call.
	 */
	const char *version;
	/*
	 * pipeline: PostgreSQL only, not with batch or version.  How many queries a thread sends
	 * over its connection, at most 256, before the first is answered, so that a server that is
	 * far away is not waited for between two of them; while a thread is free each has one.
	 * What is behind a slow one waits for it.  0: 1.
	 */
	uint32_t pipeline;
	/*
	 * write: how tayra_put_through() brings a value.
	 * HTTP: "PUT", "POST" or "PATCH", to the key's URL, the value as the body: 200, 201 and 204
	 * are TAYRA_OK.  An ETag that comes back is what a load of that value is asked under.
	 * Redis: a command as the query's, behind whose words the value goes: "SET user:{id}".
	 * SQL: a statement whose parameters are those of the
	 * key, and behind them the value: insert into pkg values (?1, ?2) on conflict (name) do
	 *     update set text = excluded.text
	 * For SQLite that is a text if it is UTF-8 without a byte 0 and else bytes; for PostgreSQL
	 * bytes if the parameter is a bytea and else a text.  That it changes no row is
	 * TAYRA_E_NOT_FOUND; that the database does not take the value (a constraint, a type, its
	 * length) TAYRA_E_INVAL.  On connections of their own, which may write: for SQLite one, for
	 * PostgreSQL up to as many as there are threads.
	 * Borrowed for the call.
	 */
	const char *write;
	/*
	 * tags: what a value carries (tayra_delete_tag()), where neither its request nor its loader
	 * says others: words like "user:{id} orders", up to TAYRA_TAGS_MAX, quoted as redis-cli has
	 * it, with parts of the key.  For all origins; those of functions match the pattern for
	 * this alone.  Borrowed for the call.
	 */
	const char *tags;
};
#define TAYRA_ORIGIN_OPTIONS_INIT TAYRA__SIZED(struct tayra_origin_options)

/* A blocking C function: fill *value (malloc'd, ownership passes) and *len, return TAYRA_OK or a
 * status.  Runs on the origin's threads, several at a time. */
typedef int (*tayra_fetch_fn)(void *arg, const void *key, size_t key_len, void **value,
			      size_t *len);
TAYRA_API int tayra_origin_function(const struct tayra_origin_options *options,
				    tayra_fetch_fn fetch, void *arg, struct tayra_origin **out);
/*
 * Give an origin made by tayra_origin_function() the way back, before it is used: write one value
 * to where fetch reads it.  Runs on the origin's threads, several at a time, for
 * tayra_put_through().
 * => of write: TAYRA_OK, or a status, which says there whether something may have changed.
 * => TAYRA_OK, TAYRA_E_INVAL: it is another origin, or has one.
 */
typedef int (*tayra_write_fn)(void *arg, const void *key, size_t key_len, const void *value,
			      size_t value_len);
TAYRA_API int tayra_origin_function_write(struct tayra_origin *function, tayra_write_fn write,
					  void *arg);
/* tayra_origin_function() for one that gets many keys at once: one query for all of them, say. */
struct tayra_fetch {
	const void *key; /* borrowed for the call */
	size_t key_len;
	/* To be filled.  status is TAYRA_E_NOT_FOUND before; with TAYRA_OK, value (malloc'd,
	 * ownership passes) and len, and what is known of it; else another status. */
	int status;
	void *value;
	size_t len;
	uint64_t ttl_ms; /* instead of the request's; 0: leave it */
	uint64_t version;
};
/* => TAYRA_OK; or a status for all whose own is still TAYRA_E_NOT_FOUND. */
typedef int (*tayra_fetch_many_fn)(void *arg, struct tayra_fetch *fetches, size_t n);
struct tayra_batch_options {
	size_t size;
	uint32_t keys_max;  /* of one call; default 64, at most 1,024 */
	uint64_t window_ns; /* how long a load waits for company while a thread is free; default
			       0.5 ms, at most 10 s; TAYRA_OFF: not at all */
};
#define TAYRA_BATCH_OPTIONS_INIT TAYRA__SIZED(struct tayra_batch_options)
/*
 * Loads that come within the window are one call; while all threads are busy they collect by
 * themselves.  In a pace each key has a place of its own: a limit of 8 is 8 keys at a time.
 * => TAYRA_E_INVAL, TAYRA_E_NOMEM.  NULL options mean all defaults.
 */
TAYRA_API int tayra_origin_batch(const struct tayra_origin_options *options,
				 const struct tayra_batch_options *batch, tayra_fetch_many_fn fetch,
				 void *arg, struct tayra_origin **out);
/*
 * An SQLite database, opened read-only but for options.write, one connection a thread.  The key, or
 * its parts, are bound to ?1, ?2, .. as text (never spliced into the SQL); options.shape says what
 * comes back. While another connection's writing locks the database (not in WAL mode), a load waits
 * up to its deadline, and then is TAYRA_E_OVERLOAD; the limiter learns nothing from one that
 * waited.  A load past its deadline is interrupted.  Opening waits up to 5 s for a lock.
 * => TAYRA_E_IO, TAYRA_E_INVAL (the pattern is bad; the SQL does not compile, or does not take as
 *    many parameters as there are parts); `error`, if not NULL, gets one line of at most error_len
 *    bytes saying what.  TAYRA_E_NOMEM.  TAYRA_E_UNSUPPORTED.
 */
TAYRA_API int tayra_origin_sqlite(const struct tayra_origin_options *options, const char *path,
				  const char *sql, char *error, size_t error_len,
				  struct tayra_origin **out);
/*
 * A PostgreSQL server, one connection a thread, read-only transactions but for options.write.
 * conninfo is libpq's: "host=.. dbname=.." or "postgresql://..".  The statement is prepared once a
 * connection; the key, or its parts, are bound to $1, $2, .. (never spliced into the SQL);
 * options.shape says what comes back, as UTF-8.
 *
 * What loads end with.  TAYRA_E_NOT_FOUND also when the server says that a part is no value of its
 * parameter's type.  TAYRA_E_OVERLOAD: serialization failure, deadlock, lock not available, too
 * many connections, out of memory.  TAYRA_E_TIMEOUT: past the deadline, and the statement cancelled
 * on the server; or the server's own statement_timeout.  TAYRA_E_CORRUPT: so it says of its data.
 * TAYRA_E_ORIGIN: any other SQL error; and no connection, with retry_after_ns.  A server that
 * cannot be reached is tried by one load at a time after 0.1 s, 0.2 s, .. 5 s; all others fail at
 * once meanwhile.
 *
 * => TAYRA_OK also when the server does not answer yet (connect_timeout of conninfo at most is
 * waited, or 5 s): `error` says so then, and is empty otherwise.  TAYRA_E_INVAL: conninfo, pattern,
 * or SQL, as for SQLite. TAYRA_E_NOMEM.  TAYRA_E_UNSUPPORTED.
 */
TAYRA_API int tayra_origin_postgres(const struct tayra_origin_options *options,
				    const char *conninfo, const char *sql, char *error,
				    size_t error_len, struct tayra_origin **out);

struct tayra_http_options {
	size_t size;
	const char *const
		*headers;    /* "Name: value" to send, NULL at the end.  Borrowed for the call */
	const char *ca_file; /* PEM, instead of the system's.  Borrowed for the call */
	const char *proxy;   /* NULL: none, whatever the environment says.  Borrowed */
	uint64_t connect_timeout_ns; /* default 2 s; then TAYRA_E_ORIGIN */
	uint32_t max_redirects; /* followed, to http and https alone; 0: none, 3xx is an error */
	bool max_age; /* a Cache-Control: max-age=N of the answer is the value's ttl; no-store and
			 no-cache: it is not kept */
	/* Memory of the ETag and Last-Modified that values came with, about 200 bytes each: what is
	 * cached of a key when it is loaded anew is then sent only if it has changed.  Taken when
	 * the first comes.  Default 4 MiB, at least 1 MiB; TAYRA_OFF: none. */
	uint64_t validators_bytes;
};
#define TAYRA_HTTP_OPTIONS_INIT TAYRA__SIZED(struct tayra_http_options)

/*
 * An HTTP server, asked with GET over connections that are kept open, from one thread.
 * options.threads is the most connections, and requests, at a time.  url is "https://host/path/
 * {name}?q={name}": parts stand in the path and the query alone, are percent-encoded, and cannot
 * change what is around them; a part that would make a path segment "." or ".." is TAYRA_E_INVAL.
 * Certificates are verified.  A NULL http means all defaults.
 *
 * 200 is the value; 304 that it is what was cached (tayra_load_unchanged()).  404 and 410 are
 * TAYRA_E_NOT_FOUND.  429 and 503 are TAYRA_E_OVERLOAD with what Retry-After says.  Everything
 * else, no connection, a body that breaks off and a head of over 256 KiB, or with a line that
 * libcurl does not take (of 100 KiB), are TAYRA_E_ORIGIN; over options.max_bytes is
 * TAYRA_E_TOO_LARGE; a load past its deadline is broken off.  Of a write 4xx is TAYRA_E_INVAL but
 * for 404, 410, 413 (TAYRA_E_TOO_LARGE), 429 and 408, and then the server has not taken it;
 * redirects are not followed.  Its Content-Type is that of headers, or application/octet-stream.
 * => TAYRA_E_INVAL: options (a ca_file that cannot be read), pattern or URL; `error` says what.
 *    TAYRA_E_NOMEM.  TAYRA_E_UNSUPPORTED.
 */
TAYRA_API int tayra_origin_http(const struct tayra_origin_options *options,
				const struct tayra_http_options *http, const char *url, char *error,
				size_t error_len, struct tayra_origin **out);
/*
 * A Redis or Valkey server, one connection a thread.  url is redis://[user[:password]@]host[:port]
 * [/database] or unix:///path; command is what a load asks: "GET user:{id}", "HGET {kind} name", in
 * words of which parts of the key are at most one each, with quotes as redis-cli has them.
 *
 * A string or a number is the value, and no such key TAYRA_E_NOT_FOUND.  LOADING, BUSY, TRYAGAIN,
 * CLUSTERDOWN, MASTERDOWN and OOM are TAYRA_E_OVERLOAD; other errors, a list, and no connection,
 * then with retry_after_ns, are TAYRA_E_ORIGIN; of a write WRONGTYPE, READONLY, NOPERM and NOAUTH
 * are TAYRA_E_INVAL and nil TAYRA_E_NOT_FOUND; a value over options.max_bytes is TAYRA_E_TOO_LARGE.
 * A load past its deadline gives its connection up.
 *
 * => TAYRA_OK also when the server does not answer yet: `error` says so then, and is empty
 *    otherwise.  TAYRA_E_INVAL: options, pattern, URL, command, or the server refuses user,
 *    password or database.  TAYRA_E_NOMEM.
 */
TAYRA_API int tayra_origin_redis(const struct tayra_origin_options *options, const char *url,
				 const char *command, char *error, size_t error_len,
				 struct tayra_origin **out);
struct tayra_origin_stats {
	size_t size;
	uint64_t troubles; /* failures that had a reason; not: TAYRA_E_NOT_FOUND, _INVAL */
	char trouble[128]; /* of the last: "no such table: pkg"; "" before, and of C functions */
	char refusal[128]; /* why tayra_put_through() was TAYRA_E_INVAL the last time, if told */
};
#define TAYRA_ORIGIN_STATS_INIT TAYRA__SIZED(struct tayra_origin_stats)
/* What a log should say beside TAYRA_E_ORIGIN.  Lines without values of a key or a row; of whoever
 * failed last, on any thread. */
TAYRA_API void tayra_origin_stats(struct tayra_origin *origin, struct tayra_origin_stats *out);
/* Not while a load of it is running: destroy the handles that use it first. */
TAYRA_API void tayra_origin_close(struct tayra_origin *origin);

#ifdef __cplusplus
}
#endif
#endif
