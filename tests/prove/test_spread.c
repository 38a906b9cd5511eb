/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/spread.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/hist.h"

static void
a_share_that_too_few_hold_is_not_known(void **state)
{
	static struct tayra__hist hist;
	struct tayra__spread spread;

	(void)state;
	tayra__hist_init(&hist);
	tayra__spread_of(&hist, &spread);
	for (size_t i = 0; i < TAYRA__SPREAD_SHARES; i++)
		assert_true(isnan(spread.ms[i]));
	for (int i = 1; i <= 300; i++)
		tayra__hist_add(&hist, (uint64_t)i * TAYRA_NS_PER_MS);
	tayra__spread_of(&hist, &spread);
	for (size_t i = 0; i < TAYRA__SPREAD_SHARES; i++)
		if (tayra__spread_share(i) <= 0.99)
			assert_true(fabs((double)spread.ms[i] - 300 * tayra__spread_share(i)) < 2);
		else
			assert_true(isnan(spread.ms[i]));
	assert_string_equal(tayra__spread_name(0), "10%");
	assert_string_equal(tayra__spread_name(TAYRA__SPREAD_SHARES - 1), "99.999%");
}

static void
a_band_is_the_middle_of_the_slices_that_know(void **state)
{
	struct {
		int before;
		struct tayra__spread spread;
	} slice[13];
	struct tayra__spread lo, hi;

	(void)state;
	for (size_t i = 0; i < 13; i++)
		for (size_t q = 0; q < TAYRA__SPREAD_SHARES; q++)
			slice[i].spread.ms[q] = q == 0 && i < 11  ? (float)(12 - i)
						: q == 1 && i < 4 ? 1
								  : (float)nan("");
	assert_int_equal(tayra__spread_band(&slice[0].spread, 13, sizeof(slice[0]), &lo, &hi),
			 TAYRA_OK);
	assert_true(fabs((double)lo.ms[0] - 3) < 1e-6 && fabs((double)hi.ms[0] - 11) < 1e-6);
	/* Four slices are too few. */
	assert_true(isnan(lo.ms[1]) && isnan(hi.ms[1]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_that_too_few_hold_is_not_known),
		cmocka_unit_test(a_band_is_the_middle_of_the_slices_that_know),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
