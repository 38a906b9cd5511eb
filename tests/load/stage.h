/* SPDX-License-Identifier: Apache-2.0
 *
 * stage.h: what the tests of load stand on: a clock turned by hand, and loaders that do as told.
 */
#ifndef TESTS_LOAD_STAGE_H
#define TESTS_LOAD_STAGE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

#define STAGE_START_NS (1000 * TAYRA_NS_PER_S)
#define STAGE_PARKED   64

struct stage {
	_Atomic uint64_t now_ns;
	struct tayra_clock clock;
	struct tayra *t;
	struct tayra_cq *cq;
	/* park(): the loads it was called with and has not finished. */
	struct tayra_load *parked[STAGE_PARKED];
	unsigned calls;
	/* answer(): what it says. */
	const char *value;
	int status; /* < 0: it fails with that */
	uint64_t retry_after_ns;
	struct tayra_load_result result;
};

static inline uint64_t
stage_now_ns(void *ctx)
{
	return atomic_load(&((struct stage *)ctx)->now_ns);
}

static inline uint64_t
stage_wall_ms(void *ctx)
{
	return stage_now_ns(ctx) / TAYRA_NS_PER_MS;
}

static inline void
stage_open(struct stage *s, const struct tayra_options *options)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;

	memset(s, 0, sizeof(*s));
	atomic_store(&s->now_ns, STAGE_START_NS);
	s->clock = (struct tayra_clock){ stage_now_ns, stage_wall_ms, s };
	s->value = "value";
	s->result.size = sizeof(s->result);
	if (options)
		o = *options;
	cache.memory_bytes = 4u << 20;
	cache.shards = 1;
	cache.seed = 1;
	if (!o.cache)
		o.cache = &cache;
	if (!o.clock)
		o.clock = &s->clock;
	assert_int_equal(tayra_create(&o, &s->t), TAYRA_OK);
	assert_int_equal(tayra_cq_create(s->t, &s->cq), TAYRA_OK);
}

static inline void
stage_close(struct stage *s)
{
	tayra_destroy(s->t);
	tayra_cq_destroy(s->cq);
}

static inline void
stage_pass_ms(struct stage *s, uint64_t ms)
{
	atomic_fetch_add(&s->now_ns, ms * TAYRA_NS_PER_MS);
}

/* A loader that answers before it returns. */
static inline void
answer(struct tayra_load *load, void *arg)
{
	struct stage *s = arg;

	s->calls++;
	if (s->status < 0)
		tayra_load_fail(load, s->status, s->retry_after_ns);
	else
		tayra_load_done(load, s->value, strlen(s->value), &s->result);
}

/* A loader that leaves the load for the test to finish. */
static inline void
park(struct tayra_load *load, void *arg)
{
	struct stage *s = arg;

	s->parked[s->calls++ % STAGE_PARKED] = load;
}

static inline void
finish(struct tayra_load *load, const char *value)
{
	tayra_load_done(load, value, strlen(value), NULL);
}

static inline struct tayra_request
ask(struct stage *s, const char *key, tayra_load_fn load)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = key;
	r.key_len = strlen(key);
	r.load = load;
	r.load_arg = s;
	return r;
}

static inline int
start(struct stage *s, const struct tayra_request *r, void *cookie)
{
	struct tayra_ref ref;
	int status = tayra_get_or_load_start(s->t, r, s->cq, cookie, &ref);

	tayra_release(&ref);
	return status;
}

/* The only completion there is. */
static inline struct tayra_completion
one(struct stage *s)
{
	struct tayra_completion c[2] = { 0 };

	assert_int_equal(tayra_cq_drain(s->cq, c, 2), 1);
	return c[0];
}

static inline void
got_none(struct stage *s)
{
	struct tayra_completion c;

	assert_int_equal(tayra_cq_drain(s->cq, &c, 1), 0);
}

static inline void
holds(struct tayra_ref *ref, const char *value)
{
	assert_int_equal(ref->value_len, strlen(value));
	assert_memory_equal(ref->value, value, strlen(value));
}

/* The only completion is that value; released. */
static inline void
got_value(struct stage *s, const char *value)
{
	struct tayra_completion c = one(s);

	assert_int_equal(c.status, TAYRA_OK);
	holds(&c.ref, value);
	tayra_release(&c.ref);
}

static inline void
got_status(struct stage *s, int status)
{
	struct tayra_completion c = one(s);

	assert_int_equal(c.status, status);
	assert_null(c.ref.value);
}

static inline struct tayra_stats
stats_of(struct stage *s)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;

	tayra_stats(s->t, &stats);
	return stats;
}

/* Is it there, and not stale? */
static inline bool
is_fresh(struct tayra *t, const char *key)
{
	struct tayra_ref ref;
	int status = tayra_get(t, key, strlen(key), &ref);

	tayra_release(&ref);
	return status == TAYRA_OK;
}

/* Put a value that is fresh for 1 s and may be served stale for 9 s more. */
static inline void
put_perishable(struct stage *s, const char *key, const char *value)
{
	assert_int_equal(tayra_put(s->t, key, strlen(key), value, strlen(value), 1000, 9000),
			 TAYRA_OK);
}

#define RUN_TESTS(tests)                                                                           \
	int main(void)                                                                             \
	{                                                                                          \
		cmocka_set_message_output(CM_OUTPUT_TAP);                                          \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

#endif
