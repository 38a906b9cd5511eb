/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "invent.h"
#include "schema.h"
#include "showcase/report_html.h"
#include "showcase/report_md.h"
#include "showcase/results.h"
#include "showcase/verdict_table.h"
#include "showcase/words.h"

#include <tayra/base.h>

static const double alike[] = { 1, 1, 1, 1 };
static const double gain[] = { 2, 1.25, 1, 1.25 };
static const double loss[] = { 1, 1, 1.2, 1 };

static void
every_registered_comparison_is_made_and_no_other(void **state)
{
	struct tayra__results *r = invent(gain);
	uint32_t registered = 0;

	for (uint32_t i = 0; i < tayra__stage_count; i++)
		for (const struct tayra__stage_metric *m = tayra__stages[i].metrics; m->metric >= 0;
		     m++)
			registered += 2;
	assert_int_equal(r->comparisons, registered);
	assert_int_equal(tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_BETTER), registered / 2);
	assert_non_null(tayra__results_find(r, "overload-4x", "stress", TAYRA__GOODPUT_PER_S,
					    TAYRA__ARM_PLAIN));
	assert_null(
		tayra__results_find(r, "overload-4x", "stress", TAYRA__RSS_MIB, TAYRA__ARM_PLAIN));
	assert_true(fabs(r->average[0].ratio - 1.25) < 0.01);
	assert_true(fabs(r->average[1].ratio - 2) < 0.01);
	free(r);
}

static void
no_single_metric_counts_more_than_tenfold(void **state)
{
	const double huge[] = { 1000, 1000, 1, 1000 };
	struct tayra__results *r = invent(huge);

	assert_true(fabs(r->average[0].ratio - 10) < 0.01);
	free(r);
}

static void
json_follows_its_schema(void **state)
{
	json_error_t error;
	json_t *schema = json_load_file(getenv("RESULTS_SCHEMA"), 0, &error);
	const double *const cases[] = { alike, gain, loss };

	assert_non_null(schema);
	for (int i = 0; i < 3; i++) {
		struct tayra__results *r = invent(cases[i]);
		char *text = written(r, tayra__results_write_json);
		json_t *json = json_loads(text, 0, &error);

		assert_non_null(json);
		assert_true(schema_holds(json, schema, "results"));
		assert_int_equal(json_array_size(json_object_get(json, "comparisons")),
				 r->comparisons);
		/* The check itself can fail. */
		json_object_set_new(json, "v", json_integer(2));
		assert_false(schema_holds(json, schema, "expected"));
		json_decref(json);
		free(text);
		free(r);
	}
	json_decref(schema);
}

static void
an_empty_and_interrupted_run_is_still_valid_json(void **state)
{
	json_error_t error;
	json_t *schema = json_load_file(getenv("RESULTS_SCHEMA"), 0, &error), *json;
	struct tayra__results *r = calloc(1, sizeof(*r));
	char *text;

	r->interrupted = true;
	r->cores = 2;
	snprintf(r->why_invalid, sizeof(r->why_invalid), "interrupted before the end");
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	text = written(r, tayra__results_write_json);
	json = json_loads(text, 0, &error);
	assert_non_null(json);
	assert_true(schema_holds(json, schema, "results"));
	json_decref(json);
	json_decref(schema);
	free(text);
	free(r);
}

static void
the_page_needs_nothing_from_anywhere(void **state)
{
	static const char *const banned[] = { "http:",   "https:", "<script", "src=",   "url(",
					      "@import", "<link",  "<iframe", "onload", "nan" };
	struct tayra__results *r = invent(gain);
	char *page = written(r, tayra__report_html_write);

	for (size_t i = 0; i < sizeof(banned) / sizeof(banned[0]); i++)
		if (strstr(page, banned[i]))
			fail_msg("the page has %s", banned[i]);
	assert_non_null(strstr(page, "a &lt;b&gt; &amp; &quot;c&quot;"));
	assert_non_null(strstr(page, "prefers-color-scheme"));
	assert_non_null(strstr(page, "<svg"));
	assert_true(strlen(page) < 300 << 10);
	free(page);
	free(r);
}

/* All that is said of tayra in all four forms. */
static char *
all_that_is_said(const struct tayra__results *r)
{
	char *page = written(r, tayra__report_html_write), *md = written(r, tayra__report_md_write);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(page, out);
	fputs(md, out);
	tayra__verdict_table_print(r, out);
	fclose(out);
	free(page);
	free(md);
	return text;
}

static void
what_is_worse_is_called_worse_and_not_praised(void **state)
{
	struct tayra__results *r = invent(loss);
	char *said = all_that_is_said(r);

	assert_int_equal(r->average[0].verdict, TAYRA_WORSE);
	assert_non_null(strstr(said, "tayra did WORSE than the same service tuned by hand"));
	assert_null(strstr(said, ": better in "));
	assert_null(strstr(said, ">BETTER<"));
	assert_int_equal(tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_BETTER), 0);
	free(said);
	free(r);
}

