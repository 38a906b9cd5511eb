/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trial_page.h"

#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "invent.h"
#include "page.h"
#include "report/trial_cost.h"

static char *
written(const struct tayra__trial_report *report, enum tayra__form form)
{
	struct tayra__trial_findings *findings = calloc(1, sizeof(*findings));
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(tayra__trial_findings(report, findings), TAYRA_OK);
	tayra__trial_page(report, findings, form, out);
	tayra__trial_findings_fini(findings);
	free(findings);
	fclose(out);
	return text;
}

static void
a_page_has_every_section_in_order_and_a_table_for_every_plot(void **state)
{
	static const char *const parts[] = { "<h1>",
					     "new is SLOWER",
					     "class=\"margin\"",
					     "old again (A/A)",
					     "<h2>Is it to be believed?</h2>",
					     "A/A: the base against itself",
					     "send lag of old",
					     "and how far it differs between arms",
					     "its host took of it",
					     "somebody waited for a processor",
					     "the generator&#39;s own processor time",
					     "steadiness of new",
					     "<h2>Latency</h2>",
					     "class=\"band s0\"",
					     "new, from sent",
					     "<h2>Round by round</h2>",
					     "<h2>How it was measured</h2>",
					     "a processor",
					     NULL };
	struct invented *v = invent(2, 24, TAYRA__P50_MS);
	char *page = written(&v->report, TAYRA__FORM_HTML);

	(void)state;
	must_be_whole(page);
	must_follow(page, parts);
	assert_int_equal(count(page, "<svg class=\"plot\""), 4);
	assert_int_equal(count(page, "<details><summary>as a table"), 4);
	assert_non_null(strstr(page, "./old &#39;a&#39; | &lt;b&gt;&amp;"));
	free(page);
	forget(v);
}

static void
markdown_says_the_same_from_the_same_numbers(void **state)
{
	static const char *const parts[] = { "## p50_ms",
					     "| new |",
					     "| SLOWER |",
					     "new is SLOWER",
					     "| old again (A/A) |",
					     "### Is it to be believed?",
					     "| its host took of it | 5.0% | at most 2% of all "
					     "processors | \u25b2 look |",
					     "| somebody waited for memory | not known |",
					     "### Latency",
					     "| share of requests | old | new |",
					     "| 99% |",
					     "### Round by round",
					     "### How it was measured",
					     "- old: ` ./old 'a' | <b>& `",
					     "- new: `` http://127.0.0.1:1/`x` ``",
					     NULL };
	struct invented *v = invent(2, 24, TAYRA__P50_MS);
	char *md = written(&v->report, TAYRA__FORM_MD),
	     *page = written(&v->report, TAYRA__FORM_HTML);
	char *row = strstr(md, "| 99% | "), cell[64];

	(void)state;
	must_follow(md, parts);
	assert_int_equal(count(md, "<details>"), 4);
	assert_int_equal(count(md, "</details>"), 4);
	/* A cell of the table in Markdown is one of the page's. */
	assert_non_null(row);
	row += strlen("| 99% | ");
	snprintf(cell, sizeof(cell), ">%.*s<", (int)strcspn(row, "|") - 1, row);
	assert_non_null(strstr(cell, ".."));
	assert_non_null(strstr(page, cell));
	free(md);
	free(page);
	forget(v);
}

static void
give_prices(struct tayra__prices *prices)
{
	static const char *const words[][2] = { { "currency", "EUR" },
						{ "label", "<mine>" },
						{ "cpu_hour", "0.03..0.05" },
						{ "memory_gib_hour", "0" },
						{ "origin_million_calls", "0" },
						{ "requests_per_month", "1e9" },
						{ "engineer_hour", "80" },
						{ "engineer_hours_to_adopt", "4..9" },
						{ "engineer_hours_per_month", "2" },
						{ "months", "12" } };
	char why[300];

	tayra__prices_init(prices);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(
			tayra__prices_take(prices, words[i][0], words[i][1], why, sizeof(why)),
			TAYRA_OK);
	assert_int_equal(tayra__prices_check(prices, why, sizeof(why)), TAYRA_OK);
}

