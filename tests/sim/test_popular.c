/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "sim/popular.h"

static struct tayra__popular *
read_text(const char *text, size_t keep)
{
	struct tayra__trace_error error = { "" };
	struct tayra__popular *popular;

	if (tayra__popular_read_memory(text, strlen(text), "t", TAYRA__POPULAR_AUTO, keep, &popular,
				       &error) != TAYRA_OK)
		fail_msg("%s", error.text);
	return popular;
}

/* "a*2 b*1": keys with what they weigh, in order. */
static void
expect(const char *text, size_t keep, const char *expected)
{
	struct tayra__popular *p = read_text(text, keep);
	char said[400] = "";

	for (size_t i = 0; i < p->count; i++)
		snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%.*s*%g",
			 i ? " " : "", (int)p->keys[i].len, p->keys[i].bytes, p->keys[i].weight);
	assert_string_equal(said, expected);
	tayra__popular_destroy(p);
}

static void
expect_error(const char *bytes, size_t len, enum tayra__popular_format format, const char *expected)
{
	struct tayra__trace_error error = { "" };
	struct tayra__popular *popular;

	assert_true(tayra__popular_read_memory(bytes, len, "t", format, 0, &popular, &error) < 0);
	assert_null(popular);
	if (!strstr(error.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", error.text, expected);
	assert_null(strchr(error.text, '\n'));
}

static void
a_list_has_a_key_a_line_and_maybe_a_priority(void **state)
{
	expect("b\na\n\nc\n", 0, "b*1 a*1 c*1");
	expect("low\t0.5\r\nhigh\t7\nwith, comma\nlow\t0.25", 0, "high*7 with, comma*1 low*0.75");
	expect("two\ttabs\t3\n", 0, "two\ttabs*3");
	expect("a\t1\nb\t2\nc\t3\n", 2, "c*3 b*2");
}

static void
a_trace_gives_what_is_read_by_how_often(void **state)
{
	expect("time_s,key,size_bytes,op\n0,7,1,get\n1,8,1,get\n2,8,1,get\n3,9,1,delete\n", 0,
	       "8*2 7*1");
	expect("0,user:1,6,10,1,get,0\n1,user:2,6,10,1,get,0\n2,user:2,6,10,1,get,0\n", 0,
	       "user:2*2 user:1*1");
}

static void
how_many_there_were_is_known_when_some_were_left_out(void **state)
{
	struct tayra__popular *p = read_text("a\nb\nc\na\n", 1);

	assert_int_equal(p->count, 1);
	assert_int_equal(p->distinct, 3);
	tayra__popular_destroy(p);
}

static void
what_is_wrong_is_said_in_one_line_with_its_place(void **state)
{
	char text[6000];
	char records[48] = { 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0 };

	memset(records + 16, 0xff, 8); /* it is not asked for again */

	expect_error("a\nb\tmany\n", 9, TAYRA__POPULAR_AUTO,
		     "t:2: priority 'many' is not a number");
	expect_error("b\t-1\n", 5, TAYRA__POPULAR_AUTO, "t:1: priority");
	expect_error("b\t\n", 3, TAYRA__POPULAR_AUTO, "t:1: priority");
	expect_error("\t3\n", 3, TAYRA__POPULAR_AUTO, "t:1: a priority without a key");
	expect_error("", 0, TAYRA__POPULAR_AUTO, "t: no key is in it");
	expect_error("\n\n", 2, TAYRA__POPULAR_AUTO, "t: no key is in it");
	expect_error("time_s,key,size_bytes\n0,user,1\n", 31, TAYRA__POPULAR_AUTO, "t:2: key");
	expect_error("a\n", 2, TAYRA__POPULAR_CSV, "t:1: ");
	memset(text, 'x', sizeof(text));
	expect_error(text, sizeof(text), TAYRA__POPULAR_AUTO, "t:1: the line is longer");
	memcpy(records + 24, records, 24);
	expect_error(records, sizeof(records), TAYRA__POPULAR_AUTO, "a trace of hashes");
	expect_error("a\0b\n", 4, TAYRA__POPULAR_AUTO, "t: binary data");
}

static void
many_keys_keep_their_counts(void **state)
{
	size_t room = 400000, len = 0;
	char *text = malloc(room);
	struct tayra__popular *p;

	for (unsigned i = 0; i < 20000; i++)
		len += (size_t)snprintf(text + len, room - len, "key %u\n",
					i % 10000 + (i >= 10000) * 5000);
	p = read_text(text, 0);
	assert_int_equal(p->count, 15000);
	for (size_t i = 0; i < p->count; i++)
		assert_true(p->keys[i].weight == (i < 5000 ? 2 : 1));
	assert_memory_equal(p->keys[0].bytes, "key 5000", 8);
	assert_memory_equal(p->keys[5000].bytes, "key 0", 5);
	tayra__popular_destroy(p);
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_list_has_a_key_a_line_and_maybe_a_priority),
	cmocka_unit_test(a_trace_gives_what_is_read_by_how_often),
	cmocka_unit_test(how_many_there_were_is_known_when_some_were_left_out),
	cmocka_unit_test(what_is_wrong_is_said_in_one_line_with_its_place),
	cmocka_unit_test(many_keys_keep_their_counts),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
