/* SPDX-License-Identifier: Apache-2.0 */
#include "../load/stage.h"

#include "base/mem.h"
#include "load/origin.h"

/* More than any operation here allocates. */
#define ENOUGH 64

static struct tayra_strategy
everything(void)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;

	strategy.ttl_ms = 1000;
	strategy.ttl_learning = TAYRA_FEATURE_ON;
	strategy.prefetch_refresh = TAYRA_FEATURE_ON;
	strategy.prefetch_successors = TAYRA_FEATURE_ON;
	strategy.patterns = TAYRA_FEATURE_ON;
	return strategy;
}

static void
a_handle_that_learns_is_made_whole_or_not_at_all(void **state)
{
	struct tayra_strategy strategy = everything();
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra *t = NULL;
	uint64_t n = 0;
	int status;

	(void)state;
	options.strategy = &strategy;
	do {
		tayra__mem_fail_after(++n);
		status = tayra_create(&options, &t);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(t);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 10, ENOUGH);
	tayra_destroy(t);
}

static void
a_strategy_is_put_in_force_whole_or_not_at_all(void **state)
{
	struct tayra_strategy strategy = everything(), got = TAYRA_STRATEGY_INIT;
	struct stage s;
	uint64_t n = 0;
	int status;

	(void)state;
	stage_open(&s, NULL);
	do {
		tayra__mem_fail_after(++n);
		status = tayra_strategy_set(s.t, &strategy);
		tayra__mem_fail_after(0);
		assert_int_equal(tayra_strategy_get(s.t, &got), TAYRA_OK);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_int_equal(got.ttl_learning, TAYRA_FEATURE_OFF);
			assert_int_equal(got.ttl_ms, 60000);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_int_equal(got.ttl_learning, TAYRA_FEATURE_ON);
	assert_in_range(n, 6, ENOUGH);
	stage_close(&s);
}

static void
a_pool_is_made_whole_or_not_at_all(void **state)
{
	struct tayra_strategy strategy = everything();
	struct tayra *pool = NULL;
	struct stage s;
	uint64_t n = 0;
	int status;

	(void)state;
	stage_open(&s, NULL);
	do {
		tayra__mem_fail_after(++n);
		status = tayra_pool_create(s.t, "pages", &strategy, &pool);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(pool);
			assert_null(tayra_pool_find(s.t, "pages"));
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 10, ENOUGH);
	stage_close(&s);
}

static void
load_at_once(struct tayra_origin *origin, struct tayra_load *load)
{
	(void)origin;
	tayra_load_done(load, "value", 5, NULL);
}

/* A hit that would begin a refresh, with memory refused at each step: a hit it stays. */
static void
a_prefetch_that_finds_no_memory_is_dropped_and_nobody_notices(void **state)
{
	struct tayra_strategy strategy = everything();
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct tayra_origin origin = { .name = "once", .load = load_at_once };
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra_request r;
	struct tayra_ref ref;
	struct stage s;

	(void)state;
	strategy.ttl_learning = TAYRA_FEATURE_OFF;
	options.strategy = &strategy;
	stage_open(&s, &options);
	r = ask(&s, "k", NULL);
	r.origin = &origin;
	for (unsigned i = 0; i < 6000; i++) {
		bool refuse = i > 4000 && tayra_get(s.t, "k", 1, &ref) == TAYRA_OK;

		if (refuse) {
			tayra_release(&ref);
			tayra__mem_fail_after(1 + i / 10 % 6);
		}
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
		tayra__mem_fail_after(0);
		holds(&ref, "value");
		tayra_release(&ref);
		tayra_tick(s.t, 0);
		stage_pass_ms(&s, 100);
	}
	tayra_strategy_stats(s.t, &stats);
	assert_true(stats.refresh.issued > 100);
	assert_true(stats.refresh.dropped > 20);
	assert_int_equal(stats_of(&s).inflight, 0);
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

static void
a_report_that_finds_no_memory_says_so(void **state)
{
	struct tayra_strategy strategy = everything();
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	FILE *full = fopen("/dev/full", "w");
	struct stage s;

	(void)state;
	options.strategy = &strategy;
	stage_open(&s, &options);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_patterns_write(s.t, TAYRA_PATTERNS_TEXT, stdout), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(tayra_patterns_write(s.t, TAYRA_PATTERNS_JSON, full), TAYRA_E_IO);
	fclose(full);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handle_that_learns_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_strategy_is_put_in_force_whole_or_not_at_all),
		cmocka_unit_test(a_pool_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_prefetch_that_finds_no_memory_is_dropped_and_nobody_notices),
		cmocka_unit_test(a_report_that_finds_no_memory_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
