/* SPDX-License-Identifier: Apache-2.0
 *
 * A function as an arm: how much of it is a part, and that nothing but the function runs in one.
 */
#include "drive/function_arm.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

static unsigned readings;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	readings++;
	return __real_clock_gettime(clock, out);
}

struct work {
	uint64_t steps; /* in one of the n */
	uint64_t invocations, n, setups, teardowns;
	unsigned readings;
	volatile uint64_t sink;
};

static void
busy(void *arg, uint64_t n)
{
	struct work *w = arg;
	uint64_t x = w->sink;

	for (uint64_t i = 0; i < n * w->steps; i++)
		x = tayra__hash_mix64(x);
	w->sink = x;
	w->invocations++;
	w->n = n;
	w->readings = readings;
}

static void
before(void *arg, uint64_t n)
{
	struct work *w = arg;

	w->setups++;
	w->n = n;
}

static void
after(void *arg, uint64_t n)
{
	struct work *w = arg;

	assert_int_equal(w->n, n);
	w->teardowns++;
}

static void
nothing(void *arg, uint64_t n)
{
	(void)arg;
	(void)n;
}

static void
nap(void *arg, uint64_t n)
{
	const struct timespec t = { .tv_nsec = (long)(30 * MS) };

	*(uint64_t *)arg += n;
	while (n--)
		nanosleep(&t, NULL);
}

static void
a_slice_is_parts_of_at_least_a_millisecond(void **state)
{
	struct work w = { .steps = 100 };
	struct tayra__function_arm arm = { .fn = busy, .arg = &w };
	struct tayra__measure out = { 0 };
	uint64_t began;

	(void)state;
	assert_int_equal(tayra__function_arm_calibrate(&arm, 20 * MS, UINT64_MAX), TAYRA_OK);
	assert_int_equal(arm.parts, 10);
	assert_true(arm.calls > 100);
	began = tayra__clock_real_ns();
	assert_int_equal(tayra__function_arm_run(&arm, NULL, &out), TAYRA_OK);
	/* It was calibrated by the fastest of three, which may have been a slow one. */
	assert_true(tayra__clock_real_ns() - began >= 10 * MS);
	assert_int_equal(out.requests, arm.calls * 10);
	assert_true(out.value[TAYRA__OUTPUT] > 10 && out.value[TAYRA__OUTPUT] < 100000);
	assert_true(fabs(out.value[TAYRA__OUTPUT] / out.value[TAYRA__CPU_MS_PER_REQUEST] - 1e6) <
		    1);

	assert_int_equal(tayra__function_arm_calibrate(&arm, 3 * MS, UINT64_MAX), TAYRA_OK);
	assert_int_equal(arm.parts, 3);
	assert_int_equal(tayra__function_arm_calibrate(&arm, MS, UINT64_MAX), TAYRA_OK);
	assert_int_equal(arm.parts, 1);
}

static void
while_it_runs_no_clock_is_read_and_nothing_allocated(void **state)
{
	struct work w = { .steps = 100 };
	struct tayra__function_arm arm = {
		.fn = busy, .setup = before, .teardown = after, .arg = &w
	};
	struct tayra__measure out = { 0 };
	unsigned read;

	(void)state;
	assert_int_equal(tayra__function_arm_calibrate(&arm, 5 * MS, UINT64_MAX), TAYRA_OK);
	w.invocations = w.setups = w.teardowns = 0;
	read = readings;
	tayra__mem_fail_after(UINT64_MAX);
	assert_int_equal(tayra__function_arm_run(&arm, NULL, &out), TAYRA_OK);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	/* One call a part, whatever n; two readings before it and two after. */
	assert_int_equal(w.invocations, arm.parts);
	assert_int_equal(w.n, arm.calls);
	assert_int_equal(readings - read, 4 * arm.parts);
	assert_int_equal(readings - w.readings, 2);
	assert_int_equal(w.setups, arm.parts);
	assert_int_equal(w.teardowns, arm.parts);
}

static void
where_nothing_is_left_no_call_is_timed(void **state)
{
	struct tayra__function_arm arm = { .fn = nothing };

	(void)state;
	assert_int_equal(tayra__function_arm_calibrate(&arm, 20 * MS, UINT64_MAX), TAYRA_OK);
	assert_int_equal(arm.calls, 0);
}

static void
a_long_call_is_made_twice_at_most_and_not_after_the_end(void **state)
{
	uint64_t calls = 0;
	struct tayra__function_arm arm = { .fn = nap, .arg = &calls, .wall = true };

	(void)state;
	assert_int_equal(tayra__function_arm_calibrate(&arm, 20 * MS, UINT64_MAX), TAYRA_OK);
	assert_int_equal(arm.calls, 1);
	assert_int_equal(arm.parts, 1);
	assert_true(arm.slice_ns >= 30 * MS);
	assert_int_equal(calls, 2);
	calls = 0;
	assert_int_equal(tayra__function_arm_calibrate(&arm, 20 * MS, tayra__clock_real_ns() + MS),
			 TAYRA_OK);
	assert_int_equal(calls, 1);
}

static void
functions_of_like_speed_do_the_same_number_of_calls(void **state)
{
	const struct tayra__function_arm base = { .calls = 1000, .parts = 10, .slice_ns = 20000 };
	struct tayra__function_arm like = { .calls = 1900, .parts = 9, .slice_ns = 19000 };
	struct tayra__function_arm slow = { .calls = 499, .parts = 10, .slice_ns = 20000 };
	struct tayra__function_arm fast = { .calls = 2001, .parts = 10, .slice_ns = 20000 };

	(void)state;
	tayra__function_arm_match(&like, &base);
	tayra__function_arm_match(&slow, &base);
	tayra__function_arm_match(&fast, &base);
	assert_int_equal(like.calls, 1000);
	assert_int_equal(like.parts, 10);
	assert_in_range(like.slice_ns, 11110, 11112);
	assert_int_equal(slow.calls, 499);
	assert_int_equal(fast.calls, 2001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_is_parts_of_at_least_a_millisecond),
		cmocka_unit_test(while_it_runs_no_clock_is_read_and_nothing_allocated),
		cmocka_unit_test(where_nothing_is_left_no_call_is_timed),
		cmocka_unit_test(a_long_call_is_made_twice_at_most_and_not_after_the_end),
		cmocka_unit_test(functions_of_like_speed_do_the_same_number_of_calls),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
