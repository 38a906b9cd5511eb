/* SPDX-License-Identifier: Apache-2.0
 *
 * In front of a redis-server of the test's own.  Skipped where there is none.
 */
#include "client.h"
#include "net/redis.h"
#include "puppet.h"

#include "base/clock.h"

static struct redis redis;
static struct running running;

static int
set_up(void **state)
{
	char url[sizeof(redis.url)];

	memset(&redis, 0, sizeof(redis));
	if (!redis_is_installed())
		return 0;
	if (!redis_up(&redis))
		return -1;
	snprintf(url, sizeof(url), "%s", redis.url);
	client_start(&running,
		     (struct tayra__server_options){ .memory_bytes = 16u << 20, .forward = url });
	return 0;
}

static int
tear_down(void **state)
{
	if (!redis_is_installed())
		return 0;
	client_stop(&running);
	redis_down(&redis);
	return 0;
}

static uint64_t
now_ms(void)
{
	return tayra__clock_mono_ns(tayra_clock_real()) / TAYRA_NS_PER_MS;
}

/* The figure of INFO, UINT64_MAX when it is not there. */
static uint64_t
info(int fd, const char *name)
{
	static char text[8192];
	char wanted[64], *at, *end;
	size_t used = 0;

	client_send(fd, "INFO\r\n", 6);
	memset(text, 0, sizeof(text));
	do {
		ssize_t n = recv(fd, text + used, sizeof(text) - 1 - used, 0);

		assert_true(n > 0);
		used += (size_t)n;
		end = strstr(text, "\r\n");
	} while (!end || used < (size_t)(end + 2 - text) + strtoul(text + 1, NULL, 10) + 2);
	snprintf(wanted, sizeof(wanted), "\n%s:", name);
	at = strstr(text, wanted);
	return at ? strtoull(at + strlen(wanted), NULL, 10) : UINT64_MAX;
}

static void
wait_until(int fd, const char *name, uint64_t value)
{
	uint64_t begin_ms = now_ms();

	while (info(fd, name) != value)
		if (now_ms() - begin_ms > CLIENT_PATIENCE_S * 1000)
			fail_msg("%s never was %llu", name, (unsigned long long)value);
}

/* A client, once it is known what changes; skips where there is no redis-server. */
static int
client(void)
{
	int fd;

	if (!redis_is_installed())
		skip();
	fd = client_connect(&running);
	wait_until(fd, "forward_tracking", 1);
	return fd;
}

