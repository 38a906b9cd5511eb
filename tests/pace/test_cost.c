/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that weigh more than one slot.
 */
#include "guest.h"

static int
start_costly(struct tayra_pace *pace, struct guest *guest, uint32_t cost, uint64_t now_ns)
{
	struct tayra_pace_request request = {
		.cost = cost,
		.decided = on_decided,
		.arg = guest,
	};

	*guest = (struct guest){ .pace = pace, .status = TAYRA_PENDING };
	return tayra_pace_enter_start(pace, &request, now_ns, &guest->ticket);
}

static void
leave(struct tayra_pace *pace, struct guest *guest)
{
	tayra_pace_leave(pace, &guest->ticket, TAYRA_OUTCOME_OK, 10);
}

static void
the_limit_counts_what_requests_cost(void **state)
{
	struct tayra_pace *pace = fixed(8, 10);
	struct guest a, b, c, d;

	assert_int_equal(start_costly(pace, &a, 5, 1), TAYRA_OK);
	assert_int_equal(start_costly(pace, &b, 3, 1), TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 8);
	assert_int_equal(start_costly(pace, &c, 5, 1), TAYRA_PENDING);
	leave(pace, &b);
	assert_int_equal(stats_of(pace).inflight, 5);
	assert_int_equal(c.told, 0); /* three slots are free, it needs five */
	assert_int_equal(start_costly(pace, &d, 1, 1), TAYRA_PENDING); /* and nobody goes past */
	leave(pace, &a);
	assert_int_equal(c.status, TAYRA_OK);
	assert_int_equal(d.status, TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 6);
	leave(pace, &c);
	leave(pace, &d);
	assert_int_equal(stats_of(pace).inflight, 0);
	tayra_pace_destroy(pace);
}

static void
what_costs_more_than_the_limit_goes_in_alone(void **state)
{
	struct tayra_pace *pace = fixed(4, 10);
	struct guest big, small, next;

	assert_int_equal(start_costly(pace, &big, TAYRA_COST_MAX, 1), TAYRA_OK);
	assert_int_equal(start_costly(pace, &small, 1, 1), TAYRA_PENDING);
	assert_int_equal(start_costly(pace, &next, 100, 1), TAYRA_PENDING);
	leave(pace, &big);
	assert_int_equal(small.status, TAYRA_OK);
	assert_int_equal(next.told, 0);
	leave(pace, &small);
	assert_int_equal(next.status, TAYRA_OK);
	assert_int_equal(stats_of(pace).inflight, 100);
	leave(pace, &next);
	tayra_pace_destroy(pace);
}

static void
a_cost_out_of_range_is_refused(void **state)
{
	struct tayra_pace *pace = fixed(4, 10);
	struct guest guest;

	assert_int_equal(start_costly(pace, &guest, TAYRA_COST_MAX + 1, 1), TAYRA_E_INVAL);
	assert_int_equal(start_costly(pace, &guest, UINT32_MAX, 1), TAYRA_E_INVAL);
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_counts_what_requests_cost),
		cmocka_unit_test(what_costs_more_than_the_limit_goes_in_alone),
		cmocka_unit_test(a_cost_out_of_range_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
