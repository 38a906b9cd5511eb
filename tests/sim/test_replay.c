/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "sim/replay.h"

static struct tayra__replay_result
run(const struct tayra__requests *requests, enum tayra__engine engine, const char *policy,
    enum tayra__sizes sizes, uint64_t capacity)
{
	struct tayra__replay_result result;

	assert_int_equal(tayra__replay_run(requests,
					   &(struct tayra__replay_options){ .policy = policy,
									    .engine = engine,
									    .sizes = sizes,
									    .capacity = capacity,
									    .seed = 1 },
					   &result),
			 TAYRA_OK);
	return result;
}

/* The same for both engines. */
static void
expect_misses(const char *csv, enum tayra__sizes sizes, uint64_t capacity, uint64_t misses)
{
	struct tayra__requests *requests = rows_of_csv(csv);

	assert_int_equal(run(requests, TAYRA__ENGINE_EXACT, "lru", sizes, capacity).misses, misses);
	assert_int_equal(run(requests, TAYRA__ENGINE_CACHE, "lru", sizes, capacity).misses, misses);
	tayra__requests_destroy(requests);
}

static void
an_expired_hit_is_a_miss_and_a_hit_does_not_prolong(void **state)
{
	/* Put at 0 for 10 s; hits at 9; gone at exactly 10, put again, without end. */
	expect_misses("time_s,key,size_bytes,ttl_s\n0,1,1,10\n9,1,1,10\n10,1,1,0\n99,1,1,5\n",
		      TAYRA__SIZES_UNIT, 5, 2);
	/* Fractions of a second count. */
	expect_misses("time_s,key,size_bytes,ttl_s\n0,1,1,0.5\n0.499,1,1,0\n0.5,1,1,0\n",
		      TAYRA__SIZES_UNIT, 5, 2);
}

static void
an_object_of_no_size_is_cached_in_hardly_any_room(void **state)
{
	expect_misses("time_s,key,size_bytes\n0,1,0\n1,2,5\n2,1,0\n3,2,5\n", TAYRA__SIZES_REAL, 10,
		      2);
}

static void
a_delete_removes_and_is_no_request(void **state)
{
	static const char csv[] = "time_s,key,size_bytes,op\n0,1,1,get\n1,1,1,delete\n2,1,1,get\n"
				  "3,2,1,DELETE\n4,1,1,set\n";
	struct tayra__requests *requests = rows_of_csv(csv);

	assert_int_equal(run(requests, TAYRA__ENGINE_EXACT, "fifo", TAYRA__SIZES_UNIT, 5).requests,
			 3);
	tayra__requests_destroy(requests);
	expect_misses(csv, TAYRA__SIZES_UNIT, 5, 2);
}

static void
an_object_larger_than_the_capacity_is_not_cached_and_evicts_nothing(void **state)
{
	expect_misses("time_s,key,size_bytes\n0,1,10\n1,2,101\n2,2,101\n3,1,10\n",
		      TAYRA__SIZES_REAL, 100, 3);
}

static void
the_size_first_seen_stays(void **state)
{
	struct tayra__requests *requests = rows_of_csv(
		"time_s,key,size_bytes\n0,1,60\n1,2,40\n2,1,1000\n3,2,1\n");
	struct tayra__replay_result result = run(requests, TAYRA__ENGINE_EXACT, "lru",
						 TAYRA__SIZES_REAL, 100);

	assert_int_equal(requests->footprint_bytes, 100);
	assert_int_equal(requests->get_bytes, 200);
	assert_int_equal(result.misses, 2);
	assert_int_equal(result.missed_bytes, 100);
	tayra__requests_destroy(requests);
}

static void
missed_cost_is_that_of_the_rows_that_missed(void **state)
{
	struct tayra__requests *requests = rows_of_csv(
		"cost_ms,time_s,key,size_bytes\n5,0,1,1\n7.5,1,1,1\n2,2,2,1\n");
	struct tayra__replay_result result = run(requests, TAYRA__ENGINE_EXACT, "lru",
						 TAYRA__SIZES_UNIT, 2);

	assert_true(requests->get_cost_ms == 14.5);
	assert_true(result.missed_cost_ms == 7);
	tayra__requests_destroy(requests);
}

