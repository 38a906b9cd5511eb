/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/change_rate.h"

#define HOUR 3600000ull

static struct tayra__change_rate *
make(uint32_t keys)
{
	struct tayra__change_rate_options options = { .keys = keys,
						      .configured_ms = HOUR,
						      .budget = 0.01 };
	struct tayra__change_rate *rate = tayra__mem_alloc(tayra__change_rate_bytes(&options));

	assert_non_null(rate);
	tayra__change_rate_init(rate, &options);
	return rate;
}

static struct tayra__change_check
load(struct tayra__change_rate *rate, uint64_t key, uint64_t value, uint64_t at_ms, uint64_t reads)
{
	struct tayra__change_load l = {
		.key = key, .group = 1, .value = value, .at_ms = at_ms, .reads = reads
	};

	return tayra__change_rate_loaded(rate, &l);
}

/* A Poisson process looked at after gap() each: the rate that is learned. */
static double
learned(double rate_per_ms, double (*gap)(struct tayra__rng *rng), unsigned checks)
{
	struct tayra__change_rate *rate = make(64);
	struct tayra__rng rng;
	uint64_t version = 1;
	double at = 1, sum = 0, next, found;

	tayra__rng_init(&rng, 7);
	next = tayra__rng_exponential(&rng) / rate_per_ms;
	for (unsigned i = 0; i < checks; i++) {
		at += gap(&rng);
		for (; next < at; next += tayra__rng_exponential(&rng) / rate_per_ms)
			version++;
		load(rate, 5, version, (uint64_t)at, 10);
		tayra__change_rate_keep(rate, 5, HOUR);
		if (i >= checks / 2)
			sum += tayra__change_rate_of(rate, 5, 1, (uint64_t)at);
	}
	found = sum / (checks - checks / 2);
	tayra__mem_free(rate);
	return found;
}

static double
every_hour(struct tayra__rng *rng)
{
	(void)rng;
	return (double)HOUR;
}

static double
now_and_then(struct tayra__rng *rng)
{
	return (double)HOUR * (tayra__rng_unit(rng) < 0.5 ? 0.2 : 1.8);
}

static void
a_rate_is_found_though_several_changes_look_like_one(void **state)
{
	(void)state;
	/* 1.5 changes between looks: counting what was seen gives at most 1 */
	assert_in_range(
		(uint64_t)(1000 * learned(1.5 / (double)HOUR, every_hour, 4000) * (double)HOUR),
		1275, 1725);
}

static void
a_rate_is_found_from_irregular_looks(void **state)
{
	(void)state;
	assert_in_range(
		(uint64_t)(1000 * learned(0.5 / (double)HOUR, now_and_then, 4000) * (double)HOUR),
		425, 575);
}

static void
a_rate_follows_a_change_of_pace(void **state)
{
	struct tayra__change_rate *rate = make(64);
	uint64_t at = 1, version = 1;
	double busy, quiet;

	(void)state;
	for (int i = 0; i < 50; i++)
		load(rate, 5, ++version, at += HOUR, 1);
	busy = tayra__change_rate_of(rate, 5, 1, at);
	for (int i = 0; i < 50; i++)
		load(rate, 5, version, at += HOUR, 1);
	quiet = tayra__change_rate_of(rate, 5, 1, at);
	assert_true(quiet < busy / 10);
	tayra__mem_free(rate);
}

static void
a_key_not_seen_before_is_taken_for_one_of_its_group(void **state)
{
	struct tayra__change_rate *rate = make(1024);
	uint64_t at = 1;

	(void)state;
	for (uint64_t round = 0; round < 20; round++, at += HOUR)
		for (uint64_t key = 1; key <= 100; key++) {
			struct tayra__change_load l = {
				.key = key * 0x9e3779b97f4a7c15ull,
				.group = key % 2,
				.value = key % 2 ? round : 0,
				.at_ms = at + key,
			};

			tayra__change_rate_loaded(rate, &l);
		}
	assert_true(tayra__change_rate_of(rate, 777, 1, at) >
		    20 * tayra__change_rate_of(rate, 777, 0, at));
	tayra__mem_free(rate);
}

