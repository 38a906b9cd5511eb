/* SPDX-License-Identifier: Apache-2.0 */
#include "report/load_page.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/rng.h"
#include "kinds.h"
#include "page.h"

/* A server that nobody built: 2 ms, and beyond its capacity much more. */
struct server {
	double capacity_per_s;
	struct tayra__rng rng;
	size_t slices, stop_after;
	_Atomic bool stop;
};

static int
serve(void *ctx, double from, double to, uint64_t length_ns, struct tayra__drive_result *out)
{
	struct server *s = ctx;
	double rate = (from + to) / 2;
	int requests = (int)(rate * (double)length_ns / 1e9);

	for (int i = 0; i < requests; i++) {
		double ms = 1.8 + 0.2 * tayra__rng_unit(&s->rng);

		ms *= rate > s->capacity_per_s ? 50 : 1;
		tayra__hist_add(&out->latency, (uint64_t)(ms * 1e6));
		tayra__hist_add(&out->service, (uint64_t)(ms * 0.9e6));
		tayra__hist_add(&out->lag, 5000);
	}
	out->offered = out->ok = (uint64_t)requests;
	out->length_ns = length_ns;
	s->slices++;
	if (s->slices == s->stop_after)
		s->stop = true;
	return TAYRA_OK;
}

static const struct tayra__kinds *kinds; /* NULL: one alone */

static bool
settled(const double *medians, size_t n)
{
	return n >= 22;
}

/* Runs it against the line and writes what was found. */
static char *
written(struct server *server, const char *text, enum tayra__form form)
{
	const struct tayra__phases_load load = { serve, NULL, NULL, server };
	struct tayra__phases_plan plan = { .settled = settled, .stop = &server->stop };
	struct tayra__load_findings *findings = calloc(1, sizeof(*findings));
	struct tayra__phases phases;
	struct tayra__load_report report = { .phases = &phases,
					     .line = &plan.line,
					     .kinds = kinds,
					     .what = "http://x/?a=1&b=<2>",
					     .text = text,
					     .machine = { 0.1, 0, { nan(""), 0, 0 }, 0.1 } };
	char why[200], *page = NULL;
	size_t len;
	FILE *out = open_memstream(&page, &len);

	tayra__rng_init(&server->rng, 3);
	server->slices = 0;
	server->stop = false;
	assert_int_equal(tayra__load_line_parse(text, &plan.line, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(tayra__phases_run(&plan, &load, &phases), TAYRA_OK);
	assert_int_equal(tayra__load_findings(&report, findings), TAYRA_OK);
	tayra__load_page(&report, findings, form, out);
	tayra__load_findings_fini(findings);
	tayra__phases_fini(&phases);
	free(findings);
	fclose(out);
	return page;
}

static void
a_page_has_every_section_in_order_and_a_table_for_every_plot(void **state)
{
	static const char *const parts[] = { "<h1>Met: every threshold held up to 520",
					     "It recovered at once.",
					     ">p99 50 ms</text>",
					     ">met to 520/s</text>",
					     "<h2>Is it to be believed?</h2>",
					     "steady after the warm-up",
					     "phases that the generator spoilt",
					     "send lag at its worst",
					     "its host took of it",
					     "<h2>Phases</h2>",
					     "recovery",
					     "<h2>Latency</h2>",
					     "class=\"band s0\"",
					     "load 400/s, from sent",
					     "<h2>Time</h2>",
					     ">warmup</text>",
					     "class=\"zone z1\"",
					     ">load</text>",
					     ">stress</text>",
					     ">recovered at once</text>",
					     "p99 of a slice",
					     "answered well in time",
					     "<h2>How it was measured</h2>",
					     "http://x/?a=1&amp;b=&lt;2&gt;",
					     NULL };
	struct server server = { .capacity_per_s = 1e6 };
	char *page = written(&server, "100..400/s step 100 ramp 2s sustain 10s p99 50ms",
			     TAYRA__FORM_HTML);

	(void)state;
	must_be_whole(page);
	must_follow(page, parts);
	assert_int_equal(count(page, "<svg class=\"plot\""), 5);
	assert_int_equal(count(page, "<details>"), 5);
	free(page);
}

static void
markdown_says_the_same(void **state)
{
	static const char *const parts[] = { "## Load test",
					     "**Failed: p99 in load at 400 requests a second**",
					     "met up to 300",
					     "| load 300/s |",
					     "### Is it to be believed?",
					     "### Phases",
					     "| failed: p99 |",
					     "### Latency",
					     "### Time",
					     "### How it was measured",
					     NULL };
	struct server server = { .capacity_per_s = 350 };
	char *md = written(&server, "100..400/s step 100 ramp 2s sustain 10s p99 50ms",
			   TAYRA__FORM_MD);
	char *page = written(&server, "100..400/s step 100 ramp 2s sustain 10s p99 50ms",
			     TAYRA__FORM_HTML);

	(void)state;
	must_follow(md, parts);
	assert_int_equal(count(md, "<details>"), 5);
	must_be_whole(page);
	free(md);
	free(page);
}

static void
one_that_was_stopped_and_one_of_many_hours_are_pages_too(void **state)
{
	struct server at_once = { .capacity_per_s = 1e6, .stop_after = 1 };
	struct server later = { .capacity_per_s = 1e6, .stop_after = 50 };
	struct server many = { .capacity_per_s = 1e6 };
	char *page = written(&at_once, "100/s", TAYRA__FORM_HTML);

	(void)state;
	must_be_whole(page);
	assert_non_null(strstr(page, "<h1>Stopped before its end"));
	free(page);
	page = written(&later, "100..400/s step 100", TAYRA__FORM_HTML);
	must_be_whole(page);
	assert_non_null(strstr(page, "it was stopped"));
	free(page);
	page = written(&many, "1..10/s step 0.1 ramp 10s sustain 100s", TAYRA__FORM_HTML);
	must_be_whole(page);
	print_message("# %zu slices of a hundred phases: %zu bytes\n", many.slices, strlen(page));
	free(page);
}

static void
kinds_of_requests_have_a_table_where_there_are_any(void **state)
{
	const enum tayra__form forms[] = { TAYRA__FORM_MD, TAYRA__FORM_HTML };
	struct server server = { .capacity_per_s = 1e6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const enum tayra__form form = forms[i];
		char *page = written(&server, "100/s", form);

		assert_null(strstr(page, "Kinds of requests"));
		free(page);
		kinds = invent_kinds();
		page = written(&server, "100/s", form);
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
		cmocka_unit_test(markdown_says_the_same),
		cmocka_unit_test(one_that_was_stopped_and_one_of_many_hours_are_pages_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
