/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/prove.h>

#include "base/rng.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../stat/near.h"

#define N 12

static struct tayra_comparison
compare(const double *a, const double *b, size_t n, enum tayra_better better)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison c;

	rule.better = better;
	assert_int_equal(tayra_prove_compare(a, b, n, &rule, &c), TAYRA_OK);
	return c;
}

/* Pairs about 100, b times `ratio`, with noise of `sd` on the log scale. */
static void
draw(double *a, double *b, size_t n, double ratio, double sd, uint64_t seed)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, seed);
	for (size_t i = 0; i < n; i++) {
		a[i] = 100 * exp(sd * tayra__rng_normal(&rng));
		b[i] = 100 * ratio * exp(sd * tayra__rng_normal(&rng));
	}
}

static void
more_is_worse_or_better_as_the_metric_has_it(void **state)
{
	double a[N], b[N];
	struct tayra_comparison c;

	(void)state;
	draw(a, b, N, 1.2, 0.03, 1);
	c = compare(a, b, N, TAYRA_BETTER_LOWER);
	assert_int_equal(c.verdict, TAYRA_WORSE);
	assert_near(c.ratio, 1.2, 0.04);
	assert_true(c.lo > 1 && c.lo <= c.ratio && c.ratio <= c.hi);
	assert_true(c.p < 0.05);
	assert_int_equal(c.pairs, N);
	assert_int_equal(c.pairs_missing, 0);
	assert_int_equal(compare(a, b, N, TAYRA_BETTER_HIGHER).verdict, TAYRA_BETTER);
	assert_int_equal(compare(b, a, N, TAYRA_BETTER_LOWER).verdict, TAYRA_BETTER);
	assert_near(compare(b, a, N, TAYRA_BETTER_LOWER).ratio, 1 / c.ratio, 1e-9);
}

static void
same_comes_before_better_when_the_interval_fits_the_margin(void **state)
{
	double a[N], b[N];
	struct tayra_comparison c;

	(void)state;
	/* A real 1%, surely not 0, surely within 2%. */
	draw(a, b, N, 1.01, 0.001, 2);
	c = compare(a, b, N, TAYRA_BETTER_LOWER);
	assert_true(c.p < 0.05 && c.lo > 1 && c.hi < 1.02);
	assert_int_equal(c.verdict, TAYRA_SAME);
}

static void
the_margin_is_as_wide_below_one_as_above(void **state)
{
	double a[N], b[N];

	(void)state;
	draw(a, b, N, 0.97, 0.001, 2);
	assert_int_equal(compare(a, b, N, TAYRA_BETTER_LOWER).verdict, TAYRA_BETTER);
	draw(a, b, N, 0.99, 0.001, 2);
	assert_int_equal(compare(a, b, N, TAYRA_BETTER_LOWER).verdict, TAYRA_SAME);
	draw(a, b, N, 1.03, 0.001, 2);
	assert_int_equal(compare(a, b, N, TAYRA_BETTER_LOWER).verdict, TAYRA_WORSE);
}

/* An effect of 1% leaves 1% of the margin: both ways of deciding need about 8 * (.1 / .01)^2. */
static void
what_is_missing_counts_the_room_that_the_effect_leaves(void **state)
{
	double a[N], b[N];

	(void)state;
	for (int i = 0; i < N; i++) {
		a[i] = 1;
		b[i] = exp(0.01 + (i % 2 ? 0.1 : -0.1));
	}
	assert_in_range(compare(a, b, N, TAYRA_BETTER_LOWER).pairs_missing, 600, 1100);
}

static void
the_margin_is_the_callers(void **state)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison c;
	double a[N], b[N];

	(void)state;
	draw(a, b, N, 1.01, 0.001, 2);
	rule.margin = 0.001;
	assert_int_equal(tayra_prove_compare(a, b, N, &rule, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_WORSE);
}

static void
noise_is_undecided_and_says_how_much_more_it_needs(void **state)
{
	double a[N], b[N];
	struct tayra_comparison c;

	(void)state;
	draw(a, b, N, 1.05, 0.3, 4);
	c = compare(a, b, N, TAYRA_BETTER_LOWER);
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	assert_true(c.lo < 1 && c.hi > 1 && c.p >= 0.05);
	assert_true(c.pairs_missing > 0);
	/* sd of a difference .3 * sqrt 2, times 2.8, by root 10: 38% on the log scale */
	assert_true(c.mde > 0.2 && c.mde < 0.8);
}

