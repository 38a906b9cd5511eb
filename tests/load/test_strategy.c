/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <math.h>
#include <stdlib.h>

#include "load/store.h"

static void
open_with(struct stage *s, const struct tayra_strategy *strategy)
{
	struct tayra_options options = TAYRA_OPTIONS_INIT;

	options.strategy = strategy;
	stage_open(s, &options);
}

static struct tayra_strategy_stats
learned(struct stage *s)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;

	tayra_strategy_stats(s->t, &stats);
	return stats;
}

static void
get(struct stage *s, const char *key)
{
	struct tayra_request r = ask(s, key, answer);
	struct tayra_ref ref;

	assert_int_equal(tayra_get_or_load(s->t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
}

static struct tayra_strategy
ttl_only(enum tayra_feature_mode mode)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;

	strategy.ttl_ms = 1000;
	strategy.ttl_min_ms = 10;
	strategy.ttl_max_ms = 3600000;
	strategy.ttl_learning = mode;
	strategy.prefetch_refresh = TAYRA_FEATURE_OFF;
	strategy.prefetch_successors = TAYRA_FEATURE_OFF;
	strategy.prefetch_changed = strategy.prefetch_periodic = TAYRA_FEATURE_OFF;
	strategy.predictor = TAYRA_FEATURE_OFF;
	return strategy;
}

static void
without_a_strategy_nothing_is_learned(void **state)
{
	struct tayra_strategy got = TAYRA_STRATEGY_INIT;
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	get(&s, "a");
	assert_int_equal(learned(&s).learning_bytes, 0);
	assert_true(isnan(learned(&s).staleness));
	assert_int_equal(tayra_strategy_get(s.t, &got), TAYRA_OK);
	assert_int_equal(got.ttl_learning, TAYRA_FEATURE_OFF);
	assert_int_equal(got.ttl_ms, 60000);
	stage_close(&s);
}

static void
a_strategy_says_how_long_values_live(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_OFF);
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	get(&s, "a");
	stage_pass_ms(&s, 999);
	get(&s, "a");
	assert_int_equal(s.calls, 1);
	stage_pass_ms(&s, 1);
	get(&s, "a");
	assert_int_equal(s.calls, 2);
	stage_close(&s);
}

static void
bad_strategies_are_refused(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_ON);
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	strategy.staleness_budget = 1;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_E_INVAL);
	strategy.staleness_budget = (double)NAN;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_E_INVAL);
	strategy.staleness_budget = 0.5;
	strategy.ttl_learning = 9;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_E_INVAL);
	strategy.ttl_learning = TAYRA_FEATURE_ON;
	strategy.ttl_min_ms = strategy.ttl_max_ms + 1;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_E_INVAL);
	assert_int_equal(tayra_strategy_set(s.t, NULL), TAYRA_E_INVAL);
	assert_int_equal(learned(&s).learning_bytes, 0);
	stage_close(&s);
}

static void
what_never_changes_comes_to_live_longer_than_was_configured(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_ON);
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	for (int i = 0; i < 10000; i++) {
		get(&s, "a");
		stage_pass_ms(&s, 100);
	}
	/* 1000 s at a ttl of 1 s would be 1000 loads */
	assert_in_range(s.calls, 2, 300);
	assert_int_equal(learned(&s).checks, s.calls - 1);
	assert_int_equal(learned(&s).changed, 0);
	stage_close(&s);
}

static void
in_monitor_it_says_so_and_changes_nothing(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_MONITOR);
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	for (int i = 0; i < 2000; i++) {
		get(&s, "a");
		stage_pass_ms(&s, 100);
	}
	assert_int_equal(s.calls, 200);
	assert_int_equal(learned(&s).checks, 199);
	assert_true(learned(&s).loads_expected < 100);
	assert_true(learned(&s).ttl_mean_ms > 2000);
	stage_close(&s);
}

static void
what_changes_all_the_time_comes_to_live_shorter(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_ON);
	struct stage s;
	char value[32];

	(void)state;
	open_with(&s, &strategy);
	s.value = value;
	for (int i = 0; i < 4000; i++) {
		snprintf(value, sizeof(value), "%d", i / 10);
		get(&s, "a");
		stage_pass_ms(&s, 100);
	}
	assert_true(learned(&s).ttl_mean_ms < 500);
	assert_true(s.calls > 1000);
	stage_close(&s);
}

