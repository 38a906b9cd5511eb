/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <tayra/base.h>

#include "sim/input.h"
#include "sim/trace.h"

#define HEADER "time_s,key,size_bytes\n"

/* The requests of a trace in memory: read to the end, which must be reached. */
static size_t
read_all(const void *bytes, size_t len, enum tayra__trace_format format,
	 struct tayra__trace_request *out, size_t max)
{
	struct tayra__trace_error error;
	struct tayra__trace *trace;
	size_t count = 0;
	int status = tayra__trace_open_memory(bytes, len, "t", format, &trace, &error);

	if (status)
		fail_msg("%s", error.text);
	for (;; count++) {
		struct tayra__trace_request request;

		status = tayra__trace_next(trace, &request, &error);
		if (status)
			break;
		if (count < max)
			out[count] = request;
	}
	if (status != TAYRA_E_NOT_FOUND)
		fail_msg("%s", error.text);
	tayra__trace_close(trace);
	return count;
}

/* Reads until it fails, which it must with that status and message. */
static void
expect_error(const void *bytes, size_t len, enum tayra__trace_format format, int expected,
	     const char *message)
{
	struct tayra__trace_error error = { "" };
	struct tayra__trace_request request;
	struct tayra__trace *trace;
	int status = tayra__trace_open_memory(bytes, len, "t", format, &trace, &error);

	if (status)
		assert_null(trace);
	while (!status)
		status = tayra__trace_next(trace, &request, &error);
	if (!strstr(error.text, message))
		fail_msg("'%s' is not '%s'", error.text, message);
	assert_null(strchr(error.text, '\n'));
	assert_int_equal(status, expected);
	tayra__trace_close(trace);
}

static void
expect_csv_error(const char *text, const char *message)
{
	expect_error(text, strlen(text), TAYRA__TRACE_CSV, TAYRA_E_CORRUPT, message);
}

static void
csv_columns_go_by_name_in_any_order(void **state)
{
	static const char text[] = "op,cost_ms,key,extra,size_bytes,ttl_s,time_s\n"
				   "get,2.5,18446744073709551615,x,9,30,1.25\n"
				   "delete,0,7,,0,,1e2\n";
	struct tayra__trace_request rows[2];

	assert_int_equal(read_all(text, strlen(text), TAYRA__TRACE_AUTO, rows, 2), 2);
	assert_int_equal(rows[0].key, UINT64_MAX);
	assert_int_equal(rows[0].size_bytes, 9);
	assert_true(rows[0].time_s == 1.25);
	assert_true(rows[0].ttl_s == 30);
	assert_true(rows[0].cost_ms == 2.5);
	assert_int_equal(rows[0].op, TAYRA__TRACE_GET);
	assert_int_equal(rows[1].op, TAYRA__TRACE_DELETE);
	assert_true(rows[1].time_s == 100);
	assert_true(rows[1].ttl_s == 0);
}

static void
csv_takes_crlf_a_byte_order_mark_blank_lines_and_no_last_newline(void **state)
{
	static const char text[] = "\xef\xbb\xbftime_s,key,size_bytes\r\n0,1,2\r\n\r\n3,4,5";
	struct tayra__trace_request rows[2];

	assert_int_equal(read_all(text, strlen(text), TAYRA__TRACE_AUTO, rows, 2), 2);
	assert_int_equal(rows[0].size_bytes, 2);
	assert_int_equal(rows[1].size_bytes, 5);
}

