/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/hints.h"

#include "base/hash.h"
#include "base/json.h"
#include "learn/patterns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#define SECOND 1000000000ull

static struct tayra__patterns *patterns;
static struct tayra__hints hints;

static int
set_up(void **state)
{
	struct tayra__patterns_options options = { 0 };

	patterns = malloc(tayra__patterns_bytes(&options));
	tayra__patterns_init(patterns, &options, 0);
	return 0;
}

static int
tear_down(void **state)
{
	free(patterns);
	return 0;
}

static struct tayra__patterns_event
event(const char *key, uint64_t now_s)
{
	return (struct tayra__patterns_event){ .hash = tayra__hash_bytes(key, strlen(key), 7),
					       .key = key,
					       .key_len = strlen(key),
					       .now_ns = now_s * SECOND };
}

static void
use(const char *key, uint64_t now_s, enum tayra__patterns_outcome outcome)
{
	struct tayra__patterns_event of = event(key, now_s);

	tayra__patterns_use(patterns, &of, outcome);
}

static void
load(const char *key, uint64_t now_s, enum tayra__patterns_cause cause,
     enum tayra__patterns_change change, uint64_t age_s)
{
	struct tayra__patterns_event of = event(key, now_s);

	of.bytes = 1000;
	of.cost_ns = 5000000;
	tayra__patterns_load(patterns, &of, cause, change, age_s * SECOND);
}

/* A thousand keys, each used at times; nothing to advise. */
static void
background(uint64_t from_s, uint64_t to_s)
{
	char key[32];

	for (uint64_t now = from_s; now < to_s; now++) {
		snprintf(key, sizeof(key), "bg:%llu", (unsigned long long)(now * 7 % 100));
		use(key, now, now < 100 ? TAYRA__PATTERNS_MISS : TAYRA__PATTERNS_HIT);
	}
}

static const struct tayra__hint *
find(enum tayra__hint_kind kind)
{
	for (unsigned i = 0; i < hints.hint_count; i++)
		if (hints.hints[i].kind == kind)
			return &hints.hints[i];
	return NULL;
}

static const struct tayra__hint *
get(enum tayra__hint_kind kind)
{
	static const struct tayra__hint none;
	const struct tayra__hint *hint = find(kind);

	assert_non_null(hint);
	return hint ? hint : &none;
}

static double
fact(const struct tayra__hint *hint, const char *name)
{
	for (unsigned i = 0; i < hint->fact_count; i++)
		if (strcmp(hint->facts[i].name, name) == 0)
			return hint->facts[i].value;
	fail_msg("no fact %s", name);
	return 0;
}

static void
nothing_is_advised_without_evidence(void **state)
{
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	assert_int_equal(hints.hint_count, 0);
	assert_true(hints.seconds == 1000 && hints.uses == 1000 && hints.keys == 100);
}

/* Every 10 s for 1000 s, always the same: 100 compared, rate -ln(100.5 / 101.5) / 10. */
static void
a_time_to_live_that_is_too_short_is_found_with_what_a_longer_one_saves(void **state)
{
	const struct tayra__hint *hint;
	double until = -log(0.8) / (-log(100.5 / 101.5) / 10);

	for (uint64_t now = 10; now <= 1000; now += 10)
		load("config", now, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_SAME, 10);
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	hint = get(TAYRA__HINT_TTL_SHORT);
	assert_string_equal(hint->subject, "config");
	assert_true(fabs(fact(hint, "ttl_s") - until) < 1e-6 * until);
	assert_true(fabs(hint->saving.loads_per_s - 0.1 * (1 - 10 / until)) < 1e-9);
	assert_true(fabs(hint->saving.origin_ms_per_s - 5 * hint->saving.loads_per_s) < 1e-9);
	assert_null(find(TAYRA__HINT_TTL_LONG));
}

/* The same reloads, but for lack of room: no time to live would help. */
/* 500 keys, more than are counted one by one: each every 10 s, twenty times. */
static void
a_group_whose_time_to_live_is_wrong_is_told_where_no_key_stands_out(void **state)
{
	for (int changed = 0; changed < 2; changed++) {
		enum tayra__hint_kind kind = changed ? TAYRA__HINT_TTL_LONG : TAYRA__HINT_TTL_SHORT;
		const struct tayra__hint *hint;
		unsigned told = 0;
		char key[32];

		tear_down(state);
		set_up(state);
		for (uint64_t now = 10; now <= 200; now += 10)
			for (int i = 0; i < 500; i++) {
				snprintf(key, sizeof(key), "user:%d", i);
				use(key, now, TAYRA__PATTERNS_MISS);
				load(key, now, TAYRA__PATTERNS_EXPIRED,
				     changed ? TAYRA__PATTERNS_CHANGED : TAYRA__PATTERNS_SAME, 10);
				use(key, now, TAYRA__PATTERNS_HIT);
			}
		tayra__hints_take(patterns, 200 * SECOND, &hints);
		hint = get(kind);
		assert_string_equal(hint->subject, "user:*");
		assert_non_null(strstr(hint->sentence, "Each of these keys is loaded again every "
						       "10 s, and 10000 of 10000 times"));
		for (unsigned i = 0; i < hints.hint_count; i++)
			told += hints.hints[i].kind == kind;
		assert_int_equal(told, 1);
		if (changed)
			assert_true(hint->saving.stale_per_s > 0 && hint->saving.loads_per_s < 0);
		else
			assert_true(hint->saving.loads_per_s > 45 && hint->saving.loads_per_s < 50);
	}
}

