/* SPDX-License-Identifier: Apache-2.0 */
#include "../load/stage.h"

#include <pthread.h>
#include <stdlib.h>

/* A backend whose calls stand still until they are let go. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t open;
	bool shut;
	unsigned inside, calls;
	int status;
	struct tayra *t; /* not NULL: fetch asks it for a key, and notes what it says */
	int nested;
};

static void
gate_init(struct gate *g, bool shut)
{
	memset(g, 0, sizeof(*g));
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->open, NULL);
	g->shut = shut;
}

static void
gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->shut = false;
	pthread_cond_broadcast(&g->open);
	pthread_mutex_unlock(&g->lock);
}

static unsigned
gate_inside(struct gate *g)
{
	unsigned inside;

	pthread_mutex_lock(&g->lock);
	inside = g->inside;
	pthread_mutex_unlock(&g->lock);
	return inside;
}

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	struct gate *g = arg;

	pthread_mutex_lock(&g->lock);
	g->calls++;
	g->inside++;
	while (g->shut)
		pthread_cond_wait(&g->open, &g->lock);
	g->inside--;
	pthread_mutex_unlock(&g->lock);
	if (g->t) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		struct tayra_ref ref;

		r.key = "x", r.key_len = 1, r.load = answer;
		g->nested = tayra_get_or_load(g->t, &r, &ref);
	}
	if (g->status != TAYRA_OK)
		return g->status;
	*value = malloc(key_len);
	memcpy(*value, key, key_len);
	*len = key_len;
	return TAYRA_OK;
}

static struct tayra_origin *
open_origin(struct gate *g, uint32_t threads, struct tayra_pace *pace)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;

	o.threads = threads;
	o.pace = pace;
	assert_int_equal(tayra_origin_function(&o, fetch, g, &origin), TAYRA_OK);
	return origin;
}

static struct tayra_completion
await(struct stage *s)
{
	struct tayra_completion c;

	assert_int_equal(tayra_cq_wait(s->cq, &c, 1, 10 * TAYRA_NS_PER_S), 1);
	return c;
}

static void
a_function_loads_on_a_thread_of_its_own(void **state)
{
	struct stage s;
	struct gate g;
	struct tayra_ref ref;

	gate_init(&g, false);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);
	struct tayra_request r = ask(&s, "key", NULL);

	r.origin = origin;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "key");
	tayra_release(&ref);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(g.calls, 1);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
what_the_function_returns_is_what_the_waiter_gets(void **state)
{
	static const int statuses[] = { TAYRA_E_NOT_FOUND, TAYRA_E_OVERLOAD, TAYRA_E_ORIGIN,
					TAYRA_E_IO };
	struct stage s;
	struct gate g;
	struct tayra_ref ref;

	gate_init(&g, false);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);
	struct tayra_request r = ask(&s, "key", NULL);

	r.origin = origin;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		g.status = statuses[i];
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), statuses[i]);
	}
	g.status = 5; /* no status of ours */
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_ORIGIN);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
a_blocked_caller_gets_what_is_stale_at_its_soft_timeout(void **state)
{
	struct stage s;
	struct gate g;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_ref ref;

	gate_init(&g, true);
	o.clock = tayra_clock_real();
	stage_open(&s, &o);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);
	struct tayra_request r = ask(&s, "key", NULL);

	assert_int_equal(tayra_put(s.t, "key", 3, "old", 3, TAYRA_OFF, 60000), TAYRA_OK);
	r.origin = origin;
	r.stale_ms = 60000;
	r.soft_timeout_ns = 2 * TAYRA_NS_PER_MS;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_true(ref.stale);
	holds(&ref, "old");
	tayra_release(&ref);
	gate_open(&g);
	while (stats_of(&s).inflight)
		sched_yield();
	assert_int_equal(tayra_get(s.t, "key", 3, &ref), TAYRA_OK);
	holds(&ref, "key");
	tayra_release(&ref);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
