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

/* What came of them.  Equal are the first function's second instance (A/A), and the same function
 * under another name, which was calibrated by itself. */
struct counts {
	unsigned runs, found, praised, aa_alarms, same_alarms, aa_same;
};

static void
compare(struct counts *c, uint64_t seed)
{
	static const struct {
		const char *name;
		tayra_bench_fn fn;
	} functions[] = { { "whole", whole }, { "same", whole }, { "more", twentieth_more } };
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result r = TAYRA_BENCH_RESULT_INIT;
	struct tayra_bench *bench;

	options.pairs = PAIRS;
	options.slice_ns = 5 * TAYRA_NS_PER_MS;
	options.seed = seed;
	assert_int_equal(tayra_bench_create(&options, &bench), TAYRA_OK);
	for (int i = 0; i < 3; i++) {
		struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;

		arm.name = functions[i].name;
		arm.fn = functions[i].fn;
		assert_int_equal(tayra_bench_add(bench, &arm), TAYRA_OK);
	}
	assert_int_equal(tayra_bench_run(bench, &r), TAYRA_OK);
	assert_true(r.valid);
	assert_int_equal(r.pairs, PAIRS);
	c->runs++;
	c->found += r.verdict == TAYRA_WORSE;
	c->praised += r.verdict == TAYRA_BETTER;
	c->aa_alarms += r.arm[0].rel.p < 0.05;
	c->same_alarms += r.arm[1].rel.p < 0.05;
	c->aa_same += r.arm[0].rel.verdict == TAYRA_SAME;
	tayra_bench_destroy(bench);
}

static void
an_extra_twentieth_is_found_in_12_pairs_and_equal_work_is_not_called_different(void **state)
{
	const char *text = getenv("TAYRA_LONG");
	unsigned runs = text && *text == '1' ? 1000 : 40;
	struct counts c = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= runs; seed++)
		compare(&c, seed);
	print_message("# of %u comparisons of %d pairs: +5%% found %u times; alarms: A/A %u, same "
		      "function %u; %u A/As SAME\n",
		      runs, PAIRS, c.found, c.aa_alarms, c.same_alarms, c.aa_same);
	assert_true(c.found >= runs * 80 / 100);
	assert_int_equal(c.praised, 0);
	/* Binomial at 5%: 99.99% of the counts are at most 9 of 40, 99.9% 73 of 1,000. */
	assert_in_range(c.aa_alarms, 0, runs == 40 ? 9 : 73);
	assert_in_range(c.same_alarms, 0, runs == 40 ? 9 : 73);
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
