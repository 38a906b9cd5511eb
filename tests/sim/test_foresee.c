/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/foresee.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct tayra__foresee *foresee;
static struct tayra__foresight is;

static int
set_up(void **state)
{
	return tayra__foresee_create(500, 0, 1, &foresee);
}

static int
tear_down(void **state)
{
	tayra__foresee_destroy(foresee);
	return 0;
}

/* Every other use is of one of 100 keys, the rest are of keys that never return. */
static void
run(uint64_t to)
{
	for (uint64_t now = 1; now < to; now++)
		tayra__foresee_use(foresee, now % 2 ? now / 2 % 100 : 1000000 + now, now);
}

static void
the_scores_are_those_of_the_bins(void **state)
{
	double count = 0, used = 0;

	run(40000);
	tayra__foresee_result(foresee, &is);
	for (int i = 0; i < TAYRA__PREDICT_BINS; i++) {
		count += is.bins[i].count;
		used += is.bins[i].used;
	}
	assert_true(is.labels > 5000 && count == is.labels);
	assert_true(fabs(used / count - is.base_rate) < 1e-12);
}

/* What never learns the base rate would do p(1-p); learning it costs a little more. */
static void
the_base_rate_scores_its_variance(void **state)
{
	double variance;

	run(40000);
	tayra__foresee_result(foresee, &is);
	variance = is.base_rate * (1 - is.base_rate);
	assert_true(is.brier[TAYRA__FORESEER_BASE_RATE] > variance * 0.99);
	assert_true(is.brier[TAYRA__FORESEER_BASE_RATE] < variance * 1.05);
}

/* Recency tells keys of the round (up to 200 ticks old) from those gone for longer, and no more. */
static void
recency_is_learned_and_tayra_is_better(void **state)
{
	run(40000);
	tayra__foresee_result(foresee, &is);
	assert_true(is.brier[TAYRA__FORESEER_RECENCY] < is.brier[TAYRA__FORESEER_BASE_RATE] * 0.9);
	assert_true(is.brier[TAYRA__FORESEER_TAYRA] < is.brier[TAYRA__FORESEER_RECENCY] * 0.9);
	assert_true(is.log_loss[TAYRA__FORESEER_TAYRA] < is.log_loss[TAYRA__FORESEER_RECENCY]);
	assert_true(fabs(tayra__foresight_skill(&is, TAYRA__FORESEER_RECENCY) -
			 (1 - is.brier[TAYRA__FORESEER_TAYRA] /
				      is.brier[TAYRA__FORESEER_RECENCY])) < 1e-12);
}

/* Keys used once, of which none comes back: frequency 0.1, recency x, no trend, no interval, half
 * a day: 0.1 sigmoid(0.03 + 0.3 x + 0.025), x in 0..1; its square is in 0.0026 .. 0.0034. */
static void
the_fixed_formula_is_the_one_of_the_header(void **state)
{
	for (uint64_t now = 1; now < 20000; now++)
		tayra__foresee_use(foresee, now, now);
	tayra__foresee_result(foresee, &is);
	assert_true(is.base_rate == 0);
	assert_true(is.brier[TAYRA__FORESEER_FIXED] > 0.0026);
	assert_true(is.brier[TAYRA__FORESEER_FIXED] < 0.0035);
	assert_true(is.brier[TAYRA__FORESEER_BASE_RATE] < 0.02); /* but for the first */
}

static void
without_a_label_nothing_is_claimed(void **state)
{
	run(100);
	tayra__foresee_result(foresee, &is);
	assert_true(is.labels == 0 && isnan(is.base_rate) && isnan(is.brier[0]));
	assert_true(isnan(tayra__foresight_skill(&is, TAYRA__FORESEER_BASE_RATE)));
}

static void
the_same_seed_gives_the_same_figures(void **state)
{
	struct tayra__foresight again;

	run(10000);
	tayra__foresee_result(foresee, &is);
	tayra__foresee_destroy(foresee);
	assert_int_equal(tayra__foresee_create(500, 0, 1, &foresee), 0);
	run(10000);
	tayra__foresee_result(foresee, &again);
	for (int i = 0; i < TAYRA__FORESEERS; i++)
		assert_true(is.brier[i] == again.brier[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_scores_are_those_of_the_bins, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_base_rate_scores_its_variance, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(recency_is_learned_and_tayra_is_better, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_fixed_formula_is_the_one_of_the_header, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(without_a_label_nothing_is_claimed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_figures, set_up,
						tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
