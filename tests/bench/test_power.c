/* SPDX-License-Identifier: Apache-2.0
 *
 * Does the public comparison find what it promises, on real work on this machine, whatever else it
 * is doing?  A function, one that really does a twentieth more, and the function against itself.
 * TAYRA_LONG=1: 1,000 comparisons.
 */
#include <tayra/bench.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define PAIRS 12

static uint64_t
chain(uint64_t x, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++)
		x = (x ^ (x >> 31)) * 0x7fb5d329728ea185u;
	return x;
}

static void
whole(void *arg, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		TAYRA_BENCH_KEEP(chain(i, 1000));
}

static void
twentieth_more(void *arg, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		TAYRA_BENCH_KEEP(chain(i, 1050));
}

static void
an_extra_twentieth_is_found_in_12_pairs_and_equal_work_is_not_called_different(void **state)
{
	const char *text = getenv("TAYRA_LONG");
	unsigned runs = text && *text == '1' ? 1000 : 40, found = 0, praised = 0, alarms = 0;
	unsigned same = 0;

	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
		struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;

		options.pairs = PAIRS;
		options.slice_ns = 5 * TAYRA_NS_PER_MS;
		options.seed = i + 1;
		assert_int_equal(tayra_bench_compare("whole", whole, "more", twentieth_more, NULL,
						     &options, &r),
				 TAYRA_OK);
		assert_true(r.valid);
		assert_int_equal(r.pairs, PAIRS);
		found += r.verdict == TAYRA_WORSE;
		praised += r.verdict == TAYRA_BETTER;
		alarms += r.arm[0].rel.p < 0.05;
		same += r.arm[0].rel.verdict == TAYRA_SAME;
	}
	print_message("# of %u comparisons of %d pairs: +5%% found %u times; of the A/As %u "
		      "alarms, %u SAME\n",
		      runs, PAIRS, found, alarms, same);
	assert_true(found >= runs * 80 / 100);
	assert_int_equal(praised, 0);
	/* Binomial at 5%: 99.9% of the counts are at most 8 of 40 and 73 of 1,000. */
	assert_in_range(alarms, 0, runs == 40 ? 8 : 73);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_extra_twentieth_is_found_in_12_pairs_and_equal_work_is_not_called_different),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
