/* SPDX-License-Identifier: Apache-2.0
 *
 * Series in time: a test that may be looked at, steadiness, trends; and outliers, equivalence.
 */
#include "stat/effect.h"
#include "stat/equivalence.h"
#include "stat/outlier.h"
#include "stat/quantile.h"
#include "stat/quantile_interval.h"
#include "stat/sequential.h"
#include "stat/signflip.h"
#include "stat/steady.h"
#include "stat/trend.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "near.h"

enum noise { NORMAL, CAUCHY, SPIKES, SKEWED, DRIFT, NOISES };

/* A difference of two equal things, whose sign a coin made fair. */
static double
fair(struct tayra__rng *rng, enum noise noise, int i)
{
	double sign = tayra__rng_next(rng) & 1 ? 1 : -1;

	switch (noise) {
	case CAUCHY: return tan(M_PI * (tayra__rng_unit(rng) - 0.5));
	case SPIKES: return tayra__rng_normal(rng) + sign * (tayra__rng_unit(rng) < 0.05 ? 30 : 0);
	case SKEWED: return sign * tayra__rng_exponential(rng);
	case DRIFT: return sign * (1 + 0.2 * i);
	case NORMAL:
	case NOISES: break;
	}
	return tayra__rng_normal(rng);
}

static void
looking_after_each_of_sixty_pairs_calls_no_more_than_the_level(void **state)
{
	(void)state;
	for (enum noise noise = NORMAL; noise < NOISES; noise++) {
		struct tayra__rng rng;
		int called = 0;

		tayra__rng_init(&rng, 11 + noise);
		for (int run = 0; run < 1000; run++) {
			struct tayra__sequential test;
			double p = 1;

			tayra__sequential_init(&test, 1, 20);
			for (int i = 0; i < 60; i++)
				p = tayra__sequential_add(&test, fair(&rng, noise, i));
			called += p < 0.05;
		}
		/* At most 50 by the inequality, and three deviations of a thousand coins. */
		if (called > 64)
			fail_msg("noise %d: %d of 1,000 called", noise, called);
	}
}

static void
a_shift_of_a_deviation_is_found_within_sixty_pairs(void **state)
{
	struct tayra__rng rng;
	int found = 0;

	(void)state;
	tayra__rng_init(&rng, 5);
	for (int run = 0; run < 300; run++) {
		struct tayra__sequential test;
		double p = 1;

		tayra__sequential_init(&test, 1, 20);
		for (int i = 0; i < 60; i++)
			p = tayra__sequential_add(&test, 1 + tayra__rng_normal(&rng));
		found += p < 0.05;
	}
	assert_true(found >= 297);
}

static void
bets_leave_nan_out_and_survive_infinity(void **state)
{
	struct tayra__sequential test;

	(void)state;
	tayra__sequential_init(&test, 1, 10);
	assert_near(tayra__sequential_add(&test, nan("")), 1, 0);
	assert_int_equal(test.pairs, 0);
	assert_near(tayra__sequential_add(&test, HUGE_VAL), 1, 0);
	assert_near(tayra__sequential_add(&test, 1), 1, 0);
}

/* Slices around 10 with 3% of noise; before `warm`, slower by that much, decaying or in a step. */
static void
make_curve(struct tayra__rng *rng, size_t n, size_t warm, double slower, bool step, double *out)
{
	for (size_t i = 0; i < n; i++) {
		double excess = i >= warm ? 0
				: step    ? slower
					  : slower * exp(-3.0 * (double)i / (double)warm);

		out[i] = 10 * (1 + excess) * exp(0.03 * tayra__rng_normal(rng));
	}
}

static void
warm_ups_are_told_from_flat_series(void **state)
{
	struct tayra__rng rng;
	struct tayra__steady steady;
	int right_flat = 0, right_step = 0, right_decay = 0, right_slow = 0;
	double x[120];

	(void)state;
	tayra__rng_init(&rng, 9);
	for (int run = 0; run < 200; run++) {
		make_curve(&rng, 120, 0, 0, true, x);
		assert_int_equal(tayra__steady(x, 120, &steady), TAYRA_OK);
		right_flat += steady.kind == TAYRA__STEADY_FLAT && steady.from == 0;
		make_curve(&rng, 120, 30, 0.4, true, x);
		assert_int_equal(tayra__steady(x, 120, &steady), TAYRA_OK);
		right_step += steady.kind == TAYRA__STEADY_WARMUP && steady.from >= 29 &&
			      steady.from <= 32;
		make_curve(&rng, 120, 40, 0.8, false, x);
		assert_int_equal(tayra__steady(x, 120, &steady), TAYRA_OK);
		right_decay += steady.kind == TAYRA__STEADY_WARMUP && steady.from >= 15 &&
			       fabs(steady.level - 10) < 0.3;
		make_curve(&rng, 120, 40, -0.3, true, x);
		assert_int_equal(tayra__steady(x, 120, &steady), TAYRA_OK);
		right_slow += steady.kind == TAYRA__STEADY_SLOWDOWN;
	}
	if (right_flat < 190 || right_step < 190 || right_decay < 190 || right_slow < 190)
		fail_msg("of 200: flat %d, step %d, decay %d, slowdown %d", right_flat, right_step,
			 right_decay, right_slow);
}

