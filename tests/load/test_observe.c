/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "base/hash.h"
#include "load/observe.h"

struct log {
	unsigned count;
	uint64_t hash[256], at_ms[256];
};

static void
note(void *ctx, uint64_t hash, uint64_t at_ms)
{
	struct log *log = ctx;

	log->hash[log->count % 256] = hash;
	log->at_ms[log->count++ % 256] = at_ms;
}

static void
open(struct tayra__observe *observe)
{
	memset(observe, 0, sizeof(*observe));
	assert_int_equal(tayra__observe_init(observe, 64), TAYRA_OK);
}

static void
answers_are_counted_by_key_and_taken_once(void **state)
{
	struct tayra__observe observe;

	(void)state;
	open(&observe);
	for (int i = 0; i < 5; i++)
		tayra__observe_answer(&observe, tayra__hash_mix64(1));
	tayra__observe_answer(&observe, tayra__hash_mix64(2));
	assert_int_equal(tayra__observe_take(&observe, tayra__hash_mix64(1)), 5);
	assert_int_equal(tayra__observe_take(&observe, tayra__hash_mix64(1)), 0);
	assert_int_equal(tayra__observe_take(&observe, tayra__hash_mix64(2)), 1);
	tayra__observe_fini(&observe);
}

static void
uses_come_out_in_order_and_within_the_budget(void **state)
{
	struct tayra__observe observe;
	struct log log = { 0 };

	(void)state;
	open(&observe);
	for (uint64_t i = 1; i <= 10; i++)
		tayra__observe_use(&observe, i, 100 + i);
	tayra__observe_drain(&observe, 4, note, &log);
	assert_int_equal(log.count, 4);
	tayra__observe_drain(&observe, 100, note, &log);
	assert_int_equal(log.count, 10);
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(log.hash[i], i + 1);
		assert_int_equal(log.at_ms[i], 101 + i);
	}
	assert_int_equal(observe.told, 10);
	assert_int_equal(observe.lost, 0);
	tayra__observe_fini(&observe);
}

static void
a_full_ring_forgets_its_oldest_and_fewer_keys_are_told_of(void **state)
{
	struct tayra__observe observe;
	struct log log = { 0 };
	uint64_t odd = 1001, even = 1000;

	(void)state;
	open(&observe);
	for (uint64_t i = 0; i < TAYRA__OBSERVE_RING + 20; i++)
		tayra__observe_use(&observe, i + 1, i);
	tayra__observe_drain(&observe, 1000, note, &log);
	assert_int_equal(log.count, TAYRA__OBSERVE_RING);
	assert_int_equal(log.hash[0], 21);
	assert_int_equal(observe.lost, 20);
	/* half of the keys, and those always */
	tayra__observe_use(&observe, odd, 1);
	tayra__observe_use(&observe, even, 1);
	tayra__observe_drain(&observe, 1000, note, &log);
	assert_int_equal(log.count, TAYRA__OBSERVE_RING + 1);
	assert_int_equal(log.hash[TAYRA__OBSERVE_RING], even);
	/* with room again, all */
	for (int i = 0; i < 2048; i++)
		tayra__observe_drain(&observe, 1000, note, &log);
	tayra__observe_use(&observe, odd, 1);
	tayra__observe_drain(&observe, 1000, note, &log);
	assert_int_equal(log.count, TAYRA__OBSERVE_RING + 2);
	tayra__observe_fini(&observe);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_counted_by_key_and_taken_once),
		cmocka_unit_test(uses_come_out_in_order_and_within_the_budget),
		cmocka_unit_test(a_full_ring_forgets_its_oldest_and_fewer_keys_are_told_of),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
