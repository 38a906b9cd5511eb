/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/rows.h"

#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
expect(const struct tayra__rows *rows, size_t row, size_t column, const char *text)
{
	size_t len;
	const char *field = tayra__rows_field(rows, row, column, &len);

	assert_int_equal(len, strlen(text));
	assert_memory_equal(field, text, len);
}

static void
fields_are_as_rfc_4180_has_them(void **state)
{
	static const char text[] = "\xef\xbb\xbfid,name\r\n"
				   "1,plain\r\n"
				   "2,\"a, b\"\n"
				   "\"3\",\"say \"\"hi\"\"\nthere\"\r\n"
				   ",\n"
				   "5,last";
	struct tayra__rows rows;
	char why[160] = "";

	(void)state;
	assert_int_equal(tayra__rows_parse(&rows, text, strlen(text), why, sizeof(why)), TAYRA_OK);
	assert_int_equal(rows.columns, 2);
	assert_int_equal(rows.count, 5);
	assert_int_equal(tayra__rows_column(&rows, "name", 4), 1);
	assert_int_equal(tayra__rows_column(&rows, "nam", 3), -1);
	assert_int_equal(tayra__rows_column(&rows, "names", 5), -1);
	expect(&rows, 0, 1, "plain");
	expect(&rows, 1, 1, "a, b");
	expect(&rows, 2, 0, "3");
	expect(&rows, 2, 1, "say \"hi\"\nthere");
	expect(&rows, 3, 0, "");
	expect(&rows, 3, 1, "");
	expect(&rows, 4, 1, "last");
	tayra__rows_fini(&rows);
}

static void
refuse(const char *text, size_t len, const char *what)
{
	struct tayra__rows rows;
	char why[160] = "";

	assert_int_equal(tayra__rows_parse(&rows, text, len, why, sizeof(why)), TAYRA_E_INVAL);
	assert_string_equal(why, what);
}

#define REFUSE(text, what) refuse(text, sizeof(text) - 1, what)

static void
what_is_no_table_is_refused_with_its_line(void **state)
{
	(void)state;
	REFUSE("", "1: the first line names the columns, in letters, digits and _ - .");
	REFUSE("a b\n1\n", "1: the first line names the columns, in letters, digits and _ - .");
	REFUSE("a,a\n1,2\n", "1: two columns of one name");
	REFUSE("a,b\n", "2: there are no rows below the names of the columns");
	REFUSE("a,b\n1,2\n3\n", "3: 1 fields, where there are 2 columns");
	REFUSE("a,b\n1,2,3\n", "2: more fields than columns");
	REFUSE("a\n\"x", "2: a quote that is not closed");
	REFUSE("a\n\"x\"y\n", "2: something stands behind a closing quote");
	REFUSE("a\nx\"y\n", "2: a quote in the middle of a field");
	REFUSE("a\n\"x\n\ny\"\nb\"\n", "5: a quote in the middle of a field");
	REFUSE("a\nx\ry\n", "2: a carriage return in the middle of a line");
	REFUSE("a\nx\0y\n", "2: a byte 0");
}

static void
files_are_named_in_what_is_wrong_with_them(void **state)
{
	char path[] = "/tmp/tayra-rows-XXXXXX", why[200];
	int fd = mkstemp(path);
	struct tayra__rows rows;
	char want[64];

	(void)state;
	assert_int_equal(write(fd, "a,b\n1\n", 6), 6);
	assert_int_equal(tayra__rows_load(&rows, path, why, sizeof(why)), TAYRA_E_INVAL);
	snprintf(want, sizeof(want), "%s:2: 1 fields, where there are 2 columns", path);
	assert_string_equal(why, want);
	assert_int_equal(pwrite(fd, "a,b\n1,2\n", 8, 0), 8);
	assert_int_equal(tayra__rows_load(&rows, path, why, sizeof(why)), TAYRA_OK);
	tayra__rows_fini(&rows);
	close(fd);
	unlink(path);
	assert_int_equal(tayra__rows_load(&rows, path, why, sizeof(why)), TAYRA_E_IO);
	assert_int_equal(tayra__rows_load(&rows, "/tmp", why, sizeof(why)), TAYRA_E_IO);
	assert_string_equal(why, "/tmp: is no file of up to 256 MiB");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_as_rfc_4180_has_them),
		cmocka_unit_test(what_is_no_table_is_refused_with_its_line),
		cmocka_unit_test(files_are_named_in_what_is_wrong_with_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
