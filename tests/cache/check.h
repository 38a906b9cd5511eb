/* SPDX-License-Identifier: Apache-2.0
 *
 * check.h: what the tests of the cache share: cmocka, a cache with chosen options, short put and
 * get by text, and the audit as an assertion.
 */
#ifndef TESTS_CACHE_CHECK_H
#define TESTS_CACHE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <tayra/cache.h>

#include "cache/audit.h"

static inline void
check_audit(struct tayra_cache *cache)
{
	char text[200] = "";

	if (!tayra__cache_audit(cache, TAYRA__AUDIT_QUIET, text, sizeof(text)))
		fail_msg("audit: %s", text);
}

static inline struct tayra_cache *
check_create(const struct tayra_cache_options *options)
{
	struct tayra_cache *cache = NULL;

	assert_int_equal(tayra_cache_create(options, &cache), TAYRA_OK);
	assert_non_null(cache);
	return cache;
}

static inline struct tayra_cache_stats
check_stats(struct tayra_cache *cache)
{
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	tayra_cache_stats(cache, &stats);
	return stats;
}

static inline int
put_text(struct tayra_cache *cache, const char *key, const char *value)
{
	return tayra_cache_put(cache, key, strlen(key), value, strlen(value), NULL, 0);
}

/* Is the key there, with exactly this value?  NULL: it must not be there. */
static inline void
expect_text(struct tayra_cache *cache, const char *key, const char *value)
{
	struct tayra_value got;
	int status = tayra_cache_get(cache, key, strlen(key), 0, &got);

	if (!value) {
		assert_int_equal(status, TAYRA_E_NOT_FOUND);
		assert_null(got.data);
		return;
	}
	assert_int_equal(status, TAYRA_OK);
	assert_int_equal(got.len, strlen(value));
	assert_memory_equal(got.data, value, got.len);
	tayra_cache_unpin(cache, &got);
}

static inline void
expect_gone(struct tayra_cache *cache, const char *key)
{
	expect_text(cache, key, NULL);
}

#endif
