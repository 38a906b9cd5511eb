/* SPDX-License-Identifier: Apache-2.0
 *
 * The same figures as R's, to 1e-9 of each and better where R itself is (tools/r_oracle.R).
 */
#include <math.h>
#include <string.h>

#include "stat/effect.h"
#include "stat/multiple.h"
#include "stat/normal.h"
#include "stat/quantile.h"
#include "stat/quantile_interval.h"
#include "stat/rank_test.h"
#include "stat/student_t.h"
#include "stat/t_test.h"
#include "stat/trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "r_tables.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define assert_like_r(got, want)                                                                   \
	do {                                                                                       \
		double like_got = (got), like_want = (want);                                       \
		if (!(fabs(like_got - like_want) <= 1e-9 * fabs(like_want)) &&                     \
		    !(isnan(like_got) && isnan(like_want)))                                        \
			fail_msg("%s is %.17g, R says %.17g", #got, like_got, like_want);          \
	} while (0)

static void
the_t_distribution_is_right_into_its_far_tail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(r_t_tail); i++)
		assert_like_r(tayra__student_t_tail(r_t_tail[i][0], r_t_tail[i][1]),
			      r_t_tail[i][2]);
	for (size_t i = 0; i < COUNT(r_t_quantile); i++)
		assert_like_r(tayra__student_t_quantile(r_t_quantile[i][0], r_t_quantile[i][1]),
			      r_t_quantile[i][2]);
	/* R's own quantile is off by 2e-9 out there; its tail of ours is right. */
	assert_like_r(tayra__student_t_tail(-tayra__student_t_quantile(1e-300, 5), 5), 1e-300);
	assert_true(isnan(tayra__student_t_tail(1, 0)));
	assert_true(isnan(tayra__student_t_tail(nan(""), 3)));
	assert_true(isinf(tayra__student_t_quantile(1, 3)));
	assert_like_r(tayra__student_t_tail(HUGE_VAL, 3), 0);
	assert_like_r(tayra__student_t_tail(2, HUGE_VAL), tayra__normal_two_sided(2) / 2);
}

static void
the_normal_distribution_is_right_into_its_far_tail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(r_normal); i++)
		assert_like_r(tayra__normal_two_sided(-r_normal[i][0]), r_normal[i][1]);
	for (size_t i = 0; i < COUNT(r_normal_quantile); i++)
		assert_like_r(tayra__normal_quantile(r_normal_quantile[i][0]),
			      r_normal_quantile[i][1]);
}

static void
compare_t_test(const struct tayra__t_test *test, const double want[5])
{
	assert_like_r(test->t, want[0]);
	assert_like_r(test->df, want[1]);
	assert_like_r(test->p, want[2]);
	assert_like_r(test->lo, want[3]);
	assert_like_r(test->hi, want[4]);
}

static void
t_tests_are_those_of_r(void **state)
{
	struct tayra__t_test test;

	(void)state;
	for (size_t i = 0; i < COUNT(r_two_samples); i++) {
		tayra__t_test_welch(r_two_samples[i].a, r_two_samples[i].na, r_two_samples[i].b,
				    r_two_samples[i].nb, 0.05, &test);
		compare_t_test(&test, r_two_samples[i].welch);
		tayra__t_test_student(r_two_samples[i].a, r_two_samples[i].na, r_two_samples[i].b,
				      r_two_samples[i].nb, 0.05, &test);
		compare_t_test(&test, r_two_samples[i].student);
	}
}

static void
rank_tests_are_those_of_r(void **state)
{
	struct tayra__rank_test test;

	(void)state;
	for (size_t i = 0; i < COUNT(r_two_samples); i++) {
		assert_int_equal(tayra__rank_test_mann_whitney(
					 r_two_samples[i].a, r_two_samples[i].na,
					 r_two_samples[i].b, r_two_samples[i].nb, &test),
				 0);
		assert_like_r(test.statistic, r_two_samples[i].mann_whitney[0]);
		assert_like_r(test.p, r_two_samples[i].mann_whitney[1]);
	}
	for (size_t i = 0; i < COUNT(r_wilcoxon); i++) {
		assert_int_equal(tayra__rank_test_wilcoxon(r_wilcoxon[i].d, r_wilcoxon[i].n, &test),
				 0);
		assert_like_r(test.statistic, r_wilcoxon[i].v);
		assert_like_r(test.p, r_wilcoxon[i].p);
	}
}

