/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/backend.h"

#include "base/list.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS
#define S  TAYRA_NS_PER_S

struct work {
	struct tayra__job job;
	uint64_t done_ns;
	enum tayra_outcome outcome;
	int times;
};

static void
on_done(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns)
{
	struct work *work = TAYRA__LIST_ENTRY(job, struct work, job);

	work->done_ns = now_ns;
	work->outcome = outcome;
	work->times++;
}

static struct work
work_of(void)
{
	return (struct work){ .job = { .done = on_done } };
}

struct room {
	struct tayra__events events;
	struct tayra__backend backend;
};

/* Ten mean jobs a second, one at a time. */
static void
open_room(struct room *room, double contention, double coherence)
{
	tayra__events_init(&room->events, 0);
	tayra__backend_init(&room->backend, &room->events,
			    &(struct tayra__backend_shape){ .rate_per_s = 10,
							    .contention = contention,
							    .coherence = coherence },
			    1);
}

static void
close_room(struct room *room)
{
	tayra__backend_fini(&room->backend);
	tayra__events_fini(&room->events);
}

static double
rate(const struct room *room, size_t n)
{
	return tayra__backend_law_rate(&room->backend.shape, n, false);
}

/* Rounding to whole nanoseconds and billionths of a job. */
static void
assert_near(uint64_t ns, uint64_t expected_ns)
{
	assert_in_range(ns, expected_ns - 10, expected_ns + 10);
}

static void
a_job_alone_takes_its_size(void **state)
{
	struct room room;
	struct work work = work_of();

	open_room(&room, 0, 0);
	tayra__backend_start(&room.backend, &work.job, 2.5);
	tayra__events_run(&room.events, S);
	assert_near(work.done_ns, 250 * MS);
	assert_int_equal(work.outcome, TAYRA_OUTCOME_OK);
	close_room(&room);
}

/* Full contention: two jobs share what one would get. */
static void
jobs_share_equally(void **state)
{
	struct room room;
	struct work small = work_of(), large = work_of();

	open_room(&room, 1, 0);
	tayra__backend_start(&room.backend, &large.job, 2);
	tayra__events_run(&room.events, 100 * MS); /* alone: half of it is done */
	tayra__backend_start(&room.backend, &small.job, 0.5);
	tayra__events_run(&room.events, S);
	assert_near(small.done_ns, 200 * MS);
	assert_near(large.done_ns, 250 * MS);
	close_room(&room);
}

static void
the_rate_follows_the_law_and_has_a_knee(void **state)
{
	struct room room;
	size_t knee;
	double capacity;

	open_room(&room, 0.1, 0.01);
	assert_true(fabs(rate(&room, 1) - 10) < 1e-9);
	assert_true(fabs(rate(&room, 5) - 50 / 1.6) < 1e-9);
	capacity = tayra__backend_law_capacity(&room.backend.shape, &knee);
	assert_in_range(knee, 9, 10); /* sqrt(0.9 / 0.01) = 9.5 */
	assert_true(capacity > rate(&room, 20));
	assert_true(fabs(capacity - rate(&room, knee)) < 1e-9);
	close_room(&room);
}

static void
speed_changes_what_is_left(void **state)
{
	struct room room;
	struct work work = work_of();

	open_room(&room, 0, 0);
	tayra__backend_start(&room.backend, &work.job, 1);
	tayra__events_run(&room.events, 50 * MS);
	tayra__backend_set_speed(&room.backend, 0.25);
	tayra__events_run(&room.events, S);
	assert_near(work.done_ns, 250 * MS);
	close_room(&room);
}

static void
a_hung_backend_finishes_nothing_until_it_wakes(void **state)
{
	struct room room;
	struct work before = work_of(), during = work_of();

	open_room(&room, 0, 0);
	tayra__backend_start(&room.backend, &before.job, 1);
	tayra__events_run(&room.events, 50 * MS);
	tayra__backend_set_hung(&room.backend, true);
	tayra__backend_start(&room.backend, &during.job, 1);
	tayra__events_run(&room.events, 5 * S);
	assert_int_equal(before.times + during.times, 0);
	assert_int_equal(tayra__backend_inside(&room.backend), 2);
	tayra__backend_set_hung(&room.backend, false);
	tayra__events_run(&room.events, 6 * S);
	assert_near(before.done_ns, 5 * S + 50 * MS);
	assert_near(during.done_ns, 5 * S + 100 * MS);
	close_room(&room);
}

