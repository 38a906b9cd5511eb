/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "net/dial.h"
#include "net/resp_client.h"
#include "puppet.h"
#include "redis.h"

#define LONG_NS (30 * TAYRA_NS_PER_S)

static struct tayra__resp_client client;
static struct redis server;
static char error[300];
static char pushed[256]; /* the elements of pushes, each with a blank */

static uint64_t
in(uint64_t ns)
{
	return tayra__clock_mono_ns(tayra_clock_real()) + ns;
}

static void
note_push(void *ctx, const struct tayra__resp_element *e)
{
	size_t len = strlen(pushed);

	if (e->type == TAYRA__RESP_BULK || e->type == TAYRA__RESP_NULL)
		snprintf(pushed + len, sizeof(pushed) - len, "%.*s ", (int)e->len,
			 e->text ? e->text : "");
}

static int
open_url(const char *text, enum tayra__resp_version version, uint64_t within_ns)
{
	struct tayra__redis_url url;
	struct tayra__dial_list list;
	const struct tayra__resp_client_options options = {
		.url = &url,
		.name = "test",
		.bulk_bytes = 1 << 20,
		.version = version,
		.push = note_push,
	};

	error[0] = pushed[0] = '\0';
	assert_int_equal(tayra__redis_url_parse(text, &url, error, sizeof(error)), TAYRA_OK);
	assert_int_equal(tayra__dial_resolve(&url, &list, error, sizeof(error)), TAYRA_OK);
	return tayra__resp_client_open(&client, &options, &list.at[0], in(within_ns), error,
				       sizeof(error));
}

/* Open against a script; the puppet is gone afterwards, the client closed. */
static int
open_puppet(const char *const *script, uint64_t within_ns)
{
	struct puppet puppet;
	int status;

	assert_int_equal(puppet_up(&puppet, script), 0);
	status = open_url(puppet.url, TAYRA__RESP3, within_ns);
	tayra__resp_client_close(&client);
	puppet_down(&puppet);
	return status;
}

static struct tayra__resp_argument
arg(const char *text)
{
	return (struct tayra__resp_argument){ text, strlen(text) };
}

static int
call(const char *a, const char *b, const char *c, struct tayra__resp_element *out)
{
	struct tayra__resp_argument args[3] = { arg(a) };
	size_t n = 1;

	if (b)
		args[n++] = arg(b);
	if (c)
		args[n++] = arg(c);
	return tayra__resp_client_call(&client, args, n, in(LONG_NS), out);
}

static void
need_redis(void)
{
	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
	if (!server.pid)
		assert_true(redis_up(&server));
	redis_say(&server, "FLUSHALL");
}

