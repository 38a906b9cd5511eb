/* SPDX-License-Identifier: Apache-2.0
 *
 * Pressure stall information: text, triggers that the kernel takes or refuses, and this kernel's.
 */
#include "pace/psi.h"

#include <tayra/base.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SECOND TAYRA_NS_PER_S
#define MS     TAYRA_NS_PER_MS

static const char *const names[TAYRA__PSI_KINDS] = { "cpu", "memory", "io" };

/* A kernel of the test's: real files, but what opening, writing and polling answer is told. */
static struct {
	int open_errno;  /* of reading and writing; 0: it may */
	int write_errno; /* of a trigger */
	char written[TAYRA__PSI_KINDS][64];
	size_t written_len[TAYRA__PSI_KINDS];
	int writes, polls;
	short revents; /* of memory's */
	bool kernels;
} world;

static char root[] = "/tmp/tayra-psi.XXXXXX";
static int folder;
static struct tayra__psi psi;

static int
open_told(int at, const char *name, int flags)
{
	if (world.open_errno && (flags & O_ACCMODE) == O_RDWR) {
		errno = world.open_errno;
		return -1;
	}
	return openat(at, name, flags);
}

static ssize_t
write_told(int fd, const void *bytes, size_t len)
{
	int n = world.writes++;

	if (world.write_errno) {
		errno = world.write_errno;
		return -1;
	}
	assert_true(n < TAYRA__PSI_KINDS && len < sizeof(world.written[0]));
	memcpy(world.written[n], bytes, len);
	world.written_len[n] = len;
	return (ssize_t)len;
}

static int
poll_told(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	world.polls++;
	assert_int_equal(count, TAYRA__PSI_KINDS);
	assert_int_equal(timeout_ms, 0);
	assert_int_equal(fds[TAYRA__PSI_CPU].fd, -1);
	fds[TAYRA__PSI_MEMORY].revents = world.revents;
	return world.revents != 0;
}

static bool
is_kernels(int fd)
{
	return world.kernels;
}

static const struct tayra__psi_calls calls = { open_told, write_told, poll_told, is_kernels };

static void
put(const char *name, unsigned long long some_us, unsigned long long full_us)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"some avg10=12.50 avg60=1.00 avg300=0.00 total=%llu\n"
		"full avg10=25.00 avg60=1.00 avg300=0.00 total=%llu\n",
		some_us, full_us);
	fclose(file);
}

static int
setup(void **state)
{
	memset(&world, 0, sizeof(world));
	world.kernels = true;
	tayra__psi_open(&psi, -1, names, &calls);
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	if (!mkdtemp(root))
		return -1;
	folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < TAYRA__PSI_KINDS; i++)
		put(names[i], 1000000, 500000);
	return 0;
}

static int
teardown(void **state)
{
	tayra__psi_close(&psi);
	for (int i = 0; i < TAYRA__PSI_KINDS; i++)
		unlinkat(folder, names[i], 0);
	close(folder);
	return rmdir(root);
}

static double
look(uint64_t now_ns, enum tayra__psi_kind kind)
{
	double shares[TAYRA__PSI_KINDS];

	tayra__psi_read(&psi, now_ns, shares);
	return shares[kind];
}

static void
is_near(double is, double should)
{
	if (!(fabs(is - should) < 1e-9))
		fail_msg("%g should be %g", is, should);
}

static void
a_line_is_read_whole_or_not(void **state)
{
	static const char *const wrong[] = {
		"",
		"some",
		"some avg10=1.00",
		"some total=5\n",
		"some avg10=x avg60=0 total=5\n",
		"some avg10=-1.00 total=5\n",
		"some avg10=1.00 total=-5\n",
		"some avg10=1.00 total=99999999999999999999\n",
		"some avg10=nan total=5\n",
		"some avg10=101 total=5\n",
		"something avg10=1.00 total=5\n",
		"some avg10=0.00000000000000000000000000000000001 total=5\n",
	};
	const char *text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
			   "full avg10=99.90 avg60=0.00 avg300=0.00 total=242457179";
	struct tayra__psi_line line = { 7, 7 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(tayra__psi_parse(wrong[i], strlen(wrong[i]), "some", &line),
				 TAYRA_E_CORRUPT);
		assert_int_equal(line.total_us, 7);
	}
	assert_int_equal(tayra__psi_parse(text, strlen(text), "full", &line), TAYRA_OK);
	is_near(line.avg10, 0.999);
	assert_int_equal(line.total_us, 242457179);
}

static void
the_kernel_is_asked_with_the_terminating_zero_and_a_window_that_all_may_have(void **state)
{
	tayra__psi_open(&psi, folder, names, &calls);
	assert_int_equal(world.writes, 2); /* none for processors */
	assert_string_equal(world.written[0], "some 200000 2000000");
	assert_string_equal(world.written[1], "full 400000 2000000");
	for (int i = 0; i < 2; i++)
		assert_int_equal(world.written_len[i], strlen(world.written[i]) + 1);
}

static void
nothing_is_written_to_a_file_that_is_not_the_kernels(void **state)
{
	world.kernels = false;
	tayra__psi_open(&psi, folder, names, &calls);
	assert_int_equal(world.writes, 0);
	is_near(look(SECOND, TAYRA__PSI_MEMORY), 0.125);
}

