/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include "serve/misses.h"
#include "serve/state.h"

#include <stdatomic.h>

static _Atomic uint64_t now_ns;

static uint64_t
test_mono_ns(void *ctx)
{
	return atomic_load(&now_ns);
}

static uint64_t
test_wall_ms(void *ctx)
{
	return 1700000000000ull + atomic_load(&now_ns) / TAYRA_NS_PER_MS;
}

static const struct tayra_clock test_clock = { test_mono_ns, test_wall_ms, NULL };

static void
a_cost_is_the_time_from_the_miss_to_the_set(void **state)
{
	static struct tayra__misses misses;
	const char key[] = "\0key";

	tayra__misses_add(&misses, 1, key + 1, 3, 1000);
	assert_int_equal(tayra__misses_take(&misses, 2, key + 1, 3, 5000), 0);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 2, 5000), 0);
	assert_int_equal(tayra__misses_take(&misses, 1, &"\1key"[1], 3, 5000), 0);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 5000), 4000);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 5000), 0);
	/* The last miss counts. */
	tayra__misses_add(&misses, 1, key + 1, 3, 6000);
	tayra__misses_add(&misses, 1, key + 1, 3, 7000);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 7500), 500);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 7500), 0);
}

static void
what_had_arrived_before_or_is_too_old_teaches_nothing(void **state)
{
	static struct tayra__misses misses;
	const char key[] = "\0key";

	tayra__misses_add(&misses, 1, key + 1, 3, 1000);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 1000), 0);
	tayra__misses_add(&misses, 1, key + 1, 3, 1000);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 900), 0);
	tayra__misses_add(&misses, 1, key + 1, 3, 1000);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 1000 + TAYRA__MISSES_AGE),
			 TAYRA__MISSES_AGE);
	tayra__misses_add(&misses, 1, key + 1, 3, 1000);
	assert_int_equal(tayra__misses_take(&misses, 1, key + 1, 3, 1001 + TAYRA__MISSES_AGE), 0);
}

static void
the_latest_misses_are_the_ones_kept(void **state)
{
	enum { KEYS = 4 * TAYRA__MISSES_WAYS * TAYRA__MISSES_SETS, LATEST = 16 };
	static struct tayra__misses misses;
	unsigned kept = 0;
	char key[16] = "";

	for (int i = 0; i < KEYS; i++) {
		int len = snprintf(key + 1, sizeof(key) - 1, "%d", i);

		tayra__misses_add(&misses, 1, key + 1, (size_t)len, 1000);
	}
	for (int i = 0; i < KEYS; i++) {
		int len = snprintf(key + 1, sizeof(key) - 1, "%d", KEYS - 1 - i);
		uint64_t cost_ns = tayra__misses_take(&misses, 1, key + 1, (size_t)len, 1001);

		kept += cost_ns != 0;
		if (i < LATEST)
			assert_int_equal(cost_ns, 1);
	}
	/* With this many all are in use. */
	assert_in_range(kept, TAYRA__MISSES_WAYS * TAYRA__MISSES_SETS * 9 / 10,
			TAYRA__MISSES_WAYS * TAYRA__MISSES_SETS);
}

/* Of an item that is there, as the cache has it. */
static uint64_t
cost_of(const struct running *running, const char *key)
{
	char stored[64] = "";
	struct tayra_value value;
	uint64_t cost_ns;

	snprintf(stored + 1, sizeof(stored) - 1, "%s", key);
	assert_int_equal(tayra_cache_get(running->server->keyspace.cache, stored, strlen(key) + 1,
					 atomic_load(&now_ns) / TAYRA_NS_PER_MS, &value),
			 TAYRA_OK);
	cost_ns = value.meta.cost_ns;
	tayra_cache_unpin(running->server->keyspace.cache, &value);
	return cost_ns;
}

static void
assert_cost(const struct running *running, const char *key, uint64_t ms)
{
	uint64_t cost_ns = cost_of(running, key);

	/* The cache keeps it within about 1%. */
	if (cost_ns < ms * 980000 || cost_ns > ms * 1020000)
		fail_msg("%s cost %llu ns, not %llu ms", key, (unsigned long long)cost_ns,
			 (unsigned long long)ms);
}

static void
pass_ms(uint64_t ms)
{
	atomic_fetch_add(&now_ns, ms * TAYRA_NS_PER_MS);
}

static void
a_server_learns_what_its_clients_take_to_load(void **state)
{
	struct running running;
	int one, two;

	atomic_store(&now_ns, TAYRA_NS_PER_S);
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .clock = &test_clock });
	one = client_connect(&running);
	two = client_connect(&running);
	client_say(one, "GET a", "$-1\r\n");
	client_say(one, "MGET b c", "*2\r\n$-1\r\n$-1\r\n");
	client_say(one, "GET nx", "$-1\r\n");
	pass_ms(20);
	client_say(two, "SET other 1", "+OK\r\n");
	client_say(one, "SET a 1 EX 100", "+OK\r\n");
	client_say(one, "GET d", "$-1\r\n");
	pass_ms(30);
	client_say(one, "MSET b 1 c 2", "+OK\r\n");
	client_say(two, "SET d 1", "+OK\r\n");
	client_say(one, "SET d 1 NX", "$-1\r\n");
	client_say(one, "SETNX nx 1", ":1\r\n");
	client_say(one, "GETSET pair 1", "$-1\r\n");
	client_say(one, "APPEND a 1", ":2\r\n");
	client_say(one, "INCR b", ":2\r\n");
	client_say(one, "RENAME c e", "+OK\r\n");
	client_say(one, "EXPIRE e 100", ":1\r\n");
	/* In one go: the SET was on its way before the miss was known. */
	client_send(one, "GET f\r\nSET f 1\r\n", 16);
	client_expect(one, "$-1\r\n+OK\r\n", 10);
	client_send(one, "INFO stats\r\n", 12);
	{
		char text[4096] = "";
		ssize_t n = recv(one, text, sizeof(text) - 1, 0);

		assert_true(n > 0);
		/* a 20, b 50, c 50, nx 50. */
		assert_non_null(strstr(text, "load_costs_learned:4\r\n"));
		assert_non_null(strstr(text, "load_cost_mean_ms:42.500\r\n"));
	}
	close(one);
	close(two);
	tayra__server_stop(running.server);
	pthread_join(running.thread, NULL);
	assert_cost(&running, "a", 20);
	assert_cost(&running, "b", 50);
	assert_cost(&running, "e", 50);
	assert_cost(&running, "nx", 50);
	assert_int_equal(cost_of(&running, "d"), 0);
	assert_int_equal(cost_of(&running, "f"), 0);
	assert_int_equal(cost_of(&running, "other"), 0);
	assert_int_equal(cost_of(&running, "pair"), 0);
	tayra__server_destroy(running.server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cost_is_the_time_from_the_miss_to_the_set),
		cmocka_unit_test(what_had_arrived_before_or_is_too_old_teaches_nothing),
		cmocka_unit_test(the_latest_misses_are_the_ones_kept),
		cmocka_unit_test(a_server_learns_what_its_clients_take_to_load),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
