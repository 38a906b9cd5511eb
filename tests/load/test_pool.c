/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

static struct tayra *
make(struct stage *s, const char *name)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra *pool;

	strategy.ttl_ms = 500;
	strategy.memory_bytes = 2u << 20;
	assert_int_equal(tayra_pool_create(s->t, name, &strategy, &pool), TAYRA_OK);
	return pool;
}

static void
get(struct stage *s, struct tayra *t, const char *key)
{
	struct tayra_request r = ask(s, key, answer);
	struct tayra_ref ref;

	assert_int_equal(tayra_get_or_load(t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
}

static void
a_pool_is_found_by_its_name(void **state)
{
	struct stage s;
	struct tayra *pages, *embeddings;

	(void)state;
	stage_open(&s, NULL);
	assert_null(tayra_pool_find(s.t, "pages"));
	pages = make(&s, "pages");
	embeddings = make(&s, "embeddings");
	assert_ptr_equal(tayra_pool_find(s.t, "pages"), pages);
	assert_ptr_equal(tayra_pool_find(s.t, "embeddings"), embeddings);
	assert_null(tayra_pool_find(s.t, "page"));
	assert_null(tayra_pool_find(s.t, NULL));
	stage_close(&s);
}

static void
names_are_taken_once_and_pools_have_no_pools(void **state)
{
	struct stage s;
	struct tayra *pool, *other;
	char name[TAYRA_POOL_NAME_MAX + 2];

	(void)state;
	stage_open(&s, NULL);
	pool = make(&s, "a");
	assert_int_equal(tayra_pool_create(s.t, "a", NULL, &other), TAYRA_E_INVAL);
	assert_null(other);
	assert_int_equal(tayra_pool_create(pool, "b", NULL, &other), TAYRA_E_INVAL);
	assert_int_equal(tayra_pool_create(s.t, "", NULL, &other), TAYRA_E_INVAL);
	assert_int_equal(tayra_pool_create(s.t, NULL, NULL, &other), TAYRA_E_INVAL);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(tayra_pool_create(s.t, name, NULL, &other), TAYRA_E_INVAL);
	assert_int_equal(tayra_pool_create(s.t, name + 1, NULL, &other), TAYRA_OK);
	stage_close(&s);
}

static void
a_pool_has_keys_times_and_statistics_of_its_own(void **state)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;
	struct stage s;
	struct tayra *pool;

	(void)state;
	stage_open(&s, NULL);
	pool = make(&s, "pages");
	get(&s, s.t, "k");
	get(&s, pool, "k");
	assert_int_equal(s.calls, 2);
	stage_pass_ms(&s, 500);
	get(&s, s.t, "k");
	get(&s, pool, "k");
	assert_int_equal(s.calls, 3);
	tayra_stats(pool, &stats);
	assert_int_equal(stats.requests, 2);
	assert_int_equal(stats.hits, 0);
	assert_int_equal(stats.cache.memory_bytes, 2u << 20);
	assert_int_equal(stats_of(&s).hits, 1);
	assert_int_equal(tayra_delete(s.t, "k", 1), TAYRA_OK);
	get(&s, pool, "k");
	assert_int_equal(s.calls, 3);
	stage_close(&s);
}

static void
pools_share_the_pace_of_their_handle(void **state)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra_request r;
	struct tayra_cq *cq;
	struct tayra_ref ref;
	struct tayra *pool;
	struct stage s;

	(void)state;
	pace.limiter = TAYRA_LIMITER_FIXED;
	pace.limit = 1;
	assert_int_equal(tayra_pace_create(&pace, &options.pace), TAYRA_OK);
	stage_open(&s, &options);
	pool = make(&s, "pages");
	assert_int_equal(tayra_cq_create(pool, &cq), TAYRA_OK);
	r = ask(&s, "a", park);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(s.calls, 1);
	r = ask(&s, "b", park);
	assert_int_equal(tayra_get_or_load_start(pool, &r, cq, NULL, &ref), TAYRA_PENDING);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "x");
	/* the tick of the handle runs what has become ready in its pools */
	tayra_tick(s.t, 0);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "y");
	got_value(&s, "x");
	stage_close(&s);
	tayra_cq_destroy(cq);
	tayra_pace_destroy(options.pace);
}

static void
a_pool_goes_with_its_handle_and_not_before(void **state)
{
	struct tayra_ref ref;
	struct stage s;
	struct tayra *pool;

	(void)state;
	stage_open(&s, NULL);
	pool = make(&s, "pages");
	assert_int_equal(tayra_put(pool, "k", 1, "v", 1, 0, 0), TAYRA_OK);
	tayra_destroy(pool);
	assert_int_equal(tayra_get(pool, "k", 1, &ref), TAYRA_OK);
	stage_close(&s);
	holds(&ref, "v");
	tayra_release(&ref);
}

static void
with_the_ticker_a_pool_reads_its_handles_clock(void **state)
{
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra *t, *pool;
	struct tayra_ref ref;

	(void)state;
	options.ticker = true;
	assert_int_equal(tayra_create(&options, &t), TAYRA_OK);
	assert_int_equal(tayra_pool_create(t, "pages", NULL, &pool), TAYRA_OK);
	assert_int_equal(tayra_put(pool, "k", 1, "v", 1, 60000, 0), TAYRA_OK);
	assert_int_equal(tayra_get(pool, "k", 1, &ref), TAYRA_OK);
	tayra_release(&ref);
	tayra_destroy(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_is_found_by_its_name),
		cmocka_unit_test(names_are_taken_once_and_pools_have_no_pools),
		cmocka_unit_test(a_pool_has_keys_times_and_statistics_of_its_own),
		cmocka_unit_test(pools_share_the_pace_of_their_handle),
		cmocka_unit_test(a_pool_goes_with_its_handle_and_not_before),
		cmocka_unit_test(with_the_ticker_a_pool_reads_its_handles_clock),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
