/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/patterns.h"

#include "base/hash.h"
#include "learn/frequent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__patterns *patterns;

static int
set_up(void **state)
{
	struct tayra__patterns_options options = { .keys = 16, .groups = 8, .sample = 100 };

	patterns = malloc(tayra__patterns_bytes(&options));
	tayra__patterns_init(patterns, &options, 1000);
	return 0;
}

static int
tear_down(void **state)
{
	free(patterns);
	return 0;
}

static struct tayra__patterns_event
event(const char *key, uint64_t now_ns)
{
	return (struct tayra__patterns_event){ .hash = tayra__hash_bytes(key, strlen(key), 7),
					       .key = key,
					       .key_len = strlen(key),
					       .now_ns = now_ns };
}

static void
use(uint64_t id, uint64_t now_ns)
{
	char key[32];
	struct tayra__patterns_event of;

	snprintf(key, sizeof(key), "k:%llu", (unsigned long long)id);
	of = event(key, now_ns);
	tayra__patterns_use(patterns, &of, TAYRA__PATTERNS_MISS);
}

/* Of hash 0 where it is not in the sample. */
static const struct tayra__patterns_key *
sampled(uint64_t hash)
{
	static const struct tayra__patterns_key none;

	for (uint32_t i = 0; i < patterns->slots; i++)
		if (tayra__patterns_sample(patterns, i)->hash == hash)
			return tayra__patterns_sample(patterns, i);
	return &none;
}

/* Every key of the sample is below the threshold, and every key below it that was told is there. */
static void
the_sample_stays_uniform_and_bounded(void **state)
{
	uint32_t count = 0;

	for (uint64_t id = 0; id < 20000; id++) {
		use(id, 1000);
		assert_true(patterns->sampled <= 100);
	}
	for (uint64_t id = 0; id < 20000; id++) {
		char key[32];
		struct tayra__patterns_event of;

		snprintf(key, sizeof(key), "k:%llu", (unsigned long long)id);
		of = event(key, 0);
		assert_int_equal(tayra__patterns_watches(patterns, of.hash),
				 sampled(of.hash)->hash != 0);
		count += sampled(of.hash)->hash != 0;
	}
	assert_int_equal(count, patterns->sampled);
	for (uint64_t id = 0; id < 20000; id++)
		use(id, 1000);
	assert_int_equal(count, patterns->sampled);
	for (uint32_t i = 0; i < patterns->slots; i++)
		if (tayra__patterns_sample(patterns, i)->hash)
			assert_int_equal(tayra__patterns_sample(patterns, i)->uses, 2);
	assert_true(fabs(count * tayra__patterns_stands_for(patterns) - 20000) < 8000);
}

static void
a_key_that_fills_the_sample_is_found_again(void **state)
{
	for (uint64_t id = 0; id < 100; id++)
		use(id, 1000);
	assert_true(tayra__patterns_stands_for(patterns) == 1);
	for (uint64_t id = 0; id < 100; id++)
		use(id, 1000);
	assert_int_equal(patterns->sampled, 100);
	for (uint32_t i = 0; i < patterns->slots; i++)
		if (tayra__patterns_sample(patterns, i)->hash)
			assert_int_equal(tayra__patterns_sample(patterns, i)->uses, 2);
}

static void
what_comes_back_is_told_by_why_it_was_gone(void **state)
{
	struct tayra__patterns_event a = event("a", 2000);

	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_MISS);
	tayra__patterns_load(patterns, &a, TAYRA__PATTERNS_NEW, TAYRA__PATTERNS_UNKNOWN, 0);
	tayra__patterns_gone(patterns, &a, TAYRA__PATTERNS_EVICTED);
	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_MISS);
	tayra__patterns_load(patterns, &a, TAYRA__PATTERNS_EVICTED, TAYRA__PATTERNS_SAME, 500);
	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_HIT);
	tayra__patterns_gone(patterns, &a, TAYRA__PATTERNS_EXPIRED);
	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_MISS);
	tayra__patterns_gone(patterns, &a, TAYRA__PATTERNS_REMOVED);
	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_MISS);
	assert_int_equal(sampled(a.hash)->after_evicted, 1);
	assert_int_equal(sampled(a.hash)->after_expired, 1);
	assert_int_equal(sampled(a.hash)->uses, 5);
	assert_int_equal(patterns->evicted_unread, 1);
	assert_int_equal(patterns->evicted_sampled, 1);
	assert_int_equal(patterns->gone[TAYRA__PATTERNS_REMOVED], 1);
}

