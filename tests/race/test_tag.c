/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers and loaders of keys that are made from a few things, and writers that change a thing and
 * tell its tag, or put.  Nobody is given what was made from a thing before a change that was told.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/rng.h"

enum { THINGS = 8, KEYS_OF_ONE = 4, READERS = 3, WRITERS = 2, RUN_US = 400000 };

struct world {
	struct tayra *t;
	struct thing {
		pthread_mutex_t lock;   /* of who changes it */
		_Atomic uint64_t truth; /* what the origin says */
		_Atomic uint64_t told;  /* nothing older may be given */
	} things[THINGS];
	_Atomic bool stop;
	_Atomic uint64_t wrong, hits, changes;
};

static struct world w;

static void
load(struct tayra_load *l, void *arg)
{
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	struct tayra_tag tag;
	uint64_t truth;
	uint32_t k, thing;

	memcpy(&k, tayra_load_key(l, NULL), sizeof(k));
	thing = k % THINGS;
	tag = (struct tayra_tag){ &thing, sizeof(thing) };
	result.tags = &tag;
	result.tag_count = 1;
	truth = atomic_load(&w.things[thing].truth);
	sched_yield(); /* the answer is on its way */
	tayra_load_done(l, &truth, sizeof(truth), &result);
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

		k = (uint32_t)tayra__rng_below(&rng, THINGS * KEYS_OF_ONE);
		told = atomic_load(&w.things[k % THINGS].told);
		if (tayra_get_or_load(w.t, &r, &ref) == TAYRA_OK && ref.value_len == sizeof(got))
			memcpy(&got, ref.value, sizeof(got));
		else
			atomic_fetch_add(&w.wrong, 1);
		if (got < told)
			atomic_fetch_add(&w.wrong, 1);
		if (ref.tier == TAYRA_TIER_RAM)
			atomic_fetch_add(&w.hits, 1);
		tayra_release(&ref);
	}
	return NULL;
}

static void
change(uint32_t thing, uint32_t put_key)
{
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;
	struct tayra_tag tag = { &thing, sizeof(thing) };
	struct thing *it = &w.things[thing];
	uint64_t truth;

	o.tags = &tag;
	o.tag_count = 1;
	pthread_mutex_lock(&it->lock);
	truth = atomic_fetch_add(&it->truth, 1) + 1;
	tayra_delete_tag(w.t, &thing, sizeof(thing));
	tayra_put_with(w.t, &put_key, sizeof(put_key), &truth, sizeof(truth), &o);
	atomic_store(&it->told, truth);
	pthread_mutex_unlock(&it->lock);
	atomic_fetch_add(&w.changes, 1);
}

static void *
write_much(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)arg);
	while (!atomic_load(&w.stop)) {
		uint32_t thing = (uint32_t)tayra__rng_below(&rng, THINGS);

		change(thing, thing + THINGS * (uint32_t)tayra__rng_below(&rng, KEYS_OF_ONE));
		usleep(50);
	}
	return NULL;
}

static void
nothing_from_before_a_tag_was_told_is_given(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	pthread_t threads[READERS + WRITERS];

	o.ticker = true;
	assert_int_equal(tayra_create(&o, &w.t), TAYRA_OK);
	for (int i = 0; i < THINGS; i++)
		pthread_mutex_init(&w.things[i].lock, NULL);
	for (uintptr_t i = 0; i < READERS + WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < READERS ? read_much : write_much, (void *)i),
				 0);
	usleep(RUN_US);
	atomic_store(&w.stop, true);
	for (int i = 0; i < READERS + WRITERS; i++)
		pthread_join(threads[i], NULL);
	tayra_destroy(w.t);
	assert_int_equal(atomic_load(&w.wrong), 0);
	assert_true(atomic_load(&w.hits) > 0);
	assert_true(atomic_load(&w.changes) > 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nothing_from_before_a_tag_was_told_is_given),
};

RUN_TESTS(tests)
