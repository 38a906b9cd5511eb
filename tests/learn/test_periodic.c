/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/periodic.h"

#define MINUTE 60000ull
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define QUIET  (10 * MINUTE)
#define PLACES 16

static struct tayra__periodic *
make(uint32_t keys)
{
	struct tayra__periodic_options options = { .keys = keys, .places = PLACES };
	struct tayra__periodic *p = tayra__mem_alloc(tayra__periodic_bytes(&options));

	assert_non_null(p);
	tayra__periodic_init(p, &options);
	return p;
}

static void
miss(struct tayra__periodic *p, unsigned key, uint64_t now_ms)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "key:%u", key);

	tayra__periodic_missed(p, tayra__hash_mix64(key + 1), text, (size_t)len, now_ms, QUIET);
}

static const struct tayra__periodic_place *
due(struct tayra__periodic *p, uint64_t now_ms)
{
	return tayra__periodic_due(p, now_ms, PLACES);
}

/* Every day at the same time, so often; each time it is in use for an hour.  => the next day */
static uint64_t
come_daily(struct tayra__periodic *p, unsigned key, unsigned days)
{
	for (unsigned day = 0; day < days; day++)
		for (unsigned minute = 0; minute < 60; minute++)
			miss(p, key, (day + 1) * DAY + minute * MINUTE);
	return (days + 1) * DAY;
}

static void
what_comes_every_day_is_due_before_it_comes(void **state)
{
	struct tayra__periodic *p = make(1024);
	uint64_t next_ms = come_daily(p, 1, 4);
	const struct tayra__periodic_place *place;

	(void)state;
	assert_null(due(p, next_ms - HOUR));
	place = due(p, next_ms - 10 * MINUTE);
	assert_non_null(place);
	assert_int_equal(place->key_len, 5);
	assert_memory_equal(place->key, "key:1", 5);
	assert_int_equal(place->at_ms, next_ms);
	assert_true(tayra__periodic_probability(place) > 0.7);
	/* told once a time */
	assert_null(due(p, next_ms - 9 * MINUTE));
	tayra__mem_free(p);
}

static void
three_times_are_not_enough(void **state)
{
	struct tayra__periodic *p = make(1024);
	uint64_t next_ms = come_daily(p, 1, 3);

	(void)state;
	assert_null(due(p, next_ms));
	tayra__mem_free(p);
}

static void
a_day_without_it_does_not_end_it(void **state)
{
	struct tayra__periodic *p = make(1024);
	uint64_t next_ms = come_daily(p, 1, 5);

	(void)state;
	assert_non_null(due(p, next_ms));
	assert_null(due(p, next_ms + HOUR)); /* it did not come */
	assert_non_null(due(p, next_ms + DAY));
	miss(p, 1, next_ms + DAY);
	assert_non_null(due(p, next_ms + 2 * DAY));
	tayra__mem_free(p);
}

static void
what_does_not_come_three_times_is_not_expected_any_more(void **state)
{
	struct tayra__periodic *p = make(1024);
	uint64_t next_ms = come_daily(p, 1, 5);
	unsigned told = 0;

	(void)state;
	for (uint64_t now_ms = next_ms - DAY / 2; now_ms < next_ms + 20 * DAY; now_ms += MINUTE)
		told += due(p, now_ms) != NULL;
	assert_int_equal(told, 3);
	tayra__mem_free(p);
}

static void
what_comes_at_odd_times_is_not_expected(void **state)
{
	struct tayra__periodic *p = make(1024);
	uint64_t now_ms = DAY;
	struct tayra__rng rng;
	unsigned told = 0;

	(void)state;
	tayra__rng_init(&rng, 3);
	for (unsigned i = 0; i < 1000; i++) {
		now_ms += HOUR + (uint64_t)((double)HOUR * 10 * tayra__rng_exponential(&rng));
		told += due(p, now_ms) != NULL;
		miss(p, 1, now_ms);
	}
	assert_in_range(told, 0, 50);
	tayra__mem_free(p);
}

static void
what_is_missed_steadily_has_no_period(void **state)
{
	struct tayra__periodic *p = make(1024);

	(void)state;
	for (uint64_t now_ms = DAY; now_ms < 2 * DAY; now_ms += MINUTE) {
		miss(p, 1, now_ms);
		assert_null(due(p, now_ms));
	}
	tayra__mem_free(p);
}

static void
a_moment_that_wavers_is_told_of_earlier(void **state)
{
	struct tayra__periodic *p = make(1024);
	const struct tayra__periodic_place *place;
	struct tayra__rng rng;
	unsigned day;

	(void)state;
	tayra__rng_init(&rng, 3);
	for (day = 1; day <= 20; day++)
		miss(p, 1, day * DAY + tayra__rng_below(&rng, 40) * MINUTE);
	place = due(p, day * DAY);
	assert_non_null(place);
	assert_true(place->off_ms > 20 * MINUTE);
	tayra__mem_free(p);
}

static void
keys_that_come_once_do_not_push_out_a_regular_one(void **state)
{
	struct tayra__periodic *p = make(64);
	unsigned other = 100;
	uint64_t now_ms = 0;

	(void)state;
	for (unsigned day = 1; day <= 10; day++)
		for (unsigned hour = 0; hour < 24; hour++) {
			now_ms = day * DAY + hour * HOUR;
			if (hour % 6 == 0)
				miss(p, 1, now_ms);
			for (unsigned i = 0; day > 2 && i < 1000; i++)
				miss(p, other++, now_ms + i);
		}
	assert_non_null(due(p, 11 * DAY));
	tayra__mem_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_every_day_is_due_before_it_comes),
		cmocka_unit_test(three_times_are_not_enough),
		cmocka_unit_test(a_day_without_it_does_not_end_it),
		cmocka_unit_test(what_does_not_come_three_times_is_not_expected_any_more),
		cmocka_unit_test(what_comes_at_odd_times_is_not_expected),
		cmocka_unit_test(what_is_missed_steadily_has_no_period),
		cmocka_unit_test(a_moment_that_wavers_is_told_of_earlier),
		cmocka_unit_test(keys_that_come_once_do_not_push_out_a_regular_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
