/* SPDX-License-Identifier: Apache-2.0
 *
 * Two handles over one redis-server of the test's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "base/rng.h"
#include "net/redis.h"

#define HANDLES  2
#define KEYS     16
#define VERSIONS 200000
#define TTL_MS   500
/* A heartbeat, and the second in which it has to be answered (docs/design/tier.md). */
#define HEARTBEAT_NS (100 * TAYRA_NS_PER_MS)
#define BOUND_NS     (HEARTBEAT_NS + TAYRA_NS_PER_S)
#define SLACK_NS     (2 * TAYRA_NS_PER_S) /* of a machine that has other things to do */

static struct redis server;
static struct tayra *handles[HANDLES];
static struct tayra_tier_remote *tiers[HANDLES];

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int left = 12000;                                                                  \
		while (!(condition) && left-- > 0)                                                 \
			poll(NULL, 0, 5);                                                          \
		assert_true(left > 0);                                                             \
	} while (0)

static uint64_t
now_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

static bool
is_out(struct tayra *t)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;

	tayra_stats(t, &stats);
	return stats.remote.out;
}

static int
setup(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	char error[300];

	if (!redis_is_installed())
		return 0;
	if (!redis_up(&server))
		return -1;
	o.url = server.url;
	o.heartbeat_ns = HEARTBEAT_NS;
	options.ttl_ms = TTL_MS;
	options.ticker = true;
	for (unsigned i = 0; i < HANDLES; i++) {
		if (tayra_tier_remote_open(&o, error, sizeof(error), &tiers[i]) != TAYRA_OK)
			return -1;
		options.remote_tier = tiers[i];
		if (tayra_create(&options, &handles[i]) != TAYRA_OK)
			return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned i = 0; i < HANDLES && handles[i]; i++) {
		tayra_destroy(handles[i]);
		tayra_tier_remote_close(tiers[i]);
	}
	if (redis_is_installed())
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

/* => what a handle has without loading; -1: nothing. */
static int
peek(struct tayra *t, enum tayra_tier *tier)
{
	struct tayra_ref ref;
	int seen = -1;

	if (tayra_get(t, "k", 1, &ref) == TAYRA_OK) {
		memcpy(&seen, ref.value, sizeof(seen));
		*tier = ref.tier;
	}
	tayra_release(&ref);
	return seen;
}

static int
put(struct tayra *t, int value)
{
	return tayra_put(t, "k", 1, &value, sizeof(value), 3600000, 0);
}

static void
what_one_handle_puts_and_deletes_the_other_sees(void **state)
{
	enum tayra_tier tier = TAYRA_TIER_NONE;

	need_redis();
	for (int i = 0; i < 20; i++) {
		struct tayra *writer = handles[i % 2], *reader = handles[1 - i % 2];

		/* Once it was told: before that it may be in doubt, and takes no part. */
		EVENTUALLY(put(writer, 2 * i) == TAYRA_OK && !is_out(writer) && !is_out(reader));
		EVENTUALLY(peek(reader, &tier) == 2 * i);
		assert_int_equal(put(writer, 2 * i + 1), TAYRA_OK);
		EVENTUALLY(peek(reader, &tier) == 2 * i + 1); /* its copy in RAM went */
		assert_int_equal(peek(writer, &tier), 2 * i + 1);
		assert_int_equal(tier, TAYRA_TIER_RAM); /* the writer's own did not */
		EVENTUALLY(tayra_delete(writer, "k", 1) != TAYRA_E_IO);
		EVENTUALLY(peek(reader, &tier) == -1);
	}
}

/* Of a value's birth below another clock is believed to a second (docs/design/load.md). */
#define MARGIN_MS 1000

static int
put_tagged(struct tayra *t, int value)
{
	const struct tayra_tag tag = { "red", 3 };
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;

	o.tags = &tag;
	o.tag_count = 1;
	o.ttl_ms = 3600000;
	return tayra_put_with(t, "k", 1, &value, sizeof(value), &o);
}

static void
a_tag_told_to_one_handle_is_forgotten_by_all_and_does_not_come_back(void **state)
{
	enum tayra_tier tier = TAYRA_TIER_NONE;

	need_redis();
	poll(NULL, 0, MARGIN_MS + 50); /* since the handles were made */
	for (int i = 0; i < 4; i++) {
		struct tayra *writer = handles[i % 2], *teller = handles[i / 2];

		EVENTUALLY(put_tagged(writer, i) == TAYRA_OK && !is_out(handles[0]) &&
			   !is_out(handles[1]));
		EVENTUALLY(peek(handles[0], &tier) == i && peek(handles[1], &tier) == i);
		assert_int_equal(tayra_delete_tag(teller, "green", 5), TAYRA_OK);
		assert_int_equal(peek(teller, &tier), i);
		assert_int_equal(tayra_delete_tag(teller, "red", 3), TAYRA_OK);
		assert_int_equal(peek(teller, &tier), -1); /* though it lies in the server */
		EVENTUALLY(peek(handles[0], &tier) == -1 && peek(handles[1], &tier) == -1);
		poll(NULL, 0, MARGIN_MS + 50);
	}
	assert_int_equal(put(handles[0], 7), TAYRA_OK);
	EVENTUALLY(peek(handles[1], &tier) == 7);
	assert_int_equal(tayra_delete_tag(handles[0], "red", 3), TAYRA_OK);
	poll(NULL, 0, 50);
	assert_int_equal(peek(handles[1], &tier), 7); /* it has none */
}

/* The origin, and since when each version of it has been announced. */
static _Atomic uint32_t truth[KEYS];
static _Atomic uint64_t announced_ns[VERSIONS];
static _Atomic uint32_t latest;
static _Atomic bool over;
static _Atomic uint64_t reads, failures, too_old, from_remote;

static void
load(struct tayra_load *l, void *arg)
{
	uint32_t value;
	const uint8_t *key = tayra_load_key(l, NULL);

	value = atomic_load(&truth[*key]);
	tayra_load_done(l, &value, sizeof(value), NULL);
}

static uint32_t
read_once(struct tayra *t, uint8_t key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	uint32_t version = 0;
	struct tayra_ref ref;

	r.key = &key;
	r.key_len = 1;
	r.load = load;
	assert_int_equal(tayra_get_or_load(t, &r, &ref), TAYRA_OK);
	memcpy(&version, ref.value, sizeof(version));
	tayra_release(&ref);
	return version;
}

static void *
read_all_the_time(void *arg)
{
	struct tayra *t = arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)&rng);
	while (!atomic_load(&over)) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		uint8_t key = (uint8_t)tayra__rng_below(&rng, KEYS);
		uint64_t began_ns = now_ns(), since_ns;
		struct tayra_ref ref;
		uint32_t version;

		r.key = &key;
		r.key_len = 1;
		r.load = load;
		atomic_fetch_add(&reads, 1);
		if (tayra_get_or_load(t, &r, &ref) != TAYRA_OK) {
			atomic_fetch_add(&failures, 1);
			continue;
		}
		memcpy(&version, ref.value, sizeof(version));
		atomic_fetch_add(&from_remote, ref.tier == TAYRA_TIER_REMOTE);
		tayra_release(&ref);
		since_ns = atomic_load(&announced_ns[version]);
		if (since_ns &&
		    since_ns + TTL_MS * TAYRA_NS_PER_MS + BOUND_NS + SLACK_NS < began_ns)
			atomic_fetch_add(&too_old, 1);
	}
	return NULL;
}