static void
reloads_after_eviction_are_no_matter_of_time_to_live(void **state)
{
	for (uint64_t now = 10; now <= 1000; now += 10)
		load("config", now, TAYRA__PATTERNS_EVICTED, TAYRA__PATTERNS_SAME, 10);
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	assert_null(find(TAYRA__HINT_TTL_SHORT));
}

static void
a_time_to_live_that_is_too_long_is_found_with_what_is_stale_and_what_it_costs(void **state)
{
	const struct tayra__hint *hint;
	double changes = -log(0.5 / 100.5), stale = 1 - (1 - exp(-changes)) / changes;

	for (uint64_t now = 10; now <= 1000; now += 10) {
		use("price", now, TAYRA__PATTERNS_HIT);
		load("price", now, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_CHANGED, 10);
	}
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	hint = get(TAYRA__HINT_TTL_LONG);
	assert_string_equal(hint->subject, "price");
	assert_true(fabs(fact(hint, "stale_share") - stale) < 1e-9);
	assert_true(fabs(fact(hint, "ttl_s") - 10 * 0.2149 / changes) < 1e-9);
	assert_true(fabs(hint->saving.stale_per_s - 0.1 * (stale - 0.1)) < 1e-9);
	assert_true(hint->saving.loads_per_s < 0);
}

static void
values_that_change_at_times_are_left_alone(void **state)
{
	for (uint64_t now = 10; now <= 1000; now += 10)
		load("news", now, TAYRA__PATTERNS_EXPIRED,
		     now / 10 % 2 ? TAYRA__PATTERNS_CHANGED : TAYRA__PATTERNS_SAME, 10);
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	assert_null(find(TAYRA__HINT_TTL_SHORT));
	assert_null(find(TAYRA__HINT_TTL_LONG));
}

static void
a_hot_key_is_named_with_the_share_it_surely_has(void **state)
{
	const struct tayra__hint *hint;

	background(0, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		use("front", 1000, TAYRA__PATTERNS_HIT);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	hint = get(TAYRA__HINT_HOT_KEY);
	assert_string_equal(hint->subject, "front");
	assert_true(fact(hint, "share") == 0.5);
	assert_true(hint->saving.requests_per_s == 1);
	assert_string_equal(hints.hot[0].text, "front");
	assert_true(hints.hot[0].share == 0.5 && hints.hot[0].hit_share == 1);
}

static void
the_same_advice_for_several_hot_keys_is_given_once(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	background(0, 1000);
	for (uint64_t i = 0; i < 500; i++) {
		use("front", 1000, TAYRA__PATTERNS_HIT);
		use("back", 1000, TAYRA__PATTERNS_HIT);
	}
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	tayra__hints_text(&hints, out);
	fclose(out);
	assert_non_null(strstr(text, "2 hot keys\n"));
	assert_non_null(strstr(text, "saves up to 0.5 requests/s (25% of all)"));
	assert_null(strstr(strstr(text, "hot keys") + 1, "hot keys"));
	free(text);
}

/* Half the uses are of a group whose keys come once; the loads of the other come back. */
static void
keys_used_once_and_groups_not_worth_caching_are_found(void **state)
{
	const struct tayra__hint *hint;
	char key[32];

	for (uint64_t now = 0; now < 1000; now++) {
		snprintf(key, sizeof(key), "once:%llu", (unsigned long long)now);
		use(key, now, TAYRA__PATTERNS_MISS);
		load(key, now, TAYRA__PATTERNS_NEW, TAYRA__PATTERNS_UNKNOWN, 0);
		background(now, now + 1);
	}
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	hint = get(TAYRA__HINT_GROUP);
	assert_string_equal(hint->subject, "once:*");
	assert_true(fact(hint, "share") == 0.5 && fact(hint, "once_share") == 1);
	assert_true(hint->saving.bytes == 1000 * 1000);
	hint = get(TAYRA__HINT_USED_ONCE);
	assert_true(fabs(fact(hint, "share_of_keys") - 500.0 / 600) < 1e-9);
	assert_true(hint->saving.bytes == 500 * 1000);
}

static void
losses_that_come_back_are_counted_by_cause(void **state)
{
	char key[32];

	background(0, 1000);
	for (uint64_t i = 0; i < 600; i++) {
		enum tayra__patterns_cause cause = i / 100 % 2 ? TAYRA__PATTERNS_EVICTED
							       : TAYRA__PATTERNS_EXPIRED;
		struct tayra__patterns_event of;

		snprintf(key, sizeof(key), "back:%llu", (unsigned long long)(i % 100));
		use(key, 1000, TAYRA__PATTERNS_MISS);
		load(key, 1000, TAYRA__PATTERNS_NEW, TAYRA__PATTERNS_UNKNOWN, 0);
		of = event(key, 1000);
		tayra__patterns_gone(patterns, &of, cause);
	}
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	assert_true(get(TAYRA__HINT_EXPIRED_EARLY)->saving.loads_per_s == 0.3);
	assert_true(get(TAYRA__HINT_EVICTED_EARLY)->saving.loads_per_s == 0.2);
	assert_true(get(TAYRA__HINT_EVICTED_EARLY)->saving.origin_ms_per_s == 1);
}

static void
a_scan_is_told_with_its_group(void **state)
{
	const struct tayra__hint *hint;
	char key[32];

	background(0, 10000);
	for (uint64_t i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "row:%llu", (unsigned long long)i);
		use(key, 10000, TAYRA__PATTERNS_MISS);
		load(key, 10000, TAYRA__PATTERNS_NEW, TAYRA__PATTERNS_UNKNOWN, 0);
	}
	tayra__hints_take(patterns, 10000 * SECOND, &hints);
	hint = get(TAYRA__HINT_BURSTS);
	assert_string_equal(hint->subject, "row:*");
	assert_true(fact(hint, "bursts") == 1);
	assert_true(hint->saving.bytes >= 1500 * 1000 && hint->saving.bytes <= 2000 * 1000);
}