static void
reloads_count_where_an_earlier_value_was_known(void **state)
{
	struct tayra__patterns_event a = event("a", 2000);
	const struct tayra__frequent_item *item;

	a.cost_ns = 10;
	a.bytes = 100;
	tayra__patterns_load(patterns, &a, TAYRA__PATTERNS_NEW, TAYRA__PATTERNS_UNKNOWN, 0);
	assert_null(tayra__frequent_find(tayra__patterns_reloads(patterns), a.hash));
	tayra__patterns_load(patterns, &a, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_SAME,
			     2000000000);
	tayra__patterns_load(patterns, &a, TAYRA__PATTERNS_EVICTED, TAYRA__PATTERNS_CHANGED,
			     1000000000);
	tayra__patterns_load(patterns, &a, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_UNKNOWN, 1);
	item = tayra__frequent_find(tayra__patterns_reloads(patterns), a.hash);
	assert_int_equal(item->reloads, 3);
	assert_int_equal(item->same, 1);
	assert_int_equal(item->changed, 1);
	assert_int_equal(item->expired, 2);
	assert_true(item->age_s == 3);
	assert_true(item->cost_ns == 30 && item->costed == 3 && item->bytes == 300);
	assert_int_equal(patterns->loads, 4);
}

static void
uses_count_by_their_weight(void **state)
{
	struct tayra__patterns_event a = event("user:1", 2000), b = event("user:2", 2000);
	uint64_t group = tayra__hash_bytes("user:*", 6, 0x67726f7570ull);

	a.weight = 64;
	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_HIT);
	tayra__patterns_use(patterns, &b, TAYRA__PATTERNS_MISS);
	assert_int_equal(patterns->uses, 65);
	assert_int_equal(patterns->hits, 64);
	assert_int_equal(tayra__frequent_find(tayra__patterns_hot(patterns), a.hash)->hits, 64);
	assert_int_equal(tayra__frequent_find(tayra__patterns_groups(patterns), group)->count, 65);
}

/* 200 keys go round; then 3,000 new ones come by, then the 200 again. */
static void
a_scan_is_one_burst_and_the_usual_is_none(void **state)
{
	for (uint64_t i = 0; i < 20000; i++)
		use(i % 200, 1000);
	assert_int_equal(patterns->bursts.count, 0);
	for (uint64_t i = 0; i < 3000; i++)
		use(1000000 + i, 1000);
	for (uint64_t i = 0; i < 5000; i++)
		use(i % 200, 1000);
	assert_int_equal(patterns->bursts.count, 1);
	assert_in_range(patterns->bursts.uses, 2304, 3328);
	assert_int_equal(patterns->bursts.longest, patterns->bursts.uses);
	assert_int_equal(patterns->bursts.group_len, 3);
	assert_memory_equal(patterns->bursts.group_text, "k:*", 3);
}

static void
where_all_is_new_nothing_is_a_burst(void **state)
{
	for (uint64_t i = 0; i < 50000; i++)
		use(i, 1000);
	assert_int_equal(patterns->bursts.count, 0);
}

static void
time_does_not_go_back(void **state)
{
	struct tayra__patterns_event a = event("a", 5000);

	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_MISS);
	a.now_ns = 10;
	tayra__patterns_use(patterns, &a, TAYRA__PATTERNS_HIT);
	assert_int_equal(patterns->now_ns, 5000);
	assert_int_equal(patterns->since_ns, 1000);
}

static void
sizes_that_are_too_large_are_refused(void **state)
{
	assert_int_equal(
		tayra__patterns_bytes(&(struct tayra__patterns_options){ .sample = UINT32_MAX }),
		0);
	assert_int_equal(
		tayra__patterns_bytes(&(struct tayra__patterns_options){ .keys = UINT32_MAX }), 0);
	assert_in_range(tayra__patterns_bytes(&(struct tayra__patterns_options){ 0 }), 1,
			1024 * 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_sample_stays_uniform_and_bounded, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_key_that_fills_the_sample_is_found_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_comes_back_is_told_by_why_it_was_gone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reloads_count_where_an_earlier_value_was_known,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(uses_count_by_their_weight, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_scan_is_one_burst_and_the_usual_is_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(where_all_is_new_nothing_is_a_burst, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(time_does_not_go_back, set_up, tear_down),
		cmocka_unit_test(sizes_that_are_too_large_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
