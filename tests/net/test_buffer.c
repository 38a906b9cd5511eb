/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "net/buffer.h"

static void
bytes_come_out_in_the_order_they_went_in(void **state)
{
	struct tayra__buffer buffer;
	unsigned char in = 0, out = 0;

	tayra__buffer_init(&buffer, 10000);
	for (int round = 0; round < 1000; round++) {
		for (int i = 0; i < round % 37; i++, in++)
			tayra__buffer_append(&buffer, &in, 1);
		for (size_t i = 0, take = buffer.len / 2; i < take; i++, out++) {
			assert_int_equal((unsigned char)buffer.bytes[buffer.start], out);
			tayra__buffer_consume(&buffer, 1);
		}
	}
	assert_false(buffer.failed);
	assert_in_range(buffer.room, 1, 1024);
	tayra__buffer_fini(&buffer);
}

static void
more_than_max_fails_and_drops_what_was_given(void **state)
{
	struct tayra__buffer buffer;

	tayra__buffer_init(&buffer, 10);
	tayra__buffer_append(&buffer, "12345678", 8);
	tayra__buffer_append(&buffer, "abc", 3);
	assert_true(buffer.failed);
	assert_int_equal(buffer.len, 8);
	tayra__buffer_append(&buffer, "a", 1);
	assert_int_equal(buffer.len, 8);
	tayra__buffer_reset(&buffer, 1000);
	tayra__buffer_append(&buffer, "1234567890", 10);
	assert_false(buffer.failed);
	assert_in_range(buffer.room, 10, 10);
	assert_null(tayra__buffer_reserve(&buffer, (size_t)-1));
	tayra__buffer_fini(&buffer);
}

static void
no_memory_fails_and_keeps_what_was_there(void **state)
{
	struct tayra__buffer buffer;
	char large[1000] = { 0 };

	tayra__buffer_init(&buffer, 10000);
	tayra__buffer_append(&buffer, "ab", 2);
	tayra__mem_fail_after(1);
	tayra__buffer_append(&buffer, large, sizeof(large));
	tayra__mem_fail_after(0);
	assert_true(buffer.failed);
	assert_memory_equal(tayra__buffer_front(&buffer), "ab", 2);
	tayra__buffer_fini(&buffer);
}

static void
reset_gives_large_memory_back(void **state)
{
	struct tayra__buffer buffer;
	char large[5000] = { 0 };

	tayra__buffer_init(&buffer, 10000);
	tayra__buffer_append(&buffer, large, sizeof(large));
	tayra__buffer_reset(&buffer, 4096);
	assert_int_equal(buffer.room, 0);
	assert_null(tayra__buffer_front(&buffer));
	tayra__buffer_fini(&buffer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
		cmocka_unit_test(more_than_max_fails_and_drops_what_was_given),
		cmocka_unit_test(no_memory_fails_and_keeps_what_was_there),
		cmocka_unit_test(reset_gives_large_memory_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
