/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <tayra/base.h>

#include "sim/capacity.h"

static void
what_people_write_is_read(void **state)
{
	static const struct {
		const char *text;
		enum tayra__capacity_kind kind;
		double percent;
		uint64_t amount;
	} rows[] = {
		{ "1%", TAYRA__CAPACITY_SHARE, 1, 0 },
		{ "0.1%", TAYRA__CAPACITY_SHARE, 0.1, 0 },
		{ "100%", TAYRA__CAPACITY_SHARE, 100, 0 },
		{ "1000", TAYRA__CAPACITY_OBJECTS, 0, 1000 },
		{ "1", TAYRA__CAPACITY_OBJECTS, 0, 1 },
		{ "64K", TAYRA__CAPACITY_BYTES, 0, 65536 },
		{ "100B", TAYRA__CAPACITY_BYTES, 0, 100 },
		{ "1.5MiB", TAYRA__CAPACITY_BYTES, 0, 1572864 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__capacity capacity;
		const char *why;

		assert_int_equal(
			tayra__capacity_parse(rows[i].text, strlen(rows[i].text), &capacity, &why),
			TAYRA_OK);
		assert_int_equal(capacity.kind, rows[i].kind);
		assert_true(capacity.percent == rows[i].percent);
		assert_int_equal(capacity.amount, rows[i].amount);
	}
}

static void
what_is_no_capacity_is_refused_with_a_reason(void **state)
{
	static const char *const rows[][2] = {
		{ "", "empty" },
		{ "0", "is 0" },
		{ "0%", "not above 0%" },
		{ "0B", "is 0" },
		{ "-1", "negative" },
		{ "-1%", "not above 0%" },
		{ "abc%", "not a percentage" },
		{ "%", "not a percentage" },
		{ "nan%", "not a percentage" },
		{ "inf%", "not a percentage" },
		{ "1%%", "not a percentage" },
		{ "101%", "over 100%" },
		{ "1e30%", "over 100%" },
		{ "1e30", "not one" },
		{ "1.5", "not one" },
		{ "0x10", "not one" },
		{ " 10", "not one" },
		{ "10 ", "not one" },
		{ "10Q", "not one" },
		{ "1e30G", "not one" },
		{ "99999999999999999999", "too large" },
		{ "9000000000000000000", "too large" },
		{ "9999999999999999999999999999999999999999999999999999999999999999", "too long" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__capacity capacity = { .amount = 77 };
		const char *why;

		if (tayra__capacity_parse(rows[i][0], strlen(rows[i][0]), &capacity, &why) !=
		    TAYRA_E_INVAL)
			fail_msg("'%s' was taken", rows[i][0]);
		if (!strstr(why, rows[i][1]))
			fail_msg("'%s': %s", rows[i][0], why);
		assert_int_equal(capacity.amount, 77);
	}
}

static uint64_t
resolved(const char *text, enum tayra__sizes sizes, uint64_t keys, uint64_t footprint)
{
	struct tayra__capacity capacity;
	const char *why;
	uint64_t out;

	assert_int_equal(tayra__capacity_parse(text, strlen(text), &capacity, &why), TAYRA_OK);
	assert_int_equal(tayra__capacity_resolve(&capacity, sizes, keys, footprint, &out, &why),
			 TAYRA_OK);
	return out;
}

static void
a_share_is_of_keys_or_bytes_rounded_to_the_nearest_and_at_least_1(void **state)
{
	assert_int_equal(resolved("1%", TAYRA__SIZES_UNIT, 149, 1 << 20), 1);
	assert_int_equal(resolved("1%", TAYRA__SIZES_UNIT, 150, 1 << 20), 2);
	assert_int_equal(resolved("0.1%", TAYRA__SIZES_UNIT, 10, 1 << 20), 1);
	assert_int_equal(resolved("10%", TAYRA__SIZES_REAL, 10, 12345), 1235);
	assert_int_equal(resolved("100%", TAYRA__SIZES_REAL, 10, INT64_MAX), INT64_MAX);
	assert_int_equal(resolved("5", TAYRA__SIZES_UNIT, 10, 100), 5);
	assert_int_equal(resolved("5B", TAYRA__SIZES_REAL, 10, 100), 5);
}

static void
objects_and_bytes_are_not_taken_for_one_another(void **state)
{
	struct tayra__capacity objects = { .kind = TAYRA__CAPACITY_OBJECTS, .amount = 5 };
	struct tayra__capacity bytes = { .kind = TAYRA__CAPACITY_BYTES, .amount = 5 };
	const char *why;
	uint64_t out;

	assert_int_equal(tayra__capacity_resolve(&objects, TAYRA__SIZES_REAL, 9, 9, &out, &why),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(why, "byte suffix"));
	assert_non_null(strstr(why, "--sizes unit"));
	assert_int_equal(tayra__capacity_resolve(&bytes, TAYRA__SIZES_UNIT, 9, 9, &out, &why),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(why, "--sizes real"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write_is_read),
		cmocka_unit_test(what_is_no_capacity_is_refused_with_a_reason),
		cmocka_unit_test(a_share_is_of_keys_or_bytes_rounded_to_the_nearest_and_at_least_1),
		cmocka_unit_test(objects_and_bytes_are_not_taken_for_one_another),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
