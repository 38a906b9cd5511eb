/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define OK "HTTP/1.1 200 OK\r\n"

/* Feed it in pieces of `piece` bytes, each at the very end of its own memory.  *rest: what was not
 * taken. */
static enum tayra__http_response_state
feed(struct tayra__http_response *r, const char *bytes, size_t len, size_t piece, size_t *rest)
{
	enum tayra__http_response_state state = TAYRA__HTTP_MORE;
	size_t done = 0;

	while (done < len && state == TAYRA__HTTP_MORE) {
		size_t n = len - done < piece ? len - done : piece, used;
		char *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, bytes + done, n);
		state = tayra__http_response_feed(r, copy, n, &used);
		free(copy);
		if (state == TAYRA__HTTP_MORE)
			assert_int_equal(used, n);
		done += used;
	}
	*rest = len - done;
	return state;
}

/* Whatever the pieces, it comes to the same. */
static void
expect(const char *text, enum tayra__http_response_state state, unsigned status, bool keep)
{
	size_t len = strlen(text), rest;

	for (size_t piece = 1; piece <= len; piece++) {
		struct tayra__http_response r;

		tayra__http_response_begin(&r, false);
		assert_int_equal(feed(&r, text, len, piece, &rest), state);
		if (state == TAYRA__HTTP_WRONG) {
			assert_non_null(r.error);
			continue;
		}
		assert_int_equal(rest, 0);
		assert_int_equal(r.status, status);
		if (state == TAYRA__HTTP_DONE)
			assert_int_equal(r.keep, keep);
	}
}

static void
expect_done(const char *text, unsigned status, bool keep)
{
	expect(text, TAYRA__HTTP_DONE, status, keep);
}

static void
expect_wrong(const char *text)
{
	expect(text, TAYRA__HTTP_WRONG, 0, false);
}

