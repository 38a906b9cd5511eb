/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers and loaders, writers that tell the feed or put, and a feed that is lost and found again.
 * Nobody is given as fresh what was before a change that has been told.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/rng.h"

enum { KEYS = 16, READERS = 3, WRITERS = 2, ROUNDS = 400 };

struct world {
	struct tayra *t;
	struct tayra_feed *feed;
	struct key {
		pthread_mutex_t lock;   /* of who changes it */
		_Atomic uint64_t truth; /* what the origin says */
		_Atomic uint64_t told;  /* nothing older may be fresh */
		bool blind;             /* nobody is told */
	} keys[KEYS];
	_Atomic bool stop;
	_Atomic uint64_t wrong, fresh, changes;
};

static struct world w;

static void
load(struct tayra_load *l, void *arg)
{
	uint64_t truth;
	uint32_t k;

	memcpy(&k, tayra_load_key(l, NULL), sizeof(k));
	truth = atomic_load(&w.keys[k].truth);
	sched_yield(); /* the answer is on its way */
	tayra_load_done(l, &truth, sizeof(truth), NULL);
}

static void *
read_much(void *arg)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra__rng rng;
	uint32_t k;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)arg);
	r.key = &k, r.key_len = sizeof(k), r.load = load, r.ttl_ms = 60000;
	while (!atomic_load(&w.stop)) {
		struct tayra_ref ref;
		uint64_t told, got = 0;

		k = (uint32_t)tayra__rng_below(&rng, KEYS);
		told = atomic_load(&w.keys[k].told);
		if (tayra_get_or_load(w.t, &r, &ref) != TAYRA_OK)
			atomic_fetch_add(&w.wrong, 1);
		else
			memcpy(&got, ref.value, sizeof(got));
		if (!ref.stale)
			atomic_fetch_add(&w.fresh, 1);
		if (!ref.stale && got < told)
			atomic_fetch_add(&w.wrong, 1);
		tayra_release(&ref);
	}
	return NULL;
}

static void
change(uint32_t k, bool puts)
{
	struct key *key = &w.keys[k];
	uint64_t truth;

	pthread_mutex_lock(&key->lock);
	truth = atomic_fetch_add(&key->truth, 1) + 1;
	if (puts)
		tayra_put(w.t, &k, sizeof(k), &truth, sizeof(truth), 60000, 0);
	else if (!key->blind)
		tayra_feed_changed(w.feed, &k, sizeof(k));
	if (puts || !key->blind)
		atomic_store(&key->told, truth);
	pthread_mutex_unlock(&key->lock);
	atomic_fetch_add(&w.changes, 1);
}

static void *
write_much(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)arg);
	while (!atomic_load(&w.stop)) {
		change((uint32_t)tayra__rng_below(&rng, KEYS), tayra__rng_below(&rng, 4) == 0);
		if (tayra__rng_below(&rng, 64) == 0)
			usleep(100);
	}
	return NULL;
}

/* What is changed while it is lost nobody says; it is known to be over when it is found again. */
static void
lose_and_find(void)
{
	for (int i = 0; i < KEYS; i++) {
		pthread_mutex_lock(&w.keys[i].lock);
		w.keys[i].blind = true;
		pthread_mutex_unlock(&w.keys[i].lock);
	}
	tayra_feed_lost(w.feed);
	usleep(500);
	for (int i = 0; i < KEYS; i++) {
		pthread_mutex_lock(&w.keys[i].lock);
		w.keys[i].blind = false;
	}
	tayra_feed_sound(w.feed);
	for (int i = 0; i < KEYS; i++) {
		atomic_store(&w.keys[i].told, atomic_load(&w.keys[i].truth));
		pthread_mutex_unlock(&w.keys[i].lock);
	}
}

static void
nothing_from_before_a_change_that_was_told_is_fresh(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	pthread_t threads[READERS + WRITERS];

	o.ticker = true;
	assert_int_equal(tayra_create(&o, &w.t), TAYRA_OK);
	assert_int_equal(tayra_feed_open(w.t, NULL, &w.feed), TAYRA_OK);
	tayra_feed_sound(w.feed);
	for (int i = 0; i < KEYS; i++)
		pthread_mutex_init(&w.keys[i].lock, NULL);
	for (uintptr_t i = 0; i < READERS + WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < READERS ? read_much : write_much, (void *)i),
				 0);
	for (int i = 0; i < ROUNDS; i++) {
		lose_and_find();
		if (i % 8 == 0)
			tayra_feed_changed_prefix(w.feed, NULL, 0);
		usleep(1000);
	}
	atomic_store(&w.stop, true);
	for (int i = 0; i < READERS + WRITERS; i++)
		pthread_join(threads[i], NULL);
	tayra_feed_close(w.feed);
	tayra_destroy(w.t);
	assert_int_equal(atomic_load(&w.wrong), 0);
	assert_true(atomic_load(&w.fresh) > 0);
	assert_true(atomic_load(&w.changes) > 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nothing_from_before_a_change_that_was_told_is_fresh),
};

RUN_TESTS(tests)
