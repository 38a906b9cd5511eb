/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server replicates, read from its bytes; which keys tables make of it; and what waits until
 * others see it.
 */
#include "../load/stage.h"

#include <stdlib.h>

#include "feed/published.h"
#include "feed/untold.h"

#define BYTES(text) (text), sizeof(text) - 1

static struct tayra__pgoutput
read_message(const char *bytes, size_t len)
{
	struct tayra__pgoutput m;

	assert_true(tayra__pgoutput_read(bytes, len, &m));
	return m;
}

/* Cut short anywhere, it is none. */
static void
refuse_cut(const char *bytes, size_t len)
{
	struct tayra__pgoutput m;
	char copy[200];

	assert_true(len <= sizeof(copy));
	for (size_t n = 0; n < len; n++) {
		memcpy(copy, bytes, n);
		assert_false(tayra__pgoutput_read(copy, n, &m));
	}
}

#define BEGIN_7 "B\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\7"
#define COMMIT  "C\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2"
#define ITEM                                                                                       \
	"R\0\0\0\5shop\0item\0d\0\2\1id\0\0\0\0\x17\xff\xff\xff\xff\0name\0\0\0\0\x19\xff\xff\xff" \
	"\xff"
#define ITEM_FULL                                                                                  \
	"R\0\0\0\6shop\0item\0f\0\2\0name\0\0\0\0\x19\xff\xff\xff\xff\0id\0\0\0\0\x17\xff\xff\xff" \
	"\xff"
#define INSERT_7 "I\0\0\0\5N\0\2t\0\0\0\0017t\0\0\0\2ab"

static void
messages_are_read_and_cut_ones_refused(void **state)
{
	struct tayra__pgoutput m = read_message(BYTES(BEGIN_7));
	struct tayra__pgoutput_column column;
	struct tayra__pgoutput_cell cell;
	uint32_t relation;

	assert_int_equal(m.kind, TAYRA__PGOUTPUT_BEGIN);
	assert_int_equal(m.xid, 7);
	refuse_cut(BYTES(BEGIN_7));
	assert_int_equal(read_message(BYTES(COMMIT)).kind, TAYRA__PGOUTPUT_COMMIT);
	refuse_cut(BYTES(COMMIT));

	m = read_message(BYTES(ITEM));
	assert_int_equal(m.relation, 5);
	assert_int_equal(m.schema.len, 4);
	assert_memory_equal(m.table.bytes, "item", 5);
	assert_false(m.full);
	assert_true(tayra__pgoutput_column(&m.list, &column));
	assert_true(column.identifies);
	assert_int_equal(column.name.len, 2);
	assert_true(tayra__pgoutput_column(&m.list, &column));
	assert_false(column.identifies);
	assert_false(tayra__pgoutput_column(&m.list, &column));
	refuse_cut(BYTES(ITEM));

	m = read_message(BYTES(INSERT_7));
	assert_false(m.has_old);
	assert_true(tayra__pgoutput_cell(&m.new, &cell));
	assert_int_equal(cell.kind, TAYRA__PGOUTPUT_TEXT);
	assert_memory_equal(cell.value.bytes, "7", 1);
	assert_true(tayra__pgoutput_cell(&m.new, &cell));
	assert_int_equal(cell.value.len, 2);
	assert_false(tayra__pgoutput_cell(&m.new, &cell));
	refuse_cut(BYTES(INSERT_7));

	m = read_message(BYTES("U\0\0\0\5K\0\1nN\0\1u"));
	assert_true(m.has_old);
	assert_true(tayra__pgoutput_cell(&m.old, &cell));
	assert_int_equal(cell.kind, TAYRA__PGOUTPUT_NULL);
	assert_true(tayra__pgoutput_cell(&m.new, &cell));
	assert_int_equal(cell.kind, TAYRA__PGOUTPUT_UNCHANGED);
	refuse_cut(BYTES("U\0\0\0\5K\0\1nN\0\1u"));

	m = read_message(BYTES("T\0\0\0\2\0\0\0\0\5\0\0\0\6"));
	assert_true(tayra__pgoutput_relation(&m.list, &relation));
	assert_int_equal(relation, 5);
	assert_true(tayra__pgoutput_relation(&m.list, &relation));
	assert_int_equal(relation, 6);
	assert_false(tayra__pgoutput_relation(&m.list, &relation));
	refuse_cut(BYTES("T\0\0\0\2\0\0\0\0\5\0\0\0\6"));

	assert_int_equal(read_message(BYTES("Yanything")).kind, TAYRA__PGOUTPUT_OTHER);
	assert_false(tayra__pgoutput_read(BYTES("D\0\0\0\5N\0\1n"), &m)); /* no row as it was */
	assert_false(tayra__pgoutput_read(BYTES("I\0\0\0\5K\0\1n"), &m)); /* none as it is */
	assert_false(tayra__pgoutput_read(BYTES("I\0\0\0\5N\0\1x"), &m)); /* no such cell */
	assert_false(tayra__pgoutput_read(BYTES("I\0\0\0\5N\0\1t\xff\xff\xff\xff"
						"a"),
					  &m));
}

