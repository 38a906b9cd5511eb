/* SPDX-License-Identifier: Apache-2.0
 *
 * Values on their way to the origin.  The origin's truth is one value; its writer can be held at a
 * gate.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/mem.h"

struct truth {
	struct stage s;
	struct tayra_origin *origin;
	struct tayra_pace *pace;
	pthread_mutex_t lock;
	char key[16], value[16];
	int status;              /* of the next writes */
	_Atomic int waits, held; /* the value '1' is held while waits */
	_Atomic unsigned fetches, writes;
	uint32_t inflight; /* of the pace, while it wrote */
};

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	struct truth *t = arg;

	atomic_fetch_add(&t->fetches, 1);
	pthread_mutex_lock(&t->lock);
	*value = strdup(t->value);
	*len = strlen(t->value);
	pthread_mutex_unlock(&t->lock);
	return TAYRA_OK;
}

static int
write_truth(void *arg, const void *key, size_t key_len, const void *value, size_t len)
{
	struct truth *t = arg;
	int status;

	assert_true(key_len < sizeof(t->key) && len < sizeof(t->value));
	atomic_fetch_add(&t->writes, 1);
	if (len > 0 && *(const char *)value == '1' && atomic_load(&t->waits)) {
		atomic_store(&t->held, 1);
		while (atomic_load(&t->waits))
			sched_yield();
	}
	pthread_mutex_lock(&t->lock);
	status = t->status;
	memcpy(t->key, key, key_len);
	t->key[key_len] = '\0';
	if (t->pace) {
		struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

		tayra_pace_stats(t->pace, &stats);
		t->inflight = stats.inflight;
	}
	if (status == TAYRA_OK) {
		memcpy(t->value, value, len);
		t->value[len] = '\0';
	}
	pthread_mutex_unlock(&t->lock);
	return status;
}

static void
begin(struct truth *t, struct tayra_pace *pace)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
	t->pace = pace;
	o.pace = pace;
	o.timeout_ns = TAYRA_OFF;
	o.throttle_ms = TAYRA_OFF;
	stage_open(&t->s, &o);
	assert_int_equal(tayra_origin_function(NULL, fetch, t, &t->origin), TAYRA_OK);
	assert_int_equal(tayra_origin_function_write(t->origin, write_truth, t), TAYRA_OK);
}

static void
end(struct truth *t)
{
	while (stats_of(&t->s).inflight || stats_of(&t->s).cache.pinned_bytes)
		sched_yield();
	stage_close(&t->s);
	tayra_origin_close(t->origin);
	pthread_mutex_destroy(&t->lock);
}

static struct tayra_request
request_of(struct truth *t, const char *key)
{
	struct tayra_request r = ask(&t->s, key, NULL);

	r.origin = t->origin;
	r.ttl_ms = 1000;
	r.stale_ms = 9000;
	return r;
}

static int
put_through(struct truth *t, const char *value)
{
	struct tayra_request r = request_of(t, "k");

	return tayra_put_through(t->s.t, &r, value, strlen(value));
}

