/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <tayra/tayra.h>

static char error[200];

static void
options_of_another_size_are_refused(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier = (void *)&o;

	o.url = "redis://localhost";
	o.size = 0;
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &tier), TAYRA_E_INVAL);
	assert_null(tier);
	assert_non_null(strstr(error, "not of this version"));
	assert_int_equal(tayra_tier_remote_open(NULL, NULL, 0, &tier), TAYRA_E_INVAL);
	assert_int_equal(tayra_tier_remote_open(&o, NULL, 0, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_tier_remote_close(NULL), TAYRA_OK);
}

static void
a_url_that_is_none_is_said_in_one_line(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier;

	o.url = "http://u:hunter2@localhost";
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &tier), TAYRA_E_INVAL);
	assert_string_equal(error, "Redis URL: it begins with neither redis:// nor unix://");
}

static void
a_server_that_is_not_there_yet_is_no_error(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier;

	o.url = "unix:///nowhere/socket";
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &tier), TAYRA_OK);
	assert_non_null(strstr(error, "unix:///nowhere/socket: No such file or directory"));
	assert_int_equal(tayra_tier_remote_close(tier), TAYRA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_another_size_are_refused),
		cmocka_unit_test(a_url_that_is_none_is_said_in_one_line),
		cmocka_unit_test(a_server_that_is_not_there_yet_is_no_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
