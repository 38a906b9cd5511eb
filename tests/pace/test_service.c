/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/service.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static void
the_first_sample_is_the_mean_and_half_of_it_the_deviation(void **state)
{
	struct tayra__service service = { 0 };

	assert_int_equal(tayra__service_need_ns(&service, 2, 0), 0);
	tayra__service_sample(&service, 1000, 0);
	assert_int_equal(tayra__service_mean_ns(&service), 1000);
	assert_int_equal(tayra__service_dev_ns(&service), 500);
	assert_int_equal(tayra__service_need_ns(&service, 2, 0), 2000);
	assert_int_equal(tayra__service_need_ns(&service, 0, 0), 1000);
}

static void
later_samples_move_an_eighth_and_a_quarter(void **state)
{
	struct tayra__service service = { 0 };

	tayra__service_sample(&service, 1000, 0);
	tayra__service_sample(&service, 1800, 0);
	assert_int_equal(tayra__service_mean_ns(&service), 1100);
	assert_int_equal(tayra__service_dev_ns(&service), 575); /* 500 + (800 - 500) / 4 */
	tayra__service_sample(&service, 300, 0);
	assert_int_equal(tayra__service_mean_ns(&service), 1000);
	assert_int_equal(tayra__service_dev_ns(&service), 631); /* 575 + (800 - 575) / 4 */
}

static void
steady_samples_are_learned_and_absurd_ones_do_not_wrap(void **state)
{
	struct tayra__service service = { 0 };

	tayra__service_sample(&service, tayra__service_clip(0), 0);
	for (int i = 0; i < 200; i++)
		tayra__service_sample(&service, 5000, 0);
	assert_in_range(tayra__service_mean_ns(&service), 4990, 5000);
	assert_in_range(tayra__service_dev_ns(&service), 0, 20);
	for (int i = 0; i < 200; i++)
		tayra__service_sample(&service, tayra__service_clip(UINT64_MAX), 0);
	assert_true(tayra__service_need_ns(&service, 1e6, 0) >= tayra__service_mean_ns(&service));
}

static void
the_percentile_is_where_one_in_twenty_is_above(void **state)
{
	struct tayra__service service = { 0 };

	assert_int_equal(tayra__service_p95_ns(&service, 0), 0);
	for (int i = 0; i < 1000; i++) {
		tayra__service_sample(&service, 10000, 0);
		tayra__service_sample_tail(&service, 10000);
	}
	assert_in_range(tayra__service_p95_ns(&service, 0), 9900, 10800);
	for (int i = 0; i < 100; i++)
		tayra__service_sample_tail(&service, 1000000);
	assert_in_range(tayra__service_p95_ns(&service, 0), 990000, 1080000);
	for (int i = 0; i < 20000; i++)
		tayra__service_sample_tail(&service, 1);
	assert_in_range(tayra__service_p95_ns(&service, 0), 0, 30);
	for (int i = 0; i < 2000; i++)
		tayra__service_sample_tail(&service, tayra__service_clip(UINT64_MAX));
	assert_in_range(tayra__service_p95_ns(&service, 0), 1ull << 59, 1ull << 61);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_sample_is_the_mean_and_half_of_it_the_deviation),
		cmocka_unit_test(later_samples_move_an_eighth_and_a_quarter),
		cmocka_unit_test(steady_samples_are_learned_and_absurd_ones_do_not_wrap),
		cmocka_unit_test(the_percentile_is_where_one_in_twenty_is_above),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