/* What is cached; NULL: nothing. */
static void
has(struct truth *t, const char *value)
{
	struct tayra_ref ref;
	int status = tayra_get(t->s.t, "k", 1, &ref);

	if (!value) {
		assert_int_equal(status, TAYRA_E_NOT_FOUND);
		return;
	}
	assert_int_equal(status, TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
}

static void
a_value_goes_to_the_origin_and_then_into_the_cache(void **state)
{
	struct truth t;

	begin(&t, NULL);
	assert_int_equal(put_through(&t, "one"), TAYRA_OK);
	assert_string_equal(t.value, "one");
	has(&t, "one");
	stage_pass_ms(&t.s, 999);
	has(&t, "one");
	stage_pass_ms(&t.s, 1);
	has(&t, NULL); /* the request's ttl is over */
	assert_int_equal(put_through(&t, ""), TAYRA_OK);
	assert_string_equal(t.value, "");
	has(&t, "");
	assert_int_equal(atomic_load(&t.fetches), 0);
	assert_int_equal(stats_of(&t.s).writes, 2);
	assert_int_equal(stats_of(&t.s).write_errors, 0);
	assert_int_equal(stats_of(&t.s).loads, 0);
	end(&t);
}

static void
what_the_origin_refused_leaves_the_old_value_and_the_unknown_none(void **state)
{
	static const struct {
		int status;
		const char *after;
	} rows[] = {
		{ TAYRA_E_INVAL, "old" },       { TAYRA_E_NOT_FOUND, "old" },
		{ TAYRA_E_OVERLOAD, "old" },    { TAYRA_E_TOO_LARGE, "old" },
		{ TAYRA_E_UNSUPPORTED, "old" }, { TAYRA_E_ORIGIN, NULL },
		{ TAYRA_E_TIMEOUT, NULL },      { TAYRA_E_IO, NULL },
		{ TAYRA_E_CORRUPT, NULL },
	};
	struct truth t;

	begin(&t, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_perishable(&t.s, "k", "old");
		t.status = rows[i].status;
		assert_int_equal(put_through(&t, "new"), rows[i].status);
		has(&t, rows[i].after);
	}
	assert_int_equal(stats_of(&t.s).write_errors, 9);
	end(&t);
}

static void
one_that_was_never_begun_leaves_the_old_value(void **state)
{
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	struct truth t;

	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = po.limit_min = po.limit_max = 1;
	po.queue_max = TAYRA_QUEUE_NONE;
	assert_int_equal(tayra_pace_create(&po, &pace), TAYRA_OK);
	begin(&t, pace);
	struct tayra_request r = request_of(&t, "k"), other = ask(&t.s, "other", park);

	put_perishable(&t.s, "k", "old");
	assert_int_equal(start(&t.s, &other, NULL), TAYRA_PENDING); /* has the only slot */
	assert_int_equal(put_through(&t, "new"), TAYRA_E_OVERLOAD);
	finish(t.s.parked[0], "other");
	got_value(&t.s, "other");
	r.deadline_ns = STAGE_START_NS;
	assert_int_equal(tayra_put_through(t.s.t, &r, "new", 3), TAYRA_E_TIMEOUT);
	assert_int_equal(atomic_load(&t.writes), 0);
	has(&t, "old");
	/* Let in, it costs what it says. */
	r.deadline_ns = 0;
	r.cost = 7;
	assert_int_equal(tayra_put_through(t.s.t, &r, "new", 3), TAYRA_OK);
	assert_int_equal(t.inflight, 7);
	end(&t);
	tayra_pace_destroy(pace);
}

static void
a_load_in_progress_does_not_bring_the_old_value_back(void **state)
{
	struct truth t;

	begin(&t, NULL);
	struct tayra_request r = ask(&t.s, "k", park);

	assert_int_equal(start(&t.s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(put_through(&t, "new"), TAYRA_OK);
	finish(t.s.parked[0], "old");
	got_value(&t.s, "old"); /* who asked before */
	has(&t, "new");
	end(&t);
}

static void *
put_one(void *arg)
{
	assert_int_equal(put_through(arg, "1"), TAYRA_OK);
	return NULL;
}

static void
of_two_writes_at_a_time_neither_is_kept(void **state)
{
	pthread_t thread;
	struct truth t;

	begin(&t, NULL);
	put_perishable(&t.s, "k", "old");
	atomic_store(&t.waits, 1);
	assert_int_equal(pthread_create(&thread, NULL, put_one, &t), 0);
	while (!atomic_load(&t.held))
		sched_yield();
	assert_int_equal(put_through(&t, "2"), TAYRA_OK);
	has(&t, NULL);
	atomic_store(&t.waits, 0);
	pthread_join(thread, NULL);
	assert_string_equal(t.value, "1");
	has(&t, NULL);
	/* One after the other is no crossing. */
	assert_int_equal(put_through(&t, "3"), TAYRA_OK);
	has(&t, "3");
	end(&t);
}

static void *
put_in_time(void *arg)
{
	struct truth *t = arg;
	struct tayra_request r = request_of(t, "k");

	r.timeout_ns = TAYRA_NS_PER_S;
	assert_int_equal(tayra_put_through(t->s.t, &r, "1", 1), TAYRA_E_TIMEOUT);
	return NULL;
}

static void
one_that_comes_late_forgets_what_was_loaded_meanwhile(void **state)
{
	pthread_t thread;
	struct truth t;

	begin(&t, NULL);
	put_perishable(&t.s, "k", "old");
	atomic_store(&t.waits, 1);
	assert_int_equal(pthread_create(&thread, NULL, put_in_time, &t), 0);
	while (!atomic_load(&t.held))
		sched_yield();
	stage_pass_ms(&t.s, 1000);
	while (stats_of(&t.s).timeouts == 0)
		tayra_tick(t.s.t, 0);
	pthread_join(thread, NULL);
	has(&t, NULL);
	put_perishable(&t.s, "k", "old"); /* as a load would that read before it was written */
	atomic_store(&t.waits, 0);
	while (stats_of(&t.s).inflight)
		sched_yield();
	while (is_fresh(t.s.t, "k")) /* until the suite's timeout */
		sched_yield();
	assert_string_equal(t.value, "1");
	end(&t);
}

static void
without_storing_the_key_is_written_and_forgotten(void **state)
{
	struct truth t;

	begin(&t, NULL);
	struct tayra_request r = request_of(&t, "k");

	put_perishable(&t.s, "k", "old");
	r.flags = TAYRA_REQUEST_NO_STORE;
	assert_int_equal(tayra_put_through(t.s.t, &r, "new", 3), TAYRA_OK);
	assert_string_equal(t.value, "new");
	has(&t, NULL);
	end(&t);
}

static void
the_origin_sees_the_key_without_its_namespace(void **state)
{
	struct truth t;

	begin(&t, NULL);
	struct tayra_request r = request_of(&t, "ns:k");

	r.key_prefix_len = 3;
	assert_int_equal(tayra_put_through(t.s.t, &r, "new", 3), TAYRA_OK);
	assert_string_equal(t.key, "k");
	assert_true(is_fresh(t.s.t, "ns:k"));
	end(&t);
}

static void
write_inside(struct tayra_load *load, void *arg)
{
	struct truth *t = arg;

	assert_int_equal(put_through(t, "new"), TAYRA_E_WOULD_DEADLOCK);
	finish(load, "loaded");
}

static void
what_cannot_be_written_says_so(void **state)
{
	struct tayra_origin *reads;
	struct tayra_ref ref;
	struct truth t;

	begin(&t, NULL);
	struct tayra_request r = request_of(&t, "k");

	assert_int_equal(tayra_origin_function(NULL, fetch, &t, &reads), TAYRA_OK);
	r.origin = reads;
	assert_int_equal(tayra_put_through(t.s.t, &r, "x", 1), TAYRA_E_UNSUPPORTED);
	r = ask(&t.s, "k", park);
	assert_int_equal(tayra_put_through(t.s.t, &r, "x", 1), TAYRA_E_UNSUPPORTED);
	r = request_of(&t, "k");
	assert_int_equal(tayra_put_through(t.s.t, &r, NULL, 1), TAYRA_E_INVAL);
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(tayra_put_through(t.s.t, &r, "x", 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_put_through(t.s.t, NULL, "x", 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_origin_function_write(t.origin, write_truth, &t), TAYRA_E_INVAL);
	assert_int_equal(tayra_origin_function_write(NULL, write_truth, &t), TAYRA_E_INVAL);
	assert_int_equal(tayra_origin_function_write(reads, NULL, &t), TAYRA_E_INVAL);
	r = ask(&t.s, "k", write_inside);
	r.load_arg = &t;
	assert_int_equal(tayra_get_or_load(t.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(atomic_load(&t.writes), 0);
	tayra_origin_close(reads);
	end(&t);
}

static void
fail_origin(struct tayra_load *load, void *arg)
{
	tayra_load_fail(load, TAYRA_E_ORIGIN, 0);
}

static void *
destroy_handle(void *arg)
{
	tayra_destroy(arg);
	return NULL;
}

static int
put_start(struct truth *t, const char *value, uint64_t timeout_ns, void *cookie)
{
	struct tayra_request r = request_of(t, "k");

	r.timeout_ns = timeout_ns;
	return tayra_put_through_start(t->s.t, &r, value, strlen(value), t->s.cq, cookie);
}

/* The next completion, which has no value. */
static int
written(struct truth *t, void *cookie)
{
	struct tayra_completion c;

	while (tayra_cq_wait(t->s.cq, &c, 1, TAYRA_NS_PER_MS) == 0)
		continue; /* until the suite's timeout */
	assert_ptr_equal(c.cookie, cookie);
	assert_null(c.ref.value);
	return c.status;
}

static void
started_it_is_cached_before_its_completion_is_there(void **state)
{
	struct truth t;

	begin(&t, NULL);
	put_perishable(&t.s, "k", "old");
	assert_int_equal(put_start(&t, "one", 0, &t), TAYRA_PENDING);
	assert_int_equal(written(&t, &t), TAYRA_OK);
	assert_string_equal(t.value, "one");
	has(&t, "one");
	stage_pass_ms(&t.s, 999);
	has(&t, "one");
	stage_pass_ms(&t.s, 1);
	has(&t, NULL); /* the request's ttl is over, */
	struct tayra_request r = request_of(&t, "k");
	struct tayra_ref ref;

	t.status = TAYRA_E_ORIGIN;
	r.origin = NULL;
	r.load = fail_origin;
	r.ttl_ms = 1000, r.stale_ms = 9000;
	assert_int_equal(tayra_get_or_load(t.s.t, &r, &ref), TAYRA_OK);
	assert_true(ref.stale); /* and it may be stale for as long as that says */
	holds(&ref, "one");
	tayra_release(&ref);
	assert_int_equal(stats_of(&t.s).writes, 1);
	end(&t);
}

static void
started_a_refusal_leaves_the_old_value_and_the_unknown_none(void **state)
{
	static const struct {
		int status;
		const char *after;
	} rows[] = {
		{ TAYRA_E_INVAL, "old" },
		{ TAYRA_E_OVERLOAD, "old" },
		{ TAYRA_E_ORIGIN, NULL },
		{ TAYRA_E_IO, NULL },
	};
	struct truth t;

	begin(&t, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_perishable(&t.s, "k", "old");
		t.status = rows[i].status;
		assert_int_equal(put_start(&t, "new", 0, NULL), TAYRA_PENDING);
		assert_int_equal(written(&t, NULL), rows[i].status);
		has(&t, rows[i].after);
	}
	end(&t);
}

static void
started_and_given_up_it_is_forgotten_then_and_when_it_lands(void **state)
{
	struct truth t;

	begin(&t, NULL);
	put_perishable(&t.s, "k", "old");
	atomic_store(&t.waits, 1);
	assert_int_equal(put_start(&t, "1", TAYRA_NS_PER_S, NULL), TAYRA_PENDING);
	while (!atomic_load(&t.held))
		sched_yield();
	has(&t, "old");
	stage_pass_ms(&t.s, 1000);
	assert_int_equal(written(&t, NULL), TAYRA_E_TIMEOUT);
	has(&t, NULL);
	put_perishable(&t.s, "k", "old"); /* as a load would that read before it was written */
	atomic_store(&t.waits, 0);
	while (is_fresh(t.s.t, "k")) /* until the suite's timeout */
		sched_yield();
	assert_string_equal(t.value, "1");
	end(&t);
}

static void
started_two_at_a_time_are_not_kept_and_one_after_the_other_is(void **state)
{
	struct truth t;
	int first, second;

	begin(&t, NULL);
	put_perishable(&t.s, "k", "old");
	atomic_store(&t.waits, 1);
	assert_int_equal(put_start(&t, "1", 0, &first), TAYRA_PENDING);
	while (!atomic_load(&t.held))
		sched_yield();
	assert_int_equal(put_start(&t, "2", 0, &second), TAYRA_PENDING);
	assert_int_equal(written(&t, &second), TAYRA_OK);
	has(&t, NULL);
	atomic_store(&t.waits, 0);
	assert_int_equal(written(&t, &first), TAYRA_OK);
	has(&t, NULL);
	assert_int_equal(put_start(&t, "3", 0, NULL), TAYRA_PENDING);
	assert_int_equal(written(&t, NULL), TAYRA_OK);
	has(&t, "3");
	end(&t);
}

static void
started_with_a_tag_it_goes_with_it_and_without_storing_it_is_forgotten(void **state)
{
	const struct tayra_tag tag = { "made", 4 };
	struct truth t;

	begin(&t, NULL);
	struct tayra_request r = request_of(&t, "k");

	r.tags = &tag, r.tag_count = 1;
	assert_int_equal(tayra_put_through_start(t.s.t, &r, "new", 3, t.s.cq, NULL), TAYRA_PENDING);
	assert_int_equal(written(&t, NULL), TAYRA_OK);
	has(&t, "new");
	assert_int_equal(tayra_delete_tag(t.s.t, "made", 4), TAYRA_OK);
	has(&t, NULL);
	r.tag_count = 0;
	put_perishable(&t.s, "k", "old");
	r.flags = TAYRA_REQUEST_NO_STORE;
	assert_int_equal(tayra_put_through_start(t.s.t, &r, "newer", 5, t.s.cq, NULL),
			 TAYRA_PENDING);
	assert_int_equal(written(&t, NULL), TAYRA_OK);
	assert_string_equal(t.value, "newer");
	has(&t, NULL);
	end(&t);
}

static void
started_and_left_behind_by_queue_and_handle_it_still_ends(void **state)
{
	struct truth t;

	begin(&t, NULL);
	/* Nobody takes what has come. */
	assert_int_equal(put_start(&t, "2", 0, NULL), TAYRA_PENDING);
	while (stats_of(&t.s).inflight)
		sched_yield();
	tayra_cq_destroy(t.s.cq);
	assert_int_equal(tayra_cq_create(t.s.t, &t.s.cq), TAYRA_OK);
	has(&t, "2");
	/* The handle goes while it is held: it is told that, and the origin has it. */
	atomic_store(&t.waits, 1);
	assert_int_equal(put_start(&t, "1", 0, NULL), TAYRA_PENDING);
	while (!atomic_load(&t.held))
		sched_yield();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, destroy_handle, t.s.t), 0);
	assert_int_equal(written(&t, NULL), TAYRA_E_CLOSED);
	atomic_store(&t.waits, 0);
	pthread_join(thread, NULL);
	assert_string_equal(t.value, "1");
	tayra_cq_destroy(t.s.cq);
	tayra_origin_close(t.origin);
	pthread_mutex_destroy(&t.lock);
}

static void
what_cannot_be_started_says_so_at_once(void **state)
{
	struct tayra_cq *other;
	struct tayra *elsewhere;
	struct truth t;

	begin(&t, NULL);
	struct tayra_request r = request_of(&t, "k");

	assert_int_equal(tayra_create(NULL, &elsewhere), TAYRA_OK);
	assert_int_equal(tayra_cq_create(elsewhere, &other), TAYRA_OK);
	assert_int_equal(tayra_put_through_start(t.s.t, &r, "x", 1, NULL, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_put_through_start(t.s.t, &r, "x", 1, other, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_put_through_start(t.s.t, NULL, "x", 1, t.s.cq, NULL), TAYRA_E_INVAL);
	r.deadline_ns = STAGE_START_NS;
	assert_int_equal(tayra_put_through_start(t.s.t, &r, "x", 1, t.s.cq, NULL), TAYRA_E_TIMEOUT);
	r.deadline_ns = 0;
	for (uint64_t n = 1, status = 1; status; n++) {
		int told;

		tayra__mem_fail_after(n);
		told = tayra_put_through_start(t.s.t, &r, "x", 1, t.s.cq, NULL);
		tayra__mem_fail_after(0);
		assert_true(told == TAYRA_PENDING || told == TAYRA_E_NOMEM);
		assert_in_range(n, 1, 20);
		status = told != TAYRA_PENDING;
	}
	assert_int_equal(written(&t, NULL), TAYRA_OK);
	assert_int_equal(atomic_load(&t.writes), 1);
	tayra_cq_destroy(other);
	tayra_destroy(elsewhere);
	end(&t);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_value_goes_to_the_origin_and_then_into_the_cache),
	cmocka_unit_test(what_the_origin_refused_leaves_the_old_value_and_the_unknown_none),
	cmocka_unit_test(one_that_was_never_begun_leaves_the_old_value),
	cmocka_unit_test(a_load_in_progress_does_not_bring_the_old_value_back),
	cmocka_unit_test(of_two_writes_at_a_time_neither_is_kept),
	cmocka_unit_test(one_that_comes_late_forgets_what_was_loaded_meanwhile),
	cmocka_unit_test(without_storing_the_key_is_written_and_forgotten),
	cmocka_unit_test(the_origin_sees_the_key_without_its_namespace),
	cmocka_unit_test(what_cannot_be_written_says_so),
	cmocka_unit_test(started_it_is_cached_before_its_completion_is_there),
	cmocka_unit_test(started_a_refusal_leaves_the_old_value_and_the_unknown_none),
	cmocka_unit_test(started_and_given_up_it_is_forgotten_then_and_when_it_lands),
	cmocka_unit_test(started_two_at_a_time_are_not_kept_and_one_after_the_other_is),
	cmocka_unit_test(started_with_a_tag_it_goes_with_it_and_without_storing_it_is_forgotten),
	cmocka_unit_test(started_and_left_behind_by_queue_and_handle_it_still_ends),
	cmocka_unit_test(what_cannot_be_started_says_so_at_once),
};

RUN_TESTS(tests)
