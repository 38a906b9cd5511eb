/* SPDX-License-Identifier: Apache-2.0
 *
 * A redis-server of our own; skipped where there is none to start.
 */
#include "told.h"

#include "../net/redis.h"

static struct redis server;

static int
start_server(void **state)
{
	if (redis_is_installed())
		redis_up(&server);
	return 0;
}

static int
stop_server(void **state)
{
	if (server.pid)
		redis_down(&server);
	return 0;
}

static struct tayra_feed *
follow(struct tayra *t, const char *prefix)
{
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	char error[200];
	int status;

	o.prefix = prefix;
	o.interval_ns = TAYRA_NS_PER_S / 5;
	status = tayra_feed_redis(t, &o, server.url, error, sizeof(error), &feed);
	if (status != TAYRA_OK || error[0])
		fail_msg("%s: %s", tayra_status_name(status), error);
	return feed;
}

static void
what_is_set_deleted_expired_and_flushed_is_told(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;

	if (!server.pid)
		skip();
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, "k:");
	assert_true(stats_of_feed(feed).sound);
	put(t, "k:1");
	put(t, "k:2");
	put(t, "other");
	assert_string_equal(redis_say(&server, "SET k:1 new"), "+OK");
	wait_told(feed, 1, 0);
	assert_false(is_fresh(t, "k:1"));
	assert_true(is_fresh(t, "k:2"));
	redis_say(&server, "SET other new"); /* not covered, and so not even sent */
	redis_say(&server, "DEL k:1");
	wait_told(feed, 2, 0);
	assert_true(is_fresh(t, "other"));
	redis_say(&server, "SET k:2 new PX 50");
	wait_told(feed, 4, 0); /* it was set, and it is over */
	put(t, "k:2");
	redis_say(&server, "FLUSHALL");
	wait_stale(t, "k:2");
	assert_int_equal(stats_of_feed(feed).prefixes, 1);
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
of_several_prefixes_all_are_told_over_one_connection(void **state)
{
	static const char *const prefixes[] = { "k:", "m:" };
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct tayra *t;

	if (!server.pid)
		skip();
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	o.prefixes = prefixes;
	o.prefix_count = 2;
	assert_int_equal(tayra_feed_redis(t, &o, server.url, NULL, 0, &feed), TAYRA_OK);
	put(t, "k:1");
	put(t, "m:1");
	redis_say(&server, "SET m:1 new");
	wait_told(feed, 1, 0);
	assert_false(is_fresh(t, "m:1"));
	assert_true(is_fresh(t, "k:1"));
	redis_say(&server, "SET other new");
	redis_say(&server, "SET k:1 new");
	wait_told(feed, 2, 0);
	assert_int_equal(stats_of_feed(feed).ignored, 0);
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
a_server_that_hangs_or_is_killed_is_a_gap_and_heard_again(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;

	if (!server.pid)
		skip();
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	feed = follow(t, NULL);
	put(t, "k:1");
	usleep(500000); /* two heartbeats, which are answered */
	assert_int_equal(stats_of_feed(feed).gaps, 0);
	kill(server.pid, SIGSTOP);
	wait_sound(feed, false);
	assert_false(is_fresh(t, "k:1"));
	kill(server.pid, SIGCONT);
	wait_sound(feed, true);
	put(t, "k:1");
	redis_kill(&server);
	wait_sound(feed, false);
	assert_false(is_fresh(t, "k:1"));
	put(t, "k:1");
	assert_true(redis_start(&server));
	wait_sound(feed, true);
	assert_false(is_fresh(t, "k:1"));
	put(t, "k:1");
	redis_say(&server, "SET k:1 new");
	wait_stale(t, "k:1");
	tayra_feed_close(feed);
	tayra_destroy(t);
}

static void
without_a_server_it_opens_blind_and_what_is_wrong_is_refused(void **state)
{
	struct tayra_feed *feed;
	struct tayra *t;
	char error[200];

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	assert_int_equal(
		tayra_feed_redis(t, NULL, "unix:///no/such/socket", error, sizeof(error), &feed),
		TAYRA_OK);
	assert_true(error[0] != '\0');
	assert_false(stats_of_feed(feed).sound);
	tayra_feed_close(feed);
	assert_int_equal(tayra_feed_redis(t, NULL, "nonsense", error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_null(feed);
	assert_true(error[0] != '\0');
	assert_int_equal(tayra_feed_redis(t, NULL, NULL, error, sizeof(error), &feed),
			 TAYRA_E_INVAL);
	assert_int_equal(
		tayra_feed_redis(NULL, NULL, "unix:///no/such/socket", error, sizeof(error), &feed),
		TAYRA_E_INVAL);
	tayra_destroy(t);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_set_deleted_expired_and_flushed_is_told),
	cmocka_unit_test(of_several_prefixes_all_are_told_over_one_connection),
	cmocka_unit_test(a_server_that_hangs_or_is_killed_is_a_gap_and_heard_again),
	cmocka_unit_test(without_a_server_it_opens_blind_and_what_is_wrong_is_refused),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
