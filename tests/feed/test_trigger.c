/* SPDX-License-Identifier: Apache-2.0 */
#include "../load/stage.h"

#include <stdlib.h>

#include "feed/quote.h"

static char *
sql_of(const char *keys, const char *table, const char *channel, int *status, char error[200])
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	*status = tayra_feed_postgres_sql(keys, table, channel, error, 200, out);
	fclose(out);
	return text;
}

static void
what_it_cannot_be_made_from_is_refused_with_a_reason(void **state)
{
	static const char long_name[] = "a234567890123456789012345678901234567890123456789012345678"
					"901234";
	static const struct {
		const char *keys, *table, *channel, *says;
	} wrong[] = {
		{ NULL, "t", "c", "missing" },
		{ "k:{id}", NULL, "c", "missing" },
		{ "k:{id}", "t", NULL, "channel" },
		{ "k:{id}", "t", "", "channel" },
		{ "k:{id}", "t", long_name, "56 bytes" },
		{ "k:{id", "t", "c", "never closed" },
		{ "k:{id}", "", "c", "no name" },
		{ "k:{id}", ".t", "c", "no name" },
		{ "k:{id}", "s.", "c", "no name" },
		{ "k:{id}", long_name, "c", "63 bytes" },
	};
	char error[200];
	int status;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *sql = sql_of(wrong[i].keys, wrong[i].table, wrong[i].channel, &status, error);

		assert_int_equal(status, TAYRA_E_INVAL);
		if (!strstr(error, wrong[i].says))
			fail_msg("%zu: %s", i, error);
		assert_string_equal(sql, "");
		free(sql);
	}
	assert_int_equal(tayra_feed_postgres_sql("k", "t", "c", NULL, 0, NULL), TAYRA_E_INVAL);
}

static void
names_and_texts_cannot_end_what_they_stand_in(void **state)
{
	char error[200];
	int status;
	char *sql = sql_of("a'b\\$tayra0$:{id}", "my\"s.ta\"ble", "ch'an", &status, error);

	assert_int_equal(status, TAYRA_OK);
	assert_non_null(strstr(sql, "E'a''b\\\\$tayra0$:' || \"id\"::text"));
	assert_non_null(strstr(sql, " ON \"my\"\"s\".\"ta\"\"ble\";"));
	assert_non_null(strstr(sql, "'ch''an_prefix'"));
	assert_non_null(strstr(sql, "AS $tayra1$"));
	free(sql);
}

static void
quoted_in(enum tayra__quote_dialect dialect, const char *text, const char *expected)
{
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	tayra__quote_text(out, dialect, text, strlen(text));
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

static void
a_backslash_is_one_in_both_dialects(void **state)
{
	quoted_in(TAYRA__QUOTE_POSTGRES, "a\\'", "E'a\\\\'''");
	quoted_in(TAYRA__QUOTE_SQLITE, "a\\'", "'a\\'''");
	quoted_in(TAYRA__QUOTE_POSTGRES, "", "''");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_it_cannot_be_made_from_is_refused_with_a_reason),
	cmocka_unit_test(names_and_texts_cannot_end_what_they_stand_in),
	cmocka_unit_test(a_backslash_is_one_in_both_dialects),
};

RUN_TESTS(tests)
