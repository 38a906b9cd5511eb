/* SPDX-License-Identifier: Apache-2.0
 *
 * Values loaded from an origin that the test holds back and lets go.
 */
#include "client.h"

#include "serve/fetch.h"

#include <tayra/tayra.h>

#include "load/origin.h"
#include "serve/route.h"

/* The test's origin: what it has, what it waits for. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int calls, waiting; /* waiting: loads of keys with "slow" in them */
	bool open;          /* those may go on */
	bool down;          /* every load fails */
} source = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct tayra_origin *origin;
static struct running running;

static bool
says(const void *key, size_t len, const char *word)
{
	return memmem(key, len, word, strlen(word)) != NULL;
}

/* "v:" and the key. */
static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	bool down;
	char *text;

	(void)arg;
	pthread_mutex_lock(&source.lock);
	source.calls++;
	pthread_cond_broadcast(&source.changed);
	if (says(key, len, "slow")) {
		source.waiting++;
		pthread_cond_broadcast(&source.changed);
		while (!source.open)
			pthread_cond_wait(&source.changed, &source.lock);
		source.waiting--;
	}
	down = source.down;
	pthread_mutex_unlock(&source.lock);
	if (down || says(key, len, "broken"))
		return TAYRA_E_ORIGIN;
	if (says(key, len, "none"))
		return TAYRA_E_NOT_FOUND;
	text = malloc(len + 2);
	memcpy(text, "v:", 2);
	memcpy(text + 2, key, len);
	*value = text;
	*value_len = len + 2;
	return TAYRA_OK;
}

static void
start_with(struct tayra__route route, uint32_t threads)
{
	struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;

	source.calls = source.waiting = 0;
	source.open = source.down = false;
	options.threads = threads;
	assert_int_equal(tayra_origin_function(&options, fetch, NULL, &origin), TAYRA_OK);
	route.origin = origin;
	route.keys = "k:{name}";
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .routes = &route,
							       .route_count = 1 });
}

static void
start(void)
{
	start_with((struct tayra__route){ .ttl_ms = 60000 }, 8);
}

static void
let_go(void)
{
	pthread_mutex_lock(&source.lock);
	source.open = true;
	pthread_cond_broadcast(&source.changed);
	pthread_mutex_unlock(&source.lock);
}

/* Until the origin holds back so many loads. */
static void
await_waiting(int loads)
{
	pthread_mutex_lock(&source.lock);
	while (source.waiting < loads)
		pthread_cond_wait(&source.changed, &source.lock);
	pthread_mutex_unlock(&source.lock);
}

static int
calls(void)
{
	int n;

	pthread_mutex_lock(&source.lock);
	n = source.calls;
	pthread_mutex_unlock(&source.lock);
	return n;
}

static void
stop(void)
{
	let_go();
	client_stop(&running);
	tayra_origin_close(origin);
}

static void
say_text(int fd, const char *text)
{
	client_send(fd, text, strlen(text));
}

static void
expect_text(int fd, const char *text)
{
	client_expect(fd, text, strlen(text));
}

#define GET(key, len) "*2\r\n$3\r\nGET\r\n$" #len "\r\n" key "\r\n"

static void
a_get_loads_once_and_is_then_a_hit(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	client_say(fd, "EXISTS k:a", ":0\r\n");
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	client_say(fd, "EXISTS k:a", ":1\r\n");
	client_say(fd, "DBSIZE", ":1\r\n");
	client_say(fd, "GET other", "$-1\r\n");
	client_say(fd, "GET k:none", "$-1\r\n");
	assert_int_equal(calls(), 2);
	close(fd);
	stop();
}