a_full_queue_is_overload_and_sheds_without_end_of_the_stack(void **state)
{
	enum { MANY = 3000 }; /* one runs, 1,024 wait */
	struct stage s;
	struct gate g;
	struct tayra_completion c;
	unsigned overload = 0, fine = 0;

	gate_init(&g, true);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);

	for (int i = 0; i < MANY; i++) {
		char key[16];
		struct tayra_request r;

		snprintf(key, sizeof(key), "%d", i);
		r = ask(&s, key, NULL);
		r.origin = origin;
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		if (i == 0)
			while (gate_inside(&g) == 0)
				sched_yield();
	}
	gate_open(&g);
	for (int i = 0; i < MANY; i++) {
		c = await(&s);
		overload += c.status == TAYRA_E_OVERLOAD;
		fine += c.status == TAYRA_OK;
		tayra_release(&c.ref);
	}
	assert_int_equal(fine, 1025);
	assert_int_equal(overload, MANY - 1025);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void *
widen(void *pace)
{
	assert_int_equal(tayra_pace_set_limit(pace, 2000, STAGE_START_NS), TAYRA_OK);
	return NULL;
}

/* On a thread whose stack would not bear a thousand calls inside one another. */
static void
widen_on_small_stack(struct tayra_pace *pace)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstacksize(&attr, 128u << 10), 0);
	assert_int_equal(pthread_create(&thread, &attr, widen, pace), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}

static void
a_shed_that_lets_in_the_next_to_be_shed_does_not_nest(void **state)
{
	enum { MANY = 3000 };
	struct stage s;
	struct gate g;
	struct tayra_pace *pace;
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;
	unsigned fine = 0, overload = 0;

	/* All wait in pace; then the limit opens for more than the worker's queue takes. */
	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = 1;
	po.limit_max = 4096;
	po.queue_max = MANY;
	assert_int_equal(tayra_pace_create(&po, &pace), TAYRA_OK);
	gate_init(&g, true);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, pace);

	for (int i = 0; i < MANY; i++) {
		char key[16];
		struct tayra_request r;

		snprintf(key, sizeof(key), "%d", i);
		r = ask(&s, key, NULL);
		r.origin = origin;
		start(&s, &r, NULL);
		if (i == 0)
			while (gate_inside(&g) == 0)
				sched_yield();
	}
	widen_on_small_stack(pace);
	gate_open(&g);
	for (int i = 0; i < MANY; i++) {
		struct tayra_completion c = await(&s);

		fine += c.status == TAYRA_OK;
		overload += c.status == TAYRA_E_OVERLOAD;
		tayra_release(&c.ref);
	}
	assert_int_equal(fine + overload, MANY);
	assert_true(overload > 1000);
	stage_close(&s);
	tayra_origin_close(origin);
	tayra_pace_destroy(pace);
}

static void
a_load_past_its_deadline_does_not_reach_the_function(void **state)
{
	struct stage s;
	struct gate g;
	struct tayra_completion c;

	gate_init(&g, true);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);
	struct tayra_request r = ask(&s, "first", NULL), q = ask(&s, "second", NULL);

	r.origin = q.origin = origin;
	q.timeout_ns = TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	while (gate_inside(&g) == 0)
		sched_yield();
	start(&s, &q, NULL); /* behind it in the worker's queue */
	stage_pass_ms(&s, 1);
	got_status(&s, TAYRA_E_TIMEOUT);
	gate_open(&g);
	c = await(&s);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_release(&c.ref);
	stage_close(&s);
	tayra_origin_close(origin);
	assert_int_equal(g.calls, 1);
}

