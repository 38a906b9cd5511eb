/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/load_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"

#include "../stat/near.h"

#define MIB (1ull << 20)

/* A slice of a second: so many requests of so many ms, and errors at a second. */
static struct tayra__drive_result
slice_of(int requests, double ms, int errors)
{
	struct tayra__drive_result slice;

	memset(&slice, 0, sizeof(slice));
	tayra__hist_init(&slice.latency);
	tayra__hist_init(&slice.lag);
	tayra__hist_init(&slice.service);
	for (int i = 0; i < requests; i++) {
		tayra__hist_add(&slice.latency, (uint64_t)((i < errors ? 1000 : ms) * 1e6));
		tayra__hist_add(&slice.lag, 20000);
	}
	slice.offered = (uint64_t)requests;
	slice.errors = (uint64_t)errors;
	slice.ok = slice.offered - slice.errors;
	slice.length_ns = TAYRA_NS_PER_S;
	return slice;
}

static void
figures_are_those_of_all_slices_together(void **state)
{
	static struct tayra__load_account a;
	struct tayra__load_figures f;
	struct tayra__drive_result one = slice_of(100, 10, 0), two = slice_of(300, 20, 4);

	(void)state;
	tayra__load_account_init(&a);
	assert_int_equal(tayra__load_account_add(&a, &one, NULL, NULL), TAYRA_OK);
	assert_int_equal(tayra__load_account_add(&a, &two, NULL, NULL), TAYRA_OK);
	tayra__load_account_figures(&a, &f);
	assert_int_equal(f.offered, 400);
	assert_int_equal(f.ok, 396);
	assert_int_equal(f.errors, 4);
	assert_near(f.rate_per_s, 200, 1e-9);
	assert_near(f.throughput_per_s, 198, 1e-9);
	assert_near(f.error_ratio, 0.01, 1e-12);
	assert_near(f.mean_ms, (100 * 10 + 296 * 20 + 4 * 1000) / 400.0, 1e-9);
	assert_near(f.p50_ms, 20, 0.1);
	assert_near(f.p95_ms, 20, 0.1);
	assert_near(f.p999_ms, 1000, 5);
	assert_near(f.max_ms, 1000, 1e-9);
	assert_near(f.lag_p99_ms, 0.02, 0.0002);
	assert_true(isnan(f.cpu_mean) && isnan(f.memory_peak_mib) && isnan(f.efficiency));
	assert_true(isnan(f.stability));
	tayra__load_account_fini(&a);
}

static void
processor_and_memory_are_of_the_slices_read(void **state)
{
	static struct tayra__load_account a;
	const struct tayra__process_use at[] = {
		{ .cpu_ns = 5000000000, .rss_bytes = 100 * MIB },
		{ .cpu_ns = 5200000000, .rss_bytes = 180 * MIB },
		{ .cpu_ns = 6100000000, .rss_bytes = 120 * MIB },
		/* A process left the tree: time seems to run backwards. */
		{ .cpu_ns = 1000000000, .rss_bytes = 120 * MIB },
	};
	struct tayra__drive_result slice = slice_of(110, 1, 0);
	struct tayra__load_figures f;

	(void)state;
	tayra__load_account_init(&a);
	for (int i = 0; i < 3; i++)
		tayra__load_account_add(&a, &slice, &at[i], &at[i + 1]);
	tayra__load_account_figures(&a, &f);
	assert_near(f.cpu_mean, 1.1 / 3, 1e-9);
	assert_near(f.cpu_max, 0.9, 1e-9);
	assert_near(f.memory_mean_mib, 140, 1e-9);
	assert_near(f.memory_peak_mib, 180, 1e-9);
	assert_near(f.memory_growth_mib, 20, 1e-9);
	assert_near(f.efficiency, 330 / 1.1, 1e-6);
	tayra__load_account_fini(&a);
}

/* Medians of 8 9 10 11 12 ms: MAD 1, so s = 1.4826 of 10. */
static void
stability_falls_with_the_spread_of_the_slices(void **state)
{
	static struct tayra__load_account a;
	struct tayra__load_figures f;

	(void)state;
	tayra__load_account_init(&a);
	for (int i = 0; i < 5; i++) {
		struct tayra__drive_result slice = slice_of(10, 8 + i, 0);

		tayra__load_account_add(&a, &slice, NULL, NULL);
	}
	tayra__load_account_figures(&a, &f);
	assert_near(f.stability, 1 - 0.14826, 0.005);
	tayra__load_account_fini(&a);
	tayra__load_account_init(&a);
	for (int i = 0; i < 300; i++) {
		struct tayra__drive_result slice = slice_of(10, 8, 0);

		tayra__load_account_add(&a, &slice, NULL, NULL);
	}
	tayra__load_account_figures(&a, &f);
	assert_true(f.stability == 1);
	tayra__load_account_fini(&a);
}

/* Against R: binom::binom.wilson, or by hand: n / (n + z^2) for n of n. */
static void
reliability_is_the_lower_end_of_wilsons_interval(void **state)
{
	static const struct {
		int n, errors;
		double lower;
	} cases[] = {
		{ 10, 0, 0.7224672 }, { 10000, 0, 0.9996160 }, { 10, 10, 0 }, { 10, 5, 0.2365931 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct tayra__load_account a;
		struct tayra__drive_result slice = slice_of(cases[i].n, 1, cases[i].errors);
		struct tayra__load_figures f;

		tayra__load_account_init(&a);
		tayra__load_account_add(&a, &slice, NULL, NULL);
		tayra__load_account_figures(&a, &f);
		assert_near(f.reliability, cases[i].lower, 1e-6);
		tayra__load_account_fini(&a);
	}
}

static void
nothing_offered_is_nothing_known_and_null_in_json(void **state)
{
	static struct tayra__load_account a;
	struct tayra__drive_result slice = slice_of(0, 1, 0);
	struct tayra__load_figures f;
	struct tayra__json json;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	tayra__load_account_init(&a);
	tayra__load_account_add(&a, &slice, NULL, NULL);
	tayra__load_account_figures(&a, &f);
	assert_true(isnan(f.p99_ms) && isnan(f.error_ratio) && isnan(f.reliability));
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__load_figures_json(&json, NULL, &f);
	assert_int_equal(tayra__json_finish(&json), TAYRA_OK);
	fclose(out);
	assert_non_null(strstr(text, "\"requests\":0,\"ok\":0,\"errors\":0,\"rate_per_s\":0"));
	assert_non_null(strstr(text, "\"p99_ms\":null"));
	assert_non_null(strstr(text, "\"cpu_mean\":null"));
	assert_non_null(strstr(text, "\"reliability\":null"));
	free(text);
	tayra__load_account_fini(&a);
}

static void
without_memory_the_account_stays_as_it_was(void **state)
{
	static struct tayra__load_account a;
	struct tayra__drive_result slice = slice_of(10, 1, 0);

	(void)state;
	tayra__load_account_init(&a);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__load_account_add(&a, &slice, NULL, NULL), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_int_equal(a.offered, 0);
	assert_int_equal(a.latency.count, 0);
	tayra__load_account_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_those_of_all_slices_together),
		cmocka_unit_test(processor_and_memory_are_of_the_slices_read),
		cmocka_unit_test(stability_falls_with_the_spread_of_the_slices),
		cmocka_unit_test(reliability_is_the_lower_end_of_wilsons_interval),
		cmocka_unit_test(nothing_offered_is_nothing_known_and_null_in_json),
		cmocka_unit_test(without_memory_the_account_stays_as_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
