/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/window.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/mem.h"

static int
setup(void **state)
{
	*state = tayra__mem_aligned(_Alignof(struct tayra__window), sizeof(struct tayra__window));
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	tayra__mem_free(*state);
	return 0;
}

static struct tayra__limit_window
closed(struct tayra__window *window)
{
	struct tayra__limit_window out = { 0 };

	tayra__window_close(window, 0, &out);
	return out;
}

static void
errors_are_timeouts_overloads_and_errors(void **state)
{
	struct tayra__window *window = *state;
	struct tayra__limit_window out;

	for (int o = 0; o < TAYRA_OUTCOMES; o++)
		tayra__window_answer(window, (enum tayra_outcome)o, 1000000, 0);
	out = closed(window);
	assert_int_equal(out.answers, 4); /* neither IGNORE nor CANCELLED */
	assert_int_equal(out.errors, 3);
}

static void
a_window_holds_only_what_came_since_the_last(void **state)
{
	struct tayra__window *window = *state;
	struct tayra__limit_window out;

	tayra__window_answer(window, TAYRA_OUTCOME_OK, 50000000, 0);
	closed(window);
	tayra__window_answer(window, TAYRA_OUTCOME_OK, 1000000, 0);
	out = closed(window);
	assert_int_equal(out.answers, 1);
	assert_in_range(out.p90_ns, 960000, 1040000);
	out = closed(window);
	assert_int_equal(out.answers, 0);
	assert_int_equal(out.p90_ns, 0);
}

static void
p90_is_within_a_bin_at_every_scale(void **state)
{
	struct tayra__window *window = *state;

	for (uint64_t scale = 100; scale <= 1000000000; scale *= 10) {
		struct tayra__limit_window out;

		for (uint64_t i = 1; i <= 100; i++)
			tayra__window_answer(window, TAYRA_OUTCOME_OK, i * scale, 0);
		out = closed(window);
		assert_in_range(out.p90_ns, 90 * scale * 968 / 1000, 90 * scale * 1032 / 1000);
	}
}

static void
latencies_out_of_range_fall_into_the_outer_bins(void **state)
{
	struct tayra__window *window = *state;

	tayra__window_answer(window, TAYRA_OUTCOME_OK, 0, 0);
	assert_in_range(closed(window).p90_ns, 1, 1024);
	tayra__window_answer(window, TAYRA_OUTCOME_OK, UINT64_MAX, 0);
	assert_in_range(closed(window).p90_ns, 137000000000, UINT64_MAX);
}

static void
errors_give_no_latency(void **state)
{
	struct tayra__window *window = *state;

	tayra__window_answer(window, TAYRA_OUTCOME_TIMEOUT, 1000000, 0);
	tayra__window_answer(window, TAYRA_OUTCOME_ERROR, 1000000, 0);
	assert_int_equal(closed(window).p90_ns, 0);
}

static void
quiet_answers_are_summed_but_teach_nothing(void **state)
{
	struct tayra__window *window = *state;
	uint64_t admitted[TAYRA_CLASSES], outcomes[TAYRA_OUTCOMES];

	tayra__window_admit(window, TAYRA_LOW);
	tayra__window_quiet(window, TAYRA_OUTCOME_ERROR);
	tayra__window_answer(window, TAYRA_OUTCOME_ERROR, 0, 0);
	assert_int_equal(closed(window).answers, 1);
	tayra__window_sums(window, admitted, outcomes);
	assert_int_equal(outcomes[TAYRA_OUTCOME_ERROR], 2);
	assert_int_equal(admitted[TAYRA_LOW - 1], 1);
	assert_int_equal(admitted[TAYRA_NORMAL - 1], 0);
}

static void
own_answers_began_and_ended_under_the_limit_of_now(void **state)
{
	struct tayra__window *window = *state;
	struct tayra__limit_window out;

	for (int i = 0; i < 3; i++)
		tayra__window_answer(window, TAYRA_OUTCOME_OK, 1000000, 0);
	out = closed(window);
	assert_int_equal(out.own, 3);
	assert_int_equal(out.old, 0);
	tayra__window_turn(window, 5);
	tayra__window_answer(window, TAYRA_OUTCOME_OK, 90000000, 0);
	tayra__window_answer(window, TAYRA_OUTCOME_ERROR, 90000000, 0);
	tayra__window_answer(window, TAYRA_OUTCOME_OK, 2000000, 1);
	out = closed(window);
	assert_int_equal(out.answers, 3);
	assert_int_equal(out.own, 1);
	assert_int_equal(out.old, 3); /* of the five held, two have left */
	assert_in_range(out.own_mean_ns, 1940000, 2060000);
	assert_true(out.ok_ns > 0 && out.ok_ns2 >= out.ok_ns * out.ok_ns / out.answers);
	assert_in_range(out.own_p50_ns, 1940000, 2060000);
	assert_true(out.p90_ns > 80000000);
}

