/* SPDX-License-Identifier: Apache-2.0
 *
 * What tiers on one server tell each other of tags.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <pthread.h>

#include "base/clock.h"
#include "net/redis.h"
#include "tier/remote.h"

#define TIERS   2
#define HOUR    3600000ull
#define LONG_NS (20 * TAYRA_NS_PER_S)

static struct redis server;
static struct tayra__tier *tiers[TIERS];

struct hearing {
	pthread_mutex_t lock;
	char text[400]; /* keys, and tags as #hash, in the order in which they came; * for all */
};
static struct hearing heard[TIERS];

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int tries = 12000;                                                                 \
		while (!(condition) && tries-- > 0)                                                \
			poll(NULL, 0, 5);                                                          \
		assert_true(tries > 0);                                                            \
	} while (0)

/* The server may tell the writing and the deleting of a tag's key as one or as two. */
static void
note(struct hearing *h, const char *text)
{
	size_t len, last = strlen(text) + 1;

	pthread_mutex_lock(&h->lock);
	len = strlen(h->text);
	if (text[0] != '#' || len < last || strncmp(h->text + len - last, text, last - 1) != 0)
		snprintf(h->text + len, sizeof(h->text) - len, "%s ", text);
	pthread_mutex_unlock(&h->lock);
}

static void
hear(void *ctx, const void *key, size_t key_len)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*s", key ? (int)key_len : 1, key ? (const char *)key : "*");
	note(ctx, text);
}

static void
hear_tag(void *ctx, uint64_t hash)
{
	char text[40];

	snprintf(text, sizeof(text), "#%" PRIx64, hash);
	note(ctx, text);
}

static bool
has_heard(unsigned i, const char *text)
{
	bool same;

	pthread_mutex_lock(&heard[i].lock);
	same = strcmp(heard[i].text, text) == 0;
	pthread_mutex_unlock(&heard[i].lock);
	return same;
}

static bool
has_heard_of(unsigned i, const char *text)
{
	bool has;

	pthread_mutex_lock(&heard[i].lock);
	has = strstr(heard[i].text, text) != NULL;
	pthread_mutex_unlock(&heard[i].lock);
	return has;
}

static void
listen_with(unsigned i)
{
	pthread_mutex_lock(&heard[i].lock);
	heard[i].text[0] = '\0';
	pthread_mutex_unlock(&heard[i].lock);
	tayra__tier_watch(tiers[i], hear, &heard[i]);
	tayra__tier_watch_tags(tiers[i], hear_tag);
}

static bool
is_out(struct tayra__tier *tier)
{
	struct tayra__tier_stats stats;

	tier->ops->stats(tier, &stats);
	return stats.out;
}

static int
setup(void **state)
{
	struct tayra__remote_options o = { .url = server.url, .timeout_ns = LONG_NS };
	char error[200];

	if (!redis_is_installed())
		return 0;
	if (!redis_up(&server))
		return -1;
	for (unsigned i = 0; i < TIERS; i++) {
		o.timeout_ns = i == 0 && *state ? 200 * TAYRA_NS_PER_MS : LONG_NS;
		if (tayra__remote_open(&o, error, sizeof(error), &tiers[i]) != TAYRA_OK)
			return -1;
		pthread_mutex_init(&heard[i].lock, NULL);
		listen_with(i);
	}
	return 0;
}

static int
teardown(void **state)
{
	if (!redis_is_installed())
		return 0;
	for (unsigned i = 0; i < TIERS; i++)
		tiers[i]->ops->close(tiers[i]);
	redis_down(&server);
	return 0;
}

static void
need_redis(void)
{
	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
}

static int
put(struct tayra__tier *tier, const char *key)
{
	const uint64_t now_ms = tayra__clock_wall_ms(tayra_clock_real());
	const struct tayra__tier_meta meta = { now_ms, now_ms + HOUR, now_ms + HOUR, 0, 0, 0 };

	return tier->ops->put(tier, key, strlen(key), "v", 1, &meta, now_ms);
}

static int
tell(unsigned i, uint64_t hash)
{
	return tiers[i]->ops->tell_tag(tiers[i], hash);
}

