/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int
never_fail(void **state)
{
	tayra__mem_fail_after(0);
	return 0;
}

static void
what_is_allocated_is_zeroed(void **state)
{
	unsigned char *bytes = tayra__mem_array(100, 10);

	assert_non_null(bytes);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(bytes[i], 0);
	tayra__mem_free(bytes);
	tayra__mem_free(NULL);
}

static void
what_is_to_be_aligned_is_and_is_zeroed(void **state)
{
	for (size_t align = 16; align <= 256; align *= 2) {
		unsigned char *bytes = tayra__mem_aligned(align, 100);

		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % align, 0);
		for (int i = 0; i < 100; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 1, 100);
		tayra__mem_free(bytes);
	}
	assert_null(tayra__mem_aligned(64, SIZE_MAX));
}

static void
nothing_asked_is_a_block_not_a_failure(void **state)
{
	void *empty = tayra__mem_alloc(0), *none = tayra__mem_array(0, 8);

	assert_non_null(empty);
	assert_non_null(none);
	empty = tayra__mem_resize(empty, 0);
	assert_non_null(empty);
	tayra__mem_free(empty);
	tayra__mem_free(none);
}

static void
an_array_too_large_to_count_is_refused(void **state)
{
	assert_null(tayra__mem_array(SIZE_MAX, 2));
	assert_null(tayra__mem_array(SIZE_MAX / 2 + 2, 2));
}

static void
the_nth_allocation_and_every_later_one_fails(void **state)
{
	void *first, *second;

	tayra__mem_fail_after(3);
	first = tayra__mem_alloc(1);
	second = tayra__mem_strdup("text");
	assert_non_null(first);
	assert_string_equal(second, "text");
	assert_null(tayra__mem_resize(second, 100));
	assert_string_equal(second, "text");
	assert_null(tayra__mem_strdup("text"));
	assert_null(tayra__mem_array(1, 1));
	assert_int_equal(tayra__mem_count(), 5);
	tayra__mem_fail_after(0);
	tayra__mem_free(first);
	tayra__mem_free(second);
}

static void
allocations_can_be_counted_without_failing_any(void **state)
{
	tayra__mem_fail_after(UINT64_MAX);
	for (int i = 0; i < 7; i++)
		tayra__mem_free(tayra__mem_alloc(8));
	assert_int_equal(tayra__mem_count(), 7);
}

static void
growing_keeps_the_bytes(void **state)
{
	char *text = tayra__mem_strdup("kept");

	text = tayra__mem_resize(text, 1000);
	assert_string_equal(text, "kept");
	tayra__mem_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_allocated_is_zeroed, never_fail),
		cmocka_unit_test_teardown(what_is_to_be_aligned_is_and_is_zeroed, never_fail),
		cmocka_unit_test_teardown(nothing_asked_is_a_block_not_a_failure, never_fail),
		cmocka_unit_test_teardown(an_array_too_large_to_count_is_refused, never_fail),
		cmocka_unit_test_teardown(the_nth_allocation_and_every_later_one_fails, never_fail),
		cmocka_unit_test_teardown(allocations_can_be_counted_without_failing_any,
					  never_fail),
		cmocka_unit_test_teardown(growing_keeps_the_bytes, never_fail),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
