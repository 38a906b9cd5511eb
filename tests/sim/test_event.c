/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/event.h"

#include "base/list.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

struct bell {
	struct tayra__event event;
	struct tayra__events *events;
	uint64_t rung_ns[3];
	int times;
	uint64_t again_ns; /* ring again after that; 0: do not */
};

static void
ring(struct tayra__event *event, uint64_t now_ns)
{
	struct bell *bell = TAYRA__LIST_ENTRY(event, struct bell, event);

	assert_int_equal(now_ns, bell->events->clock.mono_ns(bell->events->clock.ctx));
	bell->rung_ns[bell->times++] = now_ns;
	if (bell->again_ns && bell->times < 3)
		tayra__events_set(bell->events, event, now_ns + bell->again_ns);
}

static struct bell
bell_of(struct tayra__events *events)
{
	return (struct bell){ .event = { .fire = ring }, .events = events };
}

static void
time_jumps_from_one_event_to_the_next(void **state)
{
	struct tayra__events events;
	struct bell early, late;

	tayra__events_init(&events, 100);
	early = late = bell_of(&events);
	tayra__events_set(&events, &late.event, 5000);
	tayra__events_set(&events, &early.event, 2000);
	tayra__events_run(&events, 4999);
	assert_int_equal(early.rung_ns[0], 2000);
	assert_int_equal(late.times, 0);
	assert_int_equal(events.now_ns, 4999);
	tayra__events_run(&events, 5000);
	assert_int_equal(late.rung_ns[0], 5000);
	tayra__events_fini(&events);
}

static void
an_event_may_set_itself_again(void **state)
{
	struct tayra__events events;
	struct bell bell;

	tayra__events_init(&events, 0);
	bell = bell_of(&events);
	bell.again_ns = 10;
	tayra__events_set(&events, &bell.event, 5);
	tayra__events_run(&events, 100);
	assert_int_equal(bell.times, 3);
	assert_int_equal(bell.rung_ns[2], 25);
	tayra__events_fini(&events);
}

static void
in_pieces_the_same_happens(void **state)
{
	struct tayra__events events;
	struct bell bell;

	tayra__events_init(&events, 0);
	bell = bell_of(&events);
	bell.again_ns = 10;
	tayra__events_set(&events, &bell.event, 5);
	assert_false(tayra__events_run_some(&events, 100, 2));
	assert_int_equal(bell.times, 2);
	assert_int_equal(events.now_ns, 15);
	assert_true(tayra__events_run_some(&events, 100, 2));
	assert_int_equal(bell.times, 3);
	assert_int_equal(events.now_ns, 100);
	tayra__events_fini(&events);
}

static void
setting_moves_and_unsetting_removes(void **state)
{
	struct tayra__events events;
	struct bell bell, gone;

	tayra__events_init(&events, 0);
	bell = gone = bell_of(&events);
	tayra__events_set(&events, &bell.event, 5);
	tayra__events_set(&events, &bell.event, 50);
	tayra__events_set(&events, &gone.event, 20);
	tayra__events_unset(&events, &gone.event);
	tayra__events_unset(&events, &gone.event);
	tayra__events_run(&events, 100);
	assert_int_equal(bell.times, 1);
	assert_int_equal(bell.rung_ns[0], 50);
	assert_int_equal(gone.times, 0);
	tayra__events_fini(&events);
}

static void
the_past_is_now(void **state)
{
	struct tayra__events events;
	struct bell bell;

	tayra__events_init(&events, 1000);
	bell = bell_of(&events);
	tayra__events_set(&events, &bell.event, 5);
	tayra__events_run(&events, 1000);
	assert_int_equal(bell.rung_ns[0], 1000);
	tayra__events_fini(&events);
}

static void
the_clock_shows_virtual_time(void **state)
{
	struct tayra__events events;

	tayra__events_init(&events, 0);
	tayra__events_run(&events, 3 * TAYRA_NS_PER_S);
	assert_int_equal(events.clock.mono_ns(events.clock.ctx), 3 * TAYRA_NS_PER_S);
	assert_int_equal(events.clock.wall_ms(events.clock.ctx), 3000);
	tayra__events_fini(&events);
}

static uint64_t
trace_with(uint64_t at_ns, uint64_t note)
{
	struct tayra__events events;
	struct bell bell;
	uint64_t trace;

	tayra__events_init(&events, 0);
	bell = bell_of(&events);
	tayra__events_set(&events, &bell.event, at_ns);
	tayra__events_run(&events, 100);
	tayra__events_note(&events, note);
	trace = events.trace;
	tayra__events_fini(&events);
	return trace;
}

static void
the_trace_tells_runs_apart(void **state)
{
	assert_int_equal(trace_with(5, 1), trace_with(5, 1));
	assert_int_not_equal(trace_with(5, 1), trace_with(6, 1));
	assert_int_not_equal(trace_with(5, 1), trace_with(5, 2));
}

static void
without_memory_the_event_is_not_set(void **state)
{
	struct tayra__events events;
	struct bell bell;

	tayra__events_init(&events, 0);
	bell = bell_of(&events);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__events_set(&events, &bell.event, 5), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	tayra__events_run(&events, 100);
	assert_int_equal(bell.times, 0);
	tayra__events_fini(&events);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_jumps_from_one_event_to_the_next),
		cmocka_unit_test(an_event_may_set_itself_again),
		cmocka_unit_test(in_pieces_the_same_happens),
		cmocka_unit_test(setting_moves_and_unsetting_removes),
		cmocka_unit_test(the_past_is_now),
		cmocka_unit_test(the_clock_shows_virtual_time),
		cmocka_unit_test(the_trace_tells_runs_apart),
		cmocka_unit_test(without_memory_the_event_is_not_set),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
