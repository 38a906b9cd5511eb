/* SPDX-License-Identifier: Apache-2.0
 *
 * A server that was started again has nothing in RAM: whatever it knows comes from its directory.
 */
#include "client.h"
#include "net/redis.h"

#include <stdatomic.h>
#include <sys/wait.h>

#include <tayra/tayra.h>

#include "serve/route.h"

static struct running running;
static char folder[64], tier[96];

static struct tayra__server_options
options(void)
{
	return (struct tayra__server_options){ .memory_bytes = 8u << 20,
					       .file_tier = tier,
					       .file_tier_bytes = 256u << 20 };
}

static int
set_up(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/test_tiers.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(tier, sizeof(tier), "%s/tier", folder);
	client_start(&running, options());
	return 0;
}

static int
tear_down(void **state)
{
	pid_t child;

	client_stop(&running);
	child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	return 0;
}

/* A client of the server after a restart. */
static int
restart(int fd)
{
	if (fd >= 0)
		close(fd);
	client_stop(&running);
	client_start(&running, options());
	return client_connect(&running);
}

static void
a_restarted_server_serves_what_it_had(void **state)
{
	int fd = client_connect(&running);

	client_say(fd, "MSET a 1 b 2 c 3", "+OK\r\n");
	client_say(fd, "SELECT 3", "+OK\r\n");
	client_say(fd, "SET a three", "+OK\r\n");
	fd = restart(fd);
	client_say(fd, "DBSIZE", ":0\r\n");
	client_say(fd, "MGET a b nothing c", "*4\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n$1\r\n3\r\n");
	client_say(fd, "DBSIZE", ":3\r\n");
	client_say(fd, "SELECT 3", "+OK\r\n");
	client_say(fd, "GET a", "$5\r\nthree\r\n");
	client_say(fd, "GET b", "$-1\r\n");
	close(fd);
}

static void
every_command_knows_what_is_below(void **state)
{
	static const struct {
		const char *before, *command, *reply;
	} cases[] = {
		{ "SET k 5", "INCR k", ":6\r\n" },
		{ "SET k 5", "INCRBYFLOAT k 1", "$1\r\n6\r\n" },
		{ "SET k 5", "APPEND k 6", ":2\r\n" },
		{ "SET k 5", "GETSET k 6", "$1\r\n5\r\n" },
		{ "SET k 5", "GETDEL k", "$1\r\n5\r\n" },
		{ "SET k 5", "GETEX k", "$1\r\n5\r\n" },
		{ "SET k 5", "SETNX k 6", ":0\r\n" },
		{ "SET k 5", "SET k 6 NX", "$-1\r\n" },
		{ "SET k 5", "SET k 6 XX", "+OK\r\n" },
		{ "SET k 5", "SET k 6 GET", "$1\r\n5\r\n" },
		{ "SET k 5", "MSETNX l 1 k 6", ":0\r\n" },
		{ "SET k 5", "EXISTS k l k", ":2\r\n" },
		{ "SET k 5", "DEL k l", ":1\r\n" },
		{ "SET k 5", "UNLINK k", ":1\r\n" },
		{ "SET k 5", "TYPE k", "+string\r\n" },
		{ "SET k 5", "TOUCH k", ":1\r\n" },
		{ "SET k 5", "STRLEN k", ":1\r\n" },
		{ "SET k 56", "GETRANGE k 1 1", "$1\r\n6\r\n" },
		{ "SET k 56", "SETRANGE k 1 7", ":2\r\n" },
		{ "SET k 5", "GETBIT k 2", ":1\r\n" },
		{ "SET k 5", "SETBIT k 7 0", ":1\r\n" },
		{ "SET k 5", "TTL k", ":-1\r\n" },
		{ "SET k 5", "EXPIRE k 100", ":1\r\n" },
		{ "SET k 5 EX 100", "PERSIST k", ":1\r\n" },
		{ "SET k 5", "RENAME k l", "+OK\r\n" },
		{ "DEL k", "INCR k", ":1\r\n" },
		{ "DEL k", "GET k", "$-1\r\n" },
		{ "DEL k", "SETNX k 1", ":1\r\n" },
	};
	int fd = client_connect(&running);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char any[16];

		client_send(fd, "FLUSHALL\r\nSET k 1\r\n", 19);
		client_expect(fd, "+OK\r\n+OK\r\n", 10);
		client_send(fd, cases[i].before, strlen(cases[i].before));
		client_send(fd, "\r\n", 2);
		assert_true(recv(fd, any, sizeof(any), 0) > 0);
		fd = restart(fd);
		client_say(fd, cases[i].command, cases[i].reply);
	}
	close(fd);
}

