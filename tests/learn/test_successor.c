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

static void
miss(struct tayra__successor *s, unsigned key, uint64_t now)
{
	char text[16];
	struct tayra__successor_miss m = {
		.hash = hash_of(key), .loader = LOADER, .key = text, .now = now
	};

	m.key_len = (size_t)snprintf(text, sizeof(text), "key:%u", key);
	tayra__successor_missed(s, &m);
}

/* => the number of likely successors; the first's in *rule */
static unsigned
after(struct tayra__successor *s, unsigned key, struct tayra__successor_rule rules[2])
{
	return tayra__successor_ask(s, hash_of(key), LOADER, 0.5, 2, rules);
}

static void
a_pair_that_comes_again_is_learned_with_its_key(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 5; i++, now += 1000) {
		miss(s, 1, now);
		miss(s, 2, now + 10);
	}
	miss(s, 1, now);
	assert_int_equal(after(s, 1, rules), 1);
	assert_true(rules[0].to == hash_of(2));
	assert_int_equal(rules[0].key_len, 5);
	assert_memory_equal(rules[0].key, "key:2", 5);
	tayra__mem_free(s);
}

static void
the_first_of_many_that_follow_is_learned(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 5; i++, now += 1000) {
		miss(s, 1, now);
		miss(s, 2, now + 1);
		for (unsigned n = 0; n < 6; n++)
			miss(s, 100 + 10 * i + n, now + 2 + n);
	}
	miss(s, 1, now);
	assert_int_equal(after(s, 1, rules), 1);
	assert_true(rules[0].to == hash_of(2));
	tayra__mem_free(s);
}

static void
what_comes_too_late_is_no_successor(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 5; i++, now += 1000) {
		miss(s, 1, now);
		miss(s, 2, now + 101);
	}
	miss(s, 1, now);
	assert_int_equal(after(s, 1, rules), 0);
	tayra__mem_free(s);
}

static void
what_comes_once_or_by_chance_is_no_rule(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	struct tayra__rng rng;
	unsigned found = 0;

	(void)state;
	tayra__rng_init(&rng, 5);
	for (uint64_t now = 1; now < 20000; now++) {
		unsigned key = (unsigned)tayra__rng_below(&rng, 500);

		miss(s, key, now);
		found += after(s, key, rules);
	}
	assert_true(found < 200);
	tayra__mem_free(s);
}

static void
a_rule_that_stops_being_true_is_dropped(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 10; i++, now += 1000) {
		miss(s, 1, now);
		miss(s, 2, now + 10);
	}
	for (unsigned i = 0; i < 10; i++)
		tayra__successor_judge(s, hash_of(1), hash_of(2), TAYRA__SUCCESSOR_WASTED);
	assert_int_equal(after(s, 1, rules), 0);
	tayra__mem_free(s);
}

static void
what_is_used_when_fetched_ahead_stays_a_rule(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 5; i++, now += 1000) {
		miss(s, 1, now);
		miss(s, 2, now + 10);
	}
	/* From now on it is fetched, and is no miss any more. */
	for (unsigned i = 0; i < 200; i++, now += 1000) {
		miss(s, 1, now);
		assert_int_equal(after(s, 1, rules), 1);
		tayra__successor_judge(s, hash_of(1), hash_of(2), TAYRA__SUCCESSOR_USED);
	}
	tayra__mem_free(s);
}

static void
another_loaders_keys_are_not_offered(void **state)
{
	struct tayra__successor *s = make(1024);
	struct tayra__successor_rule rules[2];
	uint64_t now = 1;

	(void)state;
	for (unsigned i = 0; i < 5; i++, now += 1000) {
		miss(s, 1, now);
		miss(s, 2, now + 10);
	}
	assert_int_equal(tayra__successor_ask(s, hash_of(1), LOADER + 1, 0.1, 2, rules), 0);
	tayra__mem_free(s);
}

static void
a_key_too_long_is_not_learned(void **state)
{
	struct tayra__successor *s = make(64);
	struct tayra__successor_rule rules[2];
	char key[TAYRA__SUCCESSOR_KEY + 1] = "";
	struct tayra__successor_miss m = {
		.hash = 99, .loader = LOADER, .key = key, .key_len = sizeof(key)
	};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		miss(s, 1, m.now);
		tayra__successor_missed(s, &m);
	}
	assert_int_equal(after(s, 1, rules), 0);
	tayra__mem_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_that_comes_again_is_learned_with_its_key),
		cmocka_unit_test(the_first_of_many_that_follow_is_learned),
		cmocka_unit_test(what_comes_too_late_is_no_successor),
		cmocka_unit_test(what_comes_once_or_by_chance_is_no_rule),
		cmocka_unit_test(a_rule_that_stops_being_true_is_dropped),
		cmocka_unit_test(what_is_used_when_fetched_ahead_stays_a_rule),
		cmocka_unit_test(another_loaders_keys_are_not_offered),
		cmocka_unit_test(a_key_too_long_is_not_learned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
