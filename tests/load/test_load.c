/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load/handle.h"

#define LARGE (2u << 20) /* more than the cache of the stage takes */

static void
room_from_alloc_is_where_the_value_stays(void **state)
{
	struct stage s;
	struct tayra_completion c;
	struct tayra_ref hit;
	char *room;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	room = tayra_load_alloc(s.parked[0], 4);
	assert_non_null(room);
	assert_null(tayra_load_alloc(s.parked[0], 4)); /* once a load */
	memcpy(room, "room", 4);
	tayra_load_done(s.parked[0], NULL, 4, NULL);
	c = one(&s);
	holds(&c.ref, "room");
	assert_ptr_equal(c.ref.value, room);
	assert_int_equal(tayra_get(s.t, "k", 1, &hit), TAYRA_OK);
	assert_ptr_equal(hit.value, room);
	tayra_release(&hit);
	tayra_release(&c.ref);
	stage_close(&s);
}

static void
of_the_room_only_what_done_says_counts(void **state)
{
	struct stage s;
	struct tayra_ref hit;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	memcpy(tayra_load_alloc(s.parked[0], 8), "longlong", 8);
	tayra_load_done(s.parked[0], NULL, 4, NULL);
	got_value(&s, "long");
	assert_int_equal(tayra_get(s.t, "k", 1, &hit), TAYRA_OK);
	holds(&hit, "long");
	tayra_release(&hit);
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

static void
a_value_in_place_of_the_room_is_taken_instead(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	assert_non_null(tayra_load_alloc(s.parked[0], 8));
	finish(s.parked[0], "other");
	got_value(&s, "other");
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

static void
a_part_of_the_room_may_be_the_value(void **state)
{
	static const size_t lens[] = { 64, LARGE };
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.flags = TAYRA_REQUEST_REFRESH;
	for (int i = 0; i < 2; i++) {
		char *room;

		start(&s, &r, NULL);
		room = tayra_load_alloc(s.parked[i], lens[i]);
		assert_non_null(room);
		memcpy(room, "header:body", 11);
		tayra_load_done(s.parked[i], room + 7, 4, NULL);
		got_value(&s, "body");
	}
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

static void
room_for_an_empty_value_is_not_no_room(void **state)
{
	struct stage s;
	struct tayra_ref hit;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	assert_non_null(tayra_load_alloc(s.parked[0], 0));
	tayra_load_done(s.parked[0], NULL, 0, NULL);
	got_value(&s, "");
	assert_int_equal(tayra_get(s.t, "k", 1, &hit), TAYRA_OK);
	holds(&hit, "");
	tayra_release(&hit);
	stage_close(&s);
}

static void
done_with_more_than_there_is_room_for_is_refused(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	assert_non_null(tayra_load_alloc(s.parked[0], 8));
	tayra_load_done(s.parked[0], NULL, 9, NULL);
	got_status(&s, TAYRA_E_INVAL);
	start(&s, &r, NULL);
	tayra_load_done(s.parked[1], NULL, 1, NULL); /* no room was asked for */
	got_status(&s, TAYRA_E_INVAL);
	stage_close(&s);
}

static void
a_failed_load_gives_its_room_back(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	assert_non_null(tayra_load_alloc(s.parked[0], 100));
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	got_status(&s, TAYRA_E_ORIGIN);
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	assert_int_equal(stats_of(&s).cache.items, 0);
	stage_close(&s);
}

static void
a_value_too_large_for_the_cache_is_delivered_and_not_kept(void **state)
{
	static char large[LARGE];
	struct stage s;
	struct tayra_completion c[2];
	struct tayra_ref ref;

	stage_open(&s, NULL);
	put_perishable(&s, "k", "older");
	struct tayra_request r = ask(&s, "k", park);

	r.flags = TAYRA_REQUEST_REFRESH;
	start(&s, &r, NULL);
	start(&s, &r, NULL);
	memset(large, 'L', LARGE);
	tayra_load_done(s.parked[0], large, LARGE, NULL);
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(c[i].status, TAYRA_OK);
		assert_int_equal(c[i].ref.value_len, LARGE);
		assert_memory_equal(c[i].ref.value, large, LARGE);
	}
	assert_ptr_equal(c[0].ref.value, c[1].ref.value);
	/* What was there is older than what was delivered. */
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	tayra_release(&c[0].ref);
	stage_close(&s);
	/* And it outlives the handle. */
	assert_memory_equal(c[1].ref.value, large, LARGE);
	tayra_release(&c[1].ref);
}

static void
values_the_cache_does_not_take_are_bounded(void **state)
{
	static char large[LARGE];
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_completion first;

	o.unstored_max_bytes = LARGE + LARGE / 2;
	stage_open(&s, &o);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	start(&s, &a, NULL);
	tayra_load_done(s.parked[0], large, LARGE, NULL);
	first = one(&s);
	assert_int_equal(first.status, TAYRA_OK);
	start(&s, &b, NULL);
	assert_null(tayra_load_alloc(s.parked[1], LARGE));
	tayra_load_fail(s.parked[1], TAYRA_E_FULL, 0);
	got_status(&s, TAYRA_E_FULL);
	tayra_release(&first.ref);
	start(&s, &b, NULL);
	assert_non_null(tayra_load_alloc(s.parked[2], LARGE));
	tayra_load_done(s.parked[2], NULL, 3, NULL);
	first = one(&s);
	assert_int_equal(first.ref.value_len, 3);
	tayra_release(&first.ref);
	stage_close(&s);
}

/* Run in a child; true if it was killed by SIGABRT. */
static bool
aborts(void (*act)(struct stage *s), struct stage *s)
{
	int how = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		fclose(stderr);
		stage_open(s, NULL); /* a handle of its own */
		act(s);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	return WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT;
}

static void
finish_twice(struct tayra_load *load, void *arg)
{
	finish(load, "once");
	tayra_load_fail(load, TAYRA_E_ORIGIN, 0);
}

static void
load_finishing_twice(struct stage *s)
{
	struct tayra_request r = ask(s, "k", finish_twice);

	start(s, &r, NULL);
}

static void
load_finishing_once(struct stage *s)
{
	struct tayra_request r = ask(s, "k", answer);

	start(s, &r, NULL);
}

static void
finishing_twice_aborts(void **state)
{
	static struct stage s;

	assert_true(aborts(load_finishing_twice, &s));
	assert_false(aborts(load_finishing_once, &s));
}

struct nested {
	struct stage *s;
	int blocking, start, other, get;
	struct stage *second;
};

static void
ask_inside(struct tayra_load *load, void *arg)
{
	struct nested *n = arg;
	struct tayra_request r = ask(n->s, "inner", answer);
	struct tayra_request q = ask(n->second, "outer", answer);
	struct tayra_ref ref;

	n->blocking = tayra_get_or_load(n->s->t, &r, &ref);
	n->start = tayra_get_or_load_start(n->s->t, &r, n->s->cq, NULL, &ref);
	tayra_release(&ref);
	n->get = tayra_get(n->s->t, "there", 5, &ref);
	tayra_release(&ref);
	n->other = tayra_get_or_load(n->second->t, &q, &ref);
	tayra_release(&ref);
	finish(load, "done");
}

static void
a_blocking_call_inside_a_loader_is_refused_and_others_are_not(void **state)
{
	struct stage s, second;
	struct tayra_completion c[2];
	struct nested n = { .s = &s, .second = &second };
	struct tayra_ref ref;

	stage_open(&s, NULL);
	stage_open(&second, NULL);
	put_perishable(&s, "there", "v");
	struct tayra_request r = ask(&s, "outer", ask_inside);

	r.load_arg = &n;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(n.blocking, TAYRA_E_WOULD_DEADLOCK);
	assert_int_equal(n.get, TAYRA_OK);
	assert_int_equal(n.other, TAYRA_OK); /* a handle of its own */
	/* What was started inside runs afterwards. */
	assert_int_equal(n.start, TAYRA_PENDING);
	assert_int_equal(s.calls, 0);
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 1);
	assert_int_equal(s.calls, 1);
	tayra_release(&c[0].ref);
	/* And the same from a loader that drain runs. */
	n.blocking = 0;
	r.key = "another", r.key_len = 7;
	start(&s, &r, NULL);
	assert_int_equal(n.blocking, TAYRA_E_WOULD_DEADLOCK);
	while (tayra_cq_drain(s.cq, c, 1))
		tayra_release(&c[0].ref);
	stage_close(&s);
	stage_close(&second);
}

static void
a_load_nobody_waits_for_is_told_so(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	assert_false(tayra_load_cancelled(s.parked[0]));
	stage_pass_ms(&s, 10);
	got_status(&s, TAYRA_E_TIMEOUT);
	assert_true(tayra_load_cancelled(s.parked[0]));
	/* Somebody new joins it all the same: the backend is not asked twice. */
	start(&s, &r, NULL);
	assert_int_equal(s.calls, 1);
	assert_false(tayra_load_cancelled(s.parked[0]));
	finish(s.parked[0], "v");
	got_value(&s, "v");
	stage_close(&s);
}

static void
a_load_that_gave_up_just_before_it_was_wanted_again_starts_over(void **state)
{
	struct stage s;
	struct tayra_completion c;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	stage_pass_ms(&s, 10);
	got_status(&s, TAYRA_E_TIMEOUT);
	start(&s, &r, NULL);
	tayra_load_fail(s.parked[0], TAYRA_E_CANCELLED, 0);
	assert_int_equal(tayra_cq_drain(s.cq, &c, 1), 0); /* runs the loader again */
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "v");
	got_value(&s, "v");
	/* Without such a reason, CANCELLED is an answer like others. */
	struct tayra_request q = ask(&s, "q", park);

	start(&s, &q, NULL);
	tayra_load_fail(s.parked[2], TAYRA_E_CANCELLED, 0);
	got_status(&s, TAYRA_E_CANCELLED);
	stage_close(&s);
}