/* What a command leaves is what the next server finds. */
static void
what_is_changed_is_changed_below(void **state)
{
	int fd = client_connect(&running);

	client_say(fd, "MSET a 1 b 2 c 3 d 4 e 5", "+OK\r\n");
	client_say(fd, "INCR a", ":2\r\n");
	client_say(fd, "DEL b", ":1\r\n");
	client_say(fd, "EXPIRE c 1000", ":1\r\n");
	client_say(fd, "PEXPIRE d 1", ":1\r\n");
	client_say(fd, "RENAME e f", "+OK\r\n");
	client_say(fd, "SETBIT bits 7 1", ":0\r\n");
	client_say(fd, "SET gone 1 EX 1000", "+OK\r\n");
	client_say(fd, "PERSIST gone", ":1\r\n");
	usleep(2000);
	fd = restart(fd);
	client_say(fd, "MGET a b d e f bits",
		   "*6\r\n$1\r\n2\r\n$-1\r\n$-1\r\n$-1\r\n$1\r\n5\r\n$1\r\n\x01\r\n");
	client_say(fd, "GETRANGE c 0 -1", "$1\r\n3\r\n");
	client_say(fd, "EXISTS c", ":1\r\n");
	client_say(fd, "TTL gone", ":-1\r\n");
	client_send(fd, "TTL c\r\n", 7);
	{
		char text[16] = "";
		long ttl;

		assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
		ttl = strtol(text + 1, NULL, 10);
		assert_in_range(ttl, 900, 1000);
	}
	close(fd);
}

static void
flushing_flushes_below(void **state)
{
	int fd = client_connect(&running);

	client_say(fd, "SET a 1", "+OK\r\n");
	client_say(fd, "SELECT 1", "+OK\r\n");
	client_say(fd, "SET a 2", "+OK\r\n");
	client_say(fd, "FLUSHDB", "+OK\r\n");
	fd = restart(fd);
	client_say(fd, "GET a", "$1\r\n1\r\n");
	client_say(fd, "SELECT 1", "+OK\r\n");
	client_say(fd, "GET a", "$-1\r\n");
	client_say(fd, "FLUSHALL", "+OK\r\n");
	fd = restart(fd);
	client_say(fd, "GET a", "$-1\r\n");
	close(fd);
}

/* Twice as much as RAM has room for: nothing is lost, and numbers go on. */
/* More keys than a look at RAM can note at once, in one database of two. */
static void
long_names_are_flushed_too(void **state)
{
	char command[8192], name[4000];
	int fd = client_connect(&running);

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	client_say(fd, "SET k 0", "+OK\r\n");
	client_say(fd, "SELECT 1", "+OK\r\n");
	for (int i = 0; i < 660; i++) {
		snprintf(command, sizeof(command), "SET %s%d 1", i % 11 ? "" : name, i);
		client_say(fd, command, "+OK\r\n");
	}
	client_say(fd, "DBSIZE", ":660\r\n");
	client_say(fd, "FLUSHDB", "+OK\r\n");
	client_say(fd, "DBSIZE", ":0\r\n");
	client_say(fd, "SELECT 0", "+OK\r\n");
	client_say(fd, "GET k", "$1\r\n0\r\n");
	close(fd);
}

static void
what_ram_lets_go_is_still_there(void **state)
{
	enum { KEYS = 400, BYTES = 40000 };
	char *text = malloc(BYTES + 128), command[64], reply[64];
	int fd = client_connect(&running);

	client_say(fd, "SET n 41", "+OK\r\n");
	for (int i = 0; i < KEYS; i++) {
		int head = snprintf(text, 128, "*3\r\n$3\r\nSET\r\n$4\r\nk%03d\r\n$%d\r\n", i,
				    BYTES);

		memset(text + head, 'a' + i % 26, BYTES);
		memcpy(text + head + BYTES, "\r\n", 2);
		client_send(fd, text, (size_t)head + BYTES + 2);
		client_expect(fd, "+OK\r\n", 5);
	}
	client_say(fd, "INCR n", ":42\r\n");
	for (int i = 0; i < KEYS; i++) {
		snprintf(command, sizeof(command), "STRLEN k%03d", i);
		snprintf(reply, sizeof(reply), ":%d\r\n", BYTES);
		client_say(fd, command, reply);
		snprintf(command, sizeof(command), "GETRANGE k%03d 7 7", i);
		snprintf(reply, sizeof(reply), "$1\r\n%c\r\n", 'a' + i % 26);
		client_say(fd, command, reply);
	}
	free(text);
	close(fd);
}

static void
a_pipeline_over_what_is_below_keeps_its_order(void **state)
{
	static const char ask[] = "GET a\r\nINCR b\r\nGET b\r\nPING\r\nDEL c\r\nGET c\r\nGET a\r\n";
	static const char replies[] =
		"$1\r\n1\r\n:3\r\n$1\r\n3\r\n+PONG\r\n:1\r\n$-1\r\n$1\r\n1\r\n";
	int fd = client_connect(&running);

	client_say(fd, "MSET a 1 b 2 c 3", "+OK\r\n");
	fd = restart(fd);
	client_send(fd, ask, strlen(ask));
	client_expect(fd, replies, strlen(replies));
	close(fd);
}

