/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "load/doubt.h"
#include "serve/keyspace.h"

#define START_MS 1000
#define WALL_MS  1700000000000

static struct tayra__keyspace keyspace;
static struct tayra__doubts doubts;

static int
setup(void **state)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;

	memset(&keyspace, 0, sizeof(keyspace));
	keyspace.doubts = &doubts;
	options.memory_bytes = 4u << 20;
	options.shards = 1;
	assert_int_equal(tayra_cache_create(&options, &keyspace.cache), TAYRA_OK);
	tayra__keyspace_set_now(&keyspace, START_MS);
	tayra__keyspace_set_wall(&keyspace, WALL_MS);
	return 0;
}

static int
teardown(void **state)
{
	tayra_cache_destroy(keyspace.cache);
	tayra__doubts_fini(&doubts);
	memset(&doubts, 0, sizeof(doubts));
	return 0;
}

static char room[2] = { 0, 'k' };
static const struct tayra__key_in key = { room + 1, 1, 3 };

static int64_t
deadline_of_key(void)
{
	struct tayra_value value;
	int64_t deadline_ms;

	if (tayra__keyspace_get(&keyspace, &key, &value) != TAYRA_OK)
		return 0;
	deadline_ms = tayra__keyspace_deadline(&keyspace, &value);
	tayra_cache_unpin(keyspace.cache, &value);
	return deadline_ms;
}

static void
a_deadline_is_kept_to_the_millisecond(void **state)
{
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, WALL_MS + 50, 0), TAYRA_OK);
	assert_true(deadline_of_key() == WALL_MS + 50);
	tayra__keyspace_set_now(&keyspace, START_MS + 49);
	assert_true(tayra__keyspace_has(&keyspace, &key));
	tayra__keyspace_set_now(&keyspace, START_MS + 50);
	/* Before anything has looked, and so removed it. */
	assert_int_equal(tayra__keyspace_expire(&keyspace, &key, WALL_MS + 100), TAYRA_E_NOT_FOUND);
	assert_false(tayra__keyspace_has(&keyspace, &key));
	assert_int_equal(tayra__keyspace_delete(&keyspace, &key), TAYRA_E_NOT_FOUND);
}

static void
a_step_of_the_wall_clock_expires_nothing(void **state)
{
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, WALL_MS + 50, 0), TAYRA_OK);
	tayra__keyspace_set_wall(&keyspace, WALL_MS + 3600000);
	assert_true(deadline_of_key() == WALL_MS + 3600000 + 50);
	/* Drift is not a step. */
	tayra__keyspace_set_wall(&keyspace, WALL_MS + 3600000 + 400);
	assert_true(deadline_of_key() == WALL_MS + 3600000 + 50);
}

static void
a_deadline_in_the_past_deletes(void **state)
{
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, TAYRA__NO_EXPIRY, 0),
			 TAYRA_OK);
	assert_true(deadline_of_key() == TAYRA__NO_EXPIRY);
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, WALL_MS, 0), TAYRA_OK);
	assert_false(tayra__keyspace_has(&keyspace, &key));
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, TAYRA__NO_EXPIRY, 0),
			 TAYRA_OK);
	assert_int_equal(tayra__keyspace_expire(&keyspace, &key, INT64_MIN), TAYRA_OK);
	assert_false(tayra__keyspace_has(&keyspace, &key));
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, TAYRA__NO_EXPIRY - 1, 0),
			 TAYRA_OK);
	assert_true(deadline_of_key() == TAYRA__NO_EXPIRY - 1);
}

static void
count_visit(void *arg, const char *bytes, size_t len)
{
	assert_int_equal(len, 1);
	assert_int_equal(bytes[0], 'k');
	++*(int *)arg;
}

static void
a_database_is_counted_walked_and_flushed_alone(void **state)
{
	struct tayra__keyspace_census census;
	struct tayra__key_in other = key;
	int visits = 0;

	other.db = 4;
	assert_int_equal(tayra__keyspace_count(&keyspace, 3), 0);
	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, WALL_MS + 9, 0), TAYRA_OK);
	assert_int_equal(tayra__keyspace_count(&keyspace, 3), 1);
	assert_int_equal(tayra__keyspace_put(&keyspace, &other, "w", 1, TAYRA__NO_EXPIRY, 0),
			 TAYRA_OK);
	assert_int_equal(tayra__keyspace_count(&keyspace, 3), 1);
	assert_int_equal(tayra__keyspace_count(&keyspace, 5), 0);
	tayra__keyspace_census(&keyspace, &census);
	assert_int_equal(census.keys[3], 1);
	assert_int_equal(census.expires[3], 1);
	assert_int_equal(census.expires[4], 0);
	assert_int_equal(tayra__keyspace_scan(&keyspace, 3, 0, 1000, count_visit, &visits), 0);
	assert_int_equal(visits, 1);
	assert_int_equal(tayra__keyspace_flush(&keyspace, 3), TAYRA_OK);
	assert_false(tayra__keyspace_has(&keyspace, &key));
	assert_true(tayra__keyspace_has(&keyspace, &other));
	assert_int_equal(tayra__keyspace_count(&keyspace, 4), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void
what_a_feed_doubts_is_not_there(void **state)
{
	struct tayra__doubt *doubt, *erases;

	assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, TAYRA__NO_EXPIRY, 0),
			 TAYRA_OK);
	assert_true(tayra__keyspace_has(&keyspace, &key));
	doubt = tayra__doubt_take(&doubts, "\2k", 2, false); /* of another database */
	tayra__doubt_mark(&doubts, doubt, START_MS, UINT64_MAX);
	assert_true(tayra__keyspace_has(&keyspace, &key));
	for (int i = 0; i < 2; i++) {
		erases = tayra__doubt_take(&doubts, "\3", 1, i);
		tayra__doubt_mark(&doubts, erases, keyspace.now_ms, UINT64_MAX);
		assert_false(tayra__keyspace_has(&keyspace, &key));
		tayra__keyspace_set_now(&keyspace, keyspace.now_ms + 1);
		assert_int_equal(tayra__keyspace_put(&keyspace, &key, "v", 1, TAYRA__NO_EXPIRY, 0),
				 TAYRA_OK);
		assert_true(tayra__keyspace_has(&keyspace, &key));
	}
	/* Blind: it lives for 5 ms. */
	tayra__doubt_mark(&doubts, doubt = tayra__doubt_take(&doubts, "", 0, false),
			  keyspace.now_ms - 1, 5);
	assert_true(tayra__keyspace_has(&keyspace, &key));
	tayra__keyspace_set_now(&keyspace, keyspace.now_ms + 5);
	assert_false(tayra__keyspace_has(&keyspace, &key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_deadline_is_kept_to_the_millisecond),
		TEST(a_step_of_the_wall_clock_expires_nothing),
		TEST(a_deadline_in_the_past_deletes),
		TEST(what_a_feed_doubts_is_not_there),
		TEST(a_database_is_counted_walked_and_flushed_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
