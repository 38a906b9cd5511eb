/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/arrivals.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../stat/near.h"

#define RATE 2000.0

static void
poisson_gaps_have_the_mean_and_variance_of_an_exponential(void **state)
{
	struct tayra__arrival_stream s;
	double last = 0, sum = 0, squares = 0;
	int n = 100000, above_mean = 0;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_POISSON, RATE, 0, 1);
	for (int i = 0; i < n; i++) {
		double now = (double)tayra__arrivals_peek(&s);
		double gap = (now - last) * RATE / 1e9;

		assert_true(now >= last);
		assert_int_equal(tayra__arrivals_take(&s), i);
		sum += gap;
		squares += gap * gap;
		above_mean += gap > 1;
		last = now;
	}
	/* 5 standard errors: mean 1/sqrt(n), variance sqrt(8/n), share sqrt(e^-1 (1 - e^-1) / n) */
	assert_near(sum / n, 1, 5 / sqrt(n));
	assert_near(squares / n - (sum / n) * (sum / n), 1, 5 * sqrt(8.0 / n));
	assert_near((double)above_mean / n, exp(-1), 5 * 0.482 / sqrt(n));
}

/* Counts of a window: mean and variance are equal, which even spacing would not give. */
static void
poisson_counts_vary_as_much_as_their_mean(void **state)
{
	struct tayra__arrival_stream s;
	double sum = 0, squares = 0;
	int windows = 5000;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_POISSON, RATE, 0, 2);
	for (int w = 0; w < windows; w++) {
		int count = 0;

		/* 5 ms: 10 on average */
		while (tayra__arrivals_peek(&s) < (uint64_t)(w + 1) * 5000000) {
			tayra__arrivals_take(&s);
			count++;
		}
		sum += count;
		squares += (double)count * count;
	}
	assert_near(sum / windows, 10, 5 * sqrt(10.0 / windows));
	assert_near(squares / windows - (sum / windows) * (sum / windows), 10, 1.1);
}

static void
uniform_arrivals_do_not_drift(void **state)
{
	struct tayra__arrival_stream s;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_UNIFORM, 3, 0, 1);
	for (int i = 0; i < 3000; i++)
		tayra__arrivals_take(&s);
	assert_in_range(tayra__arrivals_peek(&s), 1000000000000 - 100, 1000000000000 + 100);
}

static void
a_burst_comes_first_and_besides(void **state)
{
	struct tayra__arrival_stream s;

	(void)state;
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_UNIFORM, 1000, 3, 1);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(tayra__arrivals_peek(&s), 0);
		assert_int_equal(tayra__arrivals_take(&s), i);
	}
	assert_int_equal(tayra__arrivals_peek(&s), 1000000);
	tayra__arrivals_init(&s, TAYRA__ARRIVALS_POISSON, 0, 1, 1);
	tayra__arrivals_take(&s);
	assert_true(tayra__arrivals_peek(&s) == UINT64_MAX);
}

static void
two_streams_made_alike_agree(void **state)
{
	struct tayra__arrival_stream one, two, other;
	bool differ = false;

	(void)state;
	tayra__arrivals_init(&one, TAYRA__ARRIVALS_POISSON, RATE, 2, 9);
	tayra__arrivals_init(&two, TAYRA__ARRIVALS_POISSON, RATE, 2, 9);
	tayra__arrivals_init(&other, TAYRA__ARRIVALS_POISSON, RATE, 2, 10);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(tayra__arrivals_peek(&one), tayra__arrivals_peek(&two));
		differ |= tayra__arrivals_peek(&one) != tayra__arrivals_peek(&other);
		tayra__arrivals_take(&one);
		tayra__arrivals_take(&two);
		tayra__arrivals_take(&other);
	}
	assert_true(differ);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poisson_gaps_have_the_mean_and_variance_of_an_exponential),
		cmocka_unit_test(poisson_counts_vary_as_much_as_their_mean),
		cmocka_unit_test(uniform_arrivals_do_not_drift),
		cmocka_unit_test(a_burst_comes_first_and_besides),
		cmocka_unit_test(two_streams_made_alike_agree),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