static void
a_directory_that_cannot_be_used_is_said(void **state)
{
	struct tayra__server_options mine = options();
	struct tayra__server *server;
	char error[512];

	mine.listen = "127.0.0.1:0";
	/* In use by the server of the test. */
	assert_int_not_equal(tayra__server_create(&mine, error, sizeof(error), &server), TAYRA_OK);
	assert_non_null(strstr(error, tier));
	mine.file_tier = "/dev/null/nowhere";
	assert_int_not_equal(tayra__server_create(&mine, error, sizeof(error), &server), TAYRA_OK);
	assert_non_null(strstr(error, "/dev/null/nowhere"));
	mine.file_tier = tier;
	mine.check = true;
	assert_int_equal(tayra__server_create(&mine, error, sizeof(error), &server), TAYRA_OK);
	tayra__server_destroy(server);
}

/* With a redis-server of the test's own as the remote tier: two servers that share it. */
static struct redis redis;
static struct running one, two;

static int
set_up_remote(void **state)
{
	const struct tayra__server_options shared = { .memory_bytes = 16u << 20,
						      .remote_tier = redis.url };

	memset(&redis, 0, sizeof(redis));
	if (!redis_is_installed())
		return 0;
	if (!redis_up(&redis))
		return -1;
	client_start(&one, shared);
	client_start(&two, shared);
	return 0;
}

static int
tear_down_remote(void **state)
{
	if (!redis_is_installed())
		return 0;
	client_stop(&one);
	client_stop(&two);
	redis_down(&redis);
	return 0;
}

static void
servers_share_what_is_in_a_remote_tier(void **state)
{
	int a, b;

	if (!redis_is_installed())
		skip();
	a = client_connect(&one);
	b = client_connect(&two);
	client_say(a, "MSET k 1 l 2", "+OK\r\n");
	client_say(b, "MGET k l m", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
	client_say(b, "INCR k", ":2\r\n");
	client_ask_until(a, "GET k", "$1\r\n2\r\n");
	client_say(a, "DEL k", ":1\r\n");
	client_ask_until(b, "GET k", "$-1\r\n");
	client_say(b, "RENAME l n", "+OK\r\n");
	client_ask_until(a, "GET n", "$1\r\n2\r\n");
	close(b);
	client_stop(&two);
	client_start(&two, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							   .remote_tier = redis.url });
	b = client_connect(&two);
	client_say(b, "DBSIZE", ":0\r\n");
	client_ask_until(b, "GET n", "$1\r\n2\r\n");
	client_say(a, "FLUSHALL", "+OK\r\n");
	client_say(a, "GET n", "$-1\r\n");
	client_ask_until(b, "GET n", "$-1\r\n");
	close(a);
	close(b);
}

