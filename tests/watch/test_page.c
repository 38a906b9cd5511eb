/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/page.h"

#include <tayra/base.h>

#include <stdlib.h>
#include <string.h>

#include "watch/alert.h"
#include "watch/family.h"
#include "watch/page_text.h"
#include "watch/registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct tayra__watch_row hits = { .name = "hits",
					      .sentence = "Hits & <misses>",
					      .type = TAYRA__WATCH_COUNTER,
					      .labels = { "by" } };
static const struct tayra__watch_row asked = { .name = "asked",
					       .sentence = "Asked",
					       .type = TAYRA__WATCH_COUNTER };
static const struct tayra__watch_row took = { .name = "took_seconds",
					      .unit = "seconds",
					      .sentence = "Took",
					      .type = TAYRA__WATCH_HISTOGRAM,
					      .per_unit = 1e9 };
static const struct tayra__watch_row size = {
	.name = "size_bytes", .unit = "bytes", .sentence = "Size", .type = TAYRA__WATCH_GAUGE
};
static const struct tayra__headline headlines[] = {
	{ "Hit ratio", "From memory", "ratio", { .metric = "hits" }, { .metric = "asked" } },
	{ "Unknown", "Of nothing", NULL, { .metric = "none" } },
};
static const struct tayra__page_link links[] = { { "./a?b&c", "More <here>" } };
static const struct tayra__page page = { "A <page>", headlines, 2, links, 1 };

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

static struct tayra__series *
series(const struct tayra__watch_row *row, const char *value)
{
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, row, 0, &family), TAYRA_OK);
	return tayra__family_series(family, &value);
}

static char *
text_of(void)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(tayra__page_write(registry, &page, 86400000, "abc123", out), TAYRA_OK);
	fclose(out);
	return text;
}

static void
has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s", part);
}

static void
the_page_shows_the_figures_without_scripts(void **state)
{
	char *text;

	tayra__series_add(series(&hits, "me"), 937);
	tayra__series_add(series(&asked, NULL), 1000);
	tayra__series_observe(series(&took, NULL), 1500000);
	tayra__series_set(series(&size, NULL), 3.5 * 1024 * 1024);
	text = text_of();
	has(text, "<h3>Hit ratio</h3><p class=\"value\">93.7 %</p>");
	has(text, " <a href=\"./a?b&amp;c\">More &lt;here&gt;</a></p>");
	has(text, "<h3>Unknown</h3><p class=\"value\">\xe2\x80\x93</p>");
	has(text, "<code>hits</code><small>Hits &amp; &lt;misses&gt;</small></td><td><code>by=me"
		  "</code></td><td class=\"figure\">937</td>");
	has(text, "<td class=\"figure\">3.5 MiB</td>");
	has(text, "<td class=\"figure\">1.5 ms \xc2\xb7 1.5 ms (p50 \xc2\xb7 p99 of 1)</td>");
	has(text, "As of 1970-01-02 00:00:00 UTC");
	free(text);
}

static void
labels_cannot_break_out_of_the_page(void **state)
{
	char *text;

	tayra__series_add(series(&hits, "<script>alert('1')</script>\"&"), 1);
	text = text_of();
	assert_null(strstr(text, "<script>"));
	has(text, "by=&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;");
	has(text, "<title>A &lt;page&gt;</title>");
	assert_null(strstr(text, "{{"));
	free(text);
}

/* A label that looks like one of the page's own marks is text. */
static void
labels_are_not_marks(void **state)
{
	char *text;

	tayra__series_add(series(&hits, "{{nonce}} {{none}}"), 1);
	text = text_of();
	has(text, "by={{nonce}} {{none}}");
	free(text);
}

static void
alerts_are_named_with_their_state(void **state)
{
	struct tayra__alert_rule rule = { .name = "too_large",
					  .sentence = "Too large",
					  .top = { .metric = "size_bytes" },
					  .threshold = 1 };
	struct tayra__alerts *alerts;
	char *text;

	tayra__series_set(series(&size, NULL), 2);
	assert_int_equal(tayra__alerts_create(registry, &alerts), TAYRA_OK);
	assert_int_equal(tayra__alerts_add_rule(alerts, &rule), TAYRA_OK);
	tayra__alerts_evaluate(alerts, 1, 1);
	text = text_of();
	has(text, "<li><span class=\"firing\">firing</span> <code>too_large</code></li>");
	free(text);
	tayra__registry_destroy(registry);
	tayra__alerts_destroy(alerts);
	registry = NULL;
}

/* Nothing the page's policy forbids, and nothing from elsewhere. */
static void
the_page_is_one_piece(void **state)
{
	static const char *const forbidden[] = { " style=", " onclick=", " onload=", "javascript:",
						 "http://", "https://",  "eval(",    "innerHTML",
						 "@import", " src=" };
	char *copy = strdup(tayra__page_text), *svg = strstr(copy, "http://www.w3.org/2000/svg");

	assert_non_null(svg); /* a name, not an address that is fetched */
	memset(svg, ' ', 7);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (strstr(copy, forbidden[i]))
			fail_msg("%s in the page", forbidden[i]);
	free(copy);
}

static void
a_full_disk_is_an_io_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	assert_int_equal(tayra__page_write(registry, &page, 0, "", full), TAYRA_E_IO);
	fclose(full);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(the_page_shows_the_figures_without_scripts),
		test(labels_cannot_break_out_of_the_page),
		test(labels_are_not_marks),
		test(alerts_are_named_with_their_state),
		test(the_page_is_one_piece),
		test(a_full_disk_is_an_io_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