static void
replies_keep_their_order_while_loads_run_side_by_side(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	client_say(fd, "SET plain p", "+OK\r\n");
	say_text(fd, GET("k:slow1", 7) GET("k:b", 3) GET("plain", 5) GET("k:slow2", 7)
			     GET("k:none", 6) "PING\r\n");
	await_waiting(2);
	let_go();
	expect_text(fd, "$9\r\nv:k:slow1\r\n$5\r\nv:k:b\r\n$1\r\np\r\n$9\r\nv:k:slow2\r\n$-1\r\n"
			"+PONG\r\n");
	close(fd);
	stop();
}

static void
anything_else_waits_for_what_is_owed_and_others_go_on(void **state)
{
	static const char *const behind[][2] = {
		{ "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n1\r\n", "+OK\r\n" },
		{ "SET x \"1 2\"\r\n", "+OK\r\n" },
		{ "RESET\r\n", "+RESET\r\n" },
		{ "*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n" },
	};

	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		int fd, other;

		start();
		fd = client_connect(&running);
		other = client_connect(&running);
		say_text(fd, GET("k:slow", 6));
		say_text(fd, behind[i][0]);
		await_waiting(1);
		/* Answered while the other one waits; what it sent has been read by then, or will
		 * be. */
		client_say(other, "GET x", "$-1\r\n");
		client_say(other, "PING", "+PONG\r\n");
		client_say(other, "GET x", "$-1\r\n");
		let_go();
		expect_text(fd, "$8\r\nv:k:slow\r\n");
		expect_text(fd, behind[i][1]);
		if (strstr(behind[i][0], "1 2"))
			client_say(fd, "GET x", "$3\r\n1 2\r\n");
		close(fd);
		close(other);
		stop();
	}
}

static void
quit_behind_a_load_is_said_after_it(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	say_text(fd, GET("k:slow", 6) "QUIT\r\n");
	await_waiting(1);
	let_go();
	expect_text(fd, "$8\r\nv:k:slow\r\n+OK\r\n");
	client_expect_end(fd);
	stop();
}

static void
who_says_no_more_still_gets_what_is_owed(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	say_text(fd, GET("k:slow", 6) GET("k:a", 3));
	await_waiting(1);
	shutdown(fd, SHUT_WR);
	let_go();
	expect_text(fd, "$8\r\nv:k:slow\r\n$5\r\nv:k:a\r\n");
	client_expect_end(fd);
	stop();
}

static void
a_hundred_clients_of_a_cold_key_are_one_load(void **state)
{
	enum { CLIENTS = 100 };
	int fds[CLIENTS];

	start();
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(&running);
		say_text(fds[i], "GET k:slow\r\n");
	}
	await_waiting(1);
	let_go();
	for (int i = 0; i < CLIENTS; i++) {
		expect_text(fds[i], "$8\r\nv:k:slow\r\n");
		close(fds[i]);
	}
	assert_int_equal(calls(), 1);
	stop();
}

static void
the_keys_of_an_mget_load_side_by_side(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	client_say(fd, "SET plain p", "+OK\r\n");
	say_text(fd, "MGET k:slow1 plain k:slow2 k:none other k:b\r\n");
	await_waiting(2);
	let_go();
	expect_text(fd, "*6\r\n$9\r\nv:k:slow1\r\n$1\r\np\r\n$9\r\nv:k:slow2\r\n$-1\r\n$-1\r\n"
			"$5\r\nv:k:b\r\n");
	client_say(fd, "MGET k:b k:slow1", "*2\r\n$5\r\nv:k:b\r\n$9\r\nv:k:slow1\r\n");
	client_say(fd, "MGET plain other", "*2\r\n$1\r\np\r\n$-1\r\n");
	client_say(fd, "MGET k:b k:broken plain", "-ORIGIN the origin failed (key 2 of 3)\r\n");
	close(fd);
	stop();
}