static void
envelopes_are_read_and_answered(void **state)
{
	unsigned char answer[TAYRA__ENVELOPE_STATUS_BYTES];
	struct tayra__envelope e;

	assert_true(tayra__envelope_read(
		BYTES("w\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0C"), &e));
	assert_int_equal(e.lsn, 3);
	assert_int_equal(e.data.len, 1);
	assert_true(tayra__envelope_read(BYTES("k\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\4\1"), &e));
	assert_int_equal(e.lsn, 259);
	assert_true(e.asks);
	assert_false(tayra__envelope_read(BYTES("k\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\4"), &e));
	assert_false(tayra__envelope_read(BYTES("x\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\4\1"), &e));
	assert_false(tayra__envelope_read(NULL, 0, &e));
	tayra__envelope_status(259, true, answer);
	assert_memory_equal(answer,
			    "r\0\0\0\0\0\0\1\3\0\0\0\0\0\0\1\3\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\0\1",
			    sizeof(answer));
}

/* What was told, one behind the other: "item:7 ", and "item:* " for a prefix. */
struct told {
	char text[400];
	int status;
};

static int
tell(void *arg, bool prefix, const char *bytes, size_t len)
{
	struct told *told = arg;
	size_t at = strlen(told->text);

	snprintf(told->text + at, sizeof(told->text) - at, "%.*s%s ", (int)len, bytes,
		 prefix ? "*" : "");
	return told->status;
}

static void
tell_nothing_back(void *arg, bool prefix, const char *bytes, size_t len)
{
	tell(arg, prefix, bytes, len);
}

static void
take(struct tayra__published *p, const char *bytes, size_t len, struct told *told)
{
	const struct tayra__pgoutput m = read_message(bytes, len);

	told->text[0] = '\0';
	assert_int_equal(tayra__published_take(p, &m, tell, told), told->status);
}

