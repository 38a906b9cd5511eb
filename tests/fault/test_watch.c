/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/registry.h"

#include <tayra/base.h>

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "watch/alert.h"
#include "watch/exec.h"
#include "watch/family.h"
#include "watch/reading.h"
#include "watch/webhook.h"

static const struct tayra__watch_row counted = {
	.name = "counted", .sentence = "Counted", .type = TAYRA__WATCH_COUNTER, .labels = { "by" }
};
static const struct tayra__watch_row took = { .name = "took",
					      .sentence = "Took",
					      .type = TAYRA__WATCH_HISTOGRAM };

static void
read_number(void *ctx, void *snapshot)
{
	memcpy(snapshot, ctx, sizeof(uint64_t));
}

static const struct tayra__watch_row number = { .name = "number",
						.sentence = "A number",
						.type = TAYRA__WATCH_COUNTER,
						.field = TAYRA__WATCH_U64 };
static const struct tayra__watch_table table = { &number, 1, "who", sizeof(uint64_t), read_number };

static double
value(struct tayra__registry *registry, const char *metric)
{
	struct tayra__reading reading = { .metric = metric };

	tayra__readings_take(registry, &reading, 1);
	return reading.value;
}

static void
a_registry_without_memory_leaves_nothing_behind(void **state)
{
	struct tayra__registry *registry = NULL;
	int status = TAYRA_E_NOMEM;
	uint64_t n = 1;

	for (; status == TAYRA_E_NOMEM && n < 20; n++) {
		registry = (void *)1;
		tayra__mem_fail_after(n);
		status = tayra__registry_create(&registry);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK || !registry);
	}
	assert_int_equal(status, TAYRA_OK);
	assert_true(n > 3);
	tayra__registry_destroy(registry);
}

/* Add until there is memory: before that the metric is not there, after it is. */
static void
what_could_not_be_added_is_not_there(void **state)
{
	struct tayra__registry *registry;
	struct tayra__family *family = NULL;
	uint64_t four = 4;
	int status = TAYRA_E_NOMEM;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	for (uint64_t n = 1; status == TAYRA_E_NOMEM && n < 20; n++) {
		assert_null(tayra__registry_find(registry, "took"));
		tayra__mem_fail_after(n);
		status = tayra__registry_add_family(registry, &took, 0, &family);
		tayra__mem_fail_after(0);
	}
	assert_int_equal(status, TAYRA_OK);
	status = TAYRA_E_NOMEM;
	for (uint64_t n = 1; status == TAYRA_E_NOMEM && n < 20; n++) {
		assert_true(isnan(value(registry, "number")));
		tayra__mem_fail_after(n);
		status = tayra__registry_add_table(registry, &table, "me", &four);
		tayra__mem_fail_after(0);
	}
	assert_int_equal(status, TAYRA_OK);
	assert_true(value(registry, "number") == 4);
	tayra__registry_destroy(registry);
}

static void
without_memory_for_a_series_other_counts(void **state)
{
	const char *by = "me";
	struct tayra__registry *registry;
	struct tayra__family *family;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	assert_int_equal(tayra__registry_add_family(registry, &counted, 0, &family), TAYRA_OK);
	tayra__mem_fail_after(1);
	tayra__series_add(tayra__family_series(family, &by), 2);
	tayra__mem_fail_after(0);
	tayra__series_add(tayra__family_series(family, &by), 3);
	assert_true(value(registry, "counted") == 5);
	assert_true(value(registry, "tayra_watch_other") == 1);
	tayra__registry_destroy(registry);
}

static void
a_rule_or_program_without_memory_is_not_there(void **state)
{
	static const char *const argv[] = { "/bin/true", NULL };
	const struct tayra__exec_options options = { .name = "me", .argv = argv };
	const struct tayra__alert_rule rule = {
		.name = "high", .sentence = "High", .top = { .metric = "counted" }, .threshold = -1
	};
	struct tayra__registry *registry;
	struct tayra__family *family;
	struct tayra__alerts *alerts;
	struct tayra__exec *exec = NULL;
	int status = TAYRA_E_NOMEM;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	assert_int_equal(tayra__registry_add_family(registry, &counted, 0, &family), TAYRA_OK);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__alerts_create(registry, &alerts), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(alerts);
	assert_int_equal(tayra__alerts_create(registry, &alerts), TAYRA_OK);
	for (uint64_t n = 1; status == TAYRA_E_NOMEM && n < 20; n++) {
		assert_null(tayra__registry_find(registry, "tayra_alert_state"));
		tayra__mem_fail_after(n);
		status = tayra__alerts_add_rule(alerts, &rule);
		tayra__mem_fail_after(0);
		tayra__alerts_evaluate(alerts, n, 0);
	}
	assert_int_equal(status, TAYRA_OK);
	status = TAYRA_E_NOMEM;
	for (uint64_t n = 1; status == TAYRA_E_NOMEM && n < 20; n++) {
		assert_null(tayra__registry_find(registry, "tayra_alert_exec_started"));
		tayra__mem_fail_after(n);
		status = tayra__exec_create(registry, &options, &exec);
		tayra__mem_fail_after(0);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra__registry_destroy(registry);
	tayra__alerts_destroy(alerts);
	tayra__exec_destroy(exec);
}

static void
a_webhook_without_memory_leaves_nothing_behind(void **state)
{
	struct tayra__webhook_options options = { .name = "me", .url = "http://127.0.0.1:1/" };
	struct tayra__webhook *webhook = NULL;
	struct tayra__registry *registry;
	int status = TAYRA_E_NOMEM;
	uint64_t n = 1;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	for (; status == TAYRA_E_NOMEM && n < 20; n++) {
		webhook = (void *)1;
		tayra__mem_fail_after(n);
		status = tayra__webhook_create(registry, &options, &webhook);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK || !webhook);
	}
	if (status != TAYRA_E_UNSUPPORTED) {
		assert_int_equal(status, TAYRA_OK);
		assert_true(n > 2);
	}
	tayra__registry_destroy(registry);
	tayra__webhook_destroy(webhook);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_webhook_without_memory_leaves_nothing_behind),
		cmocka_unit_test(a_registry_without_memory_leaves_nothing_behind),
		cmocka_unit_test(what_could_not_be_added_is_not_there),
		cmocka_unit_test(a_rule_or_program_without_memory_is_not_there),
		cmocka_unit_test(without_memory_for_a_series_other_counts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
