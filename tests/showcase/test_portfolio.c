/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "invent.h"
#include "showcase/portfolio.h"

static const double gain[] = { 2, 1.25, 1, 1.25 };

/* The portfolio of a text; NULL with the complaint in `error`. */
static char *
portfolio_of(const char *json, char error[200], int *status)
{
	char *text = NULL;
	size_t len;
	FILE *in = fmemopen((char *)json, strlen(json), "r"), *out = open_memstream(&text, &len);

	*status = tayra__portfolio_write(in, out, error, 200);
	fclose(in);
	fclose(out);
	return text;
}

static void
it_comes_from_the_results_alone(void **state)
{
	struct tayra__results *r = invent(gain);
	char *json = written(r, tayra__results_write_json), *text, error[200];
	int status;

	free(r);
	text = portfolio_of(json, error, &status);
	assert_int_equal(status, TAYRA_OK);
	assert_non_null(strstr(text, "Average improvement over the tuned service: x1.25"));
	assert_non_null(strstr(text, "| overload-4x, stress |"));
	assert_non_null(strstr(text, tayra__ablations[0].mechanism));
	assert_non_null(strstr(text, "not measured: no \\<such\\> thing here"));
	assert_non_null(strstr(text, "business impact: 2.0"));
	assert_non_null(strstr(text, "\\<script\\>"));
	assert_null(strstr(text, "<script>"));
	assert_null(strstr(text, "nan"));
	free(text);
	free(json);
}

static void
an_invalid_run_is_marked_as_one(void **state)
{
	struct tayra__results *r = invent(gain);
	char *json, *text, error[200];
	int status;

	r->valid = false;
	snprintf(r->why_invalid, sizeof(r->why_invalid), "the generator was late");
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	json = written(r, tayra__results_write_json);
	text = portfolio_of(json, error, &status);
	assert_non_null(strstr(text, "**This run cannot be believed, so nothing was compared: the "
				     "generator was late.**"));
	assert_null(strstr(text, "Average improvement"));
	assert_null(strstr(text, "| 0 |"));
	free(text);
	free(json);
	free(r);
}

static void
what_is_no_such_file_is_refused_and_what_is_missing_is_left_out(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "{\"v\":2}", "\"v\"" };
	char error[200], *text;
	int status;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char json[16];

		snprintf(json, sizeof(json), " %s", bad[i]);
		error[0] = 0;
		text = portfolio_of(json, error, &status);
		assert_int_equal(status, TAYRA_E_CORRUPT);
		assert_true(error[0] != 0);
		free(text);
	}
	text = portfolio_of("{\"v\":1,\"arms\":7,\"money\":[],\"phases\":[null]}", error, &status);
	assert_int_equal(status, TAYRA_OK);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_from_the_results_alone),
		cmocka_unit_test(an_invalid_run_is_marked_as_one),
		cmocka_unit_test(what_is_no_such_file_is_refused_and_what_is_missing_is_left_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