static void
csv_says_which_line_is_wrong_and_how(void **state)
{
	expect_csv_error(HEADER "0,1,1\n1,2,3,4,5,6,7,8,9\n",
			 "t:3: 9 columns where the header has 3");
	expect_csv_error(HEADER "0,1,-5\n", "t:2: size_bytes '-5' is negative");
	expect_csv_error(HEADER "0,1,\n", "t:2: size_bytes '' is not a size");
	expect_csv_error(HEADER "0,1,9223372036854775808\n", "is not a size");
	expect_csv_error(HEADER "0,18446744073709551616,1\n", "is not an unsigned 64-bit number");
	/* Wraps in the multiplication, not in the addition. */
	expect_csv_error(HEADER "0,20000000000000000000,1\n", "is not an unsigned 64-bit number");
	expect_csv_error(HEADER "0,-1,1\n", "key '-1' is not an unsigned 64-bit number");
	expect_csv_error(HEADER "0,abc,1\n", "key 'abc' is not");
	expect_csv_error(HEADER "-1,1,1\n", "time_s '-1' is not a number of at least 0");
	expect_csv_error(HEADER "nan,1,1\n", "time_s 'nan' is not");
	expect_csv_error(HEADER "inf,1,1\n", "time_s 'inf' is not");
	expect_csv_error(HEADER "0x1,1,1\n", "time_s '0x1' is not");
	expect_csv_error(HEADER "0, 1,1\n", "key ' 1' is not");
	expect_csv_error("time_s,key,size_bytes,ttl_s\n0,1,1,-3\n", "ttl_s '-3' is not");
	expect_csv_error("time_s,key,size_bytes,cost_ms\n0,1,1,\n", "cost_ms '' is not");
}

static void
csv_says_what_is_wrong_with_the_header(void **state)
{
	expect_csv_error("time_s,key\n0,1\n", "t:1: the header has no column 'size_bytes'");
	expect_csv_error("1,2,3\n", "the header has no column 'time_s'");
	expect_csv_error("time_s,key,key,size_bytes\n", "column 'key' is there twice");
	expect_csv_error("time_s,key,size_bytes,ttls\n",
			 "column 'ttls' is not known (did you mean 'ttl_s'?)");
	expect_csv_error("", "the file is empty");
}

static void
a_long_line_is_refused_and_a_full_one_taken(void **state)
{
	static const size_t head = sizeof(HEADER) - 1;
	char *text = malloc(head + TAYRA__INPUT_LINE_MAX + 64), *at = text + head;
	struct tayra__trace_request row;

	memcpy(text, HEADER, head);
	/* Leading zeros are digits as well. */
	memset(at, '0', TAYRA__INPUT_LINE_MAX);
	memcpy(at, "5,", 2);
	memcpy(at + TAYRA__INPUT_LINE_MAX - 3, "7,1\n", 4);
	assert_int_equal(
		read_all(text, head + TAYRA__INPUT_LINE_MAX + 1, TAYRA__TRACE_CSV, &row, 1), 1);
	assert_int_equal(row.key, 7);
	memcpy(at + TAYRA__INPUT_LINE_MAX - 3, "07,1\n", 5);
	expect_error(text, head + TAYRA__INPUT_LINE_MAX + 2, TAYRA__TRACE_CSV, TAYRA_E_CORRUPT,
		     "t:2: the line is longer than 4096 bytes");
	free(text);
}

static void
hostile_text_does_not_reach_the_message(void **state)
{
	static const char text[] = HEADER "0,\x1b[31m\x07"
					  "1234567890123456789012345678901234567890,1\n";

	expect_csv_error(text, "t:2: key '?[31m?1234567890123456789012345678...' is not");
}

static void
binary_data_is_refused(void **state)
{
	unsigned char bytes[600];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 167 + 13);
	expect_error(bytes, sizeof(bytes), TAYRA__TRACE_AUTO, TAYRA_E_CORRUPT,
		     "t: binary data in no trace format");
	memset(bytes, 0, 10);
	expect_error(bytes, sizeof(bytes), TAYRA__TRACE_CSV, TAYRA_E_CORRUPT, "binary data");
}

static size_t
zstd_of(const char *text, size_t len, char *out, size_t room)
{
	size_t bytes = ZSTD_compress(out, room, text, len, 3);

	assert_false(ZSTD_isError(bytes));
	return bytes;
}