static void
what_never_settles_is_seldom_called_steady(void **state)
{
	struct tayra__rng rng;
	struct tayra__steady steady;
	int rising = 0, late = 0;
	double x[120];

	(void)state;
	tayra__rng_init(&rng, 10);
	for (int run = 0; run < 200; run++) {
		for (int i = 0; i < 120; i++)
			x[i] = 10 * (1 + 0.01 * i) * exp(0.03 * tayra__rng_normal(&rng));
		assert_int_equal(tayra__steady(x, 120, &steady), TAYRA_OK);
		rising += steady.kind != TAYRA__STEADY_NONE;
		make_curve(&rng, 120, 100, 0.5, true, x);
		assert_int_equal(tayra__steady(x, 120, &steady), TAYRA_OK);
		late += steady.kind != TAYRA__STEADY_NONE;
	}
	if (rising > 10 || late > 10)
		fail_msg("of 200: rising %d, late %d called steady", rising, late);
}

static void
spikes_are_no_levels_and_few_slices_say_nothing(void **state)
{
	struct tayra__rng rng;
	struct tayra__steady steady;
	double x[100];

	(void)state;
	tayra__rng_init(&rng, 12);
	make_curve(&rng, 100, 0, 0, true, x);
	x[3] *= 20;
	x[60] *= 9;
	x[99] *= 5;
	assert_int_equal(tayra__steady(x, 100, &steady), TAYRA_OK);
	assert_int_equal(steady.kind, TAYRA__STEADY_FLAT);
	assert_int_equal(tayra__steady(x, 19, &steady), TAYRA_OK);
	assert_int_equal(steady.kind, TAYRA__STEADY_NONE);
	assert_true(isnan(steady.level) && steady.from == 19);
	assert_string_equal(tayra__steadiness_name(steady.kind), "no steady state");
	for (int i = 0; i < 100; i++)
		x[i] = 7;
	assert_int_equal(tayra__steady(x, 100, &steady), TAYRA_OK);
	assert_int_equal(steady.kind, TAYRA__STEADY_FLAT);
	assert_near(steady.level, 7, 0);
	x[50] = 0;
	assert_int_equal(tayra__steady(x, 100, &steady), TAYRA_E_INVAL);
	x[50] = nan("");
	assert_int_equal(tayra__steady(x, 100, &steady), TAYRA_E_INVAL);
	assert_int_equal(tayra__steady(x, 3001, &steady), TAYRA_E_TOO_LARGE);
}

static void
a_slope_and_its_interval_are_found(void **state)
{
	struct tayra__rng rng;
	struct tayra__trend trend;
	int held = 0, alarms = 0;
	double x[30];

	(void)state;
	tayra__rng_init(&rng, 2);
	for (int run = 0; run < 500; run++) {
		for (int i = 0; i < 30; i++)
			x[i] = 0.5 * i + tayra__rng_normal(&rng);
		assert_int_equal(tayra__trend(x, 30, 0.05, &trend), TAYRA_OK);
		held += trend.lo <= 0.5 && 0.5 <= trend.hi;
		assert_true(trend.p < 1e-6);
		for (int i = 0; i < 30; i++)
			x[i] = tayra__rng_normal(&rng);
		assert_int_equal(tayra__trend(x, 30, 0.05, &trend), TAYRA_OK);
		alarms += trend.p < 0.05;
	}
	assert_in_range(held, 460, 490);
	assert_in_range(alarms, 10, 40);
	assert_int_equal(tayra__trend(x, 3, 0.05, &trend), TAYRA_OK);
	assert_true(isnan(trend.slope) && isnan(trend.p));
	memset(x, 0, sizeof(x));
	assert_int_equal(tayra__trend(x, 30, 0.05, &trend), TAYRA_OK);
	assert_near(trend.slope, 0, 0);
	assert_true(isnan(trend.p));
	assert_int_equal(tayra__trend(x, 3001, 0.05, &trend), TAYRA_E_TOO_LARGE);
}

static void
outliers_are_counted_by_the_fences(void **state)
{
	/* Quartiles 3 and 7, so fences at -3, 13 and -9, 19. */
	const double x[] = { -10, 1, 3, 4, 5, 6, 7, 14, 30 };
	struct tayra__outliers out;

	(void)state;
	tayra__outliers(x, 9, &out);
	assert_int_equal(out.severe_low, 1);
	assert_int_equal(out.mild_low, 0);
	assert_int_equal(out.mild_high, 1);
	assert_int_equal(out.severe_high, 1);
	assert_true(out.share_of_variance > 0.9 && out.share_of_variance <= 1);
	tayra__outliers(x, 1, &out);
	assert_int_equal(out.severe_high + out.mild_low, 0);
	assert_true(isnan(out.share_of_variance));
	tayra__outliers(x, 0, &out);
	assert_int_equal(out.severe_high, 0);
}

