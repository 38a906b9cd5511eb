/* SPDX-License-Identifier: Apache-2.0
 *
 * A Redis server as an origin: against a real one, and against one that says what it is told to.
 */
#include "asked.h"

#include "../net/puppet.h"
#include "../net/redis.h"

static struct redis server;

static void
expect_text(struct tayra_origin *origin, const char *key, const char *value)
{
	expect(origin, key, value, strlen(value));
}

static struct tayra_origin *
open_at(const char *url, const char *pattern, const char *command, uint64_t max_bytes)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[300] = "";

	o.threads = 1;
	o.pattern = pattern;
	o.max_bytes = max_bytes;
	if (tayra_origin_redis(&o, url, command, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

static void
refused(const char *url, const char *pattern, const char *command, const char *says)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[300] = "";

	o.pattern = pattern;
	assert_int_equal(tayra_origin_redis(&o, url, command, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_null(origin);
	if (!strstr(error, says))
		fail_msg("\"%s\" does not say \"%s\"", error, says);
	assert_null(strchr(error, '\n'));
}

static int
start_server(void **state)
{
	if (redis_is_installed() && !redis_up(&server))
		return -1;
	return 0;
}

static int
stop_server(void **state)
{
	if (server.folder[0])
		redis_down(&server);
	return 0;
}

static void
need_server(void)
{
	if (!server.folder[0])
		skip();
	if (server.pid == 0)
		assert_true(redis_start(&server));
	redis_say(&server, "FLUSHALL");
	redis_say(&server, "SET user:7 ann");
	redis_say(&server, "HSET user name bob age 42");
	redis_say(&server, "LPUSH list a b");
}

static void
a_string_or_a_number_is_the_value(void **state)
{
	struct tayra_origin *origin;

	need_server();
	origin = open_at(server.url, NULL, "GET {key}", 0);
	expect_text(origin, "user:7", "ann");
	expect_status(origin, "user:8", TAYRA_E_NOT_FOUND);
	tayra_origin_close(origin);
	origin = open_at(server.url, "{kind}/{field}", "HGET {kind} {field}", 0);
	expect_text(origin, "user/name", "bob");
	expect_text(origin, "user/age", "42");
	expect_status(origin, "user", TAYRA_E_INVAL);
	tayra_origin_close(origin);
	origin = open_at(server.url, "len:{name}", "HLEN \"{name}\"", 0);
	expect_text(origin, "len:user", "2");
	tayra_origin_close(origin);
}

static void
no_key_changes_what_is_asked(void **state)
{
	struct tayra_origin *origin;

	need_server();
	origin = open_at(server.url, NULL, "GET {key}", 0);
	expect_status(origin, "user:7 x", TAYRA_E_NOT_FOUND);
	expect_status(origin, "x\r\nFLUSHALL\r\n", TAYRA_E_NOT_FOUND);
	expect_status(origin, "\" \"", TAYRA_E_NOT_FOUND);
	expect_status(origin, "{key}", TAYRA_E_NOT_FOUND);
	expect_text(origin, "user:7", "ann");
	tayra_origin_close(origin);
}

static void
what_is_no_value_is_an_error_that_quotes_no_key(void **state)
{
	struct tayra_origin *origin;

	need_server();
	origin = open_at(server.url, NULL, "GET {key}", 0);
	expect_status(origin, "list", TAYRA_E_ORIGIN);
	expect_trouble(origin, 1, "the server answers WRONGTYPE");
	tayra_origin_close(origin);
	origin = open_at(server.url, NULL, "LRANGE {key} 0 -1", 0);
	expect_status(origin, "list", TAYRA_E_ORIGIN);
	expect_status(origin, "list", TAYRA_E_ORIGIN); /* and stays in step */
	tayra_origin_close(origin);
	origin = open_at(server.url, NULL, "NOSUCH {key}", 0);
	expect_status(origin, "secret", TAYRA_E_ORIGIN);
	expect_trouble(origin, 1, "the server answers ERR unknown command");
	tayra_origin_close(origin);
}

static void
a_value_over_the_limit_is_too_large_and_the_next_is_asked_for(void **state)
{
	struct tayra_origin *origin;

	need_server();
	redis_say(&server, "SETRANGE long 99 x");
	origin = open_at(server.url, NULL, "GET {key}", 50);
	expect_status(origin, "long", TAYRA_E_TOO_LARGE);
	expect_text(origin, "user:7", "ann");
	tayra_origin_close(origin);
}

/* A server that hung up while nothing was asked is noticed before the question. */
static void
a_server_that_comes_back_is_asked_again(void **state)
{
	struct tayra_origin *origin;
	struct tayra_ref ref;
	int status = TAYRA_E_ORIGIN;

	need_server();
	origin = open_at(server.url, NULL, "GET {key}", 0);
	expect_text(origin, "user:7", "ann");
	redis_say(&server, "CLIENT KILL TYPE normal SKIPME yes");
	expect_text(origin, "user:7", "ann");
	redis_kill(&server);
	expect_status(origin, "user:7", TAYRA_E_ORIGIN);
	need_server();
	for (int i = 0; i < 200 && status != TAYRA_OK; i++) {
		status = look_up(origin, "user:7", 6, 0, &ref);
		if (status == TAYRA_OK)
			tayra_release(&ref);
		poll(NULL, 0, 50);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra_origin_close(origin);
}

static void
a_load_past_its_deadline_gives_its_connection_up(void **state)
{
	struct tayra_origin *origin;
	struct tayra_ref ref;

	need_server();
	redis_say(&server, "DEL key");
	origin = open_at(server.url, NULL, "BLPOP {key} 30", 0);
	assert_int_equal(look_up(origin, "key", 3, 50 * TAYRA_NS_PER_MS, &ref), TAYRA_E_TIMEOUT);
	tayra_origin_close(origin);
}

static void
answers_of_a_server_in_trouble_are_an_overload(void **state)
{
	static const char *const script[] = { "+OK\r\n", /* AUTH, SETNAME, ID */
					      "+OK\r\n",
					      ":1\r\n",
					      "-LOADING Redis is loading the dataset in memory\r\n",
					      "$2\r\nok\r\n",
					      "!nonsense\r\n",
					      NULL };
	struct tayra_origin *origin;
	struct puppet puppet;

	assert_int_equal(puppet_up(&puppet, script), 0);
	origin = open_at(puppet.url, NULL, "GET {key}", 0);
	expect_status(origin, "k", TAYRA_E_OVERLOAD);
	expect_text(origin, "k", "ok");
	expect_status(origin, "k", TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
	puppet_down(&puppet);
}

static void
what_comes_behind_an_answer_is_no_other_key_s_value(void **state)
{
	static const char *const script[] = { "+OK\r\n", "+OK\r\n", ":1\r\n", /* as above */
					      "$1\r\na\r\n$1\r\nb\r\n", NULL };
	struct tayra_origin *origin;
	struct tayra_ref ref;
	struct puppet puppet;

	assert_int_equal(puppet_up(&puppet, script), 0);
	origin = open_at(puppet.url, NULL, "GET {key}", 0);
	expect_text(origin, "one", "a");
	/* Over another connection, which nobody takes. */
	assert_int_equal(look_up(origin, "two", 3, 50 * TAYRA_NS_PER_MS, &ref), TAYRA_E_TIMEOUT);
	tayra_origin_close(origin);
	puppet_down(&puppet);
}

static void
a_server_that_is_not_there_may_come(void **state)
{
	struct tayra_origin *origin;
	char error[300] = "";

	assert_int_equal(tayra_origin_redis(NULL, "unix:///tmp/no/such/socket", "GET {key}", error,
					    sizeof(error), &origin),
			 TAYRA_OK);
	assert_non_null(strstr(error, "No such file"));
	expect_status(origin, "k", TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
}

static struct tayra_origin *
open_writer(const char *url, const char *query, const char *write)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[300] = "";

	o.pattern = "user:{id}";
	o.write = write;
	if (tayra_origin_redis(&o, url, query, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

/* What is cached before is "old". */
static void
expect_written(struct tayra_origin *origin, const char *value, size_t len, int status, bool forgets)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	struct tayra *t;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	r.key = "user:7", r.key_len = 6, r.origin = origin, r.ttl_ms = 60000;
	assert_int_equal(tayra_put(t, r.key, r.key_len, "old", 3, 60000, 0), TAYRA_OK);
	assert_int_equal(tayra_put_through(t, &r, value, len), status);
	assert_int_equal(tayra_get(t, r.key, r.key_len, &ref),
			 forgets ? TAYRA_E_NOT_FOUND : TAYRA_OK);
	if (status == TAYRA_OK) {
		assert_int_equal(ref.value_len, len);
		assert_memory_equal(ref.value, value, len);
	} else if (!forgets) {
		holds(&ref, "old");
	}
	tayra_release(&ref);
	tayra_destroy(t);
}

static void
a_value_goes_behind_the_words_of_the_write(void **state)
{
	static const char evil[] = "x\r\nDEL user:7\r\n\0 y";
	struct tayra_origin *origin;

	need_server();
	origin = open_writer(server.url, "GET user:{id}", "SET user:{id}");
	expect_written(origin, "eve", 3, TAYRA_OK, false);
	expect(origin, "user:7", "eve", 3);
	expect_written(origin, "", 0, TAYRA_OK, false);
	expect(origin, "user:7", "", 0);
	expect_written(origin, evil, sizeof(evil), TAYRA_OK, false);
	expect(origin, "user:7", evil, sizeof(evil));
	tayra_origin_close(origin);
	origin = open_writer(server.url, "HGET user name", "HSET user name");
	expect_written(origin, "joe", 3, TAYRA_OK, false);
	expect(origin, "user:7", "joe", 3);
	tayra_origin_close(origin);
	/* A list is not to be set so: nothing has changed. */
	origin = open_writer(server.url, "GET user:{id}", "GETSET list");
	expect_written(origin, "x", 1, TAYRA_E_INVAL, false);
	tayra_origin_close(origin);
	/* Of others nobody knows. */
	origin = open_writer(server.url, "GET user:{id}", "NOSUCH user:{id}");
	expect_written(origin, "x", 1, TAYRA_E_ORIGIN, true);
	tayra_origin_close(origin);
	redis_kill(&server);
	origin = open_writer(server.url, "GET user:{id}", "SET user:{id}");
	expect_written(origin, "x", 1, TAYRA_E_ORIGIN, true);
	tayra_origin_close(origin);
}

static void
what_cannot_serve_is_refused_with_one_line_that_says_why(void **state)
{
	static const char url[] = "redis://127.0.0.1:1";
	static const char words[] = "A a a a a a a a a a a a a a a a a";
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[300] = "";

	refused(url, "u:{id}", "GET {name}", "no part {name}");
	refused(url, NULL, "", "no word");
	refused(url, NULL, "GET 'a", "quote");
	refused(url, NULL, "{key} a", "name is not fixed");
	refused(url, NULL, "GET {key", "byte 1");
	refused(url, NULL, words, "16 words");
	refused("http://x", NULL, "GET {key}", "redis://");
	o.write = "SET {name}";
	assert_int_equal(tayra_origin_redis(&o, url, "GET {key}", error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "write: "));
	assert_non_null(strstr(error, "no part {name}"));
	refused(url, "u:{id", "GET {id}", "pattern");
	if (!server.folder[0])
		return;
	need_server();
	redis_say(&server, "CONFIG SET requirepass sesame");
	refused(server.url, NULL, "GET {key}", "password");
	redis_say(&server, "AUTH sesame");
	redis_kill(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_or_a_number_is_the_value),
		cmocka_unit_test(no_key_changes_what_is_asked),
		cmocka_unit_test(what_is_no_value_is_an_error_that_quotes_no_key),
		cmocka_unit_test(a_value_over_the_limit_is_too_large_and_the_next_is_asked_for),
		cmocka_unit_test(a_server_that_comes_back_is_asked_again),
		cmocka_unit_test(a_load_past_its_deadline_gives_its_connection_up),
		cmocka_unit_test(answers_of_a_server_in_trouble_are_an_overload),
		cmocka_unit_test(what_comes_behind_an_answer_is_no_other_key_s_value),
		cmocka_unit_test(a_server_that_is_not_there_may_come),
		cmocka_unit_test(a_value_goes_behind_the_words_of_the_write),
		cmocka_unit_test(what_cannot_serve_is_refused_with_one_line_that_says_why),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
