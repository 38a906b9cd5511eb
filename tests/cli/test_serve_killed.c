/* SPDX-License-Identifier: Apache-2.0
 *
 * `tayra serve --tier file:..` is killed with SIGKILL while two clients write, and started again on
 * the same directory, 5 times, 50 with TAYRA_LONG=1.  The argument is the program.
 *
 * Every value carries its key and a version.  Each key has one writer, whose versions grow; a DEL
 * has one too.  `acked` is the last version that was answered before the kill, `sent` the last that
 * was sent.  What is served is right when it is the key's own, of a version from acked to sent, and
 * newer than acked if that was a DEL; nothing is right too, and counted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"

#define KEYS       400
#define WRITERS    2
#define PAD_MAX    40000 /* bytes of a value; RAM holds about a third of all */
#define PATIENCE_S 60

static const char *program;

struct state {
	uint64_t acked, sent;
	bool acked_del, sent_del;
};

static struct {
	char folder[64];
	pid_t pid;
	uint16_t port;
	struct state keys[KEYS];
	uint64_t writes[WRITERS];
	uint64_t checked, wrong, kept, lost;
} scene;

static void
exec_server(int out)
{
	char tier[128];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	snprintf(tier, sizeof(tier), "file:%s/tier,limit=256M", scene.folder);
	execl(program, program, "serve", "--listen", "127.0.0.1:0", "--memory", "8M", "--admin",
	      "off", "--tier", tier, (char *)NULL);
	_exit(127);
}

static void
start_server(void)
{
	char line[512], *at;
	int out[2];
	FILE *file;

	assert_int_equal(pipe(out), 0);
	scene.pid = fork();
	if (scene.pid == 0)
		exec_server(out[1]);
	close(out[1]);
	file = fdopen(out[0], "r");
	assert_non_null(file);
	if (!fgets(line, sizeof(line), file))
		fail_msg("the server does not start");
	fclose(file);
	at = strstr(line, " on 127.0.0.1:");
	assert_non_null(at);
	scene.port = (uint16_t)strtoul(at + strlen(" on 127.0.0.1:"), NULL, 10);
}

static void
kill_server(void)
{
	kill(scene.pid, SIGKILL);
	assert_int_equal(waitpid(scene.pid, NULL, 0), scene.pid);
}

static FILE *
connect_to_server(void)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(scene.port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		return NULL;
	}
	return fdopen(fd, "r+");
}

/* "key:12 345 xxxx": returns its length. */
static size_t
make_value(char *out, int key, uint64_t version, size_t pad)
{
	int head = snprintf(out, 64, "key:%d %llu ", key, (unsigned long long)version);

	memset(out + head, 'x', pad);
	out[(size_t)head + pad] = '\0';
	return (size_t)head + pad;
}

/* => false: the server is gone. */
static bool
change(FILE *file, int key, bool del, size_t pad)
{
	struct state *state = &scene.keys[key];
	static _Thread_local char value[PAD_MAX + 64];
	char reply[64];
	size_t len;

	state->sent++;
	state->sent_del = del;
	len = make_value(value, key, state->sent, pad);
	if (del)
		fprintf(file, "DEL key:%d\r\n", key);
	else
		fprintf(file, "*3\r\n$3\r\nSET\r\n$%d\r\nkey:%d\r\n$%zu\r\n%s\r\n",
			snprintf(reply, sizeof(reply), "key:%d", key), key, len, value);
	if (fflush(file) != 0 || !fgets(reply, sizeof(reply), file))
		return false;
	if (reply[0] == '-')
		fail_msg("%s", reply);
	state->acked = state->sent;
	state->acked_del = del;
	return true;
}

/* Changes its own keys until the server is gone. */
static void *
write_on(void *arg)
{
	size_t number = (size_t)(uintptr_t)arg;
	struct tayra__rng rng;
	FILE *file = connect_to_server();

	tayra__rng_init(&rng, number + scene.writes[number] + 1);
	while (file) {
		int key = (int)(tayra__rng_below(&rng, KEYS / WRITERS) * WRITERS + number);
		bool del = tayra__rng_below(&rng, 8) == 0;

		if (!change(file, key, del, tayra__rng_below(&rng, PAD_MAX)))
			break;
		scene.writes[number]++;
	}
	if (file)
		fclose(file);
	return NULL;
}

/* The version of what is served, 0: nothing. */
static uint64_t
served(FILE *file, int key)
{
	static char value[PAD_MAX + 128];
	unsigned long long version = 0;
	char line[64];
	long len;
	int whose = -1;

	fprintf(file, "GET key:%d\r\n", key);
	fflush(file);
	if (!fgets(line, sizeof(line), file) || line[0] != '$')
		fail_msg("GET was answered with '%s'", line);
	len = strtol(line + 1, NULL, 10);
	if (len < 0)
		return 0;
	assert_int_equal(fread(value, 1, (size_t)len + 2, file), len + 2);
	value[len] = '\0';
	if (sscanf(value, "key:%d %llu ", &whose, &version) != 2 || whose != key)
		fail_msg("key:%d has '%.40s'", key, value);
	for (char *x = strrchr(value, ' ') + 1; *x; x++)
		assert_int_equal(*x, 'x');
	return version;
}

static void
check(FILE *file, int key)
{
	struct state *state = &scene.keys[key];
	uint64_t version = served(file, key);

	scene.checked++;
	if (version == 0) {
		scene.lost += !state->acked_del && !state->sent_del && state->acked > 0;
		return;
	}
	scene.kept++;
	if (version < state->acked || version > state->sent ||
	    (state->acked_del && version == state->acked)) {
		print_error("key:%d is served at version %llu; acked %llu%s, sent %llu%s\n", key,
			    (unsigned long long)version, (unsigned long long)state->acked,
			    state->acked_del ? " (DEL)" : "", (unsigned long long)state->sent,
			    state->sent_del ? " (DEL)" : "");
		scene.wrong++;
	}
	state->acked = version;
	state->acked_del = false;
}

static void
run_round(int round)
{
	pthread_t writers[WRITERS];
	FILE *file;

	for (size_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, write_on, (void *)i), 0);
	usleep((useconds_t)(30000 + round * 7919 % 120000));
	kill_server();
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	start_server();
	file = connect_to_server();
	assert_non_null(file);
	for (int key = 0; key < KEYS; key++)
		check(file, key);
	fclose(file);
}

static void
what_is_served_after_a_kill_is_never_older_than_what_was_answered(void **state)
{
	int rounds = getenv("TAYRA_LONG") ? 50 : 5;
	pid_t child;

	snprintf(scene.folder, sizeof(scene.folder), "/tmp/test_serve_killed.XXXXXX");
	assert_non_null(mkdtemp(scene.folder));
	start_server();
	for (int round = 0; round < rounds; round++)
		run_round(round);
	kill_server();
	child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", scene.folder, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	print_message("# killed %d times in %llu writes: %llu keys asked for, %llu served, %llu "
		      "wrong, %llu lost\n",
		      rounds, (unsigned long long)(scene.writes[0] + scene.writes[1]),
		      (unsigned long long)scene.checked, (unsigned long long)scene.kept,
		      (unsigned long long)scene.wrong, (unsigned long long)scene.lost);
	assert_int_equal(scene.wrong, 0);
	/* The limit is far: a kill alone loses nothing that was answered. */
	assert_int_equal(scene.lost, 0);
	assert_true(scene.kept > 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_served_after_a_kill_is_never_older_than_what_was_answered),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
