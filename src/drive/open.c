/* SPDX-License-Identifier: Apache-2.0
 *
 * Open loop.  The calling thread is the generator: it sleeps until a request is due, counts it as
 * due and wakes a worker.  Two streams of the same arrivals run one behind the other: `ahead` says
 * what is due, `behind` what the workers have begun; between them lies the backlog.
 */
#include "drive/drive.h"

#include "base/clock.h"
#include "drive/arrivals.h"
#include "drive/pool.h"
#include "drive/realtime.h"
#include "drive/tally.h"

struct open_run {
	struct tayra__pool_work work; /* first: take and ended get this */
	struct tayra__pool *pool;
	const struct tayra__open_plan *plan;
	struct tayra__drive_result *result;
	uint64_t start_ns, end_ns;
	/* Under pool->lock. */
	struct tayra__arrival_stream ahead, behind;
};

static bool
stopped(const struct tayra__open_plan *plan)
{
	return plan->stop && atomic_load_explicit(plan->stop, memory_order_relaxed);
}

/* The next of the backlog, if there is one. */
static bool
take_due(struct open_run *run, struct tayra__call *call)
{
	uint64_t wait = run->plan->deadline_ns;

	if (run->behind.number == run->ahead.number)
		return false;
	call->due_ns = run->start_ns + tayra__arrivals_peek(&run->behind);
	call->number = tayra__arrivals_take(&run->behind);
	if (!wait || __builtin_add_overflow(call->due_ns, wait, &call->deadline_ns))
		call->deadline_ns = UINT64_MAX;
	return true;
}

static bool
open_take(struct tayra__pool_work *work, uint64_t now, struct tayra__call *call)
{
	(void)now;
	return take_due((struct open_run *)(void *)work, call);
}

static void
open_ended(struct tayra__pool_work *work, const struct tayra__call *call, enum tayra__call_end end,
	   uint64_t now)
{
	struct open_run *run = (struct open_run *)(void *)work;

	tayra__tally_ended(run->result, call, end, now, run->end_ns);
}

/* Make one request due and wake somebody for it. */
static void
hand_over(struct open_run *run, uint64_t due_ns)
{
	struct tayra__worker *worker;
	uint64_t now;

	pthread_mutex_lock(&run->pool->lock);
	tayra__arrivals_take(&run->ahead);
	worker = tayra__pool_pick(run->pool);
	pthread_mutex_unlock(&run->pool->lock);
	tayra__pool_rouse(worker);
	now = tayra__clock_real_ns();
	/* Only this thread touches lag. */
	tayra__tally_lag(run->result, now > due_ns ? now - due_ns : 0);
}

/* Only this thread moves `ahead`, so it may be read without the lock. */
static void
generate(struct open_run *run)
{
	uint64_t now = tayra__clock_real_ns();

	while (!stopped(run->plan)) {
		uint64_t offset = tayra__arrivals_peek(&run->ahead);
		uint64_t due = run->end_ns;

		if (offset < run->plan->length_ns)
			due = run->start_ns + offset;
		if (now < due) {
			tayra__clock_sleep_until_ns(tayra__clock_nap_end_ns(now, due));
			now = tayra__clock_real_ns();
			continue;
		}
		if (due == run->end_ns)
			break;
		hand_over(run, due);
	}
	now = tayra__clock_real_ns();
	run->result->length_ns = (now < run->end_ns ? now : run->end_ns) - run->start_ns;
}

/* Let the backlog run down for drain_ns, give up the rest, wait for what runs. */
static void
drain(struct open_run *run, uint64_t drain_ns)
{
	uint64_t now = tayra__clock_real_ns(), until;
	struct tayra__call call;

	if (stopped(run->plan) || __builtin_add_overflow(now, drain_ns, &until))
		until = stopped(run->plan) ? now : UINT64_MAX;
	pthread_mutex_lock(&run->pool->lock);
	while (now < until && !stopped(run->plan)) {
		if (tayra__pool_wait(run->pool, tayra__clock_nap_end_ns(now, until)))
			break;
		now = tayra__clock_real_ns();
	}
	now = tayra__clock_real_ns();
	while (take_due(run, &call))
		tayra__tally_abandoned(run->result, &call, now, run->end_ns);
	tayra__pool_wait(run->pool, UINT64_MAX);
	pthread_mutex_unlock(&run->pool->lock);
}

int
tayra__drive_open(struct tayra__pool *pool, const struct tayra__target *target,
		  const struct tayra__open_plan *plan, uint64_t drain_ns,
		  struct tayra__drive_result *result)
{
	struct open_run run = { .work = { target, open_take, open_ended },
				.pool = pool,
				.plan = plan,
				.result = result };
	uint64_t cpu = tayra__clock_process_cpu_ns();
	struct tayra__realtime realtime;

	if (!tayra__arrivals_plausible(plan))
		return TAYRA_E_INVAL;
	tayra__tally_init(result, plan->live);
	tayra__arrivals_plan(&run.ahead, plan);
	run.behind = run.ahead;
	tayra__realtime_enter(&realtime);
	result->realtime = realtime.on;
	run.start_ns = tayra__clock_real_ns();
	run.end_ns = run.start_ns + plan->length_ns;
	tayra__tally_begin(result, run.start_ns, plan->length_ns);
	tayra__pool_begin(pool, &run.work);
	generate(&run);
	tayra__realtime_leave(&realtime);
	drain(&run, drain_ns);
	tayra__pool_end(pool);
	result->cpu_ns = tayra__clock_process_cpu_ns() - cpu;
	return TAYRA_OK;
}
