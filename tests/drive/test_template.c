/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/template.h"

#include "drive/request_text.h"

#include <tayra/base.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define CSV                                                                                        \
	"id,name,evil,rubout\n"                                                                    \
	"7,\"a/b c\",\"x\r\ny\",ok\n"                                                              \
	"42,\"q\"\"\\\",ok,\x7f\n"

static struct tayra__rows rows;

static int
setup(void **state)
{
	char why[200];

	return tayra__rows_parse(&rows, "f.csv", CSV, strlen(CSV), why, sizeof(why));
}

static int
teardown(void **state)
{
	tayra__rows_fini(&rows);
	return 0;
}

static void
expect_filled(const struct tayra__template *t, uint32_t row, const char *expected)
{
	char out[1000];
	size_t most = tayra__template_most(t, &rows), len;

	assert_true(most < sizeof(out));
	len = tayra__template_fill(t, &rows, row, out);
	assert_true(len <= most);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, len);
}

static void
expect_text(const char *text, enum tayra__template_place place, uint32_t row, const char *expected)
{
	struct tayra__template t;
	char why[300];

	tayra__template_init(&t, 1000);
	if (tayra__template_text(&t, text, strlen(text), place, &rows, why, sizeof(why)))
		fail_msg("%s", why);
	expect_filled(&t, row, expected);
	tayra__template_fini(&t);
}

static void
refuse_text(const char *text, enum tayra__template_place place, const struct tayra__rows *of,
	    const char *part)
{
	struct tayra__template t;
	char why[300] = "";

	tayra__template_init(&t, 1000);
	assert_int_equal(tayra__template_text(&t, text, strlen(text), place, of, why, sizeof(why)),
			 TAYRA_E_INVAL);
	if (!strstr(why, part))
		fail_msg("'%s' does not say '%s'", why, part);
	tayra__template_fini(&t);
}

static void
a_place_is_filled_with_the_value_of_its_row(void **state)
{
	expect_text("/item/{id}", TAYRA__TEMPLATE_PATH, 0, "/item/7");
	expect_text("/item/{id}", TAYRA__TEMPLATE_PATH, 1, "/item/42");
	expect_text("{id}{id}-{id}", TAYRA__TEMPLATE_BODY, 1, "4242-42");
}

static void
what_is_no_place_stays_as_it_is(void **state)
{
	expect_text("{\"id\": \"{id}\", \"o\": {}}", TAYRA__TEMPLATE_BODY, 0,
		    "{\"id\": \"7\", \"o\": {}}");
	expect_text("{{id} {{{id} {", TAYRA__TEMPLATE_BODY, 0, "{id} {7 {");
	expect_text("{ id } {1} }", TAYRA__TEMPLATE_BODY, 0, "{ id } {1} }");
}

static void
values_take_the_form_of_where_they_stand_or_the_one_that_is_given(void **state)
{
	expect_text("/{name}", TAYRA__TEMPLATE_PATH, 0, "/a%2Fb%20c");
	expect_text("/{evil}", TAYRA__TEMPLATE_PATH, 0, "/x%0D%0Ay");
	expect_text("{name:json}", TAYRA__TEMPLATE_BODY, 1, "q\\\"\\\\");
	expect_text("{evil:json}", TAYRA__TEMPLATE_BODY, 0, "x\\u000d\\u000ay");
	expect_text("{name}", TAYRA__TEMPLATE_BODY, 0, "a/b c");
	expect_text("X: {name}", TAYRA__TEMPLATE_HEADER, 0, "X: a/b c");
	expect_text("n={name:url}", TAYRA__TEMPLATE_BODY, 0, "n=a%2Fb%20c");
}

static void
a_value_that_would_end_a_line_or_a_path_is_refused_with_its_place(void **state)
{
	refuse_text("X: {evil}", TAYRA__TEMPLATE_HEADER, &rows,
		    "f.csv:2: the value of 'evil' has a byte 0x0d, which no header has");
	refuse_text("X: {rubout}", TAYRA__TEMPLATE_HEADER, &rows,
		    "f.csv:4: the value of 'rubout' has a byte 0x7f, which no header has");
	refuse_text("/{name:raw}", TAYRA__TEMPLATE_PATH, &rows,
		    "f.csv:2: the value of 'name' has a byte 0x20, which no path has");
}

