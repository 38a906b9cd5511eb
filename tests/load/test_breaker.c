/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "load/breaker.h"

#define MS TAYRA_NS_PER_MS

static const struct tayra__breaker_rest rest = { 1000 * MS, 4000 * MS };

static void
fails(struct tayra__breaker *b, uint64_t group, unsigned times, uint64_t now_ns)
{
	while (times--)
		tayra__breaker_learn(b, group, TAYRA_OUTCOME_ERROR, rest, now_ns);
}

static uint64_t
asks(struct tayra__breaker *b, uint64_t group, uint64_t now_ns)
{
	bool probing;

	return tayra__breaker_ask(b, group, rest, now_ns, &probing);
}

static void
a_group_rests_after_five_failures_in_a_row_and_no_other_does(void **state)
{
	struct tayra__breaker b = { 0 };

	fails(&b, 1, 4, 0);
	assert_int_equal(asks(&b, 1, 0), 0);
	tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_OK, rest, 0);
	fails(&b, 1, 4, 0);
	tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_OVERLOAD, rest, 0);
	tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_CANCELLED, rest, 0);
	tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_IGNORE, rest, 0);
	assert_int_equal(asks(&b, 1, 0), 0);
	tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_TIMEOUT, rest, 0);
	assert_in_range(asks(&b, 1, 0), 1000 * MS, 1125 * MS);
	assert_int_equal(asks(&b, 2, 0), 0);
}

static void
probes_come_one_at_a_time_and_ever_later_up_to_a_bound(void **state)
{
	static const uint64_t least_ms[] = { 1000, 1500, 2250, 3375, 4000, 4000 };
	struct tayra__breaker b = { 0 };
	uint64_t now_ns = 77 * MS;

	fails(&b, 1, 5, now_ns);
	for (size_t i = 0; i < sizeof(least_ms) / sizeof(*least_ms); i++) {
		uint64_t left_ns = asks(&b, 1, now_ns);

		assert_in_range(left_ns, least_ms[i] * MS, least_ms[i] * MS * 9 / 8 + 10);
		assert_true(asks(&b, 1, now_ns + left_ns - 1) > 0);
		now_ns += left_ns;
		assert_int_equal(asks(&b, 1, now_ns), 0);
		fails(&b, 1, 1, now_ns);
	}
}

static void
one_answer_ends_the_rest(void **state)
{
	struct tayra__breaker b = { 0 };

	fails(&b, 1, 50, 0);
	assert_true(asks(&b, 1, 0) > 0);
	tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_OK, rest, 0);
	assert_int_equal(asks(&b, 1, 0), 0);
	assert_int_equal(b.used, 0);
}

static void
while_a_probe_is_out_it_says_so(void **state)
{
	struct tayra__breaker b = { 0 };
	uint64_t at_ns;
	bool probing;

	fails(&b, 1, 5, 0);
	at_ns = tayra__breaker_ask(&b, 1, rest, 0, &probing);
	assert_false(probing);
	assert_int_equal(tayra__breaker_ask(&b, 1, rest, at_ns, &probing), 0);
	assert_true(tayra__breaker_ask(&b, 1, rest, at_ns, &probing) > 0);
	assert_true(probing);
	fails(&b, 1, 1, at_ns);
	assert_true(tayra__breaker_ask(&b, 1, rest, at_ns, &probing) > 0);
	assert_false(probing);
}

static void
of_more_groups_than_there_are_places_the_latest_are_known(void **state)
{
	struct tayra__breaker b = { 0 };

	for (uint64_t group = 1; group <= 3 * TAYRA__BREAKER_PLACES; group++)
		fails(&b, group, 5, group * MS);
	assert_int_equal(b.used, TAYRA__BREAKER_PLACES);
	assert_int_equal(asks(&b, 1, 200 * MS), 0);
	assert_true(asks(&b, 3 * TAYRA__BREAKER_PLACES, 200 * MS) > 0);
}

static void
times_without_end_do_not_wrap(void **state)
{
	const struct tayra__breaker_rest endless = { UINT64_MAX / 2, UINT64_MAX / 2 };
	struct tayra__breaker b = { 0 };
	bool probing;

	for (int i = 0; i < 5; i++)
		tayra__breaker_learn(&b, 1, TAYRA_OUTCOME_ERROR, endless, UINT64_MAX / 2);
	assert_true(tayra__breaker_ask(&b, 1, endless, UINT64_MAX / 2, &probing) > UINT64_MAX / 4);
}

/* Through a handle. */

