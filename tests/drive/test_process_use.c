/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/process_use.h"

#include <tayra/base.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"

#define TAIL " 20 0 1 0 99 1000000 "

static void
a_line_is_read_whatever_the_name_is(void **state)
{
	struct tayra__process_stat stat;

	(void)state;
	assert_true(tayra__process_stat_parse(
		"42 (a) R 1 (x\n)) S 7 42 42 0 -1 4194560 1 2 3 4 30 12 5 6" TAIL "250 18446",
		&stat));
	assert_int_equal(stat.pid, 42);
	assert_int_equal(stat.parent, 7);
	assert_int_equal(stat.own_ticks, 42);
	assert_int_equal(stat.children_ticks, 11);
	assert_int_equal(stat.rss_pages, 250);
}

static void
what_is_no_such_line_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"42",
		"42 (a",
		"(a) S 7 42 42 0 -1 4194560 1 2 3 4 30 12 5 6" TAIL "250",
		"42 (a) S 7 42 42 0 -1 4194560 1 2 3 4 30 12 5 6" TAIL,
		"42 (a) S 7 42 42 0 -1 4194560 1 2 3 4 30 12 5 6" TAIL "-250",
		"42 (a) S 7 42 42 0 -1 4194560 1 2 3 4 -1 12 5 6" TAIL "250",
		"0 (a) S 7 42 42 0 -1 4194560 1 2 3 4 30 12 5 6" TAIL "250",
		"42 (a) S 7 42 42 0 -1 4194560 1 2 3 4 30 12 -5 6" TAIL "250",
	};
	struct tayra__process_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(tayra__process_stat_parse(lines[i], &stat));
}

/* A /proc of our own. */
struct fake {
	char folder[64];
};

static void
enter(const struct fake *fake, int pid, int parent, int ticks, int children, int pages)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%d", fake->folder, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%d/stat", fake->folder, pid);
	out = fopen(path, "we");
	assert_non_null(out);
	fprintf(out, "%d (fake) S %d 1 1 0 -1 0 0 0 0 0 %d 0 %d 0" TAIL "%d\n", pid, parent, ticks,
		children, pages);
	fclose(out);
}

static int
make(void **state)
{
	static struct fake fake;

	snprintf(fake.folder, sizeof(fake.folder), "/tmp/tayra-proc-XXXXXX");
	assert_non_null(mkdtemp(fake.folder));
	enter(&fake, 1, 0, 1000, 0, 1);
	enter(&fake, 30, 1, 5, 2, 10);
	enter(&fake, 40, 30, 7, 0, 20);
	/* A grandchild from after the pids began anew. */
	enter(&fake, 20, 40, 11, 0, 40);
	enter(&fake, 50, 1, 500, 0, 80);
	*state = &fake;
	return 0;
}

static int
clear(void **state)
{
	static const int pids[] = { 1, 20, 30, 40, 50 };
	struct fake *fake = *state;
	char path[128];

	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%d/stat", fake->folder, pids[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%d", fake->folder, pids[i]);
		rmdir(path);
	}
	return rmdir(fake->folder);
}

static uint64_t
ticks_ns(uint64_t ticks)
{
	return ticks * (TAYRA_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void
a_tree_is_all_that_descend_and_no_others(void **state)
{
	const struct fake *fake = *state;
	struct tayra__process_use use;
	const pid_t root = 30;

	assert_int_equal(tayra__process_use_read(fake->folder, &root, 1, TAYRA__PROCESS_TREE, &use),
			 TAYRA_OK);
	assert_int_equal(use.processes, 3);
	assert_int_equal(use.cpu_ns, ticks_ns(5 + 2 + 7 + 11));
	assert_int_equal(use.rss_bytes, 70 * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void
given_ones_alone_are_just_those(void **state)
{
	const struct fake *fake = *state;
	const pid_t pids[] = { 30, 50, 77 };
	struct tayra__process_use use;

	assert_int_equal(tayra__process_use_read(fake->folder, pids, 3, TAYRA__PROCESS_ALONE, &use),
			 TAYRA_OK);
	assert_int_equal(use.processes, 2);
	assert_int_equal(use.cpu_ns, ticks_ns(505));
	assert_int_equal(use.rss_bytes, 90 * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void
who_is_not_there_is_said_to_be_missing(void **state)
{
	const struct fake *fake = *state;
	struct tayra__process_use use;
	const pid_t none = 77;

	assert_int_equal(
		tayra__process_use_read(fake->folder, &none, 1, TAYRA__PROCESS_ALONE, &use),
		TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra__process_use_read(fake->folder, &none, 1, TAYRA__PROCESS_TREE, &use),
			 TAYRA_E_NOT_FOUND);
	assert_int_equal(
		tayra__process_use_read("/nowhere/at/all", &none, 1, TAYRA__PROCESS_TREE, &use),
		TAYRA_E_IO);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__process_use_read(fake->folder, &none, 1, TAYRA__PROCESS_TREE, &use),
			 TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_int_equal(use.processes, 0);
}

/* A real child that lives, and one that burnt a little and was waited for. */
static void
our_own_tree_is_found_in_the_real_proc(void **state)
{
	struct tayra__process_use alone, tree;
	const pid_t us = getpid();
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(tayra__process_use_read("/proc", &us, 1, TAYRA__PROCESS_ALONE, &alone),
			 TAYRA_OK);
	assert_int_equal(tayra__process_use_read("/proc", &us, 1, TAYRA__PROCESS_TREE, &tree),
			 TAYRA_OK);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(alone.processes, 1);
	assert_int_equal(tree.processes, 2);
	assert_true(alone.rss_bytes > 100000 && tree.rss_bytes > alone.rss_bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_whatever_the_name_is),
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test_setup_teardown(a_tree_is_all_that_descend_and_no_others, make,
						clear),
		cmocka_unit_test_setup_teardown(given_ones_alone_are_just_those, make, clear),
		cmocka_unit_test_setup_teardown(who_is_not_there_is_said_to_be_missing, make,
						clear),
		cmocka_unit_test(our_own_tree_is_found_in_the_real_proc),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