static void
a_name_that_is_no_column_is_refused_with_the_nearest(void **state)
{
	refuse_text("/{nmae}", TAYRA__TEMPLATE_PATH, &rows, "did you mean 'name'?");
	refuse_text("/{id:hex}", TAYRA__TEMPLATE_PATH, &rows, "raw, url or json");
	refuse_text("/{id}", TAYRA__TEMPLATE_PATH, NULL, "there is no data");
}

static void
a_length_counts_what_was_really_filled_in(void **state)
{
	const struct tayra__request_text post = { .authority = "h",
						  .authority_len = 1,
						  .path = "/api/",
						  .path_len = 5,
						  .more_path = "/{id}",
						  .body = "<{name}>",
						  .body_len = 8,
						  .has_places = true,
						  .rows = &rows };
	static const char *const words[] = { "SET", "k:{id}", "{evil}" };
	const struct tayra__request_text set = {
		.words = words, .word_count = 3, .has_places = true, .rows = &rows
	};
	struct tayra__template t;
	char why[300];

	tayra__template_init(&t, 1000);
	assert_int_equal(tayra__request_text_http(&post, &t, why, sizeof(why)), TAYRA_OK);
	expect_filled(&t, 1,
		      "POST /api/42 HTTP/1.1\r\nHost: h\r\nUser-Agent: tayra\r\n"
		      "Content-Length: 5\r\n\r\n<q\"\\>");
	expect_filled(&t, 0,
		      "POST /api/7 HTTP/1.1\r\nHost: h\r\nUser-Agent: tayra\r\n"
		      "Content-Length: 7\r\n\r\n<a/b c>");
	tayra__template_fini(&t);
	tayra__template_init(&t, 1000);
	assert_int_equal(tayra__request_text_redis(&set, &t, why, sizeof(why)), TAYRA_OK);
	expect_filled(&t, 0, "*3\r\n$3\r\nSET\r\n$3\r\nk:7\r\n$4\r\nx\r\ny\r\n");
	expect_filled(&t, 1, "*3\r\n$3\r\nSET\r\n$4\r\nk:42\r\n$2\r\nok\r\n");
	tayra__template_fini(&t);
}

static void
a_path_of_a_scenario_is_checked_as_a_url_is(void **state)
{
	static const struct {
		const char *base, *more, *part;
	} wrong[] = {
		{ "/", "item", "begins with '/'" },
		{ "/", "/a b", "write a blank as %20" },
		{ "/?x=1", "/a", "a query already" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct tayra__request_text get = { .authority = "h",
							 .authority_len = 1,
							 .path = wrong[i].base,
							 .path_len = strlen(wrong[i].base),
							 .more_path = wrong[i].more,
							 .has_places = true,
							 .rows = &rows };
		struct tayra__template t;
		char why[300] = "";

		tayra__template_init(&t, 1000);
		assert_int_equal(tayra__request_text_http(&get, &t, why, sizeof(why)),
				 TAYRA_E_INVAL);
		if (!strstr(why, wrong[i].part))
			fail_msg("'%s' does not say '%s'", why, wrong[i].part);
		tayra__template_fini(&t);
	}
}

static void
what_is_over_the_limit_says_so(void **state)
{
	struct tayra__template t;

	tayra__template_init(&t, 4);
	tayra__template_bytes(&t, "12345", 5);
	assert_true(t.failed);
	assert_true(tayra__template_most(&t, &rows) == SIZE_MAX);
	tayra__template_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_filled_with_the_value_of_its_row),
		cmocka_unit_test(what_is_no_place_stays_as_it_is),
		cmocka_unit_test(values_take_the_form_of_where_they_stand_or_the_one_that_is_given),
		cmocka_unit_test(a_value_that_would_end_a_line_or_a_path_is_refused_with_its_place),
		cmocka_unit_test(a_name_that_is_no_column_is_refused_with_the_nearest),
		cmocka_unit_test(a_length_counts_what_was_really_filled_in),
		cmocka_unit_test(a_path_of_a_scenario_is_checked_as_a_url_is),
		cmocka_unit_test(what_is_over_the_limit_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
