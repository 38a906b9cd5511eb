/* SPDX-License-Identifier: Apache-2.0 */
#include "../tier/stage.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/rng.h"

#define KEYS    64
#define THREADS 4

static struct tayra__tier *tier;
static _Atomic uint64_t next_version, wrong, found;
/* The highest version of a key whose remove or overwrite had returned. */
static _Atomic uint64_t gone[KEYS];
static pthread_mutex_t of_key[KEYS]; /* one writer a key, so that its versions have an order */

static void
write_one(struct tayra__rng *rng, uint64_t key)
{
	uint64_t version;

	pthread_mutex_lock(&of_key[key]);
	version = atomic_fetch_add(&next_version, 1) + 1;
	if (tayra__rng_below(rng, 4) == 0)
		stage_remove(tier, key);
	else
		stage_put(tier, key, version, tayra__rng_below(rng, 20000));
	atomic_store(&gone[key], version - 1);
	pthread_mutex_unlock(&of_key[key]);
}

static void
read_one(uint64_t key)
{
	uint64_t before = atomic_load(&gone[key]), version = stage_get(tier, key);

	if (version == UINT64_MAX || (version != 0 && version <= before))
		atomic_fetch_add(&wrong, 1);
	atomic_fetch_add(&found, version != 0);
}

static void *
work(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uintptr_t)arg);
	for (int i = 0; i < 1500; i++) {
		uint64_t key = tayra__rng_below(&rng, KEYS);

		if (tayra__rng_below(&rng, 2))
			write_one(&rng, key);
		else
			read_one(key);
		if (i % 100 == 0) {
			tier->ops->tick(tier, STAGE_NOW);
			stage_stats(tier);
		}
	}
	return NULL;
}

static void
readers_see_the_latest_while_segments_come_and_go(void **state)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < KEYS; i++)
		pthread_mutex_init(&of_key[i], NULL);
	assert_int_equal(
		stage_open_with((struct tayra__file_options){ .limit_bytes = 4 * STAGE_MIB },
				&tier),
		TAYRA_OK);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_true(atomic_load(&found) > 100);
	assert_true(stage_stats(tier).reclaimed > 3);
	assert_int_equal(stage_stats(tier).corrupt, 0); /* nor a descriptor closed under a reader */
	assert_int_equal(stage_stats(tier).io_errors, 0);
	assert_int_equal(tier->ops->close(tier), TAYRA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_see_the_latest_while_segments_come_and_go,
						stage_up, stage_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
