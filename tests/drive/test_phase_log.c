/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/phase_log.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct tayra__drive_result result;

static void
add(struct tayra__phase_log *log, uint32_t phase, bool ramp, uint64_t start_ns, uint64_t ms)
{
	const struct tayra__phase_slice slice = {
		.phase = phase, .ramp = ramp, .start_ns = start_ns, .rate_per_s = 100
	};

	memset(&result, 0, sizeof(result));
	tayra__hist_init(&result.latency);
	for (int i = 0; i < 50 && ms; i++)
		tayra__hist_add(&result.latency, ms * TAYRA_NS_PER_MS);
	result.length_ns = TAYRA_NS_PER_S / 2;
	result.offered = ms ? 50 : 0;
	result.ok = ms ? 40 : 0;
	tayra__phase_log_add(log, &slice, &result);
}

static void
a_slice_is_told_by_its_own_figures(void **state)
{
	struct tayra__phase_log log;

	(void)state;
	assert_int_equal(tayra__phase_log_init(&log), TAYRA_OK);
	add(&log, 3, false, 7, 20);
	add(&log, 3, false, 8, 0);
	assert_int_equal(log.count, 2);
	assert_int_equal(log.slice[0].start_ns, 7);
	assert_true(log.slice[0].offered_per_s == 100 && log.slice[0].ok_per_s == 80);
	assert_true(fabs(log.slice[0].p50_ms - 20) < 0.1 && fabs(log.slice[0].p99_ms - 20) < 0.1);
	assert_true(fabs((double)log.slice[0].spread.ms[2] - 20) < 0.1);
	assert_true(isnan(log.slice[1].p50_ms) && isnan(log.slice[1].p99_ms));
	tayra__phase_log_fini(&log);
}

static void
however_long_it_is_the_worst_stays_and_no_time_is_lost(void **state)
{
	const size_t slices = 9 * TAYRA__PHASE_LOG_MAX;
	struct tayra__phase_log log;
	double worst = 0;
	uint64_t length_ns = 0;

	(void)state;
	assert_int_equal(tayra__phase_log_init(&log), TAYRA_OK);
	for (size_t i = 0; i < slices; i++)
		add(&log, i < 5 ? 0 : 1, i == 5, i, i == 777 ? 500 : i % 3 ? 3 : 0);
	assert_true(log.count <= TAYRA__PHASE_LOG_MAX && log.count > TAYRA__PHASE_LOG_MAX / 3);
	for (size_t i = 0; i < log.count; i++) {
		worst = fmax(worst, log.slice[i].p99_ms);
		length_ns += log.slice[i].length_ns;
		assert_true(i == 0 || log.slice[i].start_ns > log.slice[i - 1].start_ns);
	}
	assert_true(fabs(worst - 500) < 3);
	assert_true(length_ns == slices * (TAYRA_NS_PER_S / 2));
	tayra__phase_log_fini(&log);
}

static void
the_ramp_of_a_phase_is_none_of_its_slices(void **state)
{
	struct tayra__phase_log log;
	size_t count;

	(void)state;
	assert_int_equal(tayra__phase_log_init(&log), TAYRA_OK);
	add(&log, 0, false, 0, 1);
	add(&log, 1, true, 1, 1);
	add(&log, 1, true, 2, 1);
	add(&log, 1, false, 3, 1);
	add(&log, 1, false, 4, 1);
	add(&log, 2, false, 5, 1);
	assert_int_equal(tayra__phase_log_of(&log, 1, &count)->start_ns, 3);
	assert_int_equal(count, 2);
	tayra__phase_log_of(&log, 9, &count);
	assert_int_equal(count, 0);
	tayra__phase_log_fini(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_is_told_by_its_own_figures),
		cmocka_unit_test(however_long_it_is_the_worst_stays_and_no_time_is_lost),
		cmocka_unit_test(the_ramp_of_a_phase_is_none_of_its_slices),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
