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

	assert_false(tayra_pace_may_hedge(pace, 1000 * MS, 0)); /* nothing is known */
	answers(pace, 100, TAYRA_OUTCOME_OK, 10 * MS, 0);
	assert_false(tayra_pace_may_hedge(pace, 9 * MS, 10 * MS));
	assert_true(tayra_pace_may_hedge(pace, 20 * MS, 10 * MS));
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
	assert_false(tayra_pace_may_hedge(pace, 20 * MS, 10 * MS)); /* 3 of 4 */
	tayra_pace_leave(pace, &tickets[0], TAYRA_OUTCOME_OK, 20 * MS);
	assert_true(tayra_pace_may_hedge(pace, 20 * MS, 20 * MS));
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
		hedged += tayra_pace_may_hedge(pace, 50 * MS, 10 * MS);
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
		cmocka_unit_test(there_is_a_hedge_only_while_there_is_room),
		cmocka_unit_test(one_request_in_twenty_is_hedged_at_most),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
