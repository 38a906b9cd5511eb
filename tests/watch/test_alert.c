/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/alert.h"

#include <tayra/base.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/family.h"
#include "watch/registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define S TAYRA_NS_PER_S

static const struct tayra__watch_row level = {
	.name = "level", .sentence = "A level", .type = TAYRA__WATCH_GAUGE, .labels = { "of" }
};
static const struct tayra__watch_row bad = { .name = "bad",
					     .sentence = "Bad answers",
					     .type = TAYRA__WATCH_COUNTER };
static const struct tayra__watch_row all = { .name = "all",
					     .sentence = "All answers",
					     .type = TAYRA__WATCH_COUNTER };

static struct {
	struct tayra__registry *registry;
	struct tayra__alerts *alerts;
	struct tayra__series *level, *bad, *all;
	uint64_t now_ns;
	char told[20][TAYRA__ALERT_JSON_MAX];
	int told_count, ticks;
} stage;

static void
be_told(void *ctx, const char *json, size_t len, uint64_t now_ns)
{
	assert_true(stage.told_count < 20);
	assert_int_equal(now_ns, stage.now_ns);
	memcpy(stage.told[stage.told_count], json, len);
	stage.told[stage.told_count++][len] = '\0';
}

static void
be_ticked(void *ctx, uint64_t now_ns)
{
	stage.ticks++;
}

static struct tayra__series *
series(const struct tayra__watch_row *row)
{
	const char *value = "x";
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(stage.registry, row, 0, &family), TAYRA_OK);
	return tayra__family_series(family, &value);
}

static int
set_up(void **state)
{
	const struct tayra__alert_action action = { be_told, be_ticked, NULL };

	memset(&stage, 0, sizeof(stage));
	stage.now_ns = 1000 * S;
	assert_int_equal(tayra__registry_create(&stage.registry), TAYRA_OK);
	stage.level = series(&level);
	stage.bad = series(&bad);
	stage.all = series(&all);
	assert_int_equal(tayra__alerts_create(stage.registry, &stage.alerts), TAYRA_OK);
	assert_int_equal(tayra__alerts_add_action(stage.alerts, &action), TAYRA_OK);
	return 0;
}

static int
tear_down(void **state)
{
	tayra__registry_destroy(stage.registry);
	tayra__alerts_destroy(stage.alerts);
	return 0;
}

static struct tayra__alert_rule
too_high(void)
{
	return (struct tayra__alert_rule){ .name = "too_high",
					   .sentence = "The level is too high",
					   .top = { .metric = "level" },
					   .threshold = 10,
					   .hysteresis = 3,
					   .for_ns = 5 * S };
}

static void
add(struct tayra__alert_rule rule)
{
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_OK);
}

static enum tayra__alert_state
after(uint64_t seconds, const char *name)
{
	stage.now_ns += seconds * S;
	tayra__alerts_evaluate(stage.alerts, stage.now_ns, 1000123);
	return tayra__alerts_state(stage.alerts, name);
}

static enum tayra__alert_state
at_level(double value, uint64_t seconds)
{
	tayra__series_set(stage.level, value);
	return after(seconds, "too_high");
}

static void
it_fires_after_holding_without_a_break(void **state)
{
	add(too_high());
	assert_int_equal(after(1, "too_high"), TAYRA__ALERT_INACTIVE); /* not known yet */
	assert_int_equal(at_level(10, 1), TAYRA__ALERT_INACTIVE);      /* at, not above */
	assert_int_equal(at_level(11, 1), TAYRA__ALERT_PENDING);
	assert_int_equal(at_level(11, 4), TAYRA__ALERT_PENDING);
	assert_int_equal(at_level(9, 0), TAYRA__ALERT_INACTIVE);
	assert_int_equal(at_level(11, 1), TAYRA__ALERT_PENDING);
	assert_int_equal(at_level(11, 4), TAYRA__ALERT_PENDING);
	assert_int_equal(stage.told_count, 0);
	assert_int_equal(at_level(11, 1), TAYRA__ALERT_FIRING);
	assert_int_equal(stage.told_count, 1);
	assert_int_equal(at_level(99, 100), TAYRA__ALERT_FIRING);
	assert_int_equal(stage.told_count, 1); /* once, not with every evaluation */
	assert_int_equal(stage.ticks, 9);
}

static void
it_clears_only_past_the_hysteresis(void **state)
{
	add(too_high());
	at_level(11, 1);
	assert_int_equal(at_level(11, 5), TAYRA__ALERT_FIRING);
	assert_int_equal(at_level(8, 1), TAYRA__ALERT_FIRING);
	assert_int_equal(at_level(7.5, 1), TAYRA__ALERT_FIRING);
	assert_int_equal(at_level(7, 1), TAYRA__ALERT_INACTIVE);
	assert_int_equal(stage.told_count, 2);
	assert_int_equal(at_level(8, 1), TAYRA__ALERT_INACTIVE); /* and does not fire in between */
	assert_int_equal(stage.told_count, 2);
}

