/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include "load/origin.h"

/* An origin that answers at once, or parks; it notes whom it was asked for. */
struct source {
	struct tayra_origin origin;
	struct stage *s;
	struct tayra_load *parked;
	bool parks;
	uint64_t takes_ms;
	unsigned calls, background;
	unsigned asked[8]; /* by the last byte of the key, '0' .. '7' */
};

static void
source_load(struct tayra_origin *origin, struct tayra_load *load)
{
	struct source *source = (struct source *)(void *)origin;
	size_t len;
	const char *key = tayra_load_key(load, &len);

	stage_pass_ms(source->s, source->takes_ms);
	source->calls++;
	source->background += tayra_load_class(load) == TAYRA_BACKGROUND;
	source->asked[(unsigned)key[len - 1] % 8]++;
	if (source->parks)
		source->parked = load;
	else
		tayra_load_done(load, source->s->value, strlen(source->s->value), NULL);
}

static void
open_with(struct stage *s, struct source *source, const struct tayra_strategy *strategy,
	  struct tayra_pace *pace)
{
	struct tayra_options options = TAYRA_OPTIONS_INIT;

	options.strategy = strategy;
	options.pace = pace;
	stage_open(s, &options);
	*source = (struct source){ .origin = { .name = "source", .load = source_load }, .s = s };
}

static struct tayra_strategy
prefetch_only(enum tayra_feature_mode refresh, enum tayra_feature_mode successors)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;

	strategy.ttl_ms = 1000;
	strategy.ttl_learning = TAYRA_FEATURE_OFF;
	strategy.prefetch_refresh = refresh;
	strategy.prefetch_successors = successors;
	strategy.prefetch_changed = strategy.prefetch_periodic = TAYRA_FEATURE_OFF;
	return strategy;
}

static void
get(struct stage *s, struct source *source, const char *key)
{
	struct tayra_request r = ask(s, key, NULL);
	struct tayra_completion c;
	struct tayra_ref ref;
	int status;

	r.origin = &source->origin;
	status = tayra_get_or_load_start(s->t, &r, s->cq, NULL, &ref);
	tayra_release(&ref);
	if (status == TAYRA_PENDING && tayra_cq_drain(s->cq, &c, 1) == 1)
		tayra_release(&c.ref);
	tayra_tick(s->t, 0);
}

static struct tayra_strategy_stats
learned(struct stage *s)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;

	tayra_strategy_stats(s->t, &stats);
	return stats;
}

/* Read every 100 ms. */
static void
read_steadily(struct stage *s, struct source *source, const char *key, unsigned reads)
{
	for (unsigned i = 0; i < reads; i++) {
		get(s, source, key);
		stage_pass_ms(s, 100);
	}
}

static void
what_is_read_steadily_is_refreshed_before_it_ends(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_ON, TAYRA_FEATURE_OFF);
	struct source source;
	struct stage s;
	uint64_t hits;
	unsigned calls;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_steadily(&s, &source, "k1", 4000);
	hits = stats_of(&s).hits;
	calls = source.calls;
	read_steadily(&s, &source, "k1", 1000);
	assert_int_equal(stats_of(&s).hits - hits, 1000);
	/* 100 s at a ttl of 1 s, refreshed at 0.9 s */
	assert_in_range(source.calls - calls, 100, 125);
	assert_true(source.background >= 100);
	assert_true(learned(&s).refresh.used >= 100);
	assert_true(learned(&s).refresh.used + learned(&s).refresh.wasted + 1 >=
		    learned(&s).refresh.issued);
	assert_int_equal(learned(&s).refresh.bytes, 5 * learned(&s).refresh.issued);
	stage_close(&s);
}

static void
in_monitor_a_refresh_is_counted_and_not_begun(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_MONITOR, TAYRA_FEATURE_OFF);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_steadily(&s, &source, "k1", 4000);
	assert_int_equal(source.calls, 400);
	assert_int_equal(source.background, 0);
	assert_int_equal(learned(&s).refresh.issued, 0);
	assert_true(learned(&s).refresh.would > 100);
	assert_true(learned(&s).refresh.used > 100);
	stage_close(&s);
}

static void
without_origin_or_ticker_nothing_is_begun(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_ON, TAYRA_FEATURE_OFF);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	for (unsigned i = 0; i < 4000; i++) {
		struct tayra_request r = ask(&s, "k1", answer);
		struct tayra_ref ref;

		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
		tayra_release(&ref);
		tayra_tick(s.t, 0);
		stage_pass_ms(&s, 100);
	}
	assert_int_equal(s.calls, 400);
	assert_int_equal(learned(&s).refresh.issued, 0);
	assert_true(learned(&s).refresh.would > 100);
	stage_close(&s);
}

