/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/machine.h"

#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/clock.h"

static void
our_own_time_and_that_of_children_is_not_foreign(void **state)
{
	const uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	const struct tayra__machine_use from = { .known = true };
	const struct tayra__machine_use to = { .busy = 3 * hz,
					       .steal = hz,
					       .total = 10 * hz,
					       .own_ns = TAYRA_NS_PER_S,
					       .known = true };
	const struct tayra__machine_use unknown = { .total = 10 * hz, .busy = hz };
	double foreign, steal;

	(void)state;
	tayra__machine_use_between(&from, &to, &foreign, &steal);
	assert_true(foreign > 0.199 && foreign < 0.201);
	assert_true(steal > 0.099 && steal < 0.101);
	tayra__machine_use_between(&from, &unknown, &foreign, &steal);
	assert_true(foreign == 0 && steal == 0);
}

static void
work_of_this_process_is_read_as_its_own(void **state)
{
	struct tayra__machine_use from, to;
	uint64_t end;

	(void)state;
	tayra__machine_use_read(&from);
	end = tayra__clock_process_cpu_ns() + 50 * TAYRA_NS_PER_MS;
	while (tayra__clock_process_cpu_ns() < end)
		continue;
	tayra__machine_use_read(&to);
	assert_true(to.known);
	assert_true(to.own_ns - from.own_ns >= 50 * TAYRA_NS_PER_MS);
	assert_true(to.total >= from.total + 4 && to.busy > from.busy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_time_and_that_of_children_is_not_foreign),
		cmocka_unit_test(work_of_this_process_is_read_as_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
