/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__rng rng;

static int
seed(void **state)
{
	tayra__rng_init(&rng, 42);
	return 0;
}

/* From the state { 1, 2, 3, 4 }: the first outputs of the authors' reference code. */
static void
the_sequence_is_that_of_xoshiro256_starstar(void **state)
{
	struct tayra__rng reference = { { 1, 2, 3, 4 } };

	assert_int_equal(tayra__rng_next(&reference), 11520);
	assert_int_equal(tayra__rng_next(&reference), 0);
	assert_int_equal(tayra__rng_next(&reference), 1509978240);
	assert_int_equal(tayra__rng_next(&reference), 1215971899390074240);
}

static void
the_same_seed_gives_the_same_sequence_and_another_another(void **state)
{
	struct tayra__rng same, different;
	int equal = 0;

	tayra__rng_init(&same, 42);
	tayra__rng_init(&different, 43);
	for (int i = 0; i < 1000; i++) {
		uint64_t value = tayra__rng_next(&rng);

		assert_int_equal(tayra__rng_next(&same), value);
		equal += tayra__rng_next(&different) == value;
	}
	assert_int_equal(equal, 0);
}

static void
below_is_even_over_small_ranges(void **state)
{
	for (uint64_t n = 1; n <= 20; n++) {
		unsigned counts[20] = { 0 };
		double chi = 0, expected = 20000.0 / (double)n;

		for (int i = 0; i < 20000; i++) {
			uint64_t value = tayra__rng_below(&rng, n);

			assert_true(value < n);
			counts[value]++;
		}
		for (uint64_t v = 0; v < n; v++)
			chi += (counts[v] - expected) * (counts[v] - expected) / expected;
		assert_true(chi < 60); /* at most 19 degrees of freedom: p < 1e-5 above */
	}
	assert_int_equal(tayra__rng_below(&rng, 0), 0);
}

/* With n = 3/4 of 2^64 multiplying alone gives every third value twice as often. */
static void
below_is_unbiased_over_a_range_as_large_as_the_generator(void **state)
{
	uint64_t n = 3ull << 62;
	unsigned by_rest[3] = { 0 };

	for (int i = 0; i < 30000; i++)
		by_rest[tayra__rng_below(&rng, n) % 3]++;
	for (int r = 0; r < 3; r++)
		assert_in_range(by_rest[r], 9600, 10400);
}

static void
unit_exponential_and_normal_have_their_means_and_deviations(void **state)
{
	enum { N = 100000 };
	double unit = 0, exponential = 0, normal = 0, squares = 0;

	for (int i = 0; i < N; i++) {
		double u = tayra__rng_unit(&rng), e = tayra__rng_exponential(&rng);
		double z = tayra__rng_normal(&rng);

		assert_true(u >= 0 && u < 1);
		assert_true(e >= 0 && isfinite(e) && isfinite(z));
		unit += u;
		exponential += e;
		normal += z;
		squares += z * z;
	}
	/* five standard errors each */
	assert_true(fabs(unit / N - 0.5) < 5 * 0.289 / sqrt(N));
	assert_true(fabs(exponential / N - 1) < 5 / sqrt(N));
	assert_true(fabs(normal / N) < 5 / sqrt(N));
	assert_true(fabs(squares / N - 1) < 5 * sqrt(2) / sqrt(N));
}

static void
a_shuffle_is_a_permutation_and_every_one_is_as_likely(void **state)
{
	unsigned counts[256] = { 0 }, seen = 0;

	for (int i = 0; i < 24000; i++) {
		uint32_t items[4] = { 0, 1, 2, 3 };

		tayra__rng_shuffle(&rng, items, 4);
		assert_int_equal(1u << items[0] | 1u << items[1] | 1u << items[2] | 1u << items[3],
				 15);
		counts[items[0] * 64 + items[1] * 16 + items[2] * 4 + items[3]]++;
	}
	for (int i = 0; i < 256; i++) {
		if (counts[i]) {
			seen++;
			assert_in_range(counts[i], 840, 1160); /* 1000 expected, 5 deviations */
		}
	}
	assert_int_equal(seen, 24);
}

/* Every rank's share against the exact one, rank^-s over the harmonic sum. */
static void
check_zipf(uint64_t n, double s)
{
	enum { DRAWS = 100000 };
	unsigned counts[100] = { 0 };
	struct tayra__zipf zipf;
	double sum = 0, chi = 0;

	assert_true(n <= 100);
	tayra__zipf_init(&zipf, n, s);
	for (uint64_t k = 1; k <= n; k++)
		sum += pow((double)k, -s);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t rank = tayra__zipf_next(&zipf, &rng);

		assert_true(rank < n);
		counts[rank]++;
	}
	for (uint64_t k = 1; k <= n; k++) {
		double expected = DRAWS * pow((double)k, -s) / sum;

		chi += (counts[k - 1] - expected) * (counts[k - 1] - expected) / expected;
	}
	/* Wilson-Hilferty: the chi-square value of z = 4.3, p < 1e-5 */
	if (n > 1) {
		double df = (double)n - 1, c = 2 / (9 * df);

		assert_true(chi < df * pow(1 - c + 4.3 * sqrt(c), 3));
	}
}

static void
zipf_draws_have_the_shape_for_exponents_below_at_and_above_one(void **state)
{
	static const double exponents[] = { 0.2, 0.7, 0.99, 1.0, 1.0000001, 1.2, 2.0 };

	for (size_t i = 0; i < sizeof(exponents) / sizeof(*exponents); i++) {
		check_zipf(1, exponents[i]);
		check_zipf(2, exponents[i]);
		check_zipf(100, exponents[i]);
	}
}

static void
zipf_over_a_huge_range_stays_in_it_and_prefers_the_first(void **state)
{
	struct tayra__zipf zipf;
	unsigned first = 0;

	tayra__zipf_init(&zipf, 1ull << 40, 0.99);
	for (int i = 0; i < 20000; i++) {
		uint64_t rank = tayra__zipf_next(&zipf, &rng);

		assert_true(rank < 1ull << 40);
		first += rank == 0;
	}
	assert_in_range(first, 450, 900); /* 1/H(2^40, 0.99) is 3.1%: 620 expected */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_sequence_is_that_of_xoshiro256_starstar, seed),
		cmocka_unit_test_setup(the_same_seed_gives_the_same_sequence_and_another_another,
				       seed),
		cmocka_unit_test_setup(below_is_even_over_small_ranges, seed),
		cmocka_unit_test_setup(below_is_unbiased_over_a_range_as_large_as_the_generator,
				       seed),
		cmocka_unit_test_setup(unit_exponential_and_normal_have_their_means_and_deviations,
				       seed),
		cmocka_unit_test_setup(a_shuffle_is_a_permutation_and_every_one_is_as_likely, seed),
		cmocka_unit_test_setup(
			zipf_draws_have_the_shape_for_exponents_below_at_and_above_one, seed),
		cmocka_unit_test_setup(zipf_over_a_huge_range_stays_in_it_and_prefers_the_first,
				       seed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