static void
a_dead_backend_fails_all_at_once(void **state)
{
	struct room room;
	struct work inside = work_of(), after = work_of(), later = work_of();

	open_room(&room, 0, 0);
	tayra__backend_start(&room.backend, &inside.job, 1);
	tayra__events_run(&room.events, 50 * MS);
	tayra__backend_set_dead(&room.backend, true);
	assert_int_equal(inside.outcome, TAYRA_OUTCOME_ERROR);
	assert_int_equal(inside.done_ns, 50 * MS);
	tayra__backend_start(&room.backend, &after.job, 1);
	assert_int_equal(after.outcome, TAYRA_OUTCOME_ERROR);
	tayra__backend_set_dead(&room.backend, false);
	tayra__backend_start(&room.backend, &later.job, 1);
	tayra__events_run(&room.events, S);
	assert_near(later.done_ns, 150 * MS);
	assert_int_equal(inside.times, 1);
	assert_int_equal(after.times, 1);
	close_room(&room);
}

static void
open_kind(struct room *room, struct tayra__backend_shape shape)
{
	shape.rate_per_s = 10;
	assert_null(tayra__backend_law_fill(&shape));
	tayra__events_init(&room->events, 0);
	tayra__backend_init(&room->backend, &room->events, &shape, 1);
}

static void
servers_serve_in_the_order_of_arrival(void **state)
{
	struct room room;
	struct work works[3] = { work_of(), work_of(), work_of() };

	open_kind(&room,
		  (struct tayra__backend_shape){ .kind = TAYRA__BACKEND_SERVERS, .servers = 2 });
	tayra__backend_start(&room.backend, &works[0].job, 2);
	tayra__backend_start(&room.backend, &works[1].job, 1);
	tayra__backend_start(&room.backend, &works[2].job, 1);
	tayra__events_run(&room.events, S);
	assert_near(works[0].done_ns, 200 * MS); /* has a server to itself */
	assert_near(works[1].done_ns, 100 * MS);
	assert_near(works[2].done_ns, 200 * MS); /* waited for the second one */
	close_room(&room);
}

/* Beyond 3 it begins, and lasts until one is left. */
static void
a_convoy_outlives_its_cause(void **state)
{
	struct room room;
	struct work works[4] = { work_of(), work_of(), work_of(), work_of() };

	open_kind(&room, (struct tayra__backend_shape){ .kind = TAYRA__BACKEND_CONVOY,
							.servers = 4,
							.knee = 3,
							.release = 1,
							.collapse = 0.1 });
	for (int i = 0; i < 4; i++)
		tayra__backend_start(&room.backend, &works[i].job, i == 0 ? 0.1 : 1);
	tayra__events_run(&room.events, 101 * MS);
	assert_near(works[0].done_ns, 100 * MS); /* a tenth of its speed */
	assert_true(room.backend.stuck);         /* though three are left */
	tayra__events_run(&room.events, 5 * S);
	assert_false(room.backend.stuck);
	close_room(&room);
}

static void
a_pool_that_is_too_small_by_a_little_is_worth_little(void **state)
{
	struct room room;

	open_kind(&room, (struct tayra__backend_shape){
				 .kind = TAYRA__BACKEND_THRASH, .servers = 4, .knee = 5 });
	assert_true(fabs(rate(&room, 5) - 40) < 1e-9);
	assert_true(rate(&room, 6) < 0.25 * rate(&room, 5));
	assert_true(rate(&room, 32) < rate(&room, 6));
	close_room(&room);
}

