/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/keeper.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__keeper *
made(enum tayra__objective objective)
{
	struct tayra__keeper_options options = {
		.capacity = 1000, .history = 4000, .guard = 64, .objective = objective, .seed = 1
	};
	struct tayra__keeper *keeper = malloc(tayra__keeper_bytes(&options));

	tayra__keeper_init(keeper, &options);
	return keeper;
}

static void
one_that_returns_is_known_by_what_it_was(void **state)
{
	struct tayra__keeper *keeper = made(TAYRA__OBJECTIVE_REQUESTS);
	struct tayra__worth worth = { .charge = 1 };

	tayra__keeper_miss(keeper, 0x12345678, &worth, 0);
	assert_int_equal(worth.reuse.freq, 1);
	assert_int_equal(worth.reuse.distance, 0);
	tayra__keeper_hit(keeper, 0x12345678, &worth, 1);
	assert_int_equal(worth.reuse.freq, 2);
	tayra__keeper_gone(keeper, 0x12345678, &worth.reuse);
	assert_int_equal(tayra__keeper_remembered(keeper), 1);
	/* What is foreseen is what comes, but for its time: it is judged now. */
	const struct tayra__reuse foreseen = tayra__keeper_foresee(keeper, 0x12345678, 1);

	assert_int_equal(foreseen.freq, 3);
	assert_int_equal(foreseen.distance, 1);
	assert_int_equal(foreseen.last, keeper->now);
	worth.reuse = (struct tayra__reuse){ 0 };
	tayra__keeper_miss(keeper, 0x12345678, &worth, 0);
	assert_int_equal(worth.reuse.freq, 3);
	assert_int_equal(worth.reuse.distance, 1);
	assert_int_equal(worth.reuse.last, 3);
	/* Two uses were seen, none twice. */
	assert_int_equal((int)keeper->values.events, 2);
	free(keeper);
}

/* Small objects are used again at once, large ones never. */
static void
what_was_used_once_is_told_apart_by_size(void **state)
{
	struct tayra__keeper *keeper = made(TAYRA__OBJECTIVE_BYTES);
	struct tayra__reuse small = { .freq = 1, .size = tayra__reuse_size(100) };
	struct tayra__reuse large = { .freq = 1, .size = tayra__reuse_size(1000000) };

	for (uint32_t i = 0; i < 6000; i++) {
		struct tayra__worth worth = { .charge = i % 2 ? 100 : 1000000 };

		tayra__keeper_miss(keeper, i, &worth, 10);
		if (i % 2)
			tayra__keeper_hit(keeper, i, &worth, 10);
		else
			tayra__keeper_removed(keeper, &worth.reuse);
	}
	assert_true(keeper->rebuilds > 0);
	assert_true(tayra__values_of(&keeper->values, &small, 1) >
		    10 * tayra__values_of(&keeper->values, &large, 1));
	/* Of what was used more often the size does not matter. */
	small.freq = large.freq = 2;
	small.distance = large.distance = 1;
	assert_int_equal(tayra__reuse_class(&small), tayra__reuse_class(&large));
	free(keeper);
}

static void
nothing_learned_is_used_before_there_is_something(void **state)
{
	struct tayra__keeper *keeper = made(TAYRA__OBJECTIVE_REQUESTS);
	struct tayra__worth worth = { .charge = 1 };

	for (uint32_t i = 0; i < 2000; i++) {
		tayra__keeper_miss(keeper, i, &worth, 100);
		assert_int_equal(tayra__keeper_behaviour(keeper), TAYRA__BEHAVE_S3FIFO);
	}
	free(keeper);
}

static double
rank_of(enum tayra__objective objective, uint64_t charge, float cost)
{
	struct tayra__keeper *keeper = made(objective);
	struct tayra__worth worth = { .reuse = { .freq = 1 }, .charge = charge, .cost = cost };
	double rank;

	keeper->values.value[0][0] = 1;
	rank = (double)tayra__worth_of(&keeper->values, objective, &worth, keeper->now);
	free(keeper);
	return rank;
}

static void
the_objective_says_what_size_and_cost_count(void **state)
{
	assert_true(rank_of(TAYRA__OBJECTIVE_REQUESTS, 10, 5) == (double)0.1f);
	assert_true(rank_of(TAYRA__OBJECTIVE_BYTES, 10, 5) == 1);
	assert_true(rank_of(TAYRA__OBJECTIVE_COST, 10, 5) == 0.5);
}

static void
a_cost_not_known_is_the_mean_and_none_is_next_to_nothing(void **state)
{
	struct tayra__keeper *keeper = made(TAYRA__OBJECTIVE_COST);
	struct tayra__worth worth = { .charge = 1 };

	tayra__keeper_miss(keeper, 1, &worth, 0);
	assert_true(worth.cost == 1);
	worth.cost = 50;
	tayra__keeper_miss(keeper, 2, &worth, 0);
	worth.cost = 0;
	tayra__keeper_miss(keeper, 3, &worth, 0);
	assert_true(worth.cost == 50);
	worth.cost = 0.0001f;
	tayra__keeper_miss(keeper, 4, &worth, 0);
	assert_true(worth.cost > 0.4f && worth.cost < 0.6f);
	free(keeper);
}

static void
sizes_that_overflow_are_refused(void **state)
{
	assert_int_equal(tayra__keeper_bytes(&(struct tayra__keeper_options){ .history = UINT32_MAX,
									      .guard = 16 }),
			 0);
	assert_int_equal(tayra__keeper_bytes(&(struct tayra__keeper_options){
				 .history = 1, .guard = UINT32_MAX }),
			 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_returns_is_known_by_what_it_was),
		cmocka_unit_test(what_was_used_once_is_told_apart_by_size),
		cmocka_unit_test(nothing_learned_is_used_before_there_is_something),
		cmocka_unit_test(the_objective_says_what_size_and_cost_count),
		cmocka_unit_test(a_cost_not_known_is_the_mean_and_none_is_next_to_nothing),
		cmocka_unit_test(sizes_that_overflow_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