static void
what_one_tells_the_others_hear_in_its_order_and_it_does_not_itself(void **state)
{
	need_redis();
	/* One by one, or the server may tell them in one go, of keys first. */
	assert_int_equal(put(tiers[0], "before"), TAYRA_OK);
	EVENTUALLY(has_heard(1, "before "));
	assert_int_equal(tell(0, 0x12ab), TAYRA_OK);
	EVENTUALLY(has_heard(1, "before #12ab "));
	assert_int_equal(tell(0, UINT64_MAX), TAYRA_OK);
	EVENTUALLY(has_heard(1, "before #12ab #ffffffffffffffff "));
	assert_int_equal(put(tiers[0], "after"), TAYRA_OK);
	EVENTUALLY(has_heard(1, "before #12ab #ffffffffffffffff after "));
	assert_int_equal(put(tiers[1], "theirs"), TAYRA_OK);
	EVENTUALLY(has_heard(0, "theirs "));
	assert_string_equal(redis_say(&server, "EXISTS tayra:t:00000000000012ab"), ":0");
}

static void
what_could_not_be_told_is_told_before_anything_is_believed_again(void **state)
{
	need_redis();
	assert_int_equal(put(tiers[0], "k"), TAYRA_OK);
	EVENTUALLY(has_heard(1, "k "));
	listen_with(1);
	kill(server.pid, SIGSTOP);
	assert_int_equal(tell(0, 0x77), TAYRA_E_IO);
	assert_true(is_out(tiers[0]));
	assert_int_equal(tell(0, 0x78), TAYRA_E_IO); /* not even sent */
	kill(server.pid, SIGCONT);
	EVENTUALLY(!is_out(tiers[0]));
	EVENTUALLY(has_heard_of(1, "#77 ") && has_heard_of(1, "#78 "));
	/* And leaves nothing there. */
	EVENTUALLY(strcmp(redis_say(&server, "EXISTS tayra:t:0000000000000077 "
					     "tayra:t:0000000000000078"),
			  ":0") == 0);
}

static void
whoever_was_cut_off_meanwhile_is_told_that_anything_may_have_been(void **state)
{
	need_redis();
	redis_say(&server, "CLIENT KILL TYPE normal");
	EVENTUALLY(has_heard_of(1, "* "));
	EVENTUALLY(!is_out(tiers[0]) && !is_out(tiers[1]));
}

static void
what_a_server_has_no_room_for_is_said_not_to_be_told(void **state)
{
	need_redis();
	assert_string_equal(redis_say(&server, "CONFIG SET maxmemory 1"), "+OK");
	assert_int_equal(tell(0, 1), TAYRA_E_IO);
	assert_string_equal(redis_say(&server, "CONFIG SET maxmemory 0"), "+OK");
	assert_int_equal(tell(0, 2), TAYRA_OK);
	EVENTUALLY(has_heard(1, "#2 "));
	assert_false(is_out(tiers[0]));
}

static void
keys_that_are_called_otherwise_are_no_tags(void **state)
{
	need_redis();
	redis_say(&server, "SET tayra:t: x");
	redis_say(&server, "SET tayra:t:00000000000012AB x");
	redis_say(&server, "SET tayra:t:00000000000012a x");
	redis_say(&server, "SET tayra:t:00000000000012abc x");
	redis_say(&server, "SET tayra:t:00000000000012a: x");
	assert_int_equal(tell(0, 0), TAYRA_OK);
	EVENTUALLY(has_heard(1, "#0 "));
}

int
main(void)
{
	static int impatient;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_one_tells_the_others_hear_in_its_order_and_it_does_not_itself, setup,
			teardown),
		cmocka_unit_test_prestate_setup_teardown(
			what_could_not_be_told_is_told_before_anything_is_believed_again, setup,
			teardown, &impatient),
		cmocka_unit_test_setup_teardown(
			whoever_was_cut_off_meanwhile_is_told_that_anything_may_have_been, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_a_server_has_no_room_for_is_said_not_to_be_told, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_that_are_called_otherwise_are_no_tags, setup,
						teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
