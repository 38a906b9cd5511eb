/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/share.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define ALL 0x1fu

static double
difference(double a, double b)
{
	return a > b ? a - b : b - a;
}

/* n turns of classes that always ask; how often each was served. */
static void
turns(struct tayra__share *share, unsigned asking, int n, int served[TAYRA_CLASSES])
{
	for (int c = 0; c < TAYRA_CLASSES; c++)
		served[c] = 0;
	for (; n > 0; n--) {
		enum tayra_class cls = tayra__share_next(share, asking);

		tayra__share_charge(share, cls, asking, 1);
		served[cls - 1]++;
	}
}

static void
shares_are_by_weight_under_the_cap_of_the_highest(void **state)
{
	const double of[TAYRA_CLASSES] = { .6, .4 * 8 / 15, .4 * 4 / 15, .4 * 2 / 15, .4 / 15 };
	struct tayra__share share;

	share = (struct tayra__share){ 0 };
	tayra__share_set(&share, 0.6, 0.02);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		assert_true(difference(share.of[c], of[c]) < 1e-12);
}

static void
no_class_gets_less_than_the_minimum(void **state)
{
	const double minimum[] = { 0.02, 0.1, 0.2 }, critical[] = { 0.01, 0.6, 0.9, 1 };

	for (int m = 0; m < 3; m++)
		for (int k = 0; k < 4; k++) {
			struct tayra__share share;
			double sum = 0;

			share = (struct tayra__share){ 0 };
			tayra__share_set(&share, critical[k], minimum[m]);
			for (int c = 0; c < TAYRA_CLASSES; c++) {
				assert_true(share.of[c] >= minimum[m] - 1e-12);
				sum += share.of[c];
			}
			assert_true(difference(sum, 1) < 1e-12);
		}
}

static void
all_that_ask_get_their_share(void **state)
{
	struct tayra__share share;
	int served[TAYRA_CLASSES];

	share = (struct tayra__share){ 0 };
	tayra__share_set(&share, 0.6, 0.02);
	turns(&share, ALL, 1500, served);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		assert_true(difference(served[c], 1500 * share.of[c]) <= 2);
}

static void
the_highest_is_capped_only_while_others_wait(void **state)
{
	struct tayra__share share;
	int served[TAYRA_CLASSES];

	share = (struct tayra__share){ 0 };
	tayra__share_set(&share, 0.6, 0.02);
	turns(&share, 1, 1000, served);
	assert_int_equal(served[0], 1000);
	turns(&share, 0x11, 1000, served); /* with BACKGROUND, which has all of the rest */
	assert_in_range(served[0], 599, 601);
}

static void
the_highest_goes_first_while_it_asks_for_less_than_its_share(void **state)
{
	struct tayra__share share;
	int served[TAYRA_CLASSES];

	share = (struct tayra__share){ 0 };
	tayra__share_set(&share, 0.6, 0.02);
	for (int i = 0; i < 1000; i++) {
		turns(&share, ALL, 1, served);
		assert_int_equal(served[0], 1);
		turns(&share, ALL & ~1u, 1, served); /* it has nothing more just now */
	}
}

static void
the_highest_saves_up_a_burst_of_twenty(void **state)
{
	struct tayra__share share;
	int served[TAYRA_CLASSES], row = 0;

	share = (struct tayra__share){ 0 };
	tayra__share_set(&share, 0.6, 0.02);
	turns(&share, ALL & ~1u, 1000, served);
	while (tayra__share_next(&share, ALL) == TAYRA_CRITICAL) {
		tayra__share_charge(&share, TAYRA_CRITICAL, ALL, 1);
		row++;
	}
	assert_in_range(row, 20, 21);
}

static void
a_class_that_asks_for_nothing_leaves_its_share_and_saves_up_nothing(void **state)
{
	struct tayra__share share;
	int served[TAYRA_CLASSES];

	share = (struct tayra__share){ 0 };
	tayra__share_set(&share, 0.6, 0.02);
	turns(&share, 0x18, 300, served); /* LOW and BACKGROUND, 2:1 */
	assert_in_range(served[3], 199, 201);
	tayra__share_enter(&share, TAYRA_NORMAL);
	turns(&share, 0x1c, 7, served);
	assert_in_range(served[2], 3, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_by_weight_under_the_cap_of_the_highest),
		cmocka_unit_test(no_class_gets_less_than_the_minimum),
		cmocka_unit_test(all_that_ask_get_their_share),
		cmocka_unit_test(the_highest_is_capped_only_while_others_wait),
		cmocka_unit_test(the_highest_goes_first_while_it_asks_for_less_than_its_share),
		cmocka_unit_test(the_highest_saves_up_a_burst_of_twenty),
		cmocka_unit_test(
			a_class_that_asks_for_nothing_leaves_its_share_and_saves_up_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
