/* SPDX-License-Identifier: Apache-2.0
 *
 * The sensor over folders that look like /proc and /sys/fs/cgroup.
 */
#include <tayra/pace.h>

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND TAYRA_NS_PER_S

static char root[] = "/tmp/tayra-sensor.XXXXXX";
static char proc[64];
static struct tayra_sensor sensor;

/* A file with its folders. */
static void
file(const char *name, const char *text)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* A machine of four processors, half busy since the last reading, and 1000 KiB of which 900 are
 * used. */
static void
machine(const char *groups, const char *mounts)
{
	file("proc/stat",
	     "cpu 100 0 0 100\ncpu0 1 0 0 1\ncpu1 1 0 0 1\ncpu2 1 0 0 1\ncpu3 1 0 0 1\n"
	     "intr 5\n");
	file("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 100 kB\n");
	file("proc/self/cgroup", groups);
	file("proc/self/mountinfo", mounts);
}

static void
half_busy(void)
{
	file("proc/stat", "cpu 200 0 0 200\n");
}

static void
create(void)
{
	struct tayra_sensor_options options = TAYRA_SENSOR_OPTIONS_INIT;

	options.proc = proc;
	options.root = root;
	assert_int_equal(tayra_sensor_create(&options, &sensor), TAYRA_OK);
}

static struct tayra_pressure
look(uint64_t now_ns)
{
	struct tayra_pressure pressure = { 7, 7 };

	assert_int_equal(sensor.read(sensor.ctx, now_ns, &pressure), TAYRA_OK);
	return pressure;
}

static int
set_up(void **state)
{
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	if (!mkdtemp(root))
		return -1;
	snprintf(proc, sizeof(proc), "%s/proc", root);
	return 0;
}

static int
delete_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	return remove(path);
}

