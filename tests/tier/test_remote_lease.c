/* SPDX-License-Identifier: Apache-2.0
 *
 * The lease of a key, between tiers on one server.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "net/redis.h"
#include "tier/remote.h"

#define HOUR    3600000ull
#define LONG_NS (20 * TAYRA_NS_PER_S)
#define TIERS   2

static struct redis server;
static struct tayra__tier *tiers[TIERS];

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int tries = 12000;                                                                 \
		while (!(condition) && tries-- > 0)                                                \
			poll(NULL, 0, 5);                                                          \
		assert_true(tries > 0);                                                            \
	} while (0)

static int
setup(void **state)
{
	struct tayra__remote_options o = { .url = server.url, .timeout_ns = LONG_NS };
	char error[200];

	if (!redis_is_installed())
		return 0;
	if (!redis_up(&server))
		return -1;
	for (unsigned i = 0; i < TIERS; i++)
		if (tayra__remote_open(&o, error, sizeof(error), &tiers[i]) != TAYRA_OK)
			return -1;
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

static uint64_t
wall_ms(void)
{
	return tayra__clock_wall_ms(tayra_clock_real());
}

/* => what the look said; the value, if any, is given back. */
static int
lease(struct tayra__tier *tier, const char *key, uint64_t ns, struct tayra__tier_lease *out)
{
	struct tayra__tier_value value;
	int status;

	*out = (struct tayra__tier_lease){ .ns = ns };
	status = tier->ops->lease(tier, key, strlen(key), wall_ms(), out, &value);
	tayra__tier_value_free(&value);
	return status;
}

static void
release(struct tayra__tier *tier, const char *key, uint64_t token)
{
	const struct tayra__tier_leased leased = { key, strlen(key), token };

	tier->ops->release(tier, &leased, 1);
}

static void
one_has_it_and_the_next_when_it_was_given_back(void **state)
{
	struct tayra__tier_lease a, b;

	need_redis();
	assert_int_equal(lease(tiers[0], "k", LONG_NS, &a), TAYRA_E_NOT_FOUND);
	assert_int_not_equal(a.token, 0);
	assert_false(a.held);
	assert_int_equal(lease(tiers[1], "k", LONG_NS, &b), TAYRA_E_NOT_FOUND);
	assert_int_equal(b.token, 0);
	assert_true(b.held);
	assert_int_equal(lease(tiers[1], "other", LONG_NS, &b), TAYRA_E_NOT_FOUND);
	assert_int_not_equal(b.token, 0);
	release(tiers[1], "k", b.token); /* not of this key */
	release(tiers[0], "k", a.token + 2);
	assert_int_equal(lease(tiers[1], "k", LONG_NS, &b), TAYRA_E_NOT_FOUND);
	assert_true(b.held);
	release(tiers[0], "k", a.token);
	assert_int_equal(lease(tiers[1], "k", LONG_NS, &b), TAYRA_E_NOT_FOUND);
	assert_int_not_equal(b.token, 0);
	assert_int_not_equal(b.token, a.token);
	release(tiers[1], "k", b.token);
	assert_string_equal(redis_say(&server, "EXISTS tayra:l:k"), ":0");
}

static void
several_are_given_back_at_once_but_for_those_that_are_not_ours(void **state)
{
	struct tayra__tier_leased leased[TAYRA__TIER_LEASES];
	char keys[TAYRA__TIER_LEASES][8], ask[32];

	need_redis();
	for (unsigned i = 0; i < TAYRA__TIER_LEASES; i++) {
		struct tayra__tier_lease a;

		snprintf(keys[i], sizeof(keys[i]), "k%u", i);
		lease(tiers[i % 2], keys[i], LONG_NS, &a);
		leased[i] = (struct tayra__tier_leased){ keys[i], strlen(keys[i]),
							 a.token + (i % 4 == 1) };
	}
	tiers[0]->ops->release(tiers[0], leased, TAYRA__TIER_LEASES);
	for (unsigned i = 0; i < TAYRA__TIER_LEASES; i++) {
		snprintf(ask, sizeof(ask), "EXISTS tayra:l:k%u", i);
		assert_string_equal(redis_say(&server, ask), i % 4 == 1 ? ":1" : ":0");
	}
}

static long
left_ms(const char *key)
{
	char ask[32];

	snprintf(ask, sizeof(ask), "PTTL tayra:l:%s", key);
	return strtol(redis_say(&server, ask) + 1, NULL, 10);
}

static void
several_are_renewed_at_once_but_for_those_that_are_not_ours(void **state)
{
	struct tayra__tier_leased leased[4];
	static const char *const keys[] = { "k0", "k1", "k2", "gone" };
	struct tayra__tier_lease a;

	need_redis();
	for (unsigned i = 0; i < 4; i++) {
		lease(tiers[0], keys[i], LONG_NS, &a);
		leased[i] = (struct tayra__tier_leased){ keys[i], strlen(keys[i]),
							 a.token + (i == 1) };
	}
	redis_say(&server, "DEL tayra:l:gone");
	tiers[0]->ops->renew(tiers[0], leased, 4, 10 * LONG_NS);
	assert_in_range(left_ms("k0"), 100000, 200000);
	assert_in_range(left_ms("k1"), 1, 20000);
	assert_in_range(left_ms("k2"), 100000, 200000);
	assert_string_equal(redis_say(&server, "EXISTS tayra:l:gone"), ":0");
	/* None of them: nothing is watched behind it. */
	tiers[0]->ops->renew(tiers[0], &leased[3], 1, LONG_NS);
	release(tiers[0], "k0", leased[0].token);
	assert_string_equal(redis_say(&server, "EXISTS tayra:l:k0"), ":0");
}

