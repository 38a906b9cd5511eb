/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/snapshot.h"

#include <tayra/base.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "watch/family.h"
#include "watch/registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct tayra__watch_row hits = {
	.name = "hits", .sentence = "Hits", .type = TAYRA__WATCH_COUNTER, .labels = { "by" }
};
static const struct tayra__watch_row requests = { .name = "requests",
						  .sentence = "Requests",
						  .type = TAYRA__WATCH_COUNTER };
static const struct tayra__watch_row took = { .name = "took_seconds",
					      .unit = "seconds",
					      .sentence = "Took",
					      .type = TAYRA__WATCH_HISTOGRAM,
					      .per_unit = 1e9 };
static const struct tayra__headline headlines[] = {
	{ "Hit ratio", "From memory", "ratio", { .metric = "hits" }, { .metric = "requests" } },
	{ "Slowest", "The slowest", "seconds", { .metric = "took_seconds", .quantile = 1 } },
	{ "Nothing", "No such metric", NULL, { .metric = "none" } },
};

static struct tayra__series *
series(struct tayra__registry *registry, const struct tayra__watch_row *row, const char *value)
{
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, row, 0, &family), TAYRA_OK);
	return tayra__family_series(family, &value);
}

static json_t *
read_back(struct tayra__registry *registry)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *json;

	assert_int_equal(tayra__snapshot_write(registry, headlines, 3, 1234, out), TAYRA_OK);
	fclose(out);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

static const json_t *
metric(const json_t *root, const char *name)
{
	json_t *each;
	size_t i;

	json_array_foreach(json_object_get(root, "metrics"), i,
			   each) if (strcmp(json_string_value(json_object_get(each, "name")),
					    name) == 0) return each;
	fail_msg("no metric %s", name);
	return NULL;
}

static double
member(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void
everything_is_there_in_its_unit(void **state)
{
	struct tayra__registry *registry;
	struct tayra__series *times;
	const json_t *sample;
	json_t *root;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	tayra__series_add(series(registry, &hits, "a \"quoted\" \xff one"), 3);
	tayra__series_add(series(registry, &requests, NULL), 4);
	times = series(registry, &took, NULL);
	root = read_back(registry);
	sample = json_array_get(json_object_get(metric(root, "took_seconds"), "samples"), 0);
	assert_true(json_is_null(json_object_get(sample, "p99"))); /* of nothing */
	assert_true(member(sample, "count") == 0);
	json_decref(root);

	tayra__series_observe(times, 2000000000);
	root = read_back(registry);
	assert_string_equal(json_string_value(json_object_get(root, "format")), "tayra-metrics-1");
	assert_true(member(root, "time_ms") == 1234);
	sample = json_array_get(json_object_get(metric(root, "hits"), "samples"), 0);
	assert_true(member(sample, "value") == 3);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(sample, "labels"), "by")),
		"a \"quoted\" \xef\xbf\xbd one");
	sample = json_array_get(json_object_get(metric(root, "took_seconds"), "samples"), 0);
	assert_true(member(sample, "max") == 2 && member(sample, "sum") == 2);
	json_decref(root);
	tayra__registry_destroy(registry);
}

static void
headlines_are_readings_over_readings(void **state)
{
	struct tayra__registry *registry;
	struct tayra__series *asked;
	const json_t *lines, *ratio;
	json_t *root;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	tayra__series_add(series(registry, &hits, "a"), 3);
	asked = series(registry, &requests, NULL);
	root = read_back(registry);
	ratio = json_array_get(json_object_get(root, "headlines"), 0);
	assert_true(json_is_null(json_object_get(ratio, "value"))); /* over nothing */
	json_decref(root);

	tayra__series_add(asked, 4);
	root = read_back(registry);
	lines = json_object_get(root, "headlines");
	assert_int_equal(json_array_size(lines), 3);
	ratio = json_array_get(lines, 0);
	assert_true(member(ratio, "value") == 0.75);
	assert_true(member(ratio, "top") == 3 && member(ratio, "bottom") == 4);
	assert_true(json_is_null(json_object_get(json_array_get(lines, 2), "value")));
	json_decref(root);
	tayra__registry_destroy(registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_there_in_its_unit),
		cmocka_unit_test(headlines_are_readings_over_readings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
