/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/gate.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <tayra/base.h>

#define STEP (100 * TAYRA_NS_PER_MS)

/* A step in which n of each of these levels ask, and that many are served. */
static void
step(struct tayra__gate *gate, int n, uint32_t levels, int served, bool overloaded, int number)
{
	for (int i = 0; i < n; i++)
		for (uint32_t level = 0; level < levels; level++)
			tayra__gate_admits(gate, level);
	while (served--)
		tayra__gate_served(gate);
	tayra__gate_step(gate, overloaded, (uint64_t)number * STEP);
}

static int
admitted(struct tayra__gate *gate, uint32_t level, int of)
{
	int n = 0;

	while (of--)
		n += tayra__gate_admits(gate, level);
	return n;
}

static void
an_open_gate_admits_every_level(void **state)
{
	struct tayra__gate gate;

	tayra__gate_init(&gate);
	for (uint32_t level = 0; level < TAYRA__GATE_LEVELS; level++)
		assert_true(tayra__gate_admits(&gate, level));
	step(&gate, 1, 128, 128, false, 1);
	assert_int_equal(admitted(&gate, 127, 10), 10);
}

static void
overload_closes_it_from_the_highest_level_down_to_what_is_served(void **state)
{
	struct tayra__gate gate;

	tayra__gate_init(&gate);
	for (int i = 1; i <= 50; i++)
		step(&gate, 1, 128, 32, true, i); /* a quarter of them is served */
	assert_true(gate.admit > 0.2 && gate.admit < 0.25);
	assert_int_equal(admitted(&gate, 27, 10), 10);
	assert_int_equal(admitted(&gate, 30, 10), 0);
}

static void
it_closes_faster_than_it_opens(void **state)
{
	struct tayra__gate gate;
	double closed;

	tayra__gate_init(&gate);
	step(&gate, 1, 128, 120, true, 1);
	assert_true(gate.admit <= 0.97 && gate.admit >= 0.94);
	closed = gate.admit;
	step(&gate, 1, 128, 128, false, 2);
	assert_true(gate.admit > closed && gate.admit - closed <= 0.0101);
}

static void
of_one_level_a_part_gets_in_evenly(void **state)
{
	struct tayra__gate gate;
	int n;

	tayra__gate_init(&gate);
	for (int i = 1; i <= 50; i++)
		step(&gate, 100, 1, 50, true, i);
	n = admitted(&gate, 0, 100);
	assert_in_range(n, 44, 51);
	assert_in_range(admitted(&gate, 0, 10), 4, 6); /* not all of them in a row */
}

static void
a_long_calm_opens_it_at_once(void **state)
{
	struct tayra__gate gate;

	tayra__gate_init(&gate);
	for (int i = 1; i <= 50; i++)
		step(&gate, 1, 128, 2, true, i);
	assert_true(gate.admit < 0.2);
	tayra__gate_step(&gate, false, 200 * STEP);
	assert_true(gate.admit >= 1);
	assert_true(tayra__gate_admits(&gate, 127));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_gate_admits_every_level),
		cmocka_unit_test(overload_closes_it_from_the_highest_level_down_to_what_is_served),
		cmocka_unit_test(it_closes_faster_than_it_opens),
		cmocka_unit_test(of_one_level_a_part_gets_in_evenly),
		cmocka_unit_test(a_long_calm_opens_it_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
