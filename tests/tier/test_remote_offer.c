/* SPDX-License-Identifier: Apache-2.0
 *
 * Two remote tiers on one server: what one has loaded is offered while the other changes the key.
 * Loads begin in the past of a real clock, for the server's is real too.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdatomic.h>

#include "base/clock.h"
#include "net/redis.h"
#include "net/syscalls.h"
#include "tier/remote.h"

#define HOUR    3600000ull
#define LONG_NS (20 * TAYRA_NS_PER_S) /* far more than a healthy server needs */

static struct redis server;
static struct tayra__tier *tier, *other;
static uint64_t ahead_ms; /* of our clock, to the other's */

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int left = 6000;                                                                   \
		while (!(condition) && left-- > 0)                                                 \
			poll(NULL, 0, 10);                                                         \
		assert_true(left > 0);                                                             \
	} while (0)

static uint64_t
wall_ms(void)
{
	return tayra__clock_wall_ms(tayra_clock_real());
}

/* So that what comes is later on any clock, however it rounds. */
static uint64_t
a_little_later(void)
{
	poll(NULL, 0, 20);
	return wall_ms();
}

static struct tayra__tier *
open_with(struct tayra__remote_options o)
{
	struct tayra__tier *opened;
	char error[300];

	if (!o.url)
		o.url = server.url;
	if (!o.timeout_ns)
		o.timeout_ns = LONG_NS;
	assert_int_equal(tayra__remote_open(&o, error, sizeof(error), &opened), TAYRA_OK);
	return opened;
}

static struct tayra__tier_meta
meta_of(uint64_t born_ms)
{
	return (struct tayra__tier_meta){ born_ms, born_ms + HOUR, born_ms + 2 * HOUR, 0, 0 };
}

/* On a busy machine an answer may be so late that what was before the load may have come since:
 * then a later load. */
#define KEPT(key, value) EVENTUALLY(offer(key, value, a_little_later()) == TAYRA_OK)

/* By the tier whose clock is ahead. */
static int
offer(const char *key, const char *value, uint64_t began_ms)
{
	const struct tayra__tier_meta meta = meta_of(began_ms + ahead_ms);

	return tier->ops->offer(tier, key, strlen(key), value, strlen(value), &meta,
				wall_ms() + ahead_ms);
}

static int
put(struct tayra__tier *t, const char *key, const char *value)
{
	const struct tayra__tier_meta meta = meta_of(wall_ms());

	return t->ops->put(t, key, strlen(key), value, strlen(value), &meta, wall_ms());
}

static int
drop(struct tayra__tier *t, const char *key)
{
	return t->ops->remove(t, key, strlen(key), wall_ms());
}

/* => whether that is what is there; NULL: a miss. */
static bool
got(struct tayra__tier *t, const char *key, const char *value)
{
	struct tayra__tier_value found;
	bool same;

	if (t->ops->get(t, key, strlen(key), wall_ms() + HOUR / 2, &found) != TAYRA_OK)
		return value == NULL;
	same = value && found.len == strlen(value) && memcmp(found.data, value, found.len) == 0;
	tayra__tier_value_free(&found);
	return same;
}

static struct tayra__tier_stats
stats(struct tayra__tier *t)
{
	struct tayra__tier_stats s;

	t->ops->stats(t, &s);
	return s;
}

static void
hear(void *ctx, const void *key, size_t key_len)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

static int
setup(void **state)
{
	if (!redis_is_installed())
		return 0;
	if (!server.pid)
		assert_true(redis_start(&server));
	redis_say(&server, "FLUSHALL");
	ahead_ms = 0;
	tier = open_with((struct tayra__remote_options){ 0 });
	other = open_with((struct tayra__remote_options){ 0 });
	a_little_later();
	return 0;
}

static int
teardown(void **state)
{
	if (!redis_is_installed())
		return 0;
	tier->ops->close(tier);
	other->ops->close(other);
	return 0;
}

static void
reopen(struct tayra__tier **t, struct tayra__remote_options o)
{
	(*t)->ops->close(*t);
	*t = open_with(o);
	a_little_later();
}

static void
need_redis(void)
{
	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
}

