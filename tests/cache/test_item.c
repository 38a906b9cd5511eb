/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "cache/item.h"

static void
costs_keep_a_tenth_of_a_percent(void **state)
{
	(void)state;
	for (uint64_t cost = 0; cost < 2048; cost++)
		assert_int_equal(tayra__item_cost_unpack(tayra__item_cost_pack(cost)), cost);
	for (uint64_t cost = 2048; cost < UINT64_MAX / 2; cost += cost / 3 + 1) {
		uint64_t kept = tayra__item_cost_unpack(tayra__item_cost_pack(cost));

		assert_in_range(kept, cost - cost / 1000, cost);
	}
	assert_true(tayra__item_cost_unpack(tayra__item_cost_pack(UINT64_MAX)) >
		    UINT64_MAX - UINT64_MAX / 1000);
}

static void
costs_keep_their_order(void **state)
{
	uint16_t before = 0;

	(void)state;
	for (uint64_t cost = 0; cost < UINT64_MAX / 2; cost += cost / 50 + 1) {
		assert_true(tayra__item_cost_pack(cost) >= before);
		before = tayra__item_cost_pack(cost);
	}
}

static void
every_combination_of_extras_keeps_all_it_is_given(void **state)
{
	_Alignas(16) unsigned char block[256];
	static const uint32_t extras[] = { 0, TAYRA__ITEM_VERSION, TAYRA__ITEM_CHARGE,
					   TAYRA__ITEM_REUSE | TAYRA__ITEM_VERSION,
					   TAYRA__ITEM_EXTRAS };
	const struct tayra__reuse reuse = { .last = 9, .freq = 3, .distance = 2, .spare = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		struct tayra__item *item = (struct tayra__item *)(void *)block;
		const struct tayra_item_meta meta = {
			.version = 11, .charge = 22, .born_ms = 33, .fresh_ms = 44, .expire_ms = 55
		};
		struct tayra_item_meta got;

		memset(block, 0xee, sizeof(block));
		item->entry.block.head = 16 << 3 | TAYRA__BLOCK_ITEM;
		tayra__item_init(item, extras[i], 7, "key12", 5, 3);
		memcpy(tayra__item_value(item), "val", 3);
		tayra__item_set_meta(item, &meta);
		if (extras[i] & TAYRA__ITEM_REUSE)
			tayra__item_set_reuse(item, &reuse);
		tayra__item_get_meta(item, &got);
		assert_int_equal(tayra__item_reuse(item).last,
				 extras[i] & TAYRA__ITEM_REUSE ? 9 : 0);
		assert_int_equal(got.version, extras[i] & TAYRA__ITEM_VERSION ? 11 : 0);
		assert_int_equal(got.charge, extras[i] & TAYRA__ITEM_CHARGE ? 22 : 256);
		assert_int_equal(got.born_ms + got.fresh_ms + got.expire_ms, 33 + 44 + 55);
		assert_true(tayra__item_has_key(item, "key12", 5));
		assert_false(tayra__item_has_key(item, "key13", 5));
		assert_false(tayra__item_has_key(item, "key1", 4));
		assert_memory_equal(tayra__item_value(item), "val", 3);
		assert_int_equal((uintptr_t)tayra__item_value(item) % 8, 0);
		/* The last byte of the value is the last byte counted. */
		size_t bytes = tayra__item_bytes(extras[i], 5, 3);

		assert_ptr_equal((unsigned char *)tayra__item_value(item) + 3, block + bytes);
		assert_int_equal(block[bytes], 0xee);
		assert_int_equal(item->entry.block.head, 16 << 3 | TAYRA__BLOCK_ITEM);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_keep_a_tenth_of_a_percent),
		cmocka_unit_test(costs_keep_their_order),
		cmocka_unit_test(every_combination_of_extras_keeps_all_it_is_given),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
