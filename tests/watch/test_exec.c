/* SPDX-License-Identifier: Apache-2.0
 *
 * Real programs, told of alerts; only the time in which they are started and killed is ours.
 */
#include "watch/exec.h"

#include <tayra/base.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch/alert.h"
#include "watch/reading.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define S TAYRA_NS_PER_S

static struct {
	struct tayra__registry *registry;
	struct tayra__exec *exec;
	struct tayra__alert_action action;
	uint64_t now_ns;
	char folder[64], script[96], heard[96];
} stage;

static int
set_up(void **state)
{
	memset(&stage, 0, sizeof(stage));
	stage.now_ns = 1000 * S;
	snprintf(stage.folder, sizeof(stage.folder), "/tmp/test_exec.XXXXXX");
	assert_non_null(mkdtemp(stage.folder));
	snprintf(stage.script, sizeof(stage.script), "%s/script", stage.folder);
	snprintf(stage.heard, sizeof(stage.heard), "%s/heard", stage.folder);
	return tayra__registry_create(&stage.registry);
}

static int
tear_down(void **state)
{
	tayra__registry_destroy(stage.registry);
	tayra__exec_destroy(stage.exec);
	unlink(stage.script);
	unlink(stage.heard);
	assert_int_equal(rmdir(stage.folder), 0);
	return 0;
}

