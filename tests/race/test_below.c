/* SPDX-License-Identifier: Apache-2.0
 *
 * Two handles, each with a file tier and a RAM so small that most is read from below, over one
 * store they share.  Nobody reads what was before a change that has returned, wherever it was made.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include <tayra/tayra.h>

#include "base/rng.h"
#include "tier/tier.h"

#define KEYS    128
#define HANDLES 2
#define THREADS 3 /* a handle */
#define BYTES   (16u << 10)
/* Moments are whole milliseconds, carried over from one clock to another: a load that began just
 * before a change may seem to have begun just after it.  The remote tier allows for it as well. */
#define MARGIN_MS 3u

struct slot {
	unsigned char *bytes; /* NULL: not there */
	struct tayra__tier_meta meta;
	uint64_t removed_ms;
};

/* What they share.  A view of it tells the other views of what it changes. */
struct view {
	struct tayra__tier tier;
	struct store *store;
	struct slot own[KEYS]; /* of a tier of its own */
	_Atomic bool fails;
};

struct store {
	pthread_mutex_t lock;
	struct slot slots[KEYS];
	struct view views[HANDLES];
};

static struct view *
view_of(struct tayra__tier *tier)
{
	return (struct view *)tier;
}

static struct slot *
slot_of(struct view *view, const void *key)
{
	uint64_t k;

	memcpy(&k, key, sizeof(k));
	return view->store ? &view->store->slots[k] : &view->own[k];
}

static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t *
lock_of(struct view *view)
{
	return view->store ? &view->store->lock : &own_lock;
}