static void
set_overrides_and_del_forgets(void **state)
{
	int fd, other;

	start();
	fd = client_connect(&running);
	other = client_connect(&running);
	client_say(fd, "SET k:a mine", "+OK\r\n");
	client_say(fd, "GET k:a", "$4\r\nmine\r\n");
	assert_int_equal(calls(), 0);
	client_say(fd, "DEL k:a", ":1\r\n");
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	client_say(fd, "APPEND k:a +", ":6\r\n");
	client_say(fd, "GET k:a", "$6\r\nv:k:a+\r\n");
	client_say(fd, "FLUSHDB", "+OK\r\n");
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	/* What is written while it loads is not written over by what the load brings. */
	say_text(fd, "GET k:slow\r\n");
	await_waiting(1);
	client_say(other, "SET k:slow mine", "+OK\r\n");
	let_go();
	expect_text(fd, "$8\r\nv:k:slow\r\n");
	client_say(fd, "GET k:slow", "$4\r\nmine\r\n");
	client_say(fd, "TTL k:slow", ":-1\r\n");
	client_say(fd, "EXPIRE k:slow 100", ":1\r\n");
	client_say(fd, "GET k:slow", "$4\r\nmine\r\n");
	close(fd);
	close(other);
	stop();
}

static void
other_databases_have_no_routes(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	client_say(fd, "SELECT 1", "+OK\r\n");
	client_say(fd, "GET k:a", "$-1\r\n");
	assert_int_equal(calls(), 0);
	close(fd);
	stop();
}

static void
an_error_of_the_origin_is_said_as_one(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	client_say(fd, "GET k:broken", "-ORIGIN the origin failed\r\n");
	close(fd);
	stop();
	start_with((struct tayra__route){ .timeout_ns = 50 * TAYRA_NS_PER_MS }, 1);
	fd = client_connect(&running);
	client_say(fd, "GET k:slow", "-TIMEOUT the origin did not answer in time\r\n");
	let_go();
	client_say(fd, "PING", "+PONG\r\n");
	close(fd);
	stop();
}

static void
why_the_origin_failed_is_in_the_reply_and_in_info(void **state)
{
	char reply[8192];
	ssize_t n;
	int fd;

	start_with((struct tayra__route){ .name = "packages" }, 1);
	fd = client_connect(&running);
	client_say(fd, "GET k:broken", "-ORIGIN origin 'packages' failed\r\n");
	tayra__trouble_note(&origin->trouble, TAYRA_E_ORIGIN, "no such\ntable: packages");
	client_say(fd, "GET k:broken",
		   "-ORIGIN origin 'packages' failed: no such table: packages\r\n");
	client_say(fd, "MGET k:b k:broken",
		   "-ORIGIN origin 'packages' failed: no such table: packages (key 2 of 2)\r\n");
	say_text(fd, "INFO loads\r\n");
	n = recv(fd, reply, sizeof(reply) - 1, 0);
	assert_true(n > 0);
	reply[n] = '\0';
	assert_non_null(strstr(reply, "\r\norigin_packages_errors:1\r\n"));
	assert_non_null(
		strstr(reply, "\r\norigin_packages_last_error:no such table: packages\r\n"));
	close(fd);
	stop();
}

static void
a_limit_that_is_reached_is_said_with_a_time_to_retry(void **state)
{
	struct tayra_pace_options limit = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra__route route = { .keys = "k:{name}" };
	struct tayra_pace *pace;
	char reply[128];
	int fd, other;
	ssize_t n;

	source.calls = source.waiting = 0;
	source.open = source.down = false;
	limit.limiter = TAYRA_LIMITER_FIXED;
	limit.limit = 1;
	limit.queue_max = TAYRA_QUEUE_NONE;
	assert_int_equal(tayra_pace_create(&limit, &pace), TAYRA_OK);
	options.pace = pace;
	assert_int_equal(tayra_origin_function(&options, fetch, NULL, &origin), TAYRA_OK);
	route.origin = origin;
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .routes = &route,
							       .route_count = 1,
							       .paces = &pace,
							       .pace_count = 1 });
	fd = client_connect(&running);
	other = client_connect(&running);
	say_text(fd, "GET k:slow\r\n");
	await_waiting(1);
	say_text(other, "GET k:a\r\n");
	n = recv(other, reply, sizeof(reply) - 1, 0);
	assert_true(n > 0);
	reply[n] = '\0';
	assert_non_null(strstr(reply, "-OVERLOAD the origin has no room for this now"));
	close(fd);
	close(other);
	stop();
	tayra_pace_destroy(pace);
}

