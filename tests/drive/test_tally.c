/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/tally.h"

#include "base/rng.h"
#include "drive/live.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SLICE_END 1000

/* One call due at 100 with that deadline; returns the latency it was booked with. */
static uint64_t
booked(struct tayra__drive_result *r, enum tayra__call_end end, uint64_t deadline, uint64_t answer)
{
	const struct tayra__call call = { .due_ns = 100, .deadline_ns = deadline, .begun_ns = 140 };

	tayra__hist_init(&r->latency);
	tayra__tally_init(r, NULL);
	tayra__tally_ended(r, &call, end, answer, SLICE_END);
	assert_int_equal(r->offered, 1);
	return r->latency.max;
}

static void
service_counts_from_when_it_was_sent_and_only_of_what_was_answered_well(void **state)
{
	static struct tayra__drive_result r;

	(void)state;
	booked(&r, TAYRA__CALL_OK, 300, 300);
	assert_int_equal(r.service.count, 1);
	assert_int_equal(r.service.max, 160);
	booked(&r, TAYRA__CALL_OK, 300, 400);
	assert_int_equal(r.late, 1);
	assert_int_equal(r.service.max, 260);
	booked(&r, TAYRA__CALL_ERROR, 300, 200);
	booked(&r, TAYRA__CALL_SHED, 300, 200);
	assert_int_equal(r.service.count, 0);
}

/* The same counts and bins reach whoever looks while it runs. */
static void
what_is_booked_is_published(void **state)
{
	static struct tayra__drive_result r;
	static struct tayra__live live;
	static struct tayra__hist seen;
	struct tayra__call call = { .due_ns = 100, .deadline_ns = 300 };

	(void)state;
	tayra__hist_init(&r.latency);
	tayra__tally_init(&r, &live);
	tayra__tally_lag(&r, 7);
	tayra__tally_ended(&r, &call, TAYRA__CALL_OK, 200, SLICE_END);
	tayra__tally_ended(&r, &call, TAYRA__CALL_OK, 400, SLICE_END);
	tayra__tally_ended(&r, &call, TAYRA__CALL_SHED, 200, SLICE_END);
	tayra__tally_ended(&r, &call, TAYRA__CALL_ERROR, 200, SLICE_END);
	tayra__tally_abandoned(&r, &call, 200, SLICE_END);
	for (int end = 0; end < TAYRA__LIVE_ENDS; end++)
		assert_int_equal(live.ended[end], 1);
	assert_int_equal(r.ok + r.late + r.shed + r.errors + r.abandoned, r.offered);
	assert_int_equal(tayra__live_answered(&live), 2);
	tayra__hist_init(&seen);
	tayra__hist_live_read(&live.latency, &seen);
	assert_int_equal(seen.count, r.offered);
	assert_memory_equal(seen.bins, r.latency.bins, sizeof(seen.bins));
	tayra__hist_init(&seen);
	tayra__hist_live_read(&live.lag, &seen);
	assert_int_equal(tayra__hist_quantile(&seen, 1), 7);
	/* The next slice goes on. */
	tayra__tally_init(&r, &live);
	tayra__tally_ended(&r, &call, TAYRA__CALL_OK, 200, SLICE_END);
	assert_int_equal(live.ended[TAYRA__LIVE_OK], 2);
}

static void
each_moment_has_what_was_due_in_it(void **state)
{
	static struct tayra__drive_result r;
	struct tayra__call call = { .deadline_ns = UINT64_MAX };

	(void)state;
	tayra__hist_init(&r.latency);
	tayra__tally_init(&r, NULL);
	tayra__tally_begin(&r, 1000, 100 * TAYRA__DRIVE_MOMENTS);
	call.due_ns = 1099;
	tayra__tally_ended(&r, &call, TAYRA__CALL_OK, 1129, 11000);
	call.due_ns = 1000;
	tayra__tally_ended(&r, &call, TAYRA__CALL_OK, 1070, 11000);
	call.due_ns = 1100;
	tayra__tally_ended(&r, &call, TAYRA__CALL_ERROR, 11010, 11000);
	assert_int_equal(r.moment[0].requests, 2);
	assert_int_equal(r.moment[0].bad, 0);
	assert_int_equal(r.moment[0].max_ns, 70);
	assert_true(r.moment[0].sum_ns == 100);
	assert_int_equal(r.moment[1].requests, 1);
	assert_int_equal(r.moment[1].bad, 1);
	assert_int_equal(r.moment[1].max_ns, 9910);
	/* What the clock puts outside is in the first and the last. */
	call.due_ns = 11005;
	tayra__tally_abandoned(&r, &call, 11010, 11000);
	call.due_ns = 990;
	tayra__tally_ended(&r, &call, TAYRA__CALL_OK, 995, 11000);
	assert_int_equal(r.moment[TAYRA__DRIVE_MOMENTS - 1].requests, 1);
	assert_int_equal(r.moment[0].requests, 3);
}

