/* SPDX-License-Identifier: Apache-2.0
 *
 * Costs by a model, and what the cost-aware policy makes of them: in pairs of the same requests.
 */
#include "rows.h"

#include <math.h>

#include "sim/price.h"
#include "sim/replay.h"
#include "stat/signflip.h"

#define PAIRS    10
#define REQUESTS 60000
#define KEYS     12000

static void
a_key_costs_the_same_every_time_and_deletes_cost_nothing(void **state)
{
	struct tayra__requests *requests = rows_of_csv(
		"time_s,key,size_bytes,op\n0,1,1,get\n1,2,1,get\n2,1,1,delete\n3,1,1,get\n");

	assert_int_equal(tayra__price_requests(requests, TAYRA__PRICE_KEY, 4), TAYRA_OK);
	assert_true(requests->cost_ms[0] == requests->cost_ms[3]);
	assert_true(requests->cost_ms[0] != requests->cost_ms[1]);
	assert_true(fabs(requests->get_cost_ms -
			 (2 * requests->cost_ms[0] + requests->cost_ms[1])) < 1e-9);
	tayra__requests_destroy(requests);
}

static void
costs_by_size_are_a_round_trip_and_a_transfer(void **state)
{
	assert_true(tayra__price_ms(TAYRA__PRICE_SIZE, 1, 0, 1) == 1);
	assert_true(tayra__price_ms(TAYRA__PRICE_SIZE, 2, 102400, 1) == 11);
}

static void
costs_by_key_are_lognormal_and_change_with_the_seed(void **state)
{
	double sum = 0, squares = 0;

	for (uint64_t key = 0; key < 10000; key++) {
		double z = log(tayra__price_ms(TAYRA__PRICE_KEY, key, 9, 1) / 5) / 1.5;

		sum += z;
		squares += z * z;
	}
	assert_true(fabs(sum / 10000) < 0.03);
	assert_true(fabs(squares / 10000 - 1) < 0.05);
	assert_true(tayra__price_ms(TAYRA__PRICE_KEY, 1, 9, 1) !=
		    tayra__price_ms(TAYRA__PRICE_KEY, 1, 9, 2));
}

static double
cost_of(const struct tayra__requests *requests, const char *policy, enum tayra__engine engine)
{
	struct tayra__replay_options options = {
		.policy = policy,
		.engine = engine,
		.sizes = TAYRA__SIZES_UNIT,
		.capacity = KEYS / 20,
		.objective = TAYRA__OBJECTIVE_COST,
		.seed = 1,
	};
	struct tayra__replay_result result;

	assert_int_equal(tayra__replay_run(requests, &options, &result), TAYRA_OK);
	return result.missed_cost_ms;
}

/* What tayra's misses cost less than the baseline's, over pairs of requests and costs drawn anew.
 */
static void
expect_dearer(const char *baseline, enum tayra__engine engine)
{
	double difference[PAIRS], base[PAIRS];
	struct tayra__signflip flip;

	for (uint64_t seed = 0; seed < PAIRS; seed++) {
		struct tayra__requests *requests = rows_random(seed + 1, REQUESTS, KEYS,
							       ROWS_PLAIN);

		tayra__price_requests(requests, TAYRA__PRICE_KEY, seed);
		base[seed] = cost_of(requests, baseline, engine);
		difference[seed] = cost_of(requests, "tayra", engine) - base[seed];
		tayra__requests_destroy(requests);
	}
	assert_int_equal(tayra__signflip_test(difference, base, PAIRS, 0.05, 1, &flip), TAYRA_OK);
	print_message("# cost of misses against %s: %+.1f%% [%+.1f, %+.1f], p %.3f\n", baseline,
		      50 * (flip.lo + flip.hi), 100 * flip.lo, 100 * flip.hi, flip.p);
	assert_true(flip.hi < -0.05);
}

static void
with_cost_as_objective_misses_cost_less_than_those_of_lru_and_s3fifo(void **state)
{
	expect_dearer("lru", TAYRA__ENGINE_EXACT);
	expect_dearer("s3fifo", TAYRA__ENGINE_EXACT);
	expect_dearer("s3fifo", TAYRA__ENGINE_CACHE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_costs_the_same_every_time_and_deletes_cost_nothing),
		cmocka_unit_test(costs_by_size_are_a_round_trip_and_a_transfer),
		cmocka_unit_test(costs_by_key_are_lognormal_and_change_with_the_seed),
		cmocka_unit_test(
			with_cost_as_objective_misses_cost_less_than_those_of_lru_and_s3fifo),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
