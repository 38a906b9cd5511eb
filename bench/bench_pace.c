/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pace.c: what pacing costs a request when nobody is in the way, and when somebody is: what
 * of goal G11 needs one thread.
 */
#include "bench.h"

#include <tayra/pace.h>

/* Time passes as on a busy server, so that windows are closed too. */
#define STEP_NS 200

struct lane {
	struct tayra_pace *pace;
	struct tayra_ticket ticket;
	struct tayra_pace_request request;
	uint64_t now_ns;
};

static void
enter_leave(void *ctx, uint64_t ops)
{
	struct lane *lane = ctx;

	for (uint64_t i = 0; i < ops; i++) {
		lane->now_ns += STEP_NS;
		if (tayra_pace_try_enter(lane->pace, &lane->request, lane->now_ns, &lane->ticket) !=
		    TAYRA_OK)
			abort();
		tayra_pace_leave(lane->pace, &lane->ticket, TAYRA_OUTCOME_OK, lane->now_ns + 100);
	}
}

/* With the two looks at the clock that a caller needs who has no time at hand. */
static void
enter_leave_clock(void *ctx, uint64_t ops)
{
	const struct tayra_clock *clock = tayra_clock_real();
	struct lane *lane = ctx;

	for (uint64_t i = 0; i < ops; i++) {
		if (tayra_pace_try_enter(lane->pace, &lane->request, tayra__clock_mono_ns(clock),
					 &lane->ticket) != TAYRA_OK)
			abort();
		tayra_pace_leave(lane->pace, &lane->ticket, TAYRA_OUTCOME_OK,
				 tayra__clock_mono_ns(clock));
	}
}

static void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	(void)ticket;
	(void)arg;
	if (status != TAYRA_OK)
		abort();
}

/* Limit 1: every request waits in the queue for the one before it to leave. */
static void
queue_hand_over(void *ctx, uint64_t ops)
{
	struct lane *lane = ctx;
	struct tayra_pace_request request = { .decided = on_decided };
	struct tayra_ticket tickets[2] = { 0 };

	if (tayra_pace_enter_start(lane->pace, &request, lane->now_ns, &tickets[0]) != TAYRA_OK)
		abort();
	for (uint64_t i = 0; i < ops; i++) {
		lane->now_ns += STEP_NS;
		if (tayra_pace_enter_start(lane->pace, &request, lane->now_ns,
					   &tickets[(i + 1) & 1]) != TAYRA_PENDING)
			abort();
		tayra_pace_leave(lane->pace, &tickets[i & 1], TAYRA_OUTCOME_OK, lane->now_ns);
	}
	tayra_pace_leave(lane->pace, &tickets[ops & 1], TAYRA_OUTCOME_OK, lane->now_ns);
}

static struct lane
lane_of(double limit)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct lane lane = { .now_ns = TAYRA_NS_PER_S };

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = limit;
	if (tayra_pace_create(&options, &lane.pace) != TAYRA_OK)
		abort();
	return lane;
}

int
main(void)
{
	struct lane wide = lane_of(8), narrow = lane_of(1), real = lane_of(8);
	double values[BENCH_REPEATS];

	bench_measure(enter_leave, &wide, 1000000, values);
	bench_print_goal("pace", "G11", "enter_leave_ns", 60, values);
	bench_cpu_ns("pace", "enter_leave_clock_ns", enter_leave_clock, &real, 1000000);
	for (int i = 0; i < BENCH_REPEATS; i++)
		values[i] = sizeof(struct tayra_ticket);
	bench_print_goal("pace", "G11", "bytes_per_queued_request", 192, values);
	wide.request.deadline_ns = UINT64_MAX;
	bench_cpu_ns("pace", "enter_leave_deadline_ns", enter_leave, &wide, 1000000);
	bench_cpu_ns("pace", "queue_hand_over_ns", queue_hand_over, &narrow, 300000);
	tayra_pace_destroy(real.pace);
	tayra_pace_destroy(wide.pace);
	tayra_pace_destroy(narrow.pace);
	return 0;
}
