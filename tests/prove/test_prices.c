/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/prices.h"

#include <tayra/base.h>

#define REST                                                                                       \
	"\"memory_gib_hour\":0,\"origin_million_calls\":0,\"requests_per_month\":5,"               \
	"\"engineer_hour\":80,\"engineer_hours_to_adopt\":40,\"engineer_hours_per_month\":2,"      \
	"\"months\":12}"

static void
the_sample_is_read_and_says_that_it_is_one(void **state)
{
	struct tayra__prices prices;
	char error[300];

	assert_int_equal(tayra__prices_read(getenv("SAMPLE_PRICES"), &prices, error, sizeof(error)),
			 TAYRA_OK);
	assert_true(prices.given);
	assert_non_null(strstr(prices.label, "sample"));
	assert_true(prices.value[TAYRA__PRICE_MONTHS] == 12);
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *text, *complaint;
	} bad[] = {
		{ "", "line 1" },
		{ "[1]", "is not a JSON object" },
		{ "{\"currency\":\"EUR\",\"cpu_hour\":1}", "'memory_gib_hour' is missing" },
		{ "{\"cpu_hour\":1," REST, "'currency' is missing" },
		{ "{\"currency\":\"EUR\",\"cpu_houe\":1," REST, "did you mean 'cpu_hour'?" },
		{ "{\"currency\":\"EUR\",\"zzzzzzzzz\":1," REST, "there is no 'zzzzzzzzz'" },
		{ "{\"currency\":\"EUR\",\"cpu_hour\":-1," REST, "'cpu_hour' is not a number" },
		{ "{\"currency\":\"EUR\",\"cpu_hour\":\"1\"," REST, "'cpu_hour' is not a number" },
		{ "{\"currency\":\"EUR\",\"cpu_hour\":1e300," REST, "'cpu_hour' is not a number" },
		{ "{\"currency\":7,\"cpu_hour\":1," REST, "'currency' is not a text" },
		{ "{\"currency\":\"far too long a currency\",\"cpu_hour\":1," REST,
		  "'currency' is not a text" },
		{ "{\"currency\":\"EUR\",\"cpu_hour\":1,\"cpu_hour\":2," REST, "line 1" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tayra__prices prices;
		char error[300];

		assert_int_equal(tayra__prices_parse(bad[i].text, strlen(bad[i].text), "p.json",
						     &prices, error, sizeof(error)),
				 TAYRA_E_CORRUPT);
		if (!strstr(error, bad[i].complaint) || strncmp(error, "p.json: ", 8) != 0)
			fail_msg("%s: said %s", bad[i].text, error);
		assert_false(prices.given);
	}
}

static void
a_range_is_its_middle_with_its_ends(void **state)
{
	static const char text[] = "{\"currency\":\"EUR\",\"cpu_hour\":[0.03,0.05]," REST;
	static const char *const bad[] = { "[0.05,0.03]", "[1]",       "[1,2,3]",
					   "[-1,2]",      "[\"a\",2]", "[1,1e300]" };
	struct tayra__prices prices;
	char error[300], line[600];

	assert_int_equal(
		tayra__prices_parse(text, strlen(text), "p", &prices, error, sizeof(error)),
		TAYRA_OK);
	assert_true(prices.value[TAYRA__PRICE_CPU_HOUR] == 0.04);
	assert_true(prices.lo[TAYRA__PRICE_CPU_HOUR] == 0.03);
	assert_true(prices.hi[TAYRA__PRICE_CPU_HOUR] == 0.05);
	assert_true(prices.lo[TAYRA__PRICE_MONTHS] == 12 && prices.hi[TAYRA__PRICE_MONTHS] == 12);
	assert_string_equal(tayra__prices_range(&prices), "cpu_hour");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "{\"currency\":\"EUR\",\"cpu_hour\":%s," REST, bad[i]);
		assert_int_equal(
			tayra__prices_parse(line, strlen(line), "p", &prices, error, sizeof(error)),
			TAYRA_E_CORRUPT);
		assert_non_null(strstr(error, "'cpu_hour'"));
	}
}

static void
they_are_taken_one_by_one_and_missed_at_the_end(void **state)
{
	static const char *const given[][2] = { { "currency", "EUR" },
						{ "label", "mine" },
						{ "cpu_hour", "0.03..0.05" },
						{ "memory_gib_hour", "0" },
						{ "origin_million_calls", "0" },
						{ "requests_per_month", "1e9" },
						{ "engineer_hour", "80" },
						{ "engineer_hours_to_adopt", "40" },
						{ "engineer_hours_per_month", "2" },
						{ "months", "12" } };
	static const char *const bad[][3] = {
		{ "cpu_houe", "1", "did you mean 'cpu_hour'?" },
		{ "cpu_hour", "x", "'cpu_hour' is not a number within" },
		{ "cpu_hour", "1..", "'cpu_hour' is not a number within" },
		{ "cpu_hour", "..1", "'cpu_hour' is not a number within" },
		{ "cpu_hour", "2..1", "'cpu_hour' begins above its end" },
		{ "cpu_hour", "nan", "'cpu_hour' is not a number within" },
		{ "cpu_hour", "-1", "'cpu_hour' is not a number within" },
		{ "currency", "far too long a currency", "'currency' is not a text" },
	};
	struct tayra__prices prices;
	char error[300];

	tayra__prices_init(&prices);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		assert_int_equal(tayra__prices_check(&prices, error, sizeof(error)),
				 TAYRA_E_CORRUPT);
		assert_non_null(strstr(error, "is missing"));
		assert_int_equal(
			tayra__prices_take(&prices, given[i][0], given[i][1], error, sizeof(error)),
			TAYRA_OK);
	}
	assert_false(prices.given);
	assert_int_equal(tayra__prices_check(&prices, error, sizeof(error)), TAYRA_OK);
	assert_true(prices.given && prices.hi[TAYRA__PRICE_CPU_HOUR] == 0.05);
	assert_string_equal(prices.label, "mine");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			tayra__prices_take(&prices, bad[i][0], bad[i][1], error, sizeof(error)),
			TAYRA_E_CORRUPT);
		if (!strstr(error, bad[i][2]))
			fail_msg("%s %s: said %s", bad[i][0], bad[i][1], error);
	}
}

static void
a_file_that_is_not_there_is_named(void **state)
{
	struct tayra__prices prices;
	char error[300];

	assert_int_equal(tayra__prices_read("/no/such/file", &prices, error, sizeof(error)),
			 TAYRA_E_IO);
	assert_string_equal(error, "/no/such/file: No such file or directory");
	assert_false(prices.given);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_is_read_and_says_that_it_is_one),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_range_is_its_middle_with_its_ends),
		cmocka_unit_test(they_are_taken_one_by_one_and_missed_at_the_end),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
