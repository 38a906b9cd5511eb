/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <tayra/base.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define UNTOUCHED 0xa5a5a5a5ull
#define COUNT(a)  (sizeof(a) / sizeof(*(a)))

struct row {
	const char *text;
	uint64_t want; /* UNTOUCHED: refused */
};

static void
whole_numbers_are_read_whole_or_refused(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "007", 7 },
		{ "18446744073709551615", UINT64_MAX },
		{ "18446744073709551616", UNTOUCHED },
		{ "99999999999999999999999999", UNTOUCHED },
		{ "", UNTOUCHED },
		{ " 5", UNTOUCHED },
		{ "5 ", UNTOUCHED },
		{ "+5", UNTOUCHED },
		{ "-1", UNTOUCHED },
		{ "0x10", UNTOUCHED },
		{ "1e3", UNTOUCHED },
		{ "1.0", UNTOUCHED },
		{ "5k", UNTOUCHED },
		{ "nan", UNTOUCHED },
		{ "\xd9\xa3", UNTOUCHED }, /* ARABIC-INDIC DIGIT THREE */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = UNTOUCHED;
		int status = tayra__option_u64(rows[i].text, 0, UINT64_MAX, &value);

		assert_int_equal(status, rows[i].want == UNTOUCHED ? TAYRA_E_INVAL : TAYRA_OK);
		assert_int_equal(value, rows[i].want);
	}
}

static void
bounds_are_inclusive(void **state)
{
	uint64_t value = UNTOUCHED;
	double real = 0;

	assert_int_equal(tayra__option_u64("9", 10, 20, &value), TAYRA_E_INVAL);
	assert_int_equal(tayra__option_u64("21", 10, 20, &value), TAYRA_E_INVAL);
	assert_int_equal(value, UNTOUCHED);
	assert_int_equal(tayra__option_u64("10", 10, 20, &value), TAYRA_OK);
	assert_int_equal(tayra__option_u64("20", 10, 20, &value), TAYRA_OK);
	assert_int_equal(tayra__option_double("1", 0, 1, &real), TAYRA_OK);
	assert_int_equal(tayra__option_double("1.0000001", 0, 1, &real), TAYRA_E_INVAL);
	assert_true(real == 1);
}

static void
decimals_are_plain_and_finite(void **state)
{
	static const struct {
		const char *text;
		double want;
	} good[] = {
		{ "0", 0 },         { "1.5", 1.5 },   { ".5", .5 },     { "2.", 2 },
		{ "-3.25", -3.25 }, { "1e30", 1e30 }, { "1E-2", 0.01 }, { "1e+2", 100 },
	};
	static const char *const bad[] = {
		"",      ".",   "-",     "-.",  "e5",   "1e",       "1e+",   "+1",
		" 1",    "1 ",  "nan",   "inf", "-inf", "infinity", "0x1p3", "0x10",
		"1e400", "1,5", "1.5.5", "--1", "1d",   "1_000",
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		double value = 99;

		assert_int_equal(tayra__option_double(good[i].text, -1e31, 1e31, &value), TAYRA_OK);
		assert_true(value == good[i].want);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		double value = 99;

		assert_int_equal(tayra__option_double(bad[i], -1e308, 1e308, &value),
				 TAYRA_E_INVAL);
		assert_true(value == 99);
	}
}

static void
sizes_are_powers_of_1024_and_never_rounded_to_something_else(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "100B", 100 },
		{ "1k", 1024 },
		{ "64K", 65536 },
		{ "1.5M", 3u << 19 },
		{ "2GiB", 2ull << 30 },
		{ "2gb", 2ull << 30 },
		{ "1T", 1ull << 40 },
		{ "9007199254740992", 1ull << 53 },
		{ "1e3", 1000 },
		{ "1.5", UNTOUCHED },
		{ "0.5B", UNTOUCHED },
		{ "5kk", UNTOUCHED },
		{ "5 K", UNTOUCHED },
		{ "K", UNTOUCHED },
		{ "-1", UNTOUCHED },
		{ "-0", UNTOUCHED },
		{ "+1K", UNTOUCHED },
		{ "10%", UNTOUCHED },
		{ "abc%", UNTOUCHED },
		{ "0x10", UNTOUCHED },
		{ "nan", UNTOUCHED },
		{ "", UNTOUCHED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = UNTOUCHED;
		int status = tayra__option_bytes(rows[i].text, &value);

		assert_int_equal(status, rows[i].want == UNTOUCHED ? TAYRA_E_INVAL : TAYRA_OK);
		assert_int_equal(value, rows[i].want);
	}
}