static void
what_was_loaded_is_kept_where_nobody_has_changed_anything(void **state)
{
	static _Atomic unsigned told, told_other;

	need_redis();
	tayra__tier_watch(tier, hear, &told);
	tayra__tier_watch(other, hear, &told_other);
	assert_int_equal(offer("k", "one", wall_ms()), TAYRA_OK);
	assert_true(got(tier, "k", "one") && got(other, "k", "one"));
	KEPT("k", "two"); /* one's own is replaced */
	assert_true(got(other, "k", "two"));
	EVENTUALLY(atomic_load(&told_other) >= 2);
	assert_int_equal(atomic_load(&told), 0); /* or its own copy would go each time */
	assert_int_equal(stats(tier).puts - stats(tier).refused, 2);
}

static void
what_another_has_put_before_the_load_began_is_replaced(void **state)
{
	need_redis();
	assert_int_equal(put(other, "k", "old"), TAYRA_OK);
	assert_int_equal(put(other, "garbage", "old"), TAYRA_OK);
	redis_say(&server, "SETRANGE tayra:v:garbage 9 xyz");
	redis_say(&server, "LPUSH tayra:v:list x");
	KEPT("k", "new");
	assert_true(got(other, "k", "new"));
	KEPT("garbage", "new");
	assert_true(got(other, "garbage", "new"));
	KEPT("list", "new");
	assert_true(got(other, "list", "new"));
}

static void
what_another_has_put_since_the_load_began_stays(void **state)
{
	uint64_t began;

	need_redis();
	began = wall_ms();
	a_little_later();
	assert_int_equal(put(other, "k", "new"), TAYRA_OK);
	a_little_later();
	assert_int_equal(offer("k", "old", began), TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "k", "new") && got(other, "k", "new"));
	assert_int_equal(stats(tier).refused, 1);
}

static void
what_another_has_removed_since_the_load_began_stays_removed(void **state)
{
	uint64_t began;

	need_redis();
	assert_int_equal(put(other, "k", "older"), TAYRA_OK);
	began = a_little_later();
	a_little_later();
	assert_int_equal(drop(other, "k"), TAYRA_OK);
	assert_int_equal(drop(other, "never there"), TAYRA_E_NOT_FOUND);
	a_little_later();
	assert_int_equal(offer("k", "old", began), TAYRA_E_NOT_FOUND);
	assert_int_equal(offer("never there", "old", began), TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "k", NULL) && got(other, "k", NULL));
	assert_true(got(tier, "never there", NULL));
	assert_int_equal(stats(tier).corrupt, 0);
	assert_int_equal(stats(other).corrupt, 0);
	KEPT("k", "new"); /* loaded afterwards */
	assert_true(got(other, "k", "new"));
}

/* What one may have loaded and not delivered yet nobody else would tell it of. */
static void
a_removal_is_told_also_where_nothing_was(void **state)
{
	static _Atomic unsigned told;

	need_redis();
	tayra__tier_watch(tier, hear, &told);
	assert_int_equal(drop(other, "never there"), TAYRA_E_NOT_FOUND);
	EVENTUALLY(atomic_load(&told) == 1);
}

static void
a_clock_that_is_wrong_changes_nothing(void **state)
{
	static const uint64_t wrong_by_ms[] = { HOUR / 4, -(HOUR / 4) };
	uint64_t before;

	need_redis();
	for (size_t i = 0; i < 2; i++) {
		ahead_ms = wrong_by_ms[i];
		before = wall_ms();
		a_little_later();
		assert_int_equal(put(other, "put", "new"), TAYRA_OK);
		drop(other, "removed");
		assert_int_equal(offer("put", "old", before), TAYRA_E_NOT_FOUND);
		assert_int_equal(offer("removed", "old", before), TAYRA_E_NOT_FOUND);
		KEPT("put", "newer");
		KEPT("removed", "newer");
		assert_true(got(other, "put", "newer"));
	}
}

static void
word_of_a_removal_goes_when_no_load_can_be_older(void **state)
{
	need_redis();
	reopen(&other, (struct tayra__remote_options){ .removed_ns = 100 * TAYRA_NS_PER_MS });
	drop(other, "k");
	EVENTUALLY(strcmp(redis_say(&server, "EXISTS tayra:v:k"), ":0") == 0);
}

