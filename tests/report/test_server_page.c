/* SPDX-License-Identifier: Apache-2.0 */
#include "report/server_page.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drive/tally.h"
#include "kinds.h"
#include "page.h"

static struct tayra__drive_result result;
static const struct tayra__kinds *kinds; /* NULL: one alone */

/* A second of a request each millisecond; in its middle one fails. */
static void
ask(uint32_t requests)
{
	tayra__hist_init(&result.latency);
	tayra__tally_init(&result, NULL);
	tayra__tally_begin(&result, 0, TAYRA_NS_PER_S);
	for (uint32_t i = 0; i < requests; i++) {
		const struct tayra__call call = { .due_ns = i * TAYRA_NS_PER_MS,
						  .begun_ns = i * TAYRA_NS_PER_MS + 500000,
						  .deadline_ns = UINT64_MAX };

		tayra__tally_ended(&result, &call, i == 500 ? TAYRA__CALL_ERROR : TAYRA__CALL_OK,
				   call.due_ns + (2 + i % 7) * TAYRA_NS_PER_MS, TAYRA_NS_PER_S);
		tayra__hist_add(&result.lag, 1000);
	}
	result.length_ns = TAYRA_NS_PER_S;
}

static char *
written(double planned_per_s, const char *spoilt, enum tayra__form form)
{
	struct tayra__server_findings *findings = calloc(1, sizeof(*findings));
	struct tayra__load_account *account = calloc(1, sizeof(*account));
	struct tayra__load_figures figures;
	struct tayra__server_report report = { .figures = &figures,
					       .result = &result,
					       .what = "redis://x/<0>",
					       .kinds = kinds,
					       .error = "it said <b>",
					       .spoilt = spoilt,
					       .planned_per_s = planned_per_s,
					       .machine = { nan(""), 0, { 0, 0, 0 }, 0.1 } };
	char *page = NULL;
	size_t len;
	FILE *out = open_memstream(&page, &len);

	tayra__load_account_init(account);
	assert_int_equal(tayra__load_account_add(account, &result, NULL, NULL), TAYRA_OK);
	tayra__load_account_figures(account, &figures);
	tayra__load_account_fini(account);
	assert_int_equal(tayra__server_findings(&report, findings), TAYRA_OK);
	tayra__server_page(&report, findings, form, out);
	tayra__server_findings_fini(findings);
	free(account);
	free(findings);
	fclose(out);
	return page;
}

static void
a_page_has_every_section_in_order_and_a_table_for_every_plot(void **state)
{
	static const char *const parts[] = { "<h1>999 requests a second",
					     "<h2>Is it to be believed?</h2>",
					     "send lag",
					     "rate reached",
					     "others used of the machine",
					     "? not known",
					     "<h2>Figures</h2>",
					     "p99 from when it was sent",
					     "it said &lt;b&gt;",
					     "<h2>Latency</h2>",
					     "from when it was due",
					     "<h2>Time</h2>",
					     "slowest",
					     "not answered well",
					     "<h2>How it was measured</h2>",
					     ">cores<",
					     NULL };
	char *page, *md;

	(void)state;
	ask(1000);
	page = written(1000, NULL, TAYRA__FORM_HTML);
	md = written(1000, NULL, TAYRA__FORM_MD);
	must_be_whole(page);
	must_follow(page, parts);
	assert_int_equal(count(page, "<svg class=\"plot\""), 3);
	assert_int_equal(count(page, "<details>"), 3);
	assert_int_equal(count(md, "<details>"), 3);
	assert_non_null(strstr(md, "### Is it to be believed?"));
	assert_non_null(strstr(md, "it said &lt;b>"));
	free(page);
	free(md);
}

static void
a_closed_loop_has_one_line_and_no_lag_and_nothing_is_a_page_too(void **state)
{
	char *page;

	(void)state;
	ask(1000);
	page = written(0, NULL, TAYRA__FORM_HTML);
	must_be_whole(page);
	assert_null(strstr(page, "send lag"));
	assert_null(strstr(page, "from when it was due"));
	free(page);
	ask(0);
	page = written(100, "no request was answered well", TAYRA__FORM_HTML);
	must_be_whole(page);
	assert_non_null(strstr(page, "<h1 class=\"invalid\">INVALID: no request"));
	assert_int_equal(count(page, "<svg class=\"plot\""), 0);
	free(page);
}

static void
kinds_of_requests_have_a_table_where_there_are_any(void **state)
{
	const enum tayra__form forms[] = { TAYRA__FORM_MD, TAYRA__FORM_HTML };

	(void)state;
	ask(1000);
	for (size_t i = 0; i < 2; i++) {
		const enum tayra__form form = forms[i];
		char *page = written(1000, NULL, form);

		assert_null(strstr(page, "Kinds of requests"));
		free(page);
		kinds = invent_kinds();
		page = written(1000, NULL, form);
		assert_non_null(strstr(page, "Kinds of requests"));
		assert_non_null(strstr(page, form == TAYRA__FORM_MD ? "| &lt;read> | 8 | 80.0%"
								    : ">&lt;read&gt;<"));
		if (form == TAYRA__FORM_HTML)
			must_be_whole(page);
		free(page);
		kinds = NULL;
	}
	tayra__kinds_fini((struct tayra__kinds *)(uintptr_t)invent_kinds());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_has_every_section_in_order_and_a_table_for_every_plot),
		cmocka_unit_test(kinds_of_requests_have_a_table_where_there_are_any),
		cmocka_unit_test(a_closed_loop_has_one_line_and_no_lag_and_nothing_is_a_page_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