static void
published(struct tayra__published *p)
{
	const struct tayra__complaint silent = { NULL, 0 };
	const struct tayra_feed_table tables[] = { { "item", "item:{id}" },
						   { "item", "name:{name}/{id}" } };
	const char *const row[TAYRA__PUBLISHED_COLUMNS] = { "shop", "t", NULL, NULL };

	assert_int_equal(tayra__published_init(p, tables, 2, &silent), TAYRA_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(tayra__published_found(&p->tables[i], "pub", row, &silent),
				 TAYRA_OK);
}

static void
rows_are_told_as_keys_of_each_pattern(void **state)
{
	struct tayra__published p;
	struct told told = { .status = TAYRA_OK };

	published(&p);
	take(&p, BYTES(INSERT_7), &told);
	assert_string_equal(told.text, ""); /* of a table that nobody has named yet */
	take(&p, BYTES(ITEM), &told);
	take(&p, BYTES(BEGIN_7), &told);
	take(&p, BYTES(INSERT_7), &told);
	assert_string_equal(told.text, "item:7 name:ab/7 ");
	/* A part that does not identify a row is not known of one that is gone. */
	take(&p, BYTES("D\0\0\0\5K\0\2t\0\0\0\0017n"), &told);
	assert_string_equal(told.text, "item:7 name:* ");
	take(&p, BYTES("U\0\0\0\5N\0\2t\0\0\0\0018t\0\0\0\1b"), &told);
	assert_string_equal(told.text, "item:8 name:* ");
	take(&p, BYTES("U\0\0\0\5K\0\2t\0\0\0\0018nN\0\2t\0\0\0\0019t\0\0\0\1b"), &told);
	assert_string_equal(told.text, "item:8 item:9 name:* ");
	take(&p, BYTES("T\0\0\0\2\0\0\0\0\1\0\0\0\5"), &told);
	assert_string_equal(told.text, "item:* name:* ");
	/* The table was made anew: another number, another order, the whole row. */
	take(&p, BYTES(ITEM_FULL), &told);
	take(&p, BYTES(INSERT_7), &told);
	assert_string_equal(told.text, "");
	take(&p, BYTES("U\0\0\0\6O\0\2t\0\0\0\1at\0\0\0\0017N\0\2t\0\0\0\1bt\0\0\0\0017"), &told);
	assert_string_equal(told.text, "item:7 name:a/7 name:b/7 ");
	take(&p, BYTES("D\0\0\0\6O\0\2nt\0\0\0\0017"), &told);
	assert_string_equal(told.text, "item:7 "); /* of NULL there is no key */
	take(&p, BYTES("I\0\0\0\6N\0\2ut\0\0\0\0017"), &told);
	assert_string_equal(told.text, "item:7 name:* "); /* a part that was not sent */
	take(&p, BYTES("I\0\0\0\6N\0\1t\0\0\0\0017"), &told);
	assert_string_equal(told.text, "item:* name:* "); /* a row of another form */
	told.status = TAYRA_E_NOMEM;
	take(&p, BYTES("T\0\0\0\1\0\0\0\0\6"), &told);
	assert_string_equal(told.text, "item:* "); /* no more after a failure */
	tayra__published_fini(&p);
}

static void
of_too_many_rows_the_prefix_is_told_once(void **state)
{
	struct tayra__published p;
	struct told told = { .status = TAYRA_OK };

	published(&p);
	take(&p, BYTES(ITEM), &told);
	take(&p, BYTES(BEGIN_7), &told);
	for (unsigned i = 0; i < TAYRA__PUBLISHED_ROWS_MAX; i++) {
		take(&p, BYTES(INSERT_7), &told);
		assert_string_equal(told.text, "item:7 name:ab/7 ");
	}
	take(&p, BYTES(INSERT_7), &told);
	assert_string_equal(told.text, "item:* name:* ");
	take(&p, BYTES(INSERT_7), &told);
	assert_string_equal(told.text, "");
	take(&p, BYTES(BEGIN_7), &told);
	take(&p, BYTES(INSERT_7), &told);
	assert_string_equal(told.text, "item:7 name:ab/7 ");
	tayra__published_fini(&p);
}

static void
a_snapshot_says_who_has_ended(void **state)
{
	struct tayra__snapshot s;

	assert_true(tayra__snapshot_read("10:20:10,14,15", &s));
	assert_true(tayra__snapshot_sees(&s, 9));
	assert_false(tayra__snapshot_sees(&s, 10));
	assert_true(tayra__snapshot_sees(&s, 11));
	assert_false(tayra__snapshot_sees(&s, 14));
	assert_false(tayra__snapshot_sees(&s, 15));
	assert_true(tayra__snapshot_sees(&s, 19));
	assert_false(tayra__snapshot_sees(&s, 20));
	assert_true(tayra__snapshot_is_past(&s, 10));
	assert_false(tayra__snapshot_is_past(&s, 11));
	/* Numbers of 64 bits, of which the low 32 have just begun anew. */
	assert_true(tayra__snapshot_read("4294967290:4294967300:4294967298", &s));
	assert_true(tayra__snapshot_sees(&s, 4294967289));
	assert_true(tayra__snapshot_sees(&s, 4294967295));
	assert_true(tayra__snapshot_sees(&s, 1));
	assert_false(tayra__snapshot_sees(&s, 2));
	assert_false(tayra__snapshot_sees(&s, 4));
	assert_true(tayra__snapshot_read("7:7:", &s));
	assert_false(tayra__snapshot_read("", &s));
	assert_false(tayra__snapshot_read("7:8", &s));
	assert_false(tayra__snapshot_read("7:8:9,", &s));
	assert_false(tayra__snapshot_read("7:8:9,x", &s));
	assert_false(tayra__snapshot_read("-7:8:", &s));
}

static void
what_others_do_not_see_waits_and_is_bounded(void **state)
{
	struct tayra__untold u = { NULL };
	struct tayra__snapshot s;
	struct told told = { .status = TAYRA_OK };
	char big[1000];
	int status, n = 0;

	assert_int_equal(tayra__untold_add(&u, 14, false, "a", 1), TAYRA_OK);
	assert_int_equal(tayra__untold_add(&u, 11, true, "b", 1), TAYRA_OK);
	assert_int_equal(tayra__untold_add(&u, 11, false, "c", 1), TAYRA_OK);
	assert_int_equal(tayra__untold_add(&u, 14, false, "", 0), TAYRA_OK);
	assert_true(tayra__snapshot_read("10:20:14", &s));
	tayra__untold_tell(&u, &s, tell_nothing_back, &told);
	assert_string_equal(told.text, "b* c ");
	assert_true(u.len > 0);
	assert_true(tayra__snapshot_read("20:20:", &s));
	tayra__untold_tell(&u, &s, tell_nothing_back, &told);
	assert_string_equal(told.text, "b* c a  ");
	assert_int_equal(u.len, 0);
	memset(big, 'x', sizeof(big));
	while ((status = tayra__untold_add(&u, 30, false, big, sizeof(big))) == TAYRA_OK)
		n++;
	assert_int_equal(status, TAYRA_E_OVERLOAD);
	assert_in_range(n, 900, TAYRA__UNTOLD_MAX / sizeof(big));
	tayra__untold_fini(&u);
}

static void
the_publication_is_written_with_every_name_quoted(void **state)
{
	const struct tayra_feed_table tables[] = { { "item", "item:{id}" },
						   { "o'dd.ta\"b", "x:{a}" },
						   { "item", "name:{name}" } };
	char error[200], *sql = NULL;
	size_t len;
	FILE *out = open_memstream(&sql, &len);

	assert_int_equal(
		tayra_feed_postgres_publication_sql("pu\"b", tables, 3, error, sizeof(error), out),
		TAYRA_OK);
	fclose(out);
	assert_non_null(strstr(sql, "CREATE PUBLICATION \"pu\"\"b\" FOR TABLE \"item\", "
				    "\"o'dd\".\"ta\"\"b\";"));
	free(sql);
	assert_int_equal(
		tayra_feed_postgres_publication_sql("", tables, 3, error, sizeof(error), stderr),
		TAYRA_E_INVAL);
	assert_string_equal(error, "feed: the publication's name is missing, or over 63 bytes");
	assert_int_equal(
		tayra_feed_postgres_publication_sql("p", NULL, 0, error, sizeof(error), stderr),
		TAYRA_E_INVAL);
	assert_string_equal(error, "feed: there is no table");
	assert_int_equal(
		tayra_feed_postgres_publication_sql("p", tables, 3, error, sizeof(error), NULL),
		TAYRA_E_INVAL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(messages_are_read_and_cut_ones_refused),
	cmocka_unit_test(envelopes_are_read_and_answered),
	cmocka_unit_test(rows_are_told_as_keys_of_each_pattern),
	cmocka_unit_test(of_too_many_rows_the_prefix_is_told_once),
	cmocka_unit_test(a_snapshot_says_who_has_ended),
	cmocka_unit_test(what_others_do_not_see_waits_and_is_bounded),
	cmocka_unit_test(the_publication_is_written_with_every_name_quoted),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