static void
what_is_not_known_ends_pending_but_not_firing(void **state)
{
	add(too_high());
	assert_int_equal(at_level(11, 1), TAYRA__ALERT_PENDING);
	assert_int_equal(at_level((double)NAN, 9), TAYRA__ALERT_INACTIVE);
	at_level(11, 1);
	assert_int_equal(at_level(11, 5), TAYRA__ALERT_FIRING);
	assert_int_equal(at_level((double)NAN, 9), TAYRA__ALERT_FIRING);
	assert_int_equal(at_level(0, 1), TAYRA__ALERT_INACTIVE);
}

static void
below_is_the_mirror_image(void **state)
{
	struct tayra__alert_rule rule = too_high();

	rule.when = TAYRA__ALERT_BELOW;
	rule.for_ns = 0;
	add(rule);
	assert_int_equal(at_level(10, 1), TAYRA__ALERT_INACTIVE);
	assert_int_equal(at_level(9, 1), TAYRA__ALERT_FIRING); /* at once */
	assert_int_equal(at_level(12, 1), TAYRA__ALERT_FIRING);
	assert_int_equal(at_level(13, 1), TAYRA__ALERT_INACTIVE);
}

static void
what_is_told_says_what_and_how_long(void **state)
{
	json_t *json;

	add(too_high());
	at_level(11, 1);
	at_level(12.5, 6);
	at_level(1, 10);
	assert_int_equal(stage.told_count, 2);
	json = json_loads(stage.told[0], JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "format")), "tayra-alert-1");
	assert_string_equal(json_string_value(json_object_get(json, "alert")), "too_high");
	assert_string_equal(json_string_value(json_object_get(json, "state")), "firing");
	assert_string_equal(json_string_value(json_object_get(json, "when")), "above");
	assert_true(json_number_value(json_object_get(json, "value")) == 12.5);
	assert_true(json_number_value(json_object_get(json, "held_s")) == 6);
	assert_true(json_number_value(json_object_get(json, "time_ms")) == 1000123);
	assert_true(json_number_value(json_object_get(json, "since_ms")) == 1000123 - 6000);
	json_decref(json);
	json = json_loads(stage.told[1], JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "resolved");
	assert_true(json_number_value(json_object_get(json, "held_s")) == 10);
	json_decref(json);
}

static struct tayra__alert_rule
share(uint64_t window_s, uint64_t long_s, double threshold)
{
	return (struct tayra__alert_rule){ .name = "share",
					   .sentence = "Too many are bad",
					   .top = { .metric = "bad" },
					   .bottom = { .metric = "all" },
					   .window_ns = window_s * S,
					   .long_window_ns = long_s * S,
					   .threshold = threshold };
}

static enum tayra__alert_state
traffic(uint64_t bad_ones, uint64_t all_of_them, uint64_t seconds)
{
	enum tayra__alert_state state = TAYRA__ALERT_INACTIVE;

	for (uint64_t i = 0; i < seconds; i++) {
		tayra__series_add(stage.bad, bad_ones);
		tayra__series_add(stage.all, all_of_them);
		state = after(1, "share");
	}
	return state;
}

static void
a_window_forgets_what_was_before(void **state)
{
	add(share(10, 0, 0.5));
	assert_int_equal(traffic(100, 100, 1), TAYRA__ALERT_INACTIVE); /* nothing to compare with */
	assert_int_equal(traffic(9, 10, 2), TAYRA__ALERT_FIRING);
	/* The worst is 2 s of 90% in 10 s: at 10% for the other 8 that is 26%. */
	assert_int_equal(traffic(1, 10, 8), TAYRA__ALERT_INACTIVE);
	assert_int_equal(traffic(0, 0, 20), TAYRA__ALERT_INACTIVE); /* no traffic, no evidence */
	assert_int_equal(traffic(9, 10, 1), TAYRA__ALERT_FIRING);
}

static void
a_window_without_a_bottom_is_a_rate_per_second(void **state)
{
	struct tayra__alert_rule rule = share(10, 0, 2.5);

	rule.bottom.metric = NULL;
	add(rule);
	traffic(2, 0, 1);
	assert_int_equal(traffic(2, 0, 12), TAYRA__ALERT_INACTIVE);
	assert_int_equal(traffic(3, 0, 4), TAYRA__ALERT_INACTIVE); /* 2.4 */
	assert_int_equal(traffic(3, 0, 2), TAYRA__ALERT_FIRING);   /* 2.6 */
	assert_int_equal(traffic(2, 0, 3), TAYRA__ALERT_FIRING);   /* still 2.6 over the ten */
	assert_int_equal(traffic(2, 0, 6), TAYRA__ALERT_INACTIVE);
}

