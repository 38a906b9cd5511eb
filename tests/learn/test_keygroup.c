/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/keygroup.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect(const void *key, size_t len, const char *group)
{
	char text[TAYRA__KEYGROUP_MAX + 1];
	size_t n = tayra__keygroup(key, len, text);

	text[n] = '\0';
	assert_string_equal(text, group);
}

static void
keys_are_grouped_up_to_their_last_colon(void **state)
{
	expect("user:42:name", 12, "user:#:*");
	expect("user:7:name", 11, "user:#:*");
	expect("a:", 2, "a:*");
	expect(":x", 2, ":*");
}

static void
without_a_colon_digits_are_collapsed(void **state)
{
	expect("page12x345", 10, "page#x#");
	expect("12", 2, "#");
	expect("plain", 5, "plain");
}

static void
bytes_that_do_not_print_are_one_group(void **state)
{
	expect("\x01\xff:\x02", 4, "(binary)");
	expect("caf\xc3\xa9", 5, "(binary)");
	expect("user:\x01", 6, "user:*");
	expect("", 0, "(empty)");
	expect(NULL, 0, "(empty)");
}

static void
long_keys_are_cut(void **state)
{
	char key[1000], text[TAYRA__KEYGROUP_MAX];

	memset(key, 'k', sizeof(key));
	assert_int_equal(tayra__keygroup(key, sizeof(key), text), TAYRA__KEYGROUP_MAX - 1);
	key[200] = ':';
	assert_int_equal(tayra__keygroup(key, sizeof(key), text), TAYRA__KEYGROUP_MAX);
	assert_int_equal(text[TAYRA__KEYGROUP_MAX - 1], '*');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_grouped_up_to_their_last_colon),
		cmocka_unit_test(without_a_colon_digits_are_collapsed),
		cmocka_unit_test(bytes_that_do_not_print_are_one_group),
		cmocka_unit_test(long_keys_are_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
