/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <tayra/base.h>

#include "net/redis_url.h"

static struct tayra__redis_url url;
static char error[200];

static int
parse(const char *text)
{
	error[0] = '\0';
	return tayra__redis_url_parse(text, &url, error, sizeof(error));
}

static void
a_host_alone_has_the_default_port_and_database(void **state)
{
	assert_int_equal(parse("redis://cache.example"), TAYRA_OK);
	assert_string_equal(url.host, "cache.example");
	assert_int_equal(url.port, 6379);
	assert_int_equal(url.db, 0);
	assert_string_equal(url.user, "");
	assert_string_equal(url.password, "");
	assert_string_equal(url.shown, "redis://cache.example:6379/0");
	assert_int_equal(parse("redis://cache.example/"), TAYRA_OK);
	assert_int_equal(url.db, 0);
}

static void
port_database_user_and_password_are_read(void **state)
{
	assert_int_equal(parse("redis://me:s%40c%2fret%25@10.0.0.1:7000/12"), TAYRA_OK);
	assert_string_equal(url.user, "me");
	assert_string_equal(url.password, "s@c/ret%");
	assert_string_equal(url.host, "10.0.0.1");
	assert_int_equal(url.port, 7000);
	assert_int_equal(url.db, 12);
	assert_int_equal(parse("redis://:p@ss@h"), TAYRA_OK);
	assert_string_equal(url.user, "");
	assert_string_equal(url.password, "p@ss");
}

static void
ipv6_stands_in_brackets(void **state)
{
	assert_int_equal(parse("redis://[::1]:7000/1"), TAYRA_OK);
	assert_string_equal(url.host, "::1");
	assert_int_equal(url.port, 7000);
	assert_string_equal(url.shown, "redis://[::1]:7000/1");
	assert_int_equal(parse("redis://[::1"), TAYRA_E_INVAL);
	assert_int_equal(parse("redis://[::1]7"), TAYRA_E_INVAL);
}

static void
a_unix_socket_is_a_path(void **state)
{
	assert_int_equal(parse("unix:///run/redis.sock"), TAYRA_OK);
	assert_string_equal(url.path, "/run/redis.sock");
	assert_string_equal(url.host, "");
	assert_int_equal(parse("unix://:pw@/run/redis.sock"), TAYRA_OK);
	assert_string_equal(url.password, "pw");
	assert_string_equal(url.path, "/run/redis.sock");
	assert_string_equal(url.shown, "unix:///run/redis.sock");
	assert_int_equal(parse("unix://run/redis.sock"), TAYRA_E_INVAL);
	assert_int_equal(parse("unix:///run/redis.sock?db=3"), TAYRA_E_INVAL);
}

static void
what_is_wrong_is_said_in_one_line(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{ NULL, "there is none" },
		{ "", "neither redis:// nor unix://" },
		{ "localhost:6379", "neither redis:// nor unix://" },
		{ "rediss://h", "TLS" },
		{ "redis://", "no host" },
		{ "redis://:6379", "no host" },
		{ "redis://h:0", "port" },
		{ "redis://h:65536", "port" },
		{ "redis://h:x", "port" },
		{ "redis://h/x", "database" },
		{ "redis://h/-1", "database" },
		{ "redis://h/1/2", "database" },
		{ "redis://h h", "byte" },
		{ "redis://u:%zz@h", "hex digits" },
		{ "redis://u:%00@h", "hex digits" },
		{ "redis://u@h", "user without a password" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].text), TAYRA_E_INVAL);
		if (!strstr(error, bad[i].word))
			fail_msg("%s: %s", bad[i].text, error);
		assert_null(strchr(error, '\n'));
		assert_string_equal(url.host, "");
	}
}

static void
no_complaint_shows_a_password(void **state)
{
	static const char *const bad[] = {
		"redis://u:hunter2@h:x", "redis://u:hunter2%@h", "rediss://u:hunter2@h",
		"redis://:hunter2@h/x",  "redis://u:hunter2/@h", "unix://:hunter2@x",
		"redis:/u:hunter2@h",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i]), TAYRA_E_INVAL);
		assert_null(strstr(error, "hunter2"));
	}
	assert_int_equal(parse("redis://u:hunter2@h"), TAYRA_OK);
	assert_null(strstr(url.shown, "hunter2"));
}

static void
what_does_not_fit_is_refused(void **state)
{
	char text[2000];

	memset(text, 'h', sizeof(text));
	memcpy(text, "redis://", 8);
	text[8 + 256] = '\0';
	assert_int_equal(parse(text), TAYRA_E_INVAL);
	text[8 + 255] = '\0';
	assert_int_equal(parse(text), TAYRA_OK);
	memset(text, 'p', sizeof(text));
	memcpy(text, "redis://:", 9);
	memcpy(text + 9 + 512, "@h", 3);
	assert_int_equal(parse(text), TAYRA_E_INVAL);
	memcpy(text + 9 + 511, "@h", 3);
	assert_int_equal(parse(text), TAYRA_OK);
	memset(text, 's', sizeof(text));
	memcpy(text, "unix:///", 8);
	text[7 + 108] = '\0';
	assert_int_equal(parse(text), TAYRA_E_INVAL);
	text[7 + 107] = '\0';
	assert_int_equal(parse(text), TAYRA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_alone_has_the_default_port_and_database),
		cmocka_unit_test(port_database_user_and_password_are_read),
		cmocka_unit_test(ipv6_stands_in_brackets),
		cmocka_unit_test(a_unix_socket_is_a_path),
		cmocka_unit_test(what_is_wrong_is_said_in_one_line),
		cmocka_unit_test(no_complaint_shows_a_password),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
