/* SPDX-License-Identifier: Apache-2.0
 *
 * batched.h: an origin asked for several keys at once, by a handle of its own.  What is asked
 * together says "many" in its value where the test has its queries say so.
 */
#ifndef TESTS_ORIGIN_BATCHED_H
#define TESTS_ORIGIN_BATCHED_H

#include "asked.h"

#define BATCHED_NS (9 * TAYRA_NS_PER_S)

struct expected {
	const char *key;
	int status;
	const char *value; /* with TAYRA_OK */
	size_t key_len;    /* 0: it is terminated */
};

/* One thread, and a batch that is full before it stops waiting. */
static inline struct tayra_origin_options
batch_of(uint32_t keys, const char *batch)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	o.threads = 1;
	o.batch = batch;
	o.batch_keys_max = keys;
	o.batch_window_ns = 10 * TAYRA_NS_PER_S;
	return o;
}

static inline void
check_completion(const struct expected *e, struct tayra_completion *c)
{
	if (c->status != e->status)
		fail_msg("%s: %s", e->key, tayra_status_name(c->status));
	if (c->status != TAYRA_OK)
		return;
	if (c->ref.value_len != strlen(e->value) ||
	    memcmp(c->ref.value, e->value, c->ref.value_len) != 0)
		fail_msg("%s: \"%.*s\" instead of \"%s\"", e->key, (int)c->ref.value_len,
			 (const char *)c->ref.value, e->value);
	tayra_release(&c->ref);
}

/* Each has `timeout_ns`, or the default. */
static inline void
expect_together(struct tayra_origin *origin, const struct expected *rows, size_t n,
		uint64_t timeout_ns)
{
	struct tayra *t;
	struct tayra_cq *cq;
	struct tayra_completion c;
	struct tayra_ref ref;

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	assert_int_equal(tayra_cq_create(t, &cq), TAYRA_OK);
	for (size_t i = 0; i < n; i++) {
		struct tayra_request r = TAYRA_REQUEST_INIT;

		r.key = rows[i].key;
		r.key_len = rows[i].key_len ? rows[i].key_len : strlen(rows[i].key);
		r.origin = origin;
		r.timeout_ns = timeout_ns;
		assert_int_equal(tayra_get_or_load_start(t, &r, cq, (void *)(uintptr_t)i, &ref),
				 TAYRA_PENDING);
	}
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(tayra_cq_wait(cq, &c, 1, BATCHED_NS), 1);
		check_completion(&rows[(uintptr_t)c.cookie], &c);
	}
	tayra_cq_destroy(cq);
	tayra_destroy(t);
}

#endif
