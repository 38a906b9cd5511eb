/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/load_line.h"

#include <tayra/base.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../stat/near.h"

static struct tayra__load_line
parsed(const char *text)
{
	struct tayra__load_line line = { 0 };
	char why[200] = "";

	if (tayra__load_line_parse(text, &line, why, sizeof(why)) != TAYRA_OK)
		fail_msg("%s: %s", text, why);
	return line;
}

static void
refused(const char *text, const char *reason)
{
	struct tayra__load_line line = { .step_per_s = 7 };
	char why[200] = "";

	assert_int_equal(tayra__load_line_parse(text, &line, why, sizeof(why)), TAYRA_E_INVAL);
	assert_string_equal(why, reason);
	assert_true(line.step_per_s == 7);
}

static void
a_whole_line_is_read(void **state)
{
	struct tayra__load_line line = parsed(
		"100..2000/s step 100 ramp 5s sustain 30s success 99% p99 50ms");

	(void)state;
	assert_true(line.initial_per_s == 100 && line.maximum_per_s == 2000);
	assert_true(line.step_per_s == 100 && line.ramp_ns == 5 * TAYRA_NS_PER_S);
	assert_true(line.sustain_ns == 30 * TAYRA_NS_PER_S);
	assert_near(line.success, 0.99, 1e-12);
	assert_true(line.most_ns[TAYRA__LOAD_P99] == 50 * TAYRA_NS_PER_MS);
	assert_true(line.most_ns[TAYRA__LOAD_P50] == 0 && line.most_ns[TAYRA__LOAD_MAX] == 0);
	assert_int_equal(tayra__load_line_steps(&line), 20);
	assert_true(tayra__load_line_rate(&line, 0) == 100);
	assert_true(tayra__load_line_rate(&line, 18) == 1900);
	assert_true(tayra__load_line_rate(&line, 19) == 2000);
}

static void
what_is_not_said_has_its_default(void **state)
{
	struct tayra__load_line line = parsed("  50/s ");

	(void)state;
	assert_true(line.initial_per_s == 50 && line.maximum_per_s == 50);
	assert_int_equal(tayra__load_line_steps(&line), 1);
	assert_true(line.ramp_ns == 5 * TAYRA_NS_PER_S && line.sustain_ns == 30 * TAYRA_NS_PER_S);
	assert_near(line.success, 0.99, 1e-12);
	line = parsed("0.5..10.5/s");
	assert_int_equal(tayra__load_line_steps(&line), 11);
}

static void
words_come_in_any_order_and_each_latency_has_its_own(void **state)
{
	struct tayra__load_line line = parsed("1..9/s max 2s p99.9 900ms p95 4ms p50 3ms mean "
					      "2500us success 1 sustain 1m ramp 0s step 3/s");

	(void)state;
	assert_true(line.most_ns[TAYRA__LOAD_MAX] == 2000000000);
	assert_true(line.most_ns[TAYRA__LOAD_P999] == 900000000);
	assert_true(line.most_ns[TAYRA__LOAD_P95] == 4000000);
	assert_true(line.most_ns[TAYRA__LOAD_P50] == 3000000);
	assert_true(line.most_ns[TAYRA__LOAD_MEAN] == 2500000);
	assert_true(line.success == 1 && line.ramp_ns == 0 && line.step_per_s == 3);
	assert_int_equal(tayra__load_line_steps(&line), 4);
	assert_true(tayra__load_line_rate(&line, 3) == 9);
}

static void
the_last_step_is_the_maximum_even_where_the_way_does_not_divide(void **state)
{
	struct tayra__load_line line = parsed("100..250/s step 100");

	(void)state;
	assert_int_equal(tayra__load_line_steps(&line), 3);
	assert_true(tayra__load_line_rate(&line, 1) == 200);
	assert_true(tayra__load_line_rate(&line, 2) == 250);
	/* Doubles: 0.3 / 0.1 is not 3. */
	line = parsed("0.1..0.4/s step 0.1");
	assert_int_equal(tayra__load_line_steps(&line), 4);
}

