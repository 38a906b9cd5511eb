/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/scenario.h"

#include "drive/think.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define DRAWS 20000
#define SEED  12345

static struct tayra__rows rows = { .rows = 100, .columns = 1 };

static struct tayra__scenario
three_kinds(enum tayra__scenario_order order)
{
	struct tayra__scenario s = { .kind = { { .name = "a", .weight = 9 },
					       { .name = "b", .weight = 0.5 },
					       { .name = "c", .weight = 0.5 } },
				     .kinds = 3,
				     .rows = &rows,
				     .order = order };

	tayra__zipf_init(&s.zipf, rows.rows, 0.99);
	return s;
}

/* Within five standard deviations of a binomial count. */
static bool
plausible(uint32_t count, double share)
{
	return fabs(count - DRAWS * share) < 5 * sqrt(DRAWS * share * (1 - share));
}

static void
kinds_come_as_often_as_their_weights_say(void **state)
{
	const struct tayra__scenario s = three_kinds(TAYRA__SCENARIO_RANDOM);
	const struct tayra__scenario_seed seed = { SEED, 0 };
	uint32_t count[3] = { 0 };

	for (uint64_t i = 0; i < DRAWS; i++)
		count[tayra__scenario_draw(&s, &seed, i).kind]++;
	assert_true(plausible(count[0], 0.9));
	assert_true(plausible(count[1], 0.05));
	assert_true(plausible(count[2], 0.05));
}

static void
rows_come_uniformly_or_in_order_or_by_zipf(void **state)
{
	const struct tayra__scenario uniform = three_kinds(TAYRA__SCENARIO_RANDOM);
	const struct tayra__scenario zipf = three_kinds(TAYRA__SCENARIO_ZIPF);
	const struct tayra__scenario sequence = three_kinds(TAYRA__SCENARIO_SEQUENCE);
	const struct tayra__scenario_seed seed = { SEED, 98 };
	uint32_t first[2] = { 0 }, last[2] = { 0 };
	double harmonic = 0;

	for (uint32_t i = 1; i <= rows.rows; i++)
		harmonic += pow(i, -0.99);
	for (uint64_t i = 0; i < DRAWS; i++) {
		uint32_t row = tayra__scenario_draw(&uniform, &seed, i).row;

		assert_true(row < rows.rows);
		first[0] += row == 0;
		last[0] += row == rows.rows - 1;
		row = tayra__scenario_draw(&zipf, &seed, i).row;
		assert_true(row < rows.rows);
		first[1] += row == 0;
		last[1] += row == rows.rows - 1;
		assert_int_equal(tayra__scenario_draw(&sequence, &seed, i).row, (98 + i) % 100);
	}
	assert_true(plausible(first[0], 0.01));
	assert_true(plausible(last[0], 0.01));
	assert_true(plausible(first[1], 1 / harmonic));
	assert_true(plausible(last[1], pow(100, -0.99) / harmonic));
}

static void
whoever_has_the_seed_is_asked_the_same_and_others_are_not(void **state)
{
	const struct tayra__scenario s = three_kinds(TAYRA__SCENARIO_RANDOM);
	const struct tayra__scenario_seed one = { SEED, 0 }, same = { SEED, 0 },
					  other = { SEED + 1, 0 };
	uint32_t differ = 0;

	/* In whatever order they are drawn. */
	for (uint64_t i = 0; i < DRAWS; i++) {
		struct tayra__scenario_draw a = tayra__scenario_draw(&s, &one, DRAWS - 1 - i);
		struct tayra__scenario_draw b = tayra__scenario_draw(&s, &same, DRAWS - 1 - i);
		struct tayra__scenario_draw c = tayra__scenario_draw(&s, &other, DRAWS - 1 - i);

		assert_int_equal(a.kind, b.kind);
		assert_int_equal(a.row, b.row);
		differ += a.row != c.row;
	}
	assert_true(plausible(differ, 0.99));
}

static void
kind_and_row_of_a_request_are_independent(void **state)
{
	const struct tayra__scenario s = three_kinds(TAYRA__SCENARIO_RANDOM);
	const struct tayra__scenario_seed seed = { SEED, 0 };
	uint32_t low = 0;

	for (uint64_t i = 0; i < DRAWS; i++) {
		struct tayra__scenario_draw draw = tayra__scenario_draw(&s, &seed, i);

		low += draw.kind == 0 && draw.row < 50;
	}
	assert_true(plausible(low, 0.45));
}

