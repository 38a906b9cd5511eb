/* SPDX-License-Identifier: Apache-2.0
 *
 * What is stale is served at once, and loaded anew behind it.
 */
#include "source.h"

static void
open_stale(struct stage *s, const struct tayra_options *options)
{
	stage_open(s, options);
	put_perishable(s, "k", "old");
	stage_pass_ms(s, 2000);
}

static struct tayra_request
ask_at_once(struct stage *s, tayra_load_fn load)
{
	struct tayra_request r = ask(s, "k", load);

	r.stale_ms = 9000;
	r.soft_timeout_ns = TAYRA_AT_ONCE;
	return r;
}

static void
served(struct stage *s, const struct tayra_request *r, const char *value, bool stale)
{
	struct tayra_ref ref;

	assert_int_equal(tayra_get_or_load_start(s->t, r, s->cq, NULL, &ref), TAYRA_OK);
	holds(&ref, value);
	assert_int_equal(ref.stale, stale);
	tayra_release(&ref);
}

static void
whoever_asks_is_served_while_one_load_goes_on(void **state)
{
	struct stage s;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	for (int i = 0; i < 100; i++) {
		served(&s, &r, "old", true);
		stage_pass_ms(&s, 7);
	}
	assert_int_equal(s.calls, 1);
	assert_int_equal(stats_of(&s).at_once, 100);
	assert_int_equal(stats_of(&s).stale_hits, 100);
	assert_int_equal(stats_of(&s).requests, 100);
	finish(s.parked[0], "new");
	got_none(&s);
	served(&s, &r, "new", false);
	stage_close(&s);
}

static void
while_it_is_marked_nobody_looks_for_the_load(void **state)
{
	struct stage s;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	served(&s, &r, "old", true);
	/* The flight is gone and the cache knows nothing of it. */
	tayra_load_fail(s.parked[0], TAYRA_E_CANCELLED, 0);
	served(&s, &r, "old", true);
	assert_int_equal(s.calls, 1);
	stage_pass_ms(&s, 50);
	served(&s, &r, "old", true);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "new");
	stage_close(&s);
}

static void
an_origin_is_asked_in_the_class_of_refreshes(void **state)
{
	struct source source = SOURCE_INIT;
	struct stage s;
	struct tayra_ref ref;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, NULL);

	r.origin = &source.origin;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "old");
	tayra_release(&ref);
	assert_int_equal(source.calls, 1);
	assert_int_equal(source.cls, TAYRA_BACKGROUND);
	finish(source.parked, "new");
	served(&s, &r, "new", false);
	stage_close(&s);
}

static void
it_may_be_the_default_of_a_handle(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct stage s;

	o.soft_timeout_ns = TAYRA_AT_ONCE;
	o.stale_ms = 9000;
	open_stale(&s, &o);
	struct tayra_request r = ask(&s, "k", park);

	served(&s, &r, "old", true);
	/* And a request may know better. */
	r.soft_timeout_ns = TAYRA_OFF;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
who_takes_nothing_stale_waits_for_the_same_load(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	served(&s, &r, "old", true);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	r.stale_ms = TAYRA_OFF;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
with_nothing_stale_it_waits(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	finish(s.parked[0], "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
who_blocks_with_a_loader_nobody_else_can_run_runs_it(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, answer);

	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	assert_false(ref.stale);
	tayra_release(&ref);
	stage_close(&s);
}

static void
a_failure_behind_is_throttled(void **state)
{
	struct stage s;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	served(&s, &r, "old", true);
	tayra_load_fail(s.parked[0], TAYRA_E_ORIGIN, 0);
	stage_pass_ms(&s, 999);
	served(&s, &r, "old", true);
	assert_int_equal(s.calls, 1);
	assert_int_equal(stats_of(&s).throttled, 1);
	stage_pass_ms(&s, 1);
	served(&s, &r, "old", true);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "new");
	stage_close(&s);
}

static void
what_the_limit_does_not_let_in_is_tried_again_later(void **state)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct source source = SOURCE_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct stage s;

	pace.limiter = TAYRA_LIMITER_FIXED;
	pace.limit = 1;
	pace.queue_max = 1;
	assert_int_equal(tayra_pace_create(&pace, &o.pace), TAYRA_OK);
	open_stale(&s, &o);
	struct tayra_request r = ask_at_once(&s, NULL);
	struct tayra_request other = ask(&s, "a", park);

	r.origin = &source.origin;
	start(&s, &other, NULL); /* has the only place */
	other.key = "b";
	start(&s, &other, NULL); /* and the queue */
	served(&s, &r, "old", true);
	assert_int_equal(source.calls, 0);
	finish(s.parked[0], "x");
	got_value(&s, "x");
	finish(s.parked[1], "y");
	got_value(&s, "y");
	stage_pass_ms(&s, 50);
	served(&s, &r, "old", true);
	assert_int_equal(source.calls, 1);
	finish(source.parked, "new");
	served(&s, &r, "new", false);
	stage_close(&s);
	tayra_pace_destroy(o.pace);
}

static void
a_delete_ends_it(void **state)
{
	struct stage s;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	served(&s, &r, "old", true);
	tayra_delete(s.t, "k", 1);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 2);
	finish(s.parked[0], "overtaken");
	finish(s.parked[1], "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
a_mark_does_not_make_a_value_live_longer(void **state)
{
	struct stage s;

	open_stale(&s, NULL);
	struct tayra_request r = ask_at_once(&s, park);

	stage_pass_ms(&s, 7990); /* 10 ms to its end */
	served(&s, &r, "old", true);
	stage_pass_ms(&s, 10);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	finish(s.parked[0], "new");
	got_value(&s, "new");
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(whoever_asks_is_served_while_one_load_goes_on),
	cmocka_unit_test(while_it_is_marked_nobody_looks_for_the_load),
	cmocka_unit_test(an_origin_is_asked_in_the_class_of_refreshes),
	cmocka_unit_test(it_may_be_the_default_of_a_handle),
	cmocka_unit_test(who_takes_nothing_stale_waits_for_the_same_load),
	cmocka_unit_test(with_nothing_stale_it_waits),
	cmocka_unit_test(who_blocks_with_a_loader_nobody_else_can_run_runs_it),
	cmocka_unit_test(a_failure_behind_is_throttled),
	cmocka_unit_test(what_the_limit_does_not_let_in_is_tried_again_later),
	cmocka_unit_test(a_delete_ends_it),
	cmocka_unit_test(a_mark_does_not_make_a_value_live_longer),
};

RUN_TESTS(tests)