static void
it_runs_out_and_who_had_it_then_takes_nobody_elses(void **state)
{
	struct tayra__tier_lease a, b;
	long left;

	need_redis();
	lease(tiers[0], "k", 30 * TAYRA_NS_PER_MS, &a);
	assert_int_not_equal(a.token, 0);
	left = strtol(redis_say(&server, "PTTL tayra:l:k") + 1, NULL, 10);
	assert_in_range(left + 2, 0, 32); /* it may be gone by now */
	EVENTUALLY((lease(tiers[1], "k", LONG_NS, &b), b.token));
	release(tiers[0], "k", a.token);
	assert_string_equal(redis_say(&server, "EXISTS tayra:l:k"), ":1");
	lease(tiers[0], "short", 1, &a); /* a nanosecond is a millisecond to the server */
	assert_int_not_equal(a.token, 0);
}

static void
what_is_there_comes_with_it(void **state)
{
	const uint64_t now = wall_ms();
	const struct tayra__tier_meta meta = { now, now + HOUR, now + HOUR, 0, 0 };
	struct tayra__tier_lease a;

	need_redis();
	assert_int_equal(tiers[0]->ops->put(tiers[0], "k", 1, "v", 1, &meta, now), TAYRA_OK);
	assert_int_equal(lease(tiers[1], "k", LONG_NS, &a), TAYRA_OK);
	assert_int_not_equal(a.token, 0);
	assert_int_equal(tiers[0]->ops->remove(tiers[0], "k", 1, now), TAYRA_OK);
	assert_int_equal(lease(tiers[0], "k", LONG_NS, &a), TAYRA_E_NOT_FOUND);
	assert_true(a.held);
	assert_string_equal(redis_say(&server, "EXISTS tayra:v:k"), ":1"); /* the word of it */
}

static void
where_it_may_not_be_written_nobody_waits(void **state)
{
	struct tayra__tier_lease a;

	need_redis();
	redis_say(&server, "CONFIG SET maxmemory 1");
	assert_int_equal(lease(tiers[0], "k", LONG_NS, &a), TAYRA_E_NOT_FOUND);
	assert_int_equal(a.token, 0);
	assert_false(a.held);
	redis_say(&server, "CONFIG SET maxmemory 0");
	redis_say(&server, "HSET tayra:l:k field value"); /* no lease of ours, but it is there */
	assert_int_equal(lease(tiers[0], "k", LONG_NS, &a), TAYRA_E_NOT_FOUND);
	assert_int_equal(a.token, 0);
	release(tiers[0], "k", 7);
	assert_string_equal(redis_say(&server, "EXISTS tayra:l:k"), ":1");
	redis_kill(&server);
	assert_int_equal(lease(tiers[0], "k", LONG_NS, &a), TAYRA_E_IO);
	assert_int_equal(a.token, 0);
	assert_false(a.held);
	release(tiers[0], "k", 7); /* says nothing to anybody */
	assert_true(redis_start(&server));
}

static void
count(void *ctx, const void *key, size_t key_len)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

static void
nobody_is_told_of_leases(void **state)
{
	const uint64_t now = wall_ms();
	const struct tayra__tier_meta meta = { now, now + HOUR, now + HOUR, 0, 0 };
	_Atomic unsigned told = 0;
	struct tayra__tier_lease a;

	need_redis();
	tayra__tier_watch(tiers[1], count, &told);
	for (int i = 0; i < 20; i++) {
		lease(tiers[0], "k", LONG_NS, &a);
		release(tiers[0], "k", a.token);
	}
	assert_int_equal(tiers[0]->ops->put(tiers[0], "k", 1, "v", 1, &meta, now), TAYRA_OK);
	EVENTUALLY(atomic_load(&told) > 0); /* of what came after them */
	assert_int_equal(atomic_load(&told), 1);
	tayra__tier_watch(tiers[1], NULL, NULL);
}

#define THREADS 10
static _Atomic unsigned given, refused;

static void *
ask_for_it(void *arg)
{
	struct tayra__tier_lease a;

	lease(arg, "k", LONG_NS, &a);
	atomic_fetch_add(&given, a.token != 0);
	atomic_fetch_add(&refused, a.held);
	return NULL;
}

static void
of_ten_that_ask_at_once_one_has_it(void **state)
{
	pthread_t threads[THREADS];

	need_redis();
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_for_it, tiers[i % TIERS]),
				 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&given), 1);
	assert_int_equal(atomic_load(&refused), THREADS - 1);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_has_it_and_the_next_when_it_was_given_back),
		T(several_are_given_back_at_once_but_for_those_that_are_not_ours),
		T(several_are_renewed_at_once_but_for_those_that_are_not_ours),
		T(it_runs_out_and_who_had_it_then_takes_nobody_elses),
		T(what_is_there_comes_with_it),
		T(where_it_may_not_be_written_nobody_waits),
		T(nobody_is_told_of_leases),
		T(of_ten_that_ask_at_once_one_has_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
