/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/store.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__values values;

static struct tayra__store *
made(uint32_t slots, uint64_t capacity)
{
	struct tayra__store *store = malloc(tayra__store_bytes(slots));

	tayra__store_init(store, slots, capacity, 7);
	return store;
}

/* One use of a key.  Returns whether it hit. */
static bool
use(struct tayra__store *store, uint32_t key, uint64_t charge, enum tayra__behaviour behaviour,
    uint32_t now)
{
	uint32_t slot = tayra__store_find(store, key);
	struct tayra__worth worth = { .reuse = { .last = now, .freq = 1 }, .charge = charge };
	struct tayra__store_rule rule = { .behaviour = behaviour, .values = &values, .now = now };

	if (slot == TAYRA__STORE_NONE) {
		tayra__store_admit(store, key, &worth, &rule);
		return false;
	}
	tayra__store_hit(store, slot);
	tayra__store_slot(store, slot)->worth.reuse.last = now;
	return true;
}

/* The occupancy audit: the research's prototype once flagged evicted objects resident. */
static void
at_any_time_what_is_resident_is_what_is_counted(void **state)
{
	struct tayra__rng rng;
	struct tayra__zipf zipf;
	struct tayra__store *store = made(300, 1000);

	tayra__rng_init(&rng, 1);
	tayra__zipf_init(&zipf, 2000, 0.8);
	for (uint32_t now = 0; now < 20000; now++) {
		uint32_t key = (uint32_t)tayra__zipf_next(&zipf, &rng), slot;

		use(store, key, 1 + key % 40, (enum tayra__behaviour)(now / 500 % 3), now);
		slot = tayra__store_find(store, (uint32_t)tayra__zipf_next(&zipf, &rng));
		if (now % 10 == 0 && slot != TAYRA__STORE_NONE)
			tayra__store_remove(store, slot);
		if (now % 16 == 0)
			assert_true(tayra__store_sound(store));
	}
	free(store);
}

static void
the_audit_sees_a_sum_that_is_off(void **state)
{
	struct tayra__store *store = made(8, 4);

	use(store, 1, 1, TAYRA__BEHAVE_S3FIFO, 1);
	assert_true(tayra__store_sound(store));
	store->used++;
	assert_false(tayra__store_sound(store));
	free(store);
}

static void
sampled_lru_with_few_residents_is_lru(void **state)
{
	struct tayra__store *store = made(16, 3);
	const char *keys = "abcadabc", *marks = "...+.+..";

	for (uint32_t i = 0; keys[i]; i++)
		assert_int_equal(use(store, (uint32_t)keys[i], 1, TAYRA__BEHAVE_LRU, i),
				 marks[i] == '+');
	free(store);
}

static void
a_newcomer_worth_least_is_left_out_and_told_gone(void **state)
{
	struct tayra__store *store = made(16, 4);
	struct tayra__worth newcomer = { .reuse = { .last = 100, .freq = 1 }, .charge = 1 };
	struct tayra__store_rule rule = { .behaviour = TAYRA__BEHAVE_LEARNED,
					  .values = &values,
					  .now = 100 };

	const struct tayra__reuse twice = { .freq = 2, .distance = 1 };

	tayra__values_init(&values);
	for (unsigned bin = 0; bin < TAYRA__VALUE_AGES; bin++)
		values.value[tayra__reuse_class(&twice)][bin] = 1; /* used twice: worth keeping */
	for (uint32_t key = 1; key <= 4; key++) {
		struct tayra__worth kept = { .reuse = { .last = 90, .freq = 2, .distance = 1 },
					     .charge = 1 };

		assert_true(tayra__store_admit(store, key, &kept, &rule));
	}
	assert_false(tayra__store_admit(store, 5, &newcomer, &rule));
	for (uint32_t key = 1; key <= 4; key++)
		assert_int_not_equal(tayra__store_find(store, key), TAYRA__STORE_NONE);
	assert_true(tayra__store_sound(store));
	/* Among equals a resident makes way. */
	newcomer.reuse = (struct tayra__reuse){ .last = 90, .freq = 2, .distance = 1 };
	assert_true(tayra__store_admit(store, 6, &newcomer, &rule));
	free(store);
}

