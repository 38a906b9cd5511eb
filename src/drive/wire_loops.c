/* SPDX-License-Identifier: Apache-2.0
 *
 * The two loops over a wire.  Open: the backlog is two streams of the same arrivals, one behind the
 * other, as in open.c.  Closed: as many requests under way as there are clients.
 */
#include "drive/wire_run.h"

#include "base/clock.h"
#include "drive/arrivals.h"
#include "drive/realtime.h"
#include "drive/tally.h"

#include <math.h>
#include <unistd.h>

#define SPIN_MOST_NS 150e3
#define SPIN_SHARE   0.2 /* of a processor at most */

struct open_run {
	struct tayra__wire_work work; /* first: its functions get this */
	struct tayra__wire *wire;
	const struct tayra__open_plan *plan;
	uint64_t start_ns;
	struct tayra__arrival_stream ahead, behind; /* what is due, what was begun */
};

struct closed_run {
	struct tayra__wire_work work; /* first */
	struct tayra__wire *wire;
	const struct tayra__closed_plan *plan;
	uint64_t number;
};

static bool
stopped(const _Atomic bool *stop)
{
	return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

static uint64_t
deadline(uint64_t due_ns, uint64_t wait_ns)
{
	uint64_t at;

	return !wait_ns || __builtin_add_overflow(due_ns, wait_ns, &at) ? UINT64_MAX : at;
}

/* The next of the backlog, if there is one. */
static bool
open_take(struct tayra__wire_work *work, uint64_t now, struct tayra__call *call)
{
	struct open_run *run = (struct open_run *)(void *)work;

	if (run->behind.number == run->ahead.number)
		return false;
	*call = (struct tayra__call){ .due_ns = run->start_ns +
						tayra__arrivals_peek(&run->behind) };
	call->number = tayra__arrivals_take(&run->behind);
	tayra__wire_draw(run->wire, call);
	call->deadline_ns = deadline(call->due_ns, run->plan->deadline_ns);
	return true;
}

/* With nobody to ask, the backlog fails. */
static void
open_refused(struct tayra__wire_work *work, uint64_t now)
{
	struct open_run *run = (struct open_run *)(void *)work;
	struct tayra__call call;

	while (tayra__wire_hopeless(run->wire) && open_take(work, now, &call))
		tayra__wire_fail(run->wire, work, &call, TAYRA__WIRE_CONNECT, now);
}

/* When the next one becomes due; UINT64_MAX: none does any more. */
static uint64_t
next_due(const struct open_run *run)
{
	uint64_t offset = tayra__arrivals_peek(&run->ahead);

	return offset < run->plan->length_ns ? run->start_ns + offset : UINT64_MAX;
}

/* A request that has to wait is worth one more connection, while there may be more. */
static void
want_more(struct open_run *run)
{
	struct tayra__wire *wire = run->wire;

	if (run->behind.number != run->ahead.number && wire->up >= wire->wanted &&
	    wire->wanted < wire->connections)
		wire->wanted++;
}

/* What is due goes out, or waits. */
static void
open_tick(struct tayra__wire_work *work, uint64_t now)
{
	struct open_run *run = (struct open_run *)(void *)work;
	uint64_t due;

	while ((due = next_due(run)) <= now && !stopped(run->plan->stop)) {
		tayra__arrivals_take(&run->ahead);
		/* Before it is written: what the system takes to deliver it is no lateness. */
		tayra__tally_lag(work->result, now - due);
		now = tayra__wire_start(run->wire, work, now);
		open_refused(work, now);
		want_more(run);
	}
}

static void
generate(struct open_run *run)
{
	uint64_t now = run->start_ns, end = run->work.end_ns;

	open_tick(&run->work, now);
	while (now < end && !stopped(run->plan->stop)) {
		uint64_t due = next_due(run);

		now = tayra__wire_turn(run->wire, &run->work, due < end ? due : end, end);
	}
	/* What became due while we slept past the end is asked too, and its lag seen. */
	open_tick(&run->work, now);
	run->work.result->length_ns = (now < end ? now : end) - run->start_ns;
}

/* Let the backlog run down for drain_ns, give up the rest, wait for what is under way. */
static void
drain(struct open_run *run, uint64_t drain_ns)
{
	uint64_t now = tayra__clock_real_ns(), until;
	struct tayra__call call;

	if (__builtin_add_overflow(now, drain_ns, &until))
		until = UINT64_MAX;
	while (run->behind.number != run->ahead.number && now < until && !stopped(run->plan->stop))
		now = tayra__wire_turn(run->wire, &run->work, UINT64_MAX, until);
	while (open_take(&run->work, now, &call))
		tayra__wire_abandon_call(run->wire, &run->work, &call, now);
}

static void
wait_for_answers(struct tayra__wire *wire, struct tayra__wire_work *work, const _Atomic bool *stop)
{
	uint64_t now = tayra__clock_real_ns();

	/* Nobody is needed any more: what closes stays closed. */
	wire->wanted = 0;
	while (wire->busy && !stopped(stop))
		now = tayra__wire_turn(wire, work, UINT64_MAX, UINT64_MAX);
	if (wire->busy)
		tayra__wire_abandon(wire, work, now);
}

/* Waking from sleep takes a virtual machine a tenth of a millisecond, which would be lag: the last
 * bit of each wait is spent polling.  Not where that would leave the server less than a processor.
 */
static uint64_t
spin_for(const struct tayra__wire *wire, const struct tayra__open_plan *plan)
{
	double gap_ns = (double)plan->length_ns / fmax(1, tayra__arrivals_expected(plan));

	if (wire->busy_poll)
		return UINT64_MAX;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return 0;
	return (uint64_t)fmin(SPIN_MOST_NS, SPIN_SHARE * gap_ns);
}

int
tayra__wire_drive_open(struct tayra__wire *wire, const struct tayra__open_plan *plan,
		       uint64_t drain_ns, struct tayra__drive_result *result)
{
	struct open_run run = { .work = { .result = result,
					  .take = open_take,
					  .tick = open_tick,
					  .refused = open_refused },
				.wire = wire,
				.plan = plan };
	struct tayra__realtime realtime = { 0 };
	uint64_t cpu;

	if (!tayra__arrivals_plausible(plan))
		return TAYRA_E_INVAL;
	tayra__tally_init(result, plan->live);
	tayra__arrivals_plan(&run.ahead, plan);
	run.behind = run.ahead;
	tayra__wire_begin(wire, plan->seed);
	tayra__wire_ready(wire, wire->ready, plan->stop);
	wire->spin_ns = spin_for(wire, plan);
	/* The system takes the processor from a realtime thread that never sleeps, for 50 ms of
	 * each second. */
	if (!wire->busy_poll)
		tayra__realtime_enter(&realtime);
	result->realtime = realtime.on;
	cpu = tayra__clock_process_cpu_ns();
	run.start_ns = tayra__clock_real_ns();
	run.work.end_ns = run.start_ns + plan->length_ns;
	tayra__tally_begin(result, run.start_ns, plan->length_ns);
	generate(&run);
	drain(&run, drain_ns);
	wait_for_answers(wire, &run.work, plan->stop);
	wire->spin_ns = 0;
	tayra__realtime_leave(&realtime);
	tayra__wire_end(wire, result, run.ahead.number);
	result->cpu_ns = tayra__clock_process_cpu_ns() - cpu;
	return TAYRA_OK;
}

static bool
closed_take(struct tayra__wire_work *work, uint64_t now, struct tayra__call *call)
{
	struct closed_run *run = (struct closed_run *)(void *)work;

	if (now >= work->end_ns || stopped(run->plan->stop) ||
	    run->wire->busy + run->wire->thinkers.heap.count >= run->plan->clients)
		return false;
	*call = (struct tayra__call){ .number = run->number++,
				      .due_ns = now,
				      .deadline_ns = deadline(now, run->plan->deadline_ns) };
	tayra__wire_draw(run->wire, call);
	return true;
}

/* The client that wanted that connection was refused. */
static void
closed_refused(struct tayra__wire_work *work, uint64_t now)
{
	struct closed_run *run = (struct closed_run *)(void *)work;
	struct tayra__call call;

	if (closed_take(work, now, &call))
		tayra__wire_fail(run->wire, work, &call, TAYRA__WIRE_CONNECT, now);
}

/* Whoever was answered asks again at once, which wire_run.c does, or thinks before. */
static void
closed_ended(struct tayra__wire_work *work, const struct tayra__call *call, uint64_t now)
{
	struct tayra__wire *wire = ((struct closed_run *)(void *)work)->wire;

	tayra__thinkers_add(&wire->thinkers,
			    now + tayra__scenario_think_ns(wire->scenario, call->kind, &wire->seed,
							   call->number));
}

static void
closed_tick(struct tayra__wire_work *work, uint64_t now)
{
	struct tayra__wire *wire = ((struct closed_run *)(void *)work)->wire;
	bool any = false;

	while (tayra__thinkers_take(&wire->thinkers, now))
		any = true;
	if (any)
		tayra__wire_start(wire, work, now);
}

/* Clients that think would all begin at the same moment, and stay together: each has thought for a
 * while already. */
static void
closed_begin(struct closed_run *run, uint64_t start)
{
	struct tayra__wire *wire = run->wire;
	struct tayra__rng rng;

	while (tayra__thinkers_take(&wire->thinkers, UINT64_MAX)) {
	}
	if (!wire->thinkers.clients)
		return;
	run->work.ended = closed_ended;
	tayra__rng_init(&rng, ~run->plan->seed);
	for (uint32_t i = 0; i < run->plan->clients; i++)
		tayra__thinkers_add(&wire->thinkers,
				    start + tayra__scenario_thinks_still_ns(wire->scenario, &rng));
}

/* When the next client has thought enough, if that is within the slice. */
static uint64_t
next_thought(const struct closed_run *run)
{
	uint64_t next = tayra__thinkers_next(&run->wire->thinkers);

	return next < run->work.end_ns ? next : UINT64_MAX;
}

int
tayra__wire_drive_closed(struct tayra__wire *wire, const struct tayra__closed_plan *plan,
			 struct tayra__drive_result *result)
{
	struct closed_run run = { .work = { .result = result,
					    .take = closed_take,
					    .tick = closed_tick,
					    .refused = closed_refused },
				  .wire = wire,
				  .plan = plan };
	uint64_t start = tayra__clock_real_ns(), now, cpu;

	if (!plan->clients || plan->clients > wire->connections || !plan->length_ns ||
	    __builtin_add_overflow(start, plan->length_ns, &run.work.end_ns))
		return TAYRA_E_INVAL;
	tayra__tally_init(result, plan->live);
	tayra__wire_begin(wire, plan->seed);
	tayra__wire_ready(wire, plan->clients, plan->stop);
	cpu = tayra__clock_process_cpu_ns();
	start = tayra__clock_real_ns();
	run.work.end_ns = start + plan->length_ns;
	tayra__tally_begin(result, start, plan->length_ns);
	closed_begin(&run, start);
	now = tayra__wire_start(wire, &run.work, start);
	while (now < run.work.end_ns && !stopped(plan->stop))
		now = tayra__wire_turn(wire, &run.work, next_thought(&run), run.work.end_ns);
	result->length_ns = (now < run.work.end_ns ? now : run.work.end_ns) - start;
	wait_for_answers(wire, &run.work, plan->stop);
	tayra__wire_end(wire, result, run.number);
	result->cpu_ns = tayra__clock_process_cpu_ns() - cpu;
	return TAYRA_OK;
}
