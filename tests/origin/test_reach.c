/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <tayra/base.h>

#include "origin/reach.h"

#define START TAYRA_NS_PER_S

static void
while_it_cannot_be_reached_one_at_a_time_tries(void **state)
{
	struct tayra__reach r;
	uint64_t wait_ns, now = START;

	tayra__reach_init(&r, 1);
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_YES);
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_YES);
	wait_ns = tayra__reach_end(&r, TAYRA__REACH_YES, now, TAYRA__REACH_FAILED);
	assert_in_range(wait_ns, TAYRA__REACH_FIRST_NS * 3 / 4, TAYRA__REACH_FIRST_NS);
	/* the other that was on its way makes it no worse */
	assert_int_equal(tayra__reach_end(&r, TAYRA__REACH_YES, now, TAYRA__REACH_FAILED), wait_ns);

	assert_int_equal(tayra__reach_begin(&r, now + 1, &wait_ns), TAYRA__REACH_NO);
	assert_in_range(wait_ns, 1, TAYRA__REACH_FIRST_NS);
	now += wait_ns + 1;
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_PROBE);
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_NO);
	tayra__reach_end(&r, TAYRA__REACH_PROBE, now, TAYRA__REACH_CAME);
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_YES);
	tayra__reach_fini(&r);
}

static void
pauses_double_up_to_the_longest(void **state)
{
	struct tayra__reach r;
	uint64_t wait_ns, now = START, expected = TAYRA__REACH_FIRST_NS;

	tayra__reach_init(&r, 1);
	now += tayra__reach_end(&r, TAYRA__REACH_YES, now, TAYRA__REACH_FAILED);
	for (int i = 0; i < 10; i++) {
		expected = expected * 2 < TAYRA__REACH_MOST_NS ? expected * 2
							       : TAYRA__REACH_MOST_NS;
		assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_PROBE);
		wait_ns = tayra__reach_end(&r, TAYRA__REACH_PROBE, now, TAYRA__REACH_FAILED);
		assert_in_range(wait_ns, expected * 3 / 4, expected);
		now += wait_ns;
	}
	tayra__reach_fini(&r);
}

static void
giving_up_says_nothing_of_a_server_but_ends_a_probe(void **state)
{
	struct tayra__reach r;
	uint64_t wait_ns, now = START;

	tayra__reach_init(&r, 1);
	assert_int_equal(tayra__reach_end(&r, TAYRA__REACH_YES, now, TAYRA__REACH_GAVE_UP), 0);
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_YES);
	now += tayra__reach_end(&r, TAYRA__REACH_YES, now, TAYRA__REACH_FAILED);
	assert_int_equal(tayra__reach_begin(&r, now, &wait_ns), TAYRA__REACH_PROBE);
	wait_ns = tayra__reach_end(&r, TAYRA__REACH_PROBE, now, TAYRA__REACH_GAVE_UP);
	assert_true(wait_ns > 0);
	assert_int_equal(tayra__reach_begin(&r, now + wait_ns, &wait_ns), TAYRA__REACH_PROBE);
	tayra__reach_fini(&r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(while_it_cannot_be_reached_one_at_a_time_tries),
	cmocka_unit_test(giving_up_says_nothing_of_a_server_but_ends_a_probe),
	cmocka_unit_test(pauses_double_up_to_the_longest),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