static void
durations_need_a_unit(void **state)
{
	static const struct row rows[] = {
		{ "10ns", 10 },
		{ "30us", 30000 },
		{ "250ms", 250 * TAYRA_NS_PER_MS },
		{ "5s", 5 * TAYRA_NS_PER_S },
		{ "1.5m", 90 * TAYRA_NS_PER_S },
		{ "2h", 7200 * TAYRA_NS_PER_S },
		{ "0s", 0 },
		{ "0.1s", 100 * TAYRA_NS_PER_MS },
		{ "5", UNTOUCHED },
		{ "0", UNTOUCHED },
		{ "0.5ns", UNTOUCHED },
		{ "5 s", UNTOUCHED },
		{ "s", UNTOUCHED },
		{ "-5s", UNTOUCHED },
		{ "5sec", UNTOUCHED },
		{ "infs", UNTOUCHED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = UNTOUCHED;
		int status = tayra__option_duration_ns(rows[i].text, &value);

		assert_int_equal(status, rows[i].want == UNTOUCHED ? TAYRA_E_INVAL : TAYRA_OK);
		assert_int_equal(value, rows[i].want);
	}
}

static void
what_is_too_large_is_told_from_what_is_no_number(void **state)
{
	static const char *const sizes[] = { "9007199254740994", "18446744073709551616", "1e30",
					     "99999999T" };
	uint64_t value = UNTOUCHED;

	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(tayra__option_bytes(sizes[i], &value), TAYRA_E_TOO_LARGE);
	assert_int_equal(tayra__option_duration_ns("3000h", &value), TAYRA_E_TOO_LARGE);
	assert_int_equal(tayra__option_duration_ns("3000days", &value), TAYRA_E_INVAL);
	assert_int_equal(value, UNTOUCHED);
}

static void
a_list_gives_every_element_empty_ones_too(void **state)
{
	static const char *const want[] = { "lru", "", "s3fifo", "" };
	const char *cursor = "lru,,s3fifo,", *item;
	size_t len, i = 0;

	while (tayra__option_list_next(&cursor, &item, &len)) {
		assert_true(i < COUNT(want));
		assert_int_equal(len, strlen(want[i]));
		assert_memory_equal(item, want[i], len);
		i++;
	}
	assert_int_equal(i, COUNT(want));
}

static void
the_nearest_name_is_found_and_a_far_one_is_not(void **state)
{
	static const char *const names[] = { "fifo", "lru", "s3fifo", "belady", NULL };

	assert_string_equal(tayra__option_nearest("beladi", names), "belady");
	assert_string_equal(tayra__option_nearest("s3-fifo", names), "s3fifo");
	assert_string_equal(tayra__option_nearest("lur", names), "lru");
	assert_string_equal(tayra__option_nearest("LRU", names), "lru");
	assert_null(tayra__option_nearest("mongodb", names));
	assert_null(tayra__option_nearest("a-name-much-longer-than-any-we-have-here", names));
}

struct older {
	size_t size;
	uint64_t one;
};

struct newer {
	size_t size;
	uint64_t one, two;
};

static void
an_options_struct_of_an_older_caller_is_filled_with_zeros(void **state)
{
	struct older given = { sizeof(given), 7 };
	struct newer ours;

	memset(&ours, 0xff, sizeof(ours));
	assert_int_equal(tayra__option_struct(&given, &ours, sizeof(ours)), TAYRA_OK);
	assert_int_equal(ours.one, 7);
	assert_int_equal(ours.two, 0);
	assert_int_equal(tayra__option_struct(NULL, &ours, sizeof(ours)), TAYRA_OK);
	assert_int_equal(ours.one, 0);
}

static void
an_options_struct_of_a_newer_caller_is_taken_only_if_its_tail_is_zero(void **state)
{
	struct newer given = { sizeof(given), 7, 0 };
	struct older ours;

	assert_int_equal(tayra__option_struct(&given, &ours, sizeof(ours)), TAYRA_OK);
	assert_int_equal(ours.one, 7);
	given.two = 1ull << 56;
	assert_int_equal(tayra__option_struct(&given, &ours, sizeof(ours)), TAYRA_E_INVAL);
}

static void
a_size_that_was_never_set_is_refused(void **state)
{
	struct older given = { 0, 7 }, ours;

	assert_int_equal(tayra__option_struct(&given, &ours, sizeof(ours)), TAYRA_E_INVAL);
	given.size = sizeof(size_t) - 1;
	assert_int_equal(tayra__option_struct(&given, &ours, sizeof(ours)), TAYRA_E_INVAL);
	given.size = (size_t)0x5555555555555555ull; /* not read to its end */
	assert_int_equal(tayra__option_struct(&given, &ours, sizeof(ours)), TAYRA_E_INVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_read_whole_or_refused),
		cmocka_unit_test(bounds_are_inclusive),
		cmocka_unit_test(decimals_are_plain_and_finite),
		cmocka_unit_test(sizes_are_powers_of_1024_and_never_rounded_to_something_else),
		cmocka_unit_test(durations_need_a_unit),
		cmocka_unit_test(what_is_too_large_is_told_from_what_is_no_number),
		cmocka_unit_test(a_list_gives_every_element_empty_ones_too),
		cmocka_unit_test(the_nearest_name_is_found_and_a_far_one_is_not),
		cmocka_unit_test(an_options_struct_of_an_older_caller_is_filled_with_zeros),
		cmocka_unit_test(
			an_options_struct_of_a_newer_caller_is_taken_only_if_its_tail_is_zero),
		cmocka_unit_test(a_size_that_was_never_set_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