static void
a_loader_sees_the_latest_deadline_and_the_class(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.timeout_ns = TAYRA_NS_PER_MS;
	r.cls = TAYRA_HIGH;
	start(&s, &r, NULL);
	assert_int_equal(tayra_load_class(s.parked[0]), TAYRA_HIGH);
	assert_int_equal(tayra_load_deadline_ns(s.parked[0]), STAGE_START_NS + TAYRA_NS_PER_MS);
	r.timeout_ns = 5 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	assert_int_equal(tayra_load_deadline_ns(s.parked[0]), STAGE_START_NS + 5 * TAYRA_NS_PER_MS);
	r.timeout_ns = TAYRA_OFF;
	start(&s, &r, NULL);
	assert_true(tayra_load_deadline_ns(s.parked[0]) == UINT64_MAX);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	stage_close(&s);
}

static void
the_cost_of_a_load_is_what_its_loader_took(void **state)
{
	struct stage s;
	struct tayra_completion c;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	stage_pass_ms(&s, 40);
	finish(s.parked[0], "v");
	c = one(&s);
	assert_int_equal(c.ref.load_cost_ns, 40 * TAYRA_NS_PER_MS);
	assert_int_equal(c.ref.age_ms, 40); /* it may be as old as its loader's call */
	assert_int_equal(stats_of(&s).load_ns, 40 * TAYRA_NS_PER_MS);
	tayra_release(&c.ref);
	stage_close(&s);
}

