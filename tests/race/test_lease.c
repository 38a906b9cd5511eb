/* SPDX-License-Identifier: Apache-2.0
 *
 * Three handles over one redis-server, threads on each that ask for the same few keys, which are
 * loaded, changed and deleted all the time, while loads fail and connections are killed: everybody
 * is answered.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include <tayra/tayra.h>

#include "base/rng.h"
#include "net/redis.h"

#define HANDLES 3u /* the last has no ticker */
#define THREADS 3u /* a handle */
#define KEYS    4u
#define ROUNDS  6u

static struct redis server;
static struct tayra_tier_remote *tiers[HANDLES];
static struct tayra *handles[HANDLES];
static _Atomic bool stop;
static _Atomic uint64_t answered, failed, wrong, loads;

static void
load(struct tayra_load *l, void *arg)
{
	const uint8_t *key = tayra_load_key(l, NULL);
	uint64_t n = atomic_fetch_add(&loads, 1);

	poll(NULL, 0, n % 3 == 0);
	if (n % 16 == 0)
		tayra_load_fail(l, TAYRA_E_ORIGIN, 0);
	else
		tayra_load_done(l, key, 1, NULL);
}

static void
take(int status, struct tayra_ref *ref, uint8_t key)
{
	if (status == TAYRA_OK && (ref->value_len != 1 || *(const uint8_t *)ref->value != key))
		atomic_store(&wrong, 1);
	if (status != TAYRA_OK && status != TAYRA_E_ORIGIN)
		atomic_store(&wrong, 2);
	atomic_fetch_add(status == TAYRA_OK ? &answered : &failed, 1);
	tayra_release(ref);
}

static void
ask_through(struct tayra_cq *cq, struct tayra *t, const struct tayra_request *r)
{
	struct tayra_completion c;
	struct tayra_ref ref;
	uint8_t key = *(const uint8_t *)r->key;
	int status = tayra_get_or_load_start(t, r, cq, NULL, &ref);

	if (status != TAYRA_PENDING) {
		take(status, &ref, key);
		return;
	}
	if (tayra_cq_wait(cq, &c, 1, 60 * TAYRA_NS_PER_S) == 1)
		take(c.status, &c.ref, key);
	else
		atomic_store(&wrong, 3);
}

static void *
work(void *arg)
{
	struct tayra *t = arg;
	struct tayra_cq *cq;
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)&rng);
	if (tayra_cq_create(t, &cq) != TAYRA_OK)
		return NULL;
	while (!atomic_load(&stop)) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		uint8_t key = (uint8_t)tayra__rng_below(&rng, KEYS);
		struct tayra_ref ref;

		r.key = &key;
		r.key_len = 1;
		r.load = load;
		switch (tayra__rng_below(&rng, 16)) {
		case 0: tayra_delete(t, &key, 1); break;
		case 1: tayra_put(t, &key, 1, &key, 1, 0, 0); break;
		case 2:
		case 3:
		case 4: ask_through(cq, t, &r); break;
		default: take(tayra_get_or_load(t, &r, &ref), &ref, key); break;
		}
	}
	tayra_cq_destroy(cq);
	return NULL;
}

static struct tayra_stats
sum_of_stats(void)
{
	struct tayra_stats sum = TAYRA_STATS_INIT;

	for (unsigned i = 0; i < HANDLES; i++) {
		struct tayra_stats s = TAYRA_STATS_INIT;

		tayra_stats(handles[i], &s);
		sum.leases += s.leases;
		sum.lease_waits += s.lease_waits;
		sum.lease_takeovers += s.lease_takeovers;
	}
	return sum;
}

/* Wait, a minute at most, until more has been answered, and some of it loaded by another handle. */
static void
wait_for_answers(void)
{
	const uint64_t answers = atomic_load(&answered) + 200;
	const uint64_t waits = sum_of_stats().lease_waits + 5;

	for (int i = 0; atomic_load(&answered) < answers || sum_of_stats().lease_waits < waits;
	     i++) {
		assert_true(i < 60000);
		poll(NULL, 0, 1);
	}
}

static void
everybody_is_answered_whoever_loads_fails_or_loses_the_server(void **state)
{
	struct tayra_tier_remote_options remote = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	pthread_t threads[HANDLES * THREADS];
	struct tayra_stats sum;

	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
	assert_true(redis_up(&server));
	remote.url = server.url;
	o.ttl_ms = 3;
	o.timeout_ns = 60 * TAYRA_NS_PER_S;
	o.throttle_ms = 1;
	o.lease_ns = 200 * TAYRA_NS_PER_MS;
	for (unsigned i = 0; i < HANDLES; i++) {
		assert_int_equal(tayra_tier_remote_open(&remote, NULL, 0, &tiers[i]), TAYRA_OK);
		o.remote_tier = tiers[i];
		o.ticker = i + 1 < HANDLES;
		assert_int_equal(tayra_create(&o, &handles[i]), TAYRA_OK);
	}
	for (unsigned i = 0; i < HANDLES * THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, handles[i % HANDLES]), 0);
	for (unsigned round = 0; round < ROUNDS && !atomic_load(&wrong); round++) {
		wait_for_answers();
		redis_say(&server, round % 2 ? "FLUSHALL" : "CLIENT KILL TYPE normal SKIPME yes");
	}
	wait_for_answers();
	atomic_store(&stop, true);
	for (unsigned i = 0; i < HANDLES * THREADS; i++)
		pthread_join(threads[i], NULL);
	sum = sum_of_stats();
	print_message("# %lu answers, %lu loads, %lu leases, %lu waits, %lu takeovers\n",
		      (unsigned long)atomic_load(&answered), (unsigned long)atomic_load(&loads),
		      (unsigned long)sum.leases, (unsigned long)sum.lease_waits,
		      (unsigned long)sum.lease_takeovers);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_true(sum.leases > 0 && sum.lease_waits > 0 && sum.lease_takeovers > 0);
	for (unsigned i = 0; i < HANDLES; i++) {
		tayra_destroy(handles[i]);
		tayra_tier_remote_close(tiers[i]);
	}
	redis_down(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_answered_whoever_loads_fails_or_loses_the_server),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