static void
a_ttl_of_the_loader_is_kept(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_ON);
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	s.result.ttl_ms = 500;
	for (int i = 0; i < 100; i++) {
		get(&s, "a");
		stage_pass_ms(&s, 100);
	}
	assert_int_equal(s.calls, 20);
	stage_close(&s);
}

static void
versions_count_before_bytes(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_MONITOR);
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	for (int i = 0; i < 10; i++) {
		s.result.version = 7;
		s.value = i % 2 ? "one" : "two";
		get(&s, "a");
		stage_pass_ms(&s, 1000);
	}
	assert_int_equal(learned(&s).checks, 9);
	assert_int_equal(learned(&s).changed, 0);
	s.result.version = 8;
	get(&s, "a");
	assert_int_equal(learned(&s).changed, 1);
	stage_close(&s);
}

static void
a_failed_load_teaches_nothing_and_a_lost_key_is_a_change(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_MONITOR);
	struct tayra_request r;
	struct tayra_ref ref;
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	get(&s, "a");
	stage_pass_ms(&s, 1000);
	s.status = TAYRA_E_ORIGIN;
	r = ask(&s, "a", answer);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_ORIGIN);
	assert_int_equal(learned(&s).checks, 0);
	s.status = TAYRA_E_NOT_FOUND;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(learned(&s).checks, 1);
	assert_int_equal(learned(&s).changed, 1);
	stage_close(&s);
}

static void
a_put_is_not_taken_for_a_change(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_MONITOR);
	struct stage s;

	(void)state;
	open_with(&s, &strategy);
	get(&s, "a");
	assert_int_equal(tayra_put(s.t, "a", 1, "b", 1, 0, 0), TAYRA_OK);
	stage_pass_ms(&s, 1000);
	get(&s, "a");
	assert_int_equal(learned(&s).checks, 0);
	stage_close(&s);
}

static void
switches_are_turned_at_run_time_and_what_was_learned_stays(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_MONITOR);
	struct tayra_strategy got = TAYRA_STRATEGY_INIT;
	struct stage s;
	unsigned calls;

	(void)state;
	stage_open(&s, NULL);
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_OK);
	for (int i = 0; i < 1000; i++) {
		get(&s, "a");
		stage_pass_ms(&s, 100);
	}
	calls = s.calls;
	assert_int_equal(calls, 100);
	strategy.ttl_learning = TAYRA_FEATURE_ON;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_OK);
	assert_int_equal(tayra_strategy_get(s.t, &got), TAYRA_OK);
	assert_int_equal(got.ttl_learning, TAYRA_FEATURE_ON);
	for (int i = 0; i < 1000; i++) {
		get(&s, "a");
		stage_pass_ms(&s, 100);
	}
	assert_true(s.calls - calls < 30);
	stage_close(&s);
}

static void
learning_keeps_within_its_memory(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_ON);
	struct stage s;

	(void)state;
	strategy.known_keys = 1u << 20;
	strategy.learning_bytes = 256u << 10;
	open_with(&s, &strategy);
	assert_in_range(learned(&s).learning_bytes, 64u << 10, 256u << 10);
	assert_in_range(learned(&s).known_keys, 500, 1u << 14);
	stage_close(&s);
}

static void
read_all(struct stage *s, unsigned rounds)
{
	char key[16];

	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned n = 0; n < 50; n++) {
			snprintf(key, sizeof(key), "k:%u", n);
			get(s, key);
		}
		stage_pass_ms(s, 100);
	}
}

