/* SPDX-License-Identifier: Apache-2.0
 *
 * Learned ttl on real changes: the library's read-through code under virtual time keeps a budget of
 * stale answers, with a quarter fewer loads than the best fixed ttl there could have been that
 * makes as many answers stale.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "../../bench/freshness_changes.h"

#define BUDGET 0.01

/* Under sanitizers fewer, and what is learned in the beginning weighs more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define READS      300000
#define TOLERANCE  1.2
#define MOST_LOADS 0.9
#else
#define READS      1000000
#define TOLERANCE  1.0
#define MOST_LOADS 0.75
#endif

static void
keeps_the_budget_with_fewer_loads(const struct freshness *f, const char *what)
{
	struct tayra_strategy strategy;
	struct freshness_result fixed, each = freshness_best_each(f, BUDGET), ours;

	freshness_ttl_strategy(f, BUDGET, &strategy);
	ours = freshness_run(f, &strategy, NULL);
	fixed = freshness_best_fixed(f, (double)ours.stale / (double)ours.answers);
	printf("# %s: %.4f stale, %.4f loads an answer; best fixed ttl %.4f (%.1f h), best of each "
	       "key %.4f\n",
	       what, (double)ours.stale / (double)ours.answers,
	       (double)ours.loads / (double)ours.answers,
	       (double)fixed.loads / (double)fixed.answers, (double)fixed.ttl_ms / 3.6e6,
	       (double)each.loads / (double)each.answers);
	assert_int_equal(ours.answers, f->count);
	assert_true((double)ours.stale <= TOLERANCE * BUDGET * (double)ours.answers);
	assert_true((double)ours.loads <= MOST_LOADS * (double)fixed.loads);
}

static void
the_budget_is_held_on_real_updates_with_fewer_loads_than_any_fixed_ttl(void **state)
{
	const char *folder = getenv("TAYRA_TRACES");
	struct freshness_options options = { .reads = READS, .zipf = 0.9, .seed = 11 };
	char path[512], error[512];
	struct freshness f;

	(void)state;
	if (!folder) {
		print_message("TAYRA_TRACES is not set\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/git_changes.csv.zst", folder);
	assert_int_equal(freshness_open_trace(&f, path, &options, error, sizeof(error)), TAYRA_OK);
	keeps_the_budget_with_fewer_loads(&f, "git_changes");
	freshness_close(&f);
}

static void
by_law(enum freshness_law law, uint64_t span_ms, const char *what)
{
	struct freshness_options options = { .reads = READS, .zipf = 0.9, .seed = 12 };
	struct freshness_changes changes = { .keys = 7000, .updates = 138000, .span_ms = span_ms };
	struct freshness f;

	assert_int_equal(freshness_open_synthetic(&f, law, &changes, &options), TAYRA_OK);
	keeps_the_budget_with_fewer_loads(&f, what);
	freshness_close(&f);
}

static void
the_budget_is_held_on_poisson_updates_with_fewer_loads_than_any_fixed_ttl(void **state)
{
	(void)state;
	by_law(FRESHNESS_POISSON, 674324259000ull, "poisson");
}

static void
the_budget_is_held_on_bursty_updates_with_fewer_loads_than_any_fixed_ttl(void **state)
{
	(void)state;
	by_law(FRESHNESS_BURSTY, 674324259000ull, "bursty");
}

static void
the_budget_is_held_on_diurnal_updates_with_fewer_loads_than_any_fixed_ttl(void **state)
{
	(void)state;
	by_law(FRESHNESS_DIURNAL, 30 * 86400000ull, "diurnal");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_budget_is_held_on_real_updates_with_fewer_loads_than_any_fixed_ttl),
		cmocka_unit_test(
			the_budget_is_held_on_poisson_updates_with_fewer_loads_than_any_fixed_ttl),
		cmocka_unit_test(
			the_budget_is_held_on_bursty_updates_with_fewer_loads_than_any_fixed_ttl),
		cmocka_unit_test(
			the_budget_is_held_on_diurnal_updates_with_fewer_loads_than_any_fixed_ttl),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
