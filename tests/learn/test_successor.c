/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/successor.h"

#define LOADER 7

static struct tayra__successor *
make(uint32_t keys)
{
	struct tayra__successor_options options = { .keys = keys, .window = 100 };
	struct tayra__successor *s = tayra__mem_alloc(tayra__successor_bytes(&options));

	assert_non_null(s);
	tayra__successor_init(s, &options);
	return s;
}

static uint64_t
hash_of(unsigned key)
{
	return tayra__hash_mix64(key + 1);
}

/* => the number of likely successors, in out[2] */
static unsigned
miss(struct tayra__successor *s, unsigned key, uint64_t now, struct tayra__successor_guess *out)
{
	struct tayra__successor_guess unseen[2];
	char text[16];
	struct tayra__successor_miss m = {
		.hash = hash_of(key), .loader = LOADER, .key = text, .now = now
	};

	m.key_len = (size_t)snprintf(text, sizeof(text), "key:%u", key);
	return tayra__successor_missed(s, &m, 0.5, 2, out ? out : unseen);
}

/* `b` after `a`, so often. */
static void
teach(struct tayra__successor *s, unsigned a, unsigned b, unsigned times, uint64_t *now)
{
	for (unsigned i = 0; i < times; i++, *now += 1000) {
		miss(s, a, *now, NULL);
		miss(s, b, *now + 10, NULL);
	}
}

static void
a_pair_that_comes_again_is_learned_with_its_key(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_guess guesses[2];
	uint64_t now = 1;

	(void)state;
	teach(s, 1, 2, 8, &now);
	assert_int_equal(miss(s, 1, now, guesses), 1);
	assert_true(guesses[0].hash == hash_of(2));
	assert_int_equal(guesses[0].key_len, 5);
	assert_memory_equal(guesses[0].key, "key:2", 5);
	assert_true(guesses[0].probability > 0.5);
	tayra__mem_free(s);
}

static void
where_order_repeats_one_time_is_enough(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_guess guesses[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned pair = 0; pair < 20; pair++)
		teach(s, 10 + 2 * pair, 11 + 2 * pair, 2, &now);
	teach(s, 1, 2, 1, &now);
	assert_int_equal(miss(s, 1, now, guesses), 1);
	assert_true(guesses[0].hash == hash_of(2));
	tayra__mem_free(s);
}

static void
the_first_of_many_that_follow_is_learned(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_guess guesses[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 20; i++, now += 1000) {
		miss(s, 1, now, NULL);
		miss(s, 2, now + 1, NULL);
		for (unsigned n = 0; n < 6; n++)
			miss(s, 100 + 10 * i + n, now + 2 + n, NULL);
	}
	assert_int_equal(miss(s, 1, now, guesses), 1);
	assert_true(guesses[0].hash == hash_of(2));
	tayra__mem_free(s);
}

static void
the_likeliest_come_first(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_guess guesses[2];
	uint64_t now = 1;
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < 200; i++, now += 1000) {
		miss(s, 1, now, NULL);
		if (i % 4)
			miss(s, 3, now + 1, NULL);
		miss(s, 2, now + 2, NULL);
	}
	n = miss(s, 1, now, guesses);
	assert_int_equal(n, 2);
	assert_true(guesses[0].probability >= guesses[1].probability);
	assert_true(guesses[0].hash == hash_of(2));
	assert_true(guesses[1].hash == hash_of(3));
	tayra__mem_free(s);
}

static void
what_comes_too_late_is_no_successor(void **state)
{
	struct tayra__successor *s = make(1024);
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 20; i++, now += 1000) {
		miss(s, 1, now, NULL);
		miss(s, 2, now + 101, NULL);
	}
	assert_int_equal(miss(s, 1, now, NULL), 0);
	tayra__mem_free(s);
}

static void
what_comes_by_chance_is_no_rule(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__rng rng;
	unsigned found = 0;

	(void)state;
	tayra__rng_init(&rng, 5);
	for (uint64_t now = 1; now < 20000; now++)
		found += miss(s, (unsigned)tayra__rng_below(&rng, 500), now, NULL);
	assert_true(found < 20);
	tayra__mem_free(s);
}

