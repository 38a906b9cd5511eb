/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/history.h"
#include "prove/history_plain.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* What a reading gave. */
struct heard {
	struct tayra__history_row rows[300];
	double first_pairs[4];
	char notes[8][400];
	size_t row_count, note_count, enough;
	struct tayra__history_count count;
};

static bool
hear_row(void *ctx, const struct tayra__history_row *row)
{
	struct heard *heard = ctx;

	if (row->pairs_kept == 2) {
		memcpy(heard->first_pairs, row->a_pairs, 2 * sizeof(double));
		memcpy(heard->first_pairs + 2, row->b_pairs, 2 * sizeof(double));
	}
	heard->rows[heard->row_count++] = *row;
	return !heard->enough || heard->row_count < heard->enough;
}

static void
hear_note(void *ctx, const char *text)
{
	struct heard *heard = ctx;

	snprintf(heard->notes[heard->note_count++ % 8], 400, "%s", text);
}

static struct heard *
read_bytes(const char *bytes, size_t len, size_t enough)
{
	static struct heard heard;
	const struct tayra__history_reader reader = { hear_row, hear_note, &heard };
	FILE *in = fmemopen((void *)(uintptr_t)bytes, len, "r");

	heard = (struct heard){ .enough = enough };
	assert_non_null(in);
	assert_int_equal(tayra__history_read(in, "past.jsonl", &reader, &heard.count), TAYRA_OK);
	fclose(in);
	return &heard;
}

static struct heard *
read_path(const char *path)
{
	static char bytes[1 << 20];
	FILE *in = fopen(path, "r");
	size_t len;

	assert_non_null(in);
	len = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	return read_bytes(bytes, len, 0);
}

static const double pairs[] = { 1.5, 2.25 };

static const struct tayra__history_row a_row = {
	.run = "1-2",
	.time = "2026-11-26T12:15:00Z",
	.bench = "get \"hit\"",
	.commit = "abc",
	.a = "old",
	.b = "new",
	.metric = "cpu",
	.unit = "ms",
	.verdict = "SLOWER",
	.a_value = 1.25,
	.b_value = 2.5,
	.ratio = 2,
	.lo = 1.5,
	.hi = 2.5,
	.p = 0.001,
	.mde = 0.1,
	.margin = 0.02,
	.aa_ratio = 1,
	.pairs = 12,
	.seed = 7,
	.a_pairs = pairs,
	.b_pairs = pairs,
	.pairs_kept = 2,
};

static char path[64];

static int
new_path(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/tayra-history-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd) || unlink(path);
}

static int
drop_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void
what_was_appended_is_read_again(void **state)
{
	struct tayra__history_row row = a_row;
	struct heard *heard;

	(void)state;
	assert_int_equal(tayra__history_append(path, &row), TAYRA_OK);
	row.lo = row.hi = nan("");
	row.higher_is_better = true;
	row.pairs_kept = 0;
	assert_int_equal(tayra__history_append(path, &row), TAYRA_OK);
	heard = read_path(path);
	assert_int_equal(heard->count.rows, 2);
	assert_int_equal(heard->count.passed_over, 0);
	assert_string_equal(heard->rows[0].bench, "get \"hit\"");
	assert_string_equal(heard->rows[0].verdict, "SLOWER");
	assert_true(heard->rows[0].ratio == 2 && heard->rows[0].hi == 2.5);
	assert_true(heard->rows[0].pairs == 12 && heard->rows[0].seed == 7);
	assert_false(heard->rows[0].higher_is_better);
	assert_true(heard->first_pairs[1] == 2.25 && heard->first_pairs[2] == 1.5);
	assert_true(isnan(heard->rows[1].lo) && heard->rows[1].higher_is_better);
	assert_int_equal(heard->rows[1].pairs_kept, 0);
}

static void
a_line_that_was_cut_off_loses_nobody_elses(void **state)
{
	struct heard *heard;
	FILE *out;

	(void)state;
	assert_int_equal(tayra__history_append(path, &a_row), TAYRA_OK);
	out = fopen(path, "a");
	fputs("{\"v\":1,\"kind\":\"verd", out);
	fclose(out);
	assert_int_equal(tayra__history_append(path, &a_row), TAYRA_OK);
	heard = read_path(path);
	assert_int_equal(heard->count.rows, 2);
	assert_int_equal(heard->count.passed_over, 1);
	assert_string_equal(heard->notes[0],
			    "past.jsonl:2: not a line of JSON, or one that was cut off");
}

static void *
append_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++)
		assert_int_equal(tayra__history_append(path, &a_row), TAYRA_OK);
	return NULL;
}

static void
those_who_append_at_once_do_not_tear_each_others_lines(void **state)
{
	pthread_t threads[4];
	struct heard *heard;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	heard = read_path(path);
	assert_int_equal(heard->count.rows, 200);
	assert_int_equal(heard->count.passed_over, 0);
}

