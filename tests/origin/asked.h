/* SPDX-License-Identifier: Apache-2.0
 *
 * asked.h: an origin asked for a key, by a handle of its own: nothing is cached.
 */
#ifndef TESTS_ORIGIN_ASKED_H
#define TESTS_ORIGIN_ASKED_H

#include "../load/stage.h"

#include "load/origin.h"

static inline int
look_up(struct tayra_origin *origin, const char *key, size_t key_len, uint64_t timeout_ns,
	struct tayra_ref *ref)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra *t;
	int status;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	r.key = key;
	r.key_len = key_len;
	r.origin = origin;
	r.timeout_ns = timeout_ns;
	status = tayra_get_or_load(t, &r, ref);
	tayra_destroy(t);
	return status;
}

static inline void
expect(struct tayra_origin *origin, const char *key, const void *value, size_t len)
{
	struct tayra_ref ref;
	int status = look_up(origin, key, strlen(key), 0, &ref);

	if (status != TAYRA_OK)
		fail_msg("%s: %s", key, tayra_status_name(status));
	assert_int_equal(ref.value_len, len);
	if (len)
		assert_memory_equal(ref.value, value, len);
	tayra_release(&ref);
}

static inline void
expect_status(struct tayra_origin *origin, const char *key, int expected)
{
	struct tayra_ref ref;
	int status = look_up(origin, key, strlen(key), 0, &ref);

	if (status == TAYRA_OK)
		tayra_release(&ref);
	if (status != expected)
		fail_msg("%s: %s", key, tayra_status_name(status));
}

/* How often it complained, and what it said last. */
static inline void
expect_trouble(struct tayra_origin *origin, uint64_t count, const char *says)
{
	char text[TAYRA__TROUBLE_TEXT];

	assert_int_equal(tayra__trouble_read(&origin->trouble, text), count);
	assert_string_equal(text, says);
}

#endif
