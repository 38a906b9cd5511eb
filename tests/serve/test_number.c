/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <float.h>
#include <string.h>

#include "serve/glob.h"
#include "serve/number.h"

static void
integers_are_written_in_one_way_only(void **state)
{
	static const char *const bad[] = { "",
					   "-",
					   "+1",
					   " 1",
					   "1 ",
					   "01",
					   "-0",
					   "-01",
					   "1.0",
					   "x",
					   "9223372036854775808",
					   "-9223372036854775809",
					   "99999999999999999999999" };
	static const int64_t good[] = { 0, 1, -1, 10, INT64_MAX, INT64_MIN };
	int64_t value = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(tayra__integer_read(bad[i], strlen(bad[i]), &value));
	assert_int_equal(value, 5);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[TAYRA__INTEGER_TEXT];
		size_t len = tayra__integer_write(good[i], text);

		assert_true(tayra__integer_read(text, len, &value));
		assert_true(value == good[i]);
	}
}

static void
floats_have_no_exponent_and_no_trailing_zeros(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = { { "1", "1" },     { "1.50", "1.5" }, { "-0", "0" },       { "1e3", "1000" },
		      { "100", "100" }, { "0.1", "0.1" },  { "-1.25", "-1.25" } };
	static const char *const bad[] = { "", " 1", "1 ", "nan", "1x", "1\0" };
	char text[TAYRA__FLOAT_TEXT];
	long double value;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(tayra__float_read(cases[i].in, strlen(cases[i].in), &value));
		assert_int_equal(tayra__float_write(value, text), strlen(cases[i].out));
		assert_string_equal(text, cases[i].out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(tayra__float_read(bad[i], strlen(bad[i]) + (i == 5), &value));
	assert_in_range(tayra__float_write(-LDBL_MAX, text), 1000, TAYRA__FLOAT_TEXT - 1);
}

static void
patterns_match_as_a_shells(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "*", "", true },
		{ "*", "abc", true },
		{ "", "", true },
		{ "", "a", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "a*c", "abbbc", true },
		{ "a*c", "abbb", false },
		{ "*b*b*", "abcb", true },
		{ "[abc]", "b", true },
		{ "[^abc]", "b", false },
		{ "[a-c]x", "bx", true },
		{ "[c-a]", "b", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "[\\]]", "]", true },
		{ "[abc", "c", true },
		{ "a[", "a", false },
		{ "user:*:x", "user:1:x", true },
		{ "a**b", "ab", true },
		{ "*a", "aab", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tayra__glob_match(cases[i].pattern, strlen(cases[i].pattern),
						   cases[i].text, strlen(cases[i].text)),
				 cases[i].matches);
}

/* Exponential in the stars this would outlast any test. */
static void
a_hostile_pattern_costs_little(void **state)
{
	char pattern[101], text[1001];

	for (size_t i = 0; i < 100; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[100] = 'b';
	memset(text, 'a', sizeof(text));
	assert_false(tayra__glob_match(pattern, sizeof(pattern), text, sizeof(text)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_written_in_one_way_only),
		cmocka_unit_test(floats_have_no_exponent_and_no_trailing_zeros),
		cmocka_unit_test(patterns_match_as_a_shells),
		cmocka_unit_test(a_hostile_pattern_costs_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
