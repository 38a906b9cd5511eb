/* SPDX-License-Identifier: Apache-2.0
 *
 * Tags that an origin gives its values, made from their keys.
 */
#include "../load/stage.h"

#include <stdlib.h>

#include "base/mem.h"

struct shop {
	struct stage s;
	struct tayra_origin *origin;
};

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	(void)arg, (void)key, (void)key_len;
	*value = strdup("v");
	*len = 1;
	return TAYRA_OK;
}

static int
bring(void *arg, const void *key, size_t key_len, const void *value, size_t len)
{
	(void)arg, (void)key, (void)key_len, (void)value, (void)len;
	return TAYRA_OK;
}

static int
fetch_many(void *arg, struct tayra_fetch *fetches, size_t n)
{
	(void)arg;
	for (size_t i = 0; i < n; i++) {
		fetches[i].value = strdup("v");
		fetches[i].len = 1;
		fetches[i].status = TAYRA_OK;
	}
	return TAYRA_OK;
}

static struct tayra_origin_options
options_of(const char *pattern, const char *tags)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;

	o.threads = 1;
	o.pattern = pattern;
	o.tags = tags;
	return o;
}

static void
open_shop(struct shop *shop, const char *pattern, const char *tags)
{
	const struct tayra_origin_options o = options_of(pattern, tags);

	stage_open(&shop->s, NULL);
	assert_int_equal(tayra_origin_function(&o, fetch, NULL, &shop->origin), TAYRA_OK);
	assert_int_equal(tayra_origin_function_write(shop->origin, bring, NULL), TAYRA_OK);
}

static void
close_shop(struct shop *shop)
{
	stage_close(&shop->s);
	tayra_origin_close(shop->origin);
}

static struct tayra_request
of_shop(struct shop *shop, const char *key)
{
	struct tayra_request r = ask(&shop->s, key, NULL);

	r.origin = shop->origin;
	return r;
}

