/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed with every allocation refused in turn: it is opened whole or not at all, and a change that
 * it is told of is never lost.
 */
#include "../load/house.h"

#include "base/mem.h"

/* More than any operation here allocates. */
#define ENOUGH 64

static void
a_feed_is_opened_whole_or_not_at_all(void **state)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct stage s;
	uint64_t n = 0;
	int status;

	stage_open(&s, NULL);
	o.prefix = "k";
	do {
		tayra__mem_fail_after(++n);
		status = tayra_feed_open(s.t, &o, &feed);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(feed);
			/* Nothing is doubted by one that is not there. */
			assert_int_equal(tayra_put(s.t, "k", 1, "v", 1, 0, 0), TAYRA_OK);
			stage_pass_ms(&s, 2000);
			assert_true(is_fresh(s.t, "k"));
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 3, ENOUGH);
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
a_change_is_not_lost_for_want_of_memory(void **state)
{
	struct tayra_feed *feed;
	struct house h;

	move_in(&h, ROOM_REMOTE);
	assert_int_equal(tayra_feed_open(h.s.t, NULL, &feed), TAYRA_OK);
	tayra_feed_sound(feed);
	stage_pass_ms(&h.s, 5000);
	assert_int_equal(tayra_put(h.s.t, "a1", 2, "v", 1, 60000, 0), TAYRA_OK);
	assert_int_equal(tayra_put(h.s.t, "b1", 2, "v", 1, 60000, 0), TAYRA_OK);
	assert_int_equal(tayra_put(h.s.t, "c1", 2, "v", 1, 60000, 0), TAYRA_OK);
	ram_tier_fail(&h.remote, true);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_feed_changed(feed, "a1", 2), TAYRA_OK);
	assert_int_equal(tayra_feed_changed_prefix(feed, "b", 1), TAYRA_OK);
	tayra__mem_fail_after(0);
	ram_tier_fail(&h.remote, false);
	assert_false(is_fresh(h.s.t, "a1")); /* nor from the tier, which was not told */
	assert_false(is_fresh(h.s.t, "b1"));
	assert_false(is_fresh(h.s.t, "c1")); /* which of them begin so could not be found out */
	tayra_feed_close(feed);
	move_out(&h);
}

/* A key too long to be put together without the heap: then it may be any. */
static void
nor_is_one_of_a_namespace(void **state)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	char whole[501] = { 'n' };
	struct stage s;

	stage_open(&s, NULL);
	o.key_prefix = "n";
	o.key_prefix_len = 1;
	assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_OK);
	tayra_feed_sound(feed);
	stage_pass_ms(&s, 5000);
	memset(whole + 1, 'x', 499);
	assert_int_equal(tayra_put(s.t, whole, 500, "v", 1, 60000, 0), TAYRA_OK);
	assert_true(is_fresh(s.t, whole));
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_feed_changed(feed, whole + 1, 499), TAYRA_OK);
	tayra__mem_fail_after(0);
	assert_false(is_fresh(s.t, whole));
	tayra_feed_close(feed);
	stage_close(&s);
}

/* Nobody listens there, and they open all the same. */
static int
open_postgres(struct tayra *t, struct tayra_feed **out)
{
	return tayra_feed_postgres(t, NULL, "host=/no/such/folder", "c", NULL, 0, out);
}

static int
open_redis(struct tayra *t, struct tayra_feed **out)
{
	return tayra_feed_redis(t, NULL, "unix:///no/such/socket", NULL, 0, out);
}

static void
is_opened_whole_or_not_at_all(int (*open)(struct tayra *, struct tayra_feed **))
{
	struct tayra_feed *feed;
	struct stage s;
	uint64_t n = 0;
	int status;

	stage_open(&s, NULL);
	do {
		tayra__mem_fail_after(++n);
		status = open(s.t, &feed);
		tayra__mem_fail_after(0);
		if (status == TAYRA_E_UNSUPPORTED)
			break;
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(feed);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	if (status == TAYRA_OK) {
		assert_in_range(n, 2, ENOUGH);
		tayra_feed_close(feed);
	}
	stage_close(&s);
}

static void
those_of_servers_are_opened_whole_or_not_at_all(void **state)
{
	is_opened_whole_or_not_at_all(open_postgres);
	is_opened_whole_or_not_at_all(open_redis);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_feed_is_opened_whole_or_not_at_all),
	cmocka_unit_test(a_change_is_not_lost_for_want_of_memory),
	cmocka_unit_test(nor_is_one_of_a_namespace),
	cmocka_unit_test(those_of_servers_are_opened_whole_or_not_at_all),
};

RUN_TESTS(tests)