static void
equivalence_is_shown_where_the_interval_is_inside(void **state)
{
	struct tayra__rng rng;
	int agree = 0, wrongly = 0;

	(void)state;
	tayra__rng_init(&rng, 4);
	for (int run = 0; run < 200; run++) {
		struct tayra__signflip test;
		double d[14], p;

		for (int i = 0; i < 14; i++)
			d[i] = 0.02 * tayra__rng_normal(&rng) + (run % 3 == 0 ? 0.02 : 0);
		assert_int_equal(tayra__signflip_test(d, NULL, 14, 0.1, 1, &test), TAYRA_OK);
		assert_int_equal(tayra__equivalence_test(d, 14, 0.02, 0.02, 1, &p), TAYRA_OK);
		agree += (p < 0.05) == (test.lo > -0.02 && test.hi < 0.02);
		wrongly += run % 3 == 0 && p < 0.05;
	}
	assert_int_equal(agree, 200);
	assert_true(wrongly <= 9);
	assert_int_equal(tayra__equivalence_test(NULL, 0, 1, 1, 1, &(double){ 0 }), TAYRA_OK);
	assert_int_equal(tayra__equivalence_test(NULL, 0, 0, 1, 1, &(double){ 0 }), TAYRA_E_INVAL);
}

static void
a_quantile_interval_holds_it_and_refuses_too_few(void **state)
{
	struct tayra__rng rng;
	struct tayra__quantile_interval interval;
	int held = 0;
	double x[60];

	(void)state;
	tayra__rng_init(&rng, 6);
	for (int run = 0; run < 500; run++) {
		for (int i = 0; i < 60; i++)
			x[i] = tayra__rng_exponential(&rng);
		tayra__quantile_sort(x, 60);
		tayra__quantile_interval(x, 60, 0.9, 0.05, &interval);
		held += interval.lo <= log(10) && log(10) <= interval.hi;
	}
	assert_in_range(held, 465, 495);
	tayra__quantile_interval(x, 5, 0.5, 0.05, &interval);
	assert_true(isnan(interval.lo) && isnan(interval.hi) && !isnan(interval.value));
	assert_true(tayra__quantile_is_held(0.999, 3000));
	assert_false(tayra__quantile_is_held(0.999, 2999));
	assert_true(tayra__quantile_is_held(0.5, 6));
}

static void
effects_of_histograms_are_those_of_their_values(void **state)
{
	static struct tayra__hist a, b, none;
	struct tayra__effect effect;
	struct tayra__rng rng;
	double x[200], y[150];

	(void)state;
	tayra__hist_init(&a);
	tayra__hist_init(&b);
	tayra__hist_init(&none);
	tayra__rng_init(&rng, 3);
	for (int i = 0; i < 200; i++) {
		x[i] = (double)(uint64_t)(1e6 * tayra__rng_exponential(&rng));
		tayra__hist_add(&a, (uint64_t)x[i]);
	}
	for (int i = 0; i < 150; i++) {
		y[i] = (double)(uint64_t)(1.5e6 * tayra__rng_exponential(&rng));
		tayra__hist_add(&b, (uint64_t)y[i]);
	}
	assert_near(tayra__effect_cohen_hist(&a, &b), tayra__effect_cohen(x, 200, y, 150), 1e-9);
	tayra__effect_cliff(x, 200, y, 150, 0.05, &effect);
	assert_near(tayra__effect_cliff_hist(&a, &b), effect.value, 0.005);
	assert_near(tayra__effect_cliff_hist(&a, &a), 0, 1e-12);
	assert_true(isnan(tayra__effect_cliff_hist(&a, &none)));
	assert_true(isnan(tayra__effect_cohen_hist(&none, &b)));
}

/* No variance is seen, and none is not what four values show. */
static void
an_interval_for_equal_values_has_a_width(void **state)
{
	double a[] = { 2, 2 }, b[] = { 2, 2 };
	struct tayra__effect effect;

	(void)state;
	tayra__effect_cliff(a, 2, b, 2, 0.05, &effect);
	assert_near(effect.value, 0, 1e-12);
	assert_near(effect.lo, -0.749331056, 1e-8);
	assert_near(effect.hi, 0.749331056, 1e-8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_after_each_of_sixty_pairs_calls_no_more_than_the_level),
		cmocka_unit_test(a_shift_of_a_deviation_is_found_within_sixty_pairs),
		cmocka_unit_test(bets_leave_nan_out_and_survive_infinity),
		cmocka_unit_test(warm_ups_are_told_from_flat_series),
		cmocka_unit_test(what_never_settles_is_seldom_called_steady),
		cmocka_unit_test(spikes_are_no_levels_and_few_slices_say_nothing),
		cmocka_unit_test(a_slope_and_its_interval_are_found),
		cmocka_unit_test(outliers_are_counted_by_the_fences),
		cmocka_unit_test(effects_of_histograms_are_those_of_their_values),
		cmocka_unit_test(an_interval_for_equal_values_has_a_width),
		cmocka_unit_test(equivalence_is_shown_where_the_interval_is_inside),
		cmocka_unit_test(a_quantile_interval_holds_it_and_refuses_too_few),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