static void
each_end_counts_as_the_header_says(void **state)
{
	static struct tayra__drive_result r;
	const struct tayra__call call = { .due_ns = 100, .deadline_ns = 300 };
	const struct tayra__call open_ended = { .due_ns = 100, .deadline_ns = UINT64_MAX };

	(void)state;
	assert_int_equal(booked(&r, TAYRA__CALL_OK, 300, 300), 200);
	assert_int_equal(r.ok, 1);
	assert_int_equal(booked(&r, TAYRA__CALL_OK, 300, 301), 201);
	assert_int_equal(r.late, 1);
	assert_int_equal(r.ok, 0);
	assert_int_equal(booked(&r, TAYRA__CALL_OK, UINT64_MAX, 5000), 4900);
	assert_int_equal(r.ok, 1);
	assert_int_equal(booked(&r, TAYRA__CALL_SHED, 300, 101), 200);
	assert_int_equal(r.shed, 1);
	assert_int_equal(booked(&r, TAYRA__CALL_ERROR, 300, 450), 350);
	assert_int_equal(r.errors, 1);
	assert_int_equal(booked(&r, TAYRA__CALL_ERROR, UINT64_MAX, 101), SLICE_END - 100);
	assert_int_equal(booked(&r, TAYRA__CALL_SHED, UINT64_MAX, 1500), 1400);

	tayra__hist_init(&r.latency);
	tayra__tally_init(&r, NULL);
	tayra__tally_abandoned(&r, &call, 150, SLICE_END);
	assert_int_equal(r.latency.max, 200);
	tayra__tally_abandoned(&r, &open_ended, 1200, SLICE_END);
	assert_int_equal(r.latency.max, 1100);
	assert_int_equal(r.abandoned, 2);
	assert_int_equal(r.offered, 2);
}

static int
compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* What the driver relies on: slices of any kind of latency, merged, are off by at most 0.8%. */
static void
quantiles_of_merged_histograms_are_within_0_8_percent(void **state)
{
	static struct tayra__hist part[3], whole;
	static uint64_t values[3000];
	struct tayra__rng rng;
	const double quantiles[] = { 0.01, 0.5, 0.9, 0.99, 0.999 };

	(void)state;
	tayra__rng_init(&rng, 1);
	tayra__hist_init(&whole);
	for (int i = 0; i < 3; i++)
		tayra__hist_init(&part[i]);
	for (int i = 0; i < 3000; i++) {
		values[i] = tayra__rng_next(&rng) >> tayra__rng_below(&rng, 50);
		tayra__hist_add(&part[i % 3], values[i]);
	}
	for (int i = 0; i < 3; i++)
		tayra__hist_merge(&whole, &part[i]);
	qsort(values, 3000, sizeof(*values), compare_u64);
	for (int i = 0; i < 5; i++) {
		uint64_t got = tayra__hist_quantile(&whole, quantiles[i]);
		double least = (double)values[(int)(3000 * quantiles[i]) - 1];
		double most = (double)values[(int)(3000 * quantiles[i])];

		assert_true((double)got >= 0.992 * least && (double)got <= 1.008 * most);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			service_counts_from_when_it_was_sent_and_only_of_what_was_answered_well),
		cmocka_unit_test(what_is_booked_is_published),
		cmocka_unit_test(each_moment_has_what_was_due_in_it),
		cmocka_unit_test(each_end_counts_as_the_header_says),
		cmocka_unit_test(quantiles_of_merged_histograms_are_within_0_8_percent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
