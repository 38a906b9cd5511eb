/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>

#include "invent.h"
#include "showcase/ablation_words.h"

static const double gain[] = { 2, 1.25, 1, 1.25 };
static const double loss[] = { 1, 1, 1.2, 1 };

static struct tayra__arm_design
tayra_design(void)
{
	return (struct tayra__arm_design){
		.name = "tayra",
		.policy = TAYRA_POLICY_S3FIFO,
		.single_flight = true,
		.limited = true,
		.limit = 4,
		.soft_timeout_ns = 1,
		.stale_ms = 1,
	};
}

static void
every_row_takes_something_away_and_says_what(void **state)
{
	for (uint32_t i = 0; i < tayra__ablation_count; i++) {
		const struct tayra__ablation *a = &tayra__ablations[i];
		struct tayra__arm_design with = tayra_design(), without = tayra_design();

		a->change(&with, &without);
		assert_memory_not_equal(&with, &without, sizeof(with));
		assert_non_null(a->what);
		assert_non_null(a->where);
		assert_non_null(tayra__stage_metric_info(a->metric));
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(a->mechanism, tayra__ablations[j].mechanism);
	}
}

static void
every_row_has_rounds_enough_for_a_verdict(void **state)
{
	for (uint32_t i = 0; i < tayra__ablation_count; i++) {
		const struct tayra__stage *stage = &tayra__ablations[i].stage;

		assert_in_range(stage->rounds[0], 6, TAYRA__ROUNDS_MAX);
		assert_true(stage->rounds[1] == 0 || stage->rounds[1] >= 6);
	}
	assert_true(tayra__ablation_count <= TAYRA__ABLATIONS_MAX);
}

static void
better_means_better_with_the_mechanism(void **state)
{
	struct tayra__results *good = invent(gain), *bad = invent(loss);

	for (uint32_t i = 0; i + 1 < tayra__ablation_count; i++) {
		assert_int_equal(good->ablation[i].ab.verdict, TAYRA_BETTER);
		assert_int_equal(bad->ablation[i].ab.verdict, TAYRA_WORSE);
	}
	free(good);
	free(bad);
}

static json_t *
mechanisms_of(const struct tayra__results *r)
{
	char *text = written(r, tayra__results_write_json);
	json_t *json = json_loads(text, 0, NULL);

	free(text);
	assert_non_null(json);
	return json;
}

static void
what_was_not_measured_says_why_and_has_no_figures(void **state)
{
	struct tayra__results *r = invent(gain);
	json_t *json = mechanisms_of(r);
	json_t *row = json_array_get(json_object_get(json, "mechanisms"),
				     tayra__ablation_count - 1);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_string_equal(json_string_value(json_object_get(row, "not_measured")),
			    "no <such> thing here");
	assert_true(json_is_null(json_object_get(row, "verdict")));
	assert_true(json_is_null(json_object_get(row, "ratio")));
	tayra__ablation_words_print(r, out);
	tayra__ablation_words_html(r, out);
	fclose(out);
	assert_non_null(strstr(text, "not measured: no <such> thing here\n"));
	assert_non_null(strstr(text, "not measured: no &lt;such&gt; thing here"));
	free(text);
	json_decref(json);
	free(r);
}

static void
a_run_without_them_says_nothing_of_them(void **state)
{
	struct tayra__results *r = invent(gain);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	r->ablations = 0;
	tayra__ablation_words_print(r, out);
	tayra__ablation_words_md(r, out);
	tayra__ablation_words_html(r, out);
	fclose(out);
	assert_string_equal(text, "");
	free(text);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_takes_something_away_and_says_what),
		cmocka_unit_test(every_row_has_rounds_enough_for_a_verdict),
		cmocka_unit_test(better_means_better_with_the_mechanism),
		cmocka_unit_test(what_was_not_measured_says_why_and_has_no_figures),
		cmocka_unit_test(a_run_without_them_says_nothing_of_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