/* Who is told of changes has heard of a removal long before word of it goes. */
static void
a_load_that_took_longer_is_kept_by_who_is_told_of_changes_only(void **state)
{
	struct redis old = { .extra = { "--rename-command", "HELLO", "" } };
	const struct tayra__remote_options short_memory = { .removed_ns = TAYRA_NS_PER_MS };
	struct tayra__remote_options o = short_memory;
	uint64_t began;

	need_redis();
	reopen(&tier, short_memory);
	began = wall_ms();
	a_little_later();
	assert_int_equal(offer("k", "slow", began), TAYRA_OK);
	assert_true(redis_up(&old));
	o.url = old.url;
	reopen(&tier, o);
	began = wall_ms();
	a_little_later();
	assert_int_equal(offer("k", "slow", began), TAYRA_E_IO);
	assert_true(got(tier, "k", NULL));
	redis_down(&old);
}

static void
without_resp3_a_load_that_is_older_than_a_change_is_refused_too(void **state)
{
	struct redis old = { .extra = { "--rename-command", "HELLO", "" } };
	struct tayra__remote_options o = { 0 };
	uint64_t began;

	need_redis();
	assert_true(redis_up(&old));
	o.url = old.url;
	reopen(&tier, o);
	reopen(&other, o);
	began = wall_ms();
	a_little_later();
	assert_int_equal(put(other, "put", "new"), TAYRA_OK);
	drop(other, "removed");
	assert_int_equal(offer("put", "old", began), TAYRA_E_NOT_FOUND);
	assert_int_equal(offer("removed", "old", began), TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "put", "new") && got(tier, "removed", NULL));
	KEPT("put", "newer");
	redis_down(&old);
}

/* Nobody says so before the next heartbeat, for there is no RESP3. */
static void
a_server_that_was_emptied_with_its_words_of_removal_takes_no_load(void **state)
{
	struct redis old = { .extra = { "--rename-command", "HELLO", "" } };
	struct tayra__remote_options o = { .heartbeat_ns = 60 * TAYRA_NS_PER_S };
	uint64_t began;

	need_redis();
	assert_true(redis_up(&old));
	o.url = old.url;
	reopen(&tier, o);
	reopen(&other, o);
	a_little_later();
	began = wall_ms();
	a_little_later();
	drop(other, "k");
	redis_say(&old, "FLUSHALL");
	assert_int_not_equal(offer("k", "old", began), TAYRA_OK);
	assert_true(got(tier, "k", NULL) && got(other, "k", NULL));
	redis_down(&old);
}

/* Each began when the server, or the epoch, was another: removals from then may be forgotten. */
static void
a_load_that_is_older_than_the_epoch_is_refused(void **state)
{
	uint64_t began;

	need_redis();
	assert_int_equal(offer("k", "old", wall_ms() - HOUR), TAYRA_E_NOT_FOUND);
	began = wall_ms();
	drop(other, "k");
	redis_kill(&server);
	assert_true(redis_start(&server)); /* empty */
	EVENTUALLY(!stats(tier).out && stats(tier).io_errors > 0);
	EVENTUALLY(offer("k", "old", began) == TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "k", NULL));
	began = wall_ms();
	a_little_later();
	EVENTUALLY(other->ops->clear(other, NULL, 0, wall_ms()) == TAYRA_OK);
	EVENTUALLY(offer("k", "old", began) == TAYRA_E_NOT_FOUND);
	KEPT("k", "new");
}

/* Our own changes and loads are in order already: that one has just begun. */
static void
what_we_have_removed_ourselves_can_be_loaded_at_once(void **state)
{
	need_redis();
	for (int i = 0; i < 10; i++) {
		drop(tier, "k");
		assert_int_equal(offer("k", "new", wall_ms()), TAYRA_OK);
		assert_true(got(other, "k", "new"));
	}
}

static void
a_value_that_began_to_load_before_another_loaded_one_does_not_lose_to_it(void **state)
{
	const struct tayra__tier_meta early = meta_of(wall_ms());
	uint64_t later;

	need_redis();
	poll(NULL, 0, 500);
	later = a_little_later();
	assert_int_equal(other->ops->offer(other, "k", 1, "early", 5, &early, a_little_later()),
			 TAYRA_OK);
	assert_int_equal(offer("k", "late", later), TAYRA_OK);
	assert_true(got(other, "k", "late"));
	assert_int_equal(other->ops->offer(other, "k", 1, "early", 5, &early, a_little_later()),
			 TAYRA_E_NOT_FOUND);
	assert_true(got(other, "k", "late"));
}

