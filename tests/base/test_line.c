/* SPDX-License-Identifier: Apache-2.0 */
#include "base/line.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
every_control_character_is_replaced_and_nothing_else(void **state)
{
	for (int c = 1; c < 256; c++) {
		const char unprintable = c < 0x20 || c == 0x7f;
		char text[] = { 'a', (char)c, 'b', '\0' };

		tayra__line_flatten(text, '?');
		assert_int_equal(text[0], 'a');
		assert_int_equal(text[1], unprintable ? '?' : (char)c);
		assert_int_equal(text[2], 'b');
	}
}

static void
the_replacement_is_the_callers(void **state)
{
	char text[] = "\x1b[2J one\r\ntwo\tthree\x7f";

	tayra__line_flatten(text, ' ');
	assert_string_equal(text, " [2J one  two three ");
}

static void
characters_beyond_ascii_stay_whole(void **state)
{
	char text[] = "gr\xc3\xbc\xc3\x9f \xe2\x82\xac";

	tayra__line_flatten(text, '?');
	assert_string_equal(text, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
}

static void
nothing_behind_the_end_is_touched(void **state)
{
	char text[] = { '\n', '\0', '\n' };

	tayra__line_flatten(text, '?');
	assert_memory_equal(text, "?\0\n", 3);
	text[0] = '\0';
	tayra__line_flatten(text, '?');
	assert_memory_equal(text, "\0\0\n", 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_control_character_is_replaced_and_nothing_else),
		cmocka_unit_test(the_replacement_is_the_callers),
		cmocka_unit_test(characters_beyond_ascii_stay_whole),
		cmocka_unit_test(nothing_behind_the_end_is_touched),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