static void
when_the_budget_is_passed_the_configured_ttl_is_the_longest_until_it_is_held(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_ON);
	struct stage s;
	char value[32];
	unsigned calls;

	(void)state;
	strategy.ttl_max_ms = 60000;
	open_with(&s, &strategy);
	read_all(&s, 6000);
	assert_int_equal(learned(&s).ttl_fallbacks, 0);
	assert_true(learned(&s).ttl_mean_ms > 2000);
	/* All of it begins to change at once. */
	s.value = value;
	for (unsigned i = 0; i < 1000 && !learned(&s).ttl_fallen_back; i++) {
		snprintf(value, sizeof(value), "%u", i);
		read_all(&s, 1);
	}
	assert_true(learned(&s).ttl_fallen_back);
	assert_true(learned(&s).staleness > 0.02);
	/* What is loaded from now on lives a second at most. */
	calls = s.calls;
	for (unsigned i = 0; i < 20; i++) {
		get(&s, "a key of another kind");
		stage_pass_ms(&s, 1000);
	}
	assert_int_equal(s.calls - calls, 20);
	read_all(&s, 9000);
	assert_false(learned(&s).ttl_fallen_back);
	assert_true(learned(&s).ttl_fallbacks >= 1);
	stage_close(&s);
}

static void
patterns_are_written_as_text_and_as_json(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_OFF);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	assert_int_equal(tayra_patterns_write(s.t, TAYRA_PATTERNS_TEXT, out), TAYRA_E_UNSUPPORTED);
	strategy.patterns = TAYRA_FEATURE_ON;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_OK);
	for (int i = 0; i < 500; i++) {
		get(&s, "user:7");
		stage_pass_ms(&s, 10);
	}
	assert_int_equal(tayra_patterns_write(s.t, TAYRA_PATTERNS_TEXT, out), TAYRA_OK);
	fflush(out);
	assert_non_null(strstr(text, "user:7"));
	rewind(out);
	assert_int_equal(tayra_patterns_write(s.t, TAYRA_PATTERNS_JSON, out), TAYRA_OK);
	fflush(out);
	assert_int_equal(text[0], '{');
	assert_non_null(strstr(text, "\"hot_keys\""));
	assert_int_equal(tayra_patterns_write(s.t, 2, out), TAYRA_E_INVAL);
	assert_int_equal(tayra_patterns_write(s.t, TAYRA_PATTERNS_JSON, NULL), TAYRA_E_INVAL);
	fclose(out);
	free(text);
	stage_close(&s);
}

struct seen {
	unsigned count;
	bool hot, early;
};

static void
note_hint(void *arg, const struct tayra_hint *hint)
{
	struct seen *seen = arg;

	seen->count++;
	assert_int_equal(hint->size, sizeof(*hint));
	assert_true(strlen(hint->sentence) > 0);
	if (strcmp(hint->kind, "hot_key") == 0) {
		seen->hot = true;
		assert_string_equal(hint->subject, "hot");
		assert_true(hint->requests_per_s > 0);
	}
	if (strcmp(hint->kind, "expired_early") == 0) {
		seen->early = true;
		assert_null(hint->subject);
		assert_true(hint->loads_per_s > 0);
	}
}

/* 100 keys whose time of a second runs out again and again, and a hot one. */
static void
advice_is_there_as_data_too_and_knows_what_had_run_out(void **state)
{
	struct tayra_strategy strategy = ttl_only(TAYRA_FEATURE_OFF);
	struct seen seen = { 0 };
	char key[16];
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	assert_int_equal(tayra_patterns_each(s.t, note_hint, &seen), TAYRA_E_UNSUPPORTED);
	strategy.patterns = TAYRA_FEATURE_ON;
	strategy.ttl_ms = 1000;
	assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_OK);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 100; i++) {
			snprintf(key, sizeof(key), "k:%d", i);
			get(&s, key);
			get(&s, "hot");
		}
		stage_pass_ms(&s, 2000);
	}
	assert_int_equal(tayra_patterns_each(s.t, note_hint, &seen), TAYRA_OK);
	assert_true(seen.hot);
	assert_true(seen.early);
	assert_true(seen.count >= 2);
	assert_int_equal(tayra_patterns_each(s.t, NULL, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_patterns_each(NULL, note_hint, &seen), TAYRA_E_INVAL);
	stage_close(&s);
}

