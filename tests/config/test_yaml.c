/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "config/yaml.h"

static struct tayra__yaml_error wrong;

static struct tayra__yaml *
parse(const char *text)
{
	struct tayra__yaml *yaml;

	if (tayra__yaml_parse(text, strlen(text), &wrong, &yaml) != TAYRA_OK)
		fail_msg("%u:%u: %s", wrong.line, wrong.column, wrong.text);
	return yaml;
}

static void
everything_knows_where_it_stood(void **state)
{
	struct tayra__yaml *yaml = parse(
		"a: 1\nlist:\n  - x\n  - {k: 'v w', e: ''}\n# end\nz: |\n  text\n");
	const struct tayra__yaml *list = tayra__yaml_find(yaml, "list"), *map;

	assert_int_equal(yaml->kind, TAYRA__YAML_MAP);
	assert_string_equal(tayra__yaml_find(yaml, "a")->text, "1");
	assert_false(tayra__yaml_find(yaml, "a")->quoted);
	assert_int_equal(list->kind, TAYRA__YAML_LIST);
	assert_int_equal(list->line, 2);
	assert_int_equal(list->column, 1);
	assert_string_equal(list->first->text, "x");
	assert_int_equal(list->first->line, 3);
	assert_int_equal(list->first->column, 5);
	map = list->first->next;
	assert_int_equal(map->line, 4);
	assert_string_equal(tayra__yaml_find(map, "k")->text, "v w");
	assert_int_equal(tayra__yaml_find(map, "k")->value_column, 9);
	assert_int_equal(tayra__yaml_find(map, "e")->column, 16);
	assert_true(tayra__yaml_find(map, "e")->quoted);
	assert_null(map->next);
	assert_string_equal(tayra__yaml_find(yaml, "z")->text, "text\n");
	assert_null(tayra__yaml_find(yaml, "b"));
	assert_null(tayra__yaml_find(list, "x"));
	tayra__yaml_free(yaml);
}

static void
no_text_is_an_empty_map(void **state)
{
	static const char *const texts[] = { "", "\n\n", "# nothing\n", "---\n", "---\n...\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tayra__yaml *yaml = parse(texts[i]);

		assert_int_equal(yaml->kind, TAYRA__YAML_MAP);
		assert_null(yaml->first);
		tayra__yaml_free(yaml);
	}
}

static void
refused(const char *text, size_t len, uint32_t line, uint32_t column, const char *why)
{
	struct tayra__yaml *yaml;
	int status = tayra__yaml_parse(text, len, &wrong, &yaml);

	if (status != TAYRA_E_INVAL || wrong.line != line || wrong.column != column ||
	    !strstr(wrong.text, why))
		fail_msg("'%.40s': %d %u:%u: %s", text, status, wrong.line, wrong.column,
			 wrong.text);
	assert_null(yaml);
}

static void
what_has_no_meaning_here_is_refused_where_it_stands(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *why;
	} table[] = {
		{ "a: &x 1\nb: *x\n", 1, 4, "anchors" },
		{ "a: 1\nb: *a\n", 2, 4, "aliases" },
		{ "a: !!int 1\n", 1, 4, "tags" },
		{ "a: &x [1]\n", 1, 4, "anchors" },
		{ "a: !t {b: 1}\n", 1, 4, "tags" },
		{ "a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands here twice, first in line 1" },
		{ "x: {a: 1, a: 2}\n", 1, 11, "twice" },
		{ "? [a]\n: 1\n", 1, 3, "must be text" },
		{ "? {a: 1}\n: 1\n", 1, 3, "must be text" },
		{ "'': 1\n", 1, 1, "an empty name" },
		{ "a: 1\n---\nb: 2\n", 2, 1, "a second document" },
		{ "a: \"\\0\"\n", 1, 4, "a byte 0" },
		{ "a: [1\nb: 2\n", 2, 2, "did not find expected ',' or ']'" },
		{ "a: 'open\n", 2, 1, "unexpected end" },
		{ "a: 1\n b: 2\n", 2, 3, "mapping values are not allowed" },
		{ "\ta: 1\n", 1, 1, "cannot start any token" },
		{ "a: [[[[[[[[1]]]]]]]]\n", 1, 11, "more than 8 levels" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		refused(table[i].text, strlen(table[i].text), table[i].line, table[i].column,
			table[i].why);
	refused("a: \x01\n", 5, 1, 4, "control characters");
	refused("a: \xff\n", 5, 1, 4, "invalid");
	refused("a: 1\n\n# \xc3\xa9\nb: \xff\n", 17, 4, 4, "invalid");
	refused("\xff\xfe\x01\0", 4, 0, 0, "byte 3: control characters"); /* UTF-16 */
	refused("a: b\0c\n", 7, 1, 5, "control characters");
}

static void
size_and_number_of_parts_are_bounded(void **state)
{
	size_t len = TAYRA__YAML_BYTES + 1;
	char *text = malloc(len);

	memset(text, '#', len);
	refused(text, len, 0, 0, "more than 256 KiB");
	memset(text, ' ', len);
	memcpy(text, "a: [", 4);
	for (size_t i = 4; i + 2 < len; i += 2)
		memcpy(text + i, "1,", 2);
	refused(text, len - 1, 1, 4 + 2 * (TAYRA__YAML_PARTS - 2) + 1, "more than 4096 parts");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_knows_where_it_stood),
		cmocka_unit_test(no_text_is_an_empty_map),
		cmocka_unit_test(what_has_no_meaning_here_is_refused_where_it_stands),
		cmocka_unit_test(size_and_number_of_parts_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
