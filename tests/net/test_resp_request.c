/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/resp_request.h"

static const struct tayra__resp_limits limits = {
	.bulk_bytes = 1000,
	.args = 5,
	.inline_bytes = 100,
	.who = "",
};

/* A request as text: arguments joined by '|', requests by '/'. */
struct transcript {
	char text[512];
	size_t len;
	enum tayra__resp_status end;
};

static void
note(struct transcript *t, const struct tayra__resp_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		assert_true(t->len + request->args[i].len + 2 < sizeof(t->text));
		if (i > 0)
			t->text[t->len++] = '|';
		memcpy(t->text + t->len, request->args[i].bytes, request->args[i].len);
		t->len += request->args[i].len;
	}
	t->text[t->len++] = '/';
}

/* Give the parser what has arrived, in a block of its own as a sanitizer likes it, and move what is
 * left over as a connection does. */
static size_t
feed(struct tayra__resp_request *request, const char *bytes, size_t len, struct transcript *t)
{
	char *copy = malloc(len ? len : 1);
	size_t done = 0, used;

	memcpy(copy, bytes, len);
	do {
		t->end = tayra__resp_request_parse(request, copy + done, len - done, &limits,
						   &used);
		if (t->end == TAYRA__RESP_DONE)
			note(t, request);
		done += used;
	} while (t->end == TAYRA__RESP_DONE);
	free(copy);
	return done;
}

/* Parse in two pieces, cut at `cut`. */
static struct transcript
parse_cut(const char *bytes, size_t len, size_t cut)
{
	struct tayra__resp_request request;
	struct transcript t = { .len = 0 };
	size_t done;

	tayra__resp_request_init(&request);
	done = feed(&request, bytes, cut, &t);
	if (t.end == TAYRA__RESP_MORE)
		feed(&request, bytes + done, len - done, &t);
	tayra__resp_request_fini(&request);
	return t;
}

static struct transcript
parse(const char *text)
{
	return parse_cut(text, strlen(text), strlen(text));
}

static void
assert_requests(const char *bytes, size_t len, const char *expected, size_t expected_len)
{
	for (size_t cut = 0; cut <= len; cut++) {
		struct transcript t = parse_cut(bytes, len, cut);

		assert_int_equal(t.end, TAYRA__RESP_MORE);
		assert_int_equal(t.len, expected_len);
		assert_memory_equal(t.text, expected, expected_len);
	}
}

#define ASSERT_REQUESTS(bytes, expected)                                                           \
	assert_requests(bytes, sizeof(bytes) - 1, expected, sizeof(expected) - 1)

static void
multibulk_is_the_same_wherever_it_is_cut(void **state)
{
	ASSERT_REQUESTS("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", "GET|k/PING/");
	ASSERT_REQUESTS("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\n\r\n\0x\r\n", "SET||\r\n\0x/");
}

static void
inline_is_the_same_wherever_it_is_cut(void **state)
{
	ASSERT_REQUESTS("GET k\r\nPING\n", "GET|k/PING/");
	ASSERT_REQUESTS("  SET\tkey   'a b'  \r\n*1\r\n$4\r\nPING\r\n", "SET|key|a b/PING/");
	ASSERT_REQUESTS("SET \"a\\n\\x00\\\"b\" 'it\\'s'\r\n", "SET|a\n\0\"b|it's/");
	ASSERT_REQUESTS("a\"b c\" x\r\n", "ab c|x/");
}

static void
an_empty_request_has_no_arguments(void **state)
{
	ASSERT_REQUESTS("\r\n*0\r\n*-10\r\n\n   \r\nPING\r\n", "/////PING/");
}

static void
assert_wrong(const char *text, const char *why)
{
	size_t len = strlen(text);

	/* As a whole and byte by byte. */
	for (size_t step = 1; step <= len; step += len > 1 ? len - 1 : 1) {
		struct tayra__resp_request request;
		struct transcript t = { .end = TAYRA__RESP_MORE };

		tayra__resp_request_init(&request);
		for (size_t end = step; end <= len + step - 1 && t.end == TAYRA__RESP_MORE;
		     end += step)
			feed(&request, text, end < len ? end : len, &t);
		assert_int_equal(t.end, TAYRA__RESP_WRONG);
		assert_string_equal(request.error, why);
		tayra__resp_request_fini(&request);
	}
}