static void
what_is_stale_is_served_while_the_origin_fails(void **state)
{
	int fd;

	start_with((struct tayra__route){ .ttl_ms = 20, .stale_ms = 600000 }, 4);
	fd = client_connect(&running);
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	pthread_mutex_lock(&source.lock);
	source.down = true;
	pthread_mutex_unlock(&source.lock);
	usleep(40000);
	/* Stale is not there, but for GET. */
	client_say(fd, "EXISTS k:a", ":0\r\n");
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	assert_true(calls() >= 2);
	client_say(fd, "GET k:b", "-ORIGIN the origin failed\r\n");
	close(fd);
	stop();
}

static void
what_is_stale_is_served_while_the_origin_is_slow(void **state)
{
	int fd;

	start_with((struct tayra__route){ .ttl_ms = 20,
					  .stale_ms = 600000,
					  .soft_timeout_ns = 10 * TAYRA_NS_PER_MS },
		   4);
	fd = client_connect(&running);
	let_go();
	client_say(fd, "GET k:slow", "$8\r\nv:k:slow\r\n");
	pthread_mutex_lock(&source.lock);
	source.open = false;
	pthread_mutex_unlock(&source.lock);
	usleep(40000);
	client_say(fd, "GET k:slow", "$8\r\nv:k:slow\r\n");
	await_waiting(1); /* the load goes on */
	close(fd);
	stop();
}

static void
what_is_owed_speaks_the_version_it_was_asked_in(void **state)
{
	char hello[512];
	int fd;

	start();
	fd = client_connect(&running);
	say_text(fd, "HELLO 3\r\n");
	assert_true(recv(fd, hello, sizeof(hello), 0) > 0);
	client_say(fd, "GET k:none", "_\r\n");
	client_say(fd, "MGET k:none k:a", "*2\r\n_\r\n$5\r\nv:k:a\r\n");
	say_text(fd, GET("k:none", 6) "HELLO 2\r\n");
	expect_text(fd, "_\r\n*14\r\n");
	close(fd);
	stop();
}

static void
who_goes_away_is_not_waited_for(void **state)
{
	int fd, other;

	start();
	other = client_connect(&running);
	for (int i = 0; i < 20; i++) {
		const struct linger at_once = { .l_onoff = 1 };

		fd = client_connect(&running);
		say_text(fd, GET("k:slow", 6) GET("k:a", 3) "MGET k:slow k:slow2 k:b\r\n");
		if (i == 0)
			await_waiting(1);
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
		client_say(other, "PING", "+PONG\r\n");
	}
	let_go();
	client_say(other, "GET k:slow", "$8\r\nv:k:slow\r\n");
	close(other);
	stop();
}

static void
a_server_ends_with_loads_under_way(void **state)
{
	int fd;

	start();
	fd = client_connect(&running);
	say_text(fd, GET("k:slow", 6) GET("k:slow2", 7) "PING\r\n");
	await_waiting(2);
	tayra__server_stop(running.server);
	stop();
	client_expect_end(fd);
}