static void
who_was_cancelled_can_raise_the_p90_and_never_lower_it(void **state)
{
	struct tayra__window *window = *state;

	for (int i = 0; i < 10; i++) {
		tayra__window_answer(window, TAYRA_OUTCOME_OK, 10000000, 0);
		tayra__window_answer(window, TAYRA_OUTCOME_CANCELLED, 1000000, 0);
	}
	assert_in_range(closed(window).p90_ns, 9600000, 10400000);
	for (int i = 0; i < 10; i++) {
		tayra__window_answer(window, TAYRA_OUTCOME_OK, 10000000, 0);
		tayra__window_answer(window, TAYRA_OUTCOME_CANCELLED, 100000000, 0);
	}
	assert_in_range(closed(window).p90_ns, 96000000, 104000000);
	for (int i = 0; i < 10; i++)
		tayra__window_answer(window, TAYRA_OUTCOME_CANCELLED, 100000000, 0);
	assert_int_equal(closed(window).p90_ns, 0); /* nobody was answered */
}

static void
mean_inflight_counts_the_time_of_all(void **state)
{
	struct tayra__window *window = *state;
	struct tayra__limit_window out = { 0 };

	tayra__window_close(window, 1000000000, &out);
	for (int i = 0; i < 50; i++)
		tayra__window_answer(window, TAYRA_OUTCOME_OK, 20000000, 0);
	tayra__window_answer(window, TAYRA_OUTCOME_TIMEOUT, 1000000000, 0);
	tayra__window_answer(window, TAYRA_OUTCOME_IGNORE, 1000000000, 0);
	tayra__window_inflight(window, 7);
	tayra__window_inflight(window, 4);
	tayra__window_close(window, 2000000000, &out);
	assert_true(out.inflight > 2.95 && out.inflight < 3.05);
	assert_int_equal(out.inflight_max, 7);
	assert_int_equal(out.length_ns, 1000000000);
	tayra__window_close(window, 3000000000, &out);
	assert_int_equal(out.inflight_max, 0);
	assert_true(out.inflight == 0);
}

#define ANSWERS 6000u

struct pair {
	struct tayra__window *window;
	_Atomic uint32_t added, seen;
};

/* One after the other, so that of none a later one says that there is something. */
static void *
answer_one_by_one(void *arg)
{
	struct pair *pair = arg;

	for (uint32_t i = 1; i <= ANSWERS; i++) {
		tayra__window_answer(pair->window,
				     i & 1 ? TAYRA_OUTCOME_OK : TAYRA_OUTCOME_OVERLOAD, 1000000,
				     i >> 1 & 1);
		atomic_store(&pair->added, i);
		while (atomic_load(&pair->seen) < i)
			sched_yield();
	}
	return NULL;
}

static void
no_answer_is_lost_or_counted_twice_while_windows_are_closed(void **state)
{
	uint64_t admitted[TAYRA_CLASSES], outcomes[TAYRA_OUTCOMES];
	struct pair pair = { .window = *state };
	bool lost = false;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, answer_one_by_one, &pair), 0);
	for (uint32_t seen = 0, added = 0; added < ANSWERS;) {
		added = atomic_load(&pair.added);
		seen += closed(pair.window).answers;
		lost |= seen < added || seen > atomic_load(&pair.added) + 1;
		atomic_store(&pair.seen, seen > added ? seen : added);
	}
	pthread_join(thread, NULL);
	assert_false(lost);
	tayra__window_sums(pair.window, admitted, outcomes);
	assert_int_equal(outcomes[TAYRA_OUTCOME_OK], ANSWERS / 2);
	assert_int_equal(outcomes[TAYRA_OUTCOME_OVERLOAD], ANSWERS / 2);
}

static void
only_timeouts_and_overloads_are_drops(void **state)
{
	struct tayra__window *window = *state;

	for (int o = 0; o < TAYRA_OUTCOMES; o++)
		tayra__window_answer(window, (enum tayra_outcome)o, 1000000, 0);
	assert_int_equal(closed(window).drops, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errors_are_timeouts_overloads_and_errors, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_window_holds_only_what_came_since_the_last, setup,
						teardown),
		cmocka_unit_test_setup_teardown(p90_is_within_a_bin_at_every_scale, setup,
						teardown),
		cmocka_unit_test_setup_teardown(latencies_out_of_range_fall_into_the_outer_bins,
						setup, teardown),
		cmocka_unit_test_setup_teardown(errors_give_no_latency, setup, teardown),
		cmocka_unit_test_setup_teardown(quiet_answers_are_summed_but_teach_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(own_answers_began_and_ended_under_the_limit_of_now,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_was_cancelled_can_raise_the_p90_and_never_lower_it, setup, teardown),
		cmocka_unit_test_setup_teardown(mean_inflight_counts_the_time_of_all, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			no_answer_is_lost_or_counted_twice_while_windows_are_closed, setup,
			teardown),
		cmocka_unit_test_setup_teardown(only_timeouts_and_overloads_are_drops, setup,
						teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
