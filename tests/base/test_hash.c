/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
a_hash_depends_on_every_byte_the_length_and_the_seed(void **state)
{
	unsigned char key[300] = { 0 };

	for (size_t len = 1; len <= sizeof(key); len += 13) {
		uint64_t before = tayra__hash_bytes(key, len, 7);

		assert_int_equal(tayra__hash_bytes(key, len, 7), before);
		assert_int_not_equal(tayra__hash_bytes(key, len, 8), before);
		assert_int_not_equal(tayra__hash_bytes(key, len - 1, 7), before);
		for (size_t i = 0; i < len; i++) {
			key[i] ^= 0x80;
			assert_int_not_equal(tayra__hash_bytes(key, len, 7), before);
			key[i] ^= 0x80;
		}
	}
}

/* So that a cache file written on one machine is found again on another. */
static void
the_hash_is_the_published_xxh3_on_every_machine(void **state)
{
	assert_int_equal(tayra__hash_bytes("", 0, 0), 0x2d06800538d394c2ull);
}

static void
nearby_keys_spread_evenly_over_the_low_bits(void **state)
{
	unsigned counts[64] = { 0 };
	double chi = 0;

	for (uint64_t i = 0; i < 64000; i++)
		counts[tayra__hash_bytes(&i, sizeof(i), 1) % 64]++;
	for (int i = 0; i < 64; i++)
		chi += (counts[i] - 1000.0) * (counts[i] - 1000.0) / 1000.0;
	assert_true(chi < 120); /* 63 degrees of freedom: p < 1e-5 above */
}

static void
random_seeds_differ_and_are_never_zero(void **state)
{
	uint64_t a = tayra__hash_random_seed(), b = tayra__hash_random_seed();

	assert_int_not_equal(a, 0);
	assert_int_not_equal(b, 0);
	assert_int_not_equal(a, b);
}

/* Inverse of each step of splitmix64's finaliser. */
static uint64_t
unmix(uint64_t x)
{
	x ^= x >> 31 ^ x >> 62;
	x *= 0x319642b2d24d8ec3ull;
	x ^= x >> 27 ^ x >> 54;
	x *= 0x96de1b173f119089ull;
	x ^= x >> 30 ^ x >> 60;
	return x - 0x9e3779b97f4a7c15ull;
}

static void
the_mixer_is_bijective(void **state)
{
	uint64_t x = 1;

	for (int i = 0; i < 10000; i++) {
		assert_int_equal(unmix(tayra__hash_mix64(x)), x);
		x = tayra__hash_mix64(x) + (uint64_t)i;
	}
	assert_int_equal(tayra__hash_mix64(0), 0xe220a8397b1dcdafull); /* splitmix64(0)'s first */
}

static void
a_table_size_is_the_smallest_power_of_two_that_is_not_less(void **state)
{
	static const uint32_t cases[][2] = {
		{ 0, 1 },
		{ 1, 1 },
		{ 2, 2 },
		{ 3, 4 },
		{ 4, 4 },
		{ 1000, 1024 },
		{ (1u << 30) + 1, 1u << 31 },
		{ 1u << 31, 1u << 31 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tayra__hash_table_size(cases[i][0]), cases[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_depends_on_every_byte_the_length_and_the_seed),
		cmocka_unit_test(the_hash_is_the_published_xxh3_on_every_machine),
		cmocka_unit_test(nearby_keys_spread_evenly_over_the_low_bits),
		cmocka_unit_test(random_seeds_differ_and_are_never_zero),
		cmocka_unit_test(the_mixer_is_bijective),
		cmocka_unit_test(a_table_size_is_the_smallest_power_of_two_that_is_not_less),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
