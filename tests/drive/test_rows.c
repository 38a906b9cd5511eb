/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/rows.h"

#include "base/mem.h"

#include <tayra/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct tayra__rows rows;

static void
read_text(const char *text)
{
	char why[300] = "";

	if (tayra__rows_parse(&rows, "f.csv", text, strlen(text), why, sizeof(why)) != TAYRA_OK)
		fail_msg("%s", why);
}

static void
expect(uint32_t row, uint32_t column, const char *value)
{
	size_t len;
	const char *field = tayra__rows_field(&rows, row, column, &len);

	assert_string_equal(field, value);
	assert_int_equal(len, strlen(value));
}

static void
refuse_bytes(const char *bytes, size_t len, const char *expected)
{
	char why[300] = "";

	assert_int_equal(tayra__rows_parse(&rows, "f.csv", bytes, len, why, sizeof(why)),
			 TAYRA_E_INVAL);
	if (strncmp(why, expected, strlen(expected)) != 0)
		fail_msg("'%s' does not begin with '%s'", why, expected);
	assert_null(rows.bytes);
}

static void
refuse(const char *text, const char *expected)
{
	refuse_bytes(text, strlen(text), expected);
}

static void
the_first_line_names_the_columns_and_the_others_are_rows(void **state)
{
	read_text("id,name\n1,one\n2,\n");
	assert_int_equal(rows.columns, 2);
	assert_int_equal(rows.rows, 2);
	assert_string_equal(rows.column[0], "id");
	assert_string_equal(rows.column[1], "name");
	assert_null(rows.column[2]);
	expect(0, 0, "1");
	expect(0, 1, "one");
	expect(1, 0, "2");
	expect(1, 1, "");
	assert_int_equal(rows.line[1], 3);
	tayra__rows_fini(&rows);
}

static void
a_field_in_quotes_holds_commas_line_ends_and_quotes(void **state)
{
	read_text("a,b\n\"x,\"\"y\"\"\",\"1\n2\"\r\n\"\",z\n");
	expect(0, 0, "x,\"y\"");
	expect(0, 1, "1\n2");
	expect(1, 0, "");
	expect(1, 1, "z");
	assert_int_equal(rows.line[1], 4);
	tayra__rows_fini(&rows);
}

static void
line_ends_of_other_systems_blank_lines_and_none_at_the_end_are_fine(void **state)
{
	read_text("\xef\xbb\xbf"
		  "a\r\n\r\n1\r\n\n2");
	assert_string_equal(rows.column[0], "a");
	assert_int_equal(rows.rows, 2);
	expect(0, 0, "1");
	expect(1, 0, "2");
	assert_int_equal(rows.line[1], 5);
	tayra__rows_fini(&rows);
}

static void
what_is_wrong_is_said_with_file_and_line(void **state)
{
	refuse("", "f.csv: is empty");
	refuse("a,b\n", "f.csv: names its columns and has no row");
	refuse("a,a\n1,2\n", "f.csv:1: two columns are called 'a'");
	refuse("a,1b\n1,2\n", "f.csv:1: column 2 is called '1b'");
	refuse("a,\n1,2\n", "f.csv:1: column 2 is called ''");
	refuse("id,price\n1,2\n3\n", "f.csv:3: no value for column 'price': 1 of 2 fields");
	refuse("id,price\n1,2\n3,4,5\n", "f.csv:3: 3 fields, and the first line names 2");
	refuse("a\n\"x\ny\n", "f.csv:2: a quote that is never closed");
	refuse("a\n\"x\"y\n", "f.csv:2: text behind a closing quote");
	refuse("a\n5\"\n", "f.csv:2: a quote in a field");
	refuse_bytes("a\n1\n\0\n", 6, "f.csv:3: a byte 0");
}

static void
a_row_that_is_cut_off_is_no_row(void **state)
{
	static const char whole[] = "id,name,price\n1,\"a, b\",3\n22,c,4\n";
	char why[300];

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		int status = tayra__rows_parse(&rows, "f.csv", whole, len, why, sizeof(why));

		/* But in its last field, which may have been as short: nobody can tell. */
		if (status == TAYRA_OK)
			assert_true(len > 14 && (whole[len - 1] == '\n' ||
						 whole[len + strcspn(whole + len, ",\n")] != ','));
		if (status == TAYRA_OK)
			tayra__rows_fini(&rows);
	}
}

static void
more_than_64_columns_are_refused(void **state)
{
	char text[1024] = "a0";

	for (int i = 1; i <= TAYRA__ROWS_COLUMNS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ",a%d", i);
	refuse(text, "f.csv:1: more than 64 fields");
}

static void
a_file_of_many_rows_is_read_whole(void **state)
{
	char path[] = "/tmp/tayra-rows-XXXXXX", why[300], value[16];
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	fputs("n,twice\n", out);
	for (int i = 0; i < 50000; i++)
		fprintf(out, "%d,%d\n", i, 2 * i);
	fclose(out);
	assert_int_equal(tayra__rows_load(&rows, path, why, sizeof(why)), TAYRA_OK);
	unlink(path);
	assert_int_equal(rows.rows, 50000);
	for (uint32_t i = 0; i < 50000; i++) {
		snprintf(value, sizeof(value), "%u", 2 * i);
		expect(i, 1, value);
	}
	tayra__rows_fini(&rows);
	assert_int_equal(tayra__rows_load(&rows, path, why, sizeof(why)), TAYRA_E_IO);
	assert_non_null(strstr(why, path));
}

static void
each_allocation_may_fail(void **state)
{
	static const char text[] = "a,b\n1,2\n3,4\n";
	char why[300];
	int status = TAYRA_E_NOMEM;

	for (uint64_t n = 1; status == TAYRA_E_NOMEM && n < 20; n++) {
		tayra__mem_fail_after(n);
		status = tayra__rows_parse(&rows, "f", text, sizeof(text) - 1, why, sizeof(why));
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_E_NOMEM || n > 1);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra__rows_fini(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_names_the_columns_and_the_others_are_rows),
		cmocka_unit_test(a_field_in_quotes_holds_commas_line_ends_and_quotes),
		cmocka_unit_test(
			line_ends_of_other_systems_blank_lines_and_none_at_the_end_are_fine),
		cmocka_unit_test(what_is_wrong_is_said_with_file_and_line),
		cmocka_unit_test(a_row_that_is_cut_off_is_no_row),
		cmocka_unit_test(more_than_64_columns_are_refused),
		cmocka_unit_test(a_file_of_many_rows_is_read_whole),
		cmocka_unit_test(each_allocation_may_fail),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
