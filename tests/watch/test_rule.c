/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/rule.h"

#include <tayra/base.h>

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define S TAYRA_NS_PER_S

static struct tayra__alert_text got;
static char why[200];

static const struct tayra__alert_rule *
parse(const char *text)
{
	if (tayra__alert_text_parse("me", text, NULL, &got, why, sizeof(why)) != TAYRA_OK)
		fail_msg("%s: %s", text, why);
	return &got.rule;
}

static void
refused(const char *text, const char *reason)
{
	why[0] = '\0';
	assert_int_equal(tayra__alert_text_parse("me", text, NULL, &got, why, sizeof(why)),
			 TAYRA_E_INVAL);
	if (!strstr(why, reason))
		fail_msg("'%s' is refused because it %s", text, why);
}

static void
a_threshold_is_enough(void **state)
{
	const struct tayra__alert_rule *rule = parse("level > 10");

	assert_string_equal(rule->name, "me");
	assert_string_equal(rule->sentence, "level > 10");
	assert_string_equal(rule->top.metric, "level");
	assert_null(rule->bottom.metric);
	assert_true(rule->when == TAYRA__ALERT_ABOVE && rule->threshold == 10);
	assert_true(rule->window_ns == 0 && rule->for_ns == 0 && rule->hysteresis == 0);
	rule = parse("level < -3");
	assert_true(rule->when == TAYRA__ALERT_BELOW && rule->threshold == -3);
}

static void
a_threshold_may_be_a_time(void **state)
{
	const struct tayra__alert_rule *rule = parse("p99 wait > 50ms back 5ms");

	assert_true(rule->threshold == 0.05 && rule->hysteresis == 0.005);
	refused("p99 wait > 50parsecs", "no number");
	refused("p99 wait > 1 back -5ms", "no number of at least 0");
}

static void
a_burn_rate_has_two_windows(void **state)
{
	const struct tayra__alert_rule *rule = parse(
		"  bad / all over 5m and 1h  > 0.0144 back 0.001 for 30s ");

	assert_string_equal(rule->top.metric, "bad");
	assert_string_equal(rule->bottom.metric, "all");
	assert_true(rule->window_ns == 300 * S && rule->long_window_ns == 3600 * S);
	assert_true(rule->threshold == 0.0144 && rule->hysteresis == 0.001);
	assert_true(rule->for_ns == 30 * S);
}

/* The Site Reliability Workbook's two: 14.4 of 0.1% over 5 minutes and an hour. */
static void
a_burn_rate_is_a_factor_of_what_may_fail(void **state)
{
	const struct tayra__alert_rule *rule = parse(
		"bad / all over 5m and 1h burns 14.4 slo 99.9% back 0.001 for 30s");

	assert_true(rule->threshold > 0.014399 && rule->threshold < 0.014401);
	assert_true(rule->when == TAYRA__ALERT_ABOVE && rule->hysteresis == 0.001);
	assert_true(rule->window_ns == 300 * S && rule->long_window_ns == 3600 * S);
	rule = parse("bad / all over 30m and 6h burns 6 slo 99%");
	assert_true(rule->threshold > 0.05999 && rule->threshold < 0.06001);
	refused("bad / all burns 6 slo 99%", "'burns' without 'over'");
	refused("bad over 5m burns 6 slo 99%", "without a share");
	refused("bad / all over 5m burns 6", "'burns' without 'slo'");
	refused("bad / all over 5m slo 99%", "'slo' without 'burns'");
	refused("bad / all over 5m > 1 burns 6 slo 99%", "has 'burns' twice");
	refused("bad / all over 5m burns 0 slo 99%", "no factor above 0");
	refused("bad / all over 5m burns much slo 99%", "no factor above 0");
	refused("bad / all over 5m burns 6 slo 99", "'slo 99' is no percentage");
	refused("bad / all over 5m burns 6 slo 100%", "no percentage between");
	refused("bad / all over 5m burns 6 slo %", "no percentage between");
	refused("bad / all over 5m burns 14.4 slo 90%", "never fires");
	refused("bad / all over 5m burns 6 slo", "ends after 'slo'");
}