static void
what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	refused("", "at 1: no rates; begin with them, as 100..2000/s");
	refused("step 5", "at 1: 'step' is not rates a second, as 100..2000/s");
	refused("0..5/s", "at 1: '0' is not a rate within 0.001 .. 10000000");
	refused("5..nan/s", "at 4: 'nan' is not a rate within 0.001 .. 10000000");
	refused("5..inf/s", "at 4: 'inf' is not a rate within 0.001 .. 10000000");
	refused("..5/s", "at 1: '' is not a rate within 0.001 .. 10000000");
	refused("5..-6/s", "at 4: '-6' is not a rate within 0.001 .. 10000000");
	refused("200..100/s", "at 6: the maximum rate 100 is below the initial 200");
	refused("1..9/m", "at 1: '1..9/m' is not rates a second, as 100..2000/s");
	refused("1..9/s stpe 4", "at 8: 'stpe' is no word of a load; did you mean 'step'?");
	refused("1..9/s zzzzzzz 4", "at 8: 'zzzzzzz' is no word of a load: step ramp sustain "
				    "success mean p50 p95 p99 p99.9 max");
	refused("1..9/s step", "at 8: 'step' has no value");
	refused("1..9/s step 0", "at 13: step '0' is not a rate within 0.001 .. 10000000");
	refused("1..9/s p99 5ms p99 6ms", "at 16: 'p99' is there twice");
	refused("1..9/s ramp 5", "at 13: ramp '5' is not a time of up to a day, as 50ms or 30s");
	refused("1..9/s sustain 0s",
		"at 16: sustain '0s' is not a time above 0 and up to a day, as 50ms or 30s");
	refused("1..9/s sustain 25h",
		"at 16: sustain '25h' is not a time above 0 and up to a day, as 50ms or 30s");
	refused("1..9/s p99 0ms",
		"at 12: p99 '0ms' is not a time above 0 and up to a day, as 50ms or 30s");
	refused("1..9/s success 101%",
		"at 16: success '101%' is not a share above 0 and up to 100%, as 99% or 0.99");
	refused("1..9/s success 0",
		"at 16: success '0' is not a share above 0 and up to 100%, as 99% or 0.99");
	refused("1..9/s success 99",
		"at 16: success '99' is not a share above 0 and up to 100%, as 99% or 0.99");
	refused("1..100000/s step 1", "at 1: steps of 1 from 1 to 100000 are more than 1000");
	refused("1..9/s ste\x1bp 4", "at 8: 'ste?p' is no word of a load; did you mean 'step'?");
}

static void
a_line_that_is_too_long_or_a_reason_without_room_is_no_harm(void **state)
{
	struct tayra__load_line line;
	char text[TAYRA__LOAD_LINE_MAX + 2], why[8] = "";

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "1/s", 3);
	text[TAYRA__LOAD_LINE_MAX] = '\0';
	assert_int_equal(tayra__load_line_parse(text, &line, why, sizeof(why)), TAYRA_OK);
	text[TAYRA__LOAD_LINE_MAX] = ' ';
	text[TAYRA__LOAD_LINE_MAX + 1] = '\0';
	refused(text, "at 513: the line is longer than 512 bytes");
	assert_int_equal(tayra__load_line_parse("x", &line, why, sizeof(why)), TAYRA_E_INVAL);
	assert_string_equal(why, "at 1: '");
	assert_int_equal(tayra__load_line_parse("x", &line, NULL, 0), TAYRA_E_INVAL);
}

static void
a_line_written_out_means_the_same(void **state)
{
	static const char *const lines[] = {
		"100..2000/s step 100 ramp 5s sustain 30s success 99% p99 50ms",
		"0.001/s",
		"3..7/s success 99.95% mean 1us p50 2us p95 3us p99 4us p99.9 5us max 24h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct tayra__load_line one = parsed(lines[i]), two;
		char text[TAYRA__LOAD_LINE_MAX];

		assert_true(tayra__load_line_format(&one, text, sizeof(text)) < (int)sizeof(text));
		two = parsed(text);
		assert_memory_equal(&one, &two, sizeof(one));
		assert_true(tayra__load_line_format(&one, text, 10) > 10);
		assert_int_equal(strlen(text), 9);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_line_is_read),
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(words_come_in_any_order_and_each_latency_has_its_own),
		cmocka_unit_test(the_last_step_is_the_maximum_even_where_the_way_does_not_divide),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(a_line_that_is_too_long_or_a_reason_without_room_is_no_harm),
		cmocka_unit_test(a_line_written_out_means_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
