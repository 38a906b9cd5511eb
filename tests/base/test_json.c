/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <tayra/base.h>

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A writer into memory. */
struct page {
	struct tayra__json json;
	FILE *out;
	char *text;
	size_t size;
};

static struct page page;

static void
begin(enum tayra__json_style style)
{
	page.out = open_memstream(&page.text, &page.size);
	assert_non_null(page.out);
	tayra__json_init(&page.json, page.out, style);
}

static int
finish(void)
{
	int status = tayra__json_finish(&page.json);

	fclose(page.out);
	return status;
}

/* Finish well, with exactly that text. */
static void
expect(const char *text)
{
	assert_int_equal(finish(), TAYRA_OK);
	assert_string_equal(page.text, text);
	free(page.text);
}

static void
expect_misuse(void)
{
	assert_int_equal(finish(), TAYRA_E_INTERNAL);
	free(page.text);
}

static void
a_line_has_every_kind_of_value(void **state)
{
	begin(TAYRA__JSON_LINE);
	tayra__json_object(&page.json, NULL);
	tayra__json_u64(&page.json, "u", UINT64_MAX);
	tayra__json_i64(&page.json, "i", INT64_MIN);
	tayra__json_double(&page.json, "d", 0.1, 4);
	tayra__json_bool(&page.json, "b", true);
	tayra__json_null(&page.json, "n");
	tayra__json_string(&page.json, "s", "text");
	tayra__json_string(&page.json, "none", NULL);
	tayra__json_array(&page.json, "a");
	tayra__json_u64(&page.json, NULL, 1);
	tayra__json_object(&page.json, NULL);
	tayra__json_end(&page.json);
	tayra__json_end(&page.json);
	tayra__json_end(&page.json);
	expect("{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"d\":0.1,\"b\":true,"
	       "\"n\":null,\"s\":\"text\",\"none\":null,\"a\":[1,{}]}\n");
}

static void
the_pretty_style_indents(void **state)
{
	begin(TAYRA__JSON_PRETTY);
	tayra__json_object(&page.json, NULL);
	tayra__json_array(&page.json, "a");
	tayra__json_u64(&page.json, NULL, 1);
	tayra__json_u64(&page.json, NULL, 2);
	tayra__json_end(&page.json);
	tayra__json_array(&page.json, "empty");
	tayra__json_end(&page.json);
	tayra__json_end(&page.json);
	expect("{\n  \"a\": [\n    1,\n    2\n  ],\n  \"empty\": []\n}\n");
}

static void
strings_are_escaped_in_names_and_values(void **state)
{
	begin(TAYRA__JSON_LINE);
	tayra__json_object(&page.json, NULL);
	tayra__json_string(&page.json, "a\"b\\", "\b\f\n\r\t\x01\x1f\x7f/bfnrt");
	tayra__json_end(&page.json);
	expect("{\"a\\\"b\\\\\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f/bfnrt\"}\n");
}

