/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <tayra/base.h>

#include "base/mem.h"
#include "origin/url.h"

static char error[300];
static const struct tayra__complaint why = { error, sizeof(error) };

static int
parse(const char *text, const char *pattern, struct tayra__url *url)
{
	struct tayra__pattern keys;

	assert_int_equal(tayra__pattern_parse(pattern, TAYRA__PATTERN, &keys, &why), TAYRA_OK);
	error[0] = '\0';
	return tayra__url_parse(text, &keys, url, &why);
}

static int
expand(const char *text, const char *a, size_t a_len, const char *b, char **out)
{
	const struct tayra__part parts[] = { { a, a_len }, { b, strlen(b) } };
	struct tayra__url url;

	if (parse(text, "{a}:{b}", &url) != TAYRA_OK)
		fail_msg("%s", error);
	return tayra__url_expand(&url, parts, out);
}

static void
becomes(const char *text, const char *a, size_t a_len, const char *b, const char *expected)
{
	char *url;

	assert_int_equal(expand(text, a, a_len, b, &url), TAYRA_OK);
	assert_string_equal(url, expected);
	tayra__mem_free(url);
}

static void
parts_go_where_the_template_names_them(void **state)
{
	becomes("http://h/{b}/{a}?q={b}{a}", "x", 1, "y", "http://h/y/x?q=yx");
	becomes("HTTPS://[::1]:8443/a", "x", 1, "y", "HTTPS://[::1]:8443/a");
	becomes("http://h/", "x", 1, "y", "http://h/");
}

static void
what_is_not_unreserved_is_percent_encoded(void **state)
{
	becomes("http://h/{a}", "aZ09-._~", 8, "y", "http://h/aZ09-._~");
	becomes("http://h/{a}", "/?#%&=+ \r\n\0\xff", 12, "y",
		"http://h/%2F%3F%23%25%26%3D%2B%20%0D%0A%00%FF");
	becomes("http://h/p/{a}?x={b}", "../../etc", 9, "1&admin=1", /* one segment, one value */
		"http://h/p/..%2F..%2Fetc?x=1%26admin%3D1");
	becomes("http://h/{a}", "@evil:80\\", 9, "y", "http://h/%40evil%3A80%5C");
}

static void
a_part_cannot_climb_out_of_the_path(void **state)
{
	static const struct {
		const char *text, *a, *b;
	} rows[] = {
		{ "http://h/x/{a}", "..", "y" },     { "http://h/x/{a}", ".", "y" },
		{ "http://h/x/{a}/z", "..", "y" },   { "http://h/x/{a}?q=1", "..", "y" },
		{ "http://h/x/.{a}", ".", "y" },     { "http://h/x/{a}{b}", ".", "." },
		{ "http://h/x/%2e{a}/z", ".", "y" }, { "http://h/x/{a};v=1", "..", "y" },
		{ "http://h/x/{a}", "", "y" },
	};
	char *url;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			expand(rows[i].text, rows[i].a, strlen(rows[i].a), rows[i].b, &url),
			TAYRA_E_INVAL);
		assert_null(url);
	}
	becomes("http://h/x/{a}", "...", 3, "y", "http://h/x/...");
	becomes("http://h/x/{a}", "..x", 3, "y", "http://h/x/..x");
	becomes("http://h/x?q={a}", "..", 2, "y", "http://h/x?q=..");
}

static void
a_bad_template_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "ftp://h/{a}", "http://" },
		{ "file:///etc/{a}", "http://" },
		{ "/{a}", "http://" },
		{ "http:///x", "no host" },
		{ "http://:80/x", "no host" },
		{ "http://{a}/x", "path or query alone" },
		{ "http://h:{a}/x", "path or query alone" },
		{ "http://u:p@h/x", "a user" },
		{ "http://h", "no path" },
		{ "http://h?x={a}", "no path" },
		{ "http://h/x#{a}", "fragment" },
		{ "http://h/a b", "percent-encoded" },
		{ "http://h/\r\nX: y", "percent-encoded" },
		{ "http://h/%zz", "percent-encoded" },
		{ "http://h/\xc3\xa9", "percent-encoded" },
		{ "http://h/{{a}}", "%7B" },
		{ "http://h/{c}", "no part {c}" },
		{ "http://h/{a", "never closed" },
		{ "http://h/../{a}", "\"..\"" },
		{ "http://h/%2E/{a}", "\"..\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__url url;

		assert_int_equal(parse(rows[i].text, "{a}:{b}", &url), TAYRA_E_INVAL);
		if (!strstr(error, rows[i].says))
			fail_msg("%s: \"%s\"", rows[i].text, error);
	}
}

static void
no_memory_is_said(void **state)
{
	char *url;
	const struct tayra__part part = { "x", 1 };
	struct tayra__url parsed;

	assert_int_equal(parse("http://h/{a}", "{a}", &parsed), TAYRA_OK);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__url_expand(&parsed, &part, &url), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(url);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(parts_go_where_the_template_names_them),
	cmocka_unit_test(what_is_not_unreserved_is_percent_encoded),
	cmocka_unit_test(a_part_cannot_climb_out_of_the_path),
	cmocka_unit_test(a_bad_template_is_refused_with_the_reason),
	cmocka_unit_test(no_memory_is_said),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