static void
an_object_over_the_capacity_is_left_out(void **state)
{
	struct tayra__store *store = made(16, 10);

	use(store, 1, 10, TAYRA__BEHAVE_LRU, 1);
	use(store, 2, 11, TAYRA__BEHAVE_LRU, 2);
	assert_int_not_equal(tayra__store_find(store, 1), TAYRA__STORE_NONE);
	assert_int_equal(tayra__store_find(store, 2), TAYRA__STORE_NONE);
	free(store);
}

static bool
s3fifo_lets_in(struct tayra__store *store, uint32_t key, uint64_t charge,
	       enum tayra__objective objective)
{
	const struct tayra__worth worth = { .reuse = { .freq = 1 }, .charge = charge };
	const struct tayra__store_rule rule = { .behaviour = TAYRA__BEHAVE_S3FIFO,
						.objective = objective,
						.values = &values };

	return tayra__store_admit(store, key, &worth, &rule);
}

static void
what_the_small_queue_could_not_hold_is_let_in_only_where_bytes_count(void **state)
{
	struct tayra__store *store = made(16, 1000);

	assert_true(s3fifo_lets_in(store, 1, 99, TAYRA__OBJECTIVE_REQUESTS));
	assert_false(s3fifo_lets_in(store, 2, 100, TAYRA__OBJECTIVE_REQUESTS));
	assert_false(s3fifo_lets_in(store, 2, 100, TAYRA__OBJECTIVE_COST));
	assert_true(s3fifo_lets_in(store, 2, 100, TAYRA__OBJECTIVE_BYTES));
	free(store);
	store = made(16, 5); /* small would be nothing */
	assert_true(s3fifo_lets_in(store, 1, 1, TAYRA__OBJECTIVE_REQUESTS));
	free(store);
}

static bool
is_even(const void *ctx, uint32_t key)
{
	return key % 2 == 0;
}

static void
thinning_keeps_what_it_is_told_and_fits_the_new_capacity(void **state)
{
	struct tayra__store *store = made(200, 100);

	for (uint32_t key = 0; key < 150; key++)
		use(store, key, 1, TAYRA__BEHAVE_S3FIFO, key);
	assert_int_equal(store->residents, 100);
	assert_int_equal(store->ghosts, 50);
	tayra__store_thin(store, 80, is_even, NULL);
	assert_true(tayra__store_sound(store));
	assert_int_equal(store->residents, 50);
	assert_int_equal(store->ghosts, 25);
	for (uint32_t key = 50; key < 150; key++)
		assert_int_equal(tayra__store_find(store, key) != TAYRA__STORE_NONE, key % 2 == 0);
	tayra__store_thin(store, 20, is_even, NULL);
	assert_true(tayra__store_sound(store));
	assert_int_equal(store->used, 20);
	assert_int_equal(store->ghosts, 18);
	free(store);
}

/* Two slots, room for a thousand: slots bound it then. */
static void
fewer_slots_than_capacity_evict_instead_of_overrunning(void **state)
{
	struct tayra__store *store = made(2, 1000);

	for (uint32_t now = 1; now < 100; now++) {
		use(store, now % 7, 1, TAYRA__BEHAVE_S3FIFO, now);
		assert_true(tayra__store_sound(store));
	}
	free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_any_time_what_is_resident_is_what_is_counted),
		cmocka_unit_test(the_audit_sees_a_sum_that_is_off),
		cmocka_unit_test(sampled_lru_with_few_residents_is_lru),
		cmocka_unit_test(a_newcomer_worth_least_is_left_out_and_told_gone),
		cmocka_unit_test(an_object_over_the_capacity_is_left_out),
		cmocka_unit_test(
			what_the_small_queue_could_not_hold_is_let_in_only_where_bytes_count),
		cmocka_unit_test(thinning_keeps_what_it_is_told_and_fits_the_new_capacity),
		cmocka_unit_test(fewer_slots_than_capacity_evict_instead_of_overrunning),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
