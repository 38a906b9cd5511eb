/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <poll.h>

static bool
fd_readable(struct tayra_cq *cq)
{
	struct pollfd p = { .fd = tayra_cq_fd(cq), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static bool
readable(struct stage *s)
{
	return fd_readable(s->cq);
}

static void
the_fd_is_readable_while_there_is_something_to_take(void **state)
{
	struct stage s;
	struct tayra_completion c;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	start(&s, &r, NULL);
	assert_false(readable(&s));
	finish(s.parked[0], "v");
	assert_true(readable(&s));
	assert_int_equal(tayra_cq_drain(s.cq, &c, 1), 1);
	tayra_release(&c.ref);
	assert_true(readable(&s));
	assert_int_equal(tayra_cq_drain(s.cq, &c, 1), 1);
	tayra_release(&c.ref);
	assert_false(readable(&s));
	stage_close(&s);
}

/* A stage whose backend takes `limit` loads at a time; the caller destroys the pace. */
static struct tayra_pace *
open_limited(struct stage *s, double limit)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;

	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = limit;
	assert_int_equal(tayra_pace_create(&po, &o.pace), TAYRA_OK);
	stage_open(s, &o);
	return o.pace;
}

static void
the_fd_is_readable_when_a_loader_can_run(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_limited(&s, 1);
	struct tayra_cq *other;
	struct tayra_completion c;

	assert_int_equal(tayra_cq_create(s.t, &other), TAYRA_OK);
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", park);
	struct tayra_ref ref;

	assert_int_equal(tayra_get_or_load_start(s.t, &a, other, NULL, &ref), TAYRA_PENDING);
	start(&s, &b, NULL);
	assert_false(readable(&s));
	finish(s.parked[0], "A");
	assert_true(readable(&s));
	got_none(&s);
	assert_int_equal(s.calls, 2);
	assert_false(readable(&s));
	finish(s.parked[1], "B");
	got_value(&s, "B");
	assert_int_equal(tayra_cq_drain(other, &c, 1), 1);
	tayra_release(&c.ref);
	tayra_cq_destroy(other);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
the_queue_of_one_who_still_waits_hears_that_a_loader_can_run(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_limited(&s, 1);
	struct tayra_cq *other;
	struct tayra_completion c;
	struct tayra_request a = ask(&s, "a", park), b = ask(&s, "b", answer);
	struct tayra_ref ref;

	assert_int_equal(tayra_cq_create(s.t, &other), TAYRA_OK);
	start(&s, &a, NULL);
	b.timeout_ns = TAYRA_NS_PER_MS;
	start(&s, &b, NULL);
	b.timeout_ns = TAYRA_NS_PER_S;
	assert_int_equal(tayra_get_or_load_start(s.t, &b, other, NULL, &ref), TAYRA_PENDING);
	stage_pass_ms(&s, 1);
	got_status(&s, TAYRA_E_TIMEOUT); /* who came first has left */
	finish(s.parked[0], "A");
	assert_true(fd_readable(other));
	assert_int_equal(tayra_cq_drain(other, &c, 1), 1);
	assert_int_equal(c.status, TAYRA_OK);
	tayra_release(&c.ref);
	got_value(&s, "A");
	tayra_cq_destroy(other);
	stage_close(&s);
	tayra_pace_destroy(pace);
}

/* Queues another load behind itself, makes room for it, and takes its own completion. */
static void
drain_inside(struct tayra_load *load, void *arg)
{
	struct stage *s = arg;
	struct tayra_request behind = ask(s, "behind", answer);

	assert_int_equal(start(s, &behind, NULL), TAYRA_PENDING);
	finish(load, "inside");
	got_value(s, "inside");
}

static void
a_drain_inside_a_loader_leaves_the_fd_readable_for_what_it_cannot_run(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_limited(&s, 1);
	struct tayra_request r = ask(&s, "k", drain_inside);

	start(&s, &r, NULL);
	assert_int_equal(s.calls, 0);
	assert_true(readable(&s));
	got_value(&s, "value");
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
completions_keep_their_cookies_and_come_in_order(void **state)
{
	struct stage s;
	struct tayra_completion c[3];
	int cookies[3];

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "a", park), q = ask(&s, "b", park);

	start(&s, &r, &cookies[0]);
	start(&s, &q, &cookies[1]);
	start(&s, &r, &cookies[2]);
	finish(s.parked[0], "A");
	finish(s.parked[1], "B");
	assert_int_equal(tayra_cq_drain(s.cq, c, 3), 3);
	assert_ptr_equal(c[0].cookie, &cookies[0]);
	assert_ptr_equal(c[1].cookie, &cookies[2]);
	assert_ptr_equal(c[2].cookie, &cookies[1]);
	for (int i = 0; i < 3; i++)
		tayra_release(&c[i].ref);
	stage_close(&s);
}

static void
a_hit_is_answered_at_once_and_no_completion_comes(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	put_perishable(&s, "k", "v");
	struct tayra_request r = ask(&s, "k", park);

	assert_int_equal(tayra_get_or_load_start(s.t, &r, s.cq, NULL, &ref), TAYRA_OK);
	holds(&ref, "v");
	tayra_release(&ref);
	got_none(&s);
	stage_close(&s);
}

static void
the_key_and_the_request_are_copied(void **state)
{
	struct stage s;
	char key[] = "key";
	size_t len;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, key, park);

	start(&s, &r, NULL);
	memset(key, 'x', 3);
	memset(&r, 0xff, sizeof(r));
	assert_memory_equal(tayra_load_key(s.parked[0], &len), "key", 3);
	assert_int_equal(len, 3);
	finish(s.parked[0], "v");
	got_value(&s, "v");
	stage_close(&s);
}

static void
a_loader_that_answers_at_once_still_sends_exactly_one_completion(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	got_value(&s, "value");
	got_none(&s);
	stage_close(&s);
}

static void
a_deadline_ends_the_waiting_but_not_the_load(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park), patient = r;

	r.timeout_ns = 10 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	start(&s, &patient, NULL);
	stage_pass_ms(&s, 10);
	got_status(&s, TAYRA_E_TIMEOUT);
	assert_false(tayra_load_cancelled(s.parked[0]));
	finish(s.parked[0], "v");
	got_value(&s, "v");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(stats_of(&s).timeouts, 1);
	stage_close(&s);
}