static void
the_same_replay_gives_the_same_result(void **state)
{
	static const char *const policies[] = { "fifo", "lru", "s3fifo" };
	struct tayra__requests *a = rows_random(9, 20000, 2000, ROWS_EXPIRING);
	struct tayra__requests *b = rows_random(9, 20000, 2000, ROWS_EXPIRING);

	for (size_t i = 0; i < 3; i++) {
		enum tayra__engine engine = i ? TAYRA__ENGINE_CACHE : TAYRA__ENGINE_EXACT;
		struct tayra__replay_result x = run(a, engine, policies[i], TAYRA__SIZES_REAL,
						    9000);
		struct tayra__replay_result y = run(b, engine, policies[i], TAYRA__SIZES_REAL,
						    9000);

		assert_int_equal(x.misses, y.misses);
		assert_int_equal(x.missed_bytes, y.missed_bytes);
		assert_true(x.metadata_bytes_per_object == y.metadata_bytes_per_object);
	}
	tayra__requests_destroy(a);
	tayra__requests_destroy(b);
}

static void
the_production_lru_is_near_the_exact_one_with_expiry_and_deletes(void **state)
{
	struct tayra__requests *requests = rows_random(4, 60000, 20000, ROWS_EXPIRING);
	struct tayra__replay_result exact = run(requests, TAYRA__ENGINE_EXACT, "lru",
						TAYRA__SIZES_UNIT, 5000);
	struct tayra__replay_result cache = run(requests, TAYRA__ENGINE_CACHE, "lru",
						TAYRA__SIZES_UNIT, 5000);
	double points = ((double)cache.misses - (double)exact.misses) / (double)exact.requests *
			100;

	assert_true(points < 0.3 && points > -0.3);
	assert_true(cache.metadata_bytes_per_object > 8);
	tayra__requests_destroy(requests);
}

static bool
stop_at_once(void *ctx, uint64_t rows)
{
	return false;
}

static void
a_watcher_that_says_stop_stops(void **state)
{
	struct tayra__requests *requests = rows_of_letters("abc");
	struct tayra__replay_options options = {
		.policy = "lru", .sizes = TAYRA__SIZES_UNIT, .capacity = 2, .watch = stop_at_once
	};
	struct tayra__replay_result result;

	assert_int_equal(tayra__replay_run(requests, &options, &result), TAYRA_E_CANCELLED);
	assert_int_equal(result.misses, 0);
	tayra__requests_destroy(requests);
}

static void
what_cannot_be_replayed_is_refused(void **state)
{
	struct tayra__requests *requests = rows_of_letters("abc");
	struct tayra__replay_options options = { .policy = "belady",
						 .sizes = TAYRA__SIZES_UNIT,
						 .capacity = 2 };
	struct tayra__replay_result result;

	assert_int_equal(tayra__replay_run(requests, &options, &result), TAYRA_E_INVAL);
	options.engine = TAYRA__ENGINE_CACHE;
	options.policy = "fifo";
	assert_int_equal(tayra__replay_run(requests, &options, &result), TAYRA_E_INVAL);
	options.policy = "nothing";
	options.engine = TAYRA__ENGINE_EXACT;
	assert_int_equal(tayra__replay_run(requests, &options, &result), TAYRA_E_INVAL);
	tayra__requests_destroy(requests);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expired_hit_is_a_miss_and_a_hit_does_not_prolong),
		cmocka_unit_test(an_object_of_no_size_is_cached_in_hardly_any_room),
		cmocka_unit_test(a_delete_removes_and_is_no_request),
		cmocka_unit_test(
			an_object_larger_than_the_capacity_is_not_cached_and_evicts_nothing),
		cmocka_unit_test(the_size_first_seen_stays),
		cmocka_unit_test(missed_cost_is_that_of_the_rows_that_missed),
		cmocka_unit_test(the_same_replay_gives_the_same_result),
		cmocka_unit_test(the_production_lru_is_near_the_exact_one_with_expiry_and_deletes),
		cmocka_unit_test(a_watcher_that_says_stop_stops),
		cmocka_unit_test(what_cannot_be_replayed_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