static void
a_refresh_that_pace_does_not_let_in_is_dropped(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_ON, TAYRA_FEATURE_OFF);
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace *pace;
	struct source source;
	struct stage s;
	uint64_t dropped;

	(void)state;
	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = 1;
	options.queue_max = TAYRA_QUEUE_NONE;
	assert_int_equal(tayra_pace_create(&options, &pace), TAYRA_OK);
	open_with(&s, &source, &strategy, pace);
	read_steadily(&s, &source, "k1", 4005);
	dropped = learned(&s).refresh.dropped;
	source.parks = true;
	get(&s, &source, "other2"); /* holds the only place */
	source.parks = false;
	read_steadily(&s, &source, "k1", 20);
	assert_true(learned(&s).refresh.dropped > dropped);
	finish(source.parked, "x");
	stage_close(&s);
	tayra_pace_destroy(pace);
}

static void
a_demand_for_what_is_being_fetched_ahead_joins_it(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_ON, TAYRA_FEATURE_OFF);
	struct tayra_request r;
	struct source source;
	struct stage s;
	unsigned calls;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_steadily(&s, &source, "k1", 4000);
	source.parks = true;
	while (!source.parked)
		read_steadily(&s, &source, "k1", 1);
	calls = source.calls;
	stage_pass_ms(&s, 1000);
	r = ask(&s, "k1", NULL);
	r.origin = &source.origin;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(source.calls, calls);
	finish(source.parked, "new");
	got_value(&s, "new");
	stage_close(&s);
}

/* Keys that are asked for when they are new and once more near their end, and never again. */
static void
read_twice_each(struct stage *s, struct source *source, unsigned keys)
{
	char key[32];

	for (unsigned i = 0; i < keys; i++) {
		snprintf(key, sizeof(key), "once:%u", i);
		get(s, source, key);
		stage_pass_ms(s, 950);
		get(s, source, key);
		stage_pass_ms(s, 2050);
		for (unsigned n = 0; n < 20; n++)
			tayra_tick(s->t, 0);
	}
}

static void
what_will_not_be_asked_for_again_is_not_refreshed(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_ON, TAYRA_FEATURE_OFF);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_twice_each(&s, &source, 2000);
	assert_in_range(learned(&s).refresh.issued, 0, 20);
	stage_close(&s);
}

static void
a_source_that_costs_more_than_it_saves_is_gated(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_ON, TAYRA_FEATURE_OFF);
	struct source source;
	struct stage s;

	(void)state;
	strategy.prefetch_price = 1e-6; /* it is tried at nearly any chance .. */
	strategy.prefetch_budget = 1e9; /* .. whatever is wasted .. */
	open_with(&s, &source, &strategy, NULL);
	source.takes_ms = 3;
	read_twice_each(&s, &source, 1000);
	assert_int_equal(learned(&s).refresh.gatings, 1);
	assert_true(learned(&s).refresh.gated);
	assert_in_range(learned(&s).refresh.issued, 30, 40);
	assert_true(learned(&s).refresh.wasted_ns >= 30 * 3 * TAYRA_NS_PER_MS);
	assert_true(learned(&s).refresh.would > 500); /* .. and only counts from then on */
	stage_close(&s);
}

/* Rounds of "a1" and then "b2", each long after the last. */
static void
read_pairs(struct stage *s, struct source *source, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		get(s, source, "a1");
		stage_pass_ms(s, 10);
		get(s, source, "b2");
		stage_pass_ms(s, 5000);
		tayra_tick(s->t, 0);
	}
}

static void
what_follows_is_fetched_with_it(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_ON);
	struct source source;
	struct stage s;
	uint64_t hits;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_pairs(&s, &source, 10);
	hits = stats_of(&s).hits;
	read_pairs(&s, &source, 50);
	/* a is missed, b is there */
	assert_int_equal(stats_of(&s).hits - hits, 50);
	assert_int_equal(source.asked[1], 60);
	assert_int_equal(source.asked[2], 60);
	assert_true(learned(&s).successors.used >= 50);
	assert_int_equal(learned(&s).successors.wasted, 0);
	stage_close(&s);
}

static void
in_monitor_what_follows_is_counted_and_not_fetched(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_MONITOR);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_pairs(&s, &source, 50);
	assert_int_equal(stats_of(&s).hits, 0);
	assert_int_equal(source.calls, 100);
	assert_int_equal(learned(&s).successors.issued, 0);
	assert_true(learned(&s).successors.would > 40);
	assert_true(learned(&s).successors.used > 40);
	stage_close(&s);
}

static void
what_another_would_load_is_not_fetched(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_ON);
	struct source source, other;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	other = source;
	for (unsigned i = 0; i < 50; i++) {
		get(&s, &source, "a1");
		get(&s, &other, "b2");
		stage_pass_ms(&s, 5000);
	}
	assert_int_equal(source.calls, 50);
	assert_int_equal(other.calls, 50);
	assert_int_equal(learned(&s).successors.issued, 0);
	stage_close(&s);
}

