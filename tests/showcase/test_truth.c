/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "showcase/arm_clock.h"
#include "showcase/truth.h"

static void
what_is_current_is_not_outdated(void **state)
{
	struct tayra__truth *truth = tayra__truth_create(3);

	assert_int_equal(tayra__truth_outdated_ms(truth, 1, 1, 500), 0);
	tayra__truth_changed(truth, 1, 2, 100);
	assert_int_equal(tayra__truth_outdated_ms(truth, 1, 2, 500), 0);
	assert_int_equal(tayra__truth_outdated_ms(truth, 1, 1, 500), 400);
	assert_int_equal(tayra__truth_outdated_ms(truth, 1, 1, 90), 0); /* not yet */
	assert_int_equal(tayra__truth_outdated_ms(truth, 0, 1, 500), 0);
	/* A revision that is not announced yet is newer, not older. */
	assert_int_equal(tayra__truth_outdated_ms(truth, 1, 3, 500), 0);
	tayra__truth_destroy(truth);
}

static void
announcements_out_of_order_make_nothing_older(void **state)
{
	struct tayra__truth *truth = tayra__truth_create(1);

	tayra__truth_changed(truth, 0, 3, 200);
	tayra__truth_changed(truth, 0, 2, 210);
	assert_int_equal(tayra__truth_outdated_ms(truth, 0, 3, 1000), 0);
	assert_int_equal(tayra__truth_outdated_ms(truth, 0, 2, 1000), 800);
	assert_true(tayra__truth_outdated_ms(truth, 0, 1, 1000) <= 800);
	tayra__truth_destroy(truth);
}

static void
long_histories_give_a_bound(void **state)
{
	struct tayra__truth *truth = tayra__truth_create(1);

	for (uint32_t revision = 2; revision <= 30; revision++)
		tayra__truth_changed(truth, 0, revision, revision * 10);
	/* Revision 1 went at 20; what is kept says no later than 230. */
	assert_int_equal(tayra__truth_outdated_ms(truth, 0, 1, 1000), 1000 - 230);
	assert_int_equal(tayra__truth_outdated_ms(truth, 0, 28, 1000), 1000 - 290);
	tayra__truth_destroy(truth);
}

static void
an_arms_clock_stands_still_between_its_turns(void **state)
{
	struct tayra__arm_clock clock;
	uint64_t before, after;

	tayra__arm_clock_init(&clock);
	before = tayra__arm_clock_ns(&clock);
	assert_int_equal(tayra__arm_clock_ns(&clock), before);
	tayra__arm_clock_start(&clock);
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + 3000000);
	tayra__arm_clock_stop(&clock);
	after = tayra__arm_clock_ns(&clock);
	assert_true(after >= before + 3000000);
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + 3000000);
	assert_int_equal(tayra__clock_mono_ns(&clock.clock), after);
	tayra__arm_clock_start(&clock);
	before = tayra__arm_clock_ns(&clock);
	assert_true(before >= after && before - after < 3000000000ull);
	tayra__arm_clock_stop(&clock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_current_is_not_outdated),
		cmocka_unit_test(announcements_out_of_order_make_nothing_older),
		cmocka_unit_test(long_histories_give_a_bound),
		cmocka_unit_test(an_arms_clock_stands_still_between_its_turns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
