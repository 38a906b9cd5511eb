/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/history.h"

#include "base/hash.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__values values;
static struct tayra__history *history;

#define OBJECTS 1024

static int
set_up(void **state)
{
	tayra__values_init(&values);
	history = malloc(tayra__history_bytes(OBJECTS));
	tayra__history_init(history, OBJECTS);
	return 0;
}

static int
tear_down(void **state)
{
	free(history);
	return 0;
}

static uint32_t
hash_of(uint32_t i)
{
	return (uint32_t)tayra__hash_mix64(i);
}

static void
what_is_remembered_comes_back_once_as_it_was(void **state)
{
	const struct tayra__reuse reuse = { .last = 77, .freq = 9, .distance = 12 };
	struct tayra__reuse out;

	assert_false(tayra__history_take(history, hash_of(1), &out));
	tayra__history_add(history, hash_of(1), &reuse, 100, &values);
	assert_int_equal(history->count, 1);
	assert_false(tayra__history_take(history, hash_of(2), &out));
	assert_true(tayra__history_take(history, hash_of(1), &out));
	assert_int_equal(out.last, 77);
	assert_int_equal(out.freq, 9);
	assert_int_equal(out.distance, 12);
	assert_int_equal(history->count, 0);
	assert_false(tayra__history_take(history, hash_of(1), &out));
}

static void
it_never_holds_more_than_its_size_and_what_is_forgotten_is_counted(void **state)
{
	for (uint32_t i = 0; i < 10 * OBJECTS; i++) {
		const struct tayra__reuse reuse = { .last = i, .freq = 1 };

		tayra__history_add(history, hash_of(i), &reuse, i + 1, &values);
	}
	assert_true(history->count <= OBJECTS);
	assert_true(history->count > OBJECTS * 9 / 10);
	assert_int_equal((uint32_t)values.events, 10 * OBJECTS - history->count);
}

static void
a_full_bucket_forgets_what_was_used_longest_ago(void **state)
{
	struct tayra__reuse out;
	uint32_t bucket = 5;

	for (uint32_t i = 0; i <= TAYRA__HISTORY_WAYS; i++) {
		const struct tayra__reuse reuse = { .last = 1000 - i, .freq = 1 };

		tayra__history_add(history, bucket | (i + 1) << 16, &reuse, 1000, &values);
	}
	/* The last but one was the oldest when the last came. */
	assert_false(tayra__history_take(history, bucket | TAYRA__HISTORY_WAYS << 16, &out));
	assert_true(tayra__history_take(history, bucket | 1 << 16, &out));
	assert_true(tayra__history_take(history, bucket | (TAYRA__HISTORY_WAYS + 1) << 16, &out));
}

static void
a_time_that_wraps_makes_no_old_thing_young(void **state)
{
	const struct tayra__reuse before = { .last = UINT32_MAX - 10, .freq = 1 };
	const struct tayra__reuse after = { .last = 5, .freq = 1 };
	struct tayra__reuse out;

	tayra__history_add(history, 5 | 1 << 16, &before, 6, &values);
	for (uint32_t i = 0; i < TAYRA__HISTORY_WAYS; i++)
		tayra__history_add(history, 5 | (i + 2) << 16, &after, 6, &values);
	assert_false(tayra__history_take(history, 5 | 1 << 16, &out));
}

static void
sizes_that_overflow_are_refused(void **state)
{
	assert_int_equal(tayra__history_bytes(UINT32_MAX), 0);
	assert_true(tayra__history_bytes(1) >= sizeof(struct tayra__past));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_remembered_comes_back_once_as_it_was,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			it_never_holds_more_than_its_size_and_what_is_forgotten_is_counted, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_full_bucket_forgets_what_was_used_longest_ago,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_time_that_wraps_makes_no_old_thing_young, set_up,
						tear_down),
		cmocka_unit_test(sizes_that_overflow_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
