/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/registry.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "watch/family.h"
#include "watch/reading.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct tayra__registry *registry;

static int
set_up(void **state)
{
	return tayra__registry_create(&registry);
}

static int
tear_down(void **state)
{
	tayra__registry_destroy(registry);
	return 0;
}

/* The value of the one metric, all its samples together. */
static double
value(const char *metric, const char *label, const char *is)
{
	struct tayra__reading reading = { .metric = metric };

	if (label)
		reading.labels[0] = (struct tayra__watch_label){ label, is };
	tayra__readings_take(registry, &reading, 1);
	return reading.value;
}

static const struct tayra__watch_row good = { .name = "good_name_bytes",
					      .unit = "bytes",
					      .sentence = "Good",
					      .type = TAYRA__WATCH_COUNTER,
					      .labels = { "by", "of" } };

static void
a_row_that_is_not_well_formed_is_refused(void **state)
{
	static const char *const names[] = {
		NULL,      "",      "Bad",    "1bad",      "b-d",
		"b d",     "b:d",   "_bad",   "x_total",   "x_bucket",
		"x_count", "x_sum", "x_info", "x_created", "b\xc3\xa4"
	};
	struct tayra__watch_row row = good;
	struct tayra__family *family = (void *)1;

	row.unit = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		row.name = names[i];
		assert_int_equal(tayra__registry_add_family(registry, &row, 0, &family),
				 TAYRA_E_INVAL);
		assert_null(family);
	}
	row = good;
	row.unit = "seconds";
	assert_int_equal(tayra__watch_row_check(&row), TAYRA_E_INVAL);
	row = good;
	row.sentence = "";
	assert_int_equal(tayra__watch_row_check(&row), TAYRA_E_INVAL);
	row = good;
	row.labels[1] = "by";
	assert_int_equal(tayra__watch_row_check(&row), TAYRA_E_INVAL);
	row = good;
	row.labels[0] = "le";
	assert_int_equal(tayra__watch_row_check(&row), TAYRA_E_INVAL);
	row = good;
	row.per_unit = -1;
	assert_int_equal(tayra__watch_row_check(&row), TAYRA_E_INVAL);
	row = good;
	row.high = 64;
	assert_int_equal(tayra__watch_row_check(&row), TAYRA_E_INVAL);
	assert_int_equal(tayra__watch_row_check(&good), TAYRA_OK);
}

static void
a_name_is_registered_once(void **state)
{
	struct tayra__watch_row twin = good;
	struct tayra__family *family;

	twin.type = TAYRA__WATCH_GAUGE;
	assert_int_equal(tayra__registry_add_family(registry, &good, 0, &family), TAYRA_OK);
	assert_int_equal(tayra__registry_add_family(registry, &good, 0, &family), TAYRA_E_INVAL);
	assert_int_equal(tayra__registry_add_family(registry, &twin, 0, &family), TAYRA_E_INVAL);
	assert_ptr_equal(tayra__registry_find(registry, "good_name_bytes"), &good);
	assert_null(tayra__registry_find(registry, "good_name"));
}

static void
read_number(void *ctx, void *snapshot)
{
	memcpy(snapshot, ctx, sizeof(uint64_t));
}

static const struct tayra__watch_row number_rows[] = {
	{ .name = "number",
	  .sentence = "A number",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64 },
};
static const struct tayra__watch_table numbers = {
	number_rows, 1, "who", sizeof(uint64_t), read_number,
};

static void
instances_of_a_table_are_told_apart(void **state)
{
	uint64_t a = 3, b = 4;

	assert_int_equal(tayra__registry_add_table(registry, &numbers, "a", &a), TAYRA_OK);
	assert_int_equal(tayra__registry_add_table(registry, &numbers, "a", &b), TAYRA_E_INVAL);
	assert_int_equal(tayra__registry_add_table(registry, &numbers, NULL, &b), TAYRA_E_INVAL);
	assert_int_equal(tayra__registry_add_table(registry, &numbers, "b", &b), TAYRA_OK);
	a = 5;
	assert_true(value("number", "who", "a") == 5);
	assert_true(value("number", "who", "b") == 4);
	assert_true(value("number", NULL, NULL) == 9);
	assert_true(isnan(value("number", "who", "c")));
}

static void
a_table_has_so_many_instances_and_no_more(void **state)
{
	uint64_t n = 1;
	char name[16];

	for (int i = 0; i < TAYRA__REGISTRY_INSTANCES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(tayra__registry_add_table(registry, &numbers, name, &n), TAYRA_OK);
	}
	assert_int_equal(tayra__registry_add_table(registry, &numbers, "more", &n), TAYRA_E_FULL);
}