/* Between the look and the transaction. */
enum { PUT, DROP };
static _Atomic int intruder;

static ssize_t
intruding_send(void *ctx, int fd, const void *bytes, size_t len, int flags)
{
	if (memmem(bytes, len, "MULTI", 5)) {
		if (atomic_load(&intruder) == PUT)
			put(other, "k", "new");
		else
			drop(other, "k");
	}
	return tayra__syscalls_real()->send(NULL, fd, bytes, len, flags);
}

static void
a_change_between_the_look_and_the_storing_wins(void **state)
{
	static struct tayra__syscalls syscalls; /* for as long as the tier */

	need_redis();
	syscalls = *tayra__syscalls_real();
	syscalls.send = intruding_send;
	reopen(&tier, (struct tayra__remote_options){ .syscalls = &syscalls });
	atomic_store(&intruder, PUT);
	assert_int_equal(offer("k", "old", wall_ms()), TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "k", "new"));
	atomic_store(&intruder, DROP);
	assert_int_equal(offer("k", "old", a_little_later()), TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "k", NULL));
}

static void
what_is_removed_late_because_the_server_hung_leaves_word_too(void **state)
{
	uint64_t began;

	need_redis();
	reopen(&other, (struct tayra__remote_options){ .timeout_ns = 200 * TAYRA_NS_PER_MS });
	EVENTUALLY(put(other, "k", "older") == TAYRA_OK);
	began = a_little_later();
	a_little_later();
	kill(server.pid, SIGSTOP);
	for (int i = 0; i < 300; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i); /* more than are on their way at once */
		assert_int_equal(drop(other, key), TAYRA_E_IO);
	}
	assert_int_equal(drop(other, "k"), TAYRA_E_IO);
	kill(server.pid, SIGCONT);
	EVENTUALLY(!stats(other).out);
	assert_int_equal(offer("k", "old", began), TAYRA_E_NOT_FOUND);
	for (int i = 0; i < 300; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(offer(key, "old", began), TAYRA_E_NOT_FOUND);
	}
	assert_true(got(tier, "k", NULL));
}

static void
a_server_without_room_keeps_nothing_old(void **state)
{
	need_redis();
	assert_int_equal(put(other, "k", "old"), TAYRA_OK);
	redis_say(&server, "CONFIG SET maxmemory 1");
	EVENTUALLY(offer("k", "new", a_little_later()) == TAYRA_E_IO);
	assert_true(got(tier, "k", NULL) && got(other, "k", NULL));
	redis_say(&server, "CONFIG SET maxmemory 0");
	KEPT("k", "new");
	assert_false(stats(tier).out);
}

static int
take_up(void **state)
{
	return !redis_is_installed() || redis_up(&server) ? 0 : -1;
}

static int
take_down(void **state)
{
	if (redis_is_installed())
		redis_down(&server);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_loaded_is_kept_where_nobody_has_changed_anything),
		TEST(what_another_has_put_before_the_load_began_is_replaced),
		TEST(what_another_has_put_since_the_load_began_stays),
		TEST(what_another_has_removed_since_the_load_began_stays_removed),
		TEST(a_removal_is_told_also_where_nothing_was),
		TEST(a_clock_that_is_wrong_changes_nothing),
		TEST(word_of_a_removal_goes_when_no_load_can_be_older),
		TEST(a_load_that_took_longer_is_kept_by_who_is_told_of_changes_only),
		TEST(without_resp3_a_load_that_is_older_than_a_change_is_refused_too),
		TEST(a_server_that_was_emptied_with_its_words_of_removal_takes_no_load),
		TEST(a_load_that_is_older_than_the_epoch_is_refused),
		TEST(what_we_have_removed_ourselves_can_be_loaded_at_once),
		TEST(a_value_that_began_to_load_before_another_loaded_one_does_not_lose_to_it),
		TEST(a_change_between_the_look_and_the_storing_wins),
		TEST(what_is_removed_late_because_the_server_hung_leaves_word_too),
		TEST(a_server_without_room_keeps_nothing_old),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, take_up, take_down);
}