static void
load(struct shop *shop, const char *key)
{
	const struct tayra_request r = of_shop(shop, key);
	struct tayra_ref ref;

	assert_int_equal(tayra_get_or_load(shop->s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "v");
	tayra_release(&ref);
}

static void
say(struct shop *shop, const char *tag)
{
	assert_int_equal(tayra_delete_tag(shop->s.t, tag, strlen(tag)), TAYRA_OK);
}

static void
parts_of_the_key_go_into_its_tags(void **state)
{
	struct shop shop;

	open_shop(&shop, "user:{id}:{what}", "user:{id} \"all {what}\" everything");
	load(&shop, "user:1:orders");
	load(&shop, "user:1:name");
	load(&shop, "user:2:name");
	say(&shop, "user:3");
	say(&shop, "all");
	assert_true(is_fresh(shop.s.t, "user:1:orders"));
	say(&shop, "user:1");
	assert_false(is_fresh(shop.s.t, "user:1:orders"));
	assert_false(is_fresh(shop.s.t, "user:1:name"));
	assert_true(is_fresh(shop.s.t, "user:2:name"));
	load(&shop, "user:1:orders");
	say(&shop, "all name");
	assert_true(is_fresh(shop.s.t, "user:1:orders"));
	assert_false(is_fresh(shop.s.t, "user:2:name"));
	say(&shop, "everything");
	assert_false(is_fresh(shop.s.t, "user:1:orders"));
	close_shop(&shop);
}

static void
a_part_adds_no_tag(void **state)
{
	struct shop shop;

	open_shop(&shop, NULL, "{key}");
	load(&shop, "one two");
	say(&shop, "one");
	say(&shop, "two");
	assert_true(is_fresh(shop.s.t, "one two"));
	say(&shop, "one two");
	assert_false(is_fresh(shop.s.t, "one two"));
	close_shop(&shop);
}

static void
the_prefix_of_a_handles_keys_is_no_part(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct shop shop;

	open_shop(&shop, "k:{name}", "{name}");
	r = of_shop(&shop, "zk:a");
	r.key_prefix_len = 1;
	assert_int_equal(tayra_get_or_load(shop.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_true(is_fresh(shop.s.t, "zk:a"));
	say(&shop, "a");
	assert_false(is_fresh(shop.s.t, "zk:a"));
	load(&shop, "other"); /* not of the pattern, which for a function is not asked */
	assert_true(is_fresh(shop.s.t, "other"));
	close_shop(&shop);
}

static void
what_the_request_says_is_instead(void **state)
{
	const struct tayra_tag red = { "red", 3 };
	struct tayra_request r;
	struct tayra_ref ref;
	struct shop shop;

	open_shop(&shop, NULL, "blue");
	r = of_shop(&shop, "k");
	r.tags = &red;
	r.tag_count = 1;
	assert_int_equal(tayra_get_or_load(shop.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	say(&shop, "blue");
	assert_true(is_fresh(shop.s.t, "k"));
	say(&shop, "red");
	assert_false(is_fresh(shop.s.t, "k"));
	close_shop(&shop);
}

static void
what_is_written_through_has_them_too(void **state)
{
	struct tayra_completion c;
	struct tayra_request r;
	struct shop shop;

	open_shop(&shop, NULL, "{key} blue");
	r = of_shop(&shop, "k");
	assert_int_equal(tayra_put_through(shop.s.t, &r, "v", 1), TAYRA_OK);
	assert_true(is_fresh(shop.s.t, "k"));
	say(&shop, "blue");
	assert_false(is_fresh(shop.s.t, "k"));
	assert_int_equal(tayra_put_through_start(shop.s.t, &r, "v", 1, shop.s.cq, NULL),
			 TAYRA_PENDING);
	assert_int_equal(tayra_cq_wait(shop.s.cq, &c, 1, 10 * TAYRA_NS_PER_S), 1);
	assert_int_equal(c.status, TAYRA_OK);
	assert_true(is_fresh(shop.s.t, "k"));
	say(&shop, "k");
	assert_false(is_fresh(shop.s.t, "k"));
	close_shop(&shop);
}

static void
a_batch_has_them_and_what_is_warmed(void **state)
{
	const struct tayra_origin_options o = options_of("k:{name}", "{name} all");
	struct tayra_warm_options warm = TAYRA_WARM_OPTIONS_INIT;
	struct tayra_warm_key keys[2] = { { "k:a", 3, 0 }, { "k:b", 3, 0 } };
	struct tayra_request r;
	struct shop shop;

	stage_open(&shop.s, NULL);
	assert_int_equal(tayra_origin_batch(&o, NULL, fetch_many, NULL, &shop.origin), TAYRA_OK);
	r = of_shop(&shop, "");
	warm.keys = keys;
	warm.count = 2;
	warm.request = &r;
	assert_int_equal(tayra_warm(shop.s.t, &warm, NULL), TAYRA_OK);
	assert_true(is_fresh(shop.s.t, "k:a") && is_fresh(shop.s.t, "k:b"));
	say(&shop, "a");
	assert_false(is_fresh(shop.s.t, "k:a"));
	assert_true(is_fresh(shop.s.t, "k:b"));
	say(&shop, "all");
	assert_false(is_fresh(shop.s.t, "k:b"));
	close_shop(&shop);
}

static void
what_is_no_list_of_tags_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "   ", "{nobody}", "user:{", "\"open", "\"a\"b", "1 2 3 4 5 6 7 8 9",
	};
	struct tayra_origin *origin = (void *)1;
	char error[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct tayra_origin_options o = options_of("user:{id}", bad[i]);

		assert_int_equal(tayra_origin_function(&o, fetch, NULL, &origin), TAYRA_E_INVAL);
		assert_null(origin);
		assert_int_equal(tayra_origin_redis(&o, "redis://127.0.0.1:1", "GET {id}", error,
						    sizeof(error), &origin),
				 TAYRA_E_INVAL);
		assert_null(origin);
	}
	assert_string_equal(error, "tags: more than 8 words");
}

/* With every allocation refused in turn: it is loaded with its tag, or not kept. */
static void
without_memory_nothing_is_kept_untagged(void **state)
{
	uint64_t n = 0;
	int status;

	do {
		struct tayra_request r;
		struct tayra_ref ref;
		struct shop shop;

		open_shop(&shop, NULL, "{key} blue");
		r = of_shop(&shop, "k");
		tayra__mem_fail_after(++n);
		status = tayra_get_or_load(shop.s.t, &r, &ref);
		tayra__mem_fail_after(0);
		tayra_release(&ref);
		say(&shop, "blue");
		assert_false(is_fresh(shop.s.t, "k"));
		close_shop(&shop);
	} while (status != TAYRA_OK && n < 64);
	assert_in_range(n, 3, 63);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(parts_of_the_key_go_into_its_tags),
	cmocka_unit_test(a_part_adds_no_tag),
	cmocka_unit_test(the_prefix_of_a_handles_keys_is_no_part),
	cmocka_unit_test(what_the_request_says_is_instead),
	cmocka_unit_test(what_is_written_through_has_them_too),
	cmocka_unit_test(a_batch_has_them_and_what_is_warmed),
	cmocka_unit_test(what_is_no_list_of_tags_is_refused),
	cmocka_unit_test(without_memory_nothing_is_kept_untagged),
};

RUN_TESTS(tests)
