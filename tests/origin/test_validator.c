/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "origin/validator.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void
read_line(struct tayra__validator *v, const char *line)
{
	tayra__validator_read(v, line, strlen(line));
}

static void
an_etag_is_what_the_grammar_says_and_comes_back_as_it_was(void **state)
{
	static const struct {
		const char *line, *etag;
	} rows[] = {
		{ "ETag: \"abc\"\r\n", "\"abc\"" },
		{ "etag:W/\"abc\"  \r\n", "W/\"abc\"" },
		{ "ETAG: \t\"\"", "\"\"" },
		{ "ETag: \"a,b'\xff\"", "\"a,b'\xff\"" },
		{ "ETag: abc", "" },
		{ "ETag: \"abc", "" },
		{ "ETag: \"a\"b\"", "" },
		{ "ETag: \"a b\"", "" },
		{ "ETag: \"a\rb\"", "" },
		{ "ETag: w/\"abc\"", "" },
		{ "ETag: \"", "" },
		{ "ETag:", "" },
		{ "X-ETag: \"abc\"", "" },
		{ "ETag", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__validator v = { 0 };

		read_line(&v, rows[i].line);
		assert_string_equal(v.etag, rows[i].etag);
		assert_string_equal(v.modified, "");
	}
}

static void
a_date_comes_back_as_it_was_and_is_one_line(void **state)
{
	struct tayra__validator v = { 0 };

	read_line(&v, "Last-Modified: " DATE "\r\n");
	assert_string_equal(v.modified, DATE);
	read_line(&v, "Last-Modified: a\nb");
	assert_string_equal(v.modified, "");
}

static void
one_that_is_too_long_is_none_and_a_status_line_begins_anew(void **state)
{
	struct tayra__validator v = { 0 };
	char line[TAYRA__VALIDATOR_ETAG + 20];
	int longest = TAYRA__VALIDATOR_ETAG - 3;

	snprintf(line, sizeof(line), "ETag: \"%0*d\"", longest, 1);
	read_line(&v, line);
	assert_int_equal(strlen(v.etag), TAYRA__VALIDATOR_ETAG - 1);
	snprintf(line, sizeof(line), "ETag: \"%0*d\"", longest + 1, 1);
	read_line(&v, line);
	assert_string_equal(v.etag, "");
	read_line(&v, "ETag: \"a\"");
	read_line(&v, "Last-Modified: " DATE);
	read_line(&v, "HTTP/1.1 200 OK\r\n");
	assert_string_equal(v.etag, "");
	assert_string_equal(v.modified, "");
}

static void
it_is_believed_for_the_bytes_it_came_with_alone(void **state)
{
	struct tayra__validator v = { .etag = "\"a\"", .modified = DATE }, got;
	struct tayra__validators all;

	tayra__validators_init(&all, 1u << 20);
	assert_false(tayra__validators_get(&all, "k", 1, "one", 3, &got));
	tayra__validators_put(&all, "k", 1, "one", 3, &v);
	assert_true(tayra__validators_get(&all, "k", 1, "one", 3, &got));
	assert_string_equal(got.etag, "\"a\"");
	assert_string_equal(got.modified, DATE);
	assert_false(tayra__validators_get(&all, "k", 1, "two", 3, &got));
	assert_string_equal(got.etag, "");
	assert_false(tayra__validators_get(&all, "k", 1, "on", 2, &got));
	assert_false(tayra__validators_get(&all, "l", 1, "one", 3, &got));
	/* An answer without one: what was known is of another. */
	tayra__validators_put(&all, "k", 1, "one", 3, &(struct tayra__validator){ .etag = "" });
	assert_false(tayra__validators_get(&all, "k", 1, "one", 3, &got));
	tayra__validators_put(&all, "k", 1, "", 0, &(struct tayra__validator){ .modified = DATE });
	assert_true(tayra__validators_get(&all, "k", 1, NULL, 0, &got));
	assert_string_equal(got.etag, "");
	assert_string_equal(got.modified, DATE);
	tayra__validators_fini(&all);
}

static void
their_memory_is_bounded_and_what_is_forgotten_is_not_believed(void **state)
{
	struct tayra__validator v = { .etag = "\"a\"" }, got;
	struct tayra__validators all;
	unsigned known = 0;

	tayra__validators_init(&all, 1u << 20);
	for (unsigned i = 0; i < 100000; i++)
		tayra__validators_put(&all, &i, sizeof(i), &i, sizeof(i), &v);
	for (unsigned i = 0; i < 100000; i++)
		known += tayra__validators_get(&all, &i, sizeof(i), &i, sizeof(i), &got);
	assert_in_range(known, 1000, 50000);
	tayra__validators_fini(&all);
	tayra__validators_init(&all, 0);
	tayra__validators_put(&all, "k", 1, "one", 3, &v);
	assert_false(tayra__validators_get(&all, "k", 1, "one", 3, &got));
	tayra__validators_fini(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_etag_is_what_the_grammar_says_and_comes_back_as_it_was),
		cmocka_unit_test(a_date_comes_back_as_it_was_and_is_one_line),
		cmocka_unit_test(one_that_is_too_long_is_none_and_a_status_line_begins_anew),
		cmocka_unit_test(it_is_believed_for_the_bytes_it_came_with_alone),
		cmocka_unit_test(their_memory_is_bounded_and_what_is_forgotten_is_not_believed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
