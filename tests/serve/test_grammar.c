/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/grammar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct tayra__grammar grammar;

static void
take(const char *text)
{
	const struct tayra__resp_reply_limits limits = { 1000, 1000, 1u << 20 };
	struct tayra__resp_element element;
	struct tayra__resp_reply reply;
	size_t used;

	tayra__grammar_clear(&grammar);
	tayra__resp_reply_init(&reply);
	for (; *text; text += used) {
		assert_int_equal(tayra__resp_reply_next(&reply, text, strlen(text), &limits,
							&element, &used),
				 TAYRA__RESP_REPLY_ELEMENT);
		tayra__grammar_take(&grammar, &element);
	}
}

static const struct tayra__grammar_word *
find(const char *name)
{
	return tayra__grammar_find(&grammar, name, strlen(name));
}

/* As 7.0 says it: ten parts, the last ones with commands inside. */
static void
a_command_is_what_its_first_six_parts_say(void **state)
{
	take("*3\r\n"
	     "*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
	     "~2\r\n+@read\r\n+@fast\r\n~0\r\n~0\r\n*0\r\n"
	     "*6\r\n$4\r\nMSET\r\n:-3\r\n*1\r\n+write\r\n:1\r\n:-1\r\n:2\r\n"
	     "*10\r\n$6\r\nxgroup\r\n:-2\r\n~0\r\n:0\r\n:0\r\n:0\r\n~0\r\n~0\r\n~0\r\n"
	     "*1\r\n*6\r\n$10\r\nxgroup|set\r\n:-5\r\n~1\r\n+write\r\n:2\r\n:2\r\n:1\r\n");
	assert_int_equal(grammar.count, 3);
	assert_int_equal(find("GET")->flags, TAYRA__GRAMMAR_READONLY);
	assert_int_equal(find("get")->first, 1);
	assert_int_equal(find("mset")->flags, TAYRA__GRAMMAR_WRITE);
	assert_int_equal(find("mset")->last, -1);
	assert_int_equal(find("mset")->step, 2);
	assert_int_equal(find("xgroup")->flags, 0);
	assert_int_equal(find("xgroup")->first, 0);
	assert_null(find("set"));
	assert_null(find("xgroup|set"));
	assert_null(find(""));
	assert_null(find("a_name_that_is_longer_than_any_command"));
}

static void
more_words_than_there_is_room_for_are_left_out(void **state)
{
	enum { MANY = 2 * TAYRA__GRAMMAR_WORDS };
	char *text = malloc((MANY + 1) * 64), *at = text;

	at += snprintf(at, 64, "*%d\r\n", MANY);
	for (int i = 0; i < MANY; i++)
		at += snprintf(at, 64, "*6\r\n$5\r\nw%04d\r\n:1\r\n*0\r\n:1\r\n:1\r\n:1\r\n", i);
	take(text);
	free(text);
	assert_int_equal(grammar.count, TAYRA__GRAMMAR_WORDS / 4 * 3);
	assert_non_null(find("w0000"));
	assert_null(find("w2047"));
}

static void
what_is_no_list_of_commands_teaches_nothing(void **state)
{
	take("*4\r\n:1\r\n$3\r\nget\r\n*2\r\n:5\r\n:6\r\n*7\r\n_\r\n_\r\n_\r\n_\r\n_\r\n_\r\n_"
	     "\r\n");
	assert_int_equal(grammar.count, 0);
	take("-ERR no\r\n");
	assert_int_equal(grammar.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_what_its_first_six_parts_say),
		cmocka_unit_test(more_words_than_there_is_room_for_are_left_out),
		cmocka_unit_test(what_is_no_list_of_commands_teaches_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