/* Rows that do not compress to nothing. */
static char *
long_csv(size_t rows, size_t *len)
{
	char *text;
	FILE *out = open_memstream(&text, len);

	fputs(HEADER, out);
	for (size_t i = 0; i < rows; i++)
		fprintf(out, "%zu,%zu,1\n", i, i * 2654435761u % 1000003);
	fclose(out);
	return text;
}

static void
zstd_is_found_by_its_magic_and_decoded(void **state)
{
	size_t len, room, bytes;
	char *text = long_csv(100000, &len), *packed;
	struct tayra__trace_request first;

	room = ZSTD_compressBound(len);
	packed = malloc(2 * room);
	bytes = zstd_of(text, len, packed, room);
	assert_int_equal(read_all(packed, bytes, TAYRA__TRACE_AUTO, &first, 1), 100000);
	/* Two frames after one another are one stream. */
	bytes += zstd_of("7,7,7\n", 6, packed + bytes, room);
	assert_int_equal(read_all(packed, bytes, TAYRA__TRACE_AUTO, &first, 1), 100001);
	free(packed);
	free(text);
}

static void
zstd_that_needs_too_large_a_window_is_refused_and_says_so(void **state)
{
	/* The magic, a header that asks for 2 GiB, and a last block that is empty. */
	static const char greedy[] = "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";

	expect_error(greedy, sizeof(greedy) - 1, TAYRA__TRACE_AUTO, TAYRA_E_CORRUPT,
		     "window over 128 MiB");
}

static void
zstd_that_is_cut_short_or_damaged_is_an_error_at_any_point(void **state)
{
	size_t len, room, bytes;
	char *text = long_csv(3000, &len), *packed;

	room = ZSTD_compressBound(len);
	packed = malloc(room);
	bytes = zstd_of(text, len, packed, room);
	for (size_t cut = 5; cut < bytes; cut += 97)
		expect_error(packed, cut, TAYRA__TRACE_AUTO, TAYRA_E_CORRUPT,
			     "the zstd data is damaged or cut short");
	expect_error(packed, bytes - 1, TAYRA__TRACE_AUTO, TAYRA_E_CORRUPT, "cut short");
	packed[5] ^= 0x55;
	packed[6] ^= 0x55;
	packed[20] ^= 0x55;
	expect_error(packed, bytes, TAYRA__TRACE_CSV, TAYRA_E_CORRUPT, "t");
	free(packed);
	free(text);
}

static void
put_record(unsigned char *at, uint32_t time_s, uint64_t key, uint32_t size, int64_t next)
{
	uint64_t fields[4] = { time_s, key, size, (uint64_t)next };
	static const unsigned widths[4] = { 4, 8, 4, 8 };

	for (unsigned i = 0; i < 4; i++)
		for (unsigned byte = 0; byte < widths[i]; byte++)
			*at++ = (unsigned char)(fields[i] >> 8 * byte);
}

static void
oraclegeneral_records_are_read_and_recognised(void **state)
{
	unsigned char bytes[72];
	struct tayra__trace_request rows[3];

	put_record(bytes, 5, 0xfedcba9876543210ull, 4096, 2);
	put_record(bytes + 24, 5, 1, 0xffffffffu, -1);
	put_record(bytes + 48, 9, 0xfedcba9876543210ull, 4096, INT64_MAX);
	assert_int_equal(read_all(bytes, 72, TAYRA__TRACE_AUTO, rows, 3), 3);
	assert_true(rows[0].time_s == 5);
	assert_int_equal(rows[0].key, 0xfedcba9876543210ull);
	assert_int_equal(rows[0].size_bytes, 4096);
	assert_int_equal(rows[1].size_bytes, 0xffffffffu);
	assert_true(rows[2].time_s == 9);
}

static void
oraclegeneral_says_which_record_is_cut_short(void **state)
{
	unsigned char bytes[48];

	put_record(bytes, 5, 1, 1, -1);
	put_record(bytes + 24, 5, 1, 1, -1);
	expect_error(bytes, 47, TAYRA__TRACE_ORACLEGENERAL, TAYRA_E_CORRUPT,
		     "t: record 2: cut short: 23 of 24 bytes");
	expect_error(bytes, 25, TAYRA__TRACE_AUTO, TAYRA_E_CORRUPT, "record 2: cut short");
	expect_error(bytes, 0, TAYRA__TRACE_ORACLEGENERAL, TAYRA_E_CORRUPT, "empty");
}

