/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "origin/pattern.h"

static char error[200];
static const struct tayra__complaint why = { error, sizeof(error) };

static struct tayra__pattern
parsed(const char *text)
{
	struct tayra__pattern p;

	if (tayra__pattern_parse(text, TAYRA__PATTERN, &p, &why) != TAYRA_OK)
		fail_msg("%s", error);
	return p;
}

/* What the parts are, joined by '|'; "-" when it does not match. */
static const char *
captured(const char *text, const char *key)
{
	static char joined[400];
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	struct tayra__pattern p = parsed(text);
	size_t at = 0;

	if (!tayra__pattern_match(&p, key, strlen(key), parts))
		return "-";
	joined[0] = '\0';
	for (uint32_t i = 0; i < p.parts; i++)
		at += (size_t)snprintf(joined + at, sizeof(joined) - at, "%s%.*s", i ? "|" : "",
				       (int)parts[i].len, parts[i].bytes);
	return joined;
}

static void
a_key_is_taken_apart_where_the_literals_are(void **state)
{
	static const struct {
		const char *pattern, *key, *parts;
	} rows[] = {
		{ "pkg:{name}", "pkg:curl", "curl" },
		{ "pkg:{name}", "pkg:a:b c", "a:b c" },
		{ "pkg:{name}", "pkg:", "-" }, /* a part is at least one byte */
		{ "pkg:{name}", "pkg", "-" },
		{ "pkg:{name}", "xpkg:a", "-" },
		{ "{a}:{b}", "x:y:z", "x|y:z" }, /* as few as match; the last takes the rest */
		{ "{a}:{b}", "::x", ":|x" },
		{ "{a}:{b}", "x:", "-" },
		{ "{a}:{b}", "::", "-" },
		{ "{a}-{b}.deb", "x-y.deb.deb", "x|y.deb" },
		{ "{a}-{b}.deb", "x-.deb", "-" },
		{ "{a}.deb", ".deb", "-" },
		{ "{a}.deb", "x.debs", "-" },
		{ "u{{{id}}}", "u{7}", "7" },
		{ "v1/{arch}/{name}/{version}", "v1/amd64/curl/7.88", "amd64|curl|7.88" },
		{ "latest", "latest", "" },
		{ "latest", "latest2", "-" },
		{ "latest", "late", "-" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(captured(rows[i].pattern, rows[i].key), rows[i].parts);
}

static void
any_bytes_are_a_part(void **state)
{
	struct tayra__pattern p = parsed("k:{x}:{y}");
	struct tayra__part parts[TAYRA__PATTERN_PARTS];

	assert_true(tayra__pattern_match(&p, "k:\0\xff:\0", 6, parts));
	assert_int_equal(parts[0].len, 2);
	assert_memory_equal(parts[0].bytes, "\0\xff", 2);
	assert_int_equal(parts[1].len, 1);
}

static void
without_a_pattern_the_whole_key_is_the_part_called_key(void **state)
{
	struct tayra__pattern p = parsed(NULL);
	struct tayra__part part;

	assert_int_equal(tayra__pattern_part(&p, "key"), 0);
	assert_int_equal(tayra__pattern_part(&p, "name"), -1);
	assert_true(tayra__pattern_match(&p, NULL, 0, &part));
	assert_int_equal(part.len, 0);
	assert_true(tayra__pattern_match(&p, "a\0b", 3, &part));
	assert_int_equal(part.len, 3);
}

static void
the_pattern_with_the_longest_literal_wins(void **state)
{
	const struct tayra__pattern p[] = { parsed("pkg:{name}"), parsed("pkg:lib{name}"),
					    parsed("{any}"), parsed("pkg:{n}:x"),
					    parsed("pkg:{n}:{v}") };
	const struct tayra__pattern *all[] = { &p[0], &p[1], &p[2], &p[3], &p[4] };
	struct tayra__part parts[TAYRA__PATTERN_PARTS];

	assert_int_equal(tayra__pattern_choose(all, 5, "pkg:curl", 8, parts), 0);
	assert_int_equal(tayra__pattern_choose(all, 5, "pkg:libc", 8, parts), 1);
	assert_memory_equal(parts[0].bytes, "c", 1);
	assert_int_equal(tayra__pattern_choose(all, 5, "other", 5, parts), 2);
	assert_int_equal(tayra__pattern_choose(all, 5, "pkg:a:x", 7, parts), 3);
	assert_int_equal(tayra__pattern_choose(all, 5, "pkg:a:b", 7, parts), 4);
	assert_int_equal(tayra__pattern_choose(all, 2, "other", 5, parts), 2);
}

static void
a_bad_pattern_is_refused_with_the_byte_where_it_is(void **state)
{
	static char long_text[TAYRA__PATTERN_BYTES + 2];
	static const struct {
		const char *pattern, *says;
	} rows[] = {
		{ "", "byte 1: it is empty" },
		{ "pkg:{name", "byte 5: '{' is never closed" },
		{ "pkg:}", "byte 5: '}' without" },
		{ "a{}", "byte 2: a part without a name" },
		{ "a{1x}", "byte 3: a name has letters" },
		{ "a{x y}", "byte 4: a name has letters" },
		{ "a{x{y}", "byte 4: a name has letters" },
		{ "{a}{b}", "byte 4: nothing between two parts" },
		{ "{a}:{a}", "byte 6: this name was there" },
		{ "{a234567890123456789012345678901234}", "byte 2: a name of more than 32" },
		{ "{a}.{b}.{c}.{d}.{e}.{f}.{g}.{h}.{i}", "byte 33: more than 8 parts" },
		{ long_text, "byte 1025: it is over" },
	};

	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__pattern p;

		error[0] = '\0';
		assert_int_equal(tayra__pattern_parse(rows[i].pattern, TAYRA__PATTERN, &p, &why),
				 TAYRA_E_INVAL);
		if (!strstr(error, rows[i].says) && i + 1 < sizeof(rows) / sizeof(rows[0]))
			fail_msg("%s: \"%s\"", rows[i].pattern, error);
	}
}

static void
a_template_may_name_a_part_again_and_let_parts_touch(void **state)
{
	struct tayra__pattern p;

	assert_int_equal(tayra__pattern_parse("{a}{b}/{a}", TAYRA__TEMPLATE, &p, &why), TAYRA_OK);
	assert_int_equal(p.parts, 3);
	assert_int_equal(tayra__pattern_literal(&p, 1).len, 0);
	assert_int_equal(tayra__pattern_literal(&p, 2).len, 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_key_is_taken_apart_where_the_literals_are),
	cmocka_unit_test(any_bytes_are_a_part),
	cmocka_unit_test(without_a_pattern_the_whole_key_is_the_part_called_key),
	cmocka_unit_test(the_pattern_with_the_longest_literal_wins),
	cmocka_unit_test(a_bad_pattern_is_refused_with_the_byte_where_it_is),
	cmocka_unit_test(a_template_may_name_a_part_again_and_let_parts_touch),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
