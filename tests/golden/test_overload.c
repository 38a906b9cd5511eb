/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of named scenarios as they were when this was written, seed 1.  Figures, not hashes: another
 * machine's log() may differ in its last bit, and then so does every moment after it.
 */
#include "sim/overload.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
	const char *scenario, *limiter;
	double goodput_per_s, p99_ms, shed_ratio;
} rows[] = {
	{ "low_knee", "fixed:6", 301.9, 803.2, 0 },
	{ "low_knee", "fixed:22", 163.1, 1741, 0 },
	{ "lock_convoy", "fixed:6", 301.9, 803.2, 0 },
	{ "lock_convoy", "fixed:22", 182.5, 1556, 0 },
	{ "pool_thrash", "fixed:6", 82.12, 3012, 0 },
	{ "pool_thrash", "fixed:22", 62.08, 4681, 0 },
	{ "batch_server", "fixed:6", 269.1, 769.7, 0 },
	{ "batch_server", "fixed:22", 638.4, 342.9, 0 },
	{ "drastic_slowdown", "fixed:6", 378.2, 177.7, 0.7316 },
	{ "drastic_slowdown", "fixed:22", 685.6, 257.4, 0.5128 },
	{ "overload_4x", "fixed:6", 520.2, 148.4, 0.8613 },
	{ "overload_4x", "fixed:22", 939.2, 159.9, 0.7502 },
	{ "five_classes", "fixed:6", 518.1, 192.4, 0.9447 },
	{ "five_classes", "fixed:22", 934, 201.9, 0.9006 },
	{ "greedy_tenant", "fixed:6", 524.6, 107.7, 0.6486 },
	{ "greedy_tenant", "fixed:22", 945.4, 151.5, 0.3664 },
	{ "retry_storm", "fixed:6", 423.3, 179.8, 0.8896 },
	{ "retry_storm", "fixed:22", 714.5, 241.7, 0.6039 },
	{ "bursty", "fixed:6", 427.2, 127.1, 0.1325 },
	{ "bursty", "fixed:22", 461.6, 134, 0.06243 },
	{ "server_side_rate_limit", "fixed:6", 494.1, 118.8, 0.2208 },
	{ "server_side_rate_limit", "fixed:22", 500, 56.23, 0 },
	{ "black_hole", "fixed:6", 417.4, 112.5, 0.3653 },
	{ "black_hole", "fixed:22", 538.5, 68.42, 0.1815 },
};

static struct tayra__overload_result result;

static void
run_row(const struct row *row)
{
	struct tayra__scenario scenario = { 0 };
	struct tayra__contender contender;
	struct tayra__meter_sum sum;
	double goodput, p99_ms, shed_ratio;
	char error[500];

	assert_int_equal(tayra__contender_read(row->limiter, &contender, error, sizeof(error)),
			 TAYRA_OK);
	if (tayra__scenario_open(&scenario, row->scenario, error, sizeof(error)) != TAYRA_OK)
		fail_msg("%s", error);
	assert_int_equal(tayra__overload_run(&scenario, &contender, 1, NULL, &result), TAYRA_OK);
	sum = tayra__meter_sum(&result.meter, scenario.warmup_ns, scenario.length_ns);
	goodput = (double)sum.good / sum.seconds;
	p99_ms = (double)tayra__meter_quantile_ns(&result.meter, 0.99) / 1e6;
	shed_ratio = (double)sum.fates[TAYRA__FATE_SHED] / (double)sum.arrived;
	if (fabs(goodput / row->goodput_per_s - 1) > 0.03 || fabs(p99_ms / row->p99_ms - 1) > 0.1 ||
	    fabs(shed_ratio - row->shed_ratio) > 0.02)
		fail_msg("%s %s: %g/s, p99 %g ms, shed %g; it was %g, %g, %g", row->scenario,
			 row->limiter, goodput, p99_ms, shed_ratio, row->goodput_per_s, row->p99_ms,
			 row->shed_ratio);
	tayra__scenario_fini(&scenario);
}

static void
named_scenarios_come_out_as_they_did(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		run_row(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_scenarios_come_out_as_they_did),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