static void
effect_sizes_are_those_of_their_formulas_in_r(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(r_two_samples); i++) {
		size_t na = r_two_samples[i].na, nb = r_two_samples[i].nb;
		struct tayra__effect effect;
		double a[100], b[100];

		memcpy(a, r_two_samples[i].a, na * sizeof(*a));
		memcpy(b, r_two_samples[i].b, nb * sizeof(*b));
		assert_like_r(tayra__effect_cohen(a, na, b, nb), r_two_samples[i].cohen);
		tayra__effect_hedges(a, na, b, nb, 0.05, &effect);
		assert_like_r(effect.value, r_two_samples[i].hedges);
		assert_true(effect.lo < effect.value && effect.value < effect.hi);
		tayra__effect_cliff(a, na, b, nb, 0.05, &effect);
		assert_like_r(effect.value, r_two_samples[i].cliff[0]);
		assert_like_r(effect.lo, r_two_samples[i].cliff[1]);
		assert_like_r(effect.hi, r_two_samples[i].cliff[2]);
	}
}

static void
adjusted_p_values_are_those_of_r(void **state)
{
	double p[COUNT(r_adjust_p)];
	size_t order[COUNT(r_adjust_p)];

	(void)state;
	memcpy(p, r_adjust_p, sizeof(p));
	tayra__multiple_holm(p, COUNT(p), order);
	for (size_t i = 0; i < COUNT(p); i++)
		assert_like_r(p[i], r_adjust_holm[i]);
	memcpy(p, r_adjust_p, sizeof(p));
	tayra__multiple_benjamini_hochberg(p, COUNT(p), order);
	for (size_t i = 0; i < COUNT(p); i++)
		assert_like_r(p[i], r_adjust_bh[i]);
}

static void
trends_are_those_of_r(void **state)
{
	struct tayra__trend trend;

	(void)state;
	for (size_t i = 0; i < COUNT(r_trend); i++) {
		assert_int_equal(tayra__trend(r_trend[i].x, r_trend[i].n, 0.05, &trend), 0);
		assert_like_r(trend.tau, r_trend[i].tau);
		assert_like_r(trend.p, r_trend[i].p);
		assert_like_r(trend.slope, r_trend[i].slope);
		assert_true(trend.lo <= trend.slope && trend.slope <= trend.hi);
	}
}

static void
quantiles_and_their_ranks_are_those_of_r(void **state)
{
	double x[COUNT(r_quantile_x)], ranks[1000];
	struct tayra__quantile_interval interval;

	(void)state;
	memcpy(x, r_quantile_x, sizeof(x));
	tayra__quantile_sort(x, COUNT(x));
	for (size_t i = 0; i < COUNT(r_quantile); i++)
		assert_like_r(tayra__quantile_sorted(x, COUNT(x), r_quantile[i][0]),
			      r_quantile[i][1]);
	for (size_t i = 0; i < COUNT(ranks); i++)
		ranks[i] = (double)(i + 1);
	for (size_t i = 0; i < COUNT(r_quantile_ranks); i++) {
		tayra__quantile_interval(ranks, (size_t)r_quantile_ranks[i][0],
					 r_quantile_ranks[i][1], 0.05, &interval);
		assert_like_r(interval.lo, r_quantile_ranks[i][2]);
		assert_like_r(interval.hi, r_quantile_ranks[i][3]);
		assert_like_r(interval.coverage, r_quantile_ranks[i][4]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_t_distribution_is_right_into_its_far_tail),
		cmocka_unit_test(the_normal_distribution_is_right_into_its_far_tail),
		cmocka_unit_test(t_tests_are_those_of_r),
		cmocka_unit_test(rank_tests_are_those_of_r),
		cmocka_unit_test(effect_sizes_are_those_of_their_formulas_in_r),
		cmocka_unit_test(adjusted_p_values_are_those_of_r),
		cmocka_unit_test(trends_are_those_of_r),
		cmocka_unit_test(quantiles_and_their_ranks_are_those_of_r),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