static void
an_answer_ends_where_its_length_says(void **state)
{
	expect_done(OK "Content-Length: 5\r\n\r\nhello", 200, true);
	expect_done(OK "content-LENGTH:0\r\n\r\n", 200, true);
	expect_done(OK "Content-Length: \t 2 \t\r\nServer: x\r\n\r\n\n\n", 200, true);
	expect_done("HTTP/1.1 404\r\nContent-Length: 1\r\n\r\n?", 404, true);
	expect_done("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, true);
	expect(OK "Content-Length: 5\r\n\r\nhell", TAYRA__HTTP_MORE, 200, false);
}

static void
an_answer_ends_with_its_last_chunk(void **state)
{
	expect_done(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n"
		       "0\r\n\r\n",
		    200, true);
	expect_done(OK "Transfer-Encoding: gzip, Chunked\r\n\r\n000\r\nTrailer: x\r\n\r\n", 200,
		    true);
	expect(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", TAYRA__HTTP_MORE, 200, false);
}

static void
what_has_no_body_ends_with_its_headers(void **state)
{
	struct tayra__http_response r;
	size_t rest;

	expect_done("HTTP/1.1 204 No Content\r\n\r\n", 204, true);
	expect_done("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, true);
	tayra__http_response_begin(&r, true);
	assert_int_equal(feed(&r, OK "Content-Length: 7\r\n\r\n", 38, 38, &rest), TAYRA__HTTP_DONE);
	assert_int_equal(rest, 0);
	assert_true(r.keep);
}

static void
interim_answers_are_passed_over(void **state)
{
	char many[1024] = "";

	expect_done("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n"
		    "\r\n" OK "Content-Length: 1\r\n\r\nx",
		    200, true);
	for (int i = 0; i <= TAYRA__HTTP_INTERIM_MAX; i++)
		strncat(many, "HTTP/1.1 102 x\r\n\r\n", sizeof(many) - strlen(many) - 1);
	expect_wrong(many);
	expect_wrong("HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

static void
the_connection_is_kept_when_both_sides_would(void **state)
{
	expect_done(OK "Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, false);
	expect_done(OK "Connection: x , CLOSE\r\nContent-Length: 1\r\n\r\nx", 200, false);
	expect_done("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, false);
	expect_done("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200,
		    true);
}

static void
without_a_length_the_connection_ends_the_body(void **state)
{
	static const char *const texts[] = { OK "\r\nhello", OK "Transfer-Encoding: gzip\r\n\r\nx",
					     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct tayra__http_response r;
		size_t rest;

		tayra__http_response_begin(&r, false);
		assert_int_equal(feed(&r, texts[i], strlen(texts[i]), 7, &rest), TAYRA__HTTP_MORE);
		assert_int_equal(tayra__http_response_end(&r), TAYRA__HTTP_DONE);
		assert_false(r.keep);
	}
}

static void
a_connection_that_ends_early_is_told_from_one_that_ends_well(void **state)
{
	static const char *const texts[] = { "", "HTTP/1.1 2", OK "Content-Length: 2\r\n\r\nx",
					     OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct tayra__http_response r;
		size_t rest;

		tayra__http_response_begin(&r, false);
		assert_int_equal(feed(&r, texts[i], strlen(texts[i]), 100, &rest),
				 TAYRA__HTTP_MORE);
		assert_int_equal(tayra__http_response_end(&r), TAYRA__HTTP_WRONG);
		assert_non_null(strstr(r.error, i ? "middle" : "without"));
	}
}

static void
what_follows_an_answer_is_left(void **state)
{
	static const char text[] = OK "Content-Length: 1\r\n\r\nxHTTP";
	struct tayra__http_response r;
	size_t rest;

	tayra__http_response_begin(&r, false);
	assert_int_equal(feed(&r, text, sizeof(text) - 1, 1000, &rest), TAYRA__HTTP_DONE);
	assert_int_equal(rest, 4);
}

static void
what_is_no_answer_is_wrong(void **state)
{
	expect_wrong("SSH-2.0-OpenSSH\r\n");
	expect_wrong("HTTP/2.0 200 OK\r\n");
	expect_wrong("HTTP/1.1 099 x\r\n");
	expect_wrong("HTTP/1.1 20 OK\r\n");
	expect_wrong("HTTP/1.1 2000 OK\r\n");
	expect_wrong("\r\n");
	expect_wrong(OK ": x\r\n");
	expect_wrong(OK "no colon\r\n");
	expect_wrong(OK "Server : x\r\n");
	expect_wrong(OK "Server: x\r\n folded\r\n");
	expect_wrong(OK "Server: a\rb\r\n");
	expect_wrong(OK "Content-Length: -1\r\n");
	expect_wrong(OK "Content-Length:\r\n");
	expect_wrong(OK "Content-Length: 1 2\r\n");
	expect_wrong(OK "Content-Length: 18446744073709551616\r\n");
	expect_wrong(OK "Content-Length: 1\r\nContent-Length: 2\r\n");
	expect_wrong(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
	expect_wrong(OK "Transfer-Encoding: chunked\r\n\r\n\r\n");
	expect_wrong(OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n");
	expect_wrong(OK "Transfer-Encoding: chunked\r\n\r\n11112222333344445\r\n");
	expect_wrong(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n");
	expect(OK "Content-Length: 1099511627776\r\n\r\nx", TAYRA__HTTP_MORE, 200, false);
	expect(OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nab", TAYRA__HTTP_MORE, 200, false);
}

/* A length that no server means is no answer at once, instead of being waited for. */
static void
a_length_beyond_reason_is_wrong(void **state)
{
	static const char chunked[] = OK "Transfer-Encoding: chunked\r\n\r\n";
	static const char *const sizes[] = { "ffffffffffffffff", "FFFFFFFFFFFFFFFF",
					     "8000000000000000", "10000000001" };
	char text[200];

	expect_wrong(OK "Content-Length: 18446744073709551615\r\n\r\n");
	expect_wrong(OK "Content-Length: 1099511627777\r\n\r\n");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		snprintf(text, sizeof(text), "%s%s\r\n", chunked, sizes[i]);
		expect_wrong(text);
	}
	snprintf(text, sizeof(text), "%s10000000000\r\nx", chunked);
	expect(text, TAYRA__HTTP_MORE, 200, false);
}

/* An endless repetition of `unit` behind `head`: where does it give up? */
static size_t
length_that_is_wrong(const char *head, const char *unit)
{
	struct tayra__http_response r;
	size_t rest, total = 0;

	tayra__http_response_begin(&r, false);
	assert_int_equal(feed(&r, head, strlen(head), 1000, &rest), TAYRA__HTTP_MORE);
	while (total < 1000000) {
		total += strlen(unit);
		if (feed(&r, unit, strlen(unit), 1000, &rest) == TAYRA__HTTP_WRONG)
			return total;
	}
	return total;
}

static void
no_line_and_no_head_grows_without_end(void **state)
{
	assert_in_range(length_that_is_wrong("", "H"), TAYRA__HTTP_LINE_MAX,
			TAYRA__HTTP_LINE_MAX + 1);
	assert_in_range(length_that_is_wrong(OK, "xxxxxxxx"), TAYRA__HTTP_LINE_MAX,
			TAYRA__HTTP_LINE_MAX + 8);
	assert_in_range(length_that_is_wrong(OK, "abc: def\r\n"), TAYRA__HTTP_HEAD_MAX - 100,
			TAYRA__HTTP_HEAD_MAX);
	assert_in_range(
		length_that_is_wrong(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", "abc: def\r\n"),
		TAYRA__HTTP_HEAD_MAX - 100, TAYRA__HTTP_HEAD_MAX + 100);
	/* A body may have as many chunks as it likes. */
	assert_in_range(length_that_is_wrong(OK "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
			1000000, 1000010);
}

static void
a_long_header_is_passed_over_unless_it_matters(void **state)
{
	char text[1024];

	snprintf(text, sizeof(text), OK "X-Long: %0500d\r\nContent-Length: 1\r\n\r\nx", 0);
	expect_done(text, 200, true);
	snprintf(text, sizeof(text), OK "Content-Length: %0500d\r\n\r\n", 0);
	for (size_t piece = 1; piece < 100; piece++) {
		struct tayra__http_response r;
		size_t rest;

		tayra__http_response_begin(&r, false);
		assert_int_equal(feed(&r, text, strlen(text), piece, &rest), TAYRA__HTTP_WRONG);
	}
}

static void
after_its_end_it_takes_nothing(void **state)
{
	struct tayra__http_response r;
	size_t rest;

	tayra__http_response_begin(&r, false);
	assert_int_equal(feed(&r, "nonsense\n", 9, 9, &rest), TAYRA__HTTP_WRONG);
	assert_int_equal(feed(&r, OK, 17, 17, &rest), TAYRA__HTTP_WRONG);
	tayra__http_response_begin(&r, false);
	assert_int_equal(feed(&r, OK, 17, 17, &rest), TAYRA__HTTP_MORE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_ends_where_its_length_says),
		cmocka_unit_test(an_answer_ends_with_its_last_chunk),
		cmocka_unit_test(what_has_no_body_ends_with_its_headers),
		cmocka_unit_test(interim_answers_are_passed_over),
		cmocka_unit_test(the_connection_is_kept_when_both_sides_would),
		cmocka_unit_test(without_a_length_the_connection_ends_the_body),
		cmocka_unit_test(a_connection_that_ends_early_is_told_from_one_that_ends_well),
		cmocka_unit_test(what_follows_an_answer_is_left),
		cmocka_unit_test(what_is_no_answer_is_wrong),
		cmocka_unit_test(a_length_beyond_reason_is_wrong),
		cmocka_unit_test(no_line_and_no_head_grows_without_end),
		cmocka_unit_test(a_long_header_is_passed_over_unless_it_matters),
		cmocka_unit_test(after_its_end_it_takes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