static void
fewer_than_six_pairs_decide_nothing(void **state)
{
	const double a[] = { 1, 1, 1, 1, 1, 1 }, b[] = { 2, 2.1, 2.2, 2.3, 2.4, 2.5 };
	struct tayra_prove_rule generous = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison c = compare(a, b, 5, TAYRA_BETTER_LOWER);

	(void)state;
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	assert_int_equal(c.pairs_missing, 1);
	assert_near(c.ratio, 2.2, 1e-2);
	assert_true(isnan(c.lo) && isnan(c.hi));
	assert_int_equal(compare(a, b, 6, TAYRA_BETTER_LOWER).verdict, TAYRA_WORSE);
	generous.alpha = 0.2;
	assert_int_equal(tayra_prove_compare(a, b, 5, &generous, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	c = compare(NULL, NULL, 0, TAYRA_BETTER_LOWER);
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	assert_true(isnan(c.ratio) && isnan(c.p) && isnan(c.a_value));
}

/* 2^(1 - n) < alpha: six arms against a base share .05 out, and 2^-7 < .05 / 6 <= 2^-6. */
static void
an_alpha_that_is_shared_out_needs_more_pairs(void **state)
{
	const double a[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	const double b[] = { 2, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7 };
	const double zero[] = { 0, 0, 0, 0, 0, 0, 0, 0 };
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison c;

	(void)state;
	rule.alpha = 0.05 / 6;
	assert_int_equal(tayra_prove_compare(a, b, 6, &rule, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	assert_int_equal(c.pairs_missing, 2);
	assert_true(isnan(c.lo) && isnan(c.hi));
	assert_int_equal(tayra_prove_compare(zero, b, 6, &rule, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	assert_int_equal(c.pairs_missing, 2);
	assert_int_equal(tayra_prove_compare(a, b, 8, &rule, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_WORSE);
	assert_int_equal(tayra_prove_compare(zero, b, 8, &rule, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_WORSE);
	/* At a power of two itself p = alpha is not below it. */
	rule.alpha = 1.0 / 64;
	assert_int_equal(tayra_prove_compare(a, b, 7, &rule, &c), TAYRA_OK);
	assert_int_equal(c.pairs_missing, 1);
	/* What no number of pairs reaches is not asked for. */
	rule.alpha = 1e-7;
	assert_int_equal(tayra_prove_compare(a, b, 8, &rule, &c), TAYRA_OK);
	assert_int_equal(c.pairs_missing, 0);
}

static void
pairs_that_are_no_numbers_are_left_out(void **state)
{
	double a[N], b[N];
	struct tayra_comparison c;

	(void)state;
	draw(a, b, N, 1.5, 0.01, 5);
	a[0] = nan("");
	b[1] = -1;
	b[2] = HUGE_VAL;
	c = compare(a, b, N, TAYRA_BETTER_LOWER);
	assert_int_equal(c.pairs, N - 3);
	assert_int_equal(c.verdict, TAYRA_WORSE);
	assert_near(c.ratio, 1.5, 0.02);
}

static void
nothing_against_nothing_is_the_same(void **state)
{
	const double zero[N] = { 0 };
	struct tayra_comparison c = compare(zero, zero, N, TAYRA_BETTER_LOWER);

	(void)state;
	assert_int_equal(c.verdict, TAYRA_SAME);
	assert_true(isnan(c.ratio) && isnan(c.lo) && isnan(c.hi));
	assert_near(c.p, 1, 0);
	assert_near(c.a_value, 0, 0);
}

static void
errors_where_there_were_none_are_worse(void **state)
{
	const double zero[N] = { 0 };
	const double some[N] = { .1, .2, .1, .3, .1, .2, .1, .2, .3, .1, .2, .1 };
	struct tayra_comparison c = compare(zero, some, N, TAYRA_BETTER_LOWER);

	(void)state;
	assert_int_equal(c.verdict, TAYRA_WORSE);
	assert_true(isnan(c.ratio) && isnan(c.lo) && isnan(c.hi));
	assert_near(c.p, 2.0 / 4096, 1e-12);
	c = compare(some, zero, N, TAYRA_BETTER_LOWER);
	assert_int_equal(c.verdict, TAYRA_BETTER);
	assert_near(c.ratio, 0, 0);
}

static void
one_zero_sends_the_sample_to_differences(void **state)
{
	double a[N], b[N];
	struct tayra_comparison c;

	(void)state;
	draw(a, b, N, 1.3, 0.02, 6);
	a[3] = 0;
	c = compare(a, b, N, TAYRA_BETTER_HIGHER);
	assert_int_equal(c.verdict, TAYRA_BETTER);
	assert_true(isnan(c.lo) && isnan(c.hi));
	assert_near(c.ratio, c.b_value / c.a_value, 1e-12);
	/* What could have been seen is a share, whatever the unit. */
	for (size_t i = 0; i < N; i++) {
		a[i] *= 1000;
		b[i] *= 1000;
	}
	assert_near(compare(a, b, N, TAYRA_BETTER_HIGHER).mde, c.mde, 1e-9);
	/* One lonely error among zeros is no finding. */
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	b[7] = 0.01;
	c = compare(a, b, N, TAYRA_BETTER_LOWER);
	assert_int_equal(c.verdict, TAYRA_UNDECIDED);
	assert_int_equal(compare(a, b, 5, TAYRA_BETTER_LOWER).verdict, TAYRA_SAME);
}

static void
beyond_twenty_pairs_the_seed_repeats_the_answer(void **state)
{
	double a[40], b[40];
	struct tayra_comparison one, two;

	(void)state;
	draw(a, b, 40, 1.05, 0.1, 7);
	one = compare(a, b, 40, TAYRA_BETTER_LOWER);
	two = compare(a, b, 40, TAYRA_BETTER_LOWER);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_int_equal(one.lo > 1 || one.hi < 1, one.p < 0.05);
}

static void
the_estimate_never_lies_outside_its_interval(void **state)
{
	struct tayra__rng rng;
	double a[60], b[60];

	(void)state;
	tayra__rng_init(&rng, 9);
	for (size_t i = 0; i < 60; i++) {
		a[i] = 1;
		b[i] = i % 3 ? 1 + 1e-6 * (double)i : 50 * tayra__rng_unit(&rng) + 50;
	}
	for (size_t n = 6; n <= 60; n += 9) {
		struct tayra_comparison c = compare(a, b, n, TAYRA_BETTER_LOWER);

		assert_true(c.lo <= c.ratio && c.ratio <= c.hi);
	}
}

static void
bad_arguments_are_refused(void **state)
{
	const double a[6] = { 1, 2, 3, 4, 5, 6 };
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra_comparison c;

	(void)state;
	assert_int_equal(tayra_prove_compare(a, a, 6, NULL, &c), TAYRA_OK);
	assert_int_equal(c.verdict, TAYRA_SAME);
	assert_int_equal(tayra_prove_compare(NULL, a, 6, NULL, &c), TAYRA_E_INVAL);
	assert_int_equal(tayra_prove_compare(a, NULL, 6, NULL, &c), TAYRA_E_INVAL);
	assert_int_equal(tayra_prove_compare(a, a, 6, NULL, NULL), TAYRA_E_INVAL);
	rule.alpha = 1;
	assert_int_equal(tayra_prove_compare(a, a, 6, &rule, &c), TAYRA_E_INVAL);
	rule.alpha = 0;
	rule.margin = -0.1;
	assert_int_equal(tayra_prove_compare(a, a, 6, &rule, &c), TAYRA_E_INVAL);
	rule.margin = nan("");
	assert_int_equal(tayra_prove_compare(a, a, 6, &rule, &c), TAYRA_E_INVAL);
	rule.margin = 0;
	rule.better = (enum tayra_better)7;
	assert_int_equal(tayra_prove_compare(a, a, 6, &rule, &c), TAYRA_E_INVAL);
	rule.better = TAYRA_BETTER_LOWER;
	rule.size = 0;
	assert_int_equal(tayra_prove_compare(a, a, 6, &rule, &c), TAYRA_E_INVAL);
}

static void
verdicts_have_the_names_reports_use(void **state)
{
	(void)state;
	assert_string_equal(tayra_verdict_name(TAYRA_INVALID), "INVALID");
	assert_string_equal(tayra_verdict_name(TAYRA_SAME), "SAME");
	assert_string_equal(tayra_verdict_name(TAYRA_BETTER), "BETTER");
	assert_string_equal(tayra_verdict_name(TAYRA_WORSE), "WORSE");
	assert_string_equal(tayra_verdict_name(TAYRA_UNDECIDED), "UNDECIDED");
	assert_string_equal(tayra_verdict_name((enum tayra_verdict)99), "unknown verdict");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_is_worse_or_better_as_the_metric_has_it),
		cmocka_unit_test(same_comes_before_better_when_the_interval_fits_the_margin),
		cmocka_unit_test(the_margin_is_as_wide_below_one_as_above),
		cmocka_unit_test(what_is_missing_counts_the_room_that_the_effect_leaves),
		cmocka_unit_test(the_margin_is_the_callers),
		cmocka_unit_test(noise_is_undecided_and_says_how_much_more_it_needs),
		cmocka_unit_test(fewer_than_six_pairs_decide_nothing),
		cmocka_unit_test(an_alpha_that_is_shared_out_needs_more_pairs),
		cmocka_unit_test(pairs_that_are_no_numbers_are_left_out),
		cmocka_unit_test(nothing_against_nothing_is_the_same),
		cmocka_unit_test(errors_where_there_were_none_are_worse),
		cmocka_unit_test(one_zero_sends_the_sample_to_differences),
		cmocka_unit_test(beyond_twenty_pairs_the_seed_repeats_the_answer),
		cmocka_unit_test(the_estimate_never_lies_outside_its_interval),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(verdicts_have_the_names_reports_use),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