static void
a_real_server_speaks_resp3_and_says_which_connection_it_is(void **state)
{
	struct tayra__resp_element e;

	need_redis();
	assert_int_equal(open_url(server.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(client.version, TAYRA__RESP3);
	assert_true(client.id > 0);
	assert_int_equal(call("CLIENT", "GETNAME", NULL, &e), TAYRA_OK);
	assert_int_equal(e.len, 4);
	assert_memory_equal(e.text, "test", 4);
	assert_int_equal(call("GET", "none", NULL, &e), TAYRA_OK);
	assert_int_equal(e.type, TAYRA__RESP_NULL);
	assert_int_equal(call("NONSENSE", NULL, NULL, &e), TAYRA_OK);
	assert_true(tayra__resp_is_error(&e, "ERR"));
	tayra__resp_client_close(&client);
}

static void
large_values_go_and_come_whole(void **state)
{
	static char big[300000];
	struct tayra__resp_argument set[3] = { arg("SET"), arg("k"), { big, sizeof(big) } };
	struct tayra__resp_element e;

	need_redis();
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 31);
	assert_int_equal(open_url(server.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(tayra__resp_client_call(&client, set, 3, in(LONG_NS), &e), TAYRA_OK);
	assert_int_equal(e.type, TAYRA__RESP_SIMPLE);
	assert_int_equal(call("GET", "k", NULL, &e), TAYRA_OK);
	assert_int_equal(e.len, sizeof(big));
	assert_memory_equal(e.text, big, sizeof(big));
	tayra__resp_client_close(&client);
}

static void
pushes_are_told_apart_from_replies(void **state)
{
	struct tayra__resp_argument track[] = { arg("CLIENT"), arg("TRACKING"), arg("ON"),
						arg("BCAST") };
	struct tayra__resp_element e;

	need_redis();
	assert_int_equal(open_url(server.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(tayra__resp_client_call(&client, track, 4, in(LONG_NS), &e), TAYRA_OK);
	redis_say(&server, "SET from-elsewhere 1");
	assert_int_equal(call("GET", "from-elsewhere", NULL, &e), TAYRA_OK);
	assert_int_equal(e.len, 1);
	if (!pushed[0]) /* it may be behind the answer */
		assert_int_equal(call("PING", NULL, NULL, &e), TAYRA_OK);
	assert_string_equal(pushed, "invalidate from-elsewhere ");
	tayra__resp_client_close(&client);
}

static void
what_it_says_of_itself_is_what_the_url_says(void **state)
{
	const char *const script[] = { "+OK\r\n", "%1\r\n$2\r\nid\r\n:7\r\n", "+OK\r\n", NULL };
	const char *const want = "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"
				 "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
				 "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$4\r\ntest\r\n";
	struct puppet puppet;

	assert_int_equal(puppet_up(&puppet, script), 0);
	assert_int_equal(open_url(puppet.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(client.id, 7);
	tayra__resp_client_close(&client);
	puppet_down(&puppet);
	assert_string_equal(puppet.heard, want);
}

static void
a_wrong_password_is_said_without_showing_it(void **state)
{
	const char *const redis[] = { "-WRONGPASS invalid username-password pair\r\n", NULL };
	const char *const echo[] = { "-ERR unknown command 'AUTH' with args: 'secret'\r\n", NULL };

	assert_int_equal(open_puppet(redis, LONG_NS), TAYRA_E_INVAL);
	assert_non_null(strstr(error, "refuses user and password: WRONGPASS"));
	assert_null(strstr(error, "secret"));
	assert_int_equal(open_puppet(echo, LONG_NS), TAYRA_E_INVAL);
	assert_non_null(strstr(error, "refuses user and password: ERR"));
	assert_null(strstr(error, "secret"));
}

static void
a_missing_password_is_asked_for(void **state)
{
	const char *const script[] = { "+OK\r\n", "-NOAUTH HELLO must be called ..\r\n", NULL };

	assert_int_equal(open_puppet(script, LONG_NS), TAYRA_E_INVAL);
	assert_non_null(strstr(error, "wants a password"));
}

static void
without_hello_it_falls_back_to_resp2(void **state)
{
	const char *const script[] = { "+OK\r\n", "-ERR unknown command `HELLO`\r\n", "+OK\r\n",
				       ":42\r\n", NULL };
	struct puppet puppet;

	assert_int_equal(puppet_up(&puppet, script), 0);
	assert_int_equal(open_url(puppet.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(client.version, TAYRA__RESP2);
	assert_int_equal(client.id, 42);
	tayra__resp_client_close(&client);
	puppet_down(&puppet);
}

static void
a_server_that_is_not_one_is_found_out(void **state)
{
	const char *const http[] = { "HTTP/1.1 400 Bad Request\r\n\r\n", NULL };
	const char *const closes[] = { "", NULL };
	const char *const huge[] = { "$99999999999\r\n", NULL };
	const char *const silent[] = { NULL };

	assert_int_equal(open_puppet(http, LONG_NS), TAYRA_E_CORRUPT);
	assert_non_null(strstr(error, "does not speak the Redis protocol"));
	assert_int_equal(open_puppet(closes, LONG_NS), TAYRA_E_IO);
	assert_int_equal(open_puppet(huge, LONG_NS), TAYRA_E_CORRUPT);
	assert_int_equal(open_puppet(silent, 20 * TAYRA_NS_PER_MS), TAYRA_E_TIMEOUT);
	assert_non_null(strstr(error, "no answer in time while authenticating"));
}

static void
nobody_there_is_an_error_that_says_where(void **state)
{
	assert_int_equal(open_url("unix:///nowhere/socket", TAYRA__RESP3, LONG_NS), TAYRA_E_IO);
	assert_non_null(strstr(error, "unix:///nowhere/socket: No such file or directory while "
				      "connecting"));
	assert_int_equal(client.fd, -1);
}

static void
a_trickling_server_does_not_outlast_the_deadline(void **state)
{
	const char *const script[] = { "+OK\r\n", "-ERR\r\n",   "+OK\r\n",
				       ":1\r\n",  "$10\r\nabc", NULL };
	struct puppet puppet;
	struct tayra__resp_argument ping = arg("PING");
	struct tayra__resp_element e;
	uint64_t until = in(30 * TAYRA_NS_PER_MS);

	assert_int_equal(puppet_up(&puppet, script), 0);
	assert_int_equal(open_url(puppet.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(tayra__resp_client_call(&client, &ping, 1, until, &e), TAYRA_E_TIMEOUT);
	assert_true(in(0) >= until);
	tayra__resp_client_close(&client);
	puppet_down(&puppet);
}

static void
aggregates_are_told_element_by_element_and_in_pieces(void **state)
{
	const char *const script[] = { "+OK\r\n",
				       "-ERR\r\n",
				       "+OK\r\n",
				       ":1\r\n",
				       "*3\r\n$1\r\na\r\n*2\r\n",
				       "$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n+next\r\n",
				       NULL };
	struct puppet puppet;
	struct tayra__resp_argument a = arg("X");
	struct tayra__resp_element e;

	assert_int_equal(puppet_up(&puppet, script), 0);
	assert_int_equal(open_url(puppet.url, TAYRA__RESP3, LONG_NS), TAYRA_OK);
	assert_int_equal(tayra__resp_client_send(&client, &a, 1, in(LONG_NS)), TAYRA_OK);
	while (tayra__resp_client_next(&client, note_push, NULL, &e) == TAYRA_PENDING &&
	       !strstr(pushed, "a "))
		assert_true(tayra__resp_client_fill(&client) >= 0);
	assert_int_equal(tayra__resp_client_send(&client, &a, 1, in(LONG_NS)), TAYRA_OK);
	assert_int_equal(tayra__resp_client_receive(&client, in(LONG_NS), note_push, NULL, &e),
			 TAYRA_OK);
	assert_int_equal(e.type, TAYRA__RESP_ARRAY);
	assert_string_equal(pushed, "a b c d ");
	assert_int_equal(tayra__resp_client_receive(&client, in(LONG_NS), NULL, NULL, &e),
			 TAYRA_OK);
	assert_memory_equal(e.text, "next", 4);
	tayra__resp_client_close(&client);
	puppet_down(&puppet);
}

static int
take_down(void **state)
{
	if (server.pid)
		redis_down(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_server_speaks_resp3_and_says_which_connection_it_is),
		cmocka_unit_test(large_values_go_and_come_whole),
		cmocka_unit_test(pushes_are_told_apart_from_replies),
		cmocka_unit_test(what_it_says_of_itself_is_what_the_url_says),
		cmocka_unit_test(a_wrong_password_is_said_without_showing_it),
		cmocka_unit_test(a_missing_password_is_asked_for),
		cmocka_unit_test(without_hello_it_falls_back_to_resp2),
		cmocka_unit_test(a_server_that_is_not_one_is_found_out),
		cmocka_unit_test(nobody_there_is_an_error_that_says_where),
		cmocka_unit_test(a_trickling_server_does_not_outlast_the_deadline),
		cmocka_unit_test(aggregates_are_told_element_by_element_and_in_pieces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, take_down);
}
