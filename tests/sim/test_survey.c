/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/survey.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "learn/patterns.h"
#include "sim/trace.h"

static struct tayra__survey *survey;

static int
set_up(void **state)
{
	return tayra__survey_create(1, &survey);
}

static int
tear_down(void **state)
{
	tayra__survey_destroy(survey);
	return 0;
}

static void
row(double time_s, uint64_t key, uint64_t size, double ttl_s, enum tayra__trace_op op)
{
	struct tayra__trace_request request = { .time_s = time_s,
						.key = key,
						.size_bytes = size,
						.ttl_s = ttl_s,
						.cost_ms = 2,
						.op = op };

	assert_int_equal(tayra__survey_row(survey, &request), 0);
}

static const struct tayra__patterns *
got(void)
{
	return tayra__survey_patterns(survey);
}

static void
a_use_is_a_hit_until_the_value_expires_or_is_deleted(void **state)
{
	row(100, 7, 50, 10, TAYRA__TRACE_GET);
	row(109, 7, 50, 10, TAYRA__TRACE_GET);
	assert_true(got()->uses == 2 && got()->hits == 1 && got()->loads == 1);
	row(110, 7, 50, 0, TAYRA__TRACE_GET); /* expired; the new one does not */
	assert_true(got()->hits == 1 && got()->loads == 2 && got()->reloads == 1);
	assert_int_equal(got()->gone[TAYRA__PATTERNS_EXPIRED], 1);
	row(1e6, 7, 50, 0, TAYRA__TRACE_GET);
	assert_int_equal(got()->hits, 2);
	row(1e6, 7, 50, 0, TAYRA__TRACE_DELETE);
	row(1e6, 7, 50, 0, TAYRA__TRACE_DELETE);
	assert_int_equal(got()->gone[TAYRA__PATTERNS_REMOVED], 1);
	row(1e6, 7, 50, 0, TAYRA__TRACE_GET);
	assert_true(got()->loads == 3 && got()->reloads == 1 && got()->uses == 5);
	assert_int_equal(got()->since_ns, 100000000000ull);
	assert_true(got()->cost_ns == 3 * 2e6);
}

static void
another_size_is_a_change_and_the_same_says_nothing(void **state)
{
	row(0, 7, 50, 10, TAYRA__TRACE_GET);
	row(20, 7, 50, 10, TAYRA__TRACE_GET);
	row(40, 7, 51, 10, TAYRA__TRACE_GET);
	assert_true(got()->reloads == 2 && got()->changed == 1 && got()->same == 0);
}

static void
a_size_of_1_is_none(void **state)
{
	row(0, 7, 1, 0, TAYRA__TRACE_GET);
	assert_true(got()->sized == 0 && got()->bytes == 0);
}

static void
many_keys_are_told_apart(void **state)
{
	for (int round = 0; round < 2; round++)
		for (uint64_t key = 0; key < 100000; key++)
			row(0, key, 10, 0, TAYRA__TRACE_GET);
	assert_true(got()->loads == 100000 && got()->hits == 100000);
}

/* Times beyond what 64 bits of nanoseconds hold, and times that go back. */
static void
times_out_of_reason_do_no_harm(void **state)
{
	row(1e300, 7, 10, 1e300, TAYRA__TRACE_GET);
	row(0, 7, 10, 5, TAYRA__TRACE_GET);
	row(1e308, 7, 10, 5, TAYRA__TRACE_GET);
	assert_int_equal(got()->uses, 3);
	assert_true(got()->now_ns >= got()->since_ns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_use_is_a_hit_until_the_value_expires_or_is_deleted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_size_is_a_change_and_the_same_says_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_size_of_1_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_keys_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(times_out_of_reason_do_no_harm, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