/* 14.4 times a budget of 0.1% burns over 5 minutes and over an hour. */
static void
a_burn_rate_needs_both_windows(void **state)
{
	add(share(300, 3600, 14.4 * 0.001));
	assert_int_equal(traffic(0, 1000, 3600), TAYRA__ALERT_INACTIVE);
	/* 2% bad: the short window is over in 216 s, the long one only after 2592. */
	assert_int_equal(traffic(20, 1000, 2500), TAYRA__ALERT_INACTIVE);
	assert_int_equal(traffic(20, 1000, 150), TAYRA__ALERT_FIRING);
	/* Back to good, the short window ends it long before the long one would. */
	assert_int_equal(traffic(0, 1000, 60), TAYRA__ALERT_FIRING);
	assert_int_equal(traffic(0, 1000, 100), TAYRA__ALERT_INACTIVE);
}

static const struct tayra__watch_row took = { .name = "took_seconds",
					      .unit = "seconds",
					      .sentence = "How long answers took",
					      .type = TAYRA__WATCH_HISTOGRAM,
					      .per_unit = 1e9 };

/* 99% are to be answered within 50 ms, and six times what may be slower is too much. */
static void
a_latency_has_a_budget_too(void **state)
{
	struct tayra__series *answers = series(&took);
	struct tayra__alert_rule rule = share(300, 3600, 6 * 0.01);

	rule.top = (struct tayra__reading){ .metric = "took_seconds",
					    .of = TAYRA__READING_OVER,
					    .over = 0.05 };
	rule.bottom = (struct tayra__reading){ .metric = "took_seconds",
					       .of = TAYRA__READING_COUNT };
	add(rule);
	for (int i = 0; i < 3600; i++) {
		/* 5% slow: under six times the budget, for an hour. */
		tayra__series_observe(answers, i % 20 ? 10000000 : 60000000);
		assert_int_equal(after(1, "share"), TAYRA__ALERT_INACTIVE);
	}
	for (int i = 0; i < 200; i++) {
		tayra__series_observe(answers, 60000000);
		after(1, "share");
	}
	assert_int_equal(tayra__alerts_state(stage.alerts, "share"), TAYRA__ALERT_FIRING);
	for (int i = 0; i < 400; i++) {
		tayra__series_observe(answers, 49000000);
		after(1, "share");
	}
	assert_int_equal(tayra__alerts_state(stage.alerts, "share"), TAYRA__ALERT_INACTIVE);
	/* A mean is no counter, and a gauge has no values to count. */
	rule.name = "another";
	rule.top.of = TAYRA__READING_VALUE;
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	rule = too_high();
	rule.top.of = TAYRA__READING_COUNT;
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
}

static void
what_became_of_a_rule_is_kept(void **state)
{
	struct tayra__alert_record record;
	struct tayra__alert_rule rule = too_high();
	uint64_t began;

	add(rule);
	rule.name = "never";
	rule.threshold = 1000;
	add(rule);
	at_level(11, 1);
	assert_true(tayra__alerts_record(stage.alerts, 0, &record));
	assert_true(record.state == TAYRA__ALERT_PENDING && record.fired == 0);
	assert_true(record.first_ns == 0 && isnan(record.worst));
	at_level(11, 5);
	began = stage.now_ns;
	at_level(17, 2);
	at_level(12, 3);
	at_level(5, 4); /* back: it fired until now */
	at_level(30, 1);
	assert_true(tayra__alerts_record(stage.alerts, 0, &record));
	assert_string_equal(record.rule->name, "too_high");
	assert_true(record.fired == 1 && record.first_ns == began && record.worst == 17);
	assert_int_equal(record.firing_ns, 9 * S);
	assert_true(tayra__alerts_record(stage.alerts, 1, &record));
	assert_true(record.fired == 0 && record.firing_ns == 0);
	assert_false(tayra__alerts_record(stage.alerts, 2, &record));
}

static uint64_t restarting;

static void
read_restarting(void *ctx, void *snapshot)
{
	memcpy(snapshot, &restarting, sizeof(restarting));
}