/* More than a connection may be owed at once. */
static void
a_long_pipeline_of_loads_is_answered_in_order(void **state)
{
	enum { COUNT = 3000 };
	char *asks = malloc(COUNT * 64), *replies = malloc(COUNT * 64);
	size_t ask_len = 0, reply_len = 0;
	int fd;

	for (int i = 0; i < COUNT; i++) {
		ask_len += (size_t)snprintf(asks + ask_len, 64,
					    "*2\r\n$3\r\nGET\r\n$6\r\nk:%04d\r\n", i);
		reply_len += (size_t)snprintf(replies + reply_len, 64, "$8\r\nv:k:%04d\r\n", i);
	}
	start();
	fd = client_connect(&running);
	client_send(fd, asks, ask_len);
	client_expect(fd, replies, reply_len);
	assert_int_equal(calls(), COUNT);
	close(fd);
	stop();
	free(asks);
	free(replies);
}

static void
a_pipeline_behind_a_load_is_held_back_before_it_is_too_much(void **state)
{
	enum { COUNT = 30 };
	const size_t len = 100000; /* thirty are more than the 2 MiB a connection may be owed */
	char *value = malloc(len), head[64], *reply = malloc(len + 64);
	size_t reply_len;
	int fd, other;

	memset(value, 'v', len);
	start();
	fd = client_connect(&running);
	other = client_connect(&running);
	snprintf(head, sizeof(head), "*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%zu\r\n", len);
	say_text(other, head);
	client_send(other, value, len);
	client_say(other, "", "+OK\r\n");
	say_text(fd, GET("k:slow", 6));
	for (int i = 0; i < COUNT; i++)
		say_text(fd, GET("big", 3));
	await_waiting(1);
	client_say(other, "PING", "+PONG\r\n");
	client_say(other, "PING", "+PONG\r\n");
	let_go();
	expect_text(fd, "$8\r\nv:k:slow\r\n");
	reply_len = (size_t)snprintf(reply, len + 64, "$%zu\r\n", len);
	memcpy(reply + reply_len, value, len);
	memcpy(reply + reply_len + len, "\r\n", 2);
	for (int i = 0; i < COUNT; i++)
		client_expect(fd, reply, reply_len + len + 2);
	close(fd);
	close(other);
	stop();
	free(value);
	free(reply);
}

static void
an_mget_of_too_many_keys_is_refused(void **state)
{
	enum { KEYS = 20000 };
	char *text = malloc(KEYS * 16);
	size_t len = (size_t)snprintf(text, 64, "*%d\r\n$4\r\nMGET\r\n", KEYS + 1);
	int fd;

	for (int i = 0; i < KEYS; i++)
		len += (size_t)snprintf(text + len, 16, "$3\r\nk:1\r\n");
	start();
	fd = client_connect(&running);
	client_send(fd, text, len);
	expect_text(fd, "-ERR more keys than can be loaded for one command\r\n");
	assert_int_equal(calls(), 0);
	client_say(fd, "PING", "+PONG\r\n");
	close(fd);
	stop();
	free(text);
}

/* The body of INFO loads. */
static void
info_loads(int fd, char *out, size_t len)
{
	size_t have = 0;

	say_text(fd, "INFO loads\r\n");
	do {
		ssize_t n = recv(fd, out + have, len - 1 - have, 0);

		assert_true(n > 0);
		have += (size_t)n;
		out[have] = '\0';
	} while (!strstr(out, "stale_replies:"));
}

static void
info_says_what_was_loaded(void **state)
{
	char text[1024];
	int fd;

	start();
	fd = client_connect(&running);
	client_say(fd, "GET k:a", "$5\r\nv:k:a\r\n");
	client_say(fd, "GET k:broken", "-ORIGIN the origin failed\r\n");
	client_say(fd, "GET k:none", "$-1\r\n");
	info_loads(fd, text, sizeof(text));
	assert_non_null(strstr(text, "\nloads:3\r\nload_failures:1\r\n"));
	assert_non_null(strstr(text, "\nloads_inflight:0\r\n"));
	close(fd);
	stop();
}

