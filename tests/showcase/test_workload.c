/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packages_text.h"
#include "showcase/catalogue.h"
#include "showcase/workload.h"

#include <tayra/base.h>

#define COUNT 20000

static int
set_up(void **state)
{
	struct tayra__catalogue *catalogue = calloc(1, sizeof(*catalogue));
	char path[64], error[200];
	int status;

	write_file(path, packages_text, strlen(packages_text));
	status = tayra__catalogue_create(catalogue, path, NULL, error, sizeof(error));
	unlink(path);
	*state = catalogue;
	return status;
}

static int
tear_down(void **state)
{
	tayra__catalogue_fini(*state);
	free(*state);
	return 0;
}

static struct tayra__user_request *
make(const struct tayra__catalogue *catalogue, uint64_t seed, uint64_t epoch)
{
	struct tayra__user_request *requests = calloc(COUNT, sizeof(*requests));

	tayra__workload_make(catalogue, seed, epoch, requests, COUNT);
	return requests;
}

static void
the_same_seed_and_epoch_make_the_same_requests(void **state)
{
	struct tayra__user_request *a = make(*state, 1, 5), *b = make(*state, 1, 5);
	struct tayra__user_request *c = make(*state, 2, 5), *d = make(*state, 1, 6);

	assert_memory_equal(a, b, COUNT * sizeof(*a));
	assert_int_not_equal(memcmp(a, c, COUNT * sizeof(*a)), 0);
	assert_int_not_equal(memcmp(a, d, COUNT * sizeof(*a)), 0);
	free(a);
	free(b);
	free(c);
	free(d);
}

/* Within five standard deviations of a binomial share. */
static void
kinds_come_in_their_shares(void **state)
{
	struct tayra__user_request *requests = make(*state, 3, 0);
	double sum = 0;

	for (int kind = 0; kind < TAYRA__REQUEST_KINDS; kind++) {
		double share = tayra__request_kind_share((enum tayra__request_kind)kind);
		unsigned seen = 0;

		for (int i = 0; i < COUNT; i++)
			seen += requests[i].kind == (enum tayra__request_kind)kind;
		assert_true(fabs(seen - share * COUNT) < 5 * sqrt(COUNT * share * (1 - share)));
		sum += share;
	}
	assert_true(fabs(sum - 1) < 1e-9);
	free(requests);
}

static void
popularity_is_skewed_and_drifts_slowly(void **state)
{
	uint32_t n = 50000, moved = 0, moved_far = 0;

	for (uint64_t rank = 0; rank < 1000; rank++) {
		moved += tayra__workload_holder(n, 1, 10, rank) !=
			 tayra__workload_holder(n, 1, 11, rank);
		moved_far += tayra__workload_holder(n, 1, 10, rank) !=
			     tayra__workload_holder(n, 1, 400, rank);
	}
	/* A term lasts 50 to 99 epochs: about 1 in 72 ranks changes hands each. */
	assert_in_range(moved, 3, 40);
	assert_true(moved_far > 990);
}

/* Mark what is held by some rank, and what can be reached from there. */
static void
mark_reachable(const struct tayra__catalogue *catalogue, uint64_t seed, bool marked[7])
{
	const struct tayra__graph *g = &catalogue->depends;

	for (uint64_t rank = 0; rank < 7; rank++)
		marked[tayra__workload_holder(7, seed, 0, rank)] = true;
	for (int pass = 0; pass < 7; pass++)
		for (uint32_t i = 0; i < 7; i++)
			for (uint32_t e = g->first[i]; marked[i] && e < g->first[i + 1]; e++)
				marked[g->to[e]] = true;
}

static void
sessions_go_where_dependencies_lead_and_nowhere_else(void **state)
{
	struct tayra__catalogue *catalogue = *state;
	unsigned apart = 0;

	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct tayra__user_request *requests = make(catalogue, seed, 0);
		bool reachable[7] = { false }, asked[7] = { false };

		mark_reachable(catalogue, seed, reachable);
		for (int i = 0; i < COUNT; i++)
			if (requests[i].kind != TAYRA__REQUEST_SEARCH)
				asked[requests[i].package] = true;
		assert_memory_equal(asked, reachable, sizeof(asked));
		for (int i = 0; i < 7; i++)
			apart += !reachable[i];
		free(requests);
	}
	assert_true(apart > 0); /* or it would say nothing */
}

static void
keys_say_kind_and_name(void **state)
{
	struct tayra__catalogue *catalogue = *state;
	uint32_t lib = tayra__names_find(&catalogue->names, "lib", 3);
	static const char *const want[] = { "d:lib", "c:lib", "r:lib", NULL, "d:lib" };
	char key[TAYRA__REQUEST_KEY_MAX];

	for (int kind = 0; kind < TAYRA__REQUEST_KINDS; kind++) {
		struct tayra__user_request request = { .kind = (enum tayra__request_kind)kind,
						       .package = lib,
						       .words = { 0, 1 } };
		size_t len = tayra__request_key(catalogue, &request, key);

		assert_int_equal(len, strlen(key));
		if (want[kind])
			assert_string_equal(key, want[kind]);
		else
			assert_true(strncmp(key, "s:", 2) == 0 && strchr(key, ' '));
		assert_non_null(tayra__request_kind_name((enum tayra__request_kind)kind));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_and_epoch_make_the_same_requests),
		cmocka_unit_test(kinds_come_in_their_shares),
		cmocka_unit_test(popularity_is_skewed_and_drifts_slowly),
		cmocka_unit_test(sessions_go_where_dependencies_lead_and_nowhere_else),
		cmocka_unit_test(keys_say_kind_and_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
