/* SPDX-License-Identifier: Apache-2.0
 *
 * Does 5% mean 5%, and 95% 95%?  The whole way from pairs to verdict, on simulated noise.  Seeds
 * are fixed, so this is repeatable.  TAYRA_LONG=1 runs ten times as many false-positive sessions
 * and five times as many intervals, with narrower bands.
 */
#include <tayra/prove.h>

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define PAIRS_MAX 24

/* The next value of a machine's noise, on the log scale; `memory` is the generator's own. */
typedef double (*noise_fn)(struct tayra__rng *rng, double *memory);

static double
white(struct tayra__rng *rng, double *memory)
{
	(void)memory;
	return 0.2 * tayra__rng_normal(rng);
}

/* Student's t with 3 degrees of freedom. */
static double
heavy(struct tayra__rng *rng, double *memory)
{
	double squares = 0;

	(void)memory;
	for (int i = 0; i < 3; i++) {
		double z = tayra__rng_normal(rng);

		squares += z * z;
	}
	return 0.1 * tayra__rng_normal(rng) / sqrt(squares / 3);
}

/* A neighbour that comes and goes slowly. */
static double
slow(struct tayra__rng *rng, double *memory)
{
	*memory = 0.9 * *memory + 0.2 * tayra__rng_normal(rng);
	return *memory;
}

static double
spiky(struct tayra__rng *rng, double *memory)
{
	(void)memory;
	return 0.05 * tayra__rng_normal(rng) + (tayra__rng_unit(rng) < 0.05 ? 1.5 : 0);
}

static double
drifting(struct tayra__rng *rng, double *memory)
{
	*memory += 0.05;
	return *memory + 0.1 * tayra__rng_normal(rng);
}

/* Two modes a third apart, as when a thread lands on one or the other cache. */
static double
bimodal(struct tayra__rng *rng, double *memory)
{
	(void)memory;
	return 0.05 * tayra__rng_normal(rng) + (tayra__rng_below(rng, 2) ? 0.3 : 0);
}

/* A neighbour that stays for a slice or two. */
static double
brief(struct tayra__rng *rng, double *memory)
{
	*memory = 0.5 * *memory + 0.2 * tayra__rng_normal(rng);
	return *memory;
}

/* Times that are normal, as opposed to normal logarithms. */
static double
log_of_normal(struct tayra__rng *rng, double *memory)
{
	(void)memory;
	return log(fmax(1 + 0.15 * tayra__rng_normal(rng), 0.1));
}

enum order { ORDER_RANDOM, ORDER_BLOCKS };

/* One session: a and b are `ratio` apart but for when they ran. */
static void
draw(struct tayra__rng *rng, noise_fn noise, enum order order, double ratio, size_t n, double *a,
     double *b)
{
	double memory = 0, stream[2 * PAIRS_MAX];

	for (size_t i = 0; i < 2 * n; i++)
		stream[i] = exp(noise(rng, &memory));
	for (size_t i = 0; i < n; i++) {
		size_t swap = tayra__rng_below(rng, 2);

		a[i] = order == ORDER_BLOCKS ? stream[i] : stream[2 * i + swap];
		b[i] = ratio * (order == ORDER_BLOCKS ? stream[n + i] : stream[2 * i + 1 - swap]);
	}
}

static bool
is_long(void)
{
	const char *text = getenv("TAYRA_LONG");

	return text && *text && *text != '0';
}

static int
false_alarms(noise_fn noise, enum order order, int runs, size_t pairs)
{
	struct tayra__rng rng;
	int alarms = 0;

	tayra__rng_init(&rng, 4);
	for (int i = 0; i < runs; i++) {
		double a[PAIRS_MAX], b[PAIRS_MAX];
		struct tayra_comparison c;

		draw(&rng, noise, order, 1, pairs, a, b);
		assert_int_equal(tayra_prove_compare(a, b, pairs, NULL, &c), TAYRA_OK);
		alarms += c.p < 0.05;
		if (c.verdict == TAYRA_BETTER || c.verdict == TAYRA_WORSE)
			assert_true(c.p < 0.05);
	}
	return alarms;
}

static void
expect_five_percent(const char *name, noise_fn noise, size_t pairs)
{
	int runs = is_long() ? 10000 : 1000;
	int alarms = false_alarms(noise, ORDER_RANDOM, runs, pairs);

	print_message("# %s, %zu pairs: %d of %d\n", name, pairs, alarms, runs);
	/* Of 1,000 the bar that is promised, which a perfect test still misses for one seed in 20:
	 * ours is one of the 19.  That it is no luck shows the long form: 99.9% of 10,000. */
	if (is_long())
		assert_in_range(alarms, 428, 572);
	else
		assert_in_range(alarms, 37, 64);
}

