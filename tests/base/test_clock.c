/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdint.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t
fixed(void *ctx)
{
	return *(uint64_t *)ctx;
}

static void
an_injected_clock_is_asked_with_its_context(void **state)
{
	uint64_t now = 42;
	const struct tayra_clock clock = { fixed, fixed, &now };

	assert_int_equal(tayra__clock_mono_ns(&clock), 42);
	now = 43;
	assert_int_equal(tayra__clock_wall_ms(&clock), 43);
}

static void
the_real_clock_tells_monotonic_ns_and_unix_ms(void **state)
{
	const struct tayra_clock *real = tayra_clock_real();
	uint64_t first = tayra__clock_mono_ns(real), last = first;
	int64_t off_by_ms;

	for (int i = 0; i < 1000; i++) {
		uint64_t now = tayra__clock_mono_ns(real);

		assert_true(now >= last);
		last = now;
	}
	assert_true(last > first);
	off_by_ms = (int64_t)tayra__clock_wall_ms(real) - (int64_t)time(NULL) * 1000;
	assert_true(off_by_ms >= -2000 && off_by_ms <= 5000);
}

static void
sleeping_ends_no_earlier_than_asked(void **state)
{
	uint64_t until = tayra__clock_mono_ns(tayra_clock_real()) + 3 * TAYRA_NS_PER_MS;

	tayra__clock_sleep_until_ns(until);
	assert_true(tayra__clock_mono_ns(tayra_clock_real()) >= until);
	tayra__clock_sleep_until_ns(1); /* long past: returns at once */
}

static void
cpu_clocks_count_work_and_not_sleep(void **state)
{
	uint64_t process = tayra__clock_process_cpu_ns(); /* first: it must not lag behind */
	uint64_t thread = tayra__clock_thread_cpu_ns();
	uint64_t wall = tayra__clock_mono_ns(tayra_clock_real());

	tayra__clock_sleep_until_ns(wall + 20 * TAYRA_NS_PER_MS);
	assert_true(tayra__clock_thread_cpu_ns() - thread < 10 * TAYRA_NS_PER_MS);
	while (tayra__clock_thread_cpu_ns() - thread < 2 * TAYRA_NS_PER_MS)
		;
	assert_true(tayra__clock_process_cpu_ns() - process >= 2 * TAYRA_NS_PER_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_injected_clock_is_asked_with_its_context),
		cmocka_unit_test(the_real_clock_tells_monotonic_ns_and_unix_ms),
		cmocka_unit_test(sleeping_ends_no_earlier_than_asked),
		cmocka_unit_test(cpu_clocks_count_work_and_not_sleep),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
