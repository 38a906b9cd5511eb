/* SPDX-License-Identifier: Apache-2.0
 *
 * Hits, misses, landings, prefetches, writes, switches that are turned, and who looks at what was
 * learned, all at once.  ThreadSanitizer judges; and every answer is of its key.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/rng.h"

#define KEYS  48
#define READS 60000

struct scene {
	struct tayra *t, *pool;
	struct tayra_origin *origin;
	_Atomic unsigned wrong;
	_Atomic bool over;
};

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	(void)arg;
	*value = malloc(key_len);
	if (!*value)
		return TAYRA_E_NOMEM;
	memcpy(*value, key, key_len);
	*len = key_len;
	return TAYRA_OK;
}

static void
get(struct scene *scene, struct tayra *t, unsigned n)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	char key[32];

	r.key = key;
	r.key_len = (size_t)snprintf(key, sizeof(key), "key:%u", n);
	r.origin = scene->origin;
	if (tayra_get_or_load(t, &r, &ref) != TAYRA_OK || ref.value_len != r.key_len ||
	    memcmp(ref.value, key, r.key_len) != 0)
		atomic_fetch_add(&scene->wrong, 1);
	tayra_release(&ref);
}

static void *
read_keys(void *arg)
{
	struct scene *scene = arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uint64_t)(uintptr_t)&rng);
	for (unsigned i = 0; i < READS; i++) {
		unsigned n = (unsigned)tayra__rng_below(&rng, KEYS);

		/* now and then a pair */
		get(scene, i % 3 ? scene->t : scene->pool, n);
		if (i % 7 == 0)
			get(scene, scene->t, (n + 1) % KEYS);
	}
	return NULL;
}

static void *
change_keys(void *arg)
{
	struct scene *scene = arg;
	char key[32];

	for (unsigned i = 0; !atomic_load(&scene->over); i++) {
		size_t len = (size_t)snprintf(key, sizeof(key), "key:%u", i % KEYS);

		if (i % 2)
			tayra_put(scene->t, key, len, key, len, 3, 0);
		else
			tayra_delete(scene->pool, key, len);
	}
	return NULL;
}

static void *
turn_switches(void *arg)
{
	struct scene *scene = arg;
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct tayra_prediction p = TAYRA_PREDICTION_INIT;
	FILE *nowhere = fopen("/dev/null", "w");

	for (unsigned i = 0; !atomic_load(&scene->over); i++) {
		enum tayra_feature_mode mode = TAYRA_FEATURE_OFF + i % 3;

		strategy.ttl_ms = 2 + i % 5;
		strategy.ttl_max_ms = 50;
		strategy.ttl_learning = mode;
		strategy.prefetch_refresh = TAYRA_FEATURE_OFF + (i / 3) % 3;
		strategy.prefetch_successors = TAYRA_FEATURE_OFF + (i / 9) % 3;
		strategy.prefetch_changed = TAYRA_FEATURE_OFF + (i / 5) % 3;
		strategy.prefetch_price = 0.01;
		strategy.patterns = mode;
		if (tayra_strategy_set(i % 2 ? scene->t : scene->pool, &strategy) != TAYRA_OK)
			atomic_fetch_add(&scene->wrong, 1);
		tayra_strategy_stats(scene->t, &stats);
		tayra_predict_next_access(scene->t, "key:1", 5, &p);
		if (tayra_pool_find(scene->t, "pages") != scene->pool)
			atomic_fetch_add(&scene->wrong, 1);
		tayra_patterns_write(scene->t, TAYRA_PATTERNS_JSON, nowhere);
	}
	fclose(nowhere);
	return NULL;
}

static void
learning_at_work_is_free_of_races(void **state)
{
	struct tayra_origin_options origin = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct scene scene = { 0 };
	pthread_t readers[2], changer, switcher;

	(void)state;
	origin.threads = 2;
	options.ticker = true;
	options.strategy = &strategy;
	strategy.ttl_ms = 5;
	strategy.ttl_learning = TAYRA_FEATURE_ON;
	strategy.prefetch_refresh = TAYRA_FEATURE_ON;
	strategy.prefetch_successors = TAYRA_FEATURE_ON;
	strategy.prefetch_changed = strategy.prefetch_periodic = TAYRA_FEATURE_ON;
	strategy.prefetch_price = 0.01;
	assert_int_equal(tayra_origin_function(&origin, fetch, NULL, &scene.origin), TAYRA_OK);
	assert_int_equal(tayra_create(&options, &scene.t), TAYRA_OK);
	assert_int_equal(tayra_pool_create(scene.t, "pages", &strategy, &scene.pool), TAYRA_OK);
	for (int i = 0; i < 2; i++)
		pthread_create(&readers[i], NULL, read_keys, &scene);
	pthread_create(&changer, NULL, change_keys, &scene);
	pthread_create(&switcher, NULL, turn_switches, &scene);
	for (int i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	atomic_store(&scene.over, true);
	pthread_join(changer, NULL);
	pthread_join(switcher, NULL);
	tayra_destroy(scene.t);
	tayra_origin_close(scene.origin);
	assert_int_equal(scene.wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learning_at_work_is_free_of_races),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