static void
twitter_rows_are_read_and_recognised(void **state)
{
	static const char text[] = "0,q:q:1:8WTfjZU14ee,17,213,4,get,0\n"
				   "3,other,5,10,4,set,600\n4,q:q:1:8WTfjZU14ee,17,0,4,delete,0\n";
	struct tayra__trace_request rows[3];

	assert_int_equal(read_all(text, strlen(text), TAYRA__TRACE_AUTO, rows, 3), 3);
	assert_int_equal(rows[0].size_bytes, 230);
	assert_int_equal(rows[0].key, rows[2].key);
	assert_int_not_equal(rows[0].key, rows[1].key);
	assert_true(rows[1].ttl_s == 600);
	assert_int_equal(rows[1].op, TAYRA__TRACE_GET);
	assert_int_equal(rows[2].op, TAYRA__TRACE_DELETE);
}

static void
twitter_says_which_line_is_wrong_and_how(void **state)
{
	static const char *const rows[][2] = {
		{ "0,k,1,1,1,get,0\n0,k,1,1,1,get,0,8,9\n",
		  "t:2: 9 columns where there should be 7" },
		{ "0,k,-1,1,1,get,0\n", "t:1: the key size is not valid: '-1'" },
		{ "0,k,1,-1,1,get,0\n", "the value size is not valid: '-1'" },
		{ "0,k,1,1,1,fetch,0\n", "the operation is not valid: 'fetch'" },
		{ "x,k,1,1,1,get,0\n", "the time is not valid" },
		{ "0,,1,1,1,get,0\n", "the key is not valid" },
		{ "0,k,1,1,1,get,-2\n", "the TTL is not valid" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_error(rows[i][0], strlen(rows[i][0]), TAYRA__TRACE_TWITTER, TAYRA_E_CORRUPT,
			     rows[i][1]);
}

static void
a_file_that_is_missing_or_a_folder_is_an_error_with_its_name(void **state)
{
	struct tayra__trace_error error;
	struct tayra__trace *trace;

	assert_int_equal(tayra__trace_open("/nonexistent/x.csv", TAYRA__TRACE_AUTO, &trace, &error),
			 TAYRA_E_IO);
	assert_string_equal(error.text, "/nonexistent/x.csv: No such file or directory");
	assert_int_equal(tayra__trace_open("/", TAYRA__TRACE_AUTO, &trace, &error), TAYRA_E_IO);
	assert_string_equal(error.text, "/: Is a directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_columns_go_by_name_in_any_order),
		cmocka_unit_test(csv_takes_crlf_a_byte_order_mark_blank_lines_and_no_last_newline),
		cmocka_unit_test(csv_says_which_line_is_wrong_and_how),
		cmocka_unit_test(csv_says_what_is_wrong_with_the_header),
		cmocka_unit_test(a_long_line_is_refused_and_a_full_one_taken),
		cmocka_unit_test(hostile_text_does_not_reach_the_message),
		cmocka_unit_test(binary_data_is_refused),
		cmocka_unit_test(zstd_is_found_by_its_magic_and_decoded),
		cmocka_unit_test(zstd_that_needs_too_large_a_window_is_refused_and_says_so),
		cmocka_unit_test(zstd_that_is_cut_short_or_damaged_is_an_error_at_any_point),
		cmocka_unit_test(oraclegeneral_records_are_read_and_recognised),
		cmocka_unit_test(oraclegeneral_says_which_record_is_cut_short),
		cmocka_unit_test(twitter_rows_are_read_and_recognised),
		cmocka_unit_test(twitter_says_which_line_is_wrong_and_how),
		cmocka_unit_test(a_file_that_is_missing_or_a_folder_is_an_error_with_its_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
