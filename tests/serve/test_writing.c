/* SPDX-License-Identifier: Apache-2.0
 *
 * A SET that goes to its key's origin first.
 */
#include "client.h"

#include <sched.h>

#include <tayra/tayra.h>

#include "load/origin.h"
#include "serve/route.h"

/* The test's origin, which has one value; writing "slow.." is held back. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char value[32];
	int writes, waiting, status; /* status: of the next writes */
	bool open;
} source = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct tayra_origin *origin, *reader;
static struct tayra_pace *pace;
static struct running running;
static int client, other;

static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	(void)arg, (void)key, (void)len;
	pthread_mutex_lock(&source.lock);
	*value = strdup(source.value);
	*value_len = strlen(source.value);
	pthread_mutex_unlock(&source.lock);
	return TAYRA_OK;
}

static int
bring(void *arg, const void *key, size_t len, const void *value, size_t value_len)
{
	int status;

	(void)arg, (void)key, (void)len;
	pthread_mutex_lock(&source.lock);
	source.writes++;
	source.waiting++;
	pthread_cond_broadcast(&source.changed);
	while (value_len >= 4 && memcmp(value, "slow", 4) == 0 && !source.open)
		pthread_cond_wait(&source.changed, &source.lock);
	source.waiting--;
	status = source.status;
	if (status == TAYRA_OK)
		snprintf(source.value, sizeof(source.value), "%.*s", (int)value_len,
			 (const char *)value);
	pthread_mutex_unlock(&source.lock);
	return status;
}

/* Keys "w:.." are written through, "t:.." in a short time, and "r:.." only read. */
static int
start(void **state)
{
	static const struct tayra_pace_options fixed = {
		.size = sizeof(fixed),
		.limiter = TAYRA_LIMITER_FIXED,
		.limit = 2,
		.limit_min = 2,
		.limit_max = 2,
		.queue_max = TAYRA_QUEUE_NONE,
	};
	struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;

	(void)state;
	source.writes = source.waiting = 0;
	source.status = TAYRA_OK;
	source.open = false;
	snprintf(source.value, sizeof(source.value), "first");
	assert_int_equal(tayra_pace_create(&fixed, &pace), TAYRA_OK);
	options.threads = 2;
	options.pace = pace;
	assert_int_equal(tayra_origin_function(&options, fetch, NULL, &origin), TAYRA_OK);
	assert_int_equal(tayra_origin_function_write(origin, bring, NULL), TAYRA_OK);
	assert_int_equal(tayra_origin_function(NULL, fetch, NULL, &reader), TAYRA_OK);
	struct tayra__route routes[] = {
		{ .keys = "w:{name}", .origin = origin, .ttl_ms = 60000 },
		{ .keys = "t:{name}",
		  .origin = origin,
		  .ttl_ms = 60000,
		  .timeout_ns = 300 * TAYRA_NS_PER_MS },
		{ .keys = "r:{name}", .origin = reader, .ttl_ms = 60000 },
		{ .keys = "n:{name}", .origin = origin, .name = "db", .ttl_ms = 60000 },
	};
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .routes = routes,
							       .route_count = 4 });
	client = client_connect(&running);
	other = client_connect(&running);
	return 0;
}

static void
let_go(void)
{
	pthread_mutex_lock(&source.lock);
	source.open = true;
	pthread_cond_broadcast(&source.changed);
	pthread_mutex_unlock(&source.lock);
}

static int
stop(void **state)
{
	(void)state;
	let_go();
	if (client >= 0)
		close(client);
	close(other);
	client_stop(&running);
	tayra_origin_close(origin);
	tayra_origin_close(reader);
	tayra_pace_destroy(pace);
	return 0;
}

static void
say_text(int fd, const char *text)
{
	client_send(fd, text, strlen(text));
}

static void
await_waiting(int writes)
{
	pthread_mutex_lock(&source.lock);
	while (source.waiting < writes)
		pthread_cond_wait(&source.changed, &source.lock);
	pthread_mutex_unlock(&source.lock);
}

static bool
is_true(const char *value)
{
	bool same;

	pthread_mutex_lock(&source.lock);
	same = strcmp(source.value, value) == 0;
	pthread_mutex_unlock(&source.lock);
	return same;
}

static void
a_set_is_at_the_origin_before_it_is_acknowledged(void **state)
{
	(void)state;
	client_say(client, "GET w:a", "$5\r\nfirst\r\n");
	client_say(client, "SET w:a second", "+OK\r\n");
	assert_true(is_true("second"));
	client_say(client, "GET w:a", "$6\r\nsecond\r\n");
	client_say(other, "GET w:a", "$6\r\nsecond\r\n");
	client_say(client, "SET r:a mine", "+OK\r\n"); /* its origin is not written to */
	assert_int_equal(source.writes, 1);
	client_say(client, "SELECT 1", "+OK\r\n");
	client_say(client, "SET w:a here", "+OK\r\n"); /* nor for other databases */
	assert_int_equal(source.writes, 1);
}