/* The origin changes, and then one of the handles is told. */
static void *
change_now_and_then(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, 3);
	while (!atomic_load(&over) && atomic_load(&latest) + 1 < VERSIONS) {
		uint8_t key = (uint8_t)tayra__rng_below(&rng, KEYS);
		struct tayra *t = handles[tayra__rng_below(&rng, HANDLES)];
		uint32_t version = atomic_fetch_add(&latest, 1) + 1, before;

		before = atomic_exchange(&truth[key], version);
		if (tayra__rng_below(&rng, 2))
			tayra_delete(t, &key, 1);
		else
			tayra_put(t, &key, 1, &version, sizeof(version), 0, 0);
		if (before)
			atomic_store(&announced_ns[before], now_ns());
		poll(NULL, 0, 1);
	}
	return NULL;
}

static void
a_server_killed_and_started_again_under_load_costs_no_error_and_no_stale_answer(void **state)
{
	const unsigned times = getenv("TAYRA_LONG") ? 20 : 2;
	pthread_t readers[2 * HANDLES], writer;

	need_redis();
	for (unsigned i = 0; i < KEYS; i++)
		atomic_store(&truth[i], atomic_fetch_add(&latest, 1) + 1);
	for (unsigned i = 0; i < 2 * HANDLES; i++)
		assert_int_equal(
			pthread_create(&readers[i], NULL, read_all_the_time, handles[i % HANDLES]),
			0);
	assert_int_equal(pthread_create(&writer, NULL, change_now_and_then, NULL), 0);
	for (unsigned i = 0; i < times; i++) {
		uint64_t before = atomic_load(&from_remote);

		EVENTUALLY(atomic_load(&from_remote) > before + 20);
		redis_kill(&server);
		before = atomic_load(&reads);
		EVENTUALLY(is_out(handles[0]) && is_out(handles[1]));
		EVENTUALLY(atomic_load(&reads) > before + 1000); /* without it */
		assert_true(redis_start(&server));
	}
	EVENTUALLY(!is_out(handles[0]) && !is_out(handles[1]));
	if (getenv("TAYRA_LONG")) /* or no version gets old enough for the readers' check */
		poll(NULL, 0, 10000);
	atomic_store(&over, true);
	for (unsigned i = 0; i < 2 * HANDLES; i++)
		pthread_join(readers[i], NULL);
	pthread_join(writer, NULL);
	assert_int_equal(atomic_load(&failures), 0);
	assert_int_equal(atomic_load(&too_old), 0);
	poll(NULL, 0, TTL_MS + BOUND_NS / TAYRA_NS_PER_MS);
	for (unsigned i = 0; i < HANDLES * KEYS; i++)
		assert_int_equal(read_once(handles[i % HANDLES], i / HANDLES),
				 atomic_load(&truth[i / HANDLES]));
	print_message("# %lu reads, %lu from the server, %u changes, %u kills\n",
		      (unsigned long)atomic_load(&reads), (unsigned long)atomic_load(&from_remote),
		      (unsigned)atomic_load(&latest), times);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_one_handle_puts_and_deletes_the_other_sees,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_tag_told_to_one_handle_is_forgotten_by_all_and_does_not_come_back, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_server_killed_and_started_again_under_load_costs_no_error_and_no_stale_answer,
			setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
