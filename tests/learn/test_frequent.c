/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/frequent.h"

#include "base/hash.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define THINGS 5000

static struct tayra__frequent *
make(uint32_t room)
{
	struct tayra__frequent *frequent = malloc(tayra__frequent_bytes(room));

	tayra__frequent_init(frequent, room);
	return frequent;
}

static struct tayra__frequent_item *
count(struct tayra__frequent *frequent, uint64_t thing, uint64_t weight)
{
	return tayra__frequent_count(frequent, tayra__hash_mix64(thing), weight, &thing,
				     sizeof(thing));
}

/* Thing i is drawn about in proportion to 1 / (i + 1). */
static uint64_t
draw(struct tayra__rng *rng)
{
	uint64_t most = tayra__rng_next(rng) % THINGS + 1;

	return tayra__rng_next(rng) % most;
}

/* Every item is found under its hash, and no other is. */
static void
check_index(struct tayra__frequent *frequent)
{
	for (uint32_t i = 0; i < frequent->used; i++)
		assert_ptr_equal(
			tayra__frequent_find(frequent, tayra__frequent_at(frequent, i)->hash),
			tayra__frequent_at(frequent, i));
}

static void
what_is_counted_lies_within_its_error(void **state)
{
	struct tayra__frequent *frequent = make(100);
	uint64_t *truth = calloc(THINGS, sizeof(*truth)), total = 0;
	struct tayra__rng rng;

	tayra__rng_init(&rng, 1);
	for (int i = 0; i < 200000; i++) {
		uint64_t thing = draw(&rng), weight = 1 + thing % 3;

		count(frequent, thing, weight);
		truth[thing] += weight;
		total += weight;
		if (i % 100 == 0)
			check_index(frequent);
	}
	for (uint64_t thing = 0; thing < THINGS; thing++) {
		const struct tayra__frequent_item *item = tayra__frequent_find(
			frequent, tayra__hash_mix64(thing));

		if (!item) {
			assert_true(truth[thing] <= total / 100);
			continue;
		}
		assert_true(item->count - item->error <= truth[thing]);
		assert_true(truth[thing] <= item->count);
		assert_true(item->error <= total / 100);
	}
	free(truth);
	free(frequent);
}

static void
counts_add_up_to_the_stream(void **state)
{
	struct tayra__frequent *frequent = make(7);
	uint64_t sum = 0;

	for (uint64_t i = 0; i < 1000; i++)
		count(frequent, i % 13, 2);
	for (uint32_t i = 0; i < frequent->used; i++)
		sum += tayra__frequent_at(frequent, i)->count;
	assert_int_equal(frequent->used, 7);
	assert_int_equal(sum, 2000);
	free(frequent);
}

static void
a_newcomer_takes_the_place_of_the_least_and_begins_a_record(void **state)
{
	struct tayra__frequent *frequent = make(2);
	struct tayra__frequent_item *item;

	count(frequent, 1, 10);
	count(frequent, 2, 3)->loads = 5;
	item = count(frequent, 3, 1);
	assert_int_equal(item->count, 4);
	assert_int_equal(item->error, 3);
	assert_int_equal(item->loads, 0);
	assert_null(tayra__frequent_find(frequent, tayra__hash_mix64(2)));
	assert_non_null(tayra__frequent_find(frequent, tayra__hash_mix64(1)));
	free(frequent);
}

static void
long_names_are_cut_and_their_length_is_kept(void **state)
{
	struct tayra__frequent *frequent = make(1);
	char name[TAYRA__FREQUENT_TEXT * 2];
	struct tayra__frequent_item *item;

	memset(name, 'x', sizeof(name));
	item = tayra__frequent_count(frequent, 0, 1, name, sizeof(name));
	assert_int_equal(item->text_len, sizeof(name));
	assert_memory_equal(item->text, name, TAYRA__FREQUENT_TEXT);
	assert_ptr_equal(tayra__frequent_find(frequent, 0), item);
	free(frequent);
}

static void
counts_do_not_wrap(void **state)
{
	struct tayra__frequent *frequent = make(1);

	count(frequent, 1, UINT64_MAX);
	assert_true(count(frequent, 1, 1)->count == UINT64_MAX);
	free(frequent);
}

static void
rooms_that_are_nothing_or_too_large_are_refused(void **state)
{
	assert_int_equal(tayra__frequent_bytes(0), 0);
	assert_int_equal(tayra__frequent_bytes(UINT32_MAX), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_counted_lies_within_its_error),
		cmocka_unit_test(counts_add_up_to_the_stream),
		cmocka_unit_test(a_newcomer_takes_the_place_of_the_least_and_begins_a_record),
		cmocka_unit_test(long_names_are_cut_and_their_length_is_kept),
		cmocka_unit_test(counts_do_not_wrap),
		cmocka_unit_test(rooms_that_are_nothing_or_too_large_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
