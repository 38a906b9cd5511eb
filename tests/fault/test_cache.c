/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <sys/resource.h>

#include "base/mem.h"

#include <tayra/cache.h>

static void
creating_fails_cleanly_at_every_allocation(void **state)
{
	int status = TAYRA_E_NOMEM;
	uint64_t n = 0;

	(void)state;
	while (status != TAYRA_OK) {
		struct tayra_cache *cache = (struct tayra_cache *)(uintptr_t)1;

		tayra__mem_fail_after(++n);
		status = tayra_cache_create(NULL, &cache);
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK) {
			tayra_cache_destroy(cache);
		} else {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(cache);
		}
		assert_true(n < 100);
	}
	assert_true(n > 1);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMITS_HURT 1 /* the sanitizer itself lives in address space far over any limit */
#else
#define LIMITS_HURT 0
#endif

static void
creating_fails_cleanly_without_address_space(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o), .memory_bytes = 1ull << 32 };
	struct tayra_cache *cache = (struct tayra_cache *)(uintptr_t)1;
	struct rlimit before, tight;
	int status;

	(void)state;
	if (LIMITS_HURT || getrlimit(RLIMIT_AS, &before) != 0)
		skip();
	tight = before;
	tight.rlim_cur = 1ull << 30;
	assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
	status = tayra_cache_create(&o, &cache);
	setrlimit(RLIMIT_AS, &before);
	assert_int_equal(status, TAYRA_E_NOMEM);
	assert_null(cache);
}

static void
use_after_creation_allocates_nothing(void **state)
{
	const struct tayra_cache_options o = { .size = sizeof(o),
					       .memory_bytes = 8u << 20,
					       .charge_max = 20000,
					       .shards = 1,
					       .policy = TAYRA_POLICY_TAYRA };
	struct tayra_cache *cache;
	struct tayra_value got;
	struct tayra_reservation r;
	uint32_t key;

	(void)state;
	assert_int_equal(tayra_cache_create(&o, &cache), TAYRA_OK);
	tayra__mem_fail_after(1);
	for (key = 1000; key-- > 0;)
		assert_int_equal(tayra_cache_put(cache, &key, sizeof(key), "v", 1, NULL, 0),
				 TAYRA_OK);
	key = 5;
	assert_int_equal(tayra_cache_get(cache, &key, sizeof(key), 0, &got), TAYRA_OK);
	assert_int_equal(tayra_cache_reserve(cache, &key, sizeof(key), 100, 0, &r), TAYRA_OK);
	assert_int_equal(tayra_cache_commit(cache, &r, NULL, 0, NULL), TAYRA_OK);
	tayra_cache_unpin(cache, &got);
	tayra_cache_tick(cache, 0, 0);
	tayra_cache_clear(cache);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	tayra_cache_destroy(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creating_fails_cleanly_at_every_allocation),
		cmocka_unit_test(creating_fails_cleanly_without_address_space),
		cmocka_unit_test(use_after_creation_allocates_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
