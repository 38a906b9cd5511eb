/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/mix.h"

#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "drive/request.h"

static const char table[] = "id,name\n7,\"a b/c\"\n8,\xc3\xa9\n9,\"x\r\ny\"\n";

static struct tayra__rows rows;
static char why[200];

static int
open_rows(void **state)
{
	return tayra__rows_parse(&rows, table, strlen(table), why, sizeof(why));
}

static int
close_rows(void **state)
{
	tayra__rows_fini(&rows);
	return 0;
}

static void
expect(const struct tayra__request_text *text, size_t row, const char *want)
{
	struct tayra__request request;
	struct tayra__buffer out;

	assert_int_equal(tayra__request_init(&request, text, &rows, why, sizeof(why)), TAYRA_OK);
	tayra__buffer_init(&out, 4096);
	tayra__request_write(&request, &rows, row, &out);
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(tayra__buffer_front(&out), want, out.len);
	tayra__buffer_fini(&out);
	tayra__request_fini(&request);
}

static void
holes_are_filled_and_escaped_where_they_are(void **state)
{
	static const char *const headers[] = { "X-Id: {id}" };
	static const char *const words[] = { "SET", "item:{id}", "{{{name}}" };
	const struct tayra__request_text post = { .authority = "h",
						  .path = "/item/{name}?q={id}",
						  .headers = headers,
						  .header_count = 1,
						  .body = "<{name}>",
						  .body_len = 8 };
	const struct tayra__request_text set = { .redis = true, .words = words, .word_count = 3 };

	(void)state;
	expect(&post, 0,
	       "POST /item/a%20b%2Fc?q=7 HTTP/1.1\r\nHost: h\r\nUser-Agent: tayra\r\nX-Id: 7\r\n"
	       "Content-Length: 7\r\n\r\n<a b/c>");
	expect(&post, 1,
	       "POST /item/%C3%A9?q=8 HTTP/1.1\r\nHost: h\r\nUser-Agent: tayra\r\nX-Id: 8\r\n"
	       "Content-Length: 4\r\n\r\n<\xc3\xa9>");
	expect(&set, 0, "*3\r\n$3\r\nSET\r\n$6\r\nitem:7\r\n$7\r\n{a b/c}\r\n");
	expect(&set, 2, "*3\r\n$3\r\nSET\r\n$6\r\nitem:9\r\n$6\r\n{x\r\ny}\r\n");
}

static void
refuse(const struct tayra__request_text *text, const struct tayra__rows *data, const char *what)
{
	struct tayra__request request;

	assert_int_equal(tayra__request_init(&request, text, data, why, sizeof(why)),
			 TAYRA_E_INVAL);
	assert_string_equal(why, what);
}

static void
holes_that_cannot_be_filled_are_refused(void **state)
{
	static const char *const headers[] = { "X-Name: {name}" };
	struct tayra__request_text text = { .authority = "h", .path = "/{nme}" };

	(void)state;
	refuse(&text, &rows, "{nme} is no column of the data");
	refuse(&text, NULL, "{nme} stands for data, and none is given ({{ is a brace)");
	text.path = "/{id";
	refuse(&text, &rows, "a { that is not closed ({{ is a brace)");
	text.path = "/";
	text.headers = headers;
	text.header_count = 1;
	refuse(&text, &rows, "{name} has a byte that no header has, in row 3");
}

static struct tayra__mix
mix_of(enum tayra__mix_order order)
{
	struct tayra__mix mix = { .kind = { { .name = "a", .weight = 8 },
					    { .name = "never", .weight = 0 },
					    { .name = "b", .weight = 2 } },
				  .kinds = 3,
				  .rows = &rows,
				  .order = order,
				  .skew = 1 };

	mix.kind[0].think_ns = 1000;
	mix.kind[2].think_ns = 1000;
	mix.kind[2].think_at_random = true;
	assert_int_equal(tayra__mix_ready(&mix), TAYRA_OK);
	return mix;
}

static void
kinds_and_rows_come_as_often_as_they_should(void **state)
{
	const struct tayra__mix mix = mix_of(TAYRA__MIX_RANDOM), zipf = mix_of(TAYRA__MIX_ZIPF);
	size_t kinds[3] = { 0 }, rows_of[3] = { 0 }, zipfs[3] = { 0 };
	double thought = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		struct tayra__mix_pick pick = tayra__mix_pick(&mix, 5, i);

		kinds[pick.kind]++;
		rows_of[pick.row]++;
		zipfs[tayra__mix_pick(&zipf, 5, i).row]++;
		if (pick.kind == 0)
			assert_int_equal(pick.think_ns, 1000);
		else
			thought += (double)pick.think_ns;
	}
	assert_int_equal(kinds[1], 0);
	assert_in_range(kinds[0], 7840, 8160); /* four deviations of 40 */
	for (int i = 0; i < 3; i++)
		assert_in_range(rows_of[i], 3145, 3522);
	assert_true(zipfs[0] > 5000 && zipfs[1] > 2400 && zipfs[2] > 1500); /* 6 : 3 : 2 */
	thought /= (double)kinds[2];
	assert_true(thought > 900 && thought < 1100);
}

static void
the_same_seed_and_number_are_the_same_request(void **state)
{
	const struct tayra__mix mix = mix_of(TAYRA__MIX_RANDOM);
	const struct tayra__mix sequence = mix_of(TAYRA__MIX_SEQUENCE);
	size_t differ = 0;

	(void)state;
	for (uint64_t i = 0; i < 300; i++) {
		struct tayra__mix_pick one = tayra__mix_pick(&mix, 1, i);
		struct tayra__mix_pick again = tayra__mix_pick(&mix, 1, i);
		struct tayra__mix_pick other = tayra__mix_pick(&mix, 2, i);

		assert_int_equal(one.kind, again.kind);
		assert_int_equal(one.row, again.row);
		assert_int_equal(one.think_ns, again.think_ns);
		differ += one.row != other.row;
		assert_int_equal((tayra__mix_pick(&sequence, 1, i).row + 1) % 3,
				 tayra__mix_pick(&sequence, 1, i + 1).row);
	}
	assert_true(differ > 100);
}

static void
a_mix_of_nothing_is_none(void **state)
{
	struct tayra__mix mix = { .kinds = 0 };

	(void)state;
	assert_int_equal(tayra__mix_ready(&mix), TAYRA_E_INVAL);
	mix.kinds = 1;
	assert_int_equal(tayra__mix_ready(&mix), TAYRA_E_INVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holes_are_filled_and_escaped_where_they_are),
		cmocka_unit_test(holes_that_cannot_be_filled_are_refused),
		cmocka_unit_test(kinds_and_rows_come_as_often_as_they_should),
		cmocka_unit_test(the_same_seed_and_number_are_the_same_request),
		cmocka_unit_test(a_mix_of_nothing_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_rows, close_rows);
}