static void
a_counter_that_restarts_is_not_a_burst(void **state)
{
	static const struct tayra__watch_row row = { .name = "restarting",
						     .sentence = "Restarts",
						     .type = TAYRA__WATCH_COUNTER,
						     .field = TAYRA__WATCH_U64 };
	static const struct tayra__watch_table table = { &row, 1, NULL, sizeof(uint64_t),
							 read_restarting };
	struct tayra__alert_rule rule = share(10, 0, 5);

	assert_int_equal(tayra__registry_add_table(stage.registry, &table, NULL, &stage), TAYRA_OK);
	rule.top.metric = "restarting";
	rule.bottom.metric = NULL;
	rule.when = TAYRA__ALERT_BELOW;
	add(rule);
	restarting = 1000;
	after(1, "share");
	for (int i = 0; i < 20; i++) {
		restarting += 7;
		assert_int_equal(after(1, "share"), TAYRA__ALERT_INACTIVE);
	}
	restarting = 3;
	assert_int_equal(after(1, "share"), TAYRA__ALERT_INACTIVE);
	restarting = 10;
	assert_int_equal(after(1, "share"), TAYRA__ALERT_INACTIVE);
}

static void
what_cannot_be_a_rule_is_refused(void **state)
{
	struct tayra__alert_rule rule = too_high();
	char *long_one = malloc(502);

	memset(long_one, 'x', 501);
	long_one[501] = '\0';
	rule.name = "Too high";
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	rule = too_high();
	rule.top.metric = "none";
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_NOT_FOUND);
	rule = too_high();
	rule.threshold = (double)NAN;
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	rule = too_high();
	rule.hysteresis = -1;
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	rule = too_high();
	rule.window_ns = S; /* over a gauge */
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	rule = share(10, 10, 1);
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	rule = too_high();
	rule.sentence = long_one;
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	add(too_high());
	rule = too_high(); /* twice */
	assert_int_equal(tayra__alerts_add_rule(stage.alerts, &rule), TAYRA_E_INVAL);
	assert_int_equal(at_level(11, 1), TAYRA__ALERT_PENDING);
	free(long_one);
}

/* A sentence of the worst bytes fits what an action may be sent. */
static void
the_longest_rule_can_be_told(void **state)
{
	struct tayra__alert_rule rule = too_high();
	char worst[501];
	json_t *json;

	memset(worst, 1, sizeof(worst));
	worst[500] = '\0';
	rule.sentence = worst;
	rule.for_ns = 0;
	add(rule);
	at_level(11, 1);
	assert_int_equal(stage.told_count, 1);
	json = json_loads(stage.told[0], 0, NULL);
	assert_non_null(json);
	assert_int_equal(strlen(json_string_value(json_object_get(json, "sentence"))), 500);
	json_decref(json);
}

static void
states_are_metrics(void **state)
{
	struct tayra__reading readings[3] = {
		{ .metric = "tayra_alert_state", .labels = { { "alert", "too_high" } } },
		{ .metric = "tayra_alert_value", .labels = { { "alert", "too_high" } } },
		{ .metric = "tayra_alert_fired", .labels = { { "alert", "too_high" } } },
	};

	add(too_high());
	tayra__readings_take(stage.registry, readings, 3);
	assert_true(readings[0].value == 0 && isnan(readings[1].value) && readings[2].value == 0);
	at_level(11, 1);
	at_level(12, 5);
	tayra__readings_take(stage.registry, readings, 3);
	assert_true(readings[0].value == 2);
	assert_true(readings[1].value == 12);
	assert_true(readings[2].value == 1);
}

static void
only_those_who_are_named_are_told(void **state)
{
	const struct tayra__alert_action second = { be_told, NULL, NULL };
	struct tayra__alert_rule rule = too_high();

	assert_int_equal(tayra__alerts_add_action(stage.alerts, &second), TAYRA_OK);
	rule.for_ns = 0;
	rule.name = "both";
	add(rule);
	rule.name = "one";
	rule.tells = 2;
	add(rule);
	rule.name = "nobody";
	rule.tells = TAYRA__ALERT_NOBODY;
	add(rule);
	at_level(11, 1);
	assert_int_equal(stage.told_count, 3);
	assert_non_null(strstr(stage.told[2], "\"alert\":\"one\""));
	assert_int_equal(tayra__alerts_state(stage.alerts, "nobody"), TAYRA__ALERT_FIRING);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(it_fires_after_holding_without_a_break),
		test(it_clears_only_past_the_hysteresis),
		test(what_is_not_known_ends_pending_but_not_firing),
		test(below_is_the_mirror_image),
		test(what_is_told_says_what_and_how_long),
		test(a_window_forgets_what_was_before),
		test(a_window_without_a_bottom_is_a_rate_per_second),
		test(a_burn_rate_needs_both_windows),
		test(a_latency_has_a_budget_too),
		test(what_became_of_a_rule_is_kept),
		test(a_counter_that_restarts_is_not_a_burst),
		test(what_cannot_be_a_rule_is_refused),
		test(the_longest_rule_can_be_told),
		test(states_are_metrics),
		test(only_those_who_are_named_are_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
