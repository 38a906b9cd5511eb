/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire.h"

#include "drive/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static struct tayra__drive_result result;

/* redis://, with what stands before and behind the address. */
static int
try_wire(struct server *server, const char *before, const char *behind, struct tayra__wire **wire,
	 char why[TAYRA__WIRE_WHY])
{
	struct tayra__wire_options options = { .connections = 2, .timeout_ns = 2000 * MS };
	char url[256];

	server->redis = true;
	snprintf(url, sizeof(url), "redis://%s%.*s%s", before, (int)strcspn(server->url + 7, "/"),
		 server->url + 7, behind);
	options.url = url;
	return tayra__wire_open(&options, wire, why, TAYRA__WIRE_WHY);
}

static struct tayra__wire *
open_wire(struct server *server, const char *before, const char *behind)
{
	struct tayra__wire *wire;
	char why[TAYRA__WIRE_WHY];

	if (try_wire(server, before, behind, &wire, why) != TAYRA_OK)
		fail_msg("%s", why);
	return wire;
}

/* Returns how many were asked in all. */
static uint64_t
drive(struct tayra__wire *wire)
{
	struct tayra__closed_plan plan = { .clients = 2, .length_ns = 20 * MS };
	uint64_t asked = 0;

	/* A busy machine may need longer for two requests. */
	do {
		tayra__hist_init(&result.latency);
		assert_int_equal(tayra__wire_drive_closed(wire, &plan, &result), TAYRA_OK);
		plan.length_ns *= 2;
		asked += result.offered;
	} while (result.offered < 2 && plan.length_ns < 10000 * MS);
	assert_in_range(result.offered, 2, UINT64_MAX);
	return asked;
}

static struct server_reply
pong(struct server *server, unsigned number)
{
	return (struct server_reply){ "+PONG\r\n", 0, SERVER_KEEPS };
}

static struct server_reply
many_kinds(struct server *server, unsigned number)
{
	static const char *const replies[] = {
		"$-1\r\n",
		"$5\r\nhello\r\n",
		":12\r\n",
		"*2\r\n$1\r\na\r\n*1\r\n-ERR inside\r\n",
		">2\r\n+message\r\n+x\r\n+OK\r\n",
		"*0\r\n",
	};

	return (struct server_reply){ replies[number % 6], number % 4, SERVER_KEEPS };
}

static void
every_kind_of_reply_in_any_pieces_is_one_answer(void **state)
{
	struct server *server = server_up(pong, NULL);
	struct tayra__wire *wire = open_wire(server, "", "");
	uint64_t asked;

	asked = drive(wire);
	assert_int_equal(asked, server->asked);
	assert_int_equal(result.ok, result.offered);
	tayra__wire_close(wire);
	server_down(server);
	server = server_up(many_kinds, NULL);
	wire = open_wire(server, "", "/key");
	/* Each of the six kinds, at least twice. */
	for (int i = 0; i < 100 && server->asked < 12; i++) {
		drive(wire);
		assert_int_equal(result.ok, result.offered);
	}
	assert_in_range(server->asked, 12, UINT64_MAX);
	assert_int_equal(server->accepted, 2);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
refuse(struct server *server, unsigned number)
{
	return (struct server_reply){ "-ERR unknown\tcommand\r\n", 0, SERVER_KEEPS };
}

static void
an_error_is_an_answer_that_failed(void **state)
{
	struct server *server = server_up(refuse, NULL);
	struct tayra__wire *wire = open_wire(server, "", "");

	drive(wire);
	assert_int_equal(result.errors, result.offered);
	assert_int_equal(tayra__wire_errors(wire)->count[TAYRA__WIRE_STATUS], result.errors);
	assert_string_equal(tayra__wire_errors(wire)->first, "ERR unknown?command");
	assert_int_equal(server->accepted, 2);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
garble(struct server *server, unsigned number)
{
	return (struct server_reply){ number % 2 ? "HTTP/1.1 400 Bad\r\n" : "$99999999\r\n", 0,
				      SERVER_KEEPS };
}

static void
garbage_and_a_reply_beyond_the_bound_are_malformed(void **state)
{
	struct server *server = server_up(garble, NULL);
	struct tayra__wire *wire = open_wire(server, "", "");

	drive(wire);
	assert_int_equal(tayra__wire_errors(wire)->count[TAYRA__WIRE_MALFORMED], result.offered);
	tayra__wire_close(wire);
	server_down(server);
}

/* Counts greetings; each comes first on its connection. */
static struct server_reply
greet(struct server *server, unsigned number)
{
	return number < 1 ? (struct server_reply){ "+OK\r\n+OK\r\n", 3, SERVER_KEEPS }
			  : pong(server, number);
}

static void
a_new_connection_says_who_it_is_and_selects_its_database(void **state)
{
	struct server *server = server_up(greet, NULL);
	struct tayra__wire *wire = open_wire(server, ":secret@", "/2");

	/* AUTH and SELECT may come in one piece or in two: they are one write. */
	assert_int_equal(server->asked, 1);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
distrust(struct server *server, unsigned number)
{
	return (struct server_reply){ "-WRONGPASS invalid\r\n", 0, SERVER_KEEPS };
}

static void
a_refused_password_is_said_and_not_shown(void **state)
{
	struct server *server = server_up(distrust, NULL);
	char why[TAYRA__WIRE_WHY];
	struct tayra__wire *wire;

	assert_int_equal(try_wire(server, ":secret@", "", &wire, why), TAYRA_E_IO);
	assert_non_null(strstr(why, ": WRONGPASS invalid"));
	assert_null(strstr(why, "secret"));
	server_down(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_reply_in_any_pieces_is_one_answer),
		cmocka_unit_test(an_error_is_an_answer_that_failed),
		cmocka_unit_test(garbage_and_a_reply_beyond_the_bound_are_malformed),
		cmocka_unit_test(a_new_connection_says_who_it_is_and_selects_its_database),
		cmocka_unit_test(a_refused_password_is_said_and_not_shown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