static int
view_get(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	 struct tayra__tier_value *out)
{
	struct view *view = view_of(tier);
	struct slot *slot = slot_of(view, key);
	int status = TAYRA_E_NOT_FOUND;

	*out = (struct tayra__tier_value){ 0 };
	if (atomic_load(&view->fails))
		return TAYRA_E_IO;
	pthread_mutex_lock(lock_of(view));
	if (slot->bytes) {
		out->block = malloc(BYTES);
		memcpy(out->block, slot->bytes, BYTES);
		out->data = out->block;
		out->len = BYTES;
		out->meta = slot->meta;
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(lock_of(view));
	sched_yield(); /* an answer takes its time */
	return status;
}

static void
tell_others(struct view *view, const void *key)
{
	for (unsigned i = 0; view->store && i < HANDLES; i++)
		if (&view->store->views[i] != view)
			tayra__tier_changed(&view->store->views[i].tier, key, sizeof(uint64_t));
}

static void
set(struct view *view, const void *key, const void *value, const struct tayra__tier_meta *meta,
    uint64_t wall_ms)
{
	struct slot *slot = slot_of(view, key);

	pthread_mutex_lock(lock_of(view));
	free(slot->bytes);
	slot->bytes = value ? malloc(BYTES) : NULL;
	if (value) {
		memcpy(slot->bytes, value, BYTES);
		slot->meta = *meta;
	} else {
		slot->removed_ms = wall_ms;
	}
	pthread_mutex_unlock(lock_of(view));
	tell_others(view, key);
}

static int
view_put(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	 size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	if (atomic_load(&view_of(tier)->fails))
		return TAYRA_E_IO;
	set(view_of(tier), key, value, meta, wall_ms);
	return TAYRA_OK;
}

static int
view_offer(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	   size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	struct view *view = view_of(tier);
	struct slot *slot = slot_of(view, key);
	bool late;

	if (atomic_load(&view->fails))
		return TAYRA_E_IO;
	pthread_mutex_lock(lock_of(view));
	late = slot->removed_ms + MARGIN_MS >= meta->born_ms ||
	       (slot->bytes && slot->meta.born_ms + MARGIN_MS >= meta->born_ms);
	if (!late) {
		free(slot->bytes);
		slot->bytes = malloc(BYTES);
		memcpy(slot->bytes, value, BYTES);
		slot->meta = *meta;
	}
	pthread_mutex_unlock(lock_of(view));
	if (!late)
		tell_others(view, key);
	return late ? TAYRA_E_NOT_FOUND : TAYRA_OK;
}

static int
view_remove(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms)
{
	if (atomic_load(&view_of(tier)->fails))
		return TAYRA_E_IO;
	set(view_of(tier), key, NULL, NULL, wall_ms);
	return TAYRA_OK;
}

static int
view_clear(struct tayra__tier *tier, const void *prefix, size_t prefix_len, uint64_t wall_ms)
{
	if (atomic_load(&view_of(tier)->fails))
		return TAYRA_E_IO;
	for (uint64_t key = 0; key < KEYS; key++)
		set(view_of(tier), &key, NULL, NULL, wall_ms);
	return TAYRA_OK;
}

static uint64_t
view_tick(struct tayra__tier *tier, uint64_t wall_ms)
{
	return wall_ms + 1000;
}

static void
view_stats(struct tayra__tier *tier, struct tayra__tier_stats *out)
{
	*out = (struct tayra__tier_stats){ 0 };
}

static int
view_close(struct tayra__tier *tier)
{
	for (unsigned i = 0; i < KEYS; i++)
		free(view_of(tier)->own[i].bytes);
	tayra__tier_fini(tier);
	return TAYRA_OK;
}

static const struct tayra__tier_ops view_ops = {
	view_get, view_put, view_offer, view_remove, view_clear, view_tick, view_stats, view_close,
};

static struct store store;
static struct view files[HANDLES];
static struct tayra *handles[HANDLES];
static pthread_mutex_t writer[KEYS];
static _Atomic uint64_t next, told[KEYS], truth[KEYS], wrong, found;
static unsigned steps;

static void
open_all(unsigned count, bool ticker)
{
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	memset(&store, 0, sizeof(store));
	memset(files, 0, sizeof(files));
	pthread_mutex_init(&store.lock, NULL);
	cache.memory_bytes = TAYRA_CACHE_MEMORY_MIN;
	cache.shards = 1;
	o.cache = &cache;
	o.ticker = ticker;
	o.ttl_ms = 3600000;
	for (unsigned i = 0; i < HANDLES; i++) {
		tayra__tier_init(&store.views[i].tier, "view", &view_ops);
		store.views[i].store = &store;
		tayra__tier_init(&files[i].tier, "file", &view_ops);
	}
	for (unsigned i = 0; i < KEYS; i++) {
		pthread_mutex_init(&writer[i], NULL);
		atomic_store(&told[i], 0);
		atomic_store(&truth[i], 0);
	}
	atomic_store(&next, 0);
	atomic_store(&wrong, 0);
	atomic_store(&found, 0);
	for (unsigned i = 0; i < count; i++) {
		o.file_tier = (struct tayra_tier_file *)&files[i];
		o.remote_tier = (struct tayra_tier_remote *)&store.views[i];
		assert_int_equal(tayra_create(&o, &handles[i]), TAYRA_OK);
	}
}

static void
close_all(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		tayra_destroy(handles[i]);
	for (unsigned i = 0; i < HANDLES; i++) {
		view_close(&store.views[i].tier);
		view_close(&files[i].tier);
	}
	for (unsigned i = 0; i < KEYS; i++)
		free(store.slots[i].bytes);
	pthread_mutex_destroy(&store.lock);
}

static void
fill(unsigned char *bytes, uint64_t version)
{
	memset(bytes, (int)(version & 255), BYTES);
	memcpy(bytes, &version, sizeof(version));
}

static void
change(struct tayra *t, struct tayra__rng *rng, uint64_t key)
{
	unsigned char bytes[BYTES];
	uint64_t version;

	pthread_mutex_lock(&writer[key]);
	version = atomic_fetch_add(&next, 1) + 1;
	atomic_store(&truth[key], version);
	fill(bytes, version);
	if (tayra__rng_below(rng, 2) ||
	    tayra_put(t, &key, sizeof(key), bytes, BYTES, 0, 0) != TAYRA_OK)
		tayra_delete(t, &key, sizeof(key));
	atomic_store(&told[key], version);
	pthread_mutex_unlock(&writer[key]);
}

static void
load(struct tayra_load *l, void *arg)
{
	unsigned char bytes[BYTES];
	uint64_t key;

	memcpy(&key, tayra_load_key(l, NULL), sizeof(key));
	fill(bytes, atomic_load(&truth[key]));
	tayra_load_done(l, bytes, BYTES, NULL);
}

static void
look(struct tayra *t, struct tayra__rng *rng, uint64_t key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	uint64_t oldest = atomic_load(&told[key]), version;
	struct tayra_ref ref;

	r.key = &key;
	r.key_len = sizeof(key);
	r.load = load;
	r.flags = tayra__rng_below(rng, 2) ? TAYRA_REQUEST_NO_LOAD : 0;
	if (tayra_get_or_load(t, &r, &ref) != TAYRA_OK)
		return;
	memcpy(&version, ref.value, sizeof(version));
	atomic_fetch_add(&found, ref.tier == TAYRA_TIER_REMOTE || ref.tier == TAYRA_TIER_FILE);
	if (version < oldest)
		atomic_fetch_add(&wrong, 1);
	tayra_release(&ref);
}

struct worker {
	struct tayra *t;
	struct tayra__tier *tier;
	uint64_t seed;
	enum { CHANGES_BY_OTHERS, FAILURES } trouble;
};

/* Now and then: nobody knows what changed; or the store cannot be reached for a while. */
static void
make_trouble(const struct worker *w, struct tayra__rng *rng)
{
	if (w->trouble == FAILURES)
		atomic_store(&view_of(w->tier)->fails, tayra__rng_below(rng, 2));
	else
		tayra__tier_changed(w->tier, NULL, 0);
	tayra_tick(w->t, 0);
}

static void *
work(void *arg)
{
	const struct worker *w = arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, w->seed);
	for (unsigned i = 0; i < steps; i++) {
		uint64_t key = tayra__rng_below(&rng, KEYS), what = tayra__rng_below(&rng, 100);

		if (what == 0)
			make_trouble(w, &rng);
		else if (what < 15)
			change(w->t, &rng, key);
		else
			look(w->t, &rng, key);
	}
	return NULL;
}

static void
run(unsigned count, bool ticker, int trouble)
{
	pthread_t threads[HANDLES * THREADS];
	struct worker workers[HANDLES * THREADS];

	steps = getenv("TAYRA_LONG") ? 50000 : 5000;
	open_all(count, ticker);
	for (unsigned i = 0; i < count * THREADS; i++) {
		workers[i] = (struct worker){ .t = handles[i % count],
					      .tier = &store.views[i % count].tier,
					      .seed = i + 1,
					      .trouble = trouble };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < count * THREADS; i++)
		pthread_join(threads[i], NULL);
	close_all(count);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_true(atomic_load(&found) > 100);
}

static void
nobody_reads_what_was_before_a_change_made_through_either_handle(void **state)
{
	run(2, false, CHANGES_BY_OTHERS);
	run(2, true, CHANGES_BY_OTHERS);
}

static void
nobody_reads_what_was_before_a_change_while_the_remote_comes_and_goes(void **state)
{
	run(1, false, FAILURES);
	run(1, true, FAILURES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_reads_what_was_before_a_change_made_through_either_handle),
		cmocka_unit_test(
			nobody_reads_what_was_before_a_change_while_the_remote_comes_and_goes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
