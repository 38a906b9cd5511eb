/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

static int
retries(struct tayra_pace *pace)
{
	int n = 0;

	while (n < 100 && tayra_pace_may_retry(pace))
		n++;
	return n;
}

static void
a_retry_costs_what_ten_successes_earn(void **state)
{
	struct tayra_pace *pace = fixed(8, 10);

	assert_int_equal(retries(pace), 10);
	answers(pace, 100, TAYRA_OUTCOME_ERROR, MS, 0);
	assert_int_equal(retries(pace), 0);
	answers(pace, 41, TAYRA_OUTCOME_OK, MS, 0);
	assert_int_equal(retries(pace), 4);
	answers(pace, 1000, TAYRA_OUTCOME_OK, MS, 0);
	assert_int_equal(retries(pace), 10); /* no more are saved up */
	tayra_pace_destroy(pace);
}

static void
a_retry_is_one_class_lower(void **state)
{
	assert_int_equal(tayra_class_below(TAYRA_CRITICAL), TAYRA_HIGH);
	assert_int_equal(tayra_class_below((enum tayra_class)0), TAYRA_LOW);
	assert_int_equal(tayra_class_below(TAYRA_LOW), TAYRA_BACKGROUND);
	assert_int_equal(tayra_class_below(TAYRA_BACKGROUND), TAYRA_BACKGROUND);
}

static void
only_a_slow_request_is_hedged(void **state)
{
	struct tayra_pace *pace = fixed(8, 10);

	assert_false(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 1000 * MS, 0)); /* nothing is known */
	answers(pace, 100, TAYRA_OUTCOME_OK, 10 * MS, 0);
	assert_false(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 9 * MS, 10 * MS));
	assert_true(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 20 * MS, 10 * MS));
	tayra_pace_destroy(pace);
}

/* Latencies spread evenly over 1 to 100 ms, and in another class one that never varies. */
static void
the_delay_is_the_95th_percentile_of_the_class(void **state)
{
	struct tayra_pace_request low = { .cls = TAYRA_LOW };
	struct tayra_pace *pace = fixed(8, 10);
	struct tayra_ticket ticket = { 0 };

	assert_int_equal(tayra_pace_hedge_after(pace, TAYRA_NORMAL, 0), 0);
	for (uint64_t i = 0; i < 4000; i++) {
		answers(pace, 1, TAYRA_OUTCOME_OK, (i * 7919 % 100 + 1) * MS, 0);
		assert_int_equal(tayra_pace_try_enter(pace, &low, 0, &ticket), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, 500 * MS);
	}
	assert_in_range(tayra_pace_hedge_after(pace, TAYRA_NORMAL, MS), 88 * MS, 102 * MS);
	assert_in_range(tayra_pace_hedge_after(pace, (enum tayra_class)0, MS), 88 * MS, 102 * MS);
	assert_in_range(tayra_pace_hedge_after(pace, TAYRA_LOW, MS), 480 * MS, 540 * MS);
	assert_in_range(stats_of(pace).service_p95_ns[TAYRA_LOW - 1], 480 * MS, 540 * MS);
	assert_int_equal(tayra_pace_hedge_after(pace, TAYRA_HIGH, MS), 0);
	assert_int_equal(tayra_pace_hedge_after(pace, (enum tayra_class)9, MS), 0);
	assert_false(tayra_pace_may_hedge(pace, TAYRA_LOW, 200 * MS, MS));
	assert_true(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 200 * MS, MS));
	/* What nobody has confirmed for a second is not believed. */
	assert_int_equal(tayra_pace_hedge_after(pace, TAYRA_NORMAL, 2000 * MS), 0);
	tayra_pace_destroy(pace);
}

static void
the_delay_can_be_told_and_given_back(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;

	options.hedge_after_ns = 3 * MS;
	pace = pace_of(&options);
	assert_int_equal(tayra_pace_hedge_after(pace, TAYRA_NORMAL, 0), 3 * MS);
	assert_false(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 2 * MS, 0));
	assert_true(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 3 * MS, 0));
	assert_int_equal(tayra_pace_set(pace, "hedge_after", "auto", 0, NULL, 0), TAYRA_OK);
	assert_int_equal(tayra_pace_hedge_after(pace, TAYRA_NORMAL, 0), 0);
	tayra_pace_destroy(pace);
}

static void
there_is_a_hedge_only_while_there_is_room(void **state)
{
	struct tayra_pace *pace = fixed(4, 10);
	struct tayra_ticket tickets[3] = { 0 };

	answers(pace, 100, TAYRA_OUTCOME_OK, 10 * MS, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try_enter(pace, &tickets[i], 0, 10 * MS), TAYRA_OK);
	assert_false(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 20 * MS, 10 * MS)); /* 3 of 4 */
	tayra_pace_leave(pace, &tickets[0], TAYRA_OUTCOME_OK, 20 * MS);
	assert_true(tayra_pace_may_hedge(pace, TAYRA_NORMAL, 20 * MS, 20 * MS));
	tayra_pace_leave(pace, &tickets[1], TAYRA_OUTCOME_OK, 20 * MS);
	tayra_pace_leave(pace, &tickets[2], TAYRA_OUTCOME_OK, 20 * MS);
	tayra_pace_destroy(pace);
}

static void
one_request_in_twenty_is_hedged_at_most(void **state)
{
	struct tayra_pace *pace = fixed(8, 10);
	int hedged = 0;

	for (int i = 0; i < 1000; i++) {
		answers(pace, 1, TAYRA_OUTCOME_OK, 10 * MS, 0);
		hedged += tayra_pace_may_hedge(pace, TAYRA_NORMAL, 50 * MS, 10 * MS);
	}
	assert_in_range(hedged, 55, 61); /* and the ten it began with */
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_retry_costs_what_ten_successes_earn),
		cmocka_unit_test(a_retry_is_one_class_lower),
		cmocka_unit_test(only_a_slow_request_is_hedged),
		cmocka_unit_test(the_delay_is_the_95th_percentile_of_the_class),
		cmocka_unit_test(the_delay_can_be_told_and_given_back),
		cmocka_unit_test(there_is_a_hedge_only_while_there_is_room),
		cmocka_unit_test(one_request_in_twenty_is_hedged_at_most),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
