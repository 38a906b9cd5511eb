/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/saving.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* An hour at 0.036, 100 to put it in, 1 a month. */
static struct tayra__prices terms = {
	.given = true,
	.value = { [TAYRA__PRICE_CPU_HOUR] = 0.036,
		   [TAYRA__PRICE_REQUESTS_PER_MONTH] = 1e9,
		   [TAYRA__PRICE_ENGINEER_HOUR] = 1,
		   [TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT] = 100,
		   [TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH] = 1,
		   [TAYRA__PRICE_MONTHS] = 12 },
};

static void
assert_close(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want)))
		fail_msg("%.12g, not %.12g", got, want);
}

/* 3 and 2 ms, a processor hour at 0.036: 1e9 requests cost 30 and 20. */
static void
figures_follow_from_the_means_by_hand(void **state)
{
	const double a[] = { 3, 3, 3, 3, 3, 3 }, b[] = { 1, 3, 2, 2, 2, 2 };
	struct tayra__saving s;

	(void)state;
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_BETTER, &terms, 1, &s), TAYRA_OK);
	assert_string_equal(s.why_not, "");
	assert_close(s.efficiency_a.value, 1000.0 / 3);
	assert_close(s.efficiency_b.value, 500);
	assert_close(s.headroom.value, 1.5);
	assert_close(s.cost_a.value, 30);
	assert_close(s.cost_b.value, 20);
	assert_close(s.saving.value, 9);
	assert_close(s.gain.value, 8);
	assert_close(s.cost_a.lo, 30);
	assert_close(s.cost_a.hi, 30);
	assert_true(s.saving.lo < 9 && s.saving.hi > 9);
	assert_true(s.positive > 0.5 && s.positive < 1);
}

/* The same, with an hour at 0.027 to 0.045: the saving of 10 is one of 7.5 to 12.5. */
static void
a_price_that_is_a_range_widens_the_interval_and_leads_the_tornado(void **state)
{
	const double a[] = { 3, 3, 3, 3, 3, 3 }, b[] = { 2, 2, 2, 2, 2.01, 1.99 };
	struct tayra__prices prices = terms;
	struct tayra__saving s;

	(void)state;
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_BETTER, &prices, 1, &s), TAYRA_OK);
	assert_int_equal(s.inputs, 1);
	assert_true(s.saving.lo > 8.9 && s.saving.hi < 9.1);
	prices.lo[TAYRA__PRICE_CPU_HOUR] = 0.027;
	prices.hi[TAYRA__PRICE_CPU_HOUR] = 0.045;
	/* One that moves nothing here is no input. */
	prices.lo[TAYRA__PRICE_MEMORY_GIB_HOUR] = 0;
	prices.hi[TAYRA__PRICE_MEMORY_GIB_HOUR] = 1;
	prices.lo[TAYRA__PRICE_MONTHS] = 11.5;
	prices.hi[TAYRA__PRICE_MONTHS] = 12.5;
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_BETTER, &prices, 1, &s), TAYRA_OK);
	assert_close(s.saving.value, 9);
	/* 95% of an even draw: all but 2.5% at each end of 6.5 .. 11.5. */
	assert_true(fabs(s.saving.lo - 6.625) < 0.1 && fabs(s.saving.hi - 11.375) < 0.1);
	assert_int_equal(s.inputs, 3);
	assert_string_equal(s.tornado[0].input, "cpu_hour");
	assert_close(s.tornado[0].lo, 6.5 * 12 - 100);
	assert_close(s.tornado[0].hi, 11.5 * 12 - 100);
	assert_string_equal(s.tornado[1].input, "months");
	assert_close(s.tornado[1].lo, 9 * 11.5 - 100);
	assert_string_equal(s.tornado[2].input, "processor time, as measured");
	assert_true(s.tornado[2].lo < 8 && s.tornado[2].hi > 8);
	/* What is not decided has none. */
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_UNDECIDED, &prices, 1, &s), TAYRA_OK);
	assert_int_equal(s.inputs, 0);
}

static void
nothing_decided_has_no_price(void **state)
{
	const double a[] = { 3, 3, 3, 3, 3, 3 }, b[] = { 2, 2, 2, 2, 2, 2 };
	struct tayra__saving s;

	(void)state;
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_UNDECIDED, &terms, 1, &s), TAYRA_OK);
	assert_non_null(strstr(s.why_not, "UNDECIDED"));
	assert_true(isnan(s.saving.value) && isnan(s.cost_a.lo) && isnan(s.positive));
	assert_close(s.headroom.value, 1.5);
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_INVALID, &terms, 1, &s), TAYRA_OK);
	assert_non_null(strstr(s.why_not, "INVALID"));
	assert_int_equal(tayra__saving_compute(a, b, 5, TAYRA_BETTER, &terms, 1, &s), TAYRA_OK);
	assert_non_null(strstr(s.why_not, "fewer than 6"));
	assert_true(isnan(s.headroom.lo) && isnan(s.gain.value));
	assert_int_equal(tayra__saving_compute(a, b, 0, TAYRA_BETTER, &terms, 1, &s), TAYRA_OK);
	assert_true(isnan(s.headroom.value));
	assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_SAME, NULL, 1, &s), TAYRA_OK);
	assert_non_null(strstr(s.why_not, "no prices"));
}

static void
times_that_are_none_are_refused(void **state)
{
	double a[] = { 3, 3, 3, 3, 3, 3 };
	const double b[] = { 2, 2, 2, 2, 2, 2 }, bad[] = { 0, -1, nan(""), HUGE_VAL };
	struct tayra__saving s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		a[3] = bad[i];
		assert_int_equal(tayra__saving_compute(a, b, 6, TAYRA_BETTER, &terms, 1, &s),
				 TAYRA_E_INVAL);
	}
}

/* True costs 10 and 9 ms, noise of 10% that a round shares half of: how often is the true saving
 * held? */
static void
the_interval_holds_the_true_saving_as_often_as_it_says(void **state)
{
	const char *text = getenv("TAYRA_LONG");
	int runs = text && *text == '1' ? 2000 : 200, held = 0;
	/* exp of a normal of deviation s has the mean exp(s^2 / 2). */
	const double lift = exp(0.01), truth = (10 - 9) * lift * 10 - 1;
	struct tayra__rng rng;

	(void)state;
	tayra__rng_init(&rng, 8);
	for (int run = 0; run < runs; run++) {
		struct tayra__saving s;
		double a[20], b[20];

		for (int i = 0; i < 20; i++) {
			double round = 0.1 * tayra__rng_normal(&rng);

			a[i] = 10 * exp(round + 0.1 * tayra__rng_normal(&rng));
			b[i] = 9 * exp(round + 0.1 * tayra__rng_normal(&rng));
		}
		assert_int_equal(
			tayra__saving_compute(a, b, 20, TAYRA_BETTER, &terms, (uint64_t)run, &s),
			TAYRA_OK);
		held += s.saving.lo <= truth && truth <= s.saving.hi;
	}
	print_message("# %d of %d\n", held, runs);
	assert_true(held >= runs * 0.93 - 1.5 * sqrt(runs * 0.05) * (runs < 2000));
	assert_true(held <= runs * 0.97 + 1.5 * sqrt(runs * 0.05) * (runs < 2000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_follow_from_the_means_by_hand),
		cmocka_unit_test(a_price_that_is_a_range_widens_the_interval_and_leads_the_tornado),
		cmocka_unit_test(nothing_decided_has_no_price),
		cmocka_unit_test(times_that_are_none_are_refused),
		cmocka_unit_test(the_interval_holds_the_true_saving_as_often_as_it_says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