static void
a_rule_that_has_become_untrue_is_not_followed_for_long(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_ON);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	read_pairs(&s, &source, 50);
	for (unsigned i = 0; i < 200; i++) {
		get(&s, &source, "a1");
		stage_pass_ms(&s, 5000);
		for (unsigned n = 0; n < 20; n++)
			tayra_tick(s.t, 0);
	}
	assert_in_range(source.asked[2], 50, 90);
	assert_true(learned(&s).successors.wasted > 0);
	stage_close(&s);
}

/* So often: deleted, then read ten times in a second. */
static void
delete_and_read(struct stage *s, struct source *source, const char *key, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		assert_int_equal(tayra_delete(s->t, key, strlen(key)), TAYRA_OK);
		read_steadily(s, source, key, 10);
	}
}

static struct tayra_strategy
reload_what_has_changed(enum tayra_feature_mode mode)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_OFF);

	strategy.ttl_ms = 10000;
	strategy.prefetch_changed = mode;
	return strategy;
}

static void
what_was_deleted_and_is_read_steadily_is_loaded_again_at_once(void **state)
{
	struct tayra_strategy strategy = reload_what_has_changed(TAYRA_FEATURE_ON);
	struct source source;
	struct stage s;
	uint64_t hits;
	unsigned calls;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	get(&s, &source, "k1");
	delete_and_read(&s, &source, "k1", 400);
	hits = stats_of(&s).hits;
	calls = source.calls;
	delete_and_read(&s, &source, "k1", 100);
	/* Nobody waited, and each delete cost the one load that it would have cost anyway. */
	assert_int_equal(stats_of(&s).hits - hits, 1000);
	assert_int_equal(source.calls - calls, 100);
	assert_true(learned(&s).changes.used >= 100);
	assert_in_range(learned(&s).changes.wasted, 0, 2);
	stage_close(&s);
}

static void
in_monitor_a_reload_is_counted_and_not_begun(void **state)
{
	struct tayra_strategy strategy = reload_what_has_changed(TAYRA_FEATURE_MONITOR);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	get(&s, &source, "k1");
	delete_and_read(&s, &source, "k1", 400);
	assert_int_equal(source.background, 0);
	assert_int_equal(learned(&s).changes.issued, 0);
	assert_true(learned(&s).changes.would >= 100);
	assert_true(learned(&s).changes.used >= 100);
	stage_close(&s);
}

static void
what_was_deleted_and_is_not_read_any_more_is_not_loaded_again(void **state)
{
	struct tayra_strategy strategy = reload_what_has_changed(TAYRA_FEATURE_ON);
	struct source source;
	struct stage s;
	char key[16];

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "x%u", i);
		get(&s, &source, key);
		stage_pass_ms(&s, 100);
		tayra_delete(s.t, key, strlen(key));
		stage_pass_ms(&s, 2000);
		tayra_tick(s.t, 0);
	}
	assert_in_range(learned(&s).changes.issued, 0, 10);
	stage_close(&s);
}

static void
what_has_tags_is_not_loaded_without_them(void **state)
{
	struct tayra_strategy strategy = reload_what_has_changed(TAYRA_FEATURE_ON);
	struct tayra_tag tag = { "t", 1 };
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	for (unsigned i = 0; i < 400; i++) {
		struct tayra_request r = ask(&s, "k1", NULL);
		struct tayra_ref ref;

		r.origin = &source.origin;
		r.tags = &tag;
		r.tag_count = 1;
		assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
		tayra_release(&ref);
		read_steadily(&s, &source, "k1", 9);
		tayra_delete(s.t, "k1", 2);
	}
	assert_int_equal(source.background, 0);
	stage_close(&s);
}

static void
what_nobody_was_seen_to_load_is_not_loaded(void **state)
{
	struct tayra_strategy strategy = reload_what_has_changed(TAYRA_FEATURE_ON);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	for (unsigned i = 0; i < 400; i++) {
		assert_int_equal(tayra_put(s.t, "k1", 2, "v", 1, 0, 0), TAYRA_OK);
		read_steadily(&s, &source, "k1", 9);
		tayra_delete(s.t, "k1", 2);
	}
	assert_int_equal(source.calls, 0);
	stage_close(&s);
}

/* Every hour it is read for ten minutes, ticked once a second.  => how many of the last `of` hours
 * found it there when they began. */
static unsigned
read_hourly(struct stage *s, struct source *source, unsigned hours, unsigned of)
{
	unsigned found = 0;

	for (unsigned hour = 0; hour < hours; hour++) {
		for (unsigned second = 0; second < 3600; second++) {
			uint64_t hits = stats_of(s).hits;

			if (second < 600 && second % 10 == 0)
				get(s, source, "k1");
			if (second == 0 && hour + of >= hours)
				found += stats_of(s).hits > hits;
			stage_pass_ms(s, 1000);
			tayra_tick(s->t, 0);
		}
	}
	return found;
}