static void
a_file_that_cannot_be_written_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(tayra__history_append("/absent/x", &a_row), TAYRA_E_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(tayra__history_append("/dev/full", &a_row), TAYRA_E_IO);
	assert_int_equal(errno, ENOSPC);
}

/* One good line between bad ones, each of which has its note. */
static void
what_cannot_be_read_is_passed_over_with_its_line(void **state)
{
	static const struct {
		const char *line, *note;
	} cases[] = {
		{ "garbage", "not a line of JSON, or one that was cut off" },
		{ "[1]", "not a line of JSON, or one that was cut off" },
		{ "{\"kind\":\"verdict\"}", "not a line of a history: 'v' or 'kind' is missing" },
		{ "{\"v\":0,\"kind\":\"verdict\"}",
		  "not a line of a history: 'v' or 'kind' is missing" },
		{ "{\"v\":2,\"kind\":\"verdict\"}", "version 2 is newer than this tayra" },
		{ "{\"v\":1,\"kind\":\"verdict\"}", "'run' is missing or not what it should be" },
		{ "{\"v\":1,\"v\":1,\"kind\":\"verdict\"}",
		  "not a line of JSON, or one that was cut off" },
		{ "{\"v\":1,\"kind\":\"verdict\",\"ratio\":NaN}",
		  "not a line of JSON, or one that was cut off" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[200], note[400];
		struct heard *heard;

		snprintf(text, sizeof(text), "\n%s\n", cases[i].line);
		snprintf(note, sizeof(note), "past.jsonl:2: %s", cases[i].note);
		heard = read_bytes(text, strlen(text), 0);
		assert_int_equal(heard->count.rows, 0);
		assert_int_equal(heard->count.passed_over, 1);
		assert_string_equal(heard->notes[0], note);
	}
	/* Of a kind we do not know: nothing to say. */
	assert_int_equal(read_bytes("{\"v\":1,\"kind\":\"run\"}\n", 21, 0)->count.passed_over, 0);
}

static void
a_field_that_is_not_what_it_should_be_is_named(void **state)
{
	static const char *const changes[][3] = {
		{ "\"ratio\":2", "\"ratio\":\"2\"", "'ratio'" },
		{ "\"pairs\":12", "\"pairs\":-1", "'pairs'" },
		{ "\"better\":\"lower\"", "\"better\":\"less\"", "'better'" },
		{ "\"a\":\"old\"", "\"a\":\"an arm whose name is longer than any that is taken\"",
		  "'a'" },
		{ "\"metric\":\"cpu\"", "\"metric\":null", "'metric'" },
		{ "\"a_value\":1.25", "\"a_value\":-1.25",
		  "past.jsonl:1: 'a_value' is below 0, which no figure is" },
		{ "\"b_value\":2.5", "\"b_value\":-1e-30", "'b_value' is below 0" },
		{ "\"lo\":1.5", "\"lo\":-1.5", "'lo' is below 0" },
		{ "\"a_pairs\":[1.5", "\"a_pairs\":[-1.5", "'a_pairs' is below 0" },
		{ "2.25]}", "-2.25]}", "'b_pairs' is below 0" },
	};
	char good[2000], bad[2200];
	FILE *in;
	size_t len;

	(void)state;
	assert_int_equal(tayra__history_append(path, &a_row), TAYRA_OK);
	in = fopen(path, "r");
	len = fread(good, 1, sizeof(good) - 1, in);
	good[len] = '\0';
	fclose(in);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(good, changes[i][0]);
		struct heard *heard;

		assert_non_null(at);
		snprintf(bad, sizeof(bad), "%.*s%s%s", (int)(at - good), good, changes[i][1],
			 at + strlen(changes[i][0]));
		heard = read_bytes(bad, strlen(bad), 0);
		assert_int_equal(heard->count.rows, 0);
		assert_non_null(strstr(heard->notes[0], changes[i][2]));
	}
}

static void
a_line_without_end_is_passed_over_in_bounded_memory(void **state)
{
	static char bytes[200000];
	struct heard *heard;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[150000] = '\n';
	heard = read_bytes(bytes, sizeof(bytes), 0);
	assert_int_equal(heard->count.passed_over, 2);
	assert_string_equal(heard->notes[0], "past.jsonl:1: longer than 64 KiB");
	assert_string_equal(heard->notes[1],
			    "past.jsonl:2: not a line of JSON, or one that was cut off");
}

static void
who_has_enough_is_told_no_more(void **state)
{
	char bytes[4000];
	FILE *in;
	size_t len;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(tayra__history_append(path, &a_row), TAYRA_OK);
	in = fopen(path, "r");
	len = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	assert_int_equal(read_bytes(bytes, len, 2)->row_count, 2);
}

