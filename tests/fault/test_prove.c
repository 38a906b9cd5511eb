/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing, averaging, sessions and the pool of workers, short of memory at each allocation.
 */
#include "base/hist.h"
#include "base/mem.h"
#include "drive/drive.h"
#include "prove/session.h"
#include "stat/equivalence.h"
#include "stat/mean_ratio.h"
#include "stat/rank_test.h"
#include "stat/resample.h"
#include "stat/steady.h"
#include "stat/trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define PAIRS 30 /* beyond 20: the test itself allocates */

static double a[PAIRS], b[PAIRS];

/* Call until it succeeds, refusing the 1st, 2nd, .. allocation.  Returns how many were refused. */
static int
refusals(int (*operation)(void))
{
	for (uint64_t n = 1; n < 100; n++) {
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
compare(void)
{
	struct tayra_comparison c;
	int status = tayra_prove_compare(a, b, PAIRS, NULL, &c);

	if (status != TAYRA_OK)
		assert_true(c.pairs == 0 && c.verdict == TAYRA_INVALID);
	return status;
}

static int
average(void)
{
	const struct tayra__mean_ratio_row row = { a, PAIRS, 0 };
	struct tayra__mean_ratio mean;

	return tayra__mean_ratio(&row, 1, 0.05, 1, &mean);
}

static int
slice(void *ctx, const struct tayra__slice *s, struct tayra__measure *out)
{
	out->value[TAYRA__P50_MS] = a[s->round];
	return TAYRA_OK;
}

static int
session(void)
{
	const struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	const struct tayra__arm arms[] = { { "a", slice, NULL }, { "b", slice, NULL } };
	const struct tayra__session_plan plan = { .rounds = PAIRS };
	struct tayra__session_comparison c;
	struct tayra__session s;
	int status = tayra__session_run(arms, 2, &plan, &s);

	if (status != TAYRA_OK) {
		assert_null(s.measures);
		assert_null(s.latency);
		return status;
	}
	status = tayra__session_compare(&s, TAYRA__P50_MS, 0, 1, 1, &rule, &c);
	tayra__session_fini(&s);
	return status;
}

static int
pool(void)
{
	struct tayra__pool *p;
	int status = tayra__pool_create(3, &p);

	if (status == TAYRA_OK)
		tayra__pool_destroy(p);
	else
		assert_null(p);
	return status;
}

static double
first_of(double *values, size_t n, void *ctx)
{
	(void)n;
	(void)ctx;
	return values[0];
}

/* All of src/stat that allocates, one after the other. */
static int
statistics(void)
{
	struct tayra__rank_test ranks;
	struct tayra__bootstrap interval;
	struct tayra__trend trend;
	struct tayra__steady steady;
	double p;
	int status = tayra__rank_test_mann_whitney(a, 5, b, 4, &ranks);

	if (status == TAYRA_OK)
		status = tayra__rank_test_wilcoxon(a, PAIRS, &ranks);
	if (status == TAYRA_OK)
		status = tayra__resample_permutation(a, 5, b, 5, 1, &p);
	if (status == TAYRA_OK)
		status = tayra__resample_bca(a, PAIRS, first_of, NULL, 10, 0.05, 1, &interval);
	if (status == TAYRA_OK)
		status = tayra__equivalence_test(a, 12, 1, 1, 1, &p);
	if (status == TAYRA_OK)
		status = tayra__trend(a, PAIRS, 0.05, &trend);
	return status == TAYRA_OK ? tayra__steady(b, PAIRS, &steady) : status;
}

static void
each_refused_allocation_is_reported_and_nothing_leaks(void **state)
{
	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		a[i] = 1 + i % 5;
		b[i] = 1 + i % 7;
	}
	assert_int_equal(refusals(compare), 2);
	assert_int_equal(refusals(average), 2);
	assert_int_equal(refusals(session), 10 + 1 + 2 * 2);
	assert_int_equal(refusals(pool), 2);
	assert_int_equal(refusals(statistics), 1 + 1 + 2 + 3 + 1 + 2 + 2 + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refused_allocation_is_reported_and_nothing_leaks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
