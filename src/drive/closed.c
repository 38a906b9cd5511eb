/* SPDX-License-Identifier: Apache-2.0
 *
 * Closed loop: each client is a worker that asks again when answered.  A slow answer delays the
 * next request, so what this measures is capacity; for latency under load use the open loop.
 */
#include "drive/drive.h"

#include "base/clock.h"
#include "drive/pool.h"
#include "drive/tally.h"

struct closed_run {
	struct tayra__pool_work work; /* first: take and ended get this */
	const struct tayra__closed_plan *plan;
	struct tayra__drive_result *result;
	uint64_t start_ns, end_ns;
	/* Under pool->lock. */
	uint64_t number;
	uint32_t clients; /* yet to begin or in flight */
};

static bool
stopped(const struct tayra__closed_plan *plan)
{
	return plan->stop && atomic_load_explicit(plan->stop, memory_order_relaxed);
}

static bool
closed_take(struct tayra__pool_work *work, uint64_t now, struct tayra__call *call)
{
	struct closed_run *run = (struct closed_run *)(void *)work;
	uint64_t wait = run->plan->deadline_ns;

	if (now >= run->end_ns || stopped(run->plan) || run->clients == 0)
		return false;
	run->clients--;
	call->number = run->number++;
	call->due_ns = now;
	if (!wait || __builtin_add_overflow(now, wait, &call->deadline_ns))
		call->deadline_ns = UINT64_MAX;
	return true;
}

static void
closed_ended(struct tayra__pool_work *work, const struct tayra__call *call,
	     enum tayra__call_end end, uint64_t now)
{
	struct closed_run *run = (struct closed_run *)(void *)work;

	run->clients++;
	tayra__tally_ended(run->result, call, end, now, run->end_ns);
}

static void
wake_clients(struct tayra__pool *pool, uint32_t clients)
{
	for (uint32_t i = 0; i < clients; i++) {
		struct tayra__worker *worker;

		pthread_mutex_lock(&pool->lock);
		worker = tayra__pool_pick(pool);
		pthread_mutex_unlock(&pool->lock);
		tayra__pool_rouse(worker);
	}
}

/* Until the end of the slice or a stop, then until nothing runs. */
static void
wait_for_end(struct tayra__pool *pool, struct closed_run *run)
{
	uint64_t now = tayra__clock_real_ns();

	while (now < run->end_ns && !stopped(run->plan)) {
		tayra__clock_sleep_until_ns(tayra__clock_nap_end_ns(now, run->end_ns));
		now = tayra__clock_real_ns();
	}
	run->result->length_ns = (now < run->end_ns ? now : run->end_ns) - run->start_ns;
	pthread_mutex_lock(&pool->lock);
	tayra__pool_wait(pool, UINT64_MAX);
	pthread_mutex_unlock(&pool->lock);
}

int
tayra__drive_closed(struct tayra__pool *pool, const struct tayra__target *target,
		    const struct tayra__closed_plan *plan, struct tayra__drive_result *result)
{
	struct closed_run run = { .work = { target, closed_take, closed_ended },
				  .plan = plan,
				  .result = result,
				  .clients = plan->clients };
	uint64_t cpu = tayra__clock_process_cpu_ns();

	run.start_ns = tayra__clock_real_ns();
	if (!plan->clients || plan->clients > pool->workers || !plan->length_ns ||
	    __builtin_add_overflow(run.start_ns, plan->length_ns, &run.end_ns))
		return TAYRA_E_INVAL;
	tayra__tally_init(result, plan->live);
	tayra__tally_begin(result, run.start_ns, plan->length_ns);
	tayra__pool_begin(pool, &run.work);
	wake_clients(pool, plan->clients);
	wait_for_end(pool, &run);
	tayra__pool_end(pool);
	result->cpu_ns = tayra__clock_process_cpu_ns() - cpu;
	return TAYRA_OK;
}