static void
cost_and_history_stand_where_they_are_given(void **state)
{
	static const char *const parts[] = { "<h2>Round by round</h2>",
					     "<h2>Cost</h2>",
					     "efficiency of new",
					     "saving, a month",
					     "prices: &lt;mine&gt;. It pays in",
					     "class=\"range\"",
					     "cpu_hour",
					     "<h2>History</h2>",
					     "12 runs: +2.00% a run",
					     ">trend</span>",
					     "ratio to the base of the same run",
					     "<h2>How it was measured</h2>",
					     NULL };
	static struct tayra__cost costs[TAYRA__TRIAL_ARMS_MAX];
	static struct tayra__history_row rows[12];
	struct invented *v = invent(2, 12, TAYRA__CPU_MS_PER_REQUEST);
	struct tayra__prices prices;
	struct tayra__series series;
	char *page, *md;

	(void)state;
	for (int i = 0; i < 12; i++)
		rows[i] = (struct tayra__history_row){ .time = "2026-11-26T12:15:00Z",
						       .a = "old",
						       .b = "new",
						       .metric = "cpu",
						       .a_value = 10,
						       .b_value = 10 * pow(1.02, i),
						       .ratio = pow(1.02, i),
						       .lo = 0.9 * pow(1.02, i),
						       .hi = 1.1 * pow(1.02, i) };
	give_prices(&prices);
	assert_int_equal(tayra__trial_cost(&v->report, &prices, costs), TAYRA_OK);
	assert_int_equal(tayra__series_init(&series, rows, 12), TAYRA_OK);
	memset(rows, 'x', sizeof(rows)); /* they are not needed any more */
	page = written(&v->report, TAYRA__FORM_HTML);
	assert_null(strstr(page, "<h2>Cost</h2>"));
	assert_null(strstr(page, "<h2>History</h2>"));
	free(page);
	v->report.costs = costs;
	v->report.series = &series;
	v->report.series_count = 1;
	page = written(&v->report, TAYRA__FORM_HTML);
	md = written(&v->report, TAYRA__FORM_MD);
	must_be_whole(page);
	must_follow(page, parts);
	must_follow(md, (const char *const[]){ "### Cost", "| saving, a month |", "| input | EUR |",
					       "| cpu_hour |", "### History", "as a table (cpu)",
					       "| 11-26 12:15 |", NULL });
	free(page);
	/* What is not decided has no money, and no tornado. */
	v->trial.ab[1].verdict = TAYRA_UNDECIDED;
	assert_int_equal(tayra__trial_cost(&v->report, &prices, costs), TAYRA_OK);
	page = written(&v->report, TAYRA__FORM_HTML);
	must_be_whole(page);
	assert_non_null(strstr(page, "no money: the verdict is UNDECIDED"));
	assert_null(strstr(page, "EUR"));
	tayra__series_fini(&series);
	free(page);
	free(md);
	forget(v);
}

static void
a_run_of_nothing_and_one_of_much_are_pages_too(void **state)
{
	struct invented *none = invent(2, 0, TAYRA__P50_MS), *much = invent(8, 1000, TAYRA__P50_MS);
	struct invented *few = invent(3, 4, TAYRA__CPU_MS_PER_REQUEST);
	char *page = written(&none->report, TAYRA__FORM_HTML);

	(void)state;
	must_be_whole(page);
	free(page);
	page = written(&few->report, TAYRA__FORM_HTML);
	must_be_whole(page);
	assert_non_null(strstr(page, "UNDECIDED"));
	free(page);
	page = written(&much->report, TAYRA__FORM_HTML);
	must_be_whole(page);
	print_message("# 8 arms, 1,000 rounds: %zu bytes\n", strlen(page));
	free(page);
	forget(none);
	forget(few);
	forget(much);
}

static void
a_spoilt_run_says_so_first_and_shows_its_lag(void **state)
{
	static const char *const parts[] = { "<h1 class=\"invalid\">INVALID: it was late</h1>",
					     "class=\"spoilt\"",
					     "72 of 72",
					     "\u2717 spoilt",
					     "class=\"look\"",
					     "send lag of old",
					     "p99 5.00 ms",
					     NULL };
	struct invented *v = invent(2, 24, TAYRA__P50_MS);
	char *page;

	(void)state;
	for (uint32_t i = 0; i < 24 * 3; i++) {
		v->trial.session.measures[i].invalid = true;
		v->trial.session.measures[i].lag_p99_ns = 5000000;
	}
	tayra__trial_spoil(&v->trial, "it was late");
	page = written(&v->report, TAYRA__FORM_HTML);
	must_be_whole(page);
	must_follow(page, parts);
	free(page);
	forget(v);
}

