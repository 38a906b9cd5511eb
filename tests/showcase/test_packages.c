/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "packages_text.h"
#include "showcase/packages.h"

#include <tayra/base.h>

struct seen {
	unsigned count;
	char name[16][32], description[16][128], depends[16][128];
	uint64_t line[16], size_bytes[16];
};

static int
note(void *ctx, const struct tayra__packages_stanza *stanza)
{
	struct seen *seen = ctx;
	unsigned i = seen->count++ % 16;

	snprintf(seen->name[i], 32, "%.31s", stanza->field[TAYRA__PACKAGES_NAME]);
	snprintf(seen->description[i], 128, "%.127s", stanza->field[TAYRA__PACKAGES_DESCRIPTION]);
	snprintf(seen->depends[i], 128, "%.127s", stanza->field[TAYRA__PACKAGES_DEPENDS]);
	seen->line[i] = stanza->line;
	seen->size_bytes[i] = stanza->size_bytes;
	return TAYRA_OK;
}

/* Feed in pieces of `step` bytes; the last status, the message in `error`. */
static int
parse(const char *text, size_t len, size_t step, struct seen *seen, char error[200])
{
	struct tayra__packages reader;
	int status = TAYRA_OK;

	memset(seen, 0, sizeof(*seen));
	tayra__packages_init(&reader, note, seen);
	for (size_t at = 0; at < len; at += step)
		status = tayra__packages_feed(&reader, text + at,
					      len - at < step ? len - at : step);
	if (status == TAYRA_OK)
		status = tayra__packages_finish(&reader);
	memcpy(error, reader.error, sizeof(reader.error));
	tayra__packages_fini(&reader);
	return status;
}

static void
stanzas_come_out_whole_however_the_bytes_are_cut(void **state)
{
	size_t steps[] = { 1, 2, 7, 64, 100000 };

	for (size_t i = 0; i < 5; i++) {
		struct seen seen;
		char error[200];

		assert_int_equal(
			parse(packages_text, strlen(packages_text), steps[i], &seen, error),
			TAYRA_OK);
		assert_int_equal(seen.count, 8);
		assert_string_equal(seen.name[0], "app");
		assert_string_equal(
			seen.description[0],
			"an application program\nwith a longer text\n.\nof two paragraphs");
		assert_string_equal(seen.depends[0], "lib (>= 1.0), tool | missing, nowhere");
		assert_int_equal(seen.size_bytes[0], 4000);
		assert_int_equal(seen.line[0], 1);
		assert_int_equal(seen.line[1], 16);
		assert_string_equal(seen.name[7], "base");
	}
}

static void
what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "Package: a\nno colon here\n", "line 2: not a field: \"no colon here\"" },
		{ "Package: a\n\nVersion: 1\nSize: 2\n",
		  "line 3: a stanza without a Package field" },
		{ "\n\n continues\n", "line 3: a continuation line that continues nothing" },
		{ "Package: a\nSize: 12x\n", "line 1: Size is not a number: \"12x\"" },
		{ "Package: a\nSize: -1\n", "line 1: Size is not a number: \"-1\"" },
		{ "Package: a\nSize: 99999999999999999999999\n",
		  "line 1: Size is not a number: \"99999999999999999999999\"" },
		{ "Package: ../../etc\n", "line 1: not a package name: \"../../etc\"" },
		{ "Package:\n", "line 1: not a package name: \"\"" },
		{ "Package: a\nPackage: b\n", "line 2: a second Package field in one stanza" },
		{ ": x\n", "line 1: not a field: \": x\"" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct seen seen;
		char error[200];

		assert_int_equal(parse(bad[i].text, strlen(bad[i].text), 3, &seen, error),
				 TAYRA_E_CORRUPT);
		assert_string_equal(error, bad[i].error);
	}
}

static void
binary_bytes_and_endless_lines_are_refused(void **state)
{
	size_t len = TAYRA__PACKAGES_LINE_MAX + 2;
	char *endless = tayra__mem_alloc(len);
	struct seen seen;
	char error[200];

	assert_int_equal(parse("Package: a\nVersion: \0\n", 22, 5, &seen, error), TAYRA_E_CORRUPT);
	assert_non_null(strstr(error, "line 2: binary bytes"));
	memset(endless, 'x', len);
	assert_int_equal(parse(endless, len, 4096, &seen, error), TAYRA_E_CORRUPT);
	assert_non_null(strstr(error, "line 1: longer than"));
	assert_int_equal(parse(endless, len, len, &seen, error), TAYRA_E_CORRUPT);
	tayra__mem_free(endless);
}

static void
a_stanza_that_never_ends_is_refused(void **state)
{
	struct tayra__packages reader;
	struct seen seen = { 0 };
	int status;

	tayra__packages_init(&reader, note, &seen);
	status = tayra__packages_feed(&reader, "Package: a\nDescription: b\n", 26);
	for (int i = 0; i < 100000 && status == TAYRA_OK; i++)
		status = tayra__packages_feed(&reader, " and so on and on\n", 18);
	assert_int_equal(status, TAYRA_E_CORRUPT);
	assert_non_null(strstr(reader.error, "a stanza of more than"));
	assert_true(reader.text_room <= 2 * TAYRA__PACKAGES_STANZA_MAX);
	/* And stays refused. */
	assert_int_equal(tayra__packages_feed(&reader, "\n", 1), TAYRA_E_CORRUPT);
	tayra__packages_fini(&reader);
}

static void
carriage_returns_blank_lines_and_a_missing_newline_are_taken(void **state)
{
	const char text[] = "Package: a\r\nVersion: 1\r\n\r\n  \n\nPackage: b";
	struct seen seen;
	char error[200];

	assert_int_equal(parse(text, strlen(text), 4, &seen, error), TAYRA_OK);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.name[1], "b");
}

static void
relations_are_names_without_what_qualifies_them(void **state)
{
	const char *cursor = " a (>= 1.0~) | b:any , c [amd64 !i386] <!nocheck>,,d-e+f.1|g ";
	static const char *const names[] = { "a", "b", "c", "d-e+f.1", "g" };
	static const int alternatives[] = { 0, 1, 0, 0, 1 };
	const char *name;
	size_t len;
	int alternative;

	for (int i = 0; i < 5; i++) {
		assert_true(tayra__packages_relation(&cursor, &name, &len, &alternative));
		assert_int_equal(len, strlen(names[i]));
		assert_memory_equal(name, names[i], len);
		assert_int_equal(alternative, alternatives[i]);
	}
	assert_false(tayra__packages_relation(&cursor, &name, &len, &alternative));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stanzas_come_out_whole_however_the_bytes_are_cut),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(binary_bytes_and_endless_lines_are_refused),
		cmocka_unit_test(a_stanza_that_never_ends_is_refused),
		cmocka_unit_test(carriage_returns_blank_lines_and_a_missing_newline_are_taken),
		cmocka_unit_test(relations_are_names_without_what_qualifies_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
