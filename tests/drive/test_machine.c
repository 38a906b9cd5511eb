/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/machine.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"

static bool
about(double value, double wanted)
{
	return fabs(value - wanted) < 1e-3;
}

static void
our_own_time_and_that_of_children_is_not_foreign(void **state)
{
	const uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	const struct tayra__machine_use from = { .known = true };
	const struct tayra__machine_use to = { .busy = 3 * hz,
					       .steal = hz,
					       .total = 10 * hz,
					       .own_ns = TAYRA_NS_PER_S,
					       .known = true };
	const struct tayra__machine_use unknown = { .total = 10 * hz, .busy = hz };
	struct tayra__machine_share share;

	(void)state;
	tayra__machine_use_between(&from, &to, &share);
	assert_true(about(share.foreign, 0.2) && about(share.steal, 0.1));
	tayra__machine_use_between(&from, &unknown, &share);
	assert_true(isnan(share.foreign) && isnan(share.steal));
}

static void
work_of_this_process_is_read_as_its_own(void **state)
{
	struct tayra__machine_use from, to;
	struct tayra__machine_share share;
	uint64_t end;

	(void)state;
	tayra__machine_use_read("/proc", &from);
	end = tayra__clock_process_cpu_ns() + 50 * TAYRA_NS_PER_MS;
	while (tayra__clock_process_cpu_ns() < end)
		continue;
	tayra__machine_use_read("/proc", &to);
	assert_true(to.known);
	assert_true(to.own_ns - from.own_ns >= 50 * TAYRA_NS_PER_MS);
	assert_true(to.total >= from.total + 4 && to.busy > from.busy);
	tayra__machine_use_between(&from, &to, &share);
	assert_true(share.self > 0 && share.self <= 1.01);
}

static void
a_stall_is_the_growth_of_its_total_over_the_time(void **state)
{
	struct tayra__machine_use from = { .stalls_known = { true, true, false },
					   .stalled_us = { 1000000, 5, 0 },
					   .at_ns = 1 * TAYRA_NS_PER_S };
	struct tayra__machine_use to = { .stalls_known = { true, true, true },
					 .stalled_us = { 1500000, 4, 9 },
					 .at_ns = 3 * TAYRA_NS_PER_S };
	struct tayra__machine_share share;

	(void)state;
	tayra__machine_use_between(&from, &to, &share);
	assert_true(about(share.stalled[TAYRA__STALL_CPU], 0.25));
	/* One that fell, as after a restart, is none; one that is known of one end only is not. */
	assert_true(share.stalled[TAYRA__STALL_IO] == 0);
	assert_true(isnan(share.stalled[TAYRA__STALL_MEMORY]));
	to.stalled_us[TAYRA__STALL_CPU] = UINT64_MAX;
	tayra__machine_use_between(&from, &to, &share);
	assert_true(share.stalled[TAYRA__STALL_CPU] == 1);
	to.at_ns = from.at_ns;
	tayra__machine_use_between(&from, &to, &share);
	assert_true(isnan(share.stalled[TAYRA__STALL_CPU]) && isnan(share.self));
}

static void
only_the_total_of_the_line_of_some_counts(void **state)
{
	static const char *const none[] = { "",
					    "some",
					    "some avg10=0.00",
					    "full avg10=0.00 avg60=0 avg300=0 total=7\n",
					    "some avg10=0.00\nfull total=7\n",
					    "some total=-1",
					    "some total=",
					    "some total=x",
					    "some total=\n7",
					    "sometotal=7",
					    "cpu  1 2 3" };
	uint64_t total = 77;

	(void)state;
	assert_true(tayra__machine_parse_stall("some avg10=8.33 avg60=13.79 avg300=13.66 "
					       "total=368660738\nfull avg10=0 total=3\n",
					       &total));
	assert_int_equal(total, 368660738);
	assert_true(tayra__machine_parse_stall("full total=3\nsome avg10=0 total=4\n", &total));
	assert_int_equal(total, 4);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(tayra__machine_parse_stall(none[i], &total));
	assert_int_equal(total, 4);
}

/* A /proc of our own. */
static char folder[64];

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!text) {
		remove(path);
		return;
	}
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void
what_is_missing_or_garbage_is_not_known(void **state)
{
	static const char *const garbage[] = { "",
					       "cpu",
					       "cpu 1 2 3",
					       "cpu -1 2 3 4 5 6 7 8",
					       "cpu a b c d e f g h",
					       "\xff\xfe\n\n" };
	struct tayra__machine_use use;
	char path[96];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/tayra-machine-XXXXXX");
	assert_non_null(mkdtemp(folder));
	tayra__machine_use_read(folder, &use);
	assert_true(!use.known && !use.stalls_known[0] && !use.stalls_known[1]);
	snprintf(path, sizeof(path), "%s/pressure", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	put("stat", "cpu  10 20 30 400 50 6 7 8 0 0\ncpu0 1 2\n");
	put("pressure/cpu", "some avg10=0 avg60=0 avg300=0 total=12\n");
	put("pressure/io", "garbage\n");
	tayra__machine_use_read(folder, &use);
	assert_true(use.known && use.total == 531 && use.steal == 8 && use.busy == 73);
	assert_true(use.stalls_known[TAYRA__STALL_CPU] && use.stalled_us[TAYRA__STALL_CPU] == 12);
	assert_true(!use.stalls_known[TAYRA__STALL_IO] && !use.stalls_known[TAYRA__STALL_MEMORY]);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		put("stat", garbage[i]);
		tayra__machine_use_read(folder, &use);
		assert_true(!use.known && use.total == 0);
	}
	put("stat", NULL);
	put("pressure/cpu", NULL);
	put("pressure/io", NULL);
	rmdir(path);
	rmdir(folder);
}

static void
what_is_not_known_is_null_and_not_told(void **state)
{
	const double no = nan("");
	const struct tayra__machine_share some = { 0.125, no, { 0.5, no, no }, no };
	const struct tayra__machine_share none = { no, no, { no, no, no }, no };
	struct tayra__json json;
	char sentence[300], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__machine_json(&json, &some);
	tayra__json_end(&json);
	assert_int_equal(tayra__json_finish(&json), TAYRA_OK);
	fclose(out);
	assert_string_equal(text, "{\"foreign_cpu_ratio\":0.125,\"steal_ratio\":null,"
				  "\"cpu_pressure_ratio\":0.5,\"io_pressure_ratio\":null,"
				  "\"memory_pressure_ratio\":null,\"generator_cpus\":null}\n");
	free(text);
	assert_string_equal(tayra__machine_sentence(&some, sentence),
			    "others used 12% of the machine, waited for cpu 50%");
	assert_string_equal(tayra__machine_sentence(&none, sentence),
			    "nothing is known of the machine");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_time_and_that_of_children_is_not_foreign),
		cmocka_unit_test(work_of_this_process_is_read_as_its_own),
		cmocka_unit_test(a_stall_is_the_growth_of_its_total_over_the_time),
		cmocka_unit_test(only_the_total_of_the_line_of_some_counts),
		cmocka_unit_test(what_is_missing_or_garbage_is_not_known),
		cmocka_unit_test(what_is_not_known_is_null_and_not_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