static void
a_think_time_is_constant_or_has_its_mean(void **state)
{
	struct tayra__scenario s = three_kinds(TAYRA__SCENARIO_RANDOM);
	const struct tayra__scenario_seed seed = { SEED, 0 };
	double sum = 0, squares = 0;

	assert_int_equal(tayra__scenario_think_mean_ns(&s), 0);
	s.kind[0].think_ns = 1000000;
	s.kind[1].think_ns = 4000000;
	s.kind[1].think_varies = true;
	assert_int_equal(tayra__scenario_think_mean_ns(&s), 1100000);
	for (uint64_t i = 0; i < DRAWS; i++) {
		double ns = (double)tayra__scenario_think_ns(&s, 1, &seed, i);

		assert_int_equal(tayra__scenario_think_ns(&s, 0, &seed, i), 1000000);
		assert_int_equal(tayra__scenario_think_ns(&s, 2, &seed, i), 0);
		sum += ns;
		squares += ns * ns;
	}
	/* An exponential's deviation is its mean. */
	assert_true(fabs(sum / DRAWS - 4e6) < 5 * 4e6 / sqrt(DRAWS));
	assert_true(fabs(sqrt(squares / DRAWS - pow(sum / DRAWS, 2)) - 4e6) < 0.1 * 4e6);
}

static void
a_client_that_is_looked_at_has_the_rest_of_its_thought_before_it(void **state)
{
	struct tayra__scenario s = three_kinds(TAYRA__SCENARIO_RANDOM);
	double sum = 0;
	struct tayra__rng rng;
	uint32_t longer = 0;

	/* Alone, half of a constant time is left, and all of an exponential one. */
	tayra__rng_init(&rng, SEED);
	s.kind[0].think_ns = 1000000;
	for (int i = 0; i < DRAWS; i++)
		sum += (double)tayra__scenario_thinks_still_ns(&s, &rng);
	assert_true(fabs(sum / DRAWS - 5e5) < 5 * 1e6 / sqrt(12.0 * DRAWS));
	s.kind[0].think_varies = true;
	sum = 0;
	for (int i = 0; i < DRAWS; i++)
		sum += (double)tayra__scenario_thinks_still_ns(&s, &rng);
	assert_true(fabs(sum / DRAWS - 1e6) < 5 * 1e6 / sqrt(DRAWS));
	/* 0.9 requests of 1 ms and 0.05 of 18 ms take equally long: half of the clients are at
	 * each, and of the longer ones a share of 17/18 has more than 1 ms left. */
	s.kind[0].think_varies = false;
	s.kind[1].think_ns = 18000000;
	for (int i = 0; i < DRAWS; i++)
		longer += tayra__scenario_thinks_still_ns(&s, &rng) >= 1000000;
	assert_true(plausible(longer, 0.5 * 17 / 18));
}

static void
those_who_think_are_let_go_in_the_order_of_their_times(void **state)
{
	struct tayra__thinkers t;

	assert_int_equal(tayra__thinkers_init(&t, 3), TAYRA_OK);
	assert_int_equal(tayra__thinkers_next(&t), UINT64_MAX);
	assert_false(tayra__thinkers_take(&t, UINT64_MAX));
	for (int again = 0; again < 3; again++) {
		tayra__thinkers_add(&t, 30);
		tayra__thinkers_add(&t, 10);
		tayra__thinkers_add(&t, 20);
		assert_int_equal(tayra__thinkers_next(&t), 10);
		assert_false(tayra__thinkers_take(&t, 9));
		assert_true(tayra__thinkers_take(&t, 10));
		assert_false(tayra__thinkers_take(&t, 19));
		assert_true(tayra__thinkers_take(&t, 100));
		assert_true(tayra__thinkers_take(&t, 100));
		assert_false(tayra__thinkers_take(&t, 100));
	}
	tayra__thinkers_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_come_as_often_as_their_weights_say),
		cmocka_unit_test(rows_come_uniformly_or_in_order_or_by_zipf),
		cmocka_unit_test(whoever_has_the_seed_is_asked_the_same_and_others_are_not),
		cmocka_unit_test(kind_and_row_of_a_request_are_independent),
		cmocka_unit_test(a_think_time_is_constant_or_has_its_mean),
		cmocka_unit_test(a_client_that_is_looked_at_has_the_rest_of_its_thought_before_it),
		cmocka_unit_test(those_who_think_are_let_go_in_the_order_of_their_times),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