static void
what_tayra_does_not_serve_the_redis_does(void **state)
{
	int fd = client();

	client_say(fd, "HSET h f v", ":1\r\n");
	client_say(fd, "HGETALL h", "*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
	client_say(fd, "RPUSH l 1 2", ":2\r\n");
	client_say(fd, "LRANGE l 0 -1", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
	client_say(fd, "EVAL \"return redis.call('incr',KEYS[1])\" 1 n", ":1\r\n");
	client_say(fd, "GET n", "$1\r\n1\r\n");
	client_say(fd, "EVAL \"return redis.call('incr',KEYS[1])\" 1 n", ":2\r\n");
	client_say(fd, "GET n", "$1\r\n2\r\n");
	client_say(fd, "GET h",
		   "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
	client_say(fd, "NONSENSE",
		   "-ERR unknown command 'NONSENSE', with args beginning with: \r\n");
	client_say(fd, "SET a", "-ERR wrong number of arguments for 'set' command\r\n");
	client_say(fd, "GET", "-ERR wrong number of arguments for 'get' command\r\n");
	client_send(fd, "HELLO 3\r\n", 9);
	client_expect(fd, "%7\r\n", 4);
	close(fd);
	fd = client();
	client_say(fd, "SELECT 5", "+OK\r\n");
	client_say(fd, "DBSIZE", ":0\r\n");
	client_say(fd, "SET a five", "+OK\r\n");
	client_say(fd, "GET a", "$4\r\nfive\r\n");
	client_say(fd, "SELECT 0", "+OK\r\n");
	client_say(fd, "GET a", "$-1\r\n");
	close(fd);
}

static void
each_protocol_gets_its_own_replies(void **state)
{
	char text[2048];
	int fd = client();

	client_say(fd, "ZADD z 1 a", ":1\r\n");
	client_say(fd, "ZRANGE z 0 -1 WITHSCORES", "*2\r\n$1\r\na\r\n$1\r\n1\r\n");
	client_send(fd, "HELLO 3\r\nECHO end\r\n", 19);
	for (size_t n = 0; n < 4 || !strstr(text, "$3\r\nend\r\n");) {
		ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, 0);

		assert_true(got > 0);
		n += (size_t)got;
		text[n] = '\0';
	}
	client_say(fd, "ZRANGE z 0 -1 WITHSCORES", "*1\r\n*2\r\n$1\r\na\r\n,1\r\n");
	client_say(fd, "GET nothing", "_\r\n");
	close(fd);
}

static void
a_value_is_read_through_once_and_then_answered_from_ram(void **state)
{
	int fd = client();
	uint64_t before;

	assert_string_equal(redis_say(&redis, "MSET a 1 b 2"), "+OK");
	wait_until(fd, "forward_changes", 2);
	client_say(fd, "GET a", "$1\r\n1\r\n");
	before = info(fd, "forward_requests");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	client_say(fd, "MGET a a", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n");
	assert_int_equal(info(fd, "forward_requests"), before);
	client_say(fd, "MGET a none b", "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n");
	assert_int_equal(info(fd, "forward_requests"), before + 1);
	client_say(fd, "GET b", "$1\r\n2\r\n");
	assert_int_equal(info(fd, "forward_requests"), before + 1);
	assert_int_equal(info(fd, "keyspace_hits"), 4);
	close(fd);
}

static void
clients_read_what_they_have_written(void **state)
{
	int one = client(), two = client();
	char text[128], reply[64];

	for (int i = 0; i < 500; i++) {
		int len = snprintf(text, sizeof(text), "SET k%d %d\r\nGET k%d\r\n", i % 7, i,
				   i % 7);
		char digits[16];

		snprintf(digits, sizeof(digits), "%d", i);
		client_send(one, text, (size_t)len);
		snprintf(reply, sizeof(reply), "+OK\r\n$%zu\r\n%s\r\n", strlen(digits), digits);
		client_expect(one, reply, strlen(reply));
		snprintf(text, sizeof(text), "GET k%d", i % 7);
		snprintf(reply, sizeof(reply), "$%zu\r\n%s\r\n", strlen(digits), digits);
		client_say(two, text, reply);
		client_say(one, text, reply);
	}
	client_say(one, "DEL k1", ":1\r\n");
	client_say(two, "GET k1", "$-1\r\n");
	client_say(one, "FLUSHALL", "+OK\r\n");
	client_say(two, "GET k2", "$-1\r\n");
	close(one);
	close(two);
}

/* => when it was seen, after it was written, in ms. */
static uint64_t
see(int fd, const char *ask, const char *old, const char *now)
{
	uint64_t begin_ms = now_ms();
	char text[64] = "";

	do {
		size_t have = 0;

		assert_int_equal(strlen(old), strlen(now));
		client_send(fd, ask, strlen(ask));
		while (have < strlen(now)) {
			ssize_t n = recv(fd, text + have, strlen(now) - have, 0);

			assert_true(n > 0);
			have += (size_t)n;
		}
		text[have] = '\0';
		if (strcmp(text, old) != 0)
			assert_string_equal(text, now);
	} while (strcmp(text, now) != 0 && now_ms() - begin_ms < CLIENT_PATIENCE_S * 1000);
	assert_string_equal(text, now);
	return now_ms() - begin_ms;
}

static void
what_others_change_is_seen_and_never_goes_back(void **state)
{
	int fd = client(), behind = redis_connect(&redis);
	uint64_t worst_ms = 0;
	char text[32], old[32], now[32];

	assert_string_equal(redis_say_on(behind, "SET k 100"), "+OK");
	client_say(fd, "GET k", "$3\r\n100\r\n");
	for (int i = 101; i < 400; i++) {
		uint64_t ms;

		snprintf(text, sizeof(text), "SET k %d", i);
		snprintf(old, sizeof(old), "$3\r\n%d\r\n", i - 1);
		snprintf(now, sizeof(now), "$3\r\n%d\r\n", i);
		assert_string_equal(redis_say_on(behind, text), "+OK");
		ms = see(fd, "GET k\r\n", old, now);
		worst_ms = ms > worst_ms ? ms : worst_ms;
	}
	print_message("# seen after %llu ms at most, of 299 changes\n",
		      (unsigned long long)worst_ms);
	close(behind);
	close(fd);
}

static void
a_transaction_has_a_connection_of_its_own(void **state)
{
	static const char pipeline[] = "MULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nEXEC\r\nGET a\r\n";
	static const char replies[] = "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n"
				      "$1\r\n2\r\n$1\r\n2\r\n";
	int fd = client(), other = client();

	client_say(other, "SET a 9", "+OK\r\n");
	client_say(fd, "GET a", "$1\r\n9\r\n");
	client_send(fd, pipeline, strlen(pipeline));
	client_expect(fd, replies, strlen(replies));
	client_say(fd, "WATCH a", "+OK\r\n");
	client_say(other, "SET a 5", "+OK\r\n");
	client_say(fd, "MULTI", "+OK\r\n");
	client_say(fd, "PING", "+QUEUED\r\n");
	client_say(fd, "SELECT 1", "-ERR select inside MULTI is not forwarded\r\n");
	client_say(fd, "SET a 6", "+QUEUED\r\n");
	client_say(other, "GET a", "$1\r\n5\r\n");
	client_say(fd, "DISCARD", "+OK\r\n");
	client_say(fd, "WATCH a", "+OK\r\n");
	client_say(other, "SET a 5", "+OK\r\n");
	client_say(fd, "MULTI", "+OK\r\n");
	client_say(fd, "SET a 6", "+QUEUED\r\n");
	client_say(fd, "EXEC", "*-1\r\n");
	client_say(fd, "GET a", "$1\r\n5\r\n");
	client_say(fd, "MULTI", "+OK\r\n");
	client_say(fd, "RESET", "+RESET\r\n");
	client_say(fd, "GET a", "$1\r\n5\r\n");
	client_say(fd, "EXEC", "-ERR EXEC without MULTI\r\n");
	close(fd);
	close(other);
}

/* A SET behind a SELECT that was refused would go to the wrong database. */
static void
a_transaction_of_which_something_was_refused_is_discarded(void **state)
{
	static const char *const refused[] = { "SELECT 1", "SUBSCRIBE x" };
	int fd = client();

	for (size_t i = 0; i < 2; i++) {
		char line[128];
		size_t n = 0;

		client_say(fd, "SET a 1", "+OK\r\n");
		client_say(fd, "MULTI", "+OK\r\n");
		snprintf(line, sizeof(line), "%s\r\n", refused[i]);
		client_send(fd, line, strlen(line));
		client_expect(fd, "-ERR ", 5);
		for (char c = 0; c != '\n' && n < 512; n++)
			assert_int_equal(recv(fd, &c, 1, 0), 1);
		client_say(fd, "SET a 2", "+QUEUED\r\n");
		client_say(fd, "EXEC",
			   "-EXECABORT Transaction discarded because of previous errors.\r\n");
		client_say(fd, "GET a", "$1\r\n1\r\n");
		client_say(fd, "EXEC", "-ERR EXEC without MULTI\r\n");
	}
	/* What the Redis does not take for a beginning or an end is none. */
	client_say(fd, "MULTI now", "-ERR wrong number of arguments for 'multi' command\r\n");
	client_say(fd, "PING", "+PONG\r\n");
	client_say(fd, "MULTI", "+OK\r\n");
	client_say(fd, "DISCARD it", "-ERR wrong number of arguments for 'discard' command\r\n");
	client_say(fd, "GET a", "+QUEUED\r\n");
	client_say(fd, "DISCARD", "+OK\r\n");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	close(fd);
}

/* The Redis does not tell of it. */
static void
databases_that_change_places_are_forgotten(void **state)
{
	int fd = client(), other = client();

	for (int i = 0; i < 2; i++) {
		client_say(fd, "FLUSHALL", "+OK\r\n");
		client_say(fd, "SET a 1", "+OK\r\n");
		client_say(other, "GET a", "$1\r\n1\r\n");
		client_say(fd, "GET a", "$1\r\n1\r\n");
		if (i == 1)
			client_say(fd, "MULTI", "+OK\r\n");
		client_say(fd, "SWAPDB 0 1", i ? "+QUEUED\r\n" : "+OK\r\n");
		client_say(other, "PING", "+PONG\r\n");
		if (i == 1) {
			client_say(other, "GET a", "$1\r\n1\r\n");
			client_say(other, "GET a", "$1\r\n1\r\n");
			client_say(fd, "EXEC", "*1\r\n+OK\r\n");
		}
		client_say(other, "GET a", "$-1\r\n");
		client_say(fd, "GET a", "$-1\r\n");
	}
	close(fd);
	close(other);
}

static void
who_blocks_keeps_nobody_waiting(void **state)
{
	static const char blocked[] =
		"EVAL \"return tonumber(string.match(redis.call('info','clients'),"
		"'blocked_clients:(%d+)'))\" 0";
	int waits = client(), other = client();
	uint64_t connections;

	client_send(waits, "BLPOP q 0\r\nGET a\r\n", 18);
	client_say(other, "SET a 1", "+OK\r\n");
	client_say(other, "RPUSH q x", ":1\r\n");
	client_expect(waits, "*2\r\n$1\r\nq\r\n$1\r\nx\r\n$1\r\n1\r\n", 25);
	/* One that goes while it waits takes nothing. */
	connections = info(other, "forward_connections");
	client_send(waits, "BLPOP q 0\r\n", 11);
	close(waits);
	wait_until(other, "forward_connections", connections - 1);
	/* It has been hung up on; the Redis may hear of it later than of what others say. */
	for (int i = 0; strcmp(redis_say(&redis, blocked), ":0") != 0; i++) {
		assert_true(i < CLIENT_PATIENCE_S * 100);
		poll(NULL, 0, 10);
	}
	client_say(other, "RPUSH q x", ":1\r\n");
	client_say(other, "LLEN q", ":1\r\n");
	close(other);
}

static void
what_cannot_be_forwarded_is_refused_by_name(void **state)
{
	char wanted[256];
	int fd = client();

	snprintf(wanted, sizeof(wanted), "-ERR 'SUBSCRIBE' is not forwarded: connect to ");
	client_say(fd, "SUBSCRIBE x", wanted);
	close(fd);
}

static void
a_value_lives_no_longer_than_there(void **state)
{
	int fd = client();
	uint64_t begin_ms;

	begin_ms = now_ms();
	client_say(fd, "SET a 1 PX 300", "+OK\r\n");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	for (;;) {
		uint64_t asked_ms = now_ms();
		char reply[8] = "";

		client_send(fd, "GET a\r\n", 7);
		assert_true(recv(fd, reply, 5, MSG_WAITALL) == 5);
		if (strcmp(reply, "$-1\r\n") == 0)
			break;
		assert_true(recv(fd, reply, 2, MSG_WAITALL) == 2);
		/* Its life began after begin_ms, and by a millisecond may be rounded. */
		assert_true(asked_ms - begin_ms <= 300 + CLIENT_PATIENCE_S * 1000);
	}
	assert_true(now_ms() - begin_ms >= 290);
	close(fd);
}

static void
without_the_redis_nothing_is_served_and_with_it_again_the_new(void **state)
{
	int fd = client();

	client_say(fd, "SET a 1", "+OK\r\n");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	redis_kill(&redis);
	wait_until(fd, "forward_tracking", 0);
	client_send(fd, "GET a\r\n", 7);
	client_expect(fd, "-UPSTREAM unix://", 17);
	close(fd);
	/* Nobody is there to have executed it: neither when it is dialled nor until it is again. */
	for (int i = 0; i < 2; i++) {
		char reply[512] = "";

		fd = client_connect(&running);
		client_send(fd, "SET a 2\r\nQUIT\r\n", 15);
		assert_true(recv(fd, reply, sizeof(reply) - 1, 0) > 0);
		assert_non_null(strstr(reply, ": it was not sent: "));
		close(fd);
	}
	assert_true(redis_start(&redis));
	fd = client();
	client_say(fd, "GET a", "$-1\r\n");
	assert_string_equal(redis_say(&redis, "SET a 2"), "+OK");
	client_say(fd, "GET a", "$1\r\n2\r\n");
	assert_int_equal(info(fd, "forward_tracking_lost"), 1);
	close(fd);
}

/* It is there and says nothing: what RAM has is not believed for longer than a second. */
static void
a_redis_that_hangs_is_not_known(void **state)
{
	int fd = client(), asks;
	uint64_t hits, requests;

	client_say(fd, "SET a 1", "+OK\r\n");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	kill(redis.pid, SIGSTOP);
	wait_until(fd, "forward_tracking", 0);
	hits = info(fd, "keyspace_hits");
	asks = client_connect(&running);
	requests = info(fd, "forward_requests");
	client_send(asks, "GET a\r\n", 7);
	wait_until(fd, "forward_requests", requests + 1);
	kill(redis.pid, SIGCONT);
	client_expect(asks, "$1\r\n1\r\n", 7);
	assert_int_equal(info(fd, "keyspace_hits"), hits);
	wait_until(fd, "forward_tracking", 1);
	close(asks);
	close(fd);
}

static void
passwords_open_and_are_never_said(void **state)
{
	struct tayra__server_options options = { .memory_bytes = 16u << 20 };
	struct running guarded;
	char url[256], text[512] = "";
	ssize_t n;
	int fd;

	if (!redis_is_installed())
		skip();
	assert_string_equal(redis_say(&redis, "CONFIG SET requirepass s3cret"), "+OK");
	snprintf(url, sizeof(url), "unix://:s3cret@%s", redis.path);
	options.forward = url;
	client_start(&guarded, options);
	fd = client_connect(&guarded);
	wait_until(fd, "forward_tracking", 1);
	client_say(fd, "SET a 1", "+OK\r\n");
	close(fd);
	client_stop(&guarded);
	snprintf(url, sizeof(url), "unix://:wr0ng@%s", redis.path);
	client_start(&guarded, options);
	fd = client_connect(&guarded);
	client_send(fd, "GET a\r\n", 7);
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	assert_non_null(strstr(text, "-UPSTREAM "));
	assert_non_null(strstr(text, "WRONGPASS"));
	assert_null(strstr(text, "wr0ng"));
	close(fd);
	client_stop(&guarded);
}

/* Where what has changed is never told, or late: who writes must know all the same. */
static void
own_writes_need_nobody_to_tell_of_them(void **state)
{
	static struct puppet puppet;
	struct running behind;
	uint64_t hits, begin_ms;
	int writer, reader;
	char url[64], text[8] = "";

	puppet_start(&puppet);
	snprintf(url, sizeof(url), "redis://127.0.0.1:%u", (unsigned)puppet.port);
	client_start(&behind,
		     (struct tayra__server_options){ .memory_bytes = 16u << 20, .forward = url });
	writer = client_connect(&behind);
	wait_until(writer, "forward_tracking", 1);
	client_say(writer, "SET k 1", "+OK\r\n");
	client_say(writer, "GET k", "$1\r\n1\r\n");
	client_say(writer, "SET k 2", "+OK\r\n");
	client_say(writer, "GET k", "$1\r\n2\r\n");
	/* Who has written is answered from memory again. */
	hits = info(writer, "keyspace_hits");
	begin_ms = now_ms();
	while (info(writer, "keyspace_hits") == hits) {
		client_say(writer, "GET k", "$1\r\n2\r\n");
		assert_true(now_ms() - begin_ms <= CLIENT_PATIENCE_S * 1000);
	}
	/* On its way, while another reads what is not changed yet: that must not be kept over it,
	 * nor be what the writer reads behind it. */
	reader = client_connect(&behind);
	client_send(writer, "SET k h\r\n", 9);
	do {
		client_send(reader, "GET held\r\n", 10);
		assert_int_equal(recv(reader, text, 5, MSG_WAITALL), 5);
	} while (strncmp(text, "$-1", 3) == 0);
	assert_int_equal(recv(reader, text, 2, MSG_WAITALL), 2);
	client_say(reader, "GET k", "$1\r\n2\r\n");
	client_say(reader, "GET k", "$1\r\n2\r\n");
	/* Not inline: those wait until nothing is owed. */
	client_send(writer, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", 20);
	client_say(reader, "GET nothing", "$-1\r\n");
	client_say(reader, "GET release", "$-1\r\n");
	client_expect(writer, "+OK\r\n$1\r\nh\r\n", 12);
	client_say(reader, "GET k", "$1\r\nh\r\n");
	close(writer);
	close(reader);
	client_stop(&behind);
	puppet_stop(&puppet);
}

static void
a_target_that_is_none_is_said(void **state)
{
	struct tayra__server_options options = { .listen = "127.0.0.1:0" };
	struct tayra__server *server;
	char error[256];

	options.forward = "http://:s3cret@example.org";
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "forward: "));
	assert_null(strstr(error, "s3cret"));
	options.forward = "redis://127.0.0.1:1/3";
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "SELECT"));
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(what_tayra_does_not_serve_the_redis_does),
		test(each_protocol_gets_its_own_replies),
		test(a_value_is_read_through_once_and_then_answered_from_ram),
		test(clients_read_what_they_have_written),
		test(what_others_change_is_seen_and_never_goes_back),
		test(a_transaction_has_a_connection_of_its_own),
		test(a_transaction_of_which_something_was_refused_is_discarded),
		test(databases_that_change_places_are_forgotten),
		test(who_blocks_keeps_nobody_waiting),
		test(what_cannot_be_forwarded_is_refused_by_name),
		test(a_value_lives_no_longer_than_there),
		test(without_the_redis_nothing_is_served_and_with_it_again_the_new),
		test(a_redis_that_hangs_is_not_known),
		test(passwords_open_and_are_never_said),
		cmocka_unit_test(own_writes_need_nobody_to_tell_of_them),
		cmocka_unit_test(a_target_that_is_none_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
