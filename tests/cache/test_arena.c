/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/hash.h"
#include "cache/arena.h"

#include <stdlib.h>

#define BYTES (2u << 20)

static struct tayra__arena_header *
make_header(void)
{
	const struct tayra__arena_plan plan = { .bytes = BYTES, .seed = 99, .shards = 2 };
	struct tayra__arena_header *header = calloc(1, TAYRA__ARENA_HEADER);

	assert_non_null(header);
	tayra__arena_format(header, &plan);
	return header;
}

/* Somebody who means harm writes a right checksum. */
static void
seal(struct tayra__arena_header *header)
{
	header->checksum = tayra__hash_bytes(header, offsetof(struct tayra__arena_header, checksum),
					     0);
}

static void
expect(struct tayra__arena_header *header, int status)
{
	const char *why = "not set";

	assert_int_equal(tayra__arena_check(header, BYTES, &why), status);
	assert_int_equal(why == NULL, status == TAYRA_OK);
	free(header);
}

static void
a_fresh_header_is_accepted(void **state)
{
	(void)state;
	expect(make_header(), TAYRA_OK);
}

static void
any_flipped_bit_is_noticed(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < sizeof(struct tayra__arena_header) * 8; bit++) {
		struct tayra__arena_header *header = make_header();
		const char *why;

		((unsigned char *)header)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_true(tayra__arena_check(header, BYTES, &why) < 0);
		assert_non_null(why);
		free(header);
	}
}

static void
a_short_or_resized_arena_is_corrupt(void **state)
{
	struct tayra__arena_header *header = make_header();
	const char *why;

	(void)state;
	assert_int_equal(tayra__arena_check(header, 100, &why), TAYRA_E_CORRUPT);
	assert_int_equal(tayra__arena_check(header, BYTES - 4096, &why), TAYRA_E_CORRUPT);
	assert_int_equal(tayra__arena_check(header, BYTES + 4096, &why), TAYRA_E_CORRUPT);
	free(header);
}

static void
other_versions_orders_features_and_policies_are_unsupported(void **state)
{
	struct tayra__arena_header *header = make_header();

	(void)state;
	header->version++;
	expect(header, TAYRA_E_UNSUPPORTED);
	header = make_header();
	header->endian = __builtin_bswap32(header->endian);
	expect(header, TAYRA_E_UNSUPPORTED);
	header = make_header();
	header->features = 1;
	seal(header);
	expect(header, TAYRA_E_UNSUPPORTED);
	header = make_header();
	header->policy = 77;
	seal(header);
	expect(header, TAYRA_E_UNSUPPORTED);
}

static void
shards_that_do_not_fit_are_corrupt_even_when_sealed(void **state)
{
	static const struct {
		uint64_t first, bytes;
		uint32_t shards;
	} bad[] = {
		{ TAYRA__ARENA_HEADER, 1u << 20, 2 },
		{ TAYRA__ARENA_HEADER, 512u << 10, 3 },
		{ TAYRA__ARENA_HEADER, 512u << 10, 0 },
		{ TAYRA__ARENA_HEADER, 512u << 10, 1u << 31 },
		{ TAYRA__ARENA_HEADER, 0, 2 },
		{ TAYRA__ARENA_HEADER, 1, 2 },
		{ TAYRA__ARENA_HEADER, UINT64_MAX - 63, 2 },
		{ TAYRA__ARENA_HEADER, (512u << 10) + 8, 2 },
		{ 0, 512u << 10, 2 },
		{ UINT64_MAX, 512u << 10, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tayra__arena_header *header = make_header();

		header->first_shard = bad[i].first;
		header->shard_bytes = bad[i].bytes;
		header->shards = bad[i].shards;
		seal(header);
		expect(header, TAYRA_E_CORRUPT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_header_is_accepted),
		cmocka_unit_test(any_flipped_bit_is_noticed),
		cmocka_unit_test(a_short_or_resized_arena_is_corrupt),
		cmocka_unit_test(other_versions_orders_features_and_policies_are_unsupported),
		cmocka_unit_test(shards_that_do_not_fit_are_corrupt_even_when_sealed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