#define HEAD                                                                                       \
	"{\"v\":1,\"kind\":\"verdict\",\"run\":\"r\",\"time\":\"t\",\"bench\":\"b\",\"commit\":"   \
	"\"\",\"a\":\"a\","                                                                        \
	"\"b\":\"b\",\"metric\":\"m\",\"unit\":\"\",\"verdict\":\"SAME\",\"a_value\":"
#define REST                                                                                       \
	",\"b_value\":2,\"ratio\":1.25,\"lo\":null,\"hi\":0.5,\"p\":1e-07,\"mde\":0.1,"            \
	"\"margin\":0.02,"                                                                         \
	"\"aa_ratio\":1,\"better\":\"lower\",\"pairs\":3,\"seed\":9"

/* A blank in front makes the library read it. */
static void
what_is_read_quickly_is_what_the_library_reads(void **state)
{
	static const char *const numbers[] = { "0",
					       "1",
					       "123456789",
					       "0.1",
					       "0.3000000000000004",
					       "1e22",
					       "1.7e-21",
					       "5E+3",
					       "9007199254740992",
					       "12.5",
					       "1e-05",
					       "null",
					       "4.35",
					       "1.005",
					       "72057594037927.94" };
	static double room[2 * TAYRA__HISTORY_PAIRS];
	struct tayra__history_row quick;
	char line[1200];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct heard *heard;

		snprintf(line, sizeof(line),
			 " " HEAD "%s" REST ",\"a_pairs\":[1.5,2],\"b_pairs\":[3,0.1]}",
			 numbers[i]);
		assert_true(tayra__history_plain(line + 1, strlen(line + 1), &quick, room));
		heard = read_bytes(line, strlen(line), 0);
		assert_int_equal(heard->row_count, 1);
		assert_memory_equal(&quick.a_value, &heard->rows[0].a_value, 9 * sizeof(double));
		assert_int_equal(quick.pairs_kept, 2);
		assert_true(room[1] == 2 && room[TAYRA__HISTORY_PAIRS + 1] == 0.1);
		assert_true(quick.pairs == 3 && quick.seed == 9 && !quick.higher_is_better);
	}
}

static void
what_needs_care_is_left_to_the_library(void **state)
{
	static const char *const lines[] = {
		HEAD "1" REST,                                       /* cut off */
		HEAD "1" REST "} ",                                  /* and a blank */
		HEAD "1" REST ",\"more\":1}",                        /* another member */
		HEAD "01" REST "}",                                  /* no JSON */
		HEAD "1." REST "}",                                  /* no JSON */
		HEAD "-" REST "}",                                   /* no JSON */
		HEAD "-0" REST "}",                                  /* has no sign */
		HEAD "-1" REST "}",                                  /* is to be named */
		HEAD "1" REST ",\"a_pairs\":[-1],\"b_pairs\":[1]}",  /* and this */
		HEAD "NaN" REST "}",                                 /* no JSON */
		HEAD "1e23" REST "}",                                /* rounds twice */
		HEAD "9007199254740993" REST "}",                    /* no double */
		HEAD "1e400" REST "}",                               /* too large */
		HEAD "1" REST ",\"a_pairs\":[],\"b_pairs\":[]}",     /* none */
		HEAD "1" REST ",\"a_pairs\":[1],\"b_pairs\":[1,2]}", /* not as many */
		" " HEAD "1" REST "}",                               /* a blank in front */
	};
	static double room[2 * TAYRA__HISTORY_PAIRS];
	struct tayra__history_row row;

	(void)state;
	assert_true(tayra__history_plain(HEAD "1" REST "}", strlen(HEAD "1" REST "}"), &row, room));
	assert_int_equal(row.pairs_kept, 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (tayra__history_plain(lines[i], strlen(lines[i]), &row, room))
			fail_msg("took %s", lines[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_appended_is_read_again, new_path,
						drop_path),
		cmocka_unit_test_setup_teardown(a_line_that_was_cut_off_loses_nobody_elses,
						new_path, drop_path),
		cmocka_unit_test_setup_teardown(
			those_who_append_at_once_do_not_tear_each_others_lines, new_path,
			drop_path),
		cmocka_unit_test(what_is_read_quickly_is_what_the_library_reads),
		cmocka_unit_test(what_needs_care_is_left_to_the_library),
		cmocka_unit_test(a_file_that_cannot_be_written_is_an_error),
		cmocka_unit_test(what_cannot_be_read_is_passed_over_with_its_line),
		cmocka_unit_test_setup_teardown(a_field_that_is_not_what_it_should_be_is_named,
						new_path, drop_path),
		cmocka_unit_test(a_line_without_end_is_passed_over_in_bounded_memory),
		cmocka_unit_test_setup_teardown(who_has_enough_is_told_no_more, new_path,
						drop_path),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
