/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
every_status_has_a_name_and_a_text_of_its_own(void **state)
{
	for (int a = TAYRA_E_INTERNAL; a <= TAYRA_PENDING; a++) {
		assert_int_equal(strncmp(tayra_status_name(a), "TAYRA_", 6), 0);
		assert_string_not_equal(tayra_status_text(a), "unknown status");
		for (int b = TAYRA_E_INTERNAL; b < a; b++) {
			assert_string_not_equal(tayra_status_name(a), tayra_status_name(b));
			assert_string_not_equal(tayra_status_text(a), tayra_status_text(b));
		}
	}
}

static void
a_name_is_the_enumerator(void **state)
{
	assert_string_equal(tayra_status_name(TAYRA_OK), "TAYRA_OK");
	assert_string_equal(tayra_status_name(TAYRA_E_TIMEOUT), "TAYRA_E_TIMEOUT");
	assert_string_equal(tayra_status_name(TAYRA_E_INTERNAL), "TAYRA_E_INTERNAL");
	assert_string_equal(tayra_status_text(TAYRA_E_TIMEOUT), "the deadline passed");
}

static void
an_unknown_status_is_said_to_be_unknown(void **state)
{
	static const int strangers[] = { 2, TAYRA_E_INTERNAL - 1, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		assert_string_equal(tayra_status_name(strangers[i]), "unknown status");
		assert_string_equal(tayra_status_text(strangers[i]), "unknown status");
	}
}

static void
classes_and_outcomes_have_names_in_range_and_none_outside(void **state)
{
	assert_string_equal(tayra_class_name(TAYRA_CLASS_DEFAULT), "default");
	assert_string_equal(tayra_class_name(TAYRA_CRITICAL), "critical");
	assert_string_equal(tayra_class_name(TAYRA_BACKGROUND), "background");
	assert_null(tayra_class_name(TAYRA_BACKGROUND + 1));
	assert_null(tayra_class_name((enum tayra_class) - 1));
	assert_string_equal(tayra_outcome_name(TAYRA_OUTCOME_OK), "ok");
	assert_string_equal(tayra_outcome_name(TAYRA_OUTCOME_CANCELLED), "cancelled");
	assert_null(tayra_outcome_name(TAYRA_OUTCOMES));
	assert_null(tayra_outcome_name((enum tayra_outcome) - 1));
}

static void
the_version_is_that_of_the_header(void **state)
{
	char want[32];

	snprintf(want, sizeof(want), "%d.%d.%d", TAYRA_VERSION_MAJOR, TAYRA_VERSION_MINOR,
		 TAYRA_VERSION_PATCH);
	assert_string_equal(tayra_version(), want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_name_and_a_text_of_its_own),
		cmocka_unit_test(a_name_is_the_enumerator),
		cmocka_unit_test(an_unknown_status_is_said_to_be_unknown),
		cmocka_unit_test(classes_and_outcomes_have_names_in_range_and_none_outside),
		cmocka_unit_test(the_version_is_that_of_the_header),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