/* One key is loaded five times as often, the other takes a hundred times as long. */
static void
what_saves_most_comes_first(void **state)
{
	for (uint64_t now = 10; now <= 1000; now += 10) {
		struct tayra__patterns_event seldom = event("seldom", now);

		seldom.cost_ns = 500000000;
		tayra__patterns_load(patterns, &seldom, TAYRA__PATTERNS_EXPIRED,
				     TAYRA__PATTERNS_SAME, 10 * SECOND);
		for (int i = 0; i < 5; i++)
			load("often", now, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_SAME, 2);
	}
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	assert_int_equal(hints.hint_count, 2);
	assert_string_equal(hints.hints[0].subject, "seldom");
	assert_string_equal(hints.hints[1].subject, "often");
}

/* Both forms, of keys that try to break out of them. */
static void
hostile_keys_stay_inside_json_and_text(void **state)
{
	char *text = NULL, *json_text = NULL, key[] = "a\"\\\n\x1b[31m\xff";
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct tayra__json json;
	json_t *root;

	background(0, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		use(key, 1000, TAYRA__PATTERNS_HIT);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	tayra__hints_text(&hints, out);
	fclose(out);
	assert_null(strchr(text, 0x1b));
	assert_null(strchr(text, 0xff));
	assert_non_null(strstr(text, "a\"\\x5c\\x0a\\x1b[31m\\xff"));
	assert_non_null(strstr(text, "1. Hot key: "));
	free(text);
	out = open_memstream(&json_text, &len);
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__hints_json(&hints, &json);
	tayra__json_end(&json);
	assert_int_equal(tayra__json_finish(&json), 0);
	fclose(out);
	root = json_loads(json_text, 0, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(root, "hints"), 0), "kind")),
			    "hot_key");
	json_decref(root);
	free(json_text);
}

/* No line of the text is wider than a terminal. */
static void
the_text_fits_a_terminal(void **state)
{
	char *text = NULL, *line;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (uint64_t now = 10; now <= 1000; now += 10) {
		load("config", now, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_SAME, 10);
		load("price", now, TAYRA__PATTERNS_EXPIRED, TAYRA__PATTERNS_CHANGED, 10);
		use("price", now, TAYRA__PATTERNS_HIT);
	}
	background(0, 1000);
	tayra__hints_take(patterns, 1000 * SECOND, &hints);
	tayra__hints_text(&hints, out);
	fclose(out);
	for (line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	assert_non_null(strstr(text, "costs "));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_advised_without_evidence, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_time_to_live_that_is_too_short_is_found_with_what_a_longer_one_saves,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			reloads_after_eviction_are_no_matter_of_time_to_live, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_time_to_live_that_is_too_long_is_found_with_what_is_stale_and_what_it_costs,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_that_change_at_times_are_left_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_hot_key_is_named_with_the_share_it_surely_has,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_advice_for_several_hot_keys_is_given_once,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			keys_used_once_and_groups_not_worth_caching_are_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(losses_that_come_back_are_counted_by_cause, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_scan_is_told_with_its_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_saves_most_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_group_whose_time_to_live_is_wrong_is_told_where_no_key_stands_out, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(hostile_keys_stay_inside_json_and_text, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_text_fits_a_terminal, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
