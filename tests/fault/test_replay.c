/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a trace and replaying it, with every allocation refused in turn.  Leaks are the
 * sanitizer's to find.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "base/mem.h"
#include "learn/patterns.h"
#include "sim/foresee.h"
#include "sim/popular.h"
#include "sim/replay.h"
#include "sim/requests.h"
#include "sim/survey.h"
#include "sim/trace.h"

#define ATTEMPTS_MAX 200

static char text[96 << 10];

/* More keys than the loader's first index holds, and every optional column. */
static void
write_trace(void)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	fputs("time_s,key,size_bytes,op,ttl_s,cost_ms\n", out);
	for (unsigned i = 0; i < 2500; i++)
		fprintf(out, "%u,%u,%u,%s,%u,1.5\n", i, i * 37 % 1201, 1 + i % 9,
			i % 50 == 49 ? "delete" : "get", i % 7 * 100);
	fclose(out);
}

static int
load(struct tayra__requests **out)
{
	struct tayra__trace_error error = { "" };
	struct tayra__trace *trace;
	int status = tayra__trace_open_memory(text, strlen(text), "t", TAYRA__TRACE_AUTO, &trace,
					      &error);

	*out = NULL;
	if (status) {
		assert_null(trace);
		assert_true(error.text[0]);
		return status;
	}
	status = tayra__requests_load(trace, 0, NULL, NULL, out, &error);
	tayra__trace_close(trace);
	if (status) {
		assert_null(*out);
		assert_true(error.text[0]);
	}
	return status;
}

static void
loading_survives_every_refused_allocation(void **state)
{
	struct tayra__requests *requests;
	unsigned n;

	write_trace();
	for (n = 1; n < ATTEMPTS_MAX; n++) {
		int status;

		tayra__mem_fail_after(n);
		status = load(&requests);
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			break;
		assert_int_equal(status, TAYRA_E_NOMEM);
	}
	assert_in_range(n, 10, ATTEMPTS_MAX - 1);
	assert_int_equal(requests->count, 2500);
	assert_int_equal(requests->keys, 1201);
	tayra__requests_destroy(requests);
}

static void
replay_with_refusals(const struct tayra__requests *requests, enum tayra__engine engine,
		     const char *policy)
{
	uint32_t *next_use = tayra__requests_next_use(requests);
	struct tayra__replay_options options = { .policy = policy,
						 .engine = engine,
						 .sizes = TAYRA__SIZES_REAL,
						 .capacity = 1000,
						 .next_use = next_use,
						 .seed = 1 };
	struct tayra__replay_result whole, result;
	unsigned n;

	assert_int_equal(tayra__replay_run(requests, &options, &whole), TAYRA_OK);
	for (n = 1; n < ATTEMPTS_MAX; n++) {
		int status;

		tayra__mem_fail_after(n);
		status = tayra__replay_run(requests, &options, &result);
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			break;
		assert_int_equal(status, TAYRA_E_NOMEM);
	}
	assert_in_range(n, 2, ATTEMPTS_MAX - 1);
	assert_int_equal(result.misses, whole.misses);
	tayra__mem_free(next_use);
}

static void
replaying_survives_every_refused_allocation(void **state)
{
	static const char *const policies[] = { "fifo", "lru", "s3fifo", "belady" };
	struct tayra__requests *requests;

	write_trace();
	assert_int_equal(load(&requests), TAYRA_OK);
	for (size_t i = 0; i < 4; i++)
		replay_with_refusals(requests, TAYRA__ENGINE_EXACT, policies[i]);
	replay_with_refusals(requests, TAYRA__ENGINE_CACHE, "lru");
	tayra__requests_destroy(requests);
}

static void
looking_ahead_survives_every_refused_allocation(void **state)
{
	struct tayra__requests *requests;
	uint32_t *next_use;

	write_trace();
	assert_int_equal(load(&requests), TAYRA_OK);
	for (unsigned n = 1; n <= 2; n++) {
		tayra__mem_fail_after(n);
		next_use = tayra__requests_next_use(requests);
		tayra__mem_fail_after(0);
		assert_null(next_use);
	}
	tayra__requests_destroy(requests);
}

/* A row that was refused is told again. */
static int
survey_rows(struct tayra__survey *survey)
{
	for (uint64_t i = 0; i < 3000; i++) {
		struct tayra__trace_request row = { .time_s = (double)i,
						    .key = i,
						    .size_bytes = 9 };
		int status = tayra__survey_row(survey, &row);

		if (status)
			return status;
	}
	return TAYRA_OK;
}

static void
surveying_survives_every_refused_allocation(void **state)
{
	unsigned n;

	for (n = 1; n < ATTEMPTS_MAX; n++) {
		struct tayra__survey *survey;
		int status;

		tayra__mem_fail_after(n);
		status = tayra__survey_create(1, &survey);
		assert_true((status == TAYRA_OK) == (survey != NULL));
		if (status == TAYRA_OK)
			status = survey_rows(survey);
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			assert_int_equal(tayra__survey_patterns(survey)->uses, 3000);
		tayra__survey_destroy(survey);
		if (status == TAYRA_OK)
			break;
		assert_int_equal(status, TAYRA_E_NOMEM);
	}
	assert_in_range(n, 5, ATTEMPTS_MAX - 1);
}

static void
foreseeing_survives_every_refused_allocation(void **state)
{
	struct tayra__foresee *foresee;

	for (unsigned n = 1; n <= 2; n++) {
		tayra__mem_fail_after(n);
		assert_int_equal(tayra__foresee_create(10, 0, 1, &foresee), TAYRA_E_NOMEM);
		tayra__mem_fail_after(0);
		assert_null(foresee);
	}
	assert_int_equal(tayra__foresee_create(10, 0, 1, &foresee), TAYRA_OK);
	tayra__foresee_destroy(foresee);
}

/* More keys than its first table holds. */
static void
reading_what_is_popular_survives_every_refused_allocation(void **state)
{
	struct tayra__popular *popular;
	unsigned n = 0;
	int status;

	write_trace();
	do {
		struct tayra__trace_error error = { "" };

		tayra__mem_fail_after(++n);
		status = tayra__popular_read_memory(text, strlen(text), "t", TAYRA__POPULAR_AUTO, 0,
						    &popular, &error);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(popular);
			assert_true(error.text[0]);
		}
	} while (status != TAYRA_OK && n < ATTEMPTS_MAX);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 8, ATTEMPTS_MAX);
	assert_int_equal(popular->count, 1201);
	tayra__popular_destroy(popular);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(surveying_survives_every_refused_allocation),
		cmocka_unit_test(foreseeing_survives_every_refused_allocation),
		cmocka_unit_test(reading_what_is_popular_survives_every_refused_allocation),
		cmocka_unit_test(loading_survives_every_refused_allocation),
		cmocka_unit_test(replaying_survives_every_refused_allocation),
		cmocka_unit_test(looking_ahead_survives_every_refused_allocation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