static void
a_deadline_that_nobody_looked_at_counts_all_the_same(void **state)
{
	struct stage s;
	struct gate g;
	struct tayra_completion c;

	gate_init(&g, true);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);
	struct tayra_request r = ask(&s, "first", NULL), q = ask(&s, "second", NULL);

	r.origin = q.origin = origin;
	q.timeout_ns = TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	while (gate_inside(&g) == 0)
		sched_yield();
	start(&s, &q, NULL);
	stage_pass_ms(&s, 1); /* its waiter still waits: the load is not cancelled */
	gate_open(&g);
	while (stats_of(&s).inflight > 0)
		sched_yield();
	assert_int_equal(g.calls, 1);
	c = await(&s);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_release(&c.ref);
	got_status(&s, TAYRA_E_TIMEOUT);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
a_blocking_call_from_the_function_on_its_own_handle_is_refused(void **state)
{
	struct stage s;
	struct gate g;
	struct tayra_ref ref;

	gate_init(&g, false);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 1, NULL);
	struct tayra_request r = ask(&s, "key", NULL);

	g.t = s.t;
	r.origin = origin;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(g.nested, TAYRA_E_WOULD_DEADLOCK);
	stage_close(&s);
	tayra_origin_close(origin);
}

static void
an_origin_with_a_limit_of_its_own_keeps_it(void **state)
{
	struct stage s;
	struct gate g;
	struct tayra_pace *pace;
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;

	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = 1;
	assert_int_equal(tayra_pace_create(&po, &pace), TAYRA_OK);
	gate_init(&g, true);
	stage_open(&s, NULL);
	struct tayra_origin *origin = open_origin(&g, 4, pace);
	struct tayra_request a = ask(&s, "a", NULL), b = ask(&s, "b", NULL);

	a.origin = b.origin = origin;
	start(&s, &a, NULL);
	start(&s, &b, NULL);
	while (gate_inside(&g) == 0)
		sched_yield();
	assert_int_equal(stats_of(&s).loads, 1);
	gate_open(&g);
	for (int i = 0; i < 2; i++) {
		struct tayra_completion c = await(&s);

		assert_int_equal(c.status, TAYRA_OK);
		tayra_release(&c.ref);
	}
	stage_close(&s);
	tayra_origin_close(origin);
	tayra_pace_destroy(pace);
}

static void
options_out_of_range_are_refused(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin = (struct tayra_origin *)&o;

	assert_int_equal(tayra_origin_function(&o, NULL, NULL, &origin), TAYRA_E_INVAL);
	assert_null(origin);
	o.pattern = "x:{y}"; /* a function gets keys whole */
	assert_int_equal(tayra_origin_function(&o, fetch, NULL, &origin), TAYRA_E_INVAL);
	o.pattern = NULL;
	o.shape = TAYRA_SHAPE_JSON;
	assert_int_equal(tayra_origin_function(&o, fetch, NULL, &origin), TAYRA_E_INVAL);
	o.shape = TAYRA_SHAPE_RAW;
	o.threads = 1000000;
	assert_int_equal(tayra_origin_function(&o, fetch, NULL, &origin), TAYRA_E_INVAL);
	assert_int_equal(tayra_origin_function(NULL, fetch, NULL, NULL), TAYRA_E_INVAL);
	tayra_origin_close(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_function_loads_on_a_thread_of_its_own),
	cmocka_unit_test(what_the_function_returns_is_what_the_waiter_gets),
	cmocka_unit_test(a_blocked_caller_gets_what_is_stale_at_its_soft_timeout),
	cmocka_unit_test(a_full_queue_is_overload_and_sheds_without_end_of_the_stack),
	cmocka_unit_test(a_shed_that_lets_in_the_next_to_be_shed_does_not_nest),
	cmocka_unit_test(a_load_past_its_deadline_does_not_reach_the_function),
	cmocka_unit_test(a_deadline_that_nobody_looked_at_counts_all_the_same),
	cmocka_unit_test(a_blocking_call_from_the_function_on_its_own_handle_is_refused),
	cmocka_unit_test(an_origin_with_a_limit_of_its_own_keeps_it),
	cmocka_unit_test(options_out_of_range_are_refused),
};

RUN_TESTS(tests)