static void
an_absolute_deadline_counts_when_it_is_the_earlier(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	r.deadline_ns = STAGE_START_NS + 5 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	assert_int_equal(tayra_load_deadline_ns(s.parked[0]), r.deadline_ns);
	stage_pass_ms(&s, 5);
	got_status(&s, TAYRA_E_TIMEOUT);
	/* One that is over on arrival asks nobody. */
	struct tayra_request late = ask(&s, "late", park);

	late.deadline_ns = STAGE_START_NS;
	assert_int_equal(tayra_get_or_load_start(s.t, &late, s.cq, NULL, &ref), TAYRA_E_TIMEOUT);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "v");
	stage_close(&s);
}

static void
wait_returns_after_its_timeout_with_nothing(void **state)
{
	struct stage s;
	struct tayra_completion c;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	assert_int_equal(tayra_cq_wait(s.cq, &c, 1, 2 * TAYRA_NS_PER_MS), 0);
	finish(s.parked[0], "v");
	assert_int_equal(tayra_cq_wait(s.cq, &c, 1, TAYRA_NS_PER_S), 1);
	tayra_release(&c.ref);
	stage_close(&s);
}

static void
wait_keeps_the_deadlines_of_the_real_clock_by_itself(void **state)
{
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_completion c;

	o.clock = tayra_clock_real();
	stage_open(&s, &o);
	struct tayra_request r = ask(&s, "k", park);

	r.timeout_ns = 5 * TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	assert_int_equal(tayra_cq_wait(s.cq, &c, 1, 10 * TAYRA_NS_PER_S), 1);
	assert_int_equal(c.status, TAYRA_E_TIMEOUT);
	finish(s.parked[0], "v");
	stage_close(&s);
}

static void
a_queue_gives_out_what_it_holds_after_the_handle_is_gone(void **state)
{
	struct stage s;
	struct tayra_completion c[3];

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	start(&s, &r, NULL);
	tayra_destroy(s.t);
	assert_int_equal(tayra_cq_wait(s.cq, c, 3, TAYRA_NS_PER_S), 1);
	assert_int_equal(c[0].status, TAYRA_OK);
	holds(&c[0].ref, "value");
	tayra_release(&c[0].ref);
	assert_int_equal(tayra_cq_wait(s.cq, c, 3, TAYRA_NS_PER_S), 0);
	tayra_cq_destroy(s.cq);
}

static void
completions_nobody_took_go_with_the_queue(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	start(&s, &r, NULL);
	tayra_cq_destroy(s.cq);
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	tayra_destroy(s.t);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_fd_is_readable_while_there_is_something_to_take),
	cmocka_unit_test(the_fd_is_readable_when_a_loader_can_run),
	cmocka_unit_test(the_queue_of_one_who_still_waits_hears_that_a_loader_can_run),
	cmocka_unit_test(a_drain_inside_a_loader_leaves_the_fd_readable_for_what_it_cannot_run),
	cmocka_unit_test(completions_keep_their_cookies_and_come_in_order),
	cmocka_unit_test(a_hit_is_answered_at_once_and_no_completion_comes),
	cmocka_unit_test(the_key_and_the_request_are_copied),
	cmocka_unit_test(a_loader_that_answers_at_once_still_sends_exactly_one_completion),
	cmocka_unit_test(a_deadline_ends_the_waiting_but_not_the_load),
	cmocka_unit_test(an_absolute_deadline_counts_when_it_is_the_earlier),
	cmocka_unit_test(wait_returns_after_its_timeout_with_nothing),
	cmocka_unit_test(wait_keeps_the_deadlines_of_the_real_clock_by_itself),
	cmocka_unit_test(a_queue_gives_out_what_it_holds_after_the_handle_is_gone),
	cmocka_unit_test(completions_nobody_took_go_with_the_queue),
};

RUN_TESTS(tests)
