/* SPDX-License-Identifier: Apache-2.0 */
#include "../load/stage.h"

#include "load/trouble.h"

static void
the_last_complaint_and_their_number_are_kept(void **state)
{
	struct tayra__trouble trouble;
	char text[TAYRA__TROUBLE_TEXT];

	tayra__trouble_init(&trouble);
	assert_int_equal(tayra__trouble_read(&trouble, text), 0);
	assert_string_equal(text, "");
	tayra__trouble_note(&trouble, TAYRA_E_ORIGIN, "first");
	tayra__trouble_note(&trouble, TAYRA_E_OVERLOAD, "second");
	assert_int_equal(tayra__trouble_read(&trouble, text), 2);
	assert_string_equal(text, "second");
	tayra__trouble_fini(&trouble);
}

static void
what_is_about_the_key_or_the_load_is_no_trouble(void **state)
{
	static const int statuses[] = { TAYRA_E_NOT_FOUND, TAYRA_E_INVAL, TAYRA_E_CANCELLED,
					TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM };
	struct tayra__trouble trouble;
	char text[TAYRA__TROUBLE_TEXT];

	tayra__trouble_init(&trouble);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		tayra__trouble_note(&trouble, statuses[i], "no");
	tayra__trouble_note(&trouble, TAYRA_E_ORIGIN, "");
	assert_int_equal(tayra__trouble_read(&trouble, text), 0);
	tayra__trouble_fini(&trouble);
}

static void
why_a_value_was_refused_is_kept_beside(void **state)
{
	struct tayra__trouble trouble;
	char text[TAYRA__TROUBLE_TEXT];

	tayra__trouble_init(&trouble);
	tayra__trouble_read_refusal(&trouble, text);
	assert_string_equal(text, "");
	tayra__trouble_note(&trouble, TAYRA_E_ORIGIN, "down");
	tayra__trouble_note(&trouble, TAYRA_E_INVAL, "too odd");
	assert_int_equal(tayra__trouble_read(&trouble, text), 1);
	assert_string_equal(text, "down");
	tayra__trouble_read_refusal(&trouble, text);
	assert_string_equal(text, "too odd");
	tayra__trouble_note(&trouble, TAYRA_E_INVAL, ""); /* not for the same reason */
	tayra__trouble_read_refusal(&trouble, text);
	assert_string_equal(text, "");
	tayra__trouble_fini(&trouble);
}

static void
a_text_is_one_line_cut_between_characters(void **state)
{
	char text[TAYRA__TROUBLE_TEXT], given[TAYRA__TROUBLE_TEXT + 10];
	struct tayra__trouble trouble;

	tayra__trouble_init(&trouble);
	tayra__trouble_note(&trouble, TAYRA_E_ORIGIN, "a\nb\x1b[2J\x7f");
	tayra__trouble_read(&trouble, text);
	assert_string_equal(text, "a b [2J ");
	memset(given, 'x', sizeof(given));
	given[sizeof(given) - 1] = '\0';
	memcpy(given + TAYRA__TROUBLE_TEXT - 3, "\xe2\x82\xac", 3);
	tayra__trouble_note(&trouble, TAYRA_E_ORIGIN, given);
	tayra__trouble_read(&trouble, text);
	assert_int_equal(strlen(text), TAYRA__TROUBLE_TEXT - 3);
	tayra__trouble_fini(&trouble);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_last_complaint_and_their_number_are_kept),
	cmocka_unit_test(what_is_about_the_key_or_the_load_is_no_trouble),
	cmocka_unit_test(why_a_value_was_refused_is_kept_beside),
	cmocka_unit_test(a_text_is_one_line_cut_between_characters),
};

RUN_TESTS(tests)