static void
bytes_that_are_not_utf8_become_the_replacement_character(void **state)
{
	static const char *const bad[] = {
		"\x80",             /* a continuation alone */
		"\xc0\x80",         /* overlong NUL */
		"\xe0\x80\xaf",     /* overlong '/' */
		"\xed\xa0\x80",     /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xff",
		"\xe2\x82", /* cut short */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char want[64] = "\"";

		for (size_t n = strlen(bad[i]); n > 0; n--)
			memcpy(want + strlen(want), "\\ufffd", 7);
		memcpy(want + strlen(want), "\"\n", 3);
		begin(TAYRA__JSON_LINE);
		tayra__json_string(&page.json, NULL, bad[i]);
		expect(want);
	}
	begin(TAYRA__JSON_LINE);
	tayra__json_string(&page.json, NULL, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	expect("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"\n");
}

static void
nan_and_infinities_are_null(void **state)
{
	static const double odd[] = { (double)NAN, (double)INFINITY, -(double)INFINITY };

	for (int i = 0; i < 3; i++) {
		begin(TAYRA__JSON_LINE);
		tayra__json_double(&page.json, NULL, odd[i], 17);
		expect("null\n");
	}
}

static void
a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE" };
	const char *found = NULL;

	for (size_t i = 0; i < 4 && !found; i++)
		found = setlocale(LC_NUMERIC, names[i]);
	if (!found)
		skip();
	begin(TAYRA__JSON_LINE);
	tayra__json_double(&page.json, NULL, 0.5, 6);
	setlocale(LC_NUMERIC, "C");
	expect("0.5\n");
}

static void
misuse_sticks(void **state)
{
	begin(TAYRA__JSON_LINE);
	tayra__json_object(&page.json, NULL);
	tayra__json_u64(&page.json, NULL, 1); /* no name in an object */
	tayra__json_u64(&page.json, "a", 1);
	tayra__json_end(&page.json);
	expect_misuse();

	begin(TAYRA__JSON_LINE);
	tayra__json_array(&page.json, NULL);
	tayra__json_u64(&page.json, "a", 1); /* a name in an array */
	tayra__json_end(&page.json);
	expect_misuse();

	begin(TAYRA__JSON_LINE);
	tayra__json_end(&page.json); /* nothing is open */
	expect_misuse();

	begin(TAYRA__JSON_LINE);
	tayra__json_object(&page.json, NULL); /* left open */
	expect_misuse();

	begin(TAYRA__JSON_LINE);
	expect_misuse(); /* nothing at all */

	begin(TAYRA__JSON_LINE);
	tayra__json_u64(&page.json, NULL, 1);
	tayra__json_u64(&page.json, NULL, 2); /* a second value on the line */
	expect_misuse();
}

static void
too_deep_is_misuse_not_an_overflow(void **state)
{
	begin(TAYRA__JSON_LINE);
	for (int i = 0; i < TAYRA__JSON_DEPTH; i++)
		tayra__json_array(&page.json, NULL);
	assert_false(page.json.wrong);
	for (int i = 0; i < 10; i++)
		tayra__json_array(&page.json, NULL);
	for (int i = 0; i < TAYRA__JSON_DEPTH + 10; i++)
		tayra__json_end(&page.json);
	expect_misuse();
}

static void
one_writer_writes_line_after_line(void **state)
{
	begin(TAYRA__JSON_LINE);
	tayra__json_u64(&page.json, NULL, 1);
	assert_int_equal(tayra__json_finish(&page.json), TAYRA_OK);
	tayra__json_u64(&page.json, NULL, 2);
	expect("1\n2\n");
}

static void
a_full_disk_is_an_io_error(void **state)
{
	struct tayra__json json;
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		skip();
	tayra__json_init(&json, full, TAYRA__JSON_LINE);
	tayra__json_string(&json, NULL, "lost");
	assert_int_equal(tayra__json_finish(&json), TAYRA_E_IO);
	fclose(full);
}

static void
what_is_written_reads_back_the_same(void **state)
{
	static const double numbers[] = { 0,         -0.0, 1.0 / 3, 5e-324, 1.7976931348623157e308,
					  123456.789 };
	static const char text[] = "\xc3\xa9 \"quoted\" \\ \n\t\x01 end";
	json_error_t error;
	json_t *root, *array;

	begin(TAYRA__JSON_PRETTY);
	tayra__json_object(&page.json, NULL);
	tayra__json_string(&page.json, "text", text);
	tayra__json_array(&page.json, "numbers");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		tayra__json_double(&page.json, NULL, numbers[i], 17);
	tayra__json_end(&page.json);
	tayra__json_end(&page.json);
	assert_int_equal(finish(), TAYRA_OK);

	root = json_loads(page.text, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "text")), text);
	array = json_object_get(root, "numbers");
	assert_int_equal(json_array_size(array), sizeof(numbers) / sizeof(*numbers));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		assert_true(json_number_value(json_array_get(array, i)) == numbers[i]);
	json_decref(root);
	free(page.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_every_kind_of_value),
		cmocka_unit_test(the_pretty_style_indents),
		cmocka_unit_test(strings_are_escaped_in_names_and_values),
		cmocka_unit_test(bytes_that_are_not_utf8_become_the_replacement_character),
		cmocka_unit_test(nan_and_infinities_are_null),
		cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
		cmocka_unit_test(misuse_sticks),
		cmocka_unit_test(too_deep_is_misuse_not_an_overflow),
		cmocka_unit_test(one_writer_writes_line_after_line),
		cmocka_unit_test(a_full_disk_is_an_io_error),
		cmocka_unit_test(what_is_written_reads_back_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
