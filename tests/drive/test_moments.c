/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/moments.h"

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

static struct tayra__moments moments;

static void
refuse_bytes(const char *bytes, size_t len, const char *expected)
{
	char why[300] = "";

	assert_int_equal(tayra__moments_parse(&moments, "t", bytes, len, why, sizeof(why)),
			 TAYRA_E_INVAL);
	if (strncmp(why, expected, strlen(expected)) != 0)
		fail_msg("'%s' does not begin with '%s'", why, expected);
	assert_null(moments.ns);
}

static void
refuse(const char *text, const char *expected)
{
	refuse_bytes(text, strlen(text), expected);
}

static void
each_line_is_a_moment_in_seconds(void **state)
{
	static const char text[] = "# offsets\n0\n0.05\r\n\n0.05 \n1.000000001\n604800";
	char why[300];

	assert_int_equal(tayra__moments_parse(&moments, "t", text, strlen(text), why, sizeof(why)),
			 TAYRA_OK);
	assert_int_equal(moments.count, 5);
	assert_int_equal(moments.ns[0], 0);
	assert_int_equal(moments.ns[1], 50 * TAYRA_NS_PER_MS);
	assert_int_equal(moments.ns[2], 50 * TAYRA_NS_PER_MS);
	assert_int_equal(moments.ns[3], TAYRA_NS_PER_S + 1);
	assert_int_equal(moments.ns[4], 604800 * TAYRA_NS_PER_S);
	tayra__moments_fini(&moments);
}

static void
what_is_none_is_refused_with_its_line(void **state)
{
	refuse("", "t: has no moment in it");
	refuse("# only\n\n", "t: has no moment in it");
	refuse("0\n-1\n", "t:2: is no moment");
	refuse("0\nsoon\n", "t:2: is no moment");
	refuse("0\n1 2\n", "t:2: is no moment");
	refuse("nan\n", "t:1: is no moment");
	refuse("604801\n", "t:1: is no moment");
	refuse("1\n0.5\n", "t:2: is earlier than the moment before it");
	refuse_bytes("0\n1\0\n", 5, "t:2: is no moment");
}

static void
a_million_lines_are_read(void **state)
{
	char path[] = "/tmp/tayra-moments-XXXXXX", why[300];
	FILE *out = fdopen(mkstemp(path), "w");

	for (int i = 0; i < 1000000; i++)
		fprintf(out, "%d.%03d\n", i / 1000, i % 1000);
	fclose(out);
	assert_int_equal(tayra__moments_load(&moments, path, why, sizeof(why)), TAYRA_OK);
	unlink(path);
	assert_int_equal(moments.count, 1000000);
	assert_int_equal(moments.ns[999999], 999999 * TAYRA_NS_PER_MS);
	tayra__moments_fini(&moments);
	assert_int_equal(tayra__moments_load(&moments, path, why, sizeof(why)), TAYRA_E_IO);
	assert_non_null(strstr(why, path));
}

static void
without_memory_there_is_nothing_left_behind(void **state)
{
	char why[300];

	tayra__mem_fail_after(1);
	assert_int_equal(tayra__moments_parse(&moments, "t", "0\n", 2, why, sizeof(why)),
			 TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(moments.ns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_a_moment_in_seconds),
		cmocka_unit_test(what_is_none_is_refused_with_its_line),
		cmocka_unit_test(a_million_lines_are_read),
		cmocka_unit_test(without_memory_there_is_nothing_left_behind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