struct finisher {
	struct stage *s;
	_Atomic bool called;
};

static void *
finish_elsewhere(void *arg)
{
	struct finisher *f = arg;

	atomic_store(&f->called, true);
	finish(f->s->parked[0], "v");
	return NULL;
}

/* Whoever joins while the finishing thread waits for the lock gets a value as old as it then is. */
static void
a_value_ages_while_its_finishing_waits(void **state)
{
	struct stage s;
	struct finisher f = { .s = &s };
	struct tayra_completion c;
	pthread_t thread;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	pthread_mutex_lock(&s.t->lock);
	assert_int_equal(pthread_create(&thread, NULL, finish_elsewhere, &f), 0);
	while (!atomic_load(&f.called))
		sched_yield();
	usleep(20000); /* it has come to the lock, or the test proves less, never wrongly */
	stage_pass_ms(&s, 50);
	pthread_mutex_unlock(&s.t->lock);
	pthread_join(thread, NULL);
	c = one(&s);
	assert_int_equal(c.ref.age_ms, 50);
	tayra_release(&c.ref);
	stage_close(&s);
}

static void
a_result_of_the_wrong_version_or_with_unknown_flags_is_refused(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	s.result.flags = 1;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	s.result.flags = 0;
	s.result.size = 0;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_INVAL);
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(room_from_alloc_is_where_the_value_stays),
	cmocka_unit_test(of_the_room_only_what_done_says_counts),
	cmocka_unit_test(a_value_in_place_of_the_room_is_taken_instead),
	cmocka_unit_test(a_part_of_the_room_may_be_the_value),
	cmocka_unit_test(room_for_an_empty_value_is_not_no_room),
	cmocka_unit_test(done_with_more_than_there_is_room_for_is_refused),
	cmocka_unit_test(a_failed_load_gives_its_room_back),
	cmocka_unit_test(a_value_too_large_for_the_cache_is_delivered_and_not_kept),
	cmocka_unit_test(values_the_cache_does_not_take_are_bounded),
	cmocka_unit_test(finishing_twice_aborts),
	cmocka_unit_test(a_blocking_call_inside_a_loader_is_refused_and_others_are_not),
	cmocka_unit_test(a_load_nobody_waits_for_is_told_so),
	cmocka_unit_test(a_load_that_gave_up_just_before_it_was_wanted_again_starts_over),
	cmocka_unit_test(a_loader_sees_the_latest_deadline_and_the_class),
	cmocka_unit_test(the_cost_of_a_load_is_what_its_loader_took),
	cmocka_unit_test(a_value_ages_while_its_finishing_waits),
	cmocka_unit_test(a_result_of_the_wrong_version_or_with_unknown_flags_is_refused),
};

RUN_TESTS(tests)