static struct tayra_strategy
load_before_its_time(enum tayra_feature_mode mode)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_OFF);

	strategy.ttl_ms = 120000;
	strategy.prefetch_periodic = mode;
	return strategy;
}

static void
what_is_wanted_every_hour_is_there_when_the_hour_begins(void **state)
{
	struct tayra_strategy strategy = load_before_its_time(TAYRA_FEATURE_ON);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	assert_int_equal(read_hourly(&s, &source, 12, 8), 8);
	assert_int_equal(learned(&s).periodic.issued, 9); /* the last is for the hour to come */
	assert_int_equal(learned(&s).periodic.used, 8);
	stage_close(&s);
}

static void
in_monitor_a_time_is_counted_and_nothing_begun(void **state)
{
	struct tayra_strategy strategy = load_before_its_time(TAYRA_FEATURE_MONITOR);
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	assert_int_equal(read_hourly(&s, &source, 12, 8), 0);
	assert_int_equal(source.background, 0);
	assert_in_range(learned(&s).periodic.used, 7, 8);
	assert_in_range(learned(&s).periodic.would, 8, 9);
	stage_close(&s);
}

static void
a_key_read_steadily_is_predicted_and_an_unknown_one_is_not(void **state)
{
	struct tayra_strategy strategy = prefetch_only(TAYRA_FEATURE_OFF, TAYRA_FEATURE_OFF);
	struct tayra_prediction known = TAYRA_PREDICTION_INIT, unknown = TAYRA_PREDICTION_INIT;
	struct source source;
	struct stage s;
	char once[32];

	(void)state;
	open_with(&s, &source, &strategy, NULL);
	for (unsigned i = 0; i < 4000; i++) {
		snprintf(once, sizeof(once), "once%u", i);
		get(&s, &source, "k1");
		get(&s, &source, once);
		stage_pass_ms(&s, 100);
	}
	assert_int_equal(tayra_predict_next_access(s.t, "k1", 2, &known), TAYRA_OK);
	assert_int_equal(tayra_predict_next_access(s.t, "never", 5, &unknown), TAYRA_OK);
	assert_true(known.probability > 0.8);
	assert_true(known.confidence > 0.7);
	assert_true(unknown.probability < 0.3);
	assert_int_equal(known.horizon_ms, 1000);
	stage_close(&s);
}

static void
without_a_predictor_there_is_no_prediction(void **state)
{
	struct tayra_prediction p = TAYRA_PREDICTION_INIT;
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	assert_int_equal(tayra_predict_next_access(s.t, "k", 1, &p), TAYRA_E_UNSUPPORTED);
	assert_int_equal(tayra_predict_next_access(s.t, "k", 1, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_predict_next_access(NULL, "k", 1, &p), TAYRA_E_INVAL);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_steadily_is_refreshed_before_it_ends),
		cmocka_unit_test(in_monitor_a_refresh_is_counted_and_not_begun),
		cmocka_unit_test(without_origin_or_ticker_nothing_is_begun),
		cmocka_unit_test(a_refresh_that_pace_does_not_let_in_is_dropped),
		cmocka_unit_test(a_demand_for_what_is_being_fetched_ahead_joins_it),
		cmocka_unit_test(what_will_not_be_asked_for_again_is_not_refreshed),
		cmocka_unit_test(a_source_that_costs_more_than_it_saves_is_gated),
		cmocka_unit_test(what_follows_is_fetched_with_it),
		cmocka_unit_test(in_monitor_what_follows_is_counted_and_not_fetched),
		cmocka_unit_test(what_another_would_load_is_not_fetched),
		cmocka_unit_test(a_rule_that_has_become_untrue_is_not_followed_for_long),
		cmocka_unit_test(what_was_deleted_and_is_read_steadily_is_loaded_again_at_once),
		cmocka_unit_test(in_monitor_a_reload_is_counted_and_not_begun),
		cmocka_unit_test(what_was_deleted_and_is_not_read_any_more_is_not_loaded_again),
		cmocka_unit_test(what_has_tags_is_not_loaded_without_them),
		cmocka_unit_test(what_nobody_was_seen_to_load_is_not_loaded),
		cmocka_unit_test(what_is_wanted_every_hour_is_there_when_the_hour_begins),
		cmocka_unit_test(in_monitor_a_time_is_counted_and_nothing_begun),
		cmocka_unit_test(a_key_read_steadily_is_predicted_and_an_unknown_one_is_not),
		cmocka_unit_test(without_a_predictor_there_is_no_prediction),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