/* What INFO tiers says, on a connection of its own. */
static const char *
info_tiers(const struct running *of)
{
	static char text[4096];
	size_t len = 0;
	ssize_t got;
	int fd = client_connect(of);

	client_send(fd, "INFO tiers\r\nQUIT\r\n", 18);
	while ((got = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(fd);
	return text;
}

static _Atomic unsigned loads;

static int
load_slowly(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	atomic_fetch_add(&loads, 1);
	usleep(300000);
	*value = strdup("v");
	*value_len = 1;
	return TAYRA_OK;
}

/* Both are asked for what neither has.  => how often it was loaded. */
static unsigned
load_through_two(uint64_t lease_ns, struct tayra_origin *origin)
{
	const struct tayra__route route = { .keys = "k:{name}", .origin = origin };
	const struct tayra__server_options o = { .memory_bytes = 16u << 20,
						 .remote_tier = redis.url,
						 .remote_lease_ns = lease_ns,
						 .routes = &route,
						 .route_count = 1 };
	int a, b;

	client_stop(&one);
	client_stop(&two);
	redis_say(&redis, "FLUSHALL");
	client_start(&one, o);
	client_start(&two, o);
	usleep(50000); /* what began to load before they were connected is not offered */
	atomic_store(&loads, 0);
	a = client_connect(&one);
	b = client_connect(&two);
	client_send(a, "GET k:x\r\n", 9);
	client_send(b, "GET k:x\r\n", 9);
	client_expect(a, "$1\r\nv\r\n", 7);
	client_expect(b, "$1\r\nv\r\n", 7);
	close(a);
	close(b);
	return atomic_load(&loads);
}

static void
servers_that_share_a_remote_tier_load_a_key_once(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;

	if (!redis_is_installed())
		skip();
	o.threads = 2;
	assert_int_equal(tayra_origin_function(&o, load_slowly, NULL, &origin), TAYRA_OK);
	assert_int_equal(load_through_two(1, origin), 2); /* off */
	assert_int_equal(load_through_two(0, origin), 1);
	assert_true(!strstr(info_tiers(&one), "taken=1") != !strstr(info_tiers(&two), "taken=1"));
	client_stop(&one);
	client_stop(&two);
	tayra_origin_close(origin);
	client_start(&one, (struct tayra__server_options){ .memory_bytes = 16u << 20 });
	client_start(&two, (struct tayra__server_options){ .memory_bytes = 16u << 20 });
}

static void
a_remote_tier_that_hangs_keeps_only_its_writers_waiting(void **state)
{
	int a, b;

	if (!redis_is_installed())
		skip();
	a = client_connect(&one);
	b = client_connect(&one);
	client_say(a, "SET k 1", "+OK\r\n");
	client_say(a, "SET l 1", "+OK\r\n");
	kill(redis.pid, SIGSTOP);
	client_send(a, "SET k 2\r\nGET k\r\n", 16);
	client_say(b, "PING", "+PONG\r\n");
	client_say(b, "GET k", "$1\r\n2\r\n");
	client_expect(a, "+OK\r\n$1\r\n2\r\n", 12);
	client_send(a, "DEL l\r\n", 7);
	client_expect(a, "-IOERR ", 7);
	client_say(b, "GET l", "$-1\r\n");
	kill(redis.pid, SIGCONT);
	close(a);
	/* Gone there as well, in the end. */
	a = client_connect(&two);
	client_ask_until(a, "GET l", "$-1\r\n");
	close(a);
	close(b);
}

/* Clients come and go while their changes are on the way. */
static void
who_goes_away_leaves_nothing_behind(void **state)
{
	if (!redis_is_installed())
		skip();
	for (int i = 0; i < 50; i++) {
		int fd = client_connect(&one);

		client_send(fd, "SET k 1\r\nDEL k\r\nSET k 2\r\n", 25);
		close(fd);
	}
	for (int i = 0; i < 2; i++) {
		int fd = client_connect(i ? &one : &two);

		client_say(fd, "PING", "+PONG\r\n");
		close(fd);
	}
}

static void
info_says_how_the_directory_stands(void **state)
{
	int fd = client_connect(&running);
	const char *text;

	client_say(fd, "SET a 1", "+OK\r\n");
	fd = restart(fd);
	client_say(fd, "GET a", "$1\r\n1\r\n");
	client_say(fd, "GET b", "$-1\r\n");
	text = info_tiers(&running);
	assert_non_null(strstr(text, "# Tiers\r\ntier_file:hits=1,misses=1,puts=0,refused=0,"
				     "faults=0,damaged=0,out=0\r\ntier_file_get_mean_ms:"));
	assert_non_null(strstr(text, "\r\ntier_file_items:1\r\ntier_file_bytes:"));
	assert_non_null(strstr(text, "\r\ntier_file_limit_bytes:268435456\r\n"));
	assert_null(strstr(text, "tier_remote"));
	close(fd);
}

static void
info_says_how_the_redis_stands(void **state)
{
	const char *text;
	int fd;

	if (!redis_is_installed())
		skip();
	fd = client_connect(&one);
	client_say(fd, "SET a 1", "+OK\r\n");
	text = info_tiers(&one);
	assert_non_null(strstr(text, "\r\ntier_remote:hits="));
	assert_non_null(strstr(text, "\r\ntier_remote_put_mean_ms:"));
	assert_non_null(
		strstr(text, "\r\ntier_remote_leases:taken=0,waited_for=0,taken_over=0\r\n"));
	assert_null(strstr(text, "tier_file"));
	close(fd);
}

int
main(void)
{
#define test(name)   cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define remote(name) cmocka_unit_test_setup_teardown(name, set_up_remote, tear_down_remote)
	const struct CMUnitTest tests[] = {
		test(a_restarted_server_serves_what_it_had),
		test(info_says_how_the_directory_stands),
		remote(info_says_how_the_redis_stands),
		test(every_command_knows_what_is_below),
		test(what_is_changed_is_changed_below),
		test(flushing_flushes_below),
		test(long_names_are_flushed_too),
		test(what_ram_lets_go_is_still_there),
		test(a_pipeline_over_what_is_below_keeps_its_order),
		test(a_directory_that_cannot_be_used_is_said),
		remote(servers_share_what_is_in_a_remote_tier),
		remote(servers_that_share_a_remote_tier_load_a_key_once),
		remote(a_remote_tier_that_hangs_keeps_only_its_writers_waiting),
		remote(who_goes_away_leaves_nothing_behind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