/* $1 is the file to write to. */
static void
run(const char *script)
{
	static const char *argv[3];
	struct tayra__exec_options options = { .name = "me", .argv = argv };
	FILE *file = fopen(stage.script, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fclose(file);
	assert_int_equal(chmod(stage.script, 0700), 0);
	argv[0] = stage.script;
	argv[1] = stage.heard;
	assert_int_equal(tayra__exec_create(stage.registry, &options, &stage.exec), TAYRA_OK);
	stage.action = tayra__exec_action(stage.exec);
}

static void
say(const char *text)
{
	stage.action.send(stage.action.ctx, text, strlen(text), stage.now_ns);
}

static double
metric(const char *name)
{
	struct tayra__reading reading = { .metric = name };

	tayra__readings_take(stage.registry, &reading, 1);
	return reading.value;
}

static size_t
heard(char *text, size_t size)
{
	FILE *file = fopen(stage.heard, "r");
	size_t len = file ? fread(text, 1, size - 1, file) : 0;

	if (file)
		fclose(file);
	text[len] = '\0';
	return len;
}

/* Tick, at a standstill of our time, until the file holds that much; within 10 s. */
static void
wait_until_heard(size_t len)
{
	char text[8192];

	for (int i = 0; i < 2000 && heard(text, sizeof(text)) < len; i++)
		usleep(5000);
	assert_true(heard(text, sizeof(text)) >= len);
}

/* No child of ours is left, running or dead. */
static bool
no_child(void)
{
	siginfo_t info = { 0 };

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

static void
wait_until_no_child(void)
{
	for (int i = 0; i < 2000 && !no_child(); i++) {
		usleep(5000);
		stage.action.tick(stage.action.ctx, stage.now_ns);
	}
	assert_true(no_child());
}

/* Dead, or waiting for whoever inherits orphans to reap it; within 10 s. */
static bool
dies(pid_t pid)
{
	char path[64], stat[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 2000; i++) {
		FILE *file = fopen(path, "r");
		bool dead = !file || !fgets(stat, sizeof(stat), file) || strstr(stat, ") Z");

		if (file)
			fclose(file);
		if (dead)
			return true;
		usleep(5000);
	}
	return false;
}

static void
the_program_reads_the_json(void **state)
{
	char text[8192];

	run("cat >\"$1\"; echo noise");
	say("{\"alert\":\"$(x) `y` ; z\"}\n");
	wait_until_no_child();
	heard(text, sizeof(text));
	assert_string_equal(text, "{\"alert\":\"$(x) `y` ; z\"}\n");
	assert_true(metric("tayra_alert_exec_started") == 1);
	assert_true(metric("tayra_alert_exec_failed") == 0);
}

static void
the_longest_json_arrives_whole(void **state)
{
	char json[TAYRA__ALERT_JSON_MAX + 2], text[8192];

	run("cat >\"$1\"");
	memset(json, 'x', sizeof(json));
	json[TAYRA__ALERT_JSON_MAX] = '\0';
	say(json);
	wait_until_no_child();
	assert_int_equal(heard(text, sizeof(text)), TAYRA__ALERT_JSON_MAX);
	json[TAYRA__ALERT_JSON_MAX] = 'x';
	json[TAYRA__ALERT_JSON_MAX + 1] = '\0';
	say(json);
	assert_true(metric("tayra_alert_exec_dropped") == 1);
}

/* Nobody reads the pipe: without care that is a SIGPIPE for us. */
static void
a_program_that_reads_nothing_does_no_harm(void **state)
{
	run("exec <&-; exit 3");
	say("{}\n");
	wait_until_no_child();
	assert_true(metric("tayra_alert_exec_failed") == 1);
}

/* It hangs, with a child of its own that hangs too. */
static void
a_program_that_hangs_is_killed_with_its_children(void **state)
{
	char text[64];
	pid_t child;

	run("trap '' TERM INT; sleep 1000 & echo $! >\"$1\"; wait; wait; sleep 1000");
	say("{}\n");
	wait_until_heard(2);
	heard(text, sizeof(text));
	child = (pid_t)strtol(text, NULL, 10);
	assert_int_equal(kill(child, 0), 0);
	stage.now_ns += 10 * S - 1;
	stage.action.tick(stage.action.ctx, stage.now_ns);
	assert_true(metric("tayra_alert_exec_killed") == 0);
	stage.now_ns++;
	stage.action.tick(stage.action.ctx, stage.now_ns);
	assert_true(metric("tayra_alert_exec_killed") == 1);
	wait_until_no_child();
	assert_true(dies(child));
	assert_true(metric("tayra_alert_exec_failed") == 0); /* killed, not failed */
}

static void
what_a_program_leaves_running_is_killed(void **state)
{
	char text[64];
	pid_t child;

	run("sleep 1000 & echo $! >\"$1\"");
	say("{}\n");
	wait_until_no_child();
	heard(text, sizeof(text));
	child = (pid_t)strtol(text, NULL, 10);
	assert_true(dies(child));
}

static void
a_storm_starts_one_at_a_time_and_drops_the_oldest(void **state)
{
	char text[8192], line[32];

	run("cat >>\"$1\"");
	for (int i = 0; i < 30; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		say(line);
	}
	assert_true(metric("tayra_alert_exec_started") == 1);
	assert_true(metric("tayra_alert_exec_dropped") == 30 - 1 - 16);
	wait_until_no_child();
	stage.action.tick(stage.action.ctx, stage.now_ns);
	assert_true(metric("tayra_alert_exec_started") == 1); /* not within the second */
	for (int i = 0; i < 20; i++) {
		stage.now_ns += S;
		stage.action.tick(stage.action.ctx, stage.now_ns);
		wait_until_no_child();
	}
	assert_true(metric("tayra_alert_exec_started") == 17);
	heard(text, sizeof(text));
	assert_string_equal(text, "0\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n"
				  "29\n");
}

static void
the_program_inherits_no_file(void **state)
{
	char text[8192];
	int file = open("/dev/null", O_RDONLY); /* not close-on-exec */

	run("{ ls /proc/self/fd | wc -w; } >\"$1\"");
	say("{}\n");
	wait_until_no_child();
	heard(text, sizeof(text));
	assert_string_equal(text, "4\n"); /* 0, 1, 2 and the folder ls reads */
	close(file);
}

/* Not with a shell: some clear the mask themselves. */
static void
the_program_inherits_no_signal_mask(void **state)
{
	const char *const argv[] = { "/bin/cp", "/proc/self/status", stage.heard, NULL };
	const struct tayra__exec_options options = { .name = "me", .argv = argv };
	char text[8192];
	sigset_t all, before;

	assert_int_equal(tayra__exec_create(stage.registry, &options, &stage.exec), TAYRA_OK);
	stage.action = tayra__exec_action(stage.exec);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	say("{}\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
	wait_until_no_child();
	heard(text, sizeof(text));
	assert_non_null(strstr(text, "\nSigBlk:\t0000000000000000\n"));
}

static void
a_program_that_is_not_there_is_counted(void **state)
{
	run("");
	unlink(stage.script);
	say("{}\n");
	assert_true(metric("tayra_alert_exec_failed") == 1);
	assert_true(metric("tayra_alert_exec_started") == 0);
	assert_true(no_child());
}

static void
destroying_kills_what_runs(void **state)
{
	run("echo up >\"$1\"; sleep 1000");
	say("{}\n");
	wait_until_heard(2);
	tayra__registry_destroy(stage.registry);
	tayra__exec_destroy(stage.exec);
	stage.registry = NULL;
	stage.exec = NULL;
	assert_true(no_child());
}

static void
a_name_without_a_path_is_refused(void **state)
{
	const char *const argv[] = { "sh", "-c", "true", NULL }, *const none[] = { NULL };
	struct tayra__exec_options options = { .name = "me", .argv = argv };
	struct tayra__exec *exec = (void *)1;

	assert_int_equal(tayra__exec_create(stage.registry, &options, &exec), TAYRA_E_INVAL);
	assert_null(exec);
	options.argv = none;
	assert_int_equal(tayra__exec_create(stage.registry, &options, &exec), TAYRA_E_INVAL);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(the_program_reads_the_json),
		test(the_longest_json_arrives_whole),
		test(a_program_that_reads_nothing_does_no_harm),
		test(a_program_that_hangs_is_killed_with_its_children),
		test(what_a_program_leaves_running_is_killed),
		test(a_storm_starts_one_at_a_time_and_drops_the_oldest),
		test(the_program_inherits_no_file),
		test(the_program_inherits_no_signal_mask),
		test(a_program_that_is_not_there_is_counted),
		test(destroying_kills_what_runs),
		test(a_name_without_a_path_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