static void
what_has_just_changed_is_expected_to_change_again(void **state)
{
	struct tayra__change_rate *rate = make(1024);
	struct tayra__rng rng;

	(void)state;
	tayra__rng_init(&rng, 3);
	/* bursts: five changes in five hours, then quiet for 200 */
	for (uint64_t key = 1; key <= 200; key++) {
		uint64_t at = 1 + tayra__rng_below(&rng, 200 * HOUR), version = 0;

		for (int burst = 0; burst < 10; burst++) {
			for (int i = 0; i < 5; i++)
				load(rate, key << 20 | key, ++version, at += HOUR, 1);
			for (int i = 0; i < 20; i++)
				load(rate, key << 20 | key, version, at += 10 * HOUR, 1);
		}
		load(rate, key << 20 | key, ++version, at += HOUR, 1);
		if (key == 200)
			assert_true(tayra__change_rate_of(rate, key << 20 | key, 1, at + HOUR) >
				    5 * tayra__change_rate_of(rate, key << 20 | key, 1,
							      at + 100 * HOUR));
	}
	tayra__mem_free(rate);
}

static void
our_own_write_is_no_change_of_the_origins(void **state)
{
	struct tayra__change_rate *rate = make(64);

	(void)state;
	load(rate, 5, 1, HOUR, 0);
	tayra__change_rate_forget(rate, 5);
	assert_false(load(rate, 5, 2, 2 * HOUR, 0).known);
	assert_true(load(rate, 5, 2, 3 * HOUR, 0).known);
	assert_true(load(rate, 5, 3, 4 * HOUR, 0).changed);
	tayra__mem_free(rate);
}

/* As if it were loaded so often, each time after as many answers as were to be expected. */
static void
settle(struct tayra__change_rate *rate, uint64_t at, int times)
{
	for (int i = 0; i < times; i++) {
		double ttl = tayra__change_rate_ttl(rate, 5, 1, at);

		rate->came = 1 + tayra__change_rate_reads(rate, 5) * ttl;
		tayra__change_rate_settle(rate, 5, 1, at, ttl);
	}
}

static void
the_price_rises_until_what_is_expected_is_within_the_budget(void **state)
{
	struct tayra__change_rate *rate = make(64);
	uint64_t at = 1;
	double ttl, x;

	(void)state;
	for (int i = 0; i < 20; i++)
		load(rate, 5, (uint64_t)i / 2, at += HOUR, 100);
	settle(rate, at, 20000);
	ttl = tayra__change_rate_ttl(rate, 5, 1, at);
	x = ttl * tayra__change_rate_of(rate, 5, 1, at);
	assert_true(1 + expm1(-x) / x < 0.02);
	tayra__mem_free(rate);
}

static void
more_stale_answers_than_the_budget_are_made_up_for(void **state)
{
	struct tayra__change_rate *rate = make(64);
	uint64_t at = 1;
	double before, after;

	(void)state;
	for (int i = 0; i < 20; i++)
		load(rate, 5, 1, at += HOUR, 10);
	rate->debt = 0;
	settle(rate, at, 2000);
	before = tayra__change_rate_ttl(rate, 5, 1, at);
	rate->debt = 1000 * rate->options.budget * rate->answers_a_check;
	settle(rate, at, 2000);
	after = tayra__change_rate_ttl(rate, 5, 1, at);
	assert_true(after < 0.7 * before);
	tayra__mem_free(rate);
}

static void
a_full_table_forgets_what_was_loaded_longest_ago(void **state)
{
	struct tayra__change_rate *rate = make(8);

	(void)state;
	for (uint64_t key = 1; key <= 9; key++)
		load(rate, key, 1, key, 0);
	assert_false(load(rate, 1, 2, 100, 0).known);
	assert_true(load(rate, 9, 2, 100, 0).known);
	tayra__mem_free(rate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_found_though_several_changes_look_like_one),
		cmocka_unit_test(a_rate_is_found_from_irregular_looks),
		cmocka_unit_test(a_rate_follows_a_change_of_pace),
		cmocka_unit_test(a_key_not_seen_before_is_taken_for_one_of_its_group),
		cmocka_unit_test(what_has_just_changed_is_expected_to_change_again),
		cmocka_unit_test(our_own_write_is_no_change_of_the_origins),
		cmocka_unit_test(the_price_rises_until_what_is_expected_is_within_the_budget),
		cmocka_unit_test(more_stale_answers_than_the_budget_are_made_up_for),
		cmocka_unit_test(a_full_table_forgets_what_was_loaded_longest_ago),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