static void
errors_read_as_those_of_redis(void **state)
{
	assert_wrong("*3000000000\r\n", "Protocol error: invalid multibulk length");
	assert_wrong("*6\r\n", "Protocol error: invalid multibulk length");
	assert_wrong("*x\r\n", "Protocol error: invalid multibulk length");
	assert_wrong("*99999999999999999999\r\n", "Protocol error: invalid multibulk length");
	assert_wrong("*1\r\n$2000000000\r\n", "Protocol error: invalid bulk length");
	assert_wrong("*1\r\n$1001\r\n", "Protocol error: invalid bulk length");
	assert_wrong("*1\r\n$-10\r\n", "Protocol error: invalid bulk length");
	assert_wrong("*1\r\n$blabla\r\n", "Protocol error: invalid bulk length");
	assert_wrong("*1\r\nfoo\r\n", "Protocol error: expected '$', got 'f'");
	assert_wrong("*1\r\n\001\r\n", "Protocol error: expected '$', got '?'");
	assert_wrong("*1\r\n$1\r\nab\r\n", "Protocol error: expected CRLF after a bulk");
	assert_wrong("set \"a b\r\n", "Protocol error: unbalanced quotes in request");
	assert_wrong("set \"a\"b\r\n", "Protocol error: unbalanced quotes in request");
	assert_wrong("set 'a\r\n", "Protocol error: unbalanced quotes in request");
}

static void
lines_without_an_end_are_given_up(void **state)
{
	char line[200];

	memset(line, 'A', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_wrong(line, "Protocol error: too big inline request");
	memcpy(line + 120, "\r\n", 2);
	assert_wrong(line, "Protocol error: too big inline request");
}

static void
numbers_without_an_end_are_given_up(void **state)
{
	assert_int_equal(parse("*1").end, TAYRA__RESP_MORE);
	assert_int_equal(parse("*1\r").end, TAYRA__RESP_MORE);
	assert_wrong("*000000000000000000000000000", "Protocol error: invalid multibulk length");
	assert_wrong("*1\r\n$000000000000000000000000000", "Protocol error: invalid bulk length");
}

static void
a_stranger_is_told_what_is_too_much_for_one(void **state)
{
	struct tayra__resp_limits strict = limits;
	struct tayra__resp_request request;
	char bytes[] = "*100\r\n";
	size_t used;

	strict.who = "unauthenticated ";
	tayra__resp_request_init(&request);
	assert_int_equal(tayra__resp_request_parse(&request, bytes, 6, &strict, &used),
			 TAYRA__RESP_WRONG);
	assert_string_equal(request.error, "Protocol error: unauthenticated multibulk length");
	tayra__resp_request_fini(&request);
}

static void
what_is_announced_is_known_and_not_allocated(void **state)
{
	struct tayra__resp_request request;
	char bytes[] = "*5\r\n$900\r\n";
	size_t used;

	tayra__resp_request_init(&request);
	assert_int_equal(tayra__resp_request_parse(&request, bytes, 10, &limits, &used),
			 TAYRA__RESP_MORE);
	assert_int_equal(request.wanted, 10 + 900 + 2);
	assert_int_equal(request.room, 0);
	tayra__resp_request_fini(&request);
}

static void
the_byte_before_a_later_argument_may_be_overwritten(void **state)
{
	char bytes[] = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\nGET k\r\n";
	size_t len = sizeof(bytes) - 1, done = 0, used;
	struct tayra__resp_request request;

	tayra__resp_request_init(&request);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tayra__resp_request_parse(&request, bytes + done, len - done,
							   &limits, &used),
				 TAYRA__RESP_DONE);
		request.args[1].bytes[-1] = 7;
		assert_memory_equal(request.args[0].bytes, "GET", 3);
		done += used;
	}
	assert_int_equal(done, len);
	tayra__resp_request_fini(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multibulk_is_the_same_wherever_it_is_cut),
		cmocka_unit_test(inline_is_the_same_wherever_it_is_cut),
		cmocka_unit_test(an_empty_request_has_no_arguments),
		cmocka_unit_test(errors_read_as_those_of_redis),
		cmocka_unit_test(lines_without_an_end_are_given_up),
		cmocka_unit_test(numbers_without_an_end_are_given_up),
		cmocka_unit_test(a_stranger_is_told_what_is_too_much_for_one),
		cmocka_unit_test(what_is_announced_is_known_and_not_allocated),
		cmocka_unit_test(the_byte_before_a_later_argument_may_be_overwritten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
