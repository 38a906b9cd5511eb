/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/resp_reply.h"
#include "net/resp_writer.h"

static const struct tayra__resp_reply_limits limits = {
	.bulk_bytes = 1000,
	.line_bytes = 64,
	.elements = 100,
};

struct transcript {
	char text[1024];
	size_t len;
	enum tayra__resp_reply_status end;
	const char *error;
};

static void
note(struct transcript *t, const struct tayra__resp_element *e)
{
	size_t room = sizeof(t->text) - t->len;

	t->len += (size_t)snprintf(t->text + t->len, room, "%u%c%.*s/%lld%s", e->depth,
				   (char)e->type, (int)e->len, e->text ? e->text : "",
				   (long long)e->integer, e->last ? "\n" : " ");
	assert_true(t->len < sizeof(t->text));
}

static size_t
feed(struct tayra__resp_reply *reply, const char *bytes, size_t len, struct transcript *t)
{
	char *copy = malloc(len ? len : 1);
	struct tayra__resp_element element;
	size_t done = 0, used;

	memcpy(copy, bytes, len);
	do {
		t->end = tayra__resp_reply_next(reply, copy + done, len - done, &limits, &element,
						&used);
		if (t->end == TAYRA__RESP_REPLY_ELEMENT)
			note(t, &element);
		done += used;
	} while (t->end == TAYRA__RESP_REPLY_ELEMENT);
	t->error = reply->error;
	free(copy);
	return done;
}

static struct transcript
parse_cut(const char *bytes, size_t len, size_t cut)
{
	struct tayra__resp_reply reply;
	struct transcript t = { .len = 0 };
	size_t done;

	tayra__resp_reply_init(&reply);
	done = feed(&reply, bytes, cut, &t);
	if (t.end == TAYRA__RESP_REPLY_MORE)
		feed(&reply, bytes + done, len - done, &t);
	return t;
}

static void
assert_elements(const char *bytes, const char *expected)
{
	size_t len = strlen(bytes);

	for (size_t cut = 0; cut <= len; cut++) {
		struct transcript t = parse_cut(bytes, len, cut);

		assert_int_equal(t.end, TAYRA__RESP_REPLY_MORE);
		t.text[t.len] = '\0';
		assert_string_equal(t.text, expected);
	}
}

static void
every_type_is_read_wherever_it_is_cut(void **state)
{
	assert_elements("+OK\r\n", "0+OK/0\n");
	assert_elements("-ERR no\r\n", "0-ERR no/0\n");
	assert_elements(":-7\r\n", "0:/-7\n");
	assert_elements("$3\r\na\r\n\r\n$0\r\n\r\n", "0$a\r\n/0\n0$/0\n");
	assert_elements("$-1\r\n*-1\r\n_\r\n", "0_/0\n0_/0\n0_/0\n");
	assert_elements("#t\r\n#f\r\n", "0#t/1\n0#f/0\n");
	assert_elements(",1.5\r\n(123\r\n", "0,1.5/0\n0(123/0\n");
	assert_elements("!5\r\nERR x\r\n=5\r\ntxt:a\r\n", "0!ERR x/0\n0=txt:a/0\n");
}

static void
aggregates_nest_and_end_with_their_last_element(void **state)
{
	assert_elements("*0\r\n*2\r\n:1\r\n*1\r\n:2\r\n:3\r\n",
			"0*/0\n0*/2 1:/1 1*/1 2:/2\n0:/3\n");
	assert_elements("%1\r\n+k\r\n~1\r\n:1\r\n", "0%/2 1+k/0 1~/1 2:/1\n");
	assert_elements(">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n",
			"0>/2 1+invalidate/0 1*/1 2$k/0\n");
}

static void
an_attribute_belongs_to_what_follows(void **state)
{
	assert_elements("|1\r\n+k\r\n:1\r\n$1\r\nv\r\n+OK\r\n", "0|/2 1+k/0 1:/1 1$v/0\n0+OK/0\n");
	assert_elements("*1\r\n|0\r\n:5\r\n", "0*/1 1|/0 2:/5\n");
}

static void
assert_wrong(const char *bytes, const char *why)
{
	struct transcript t = parse_cut(bytes, strlen(bytes), strlen(bytes));

	assert_int_equal(t.end, TAYRA__RESP_REPLY_WRONG);
	assert_string_equal(t.error, why);
}

static void
what_is_no_reply_is_refused(void **state)
{
	char deep[TAYRA__RESP_DEPTH * 4 + 5] = "";

	for (int i = 0; i < TAYRA__RESP_DEPTH + 1; i++)
		memcpy(deep + i * 4, "*1\r\n", 5);
	assert_wrong(deep, "nested too deeply");
	assert_wrong("?\r\n", "an unknown type");
	assert_wrong("$1001\r\n", "invalid bulk length");
	assert_wrong("$-2\r\n", "invalid bulk length");
	assert_wrong("=-1\r\n", "invalid bulk length");
	assert_wrong("$1\r\nabc", "a bulk does not end with CRLF");
	assert_wrong("*101\r\n", "invalid aggregate length");
	assert_wrong("%-1\r\n", "invalid aggregate length");
	assert_wrong("*?\r\n", "not a number where one should be");
	assert_wrong(":1.5\r\n", "not a number where one should be");
	assert_wrong("#x\r\n", "a boolean is neither t nor f");
	assert_wrong("_x\r\n", "a line is too long");
	assert_wrong("+a\rb\r\n", "a line does not end with CRLF");
	assert_wrong("+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		     "a line is too long");
}

/* Both sides of the codec agree. */
static void
what_the_writer_writes_is_read_back(void **state)
{
	struct tayra__buffer out;

	tayra__buffer_init(&out, 4096);
	tayra__resp_map(&out, TAYRA__RESP3, 1);
	tayra__resp_text(&out, "k");
	tayra__resp_array(&out, 2);
	tayra__resp_integer(&out, INT64_MIN);
	tayra__resp_null(&out, TAYRA__RESP3);
	tayra__resp_map(&out, TAYRA__RESP2, 1);
	tayra__resp_null(&out, TAYRA__RESP2);
	tayra__resp_null_array(&out, TAYRA__RESP2);
	tayra__resp_verbatim(&out, TAYRA__RESP3, "x", 1);
	tayra__resp_set(&out, TAYRA__RESP3, 0);
	tayra__resp_error(&out, "ERR %s", "a\r\nb");
	tayra__buffer_append(&out, "", 1);
	assert_elements(out.bytes, "0%/2 1$k/0 1*/2 2:/-9223372036854775808 2_/0\n"
				   "0*/2 1_/0 1_/0\n0=txt:x/0\n0~/0\n0-ERR a  b/0\n");
	assert_false(out.failed);
	tayra__buffer_fini(&out);
}

static void
a_long_error_is_cut_and_stays_one_line(void **state)
{
	struct tayra__buffer out;
	char text[2000];

	memset(text, 'e', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tayra__buffer_init(&out, 4096);
	tayra__resp_error(&out, "%s", text);
	assert_in_range(out.len, 500, 520);
	assert_memory_equal(out.bytes + out.len - 2, "\r\n", 2);
	tayra__buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read_wherever_it_is_cut),
		cmocka_unit_test(aggregates_nest_and_end_with_their_last_element),
		cmocka_unit_test(an_attribute_belongs_to_what_follows),
		cmocka_unit_test(what_is_no_reply_is_refused),
		cmocka_unit_test(what_the_writer_writes_is_read_back),
		cmocka_unit_test(a_long_error_is_cut_and_stays_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