static void
the_first_share_is_of_ten_seconds_and_later_ones_since_the_last(void **state)
{
	world.kernels = false;
	tayra__psi_open(&psi, folder, names, &calls);
	is_near(look(10 * SECOND, TAYRA__PSI_IO), 0.25); /* full */
	put("io", 9000000, 600000);
	put("memory", 1050000, 500000);
	is_near(look(10 * SECOND + 10 * MS, TAYRA__PSI_IO), 0.25); /* too soon */
	is_near(look(10 * SECOND + 500 * MS, TAYRA__PSI_IO), 0.2);
	is_near(look(10 * SECOND + 500 * MS, TAYRA__PSI_MEMORY), 0.1);
	put("io", 9000000, 5600000);
	is_near(look(11 * SECOND, TAYRA__PSI_IO), 1); /* never more */
	put("io", 0, 0);                              /* another counter: begin again */
	is_near(look(12 * SECOND, TAYRA__PSI_IO), 0.25);
}

static void
while_no_trigger_fires_files_are_read_every_two_seconds(void **state)
{
	tayra__psi_open(&psi, folder, names, &calls);
	look(10 * SECOND, TAYRA__PSI_MEMORY);
	put("memory", 1400000, 500000);
	is_near(look(11 * SECOND, TAYRA__PSI_MEMORY), 0.125); /* not read again */
	is_near(look(12 * SECOND, TAYRA__PSI_MEMORY), 0.2);
	put("memory", 1500000, 500000);
	world.revents = POLLPRI;
	is_near(look(12 * SECOND + 250 * MS, TAYRA__PSI_MEMORY), 0.4);
	world.revents = 0;
	put("memory", 1600000, 500000); /* and for ten seconds at each reading */
	is_near(look(12 * SECOND + 500 * MS, TAYRA__PSI_MEMORY), 0.4);
	look(23 * SECOND, TAYRA__PSI_MEMORY);
	put("memory", 9600000, 500000);
	is_near(look(24 * SECOND, TAYRA__PSI_MEMORY), 0); /* calm again */
	assert_int_equal(world.polls, 7);
}

static void
a_trigger_whose_group_is_gone_is_only_read(void **state)
{
	tayra__psi_open(&psi, folder, names, &calls);
	look(10 * SECOND, TAYRA__PSI_MEMORY);
	put("memory", 1400000, 500000);
	world.revents = POLLERR | POLLPRI;
	is_near(look(11 * SECOND, TAYRA__PSI_MEMORY), 0.4);
	world.revents = 0;
	put("memory", 1500000, 500000);
	is_near(look(12 * SECOND, TAYRA__PSI_MEMORY), 0.1);
}

static void
where_triggers_are_refused_files_are_read_each_time(void **state)
{
	static const int refusals[] = { EINVAL, EPERM, EBUSY, EOPNOTSUPP };

	for (size_t i = 0; i < 2 * sizeof(refusals) / sizeof(refusals[0]); i++) {
		memset(&world, 0, sizeof(world));
		world.kernels = true;
		if (i % 2)
			world.open_errno = refusals[i / 2];
		else
			world.write_errno = refusals[i / 2];
		put("memory", 1000000, 0);
		tayra__psi_open(&psi, folder, names, &calls);
		is_near(look(10 * SECOND, TAYRA__PSI_MEMORY), 0.125);
		put("memory", 1100000, 0);
		is_near(look(11 * SECOND, TAYRA__PSI_MEMORY), 0.1);
		assert_int_equal(world.polls, 0);
		tayra__psi_close(&psi);
	}
}

static void
what_is_not_there_is_not_known(void **state)
{
	tayra__psi_open(&psi, -1, names, &calls);
	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++)
		assert_true(isnan(look(SECOND, (enum tayra__psi_kind)kind)));
	unlinkat(folder, "io", 0);
	tayra__psi_close(&psi);
	tayra__psi_open(&psi, folder, names, &calls);
	assert_true(isnan(look(SECOND, TAYRA__PSI_IO)));
	is_near(look(SECOND, TAYRA__PSI_MEMORY), 0.125);
}

static void
this_kernel_takes_triggers_or_is_read(void **state)
{
	int real = open("/proc/pressure", O_PATH | O_DIRECTORY | O_CLOEXEC);

	tayra__psi_open(&psi, real, names, NULL);
	if (real < 0 || psi.sources[TAYRA__PSI_MEMORY].fd < 0) {
		print_message("# no pressure stall information here\n");
		skip();
	}
	close(real);
	print_message("# triggers: %s\n", psi.sources[TAYRA__PSI_MEMORY].triggers ? "yes" : "no");
	for (int kind = 0; kind < TAYRA__PSI_KINDS; kind++) {
		double share = look(SECOND, (enum tayra__psi_kind)kind);

		assert_true(share >= 0 && share <= 1);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_read_whole_or_not),
		TEST(the_kernel_is_asked_with_the_terminating_zero_and_a_window_that_all_may_have),
		TEST(nothing_is_written_to_a_file_that_is_not_the_kernels),
		TEST(the_first_share_is_of_ten_seconds_and_later_ones_since_the_last),
		TEST(while_no_trigger_fires_files_are_read_every_two_seconds),
		TEST(a_trigger_whose_group_is_gone_is_only_read),
		TEST(where_triggers_are_refused_files_are_read_each_time),
		TEST(what_is_not_there_is_not_known),
		TEST(this_kernel_takes_triggers_or_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
