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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