static void
every_preset_can_be_put_in_force_and_acts_on_nothing_learned(void **state)
{
	struct tayra_strategy strategy;
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	for (enum tayra_preset p = TAYRA_PRESET_GENERAL; p <= TAYRA_PRESET_PAGES; p++) {
		assert_non_null(tayra_preset_name(p));
		assert_int_equal(tayra_strategy_preset(p, &strategy), TAYRA_OK);
		assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_OK);
		assert_int_not_equal(strategy.ttl_learning, TAYRA_FEATURE_ON);
		assert_int_not_equal(strategy.prefetch_refresh, TAYRA_FEATURE_ON);
		assert_int_not_equal(strategy.prefetch_successors, TAYRA_FEATURE_ON);
	}
	assert_null(tayra_preset_name(4));
	assert_int_equal(tayra_strategy_preset(4, &strategy), TAYRA_E_INVAL);
	stage_close(&s);
}

struct spread {
	uint64_t now_ms, least_ms, most_ms;
	unsigned keys, early;
};

static void
note_ttl(void *arg, const void *key, size_t key_len, const struct tayra_item_meta *meta)
{
	struct spread *spread = arg;
	uint64_t ttl_ms = meta->fresh_ms - spread->now_ms;

	spread->keys++;
	spread->early += ttl_ms < 750;
	spread->least_ms = ttl_ms < spread->least_ms ? ttl_ms : spread->least_ms;
	spread->most_ms = ttl_ms > spread->most_ms ? ttl_ms : spread->most_ms;
	/* What may be served stale is not more of it. */
	assert_int_equal(meta->expire_ms - meta->fresh_ms, 500);
}

static void
jitter_shortens_each_ttl_by_another_part(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct spread spread = { .now_ms = STAGE_START_NS / TAYRA_NS_PER_MS, .least_ms = 1000 };
	struct stage s;
	uint64_t cursor = 0;

	o.ttl_ms = 1000;
	o.stale_ms = 500;
	o.ttl_jitter = 0.5;
	stage_open(&s, &o);
	for (int i = 0; i < 200; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		if (i % 2)
			get(&s, key);
		else
			tayra_put(s.t, key, strlen(key), "v", 1, 0, 0);
	}
	do
		cursor = tayra_cache_scan(tayra__handle_cache(s.t), cursor, 0, spread.now_ms,
					  note_ttl, &spread);
	while (cursor);
	assert_int_equal(spread.keys, 200);
	assert_in_range(spread.least_ms, 500, 550);
	assert_in_range(spread.most_ms, 950, 1000);
	assert_in_range(spread.early, 60, 140);
	stage_close(&s);
}

static void
a_jitter_that_is_no_part_is_refused(void **state)
{
	const double bad[] = { -0.1, 1, (double)NAN };

	for (int i = 0; i < 3; i++) {
		struct tayra_options o = TAYRA_OPTIONS_INIT;
		struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
		struct tayra *t;

		o.ttl_jitter = bad[i];
		assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
		o.ttl_jitter = 0;
		strategy.ttl_jitter = bad[i];
		o.strategy = &strategy;
		assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_strategy_nothing_is_learned),
		cmocka_unit_test(a_strategy_says_how_long_values_live),
		cmocka_unit_test(bad_strategies_are_refused),
		cmocka_unit_test(jitter_shortens_each_ttl_by_another_part),
		cmocka_unit_test(a_jitter_that_is_no_part_is_refused),
		cmocka_unit_test(what_never_changes_comes_to_live_longer_than_was_configured),
		cmocka_unit_test(in_monitor_it_says_so_and_changes_nothing),
		cmocka_unit_test(what_changes_all_the_time_comes_to_live_shorter),
		cmocka_unit_test(a_ttl_of_the_loader_is_kept),
		cmocka_unit_test(versions_count_before_bytes),
		cmocka_unit_test(a_failed_load_teaches_nothing_and_a_lost_key_is_a_change),
		cmocka_unit_test(a_put_is_not_taken_for_a_change),
		cmocka_unit_test(switches_are_turned_at_run_time_and_what_was_learned_stays),
		cmocka_unit_test(learning_keeps_within_its_memory),
		cmocka_unit_test(
			when_the_budget_is_passed_the_configured_ttl_is_the_longest_until_it_is_held),
		cmocka_unit_test(advice_is_there_as_data_too_and_knows_what_had_run_out),
		cmocka_unit_test(patterns_are_written_as_text_and_as_json),
		cmocka_unit_test(every_preset_can_be_put_in_force_and_acts_on_nothing_learned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
