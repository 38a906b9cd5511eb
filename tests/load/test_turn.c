/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <pthread.h>

#include "base/mem.h"

/* A backend that takes one load at a time. */
static struct tayra_pace *
narrow(uint32_t queue_max)
{
	struct tayra_pace_options o = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	o.limiter = TAYRA_LIMITER_FIXED;
	o.limit = 1;
	o.queue_max = queue_max;
	assert_int_equal(tayra_pace_create(&o, &pace), TAYRA_OK);
	return pace;
}

static void
open_narrow(struct stage *s, uint32_t queue_max, struct tayra_pace **pace)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	*pace = o.pace = narrow(queue_max);
	stage_open(s, &o);
}

static struct tayra_pace_stats
pace_stats(struct tayra_pace *pace)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(pace, &stats);
	return stats;
}

static void
a_queued_load_runs_in_drain_when_its_turn_comes(void **state)
{
	struct stage s;
	struct tayra_pace *pace;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	start(&s, &a, NULL);
	start(&s, &b, NULL);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "A");
	assert_int_equal(s.calls, 1); /* not on the thread that finished the other */
	got_value(&s, "A");
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "B");
	got_value(&s, "B");
	assert_int_equal(pace_stats(pace).inflight, 0);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
a_queued_load_runs_in_tick_as_well(void **state)
{
	struct stage s;
	struct tayra_pace *pace;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", answer);

	start(&s, &a, NULL);
	start(&s, &b, NULL);
	finish(s.parked[0], "A");
	tayra_tick(s.t, 0);
	assert_int_equal(s.calls, 2);
	struct tayra_completion c[2];

	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	for (int i = 0; i < 2; i++)
		tayra_release(&c[i].ref);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
a_shed_request_says_overload_and_when_to_try_again(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	struct tayra_completion c;

	open_narrow(&s, TAYRA_QUEUE_NONE, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	start(&s, &a, NULL);
	assert_int_equal(start(&s, &b, NULL), TAYRA_PENDING);
	c = one(&s);
	assert_int_equal(c.status, TAYRA_E_OVERLOAD);
	assert_true(c.ref.retry_after_ns > 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(stats_of(&s).shed, 1);
	assert_int_equal(stats_of(&s).load_errors, 0);
	finish(s.parked[0], "A");
	got_value(&s, "A");
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
without_memory_to_queue_it_a_request_is_told_so_and_leaves_no_trace(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	int refused = 0;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	start(&s, &a, NULL);
	for (uint64_t n = 1;; n++) {
		int status;

		tayra__mem_fail_after(n);
		status = start(&s, &b, NULL);
		tayra__mem_fail_after(0);
		if (status == TAYRA_PENDING && pace_stats(pace).queued[TAYRA_NORMAL - 1] == 1)
			break;
		if (status == TAYRA_PENDING) {
			got_status(&s, TAYRA_E_NOMEM);
			refused++;
		} else {
			assert_int_equal(status, TAYRA_E_NOMEM);
		}
		got_none(&s);
		assert_int_equal(stats_of(&s).inflight, 1);
	}
	assert_int_equal(refused, 1); /* the ticket */
	assert_int_equal(pace_stats(pace).inflight, 1);
	finish(s.parked[0], "A");
	got_value(&s, "A");
	finish(s.parked[1], "B");
	got_value(&s, "B");
	assert_int_equal(pace_stats(pace).inflight, 0);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
overload_serves_what_is_stale_and_does_not_throttle_the_key(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	struct tayra_completion c;

	open_narrow(&s, TAYRA_QUEUE_NONE, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	put_perishable(&s, "b", "old");
	stage_pass_ms(&s, 2000);
	b.stale_ms = 9000;
	start(&s, &a, NULL);
	start(&s, &b, NULL);
	c = one(&s);
	assert_int_equal(c.status, TAYRA_OK);
	assert_true(c.ref.stale);
	tayra_release(&c.ref);
	finish(s.parked[0], "A");
	got_value(&s, "A");
	start(&s, &b, NULL);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "B");
	got_value(&s, "B");
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
a_queued_load_that_nobody_waits_for_any_more_gives_its_place_up(void **state)
{
	struct stage s;
	struct tayra_pace *pace;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	b.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &a, NULL);
	start(&s, &b, NULL);
	assert_int_equal(pace_stats(pace).queued[TAYRA_NORMAL - 1], 1);
	stage_pass_ms(&s, 10);
	tayra_tick(s.t, 0);
	got_status(&s, TAYRA_E_TIMEOUT);
	assert_int_equal(pace_stats(pace).queued[TAYRA_NORMAL - 1], 0);
	assert_int_equal(stats_of(&s).inflight, 1);
	finish(s.parked[0], "A");
	got_value(&s, "A");
	assert_int_equal(s.calls, 1);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
a_load_let_in_for_nobody_leaves_again(void **state)
{
	struct stage s;
	struct tayra_pace *pace;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	b.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &a, NULL);
	start(&s, &b, NULL);
	finish(s.parked[0], "A"); /* b is ready now, and nobody has run it */
	stage_pass_ms(&s, 10);
	struct tayra_completion c[2];

	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	assert_int_equal(c[0].status, TAYRA_OK);
	assert_int_equal(c[1].status, TAYRA_E_TIMEOUT);
	tayra_release(&c[0].ref);
	assert_int_equal(s.calls, 1);
	assert_int_equal(pace_stats(pace).inflight, 0);
	assert_int_equal(pace_stats(pace).outcomes[TAYRA_OUTCOME_CANCELLED], 1);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
who_joins_a_queued_load_with_more_time_keeps_it_alive(void **state)
{
	struct stage s;
	struct tayra_pace *pace;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);

	start(&s, &a, NULL);
	b.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &b, NULL);
	b.timeout_ns = 1000 * TAYRA_NS_PER_MS;
	start(&s, &b, NULL);
	stage_pass_ms(&s, 20);
	tayra_tick(s.t, 0); /* the first times out; pace may find its ticket's time is over */
	tayra_pace_tick(pace, stage_now_ns(&s));
	got_status(&s, TAYRA_E_TIMEOUT);
	finish(s.parked[0], "A");
	got_value(&s, "A");
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "B");
	got_value(&s, "B");
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
who_joins_a_queued_load_in_a_higher_class_takes_it_there(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	struct tayra_completion c[4];

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park), n = b;

	start(&s, &a, NULL);
	n.key = "n";
	start(&s, &n, NULL);
	b.cls = TAYRA_BACKGROUND;
	start(&s, &b, NULL);
	assert_int_equal(pace_stats(pace).queued[TAYRA_BACKGROUND - 1], 1);
	b.cls = TAYRA_CRITICAL;
	start(&s, &b, NULL);
	assert_int_equal(pace_stats(pace).queued[TAYRA_BACKGROUND - 1], 0);
	assert_int_equal(pace_stats(pace).queued[TAYRA_CRITICAL - 1], 1);
	finish(s.parked[0], "A");
	got_value(&s, "A"); /* and runs the next */
	assert_int_equal(tayra_load_class(s.parked[1]), TAYRA_CRITICAL);
	finish(s.parked[1], "B");
	assert_int_equal(tayra_cq_drain(s.cq, c, 4), 2);
	for (int i = 0; i < 2; i++)
		tayra_release(&c[i].ref);
	finish(s.parked[2], "N");
	got_value(&s, "N");
	assert_int_equal(pace_stats(pace).inflight, 0);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

/* A load waits for the slot that the ticket holds, and nobody for it: who asked was served stale.
 */
static void
open_with_queued_for_later(struct stage *s, struct tayra_pace **pace, struct tayra_ticket *slot)
{
	const struct tayra_pace_request enter = { .deadline_ns = 0 };
	struct tayra_completion c;

	open_narrow(s, 0, pace);
	put_perishable(s, "k", "old");
	stage_pass_ms(s, 2000);
	struct tayra_request r = ask(s, "k", park);

	r.stale_ms = 9000;
	r.soft_timeout_ns = TAYRA_NS_PER_MS;
	assert_int_equal(tayra_pace_try_enter(*pace, &enter, stage_now_ns(s), slot), TAYRA_OK);
	start(s, &r, NULL);
	stage_pass_ms(s, 1);
	c = one(s);
	assert_true(c.ref.stale);
	tayra_release(&c.ref);
}

static void
a_queued_load_goes_on_when_all_who_waited_were_served_stale(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	struct tayra_ticket slot = { 0 };
	struct tayra_ref ref;

	open_with_queued_for_later(&s, &pace, &slot);
	tayra_pace_leave(pace, &slot, TAYRA_OUTCOME_OK, stage_now_ns(&s));
	got_none(&s);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "new");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	holds(&ref, "new");
	tayra_release(&ref);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
destroy_does_not_wait_for_a_queued_load_that_nobody_waits_for(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	struct tayra_ticket slot = { 0 };

	open_with_queued_for_later(&s, &pace, &slot);
	tayra_destroy(s.t);
	tayra_cq_destroy(s.cq);
	tayra_pace_leave(pace, &slot, TAYRA_OUTCOME_OK, stage_now_ns(&s));
	assert_int_equal(s.calls, 0);
	tayra_pace_destroy(pace);
}

static void
pace_hears_how_each_load_ended(void **state)
{
	static const struct {
		int status;
		enum tayra_outcome outcome;
	} ends[] = {
		{ TAYRA_OK, TAYRA_OUTCOME_OK },
		{ TAYRA_E_NOT_FOUND, TAYRA_OUTCOME_OK },
		{ TAYRA_E_TIMEOUT, TAYRA_OUTCOME_TIMEOUT },
		{ TAYRA_E_OVERLOAD, TAYRA_OUTCOME_OVERLOAD },
		{ TAYRA_E_ORIGIN, TAYRA_OUTCOME_ERROR },
		{ TAYRA_E_CANCELLED, TAYRA_OUTCOME_CANCELLED },
		{ TAYRA_E_FULL, TAYRA_OUTCOME_IGNORE },
		{ TAYRA_E_TOO_LARGE, TAYRA_OUTCOME_IGNORE },
		{ TAYRA_E_NOMEM, TAYRA_OUTCOME_IGNORE },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct stage s;
		struct tayra_pace *pace;
		struct tayra_ref ref;
		uint64_t before;

		open_narrow(&s, 0, &pace);
		struct tayra_request r = ask(&s, "k", answer);

		s.status = ends[i].status;
		before = pace_stats(pace).outcomes[ends[i].outcome];
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), ends[i].status);
		tayra_release(&ref);
		assert_int_equal(pace_stats(pace).outcomes[ends[i].outcome], before + 1);
		stage_close(&s);
		tayra_pace_destroy(pace);
	}
}

struct blocked {
	struct stage *s;
	const char *key;
	int status;
	pthread_t loader_thread, self;
};

static void
note_thread(struct tayra_load *load, void *arg)
{
	struct blocked *b = arg;

	b->loader_thread = pthread_self();
	finish(load, "mine");
}

static void *
block(void *arg)
{
	struct blocked *b = arg;
	struct tayra_request r = ask(b->s, b->key, note_thread);
	struct tayra_ref ref;

	b->self = pthread_self();
	r.load_arg = b;
	b->status = tayra_get_or_load(b->s->t, &r, &ref);
	tayra_release(&ref);
	return NULL;
}

static void
a_blocked_caller_runs_its_own_loader_when_its_turn_comes(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	pthread_t thread;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park);
	struct blocked b = { .s = &s, .key = "b" };

	start(&s, &a, NULL);
	assert_int_equal(pthread_create(&thread, NULL, block, &b), 0);
	while (pace_stats(pace).queued[TAYRA_NORMAL - 1] == 0)
		sched_yield();
	finish(s.parked[0], "A");
	pthread_join(thread, NULL);
	assert_int_equal(b.status, TAYRA_OK);
	assert_true(pthread_equal(b.loader_thread, b.self));
	got_value(&s, "A");
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void *
block_critically(void *arg)
{
	struct blocked *b = arg;
	struct tayra_request r = ask(b->s, b->key, park);
	struct tayra_ref ref;

	r.cls = TAYRA_CRITICAL;
	b->status = tayra_get_or_load(b->s->t, &r, &ref);
	tayra_release(&ref);
	return NULL;
}

static void
a_blocked_caller_raises_the_class_before_it_sleeps(void **state)
{
	struct stage s;
	struct tayra_pace *pace;
	struct tayra_completion c[2];
	pthread_t thread;

	open_narrow(&s, 0, &pace);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", note_thread);
	struct blocked blocked = { .s = &s, .key = "b" };

	b.load_arg = &blocked;
	b.cls = TAYRA_BACKGROUND;
	start(&s, &a, NULL);
	start(&s, &b, NULL);
	assert_int_equal(pthread_create(&thread, NULL, block_critically, &blocked), 0);
	while (pace_stats(pace).queued[TAYRA_CRITICAL - 1] == 0)
		sched_yield();
	finish(s.parked[0], "A");
	pthread_join(thread, NULL);
	assert_int_equal(blocked.status, TAYRA_OK);
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	for (int i = 0; i < 2; i++)
		tayra_release(&c[i].ref);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_queued_load_runs_in_drain_when_its_turn_comes),
	cmocka_unit_test(a_queued_load_runs_in_tick_as_well),
	cmocka_unit_test(a_shed_request_says_overload_and_when_to_try_again),
	cmocka_unit_test(without_memory_to_queue_it_a_request_is_told_so_and_leaves_no_trace),
	cmocka_unit_test(overload_serves_what_is_stale_and_does_not_throttle_the_key),
	cmocka_unit_test(a_queued_load_that_nobody_waits_for_any_more_gives_its_place_up),
	cmocka_unit_test(a_load_let_in_for_nobody_leaves_again),
	cmocka_unit_test(who_joins_a_queued_load_with_more_time_keeps_it_alive),
	cmocka_unit_test(who_joins_a_queued_load_in_a_higher_class_takes_it_there),
	cmocka_unit_test(a_queued_load_goes_on_when_all_who_waited_were_served_stale),
	cmocka_unit_test(destroy_does_not_wait_for_a_queued_load_that_nobody_waits_for),
	cmocka_unit_test(pace_hears_how_each_load_ended),
	cmocka_unit_test(a_blocked_caller_raises_the_class_before_it_sleeps),
	cmocka_unit_test(a_blocked_caller_runs_its_own_loader_when_its_turn_comes),
};

RUN_TESTS(tests)