static void
what_is_sent_behind_it_waits_and_others_go_on(void **state)
{
	(void)state;
	client_say(client, "GET w:a", "$5\r\nfirst\r\n");
	say_text(client, "SET w:a slow1\r\nGET w:a\r\nSET w:a last\r\nGET w:a\r\n");
	await_waiting(1);
	client_say(other, "GET w:a", "$5\r\nfirst\r\n"); /* as long as the origin has not said */
	client_say(other, "PING", "+PONG\r\n");
	let_go();
	client_expect(client, "+OK\r\n$5\r\nslow1\r\n+OK\r\n$4\r\nlast\r\n", 31);
	assert_true(is_true("last"));
}

static void
a_refusal_leaves_what_was_and_a_failure_forgets_it(void **state)
{
	(void)state;
	client_say(client, "GET w:a", "$5\r\nfirst\r\n");
	source.status = TAYRA_E_INVAL;
	client_say(client, "SET w:a x", "-ORIGIN the origin does not take this value\r\n");
	client_say(client, "EXISTS w:a", ":1\r\n");
	tayra__trouble_note(&origin->trouble, TAYRA_E_INVAL, "value is null");
	client_say(client, "SET n:a x",
		   "-ORIGIN origin 'db' does not take this value: value is null\r\n");
	source.status = TAYRA_E_NOT_FOUND;
	client_say(client, "SET w:a x", "-ORIGIN the origin has no such key to change\r\n");
	client_say(client, "EXISTS w:a", ":1\r\n");
	source.status = TAYRA_E_TOO_LARGE;
	client_say(client, "SET w:a x", "-ORIGIN the value is too large for the origin\r\n");
	client_say(client, "EXISTS w:a", ":1\r\n");
	source.status = TAYRA_E_ORIGIN;
	client_say(client, "SET w:a x", "-ORIGIN the origin failed\r\n");
	client_say(client, "EXISTS w:a", ":0\r\n");
	assert_true(is_true("first"));
}

static void
one_that_takes_too_long_is_an_error_and_forgets_what_was(void **state)
{
	(void)state;
	client_say(client, "GET t:a", "$5\r\nfirst\r\n");
	client_say(client, "SET t:a slow1", "-TIMEOUT the origin did not answer in time\r\n");
	client_say(client, "EXISTS t:a", ":0\r\n");
	let_go();
}

static void
more_than_the_limit_are_turned_away(void **state)
{
	int third = client_connect(&running);

	(void)state;
	say_text(client, "SET w:a slow1\r\n");
	say_text(other, "SET w:b slow2\r\n");
	await_waiting(2);
	client_send(third, "SET w:c x\r\n", 11);
	client_expect(third, "-OVERLOAD the origin has no room for this now", 45);
	let_go();
	client_expect(client, "+OK\r\n", 5);
	client_expect(other, "+OK\r\n", 5);
	close(third);
}

static void
what_would_store_it_past_the_origin_is_refused(void **state)
{
	static const char *const commands[] = {
		"SET w:a x EX 10",  "SET w:a x NX",      "SETNX w:a x",     "SETEX w:a 10 x",
		"PSETEX w:a 10 x",  "GETSET w:a x",      "APPEND w:a x",    "INCR w:a",
		"INCRBY w:a 2",     "SETRANGE w:a 0 x",  "SETBIT w:a 1 1",  "MSET k x w:a x",
		"MSETNX k x w:a x", "INCRBYFLOAT w:a 1", "RENAME free w:a", "RENAME w:a free",
	};

	(void)state;
	client_say(client, "GET w:a", "$5\r\nfirst\r\n");
	client_say(client, "SET free x", "+OK\r\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		client_say(client, commands[i],
			   "-ERR such a key goes to its origin first: by SET KEY VALUE alone\r\n");
	client_say(client, "EXISTS k free w:a", ":2\r\n"); /* nothing was done */
	client_say(client, "EXPIRE w:a 100", ":1\r\n");    /* what changes no value may be */
	client_say(client, "DEL w:a", ":1\r\n");
	client_say(client, "GET w:a", "$5\r\nfirst\r\n");
	assert_int_equal(source.writes, 0);
}

static void
who_goes_away_has_written_all_the_same(void **state)
{
	(void)state;
	client_say(other, "GET w:a", "$5\r\nfirst\r\n");
	say_text(client, "SET w:a slow1\r\n");
	await_waiting(1);
	close(client);
	client = -1;
	client_say(other, "PING", "+PONG\r\n");
	let_go();
	while (!is_true("slow1"))
		sched_yield();
	for (int i = 0; i < 2000; i++) { /* a moment later it is here too */
		char got[20] = "";

		say_text(other, "GET w:a\r\n");
		assert_int_equal(recv(other, got, 11, MSG_WAITALL), 11);
		if (strcmp(got, "$5\r\nslow1\r\n") == 0)
			return;
		usleep(1000);
	}
	fail();
}

static void
a_server_ends_with_a_write_under_way(void **state)
{
	(void)state;
	say_text(client, "SET w:a slow1\r\n");
	await_waiting(1); /* and stop() lets it go */
}

int
main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_set_is_at_the_origin_before_it_is_acknowledged),
		TEST(what_is_sent_behind_it_waits_and_others_go_on),
		TEST(a_refusal_leaves_what_was_and_a_failure_forgets_it),
		TEST(one_that_takes_too_long_is_an_error_and_forgets_what_was),
		TEST(more_than_the_limit_are_turned_away),
		TEST(what_would_store_it_past_the_origin_is_refused),
		TEST(who_goes_away_has_written_all_the_same),
		TEST(a_server_ends_with_a_write_under_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