static int
tear_down(void **state)
{
	if (sensor.ctx)
		tayra_sensor_destroy(&sensor);
	return nftw(root, delete_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
near(double is, double should)
{
	if (fabs(is - should) > 1e-9)
		fail_msg("%g, should be %g", is, should);
}

#define V2_MOUNT "24 23 0:22 / /cg rw - cgroup2 cgroup2 rw\n"

/* Half a processor of quota, 100 ms of use in a second; 300 of 1000 bytes, 100 of them cache. */
static void
version_2_limits_are_what_shares_are_of(void **state)
{
	struct tayra_pressure pressure;

	machine("0::/app\n", V2_MOUNT);
	file("cg/app/cpu.max", "50000 100000\n");
	file("cg/app/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
	file("cg/app/memory.max", "1000\n");
	file("cg/app/memory.high", "max\n");
	file("cg/app/memory.current", "300\n");
	file("cg/app/memory.stat", "anon 200\ninactive_file 100\n");
	create();
	pressure = look(SECOND);
	assert_true(isnan(pressure.cpu));
	near(pressure.memory, 0.2);
	file("cg/app/cpu.stat", "usage_usec 1100000\n");
	near(look(2 * SECOND).cpu, 0.2);
	file("cg/app/cpu.stat", "usage_usec 9900000\n");
	near(look(3 * SECOND).cpu, 1);
}

static void
stalls(const char *name, int some, int full)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "some avg10=%d.00 avg60=0.00 avg300=0.00 total=1\n"
		 "full avg10=%d.00 avg60=0.00 avg300=0.00 total=1\n",
		 some, full);
	file(name, text);
}

static void
stalls_are_those_of_the_group_and_else_of_the_machine(void **state)
{
	struct tayra_pressure pressure;

	machine("0::/app\n", V2_MOUNT);
	file("cg/app/memory.current", "300\n");
	stalls("cg/app/memory.pressure", 30, 20);
	stalls("proc/pressure/memory", 50, 40);
	stalls("proc/pressure/io", 10, 5);
	create();
	pressure = look(SECOND);
	near(pressure.memory_stall, 0.3);
	near(pressure.io_stall, 0.05);
	assert_true(isnan(pressure.cpu_stall));
	stalls("cg/app/memory.pressure", 30, 20);
	near(look(2 * SECOND).memory_stall, 0); /* no microsecond more */
}

static void
without_a_limit_the_machine_counts(void **state)
{
	struct tayra_pressure pressure;

	machine("0::/app\n", V2_MOUNT);
	file("cg/app/cpu.max", "max 100000\n");
	file("cg/app/cpu.stat", "usage_usec 1\n");
	file("cg/app/memory.max", "max\n");
	file("cg/app/memory.current", "300\n");
	create();
	half_busy();
	pressure = look(SECOND);
	near(pressure.cpu, 0.5);
	near(pressure.memory, 0.9);
}

static void
limits_beyond_the_machine_are_none(void **state)
{
	struct tayra_pressure pressure;

	machine("0::/app\n", V2_MOUNT);
	file("cg/app/cpu.max", "400000 100000\n");
	file("cg/app/cpu.stat", "usage_usec 1\n");
	file("cg/app/memory.max", "1024001\n");
	file("cg/app/memory.current", "300\n");
	create();
	look(SECOND);
	half_busy();
	pressure = look(2 * SECOND);
	near(pressure.cpu, 0.5);
	near(pressure.memory, 0.9);
}

static void
memory_high_counts_where_it_is_lower(void **state)
{
	machine("0::/app\n", V2_MOUNT);
	file("cg/app/memory.max", "1000\n");
	file("cg/app/memory.high", "500\n");
	file("cg/app/memory.current", "300\n");
	create();
	near(look(SECOND).memory, 0.6);
}

static void
a_group_above_may_be_the_one_that_is_full(void **state)
{
	struct tayra_pressure pressure;

	machine("0::/pod/app\n", V2_MOUNT);
	file("cg/pod/app/cpu.max", "200000 100000\n");
	file("cg/pod/app/cpu.stat", "usage_usec 0\n");
	file("cg/pod/app/memory.max", "1000\n");
	file("cg/pod/app/memory.current", "300\n");
	file("cg/pod/cpu.max", "100000 100000\n");
	file("cg/pod/cpu.stat", "usage_usec 0\n");
	file("cg/pod/memory.max", "10000\n");
	file("cg/pod/memory.current", "8000\n");
	create();
	look(SECOND);
	file("cg/pod/app/cpu.stat", "usage_usec 200000\n");
	file("cg/pod/cpu.stat", "usage_usec 900000\n");
	pressure = look(2 * SECOND);
	near(pressure.cpu, 0.9);
	near(pressure.memory, 0.8);
}

/* Trees of version 1 apart from each other, beside a version 2 without controllers. */
static void
the_old_and_the_hybrid_layout_are_understood(void **state)
{
	struct tayra_pressure pressure;

	machine("4:memory:/app\n3:cpuset:/\n2:cpuacct:/app\n1:cpu:/app\n0::/app\n",
		"32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu\n"
		"33 31 0:30 / /cg/cpuacct rw - cgroup cgroup rw,cpuacct\n"
		"35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n"
		"41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n");
	file("cg/unified/app/cgroup.procs", "");
	file("cg/cpu/app/cpu.cfs_quota_us", "200000\n");
	file("cg/cpu/app/cpu.cfs_period_us", "100000\n");
	file("cg/cpu/cpu.cfs_quota_us", "-1\n");
	file("cg/cpu/cpu.cfs_period_us", "100000\n");
	file("cg/cpuacct/app/cpuacct.usage", "1000000000\n");
	file("cg/memory/app/memory.limit_in_bytes", "1000\n");
	file("cg/memory/app/memory.usage_in_bytes", "900\n");
	file("cg/memory/app/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n");
	file("cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
	file("cg/memory/memory.usage_in_bytes", "950\n");
	create();
	look(SECOND);
	file("cg/cpuacct/app/cpuacct.usage", "2000000000\n");
	pressure = look(2 * SECOND);
	near(pressure.cpu, 0.5);
	near(pressure.memory, 0.7);
}

static void
a_limit_that_comes_and_goes_is_followed(void **state)
{
	machine("0::/app\n", V2_MOUNT);
	file("cg/app/memory.max", "max\n");
	file("cg/app/memory.current", "300\n");
	create();
	near(look(SECOND).memory, 0.9);
	file("cg/app/memory.max", "600\n");
	near(look(2 * SECOND).memory, 0.5);
	file("cg/app/memory.max", "max\n");
	near(look(3 * SECOND).memory, 0.9);
}

static void
readings_close_together_and_a_clock_that_goes_back_repeat_the_last(void **state)
{
	machine("0::/app\n", V2_MOUNT);
	file("cg/app/cpu.max", "100000 100000\n");
	file("cg/app/cpu.stat", "usage_usec 0\n");
	create();
	look(SECOND);
	file("cg/app/cpu.stat", "usage_usec 500000\n");
	near(look(2 * SECOND).cpu, 0.5);
	file("cg/app/cpu.stat", "usage_usec 700000\n");
	near(look(2 * SECOND + 1000).cpu, 0.5);
	near(look(SECOND).cpu, 0.5);
	near(look(3 * SECOND).cpu, 0.2);
}

/* cpuacct.usage is set to 0 by writing that into it; /proc/stat starts anew where a machine moves.
 */
static void
counts_that_go_back_are_begun_anew(void **state)
{
	machine("2:cpuacct,cpu:/app\n", "33 31 0:30 / /cg rw - cgroup cgroup rw,cpu,cpuacct\n");
	file("cg/app/cpu.cfs_quota_us", "100000\n");
	file("cg/app/cpu.cfs_period_us", "100000\n");
	file("cg/app/cpuacct.usage", "900000000000\n");
	create();
	look(SECOND);
	file("cg/app/cpuacct.usage", "900900000000\n");
	near(look(2 * SECOND).cpu, 0.9);
	file("cg/app/cpuacct.usage", "0\n");
	near(look(3 * SECOND).cpu, 0.9);
	file("cg/app/cpuacct.usage", "100000000\n");
	near(look(4 * SECOND).cpu, 0.1);
	tayra_sensor_destroy(&sensor);

	machine("0::/\n", "");
	create();
	half_busy();
	near(look(SECOND).cpu, 0.5);
	file("proc/stat", "cpu 10 0 0 10\n");
	near(look(2 * SECOND).cpu, 0.5);
	file("proc/stat", "cpu 11 0 0 19\n");
	near(look(3 * SECOND).cpu, 0.1);
}

/* The kernel counts time back that waited for I/O. */
static void
nobody_is_more_than_busy(void **state)
{
	machine("0::/\n", "");
	file("proc/stat", "cpu 100 0 0 100 50\n");
	create();
	file("proc/stat", "cpu 110 0 0 100 45\n");
	near(look(SECOND).cpu, 1);
}

static void
hostile_files_are_no_limit(void **state)
{
	struct tayra_pressure pressure;

	machine("0::/app\n4:memory:/../..\n", V2_MOUNT "35 31 0:32 / /cg/memory rw - cgroup c "
						       "rw,memory\n");
	file("cg/app/cpu.max", "0 0\n");
	file("cg/app/cpu.stat", "usage_usec 99999999999999999999\n");
	file("cg/app/memory.max", "-5\n");
	file("cg/app/memory.current", "x\n");
	file("cg/memory/memory.limit_in_bytes", "0\n");
	file("cg/memory/memory.usage_in_bytes", "");
	create();
	half_busy();
	pressure = look(SECOND);
	near(pressure.cpu, 0.5);
	near(pressure.memory, 0.9);
}

static void
a_limit_of_nothing_is_full(void **state)
{
	machine("0::/app\n", V2_MOUNT);
	file("cg/app/memory.max", "0\n");
	file("cg/app/memory.current", "0\n");
	create();
	near(look(SECOND).memory, 1);
}

static void
without_groups_the_machine_counts_and_without_proc_nothing(void **state)
{
	struct tayra_sensor_options options = TAYRA_SENSOR_OPTIONS_INIT;
	char path[128];

	machine("", "");
	create();
	near(look(SECOND).memory, 0.9);
	tayra_sensor_destroy(&sensor);
	options.proc = proc;
	snprintf(path, sizeof(path), "%s/stat", proc);
	unlink(path);
	assert_int_equal(tayra_sensor_create(&options, &sensor), TAYRA_E_IO);
	assert_null(sensor.ctx);
	options.size = 1;
	assert_int_equal(tayra_sensor_create(&options, &sensor), TAYRA_E_INVAL);
}

static void
this_machine_can_be_read(void **state)
{
	struct tayra_pressure pressure;
	int status = tayra_sensor_create(NULL, &sensor);

	if (status == TAYRA_E_IO)
		skip();
	assert_int_equal(status, TAYRA_OK);
	pressure = look(SECOND);
	assert_true(pressure.memory > 0 && pressure.memory <= 1);
	assert_true(isnan(pressure.cpu) || (pressure.cpu >= 0 && pressure.cpu <= 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version_2_limits_are_what_shares_are_of, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			stalls_are_those_of_the_group_and_else_of_the_machine, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_limit_the_machine_counts, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(limits_beyond_the_machine_are_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(memory_high_counts_where_it_is_lower, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_group_above_may_be_the_one_that_is_full, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_old_and_the_hybrid_layout_are_understood,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_limit_that_comes_and_goes_is_followed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			readings_close_together_and_a_clock_that_goes_back_repeat_the_last, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(counts_that_go_back_are_begun_anew, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nobody_is_more_than_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_files_are_no_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_limit_of_nothing_is_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_groups_the_machine_counts_and_without_proc_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(this_machine_can_be_read, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