static void
routes_that_match_the_same_keys_are_refused(void **state)
{
	const struct tayra__route twice[] = { { .keys = "k:{name}" }, { .keys = "k:{other}" } };
	const struct tayra__route wrong = { .keys = "k:{" };
	struct tayra__routes *routes;
	char error[256];

	assert_int_equal(tayra__routes_create(twice, 2, error, sizeof(error), &routes),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "'k:{other}' matches the same keys as 'k:{name}'"));
	assert_null(routes);
	assert_int_equal(tayra__routes_create(&wrong, 1, error, sizeof(error), &routes),
			 TAYRA_E_INVAL);
	assert_true(error[0]);
	assert_int_equal(tayra__routes_create(NULL, 0, error, sizeof(error), &routes), TAYRA_OK);
	assert_null(routes);
}

static void
the_first_route_that_matches_counts(void **state)
{
	const struct tayra__route given[] = { { .keys = "a:{x}:b", .ttl_ms = 1 },
					      { .keys = "a:{x}", .ttl_ms = 2 } };
	struct tayra__key_in special = { .bytes = (char[]){ "a:1:b" }, .len = 5 },
			     general = { .bytes = (char[]){ "a:1:c" }, .len = 5 },
			     none = { .bytes = (char[]){ "b:1:c" }, .len = 5 };
	struct tayra__routes *routes;
	char error[256];

	assert_int_equal(tayra__routes_create(given, 2, error, sizeof(error), &routes), TAYRA_OK);
	assert_int_equal(tayra__route_find(routes, &special)->ttl_ms, 1);
	assert_int_equal(tayra__route_find(routes, &general)->ttl_ms, 2);
	assert_null(tayra__route_find(routes, &none));
	special.db = 1;
	assert_null(tayra__route_find(routes, &special));
	tayra__routes_destroy(routes);
}

static void
a_route_says_what_its_loads_cost(void **state)
{
	const struct tayra__route route = { .ttl_ms = 5, .cost = 7 };
	struct tayra_request request = TAYRA_REQUEST_INIT;

	tayra__fetch_describe(&route, &request);
	assert_int_equal(request.cost, 7);
	assert_int_equal(request.ttl_ms, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_says_what_its_loads_cost),
		cmocka_unit_test(a_get_loads_once_and_is_then_a_hit),
		cmocka_unit_test(replies_keep_their_order_while_loads_run_side_by_side),
		cmocka_unit_test(anything_else_waits_for_what_is_owed_and_others_go_on),
		cmocka_unit_test(quit_behind_a_load_is_said_after_it),
		cmocka_unit_test(who_says_no_more_still_gets_what_is_owed),
		cmocka_unit_test(a_hundred_clients_of_a_cold_key_are_one_load),
		cmocka_unit_test(the_keys_of_an_mget_load_side_by_side),
		cmocka_unit_test(set_overrides_and_del_forgets),
		cmocka_unit_test(other_databases_have_no_routes),
		cmocka_unit_test(an_error_of_the_origin_is_said_as_one),
		cmocka_unit_test(why_the_origin_failed_is_in_the_reply_and_in_info),
		cmocka_unit_test(a_limit_that_is_reached_is_said_with_a_time_to_retry),
		cmocka_unit_test(what_is_stale_is_served_while_the_origin_fails),
		cmocka_unit_test(what_is_stale_is_served_while_the_origin_is_slow),
		cmocka_unit_test(what_is_owed_speaks_the_version_it_was_asked_in),
		cmocka_unit_test(who_goes_away_is_not_waited_for),
		cmocka_unit_test(a_server_ends_with_loads_under_way),
		cmocka_unit_test(a_long_pipeline_of_loads_is_answered_in_order),
		cmocka_unit_test(a_pipeline_behind_a_load_is_held_back_before_it_is_too_much),
		cmocka_unit_test(an_mget_of_too_many_keys_is_refused),
		cmocka_unit_test(info_says_what_was_loaded),
		cmocka_unit_test(routes_that_match_the_same_keys_are_refused),
		cmocka_unit_test(the_first_route_that_matches_counts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