static void
what_is_counted_of_a_histogram_is_named(void **state)
{
	const struct tayra__alert_rule *rule = parse(
		"above 50ms turn_seconds{arm=a} / count turn_seconds over 5m > 0.01");

	assert_true(rule->top.of == TAYRA__READING_OVER && rule->top.over == 0.05);
	assert_string_equal(rule->top.labels[0].value, "a");
	assert_true(rule->bottom.of == TAYRA__READING_COUNT);
	assert_true(parse("above 4096 sizes > 10")->top.over == 4096);
	refused("above turn_seconds > 1", "'above turn_seconds' is no bound");
	refused("above", "'above ' is no bound");
	refused("above 5 > 1", "names no metric before >");
	refused("count > 1", "names no metric before >");
}

static void
readings_have_labels_joins_and_quantiles(void **state)
{
	const struct tayra__alert_rule *rule = parse("least limit{origin=db,class=HIGH} < -2.5");

	assert_string_equal(rule->top.labels[0].name, "origin");
	assert_string_equal(rule->top.labels[0].value, "db");
	assert_string_equal(rule->top.labels[1].name, "class");
	assert_string_equal(rule->top.labels[1].value, "HIGH");
	assert_null(rule->top.labels[2].name);
	assert_true(rule->top.join == TAYRA__READING_LEAST);
	assert_true(rule->when == TAYRA__ALERT_BELOW && rule->threshold == -2.5);
	rule = parse("p99.9 turn_seconds / most x{a=} > 1");
	assert_true(rule->top.quantile > 0.9989 && rule->top.quantile < 0.9991);
	assert_true(rule->bottom.join == TAYRA__READING_MOST);
	assert_string_equal(rule->bottom.labels[0].value, "");
}

static void
what_is_wrong_is_said(void **state)
{
	refused("", "names no metric");
	refused("> 5", "names no metric before >");
	refused("p99 > 5", "names no metric before >");
	refused("level", "has no threshold");
	refused("level >", "ends after '>'");
	refused("level > much", "'> much' is no number");
	refused("level > nan", "'> nan' is no number");
	refused("level > 1 < 2", "has '<' twice");
	refused("level > 1 for 5", "'for 5' is no time");
	refused("level > 1 for 0s", "'for 0s' is no time");
	refused("level > 1 back -1", "of at least 0");
	refused("level and 5m > 1", "'and' without 'over'");
	refused("level over 5m and 5m > 1", "longer time");
	refused("level > 1 until 5m", "does not understand 'until'");
	refused("level > 1 / other", "'/' where none belongs");
	refused("a / b / c > 1", "'/' where none belongs");
	refused("le-vel > 1", "'le-vel' is not spelt like a metric");
	refused("level{a > 1", "no '}'");
	refused("level{a} > 1", "no label=value");
	refused("level{=a} > 1", "no label=value");
	refused("level{a=1,b=2,c=3,d=4} > 1", "more than 3 labels");
}

static void
names_and_lengths_are_bounded(void **state)
{
	char text[TAYRA__ALERT_TEXT_MAX + 2];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	refused(text, "longer than");
	assert_int_equal(tayra__alert_text_parse(text, "a > 1", NULL, &got, why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra__alert_text_parse("me", "a > 1", text, &got, why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_int_equal(
		tayra__alert_text_parse("me", "a > 1", "Too much of a", &got, why, sizeof(why)),
		TAYRA_OK);
	assert_string_equal(got.rule.sentence, "Too much of a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_threshold_is_enough),
		cmocka_unit_test(a_threshold_may_be_a_time),
		cmocka_unit_test(a_burn_rate_has_two_windows),
		cmocka_unit_test(a_burn_rate_is_a_factor_of_what_may_fail),
		cmocka_unit_test(what_is_counted_of_a_histogram_is_named),
		cmocka_unit_test(readings_have_labels_joins_and_quantiles),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(names_and_lengths_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
