/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "origin/shape.h"

static const char *const names[] = { "id", "the \"name\"" };
static const struct tayra__cell one[] = { { TAYRA__CELL_NUMBER, "1", 1 },
					  { TAYRA__CELL_TEXT, "a", 1 } };
static const struct tayra__cell nulls[] = { { TAYRA__CELL_NULL, NULL, 0 },
					    { TAYRA__CELL_NULL, NULL, 0 } };

static struct tayra__result
result_of(enum tayra_shape shape, uint32_t max_rows, uint64_t max_bytes)
{
	struct tayra__shape s = { shape, max_rows, max_bytes };
	struct tayra__result r;

	tayra__result_begin(&r, &s);
	return r;
}

static void
ends(struct tayra__result *r, int status, const char *value)
{
	const void *bytes;
	size_t len;

	assert_int_equal(tayra__result_end(r, &bytes, &len), status);
	if (value) {
		assert_int_equal(len, strlen(value));
		assert_memory_equal(bytes, value, len);
	} else {
		assert_null(bytes);
	}
	tayra__result_fini(r);
}

static void
each_shape_says_what_no_row_null_and_many_rows_are(void **state)
{
	static const struct {
		enum tayra_shape shape;
		unsigned rows;
		const struct tayra__cell *cells;
		int status;
		const char *value;
	} rows[] = {
		{ TAYRA_SHAPE_RAW, 0, NULL, TAYRA_E_NOT_FOUND, NULL },
		{ TAYRA_SHAPE_ROW, 0, NULL, TAYRA_E_NOT_FOUND, NULL },
		{ TAYRA_SHAPE_JSON, 0, NULL, TAYRA_OK, "[]" },
		{ TAYRA_SHAPE_RAW, 1, nulls, TAYRA_E_NOT_FOUND, NULL },
		{ TAYRA_SHAPE_ROW, 1, nulls, TAYRA_OK, "{\"id\":null,\"the \\\"name\\\"\":null}" },
		{ TAYRA_SHAPE_RAW, 2, one, TAYRA_OK, "1" },
		{ TAYRA_SHAPE_ROW, 2, one, TAYRA_OK, "{\"id\":1,\"the \\\"name\\\"\":\"a\"}" },
		{ TAYRA_SHAPE_JSON, 2, one, TAYRA_OK,
		  "[{\"id\":1,\"the \\\"name\\\"\":\"a\"},{\"id\":1,\"the \\\"name\\\"\":\"a\"}]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__result r = result_of(rows[i].shape, 10, 1000);

		for (unsigned n = 0; n < rows[i].rows; n++) {
			enum tayra__rows more = tayra__result_row(&r, names, rows[i].cells, 2);

			assert_int_equal(more, rows[i].shape == TAYRA_SHAPE_JSON
						       ? TAYRA__ROWS_MORE
						       : TAYRA__ROWS_ENOUGH);
		}
		ends(&r, rows[i].status, rows[i].value);
	}
}

static void
every_kind_of_cell_is_valid_json(void **state)
{
	static const struct {
		struct tayra__cell cell;
		const char *json;
	} rows[] = {
		{ { TAYRA__CELL_NUMBER, "-1.5e+300", 9 }, "-1.5e+300" },
		{ { TAYRA__CELL_NUMBER, "0", 1 }, "0" },
		{ { TAYRA__CELL_NUMBER, "NaN", 3 }, "null" },
		{ { TAYRA__CELL_NUMBER, "Infinity", 8 }, "null" },
		{ { TAYRA__CELL_NUMBER, "-", 1 }, "null" },
		{ { TAYRA__CELL_NUMBER, "01", 2 }, "null" },
		{ { TAYRA__CELL_NUMBER, "1.", 2 }, "null" },
		{ { TAYRA__CELL_NUMBER, "1e", 2 }, "null" },
		{ { TAYRA__CELL_BOOL, "t", 1 }, "true" },
		{ { TAYRA__CELL_BOOL, "f", 1 }, "false" },
		{ { TAYRA__CELL_JSON, "{\"a\": [1]}", 10 }, "{\"a\": [1]}" },
		{ { TAYRA__CELL_BYTES, "\0\xff", 2 }, "\"\\\\x00ff\"" },
		{ { TAYRA__CELL_BYTES, "", 0 }, "\"\\\\x\"" },
		{ { TAYRA__CELL_TEXT, "a\"\\\n\r\t\0\x1f\x7f", 9 },
		  "\"a\\\"\\\\\\n\\r\\t\\u0000\\u001f\\u007f\"" },
		{ { TAYRA__CELL_TEXT, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9 },
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		/* too short, overlong, a surrogate, no such code point */
		{ { TAYRA__CELL_TEXT, "x\xe2\x82", 3 }, "\"x\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ { TAYRA__CELL_TEXT, "\xc0\x80", 2 }, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ { TAYRA__CELL_TEXT, "\xed\xa0\x80", 3 },
		  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ { TAYRA__CELL_TEXT, "\xf8", 1 }, "\"\xef\xbf\xbd\"" },
	};
	static const char *const name[] = { "v" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra__result r = result_of(TAYRA_SHAPE_ROW, 1, 1000);
		char expected[100] = "{\"v\":";

		memcpy(expected + 5, rows[i].json, strlen(rows[i].json));
		memcpy(expected + 5 + strlen(rows[i].json), "}", 2);
		tayra__result_row(&r, name, &rows[i].cell, 1);
		ends(&r, TAYRA_OK, expected);
	}
}

static void
a_result_over_its_limits_is_too_large_and_never_cut(void **state)
{
	struct tayra__result r = result_of(TAYRA_SHAPE_JSON, 2, 1000);
	const struct tayra__cell big = { TAYRA__CELL_TEXT, "0123456789", 10 };
	static const char *const name[] = { "v" };

	assert_int_equal(tayra__result_row(&r, names, one, 2), TAYRA__ROWS_MORE);
	assert_int_equal(tayra__result_row(&r, names, one, 2), TAYRA__ROWS_MORE);
	assert_int_equal(tayra__result_row(&r, names, one, 2), TAYRA__ROWS_ENOUGH);
	ends(&r, TAYRA_E_TOO_LARGE, NULL);
	r = result_of(TAYRA_SHAPE_RAW, 1, 10);
	tayra__result_row(&r, name, &big, 1);
	ends(&r, TAYRA_OK, "0123456789");
	r = result_of(TAYRA_SHAPE_RAW, 1, 9);
	tayra__result_row(&r, name, &big, 1);
	ends(&r, TAYRA_E_TOO_LARGE, NULL);
	r = result_of(TAYRA_SHAPE_JSON, 1, 19); /* [{"v":"0123456789"}] is 20 */
	tayra__result_row(&r, name, &big, 1);
	ends(&r, TAYRA_E_TOO_LARGE, NULL);
	r = result_of(TAYRA_SHAPE_JSON, 1, 20);
	tayra__result_row(&r, name, &big, 1);
	ends(&r, TAYRA_OK, "[{\"v\":\"0123456789\"}]");
}

static void
no_memory_is_said(void **state)
{
	struct tayra__result r = result_of(TAYRA_SHAPE_ROW, 1, 1000);

	tayra__mem_fail_after(1);
	assert_int_equal(tayra__result_row(&r, names, one, 2), TAYRA__ROWS_ENOUGH);
	tayra__mem_fail_after(0);
	ends(&r, TAYRA_E_NOMEM, NULL);
}

static void
an_object_cannot_have_two_columns_of_one_name(void **state)
{
	static const char *const twice[] = { "a", "b", "a" };
	char error[100];
	const struct tayra__complaint why = { error, sizeof(error) };

	assert_int_equal(tayra__shape_names(TAYRA_SHAPE_RAW, twice, 3, &why), TAYRA_OK);
	assert_int_equal(tayra__shape_names(TAYRA_SHAPE_ROW, twice, 2, &why), TAYRA_OK);
	assert_int_equal(tayra__shape_names(TAYRA_SHAPE_ROW, twice, 3, &why), TAYRA_E_INVAL);
	assert_non_null(strstr(error, "\"a\""));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_shape_says_what_no_row_null_and_many_rows_are),
	cmocka_unit_test(every_kind_of_cell_is_valid_json),
	cmocka_unit_test(a_result_over_its_limits_is_too_large_and_never_cut),
	cmocka_unit_test(no_memory_is_said),
	cmocka_unit_test(an_object_cannot_have_two_columns_of_one_name),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
