/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "learn/census.h"

static void
without_a_sample_nothing_is_said(void **state)
{
	struct tayra__census census = { .share = 0.1 };

	(void)state;
	for (int i = 0; i < 100; i++)
		tayra__census_loaded(&census, 9);
	assert_true(isnan(tayra__census_figures(&census).share));
}

static void
what_was_loaded_is_an_answer_that_is_fresh(void **state)
{
	struct tayra__census census = { .share = 0.1 };
	struct tayra__census_figures figures;

	(void)state;
	for (int i = 0; i < 100; i++)
		tayra__census_loaded(&census, 1);
	for (int i = 0; i < 50; i++)
		tayra__census_judged(&census, i % 5 == 0);
	figures = tayra__census_figures(&census);
	/* 10 of 50 hits; Wilson: 0.1124 to 0.3304, of half of all answers */
	assert_true(fabs(figures.share - 0.1) < 1e-9);
	assert_true(fabs(figures.lo - 0.0562) < 1e-4);
	assert_true(fabs(figures.hi - 0.1652) < 1e-4);
}

static void
no_more_is_drawn_than_the_share_of_loads(void **state)
{
	struct tayra__census census = { .share = 0.05 };
	unsigned drawn = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		tayra__census_loaded(&census, 20);
		drawn += tayra__census_drawn(&census);
	}
	assert_int_equal(drawn, 500);
	assert_true(tayra__census_chance(&census) <= 0.05 / 20 + 1e-9);
}

static void
the_interval_holds_the_truth_as_often_as_it_says_though_the_chance_changes(void **state)
{
	unsigned held = 0;
	struct tayra__rng rng;

	(void)state;
	tayra__rng_init(&rng, 3);
	for (int round = 0; round < 1000; round++) {
		struct tayra__census census = { .share = 0.1 };
		double stale = 0, answers = 0;
		struct tayra__census_figures figures;

		/* Twenty hits a load and 2% of them stale, then five and 8%. */
		for (int i = 0; i < 8000; i++) {
			unsigned hits = i < 2000 ? 20 : 5;
			double share = i < 2000 ? 0.02 : 0.08;

			tayra__census_loaded(&census, hits);
			stale += hits * share;
			answers += hits + 1;
			for (unsigned n = 0; n < hits; n++)
				if (tayra__rng_unit(&rng) < tayra__census_chance(&census) &&
				    tayra__census_drawn(&census))
					tayra__census_judged(&census,
							     tayra__rng_unit(&rng) < share);
		}
		figures = tayra__census_figures(&census);
		held += figures.lo <= stale / answers && stale / answers <= figures.hi;
	}
	assert_in_range(held, 925, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_sample_nothing_is_said),
		cmocka_unit_test(what_was_loaded_is_an_answer_that_is_fresh),
		cmocka_unit_test(no_more_is_drawn_than_the_share_of_loads),
		cmocka_unit_test(
			the_interval_holds_the_truth_as_often_as_it_says_though_the_chance_changes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
