/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/sensor.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static int
stat_of(const char *text, struct tayra__sensor_cpu *out)
{
	return tayra__sensor_parse_stat(text, strlen(text), out);
}

static int
meminfo_of(const char *text, double *out)
{
	return tayra__sensor_parse_meminfo(text, strlen(text), out);
}

static void
busy_is_all_but_idle_and_iowait(void **state)
{
	struct tayra__sensor_cpu cpu;

	assert_int_equal(stat_of("cpu  10 20 30 400 50 1 2 3 7 7\ncpu0 1 1 1 1\n", &cpu), TAYRA_OK);
	assert_int_equal(cpu.busy, 10 + 20 + 30 + 1 + 2 + 3);
	assert_int_equal(cpu.total, cpu.busy + 400 + 50);
}

static void
the_four_fields_of_an_old_kernel_are_enough(void **state)
{
	struct tayra__sensor_cpu cpu;

	assert_int_equal(stat_of("cpu 1 2 3 4", &cpu), TAYRA_OK);
	assert_int_equal(cpu.busy, 6);
	assert_int_equal(cpu.total, 10);
}

static void
the_cpu_line_is_found_after_others(void **state)
{
	struct tayra__sensor_cpu cpu;

	assert_int_equal(stat_of("intr 5\ncpu0 9 9 9 9\ncpu 1 2 3 4\n", &cpu), TAYRA_OK);
	assert_int_equal(cpu.total, 10);
}

static void
a_hostile_stat_is_refused_and_changes_nothing(void **state)
{
	const char *const texts[] = {
		"",
		"\n",
		"cpu",
		"cpu ",
		"cpu\n1 2 3 4\n",
		"cpu 1 2 3\n",
		"cpu 1 2 3 -4\n",
		"cpu 1 2 3 4x\n",
		"cpu 1 2 3 0x4\n",
		"cpu0 1 2 3 4\n",
		"cpu 18446744073709551616 0 0 0\n",
		"cpu 18446744073709551615 1 0 0\n",
		"cpu 1 2 3 4 nan\n",
	};
	struct tayra__sensor_cpu cpu = { 7, 8 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(stat_of(texts[i], &cpu), TAYRA_E_CORRUPT);
	assert_int_equal(tayra__sensor_parse_stat("cpu 1 2\0003 4", 11, &cpu), TAYRA_E_CORRUPT);
	assert_int_equal(cpu.busy, 7);
	assert_int_equal(cpu.total, 8);
}

static void
the_text_ends_where_it_ends(void **state)
{
	struct tayra__sensor_cpu cpu;

	/* What lies behind len is not read: "4", not "44". */
	assert_int_equal(tayra__sensor_parse_stat("cpu 1 2 3 44", 11, &cpu), TAYRA_OK);
	assert_int_equal(cpu.total, 10);
}

static void
memory_use_is_what_is_not_available(void **state)
{
	double used;

	assert_int_equal(meminfo_of("MemTotal:       1000 kB\nMemFree: 1 kB\n"
				    "MemAvailable:    250 kB\n",
				    &used),
			 TAYRA_OK);
	assert_true(fabs(used - 0.75) < 1e-12);
}

static void
a_hostile_meminfo_is_refused_and_changes_nothing(void **state)
{
	const char *const texts[] = {
		"",
		"MemTotal: 1000 kB\n",
		"MemAvailable: 10 kB\n",
		"MemTotal: 0 kB\nMemAvailable: 0 kB\n",
		"MemTotal: 10 kB\nMemAvailable: 11 kB\n",
		"MemTotal: -5 kB\nMemAvailable: 1 kB\n",
		"MemTotal: 99999999999999999999 kB\nMemAvailable: 1 kB\n",
		"MemTotal:\nMemAvailable: 1 kB\n",
		"XMemTotal: 10 kB\nMemAvailable: 1 kB\n",
	};
	double used = 42;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(meminfo_of(texts[i], &used), TAYRA_E_CORRUPT);
	assert_true(used == 42);
}

static void
this_machine_can_be_read(void **state)
{
	struct tayra_sensor sensor;
	struct tayra_pressure pressure;
	int status = tayra_sensor_proc_create(&sensor);

	if (status == TAYRA_E_IO)
		skip();
	assert_int_equal(status, TAYRA_OK);
	assert_int_equal(sensor.read(sensor.ctx, 0, &pressure), TAYRA_OK);
	assert_true(pressure.memory > 0 && pressure.memory < 1);
	assert_true(isnan(pressure.cpu) || (pressure.cpu >= 0 && pressure.cpu <= 1));
	tayra_sensor_proc_destroy(&sensor);
	assert_null(sensor.ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_is_all_but_idle_and_iowait),
		cmocka_unit_test(the_four_fields_of_an_old_kernel_are_enough),
		cmocka_unit_test(the_cpu_line_is_found_after_others),
		cmocka_unit_test(a_hostile_stat_is_refused_and_changes_nothing),
		cmocka_unit_test(the_text_ends_where_it_ends),
		cmocka_unit_test(memory_use_is_what_is_not_available),
		cmocka_unit_test(a_hostile_meminfo_is_refused_and_changes_nothing),
		cmocka_unit_test(this_machine_can_be_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
