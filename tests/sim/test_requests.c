/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

static void
keys_are_numbered_by_first_appearance(void **state)
{
	struct tayra__requests *requests = rows_of_csv(
		"time_s,key,size_bytes\n0,18446744073709551615,3\n1,0,4\n2,18446744073709551615,"
		"9\n");

	assert_int_equal(requests->count, 3);
	assert_int_equal(requests->keys, 2);
	assert_int_equal(requests->id[0], 0);
	assert_int_equal(requests->id[1], 1);
	assert_int_equal(requests->id[2], 0);
	assert_int_equal(requests->key[0], UINT64_MAX);
	assert_int_equal(requests->key[1], 0);
	assert_int_equal(requests->size_bytes[0], 3);
	assert_true(requests->sized);
	tayra__requests_destroy(requests);
}

static void
many_keys_are_told_apart(void **state)
{
	struct tayra__requests *requests = rows_random(5, 100000, 60000, ROWS_PLAIN);

	for (uint32_t row = 0; row < requests->count; row++)
		assert_true(requests->id[row] < requests->keys);
	/* Keys are 0 .. 59999: as many distinct ones as there are ids. */
	for (uint32_t id = 0; id < requests->keys; id++)
		assert_int_equal(requests->size_bytes[id], 1 + requests->key[id] * 7919 % 50);
	assert_true(requests->keys > 20000);
	tayra__requests_destroy(requests);
}

static void
the_next_use_is_the_next_get_and_a_delete_ends_it(void **state)
{
	struct tayra__requests *requests = rows_of_csv(
		"time_s,key,size_bytes,op\n0,1,1,get\n1,2,1,get\n2,1,1,get\n"
		"3,2,1,delete\n4,2,1,get\n");
	uint32_t *next = tayra__requests_next_use(requests);

	assert_int_equal(next[0], 2);
	assert_int_equal(next[1], TAYRA__REQUESTS_NEVER);
	assert_int_equal(next[2], TAYRA__REQUESTS_NEVER);
	assert_int_equal(next[4], TAYRA__REQUESTS_NEVER);
	tayra__mem_free(next);
	tayra__requests_destroy(requests);
}

static void
columns_that_hold_nothing_are_dropped(void **state)
{
	struct tayra__requests *requests = rows_of_csv(
		"time_s,key,size_bytes,ttl_s,op\n0,1,1,,get\n1,2,1,0,set\n");

	assert_null(requests->ttl_s);
	assert_null(requests->time_s);
	assert_null(requests->op);
	assert_null(requests->cost_ms);
	assert_false(requests->sized);
	tayra__requests_destroy(requests);
}

/* Loads text, expects that status, returns the message in a static buffer. */
static const char *
refused(const char *text, uint64_t limit, tayra__requests_watch_fn *watch, int expected)
{
	static struct tayra__trace_error error;
	struct tayra__requests *requests;
	struct tayra__trace *trace;

	assert_int_equal(tayra__trace_open_memory(text, strlen(text), "t.csv", TAYRA__TRACE_CSV,
						  &trace, &error),
			 TAYRA_OK);
	assert_int_equal(tayra__requests_load(trace, limit, watch, NULL, &requests, &error),
			 expected);
	if (expected)
		assert_null(requests);
	tayra__requests_destroy(requests);
	tayra__trace_close(trace);
	return error.text;
}

static void
a_limit_stops_before_what_follows(void **state)
{
	refused("time_s,key,size_bytes\n0,1,1\n1,2,1\nnonsense\n", 2, NULL, TAYRA_OK);
	assert_string_equal(refused("time_s,key,size_bytes\n0,1,1\n1,2,1\nnonsense\n", 3, NULL,
				    TAYRA_E_CORRUPT),
			    "t.csv:4: 1 columns where the header has 3");
}

static void
a_trace_without_requests_is_refused(void **state)
{
	assert_non_null(strstr(refused("time_s,key,size_bytes\n", 0, NULL, TAYRA_E_CORRUPT),
			       "no requests"));
	assert_non_null(strstr(
		refused("time_s,key,size_bytes,op\n0,1,1,delete\n", 0, NULL, TAYRA_E_CORRUPT),
		"no requests"));
}

static void
sizes_that_add_up_past_2_63_are_refused(void **state)
{
	/* By key, a deleted one too, and by requests of one key. */
	refused("time_s,key,size_bytes,op\n0,1,9223372036854775807,delete\n1,2,1,get\n", 0, NULL,
		TAYRA_E_TOO_LARGE);
	refused("time_s,key,size_bytes\n0,1,9223372036854775807\n1,2,1\n", 0, NULL,
		TAYRA_E_TOO_LARGE);
	refused("time_s,key,size_bytes\n0,1,9223372036854775807\n1,1,1\n", 0, NULL,
		TAYRA_E_TOO_LARGE);
}

static bool
stop_at_once(void *ctx, uint64_t rows)
{
	return false;
}

static void
loading_can_be_stopped(void **state)
{
	refused("time_s,key,size_bytes\n0,1,1\n", 0, stop_at_once, TAYRA_E_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_numbered_by_first_appearance),
		cmocka_unit_test(many_keys_are_told_apart),
		cmocka_unit_test(the_next_use_is_the_next_get_and_a_delete_ends_it),
		cmocka_unit_test(columns_that_hold_nothing_are_dropped),
		cmocka_unit_test(a_limit_stops_before_what_follows),
		cmocka_unit_test(a_trace_without_requests_is_refused),
		cmocka_unit_test(sizes_that_add_up_past_2_63_are_refused),
		cmocka_unit_test(loading_can_be_stopped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
