/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/guard.h"

#include "base/hash.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OBJECTS  256
#define CAPACITY 256

static struct tayra__values values;
static struct tayra__guard *guard;
static uint32_t now;

static int
set_up(void **state)
{
	now = 0;
	tayra__values_init(&values);
	guard = malloc(tayra__guard_bytes(OBJECTS));
	tayra__guard_init(guard, OBJECTS, 1);
	return 0;
}

static int
tear_down(void **state)
{
	free(guard);
	return 0;
}

/* A class for each half of the keys, so that the tables can be right or wrong about them. */
static void
use(uint32_t key, bool hot, const struct tayra__values *learned)
{
	struct tayra__guard_request request;

	now++;
	request = (struct tayra__guard_request){
		.key = (uint32_t)tayra__hash_mix64(key),
		.worth = { .reuse = { .last = now, .freq = hot ? 8 : 1 }, .charge = 1 },
		.now = now,
		.capacity = CAPACITY,
		.residents = CAPACITY,
		.values = learned,
	};

	tayra__guard_request(guard, &request);
}

/* Half the requests go to 250 keys, half to keys that never return. */
static void
run(uint32_t requests, float hot_value, float cold_value)
{
	const struct tayra__reuse hot = { .freq = 8 };

	for (unsigned bin = 0; bin < TAYRA__VALUE_AGES; bin++) {
		values.value[tayra__reuse_class(&hot)][bin] = hot_value;
		values.value[0][bin] = cold_value;
	}
	for (uint32_t i = 0; i < requests; i++) {
		if (i % 2)
			use((uint32_t)tayra__hash_mix64(now) % 250, true, &values);
		else
			use(1000000 + now, false, &values);
	}
}

static void
it_begins_with_s3fifo_and_stays_while_nothing_is_learned(void **state)
{
	assert_int_equal(guard->behaviour, TAYRA__BEHAVE_S3FIFO);
	for (uint32_t i = 0; i < 20000; i++)
		use(i % 1000, false, NULL);
	assert_int_equal(guard->behaviour, TAYRA__BEHAVE_S3FIFO);
}

/* Recency is wrong about the cold half, S3-FIFO nearly right, these tables quite right. */
static void
tables_that_are_right_are_taken_up_and_wrong_ones_given_up_and_right_ones_again(void **state)
{
	run(20000, 1, 0);
	assert_int_equal(guard->behaviour, TAYRA__BEHAVE_LEARNED);
	run(20000, 0, 1);
	assert_int_not_equal(guard->behaviour, TAYRA__BEHAVE_LEARNED);
	run(60000, 1, 0);
	assert_int_equal(guard->behaviour, TAYRA__BEHAVE_LEARNED);
}

static void
tables_that_are_wrong_are_never_taken_up(void **state)
{
	for (int i = 0; i < 40; i++) {
		run(1000, 0, 1);
		assert_int_not_equal(guard->behaviour, TAYRA__BEHAVE_LEARNED);
	}
}

static void
a_large_engine_is_sampled_so_that_its_share_fits(void **state)
{
	struct tayra__guard_request request = {
		.worth = { .reuse = { .freq = 1 }, .charge = 1 },
		.capacity = 100000,
		.residents = 100000,
	};

	for (uint32_t i = 0; i < 1000; i++) {
		request.key = (uint32_t)tayra__hash_mix64(i);
		tayra__guard_request(guard, &request);
	}
	assert_int_equal(guard->sample_bits, 9);
	assert_int_equal(guard->store_capacity, 100000 >> 9);
}

/* Its stores go on, its windows too: what S3-FIFO has gathered is not forgotten. */
static void
a_growing_engine_takes_a_smaller_sample_without_starting_over(void **state)
{
	struct tayra__guard_request request = {
		.worth = { .reuse = { .freq = 1 }, .charge = 1 },
		.capacity = 1000,
	};

	run(20000, 1, 0);
	double weight = guard->weight;

	assert_true(weight > 3);
	for (uint32_t residents = 256; residents <= 1024; residents *= 2) {
		request.residents = residents;
		request.key = (uint32_t)tayra__hash_mix64(residents);
		tayra__guard_request(guard, &request);
		assert_true(tayra__guard_sound(guard));
	}
	assert_int_equal(guard->sample_bits, 2);
	assert_int_equal(guard->store_capacity, 250);
	assert_true(guard->weight >= weight);
	assert_int_equal(guard->behaviour, TAYRA__BEHAVE_LEARNED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_begins_with_s3fifo_and_stays_while_nothing_is_learned, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			tables_that_are_right_are_taken_up_and_wrong_ones_given_up_and_right_ones_again,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(tables_that_are_wrong_are_never_taken_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_growing_engine_takes_a_smaller_sample_without_starting_over, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_large_engine_is_sampled_so_that_its_share_fits,
						set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
