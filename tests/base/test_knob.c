/* SPDX-License-Identifier: Apache-2.0 */
#include "base/knob.h"

#include <tayra/base.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct thing {
	const char *text, *secret;
	uint64_t bytes, ms, ns;
	uint32_t count;
	double number;
	int choice;
	bool on;
};

static const char *const choices[] = { "red", "green", NULL };

#define OF(member) offsetof(struct thing, member)
static const struct tayra__knob table[] = {
	{ "text", TAYRA__KNOB_TEXT, OF(text) },
	{ "secret", TAYRA__KNOB_SECRET, OF(secret) },
	{ "bytes", TAYRA__KNOB_BYTES, OF(bytes) },
	{ "ms", TAYRA__KNOB_MILLISECONDS, OF(ms), .word = "never", .word_value = 0 },
	{ "ns", TAYRA__KNOB_NANOSECONDS, OF(ns) },
	{ "count", TAYRA__KNOB_COUNT, OF(count), NULL, 1, 9, .word = "all", .word_value = 77 },
	{ "number", TAYRA__KNOB_NUMBER, OF(number), NULL, 0.1, 1, .word = "off", .word_value = 1 },
	{ "choice", TAYRA__KNOB_CHOICE, OF(choice), NULL, 0, 0, choices, 5 },
	{ "on", TAYRA__KNOB_SWITCH, OF(on) },
	{ 0 },
};

static void
what_is_shown_is_what_was_set(void **state)
{
	static const char *const rows[][3] = {
		{ "text", "some words", "some words" },
		{ "secret", "hush", "" },
		{ "bytes", "2K", "2048" },
		{ "ms", "1500ms", "1500ms" },
		{ "ms", "never", "never" },
		{ "ns", "2m", "120s" },
		{ "ns", "1500ns", "1500ns" },
		{ "count", "9", "9" },
		{ "count", "all", "all" },
		{ "number", "0.125", "0.125" },
		{ "number", "off", "off" },
		{ "number", "1", "off" },
		{ "choice", "green", "green" },
		{ "on", "true", "true" },
	};
	struct tayra__knob_texts texts = { NULL };
	struct thing thing = { 0 };
	char text[64], why[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tayra__knob *knob = tayra__knob_find(table, rows[i][0]);

		if (tayra__knob_set(knob, &thing, rows[i][1], NULL, &texts, why, sizeof(why)) !=
		    TAYRA_OK)
			fail_msg("%s %s", rows[i][0], why);
		assert_int_equal(tayra__knob_show(knob, &thing, text, sizeof(text)),
				 strlen(rows[i][2]));
		assert_string_equal(text, rows[i][2]);
	}
	assert_int_equal(thing.choice, 6);
	assert_int_equal(thing.count, 77);
	tayra__knob_texts_free(&texts);
}

static void
a_word_stands_only_where_its_row_says(void **state)
{
	struct thing thing = { .ns = 5 };
	char why[200];

	assert_int_equal(tayra__knob_set(tayra__knob_find(table, "ns"), &thing, "never", NULL, NULL,
					 why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra__knob_set(tayra__knob_find(table, "count"), &thing, "10", NULL, NULL,
					 why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_string_equal(why, "'10' is not a number from 1 to 9, nor 'all'");
	assert_int_equal(thing.ns, 5);
	assert_int_equal(thing.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown_is_what_was_set),
		cmocka_unit_test(a_word_stands_only_where_its_row_says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