static void
a_rule_that_stops_being_true_is_dropped(void **state)
{
	struct tayra__successor *s = make(1024);
	uint64_t now = 1;
	unsigned found = 0;

	(void)state;
	teach(s, 1, 2, 20, &now);
	for (unsigned i = 0; i < 200; i++, now += 1000)
		found += miss(s, 1, now, NULL);
	assert_true(found > 0);
	assert_int_equal(miss(s, 1, now, NULL), 0);
	tayra__mem_free(s);
}

static void
what_is_there_already_says_nothing_of_its_rule(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_guess guesses[2];
	uint64_t now = 1;

	(void)state;
	teach(s, 1, 2, 20, &now);
	/* From now on it stays cached, and is no miss any more. */
	for (unsigned i = 0; i < 200; i++, now += 1000) {
		assert_int_equal(miss(s, 1, now, guesses), 1);
		tayra__successor_present(s, &guesses[0]);
	}
	tayra__mem_free(s);
}

static void
another_loaders_keys_are_not_offered(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_guess guesses[2];
	struct tayra__successor_miss m = {
		.hash = hash_of(1), .loader = LOADER + 1, .key = "key:1", .key_len = 5
	};
	uint64_t now = 1;

	(void)state;
	teach(s, 1, 2, 20, &now);
	m.now = now;
	assert_int_equal(tayra__successor_missed(s, &m, 0, 2, guesses), 0);
	tayra__mem_free(s);
}

static void
a_key_too_long_is_not_learned(void **state)
{
	struct tayra__successor *s = make(64);
	struct tayra__successor_guess guesses[2];
	char key[TAYRA__SUCCESSOR_KEY + 1] = "";
	struct tayra__successor_miss m = {
		.hash = 99, .loader = LOADER, .key = key, .key_len = sizeof(key)
	};

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		miss(s, 1, m.now, NULL);
		assert_int_equal(tayra__successor_missed(s, &m, 0, 2, guesses), 0);
	}
	assert_int_equal(miss(s, 1, m.now, NULL), 0);
	tayra__mem_free(s);
}

/* Long keys that come once fill the ring over and over; what is offered is whole all the same. */
static void
a_key_whose_bytes_were_overwritten_is_not_offered(void **state)
{
	struct tayra__successor *s = make(64);
	struct tayra__successor_guess guesses[2];
	char key[TAYRA__SUCCESSOR_KEY];
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < 8000; i++) {
		unsigned number = i / 10 % 2 ? i % 10 : i;
		struct tayra__successor_miss m = { .hash = hash_of(number),
						   .loader = LOADER,
						   .key = key,
						   .key_len = sizeof(key),
						   .now = i };
		unsigned n;

		memset(key, 'a' + (int)(number % 26), sizeof(key));
		n = tayra__successor_missed(s, &m, 0.3, 2, guesses);
		found += n;
		for (unsigned g = 0; g < n; g++)
			for (size_t b = 1; b < sizeof(key); b++)
				assert_int_equal(guesses[g].key[b], guesses[g].key[0]);
	}
	assert_true(found > 100);
	tayra__mem_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_that_comes_again_is_learned_with_its_key),
		cmocka_unit_test(where_order_repeats_one_time_is_enough),
		cmocka_unit_test(the_first_of_many_that_follow_is_learned),
		cmocka_unit_test(the_likeliest_come_first),
		cmocka_unit_test(what_comes_too_late_is_no_successor),
		cmocka_unit_test(what_comes_by_chance_is_no_rule),
		cmocka_unit_test(a_rule_that_stops_being_true_is_dropped),
		cmocka_unit_test(what_is_there_already_says_nothing_of_its_rule),
		cmocka_unit_test(another_loaders_keys_are_not_offered),
		cmocka_unit_test(a_key_too_long_is_not_learned),
		cmocka_unit_test(a_key_whose_bytes_were_overwritten_is_not_offered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