static int
ask_once(struct stage *s, const char *key, struct tayra_ref *ref)
{
	struct tayra_request r = ask(s, key, answer);

	return tayra_get_or_load(s->t, &r, ref);
}

static void
break_it(struct stage *s)
{
	static const char *const keys[] = { "page:1", "page:2", "page:3", "page:4", "page:5" };
	struct tayra_ref ref;

	s->status = TAYRA_E_ORIGIN;
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask_once(s, keys[i], &ref), TAYRA_E_ORIGIN);
	assert_int_equal(s->calls, 5);
}

static void
who_takes_nothing_stale_hears_at_once_when_to_come_back(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	break_it(&s);
	assert_int_equal(ask_once(&s, "page:6", &ref), TAYRA_E_ORIGIN);
	assert_int_equal(s.calls, 5);
	assert_in_range(ref.retry_after_ns, 1000 * MS, 1125 * MS);
	assert_int_equal(stats_of(&s).rested, 1);
	assert_int_equal(stats_of(&s).inflight, 0);
	/* Keys that are written otherwise, or loaded by others, are none of it. */
	s.status = 0;
	assert_int_equal(ask_once(&s, "user:6", &ref), TAYRA_OK);
	tayra_release(&ref);
	struct tayra_request r = ask(&s, "page:6", park);

	start(&s, &r, NULL);
	finish(s.parked[6], "x");
	got_value(&s, "x");
	stage_close(&s);
}

static void
a_probe_that_is_answered_lets_everybody_in(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	break_it(&s);
	stage_pass_ms(&s, 1125);
	s.status = 0;
	for (int i = 0; i < 3; i++) {
		const char *const keys[] = { "page:6", "page:7", "page:8" };

		assert_int_equal(ask_once(&s, keys[i], &ref), TAYRA_OK);
		tayra_release(&ref);
	}
	assert_int_equal(stats_of(&s).rested, 0);
	stage_close(&s);
}

static void
there_being_no_such_key_is_an_answer(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	break_it(&s);
	stage_pass_ms(&s, 1125);
	s.status = TAYRA_E_NOT_FOUND;
	assert_int_equal(ask_once(&s, "page:6", &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(ask_once(&s, "page:7", &ref), TAYRA_E_NOT_FOUND);
	stage_close(&s);
}

static void
without_a_throttle_nothing_rests(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct stage s;
	struct tayra_ref ref;

	o.throttle_ms = TAYRA_OFF;
	stage_open(&s, &o);
	break_it(&s);
	assert_int_equal(ask_once(&s, "page:6", &ref), TAYRA_E_ORIGIN);
	assert_int_equal(s.calls, 6);
	stage_close(&s);
}

static void
a_probe_that_changes_class_is_still_the_probe(void **state)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct stage s;

	pace.limiter = TAYRA_LIMITER_FIXED;
	pace.limit = 1;
	assert_int_equal(tayra_pace_create(&pace, &o.pace), TAYRA_OK);
	stage_open(&s, &o);
	break_it(&s);
	s.calls = 0;
	struct tayra_request other = ask(&s, "other", park);
	struct tayra_request r = ask(&s, "page:6", park);

	r.load = answer;
	start(&s, &other, NULL); /* has the only place */
	stage_pass_ms(&s, 1125);
	r.cls = TAYRA_LOW;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING); /* the probe, queued */
	r.cls = TAYRA_HIGH;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	s.status = 0;
	finish(s.parked[0], "x");
	struct tayra_completion c[4];

	assert_int_equal(tayra_cq_drain(s.cq, c, 4), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(c[i].status, TAYRA_OK);
		tayra_release(&c[i].ref);
	}
	stage_close(&s);
	tayra_pace_destroy(o.pace);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_group_rests_after_five_failures_in_a_row_and_no_other_does),
	cmocka_unit_test(probes_come_one_at_a_time_and_ever_later_up_to_a_bound),
	cmocka_unit_test(one_answer_ends_the_rest),
	cmocka_unit_test(while_a_probe_is_out_it_says_so),
	cmocka_unit_test(of_more_groups_than_there_are_places_the_latest_are_known),
	cmocka_unit_test(times_without_end_do_not_wrap),
	cmocka_unit_test(who_takes_nothing_stale_hears_at_once_when_to_come_back),
	cmocka_unit_test(a_probe_that_is_answered_lets_everybody_in),
	cmocka_unit_test(there_being_no_such_key_is_an_answer),
	cmocka_unit_test(without_a_throttle_nothing_rests),
	cmocka_unit_test(a_probe_that_changes_class_is_still_the_probe),
};

RUN_TESTS(tests)
