/* SPDX-License-Identifier: Apache-2.0
 *
 * What reports are computed from, short of memory at each allocation.
 */
#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "report/invent.h"
#include "report/load_page.h"
#include "report/server_page.h"
#include "report/trial_cost.h"
#include "report/trial_findings.h"

static struct invented *invented;

/* Call until it succeeds, refusing the 1st, 2nd, .. allocation.  Returns how many were refused. */
static int
refusals(int (*operation)(void))
{
	for (uint64_t n = 1; n < 200; n++) {
		int status;

		tayra__mem_fail_after(n);
		status = operation();
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			return (int)n - 1;
		assert_int_equal(status, TAYRA_E_NOMEM);
	}
	fail_msg("never succeeded");
	return -1;
}

static int
trial(void)
{
	static struct tayra__trial_findings findings;
	int status = tayra__trial_findings(&invented->report, &findings);

	if (status == TAYRA_OK)
		tayra__trial_findings_fini(&findings);
	assert_null(findings.latency.at);
	assert_null(findings.rounds.value);
	return status;
}

static int
cost(void)
{
	static struct tayra__cost costs[TAYRA__TRIAL_ARMS_MAX];

	return tayra__trial_cost(&invented->report, NULL, costs);
}

static int
series(void)
{
	static struct tayra__history_row rows[8];
	struct tayra__series series;
	int status;

	for (int i = 0; i < 8; i++)
		rows[i].a_value = rows[i].b_value = 1 + i;
	status = tayra__series_init(&series, rows, 8);
	if (status == TAYRA_OK)
		tayra__series_fini(&series);
	assert_null(series.figures.at);
	return status;
}

static int
slice(void *ctx, double from, double to, uint64_t length_ns, struct tayra__drive_result *out)
{
	for (int i = 0; i < 10; i++)
		tayra__hist_add(&out->latency, 1000000);
	out->offered = out->ok = 10;
	out->length_ns = length_ns;
	return TAYRA_OK;
}

static bool
settled(const double *medians, size_t n)
{
	return true;
}

static int
load(void)
{
	static const struct tayra__phases_load asked = { .slice = slice };
	static struct tayra__load_findings findings;
	struct tayra__phases_plan plan = { .settled = settled };
	struct tayra__phases phases;
	const struct tayra__load_report report = { .phases = &phases, .line = &plan.line };
	int status = tayra__load_line_parse("10/s sustain 1s", &plan.line, NULL, 0);

	assert_int_equal(status, TAYRA_OK);
	status = tayra__phases_run(&plan, &asked, &phases);
	if (status == TAYRA_OK) {
		status = tayra__load_findings(&report, &findings);
		if (status == TAYRA_OK)
			tayra__load_findings_fini(&findings);
		assert_null(findings.time.at);
	}
	tayra__phases_fini(&phases);
	return status;
}

static int
server(void)
{
	static struct tayra__drive_result result;
	static struct tayra__server_findings findings;
	const struct tayra__load_figures figures = { .p99_ms = 1 };
	const struct tayra__server_report report = { .figures = &figures, .result = &result };
	int status = tayra__server_findings(&report, &findings);

	if (status == TAYRA_OK)
		tayra__server_findings_fini(&findings);
	assert_null(findings.time.at);
	return status;
}

static void
a_report_short_of_memory_says_so_and_holds_nothing(void **state)
{
	(void)state;
	invented = invent(2, 24, TAYRA__CPU_MS_PER_REQUEST);
	assert_true(refusals(trial) > 10);
	assert_true(refusals(cost) >= 2);
	assert_true(refusals(series) > 5);
	assert_true(refusals(load) > 15);
	assert_true(refusals(server) > 8);
	forget(invented);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_short_of_memory_says_so_and_holds_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