static void
a_batch_begins_when_it_is_full_or_has_waited_long_enough(void **state)
{
	struct room room;
	struct work works[5];

	open_kind(&room, (struct tayra__backend_shape){ .kind = TAYRA__BACKEND_BATCH,
							.batch = 4,
							.setup = 0.6,
							.linger_ns = 10 * MS });
	for (int i = 0; i < 5; i++) {
		works[i] = work_of();
		tayra__backend_start(&room.backend, &works[i].job, 1);
	}
	tayra__events_run(&room.events, S);
	for (int i = 0; i < 4; i++)
		assert_near(works[i].done_ns, 100 * MS);
	assert_near(works[4].done_ns, 180 * MS); /* alone: 0.6 + 0.4/4 of a batch, after 10 ms */
	close_room(&room);
}

static void
the_door_tells_off_who_is_over_the_rate_and_fails_its_share(void **state)
{
	struct room room;
	static struct work works[1000];
	int errors = 0, overloads = 0;

	open_kind(&room,
		  (struct tayra__backend_shape){
			  .errors = 0.25, .error_ns = 2 * MS, .limit_per_s = 100, .burst = 50 });
	for (int i = 0; i < 1000; i++) {
		works[i] = work_of();
		tayra__backend_start(&room.backend, &works[i].job, 0.001);
	}
	tayra__events_run(&room.events, 10 * S);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(works[i].times, 1);
		errors += works[i].outcome == TAYRA_OUTCOME_ERROR;
		overloads += works[i].outcome == TAYRA_OUTCOME_OVERLOAD;
		if (works[i].outcome != TAYRA_OUTCOME_OK)
			assert_int_equal(works[i].done_ns, 2 * MS);
	}
	assert_in_range(errors, 200, 300);
	assert_int_equal(1000 - errors - overloads, 50);
	close_room(&room);
}

static void
a_delay_costs_time_and_no_capacity(void **state)
{
	struct room room;
	struct work works[2] = { work_of(), work_of() };

	open_kind(&room, (struct tayra__backend_shape){ .kind = TAYRA__BACKEND_SERVERS,
							.servers = 1,
							.delay_ns = 50 * MS });
	tayra__backend_start(&room.backend, &works[0].job, 1);
	tayra__backend_start(&room.backend, &works[1].job, 1);
	tayra__events_run(&room.events, S);
	assert_near(works[0].done_ns, 150 * MS);
	assert_near(works[1].done_ns, 250 * MS);
	close_room(&room);
}

static void
dying_fails_those_who_wait_and_those_at_the_door_too(void **state)
{
	struct room room;
	struct work works[3] = { work_of(), work_of(), work_of() };

	open_kind(&room, (struct tayra__backend_shape){ .kind = TAYRA__BACKEND_SERVERS,
							.servers = 1,
							.delay_ns = 50 * MS });
	tayra__backend_start(&room.backend, &works[0].job, 1);
	tayra__backend_start(&room.backend, &works[1].job, 1);
	tayra__events_run(&room.events, 60 * MS);
	tayra__backend_start(&room.backend, &works[2].job, 1);
	assert_int_equal(tayra__backend_inside(&room.backend), 3);
	tayra__backend_set_dead(&room.backend, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(works[i].outcome, TAYRA_OUTCOME_ERROR);
	assert_int_equal(tayra__backend_inside(&room.backend), 0);
	tayra__events_run(&room.events, S);
	assert_int_equal(works[0].times + works[1].times + works[2].times, 3);
	close_room(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_alone_takes_its_size),
		cmocka_unit_test(jobs_share_equally),
		cmocka_unit_test(the_rate_follows_the_law_and_has_a_knee),
		cmocka_unit_test(speed_changes_what_is_left),
		cmocka_unit_test(a_hung_backend_finishes_nothing_until_it_wakes),
		cmocka_unit_test(a_dead_backend_fails_all_at_once),
		cmocka_unit_test(servers_serve_in_the_order_of_arrival),
		cmocka_unit_test(a_convoy_outlives_its_cause),
		cmocka_unit_test(a_pool_that_is_too_small_by_a_little_is_worth_little),
		cmocka_unit_test(a_batch_begins_when_it_is_full_or_has_waited_long_enough),
		cmocka_unit_test(the_door_tells_off_who_is_over_the_rate_and_fails_its_share),
		cmocka_unit_test(a_delay_costs_time_and_no_capacity),
		cmocka_unit_test(dying_fails_those_who_wait_and_those_at_the_door_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
