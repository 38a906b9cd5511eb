/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads that weigh more than one slot of the limit.
 */
#include "stage.h"

static struct tayra_pace *
open_behind(struct stage *s, double limit)
{
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = limit;
	assert_int_equal(tayra_pace_create(&po, &o.pace), TAYRA_OK);
	stage_open(s, &o);
	return o.pace;
}

static void
start_costly(struct stage *s, const char *key, uint32_t cost)
{
	struct tayra_request r = ask(s, key, park);

	r.cost = cost;
	assert_int_equal(start(s, &r, NULL), TAYRA_PENDING);
}

static uint32_t
held(struct tayra_pace *pace)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(pace, &stats);
	return stats.inflight;
}

static void
close_behind(struct stage *s, struct tayra_pace *pace)
{
	assert_int_equal(held(pace), 0);
	stage_close(s);
	tayra_pace_destroy(pace);
}

static void
a_heavy_load_takes_more_of_the_limit(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_behind(&s, 4);

	start_costly(&s, "a", 3);
	start_costly(&s, "b", 2);
	assert_int_equal(s.calls, 1);
	assert_int_equal(held(pace), 3);
	finish(s.parked[0], "1");
	got_value(&s, "1"); /* and runs what has its turn */
	assert_int_equal(s.calls, 2);
	assert_int_equal(held(pace), 2);
	start_costly(&s, "c", 0);
	assert_int_equal(s.calls, 3);
	assert_int_equal(held(pace), 3);
	finish(s.parked[1], "2");
	got_value(&s, "2");
	finish(s.parked[2], "3");
	got_value(&s, "3");
	close_behind(&s, pace);
}

static void
who_joins_pays_nothing(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_behind(&s, 4);
	struct tayra_completion c[2];

	start_costly(&s, "a", 1);
	start_costly(&s, "a", 4);
	assert_int_equal(held(pace), 1);
	finish(s.parked[0], "1");
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 2);
	tayra_release(&c[0].ref);
	tayra_release(&c[1].ref);
	close_behind(&s, pace);
}

static void
one_that_enters_anew_costs_the_same(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_behind(&s, 4);
	struct tayra_request r = ask(&s, "a", park);

	r.cost = 3;
	r.timeout_ns = TAYRA_NS_PER_S;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	stage_pass_ms(&s, 1000);
	tayra_tick(s.t, 0);
	got_status(&s, TAYRA_E_TIMEOUT); /* nobody waits, so its loader gives up; but then */
	start_costly(&s, "a", 1);
	tayra_load_fail(s.parked[0], TAYRA_E_CANCELLED, 0);
	got_none(&s);
	assert_int_equal(s.calls, 2);
	assert_int_equal(held(pace), 3);
	finish(s.parked[1], "1");
	got_value(&s, "1");
	close_behind(&s, pace);
}

static void
a_cost_out_of_range_is_refused(void **state)
{
	struct stage s;
	struct tayra_pace *pace = open_behind(&s, 4);
	struct tayra_request r = ask(&s, "a", park);
	struct tayra_ref ref;

	r.cost = TAYRA_COST_MAX + 1;
	assert_int_equal(tayra_get_or_load_start(s.t, &r, s.cq, NULL, &ref), TAYRA_E_INVAL);
	start_costly(&s, "a", TAYRA_COST_MAX); /* more than the limit: alone */
	start_costly(&s, "b", 1);
	assert_int_equal(s.calls, 1);
	finish(s.parked[0], "1");
	got_value(&s, "1");
	finish(s.parked[1], "2");
	got_value(&s, "2");
	close_behind(&s, pace);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_heavy_load_takes_more_of_the_limit),
	cmocka_unit_test(who_joins_pays_nothing),
	cmocka_unit_test(one_that_enters_anew_costs_the_same),
	cmocka_unit_test(a_cost_out_of_range_is_refused),
};

RUN_TESTS(tests)