static void
a_table_that_reaches_out_of_its_snapshot_is_refused(void **state)
{
	static const char *const two[] = { "a", "b" };
	struct tayra__watch_row row = number_rows[0];
	struct tayra__watch_table table = { &row, 1, NULL, sizeof(uint64_t), read_number };
	uint64_t n = 1;

	row.offset = 1;
	assert_int_equal(tayra__registry_add_table(registry, &table, NULL, &n), TAYRA_E_INVAL);
	row.offset = 0;
	row.dims[0] = (struct tayra__watch_dim){ "d", two, 2, 8 };
	assert_int_equal(tayra__registry_add_table(registry, &table, NULL, &n), TAYRA_E_INVAL);
	row.dims[0].count = 1;
	table.instance_label = "d"; /* also the dimension's */
	assert_int_equal(tayra__registry_add_table(registry, &table, "x", &n), TAYRA_E_INVAL);
	table.instance_label = NULL;
	row.field = TAYRA__WATCH_DOUBLE; /* a counter must not be negative or NaN */
	assert_int_equal(tayra__registry_add_table(registry, &table, NULL, &n), TAYRA_E_INVAL);
	row.field = TAYRA__WATCH_NO_FIELD;
	assert_int_equal(tayra__registry_add_table(registry, &table, NULL, &n), TAYRA_E_INVAL);
	row.field = TAYRA__WATCH_U64;
	assert_int_equal(tayra__registry_add_table(registry, &table, NULL, &n), TAYRA_OK);
	assert_int_equal(tayra__registry_add_table(registry, &table, NULL, &n), TAYRA_E_INVAL);
}

static void
the_same_values_are_the_same_series(void **state)
{
	const char *a[] = { "x", "y" }, *b[] = { "x", "z" };
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, &good, 0, &family), TAYRA_OK);
	assert_ptr_equal(tayra__family_series(family, a), tayra__family_series(family, a));
	assert_ptr_not_equal(tayra__family_series(family, a), tayra__family_series(family, b));
}

static void
what_is_over_the_limit_goes_to_other_and_is_counted(void **state)
{
	const char *values[2] = { NULL, "y" };
	struct tayra__family *family;
	char text[TAYRA__WATCH_LABEL_MAX + 2];

	assert_int_equal(tayra__registry_add_family(registry, &good, 3, &family), TAYRA_OK);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "%d", i);
		values[0] = text;
		tayra__series_add(tayra__family_series(family, values), 1);
	}
	assert_true(value("good_name_bytes", "by", "2") == 1);
	assert_true(isnan(value("good_name_bytes", "by", "3")));
	assert_true(value("good_name_bytes", "by", "other") == 7);
	assert_true(value("good_name_bytes", "of", "other") == 7);
	assert_true(value("tayra_watch_other", "metric", "good_name_bytes") == 7);
	assert_true(value("good_name_bytes", NULL, NULL) == 10); /* nothing is lost */
}

static void
a_value_too_long_goes_to_other(void **state)
{
	char text[TAYRA__WATCH_LABEL_MAX + 2];
	const char *values[2] = { text, "y" };
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, &good, 0, &family), TAYRA_OK);
	memset(text, 'x', sizeof(text));
	text[TAYRA__WATCH_LABEL_MAX] = '\0';
	tayra__series_add(tayra__family_series(family, values), 1);
	assert_true(isnan(value("good_name_bytes", "by", "other")));
	text[TAYRA__WATCH_LABEL_MAX] = 'x';
	text[TAYRA__WATCH_LABEL_MAX + 1] = '\0';
	tayra__series_add(tayra__family_series(family, values), 1);
	assert_true(value("good_name_bytes", "by", "other") == 1);
	text[TAYRA__WATCH_LABEL_MAX - 1] = '\xff'; /* U+FFFD is three bytes */
	text[TAYRA__WATCH_LABEL_MAX] = '\0';
	tayra__series_add(tayra__family_series(family, values), 1);
	assert_true(value("good_name_bytes", "by", "other") == 2);
}

static void
a_gauge_nobody_set_says_nothing(void **state)
{
	static const struct tayra__watch_row row = { .name = "height",
						     .sentence = "Height",
						     .type = TAYRA__WATCH_GAUGE };
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, &row, 0, &family), TAYRA_OK);
	assert_true(isnan(value("height", NULL, NULL)));
	tayra__series_set(tayra__family_series(family, NULL), -2);
	assert_true(value("height", NULL, NULL) == -2);
	tayra__series_set(tayra__family_series(family, NULL), (double)NAN);
	assert_true(isnan(value("height", NULL, NULL)));
}

static void
a_reading_of_a_histogram_is_its_quantile_or_mean(void **state)
{
	static const struct tayra__watch_row row = { .name = "took_seconds",
						     .unit = "seconds",
						     .sentence = "Took",
						     .type = TAYRA__WATCH_HISTOGRAM,
						     .per_unit = 2 };
	struct tayra__reading readings[2] = { { .metric = "took_seconds", .quantile = 1 },
					      { .metric = "took_seconds" } };
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, &row, 0, &family), TAYRA_OK);
	tayra__readings_take(registry, readings, 2);
	assert_true(isnan(readings[0].value) && isnan(readings[1].value));
	tayra__series_observe(tayra__family_series(family, NULL), 10);
	tayra__series_observe(tayra__family_series(family, NULL), 20);
	tayra__readings_take(registry, readings, 2);
	assert_true(readings[0].value == 10);
	assert_true(readings[1].value == 7.5);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(a_row_that_is_not_well_formed_is_refused),
		test(a_name_is_registered_once),
		test(instances_of_a_table_are_told_apart),
		test(a_table_has_so_many_instances_and_no_more),
		test(a_table_that_reaches_out_of_its_snapshot_is_refused),
		test(the_same_values_are_the_same_series),
		test(what_is_over_the_limit_goes_to_other_and_is_counted),
		test(a_value_too_long_goes_to_other),
		test(a_gauge_nobody_set_says_nothing),
		test(a_reading_of_a_histogram_is_its_quantile_or_mean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
