/* SPDX-License-Identifier: Apache-2.0
 *
 * The next-access predictor on real traces, with the horizon `tayra replay --predict` chooses: its
 * Brier score is below that of the base rate and of recency on nearly all of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "sim/foresee.h"
#include "sim/requests.h"
#include "sim/trace.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROWS_MAX 150000 /* of a trace: the instrumented build takes the small ones only */
#else
#define ROWS_MAX UINT32_MAX
#endif

struct tally {
	unsigned traces, base_rate, recency, fixed, both;
};

static void
judge(const char *name, const struct tayra__requests *requests, struct tally *tally)
{
	uint64_t horizon = requests->gets / 50 > 100 ? requests->gets / 50 : 100, now = 0;
	struct tayra__foresee *foresee;
	struct tayra__foresight is;
	bool base_rate, recency;

	assert_int_equal(tayra__foresee_create(horizon, 0, 1, &foresee), TAYRA_OK);
	for (uint32_t row = 0; row < requests->count; row++)
		if (!requests->op || requests->op[row] != TAYRA__TRACE_DELETE)
			tayra__foresee_use(foresee, requests->key[requests->id[row]], ++now);
	tayra__foresee_result(foresee, &is);
	tayra__foresee_destroy(foresee);
	base_rate = is.brier[TAYRA__FORESEER_TAYRA] < is.brier[TAYRA__FORESEER_BASE_RATE];
	recency = is.brier[TAYRA__FORESEER_TAYRA] < is.brier[TAYRA__FORESEER_RECENCY];
	print_message("# %s: tayra %.4f base rate %.4f recency %.4f fixed %.4f\n", name,
		      is.brier[0], is.brier[1], is.brier[2], is.brier[3]);
	tally->traces++;
	tally->base_rate += base_rate;
	tally->recency += recency;
	tally->both += base_rate && recency;
	tally->fixed += is.brier[TAYRA__FORESEER_TAYRA] < is.brier[TAYRA__FORESEER_FIXED];
}

static void
judge_trace(const char *folder, const char *name, struct tally *tally)
{
	struct tayra__trace_error error;
	struct tayra__requests *requests = NULL;
	struct tayra__trace *trace;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &error) ||
	    tayra__requests_load(trace, 0, NULL, NULL, &requests, &error))
		fail_msg("%s", error.text);
	tayra__trace_close(trace);
	if (requests->count <= ROWS_MAX)
		judge(name, requests, tally);
	tayra__requests_destroy(requests);
}

static void
the_predictor_beats_base_rate_and_recency_on_12_traces(void **state)
{
	const char *folder = getenv("TAYRA_TRACES");
	struct tally tally = { 0 };
	struct dirent *entry;
	DIR *dir;

	if (!folder)
		skip();
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, ".csv.zst"))
			judge_trace(folder, entry->d_name, &tally);
	closedir(dir);
	print_message("# of %u traces, better than the base rate on %u, recency %u, both %u, the "
		      "fixed formula %u\n",
		      tally.traces, tally.base_rate, tally.recency, tally.both, tally.fixed);
	if (ROWS_MAX == UINT32_MAX)
		assert_true(tally.both >= 12);
	else
		assert_int_equal(tally.both, tally.traces);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_predictor_beats_base_rate_and_recency_on_12_traces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