static void
what_is_alike_is_neither(void **state)
{
	struct tayra__results *r = invent(alike);
	char *said = all_that_is_said(r);

	assert_int_equal(tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_BETTER), 0);
	assert_int_equal(tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_WORSE), 0);
	assert_non_null(strstr(said, "tayra did the same as the service tuned by hand"));
	assert_non_null(strstr(said, "No comparison came out worse"));
	free(said);
	free(r);
}

static void
an_invalid_run_says_nothing_else(void **state)
{
	struct tayra__results *r = invent(gain);
	char *said;

	r->valid = false;
	snprintf(r->why_invalid, sizeof(r->why_invalid), "the generator was late");
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	said = all_that_is_said(r);
	assert_int_equal(tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_INVALID),
			 r->comparisons / 2);
	assert_non_null(strstr(said, "This run cannot be believed, so nothing was compared: the "
				     "generator was late"));
	assert_null(strstr(said, ": better in "));
	assert_null(strstr(said, "came out worse"));
	assert_null(strstr(said, "0 / 0 / 0"));
	assert_null(strstr(said, "Average improvement"));
	assert_null(strstr(said, "worse in 0"));
	assert_null(strstr(said, "times as well"));
	free(said);
	free(r);
}

static void
where_zeros_leave_no_interval_something_else_is_said(void **state)
{
	struct tayra_comparison c = {
		.ratio = 500, .lo = (double)NAN, .hi = (double)NAN, .p = 0.03125
	};
	char text[64];

	c.a_value = 1, c.b_value = 500, c.verdict = TAYRA_BETTER;
	assert_string_equal(tayra__figure_ratio(&c, text), "500 (p 0.0312)");
	c.a_value = c.b_value = 0, c.ratio = (double)NAN, c.verdict = TAYRA_UNDECIDED;
	assert_string_equal(tayra__figure_bounds(&c, text), "0 in most rounds");
	c.verdict = TAYRA_SAME;
	assert_string_equal(tayra__figure_bounds(&c, text), "all 0");
	c.lo = 2, c.hi = 3;
	assert_string_equal(tayra__figure_bounds(&c, text), "2.00 .. 3.00");
}

static char *
terminal(const struct tayra__results *r)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tayra__verdict_table_print(r, out);
	fclose(out);
	return text;
}

static void
the_terminal_says_whether_the_machine_was_quiet(void **state)
{
	struct tayra__results *r = invent(gain);
	char *said;

	r->foreign_cpu = 0.19;
	said = terminal(r);
	assert_non_null(strstr(said, "The machine was quiet: other programs used 19% of it"));
	free(said);
	r->foreign_cpu = 0.5;
	said = terminal(r);
	assert_non_null(strstr(said, "The machine was NOT quiet: other programs used 50% of it"));
	assert_non_null(strstr(said, "over 80% is not believed"));
	free(said);
	free(r);
}

static void
what_a_newcomer_cannot_know_is_explained_on_the_terminal(void **state)
{
	static const char *const terms[] = { "A/A:",
					     "jain:",
					     "shed:",
					     "goodput:",
					     "not that of the two medians",
					     "the price of serving stale" };
	struct tayra__results *r = invent(loss);
	char *said = terminal(r);

	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		if (!strstr(said, terms[i]))
			fail_msg("nothing is said of %s", terms[i]);
	free(said);
	free(r);
}

static void
nothing_is_said_twice_and_no_line_ends_in_a_space(void **state)
{
	static const double worse_than_both[] = { 1, 1, 1.2, 1 };
	struct tayra__results *r = invent(worse_than_both);
	char *said = all_that_is_said(r), line[TAYRA__WORDS_MAX];

	assert_null(strstr(said, " \n"));
	assert_null(strstr(said, " </li>"));
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		if (tayra__stages[i].compared) {
			assert_true(tayra__words_worse(r, i, TAYRA__ARM_TUNED, line));
			assert_false(tayra__words_worse(r, i, TAYRA__ARM_PLAIN, line));
		}
	free(said);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_registered_comparison_is_made_and_no_other),
		cmocka_unit_test(no_single_metric_counts_more_than_tenfold),
		cmocka_unit_test(json_follows_its_schema),
		cmocka_unit_test(an_empty_and_interrupted_run_is_still_valid_json),
		cmocka_unit_test(the_page_needs_nothing_from_anywhere),
		cmocka_unit_test(what_is_worse_is_called_worse_and_not_praised),
		cmocka_unit_test(what_is_alike_is_neither),
		cmocka_unit_test(an_invalid_run_says_nothing_else),
		cmocka_unit_test(where_zeros_leave_no_interval_something_else_is_said),
		cmocka_unit_test(the_terminal_says_whether_the_machine_was_quiet),
		cmocka_unit_test(what_a_newcomer_cannot_know_is_explained_on_the_terminal),
		cmocka_unit_test(nothing_is_said_twice_and_no_line_ends_in_a_space),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