/* Half of what arm 1 is asked fails, in every other round all of it. */
static void
fail_half(struct invented *v)
{
	struct tayra__session *s = &v->trial.session;

	for (uint32_t round = 0; round < s->rounds; round++)
		for (size_t arm = 0; arm < s->arms; arm++) {
			struct tayra__measure *m = &s->measures[round * s->arms + arm];

			m->requests = 200;
			m->value[TAYRA__ERROR_RATIO] = arm == 1 ? round % 2 : 0;
		}
}

static char *
printed(const struct tayra__trial_report *report)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tayra__trial_report_print(report, TAYRA__FORM_TERMINAL, out);
	assert_int_equal(tayra__trial_report_json(report, NULL, out), TAYRA_OK);
	fclose(out);
	return text;
}

static void
requests_that_failed_are_told_beside_a_verdict_that_does_not_see_them(void **state)
{
	struct invented *v = invent(2, 24, TAYRA__P50_MS);
	char *text = printed(&v->report), *md;

	(void)state;
	assert_null(strstr(text, "requests failed"));
	assert_non_null(strstr(text, "\"a_failed_ratio\":null,\"b_failed_ratio\":null"));
	free(text);
	fail_half(v);
	text = printed(&v->report);
	md = written(&v->report, TAYRA__FORM_MD);
	assert_non_null(strstr(text,
			       "  requests failed: 0% of old, 50.0% of new; the verdict is of "
			       "p50_ms and knows nothing of it.\n"));
	assert_non_null(strstr(text, "\"a_failed_ratio\":0,\"b_failed_ratio\":0.5"));
	assert_non_null(strstr(md,
			       "| requests that failed | 50% of new | none, of any arm | \u25b2 "
			       "look |"));
	free(text);
	free(md);
	v->report.of = TAYRA__ERROR_RATIO;
	text = printed(&v->report);
	assert_null(strstr(text, "requests failed"));
	free(text);
	forget(v);
}

static void
the_check_of_a_page_finds_what_is_wrong(void **state)
{
	static const char *const wrong[] = {
		"<html></html>",
		"<!doctype html>\n<html><body><main><p>a</main></body></html>",
		"<!doctype html>\n<html><body><main><p>a & b</p></main></body></html>",
		"<!doctype html>\n<html><body><main><p class=a>a</p></main></body></html>",
		"<!doctype html>\n<html><body><main><p a=\"\" a=\"\">a</p></main></body></html>",
		"<!doctype html>\n<html><body><main><li>a</li></main></body></html>",
		"<!doctype html>\n<html><body><main><script>a</script></main></body></html>",
		"<!doctype html>\n<html><body><main>",
		"<!doctype html>\n<html><body><main><p>a < b</p></main></body></html>",
		"<!doctype html>\n<html><body><main><svg href=\"x\"></svg></main></body></html>",
	};
	struct page_reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!page_fault(wrong[i], &reader)[0])
			fail_msg("passed: %s", wrong[i]);
	assert_string_equal(page_fault("<!doctype html>\n<html><body><main><p class=\"a\">a &amp; "
				       "b</p></main></body></html>\n",
				       &reader),
			    "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_of_a_page_finds_what_is_wrong),
		cmocka_unit_test(a_page_has_every_section_in_order_and_a_table_for_every_plot),
		cmocka_unit_test(markdown_says_the_same_from_the_same_numbers),
		cmocka_unit_test(cost_and_history_stand_where_they_are_given),
		cmocka_unit_test(a_run_of_nothing_and_one_of_much_are_pages_too),
		cmocka_unit_test(a_spoilt_run_says_so_first_and_shows_its_lag),
		cmocka_unit_test(
			requests_that_failed_are_told_beside_a_verdict_that_does_not_see_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