static void
equal_arms_differ_five_times_in_a_hundred_whatever_the_noise(void **state)
{
	(void)state;
	expect_five_percent("lognormal", white, 12);
	expect_five_percent("normal", log_of_normal, 12);
	expect_five_percent("heavy tails (t3)", heavy, 12);
	expect_five_percent("two modes", bimodal, 10);
	expect_five_percent("brief neighbour (AR .5)", brief, 20);
	expect_five_percent("slow neighbour (AR .9)", slow, 16);
	expect_five_percent("spikes", spiky, 16);
	expect_five_percent("drift", drifting, 14);
}

/* The same noise with all of a before all of b: if this passed, the test above could not fail. */
static void
the_same_noise_in_blocks_would_have_fooled_it(void **state)
{
	int alarms = false_alarms(slow, ORDER_BLOCKS, 300, 16);

	(void)state;
	print_message("# slow neighbour, blocks: %d of 300\n", alarms);
	assert_true(alarms > 100);
	assert_true(false_alarms(drifting, ORDER_BLOCKS, 50, 16) == 50);
}

static int
covered(noise_fn noise, size_t least, size_t most, int runs)
{
	struct tayra__rng rng;
	int hits = 0;

	tayra__rng_init(&rng, 30);
	for (int i = 0; i < runs; i++) {
		size_t pairs = least + (size_t)i % (most - least + 1);
		double a[PAIRS_MAX], b[PAIRS_MAX];
		struct tayra_comparison c;

		draw(&rng, noise, ORDER_RANDOM, 1.07, pairs, a, b);
		assert_int_equal(tayra_prove_compare(a, b, pairs, NULL, &c), TAYRA_OK);
		hits += c.lo <= 1.07 && 1.07 <= c.hi;
	}
	return hits;
}

static void
expect_coverage(const char *name, noise_fn noise, size_t least, size_t most, int runs)
{
	double spread = 3 * sqrt(runs * 0.95 * 0.05);
	int hits = covered(noise, least, most, runs);

	print_message("# %s: %d of %d intervals hold the truth\n", name, hits, runs);
	if (is_long())
		assert_true(hits >= 0.93 * runs && hits <= 0.97 * runs);
	else
		assert_true(fabs(hits - 0.95 * runs) <= spread);
}

static void
ninety_five_percent_of_the_intervals_hold_the_truth(void **state)
{
	int runs = is_long() ? 2000 : 400;

	(void)state;
	expect_coverage("lognormal", white, 12, 20, runs);
	expect_coverage("normal", log_of_normal, 12, 20, runs);
	expect_coverage("heavy tails (t3)", heavy, 12, 20, runs);
	expect_coverage("two modes", bimodal, 12, 20, runs);
	expect_coverage("spikes", spiky, 16, 20, runs);
	expect_coverage("brief neighbour (AR .5)", brief, 12, 20, runs);
	expect_coverage("slow neighbour (AR .9)", slow, 12, 20, runs);
	expect_coverage("lognormal, random flips", white, 21, 24, runs / 2);
}

static int
found(noise_fn noise, size_t pairs, int runs)
{
	struct tayra__rng rng;
	int count = 0;

	tayra__rng_init(&rng, 40);
	for (int i = 0; i < runs; i++) {
		double a[PAIRS_MAX], b[PAIRS_MAX];
		struct tayra_comparison c;

		draw(&rng, noise, ORDER_RANDOM, 1.3, pairs, a, b);
		assert_int_equal(tayra_prove_compare(a, b, pairs, NULL, &c), TAYRA_OK);
		count += c.verdict == TAYRA_WORSE;
		assert_true(c.verdict != TAYRA_SAME);
	}
	return count;
}

static void
a_real_effect_is_found(void **state)
{
	int count = found(white, 20, 200);

	(void)state;
	/* log 1.3 = .262 against .2 sqrt(2): 20 pairs find it 98 times in 100 */
	print_message("# a ratio of 1.3 in noise of 20%%, 20 pairs: %d of 200\n", count);
	assert_true(count >= 185);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_arms_differ_five_times_in_a_hundred_whatever_the_noise),
		cmocka_unit_test(the_same_noise_in_blocks_would_have_fooled_it),
		cmocka_unit_test(ninety_five_percent_of_the_intervals_hold_the_truth),
		cmocka_unit_test(a_real_effect_is_found),
	};

	if (getenv("TAYRA_INSTRUMENTED")) {
		puts("1..0 # SKIP under instruments: statistics of pure functions, for half a "
		     "minute");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
