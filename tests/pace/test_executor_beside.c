/* SPDX-License-Identifier: Apache-2.0
 *
 * An executor beside others: their tasks, and who shares its pace.
 */
#include "holder.h"

/* One that waits elsewhere is not awaited for ever, nor torn out of the other's lists. */
static void
a_task_of_another_executor_is_left_alone(void **state)
{
	struct tayra_executor *ex = make(1), *other = make(1);
	struct tayra_task holder, task;
	struct gate gate = { 0 };
	_Atomic unsigned ran = 0;

	occupy(ex, &gate, &holder);
	task = (struct tayra_task){ .fn = count, .arg = &ran };
	assert_int_equal(tayra_submit(ex, &task), TAYRA_OK);
	assert_false(tayra_task_cancel(other, &task));
	assert_int_equal(tayra_task_wait(other, &task, 1, 5 * SECOND), TAYRA_E_INVAL);
	atomic_store(&gate.open, true);
	assert_int_equal(tayra_task_wait(ex, &task, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(ran, 1);
	assert_int_equal(tayra_task_wait(other, &task, 1, 5 * SECOND), TAYRA_OK);
	tayra_executor_destroy(ex);
	tayra_executor_destroy(other);
}

static int
give_up(void *ctx, void *const *args, int *statuses, size_t n)
{
	return TAYRA_E_CANCELLED;
}

/* As a task's function does; a call that found nobody to carry is another matter. */
static void
a_call_that_gives_up_is_counted_as_cancelled(void **state)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_task_kind_options how = TAYRA_TASK_KIND_OPTIONS_INIT;
	struct tayra_task task = { 0 };
	struct tayra_executor *ex;

	assert_int_equal(tayra_pace_create(NULL, &options.pace), TAYRA_OK);
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_OK);
	how.call = give_up;
	assert_int_equal(tayra_task_kind_create(ex, &how, &task.kind), TAYRA_OK);
	assert_int_equal(tayra_submit(ex, &task), TAYRA_OK);
	assert_int_equal(tayra_task_wait(ex, &task, 1, 5 * SECOND), TAYRA_OK);
	assert_int_equal(task.status, TAYRA_E_CANCELLED);
	tayra_pace_stats(options.pace, &stats);
	assert_int_equal(stats.outcomes[TAYRA_OUTCOME_CANCELLED], 1);
	assert_int_equal(stats.outcomes[TAYRA_OUTCOME_IGNORE], 0);
	tayra_executor_destroy(ex);
	tayra_pace_destroy(options.pace);
}

/* Who shares the pace is told on the executor's threads: the one that ends a task, the one that
 * keeps time. */
struct neighbour {
	struct tayra_executor *ex;
	struct tayra_task *task;
	int wait, drain, destroy;
	struct tayra_ticket ticket;
	_Atomic int told;
};

static void
look_inside_too(struct tayra_ticket *ticket, int status, void *arg)
{
	struct neighbour *neighbour = arg;

	neighbour->wait = tayra_task_wait(neighbour->ex, neighbour->task, 1, 0);
	neighbour->drain = tayra_executor_drain(neighbour->ex, 0);
	if (neighbour->drain == TAYRA_E_WOULD_DEADLOCK) /* else it would */
		neighbour->destroy = tayra_executor_destroy(neighbour->ex);
	atomic_store(&neighbour->told, status == TAYRA_OK ? 1 : 2);
}

static void
who_is_told_on_its_threads_is_refused_to_wait(void **state)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_task holder, task;
	struct tayra_executor *ex;
	_Atomic unsigned ran = 0;

	pace.limiter = TAYRA_LIMITER_FIXED;
	pace.limit = 1;
	assert_int_equal(tayra_pace_create(&pace, &options.pace), TAYRA_OK);
	assert_int_equal(tayra_executor_create(&options, &ex), TAYRA_OK);
	for (int expired = 0; expired < 2; expired++) {
		struct neighbour neighbour = { .ex = ex, .task = &task };
		struct tayra_pace_request request = { .decided = look_inside_too,
						      .arg = &neighbour };
		struct gate gate = { 0 };

		occupy(ex, &gate, &holder);
		request.deadline_ns = now() + (expired ? 20 * TAYRA_NS_PER_MS : 60 * SECOND);
		assert_int_equal(
			tayra_pace_enter_start(options.pace, &request, now(), &neighbour.ticket),
			TAYRA_PENDING);
		task = (struct tayra_task){ .fn = count,
					    .arg = &ran,
					    .deadline_ns = now() + 60 * SECOND };
		assert_int_equal(tayra_submit(ex, &task), TAYRA_OK);
		atomic_store(&gate.open, !expired);
		while (!atomic_load(&neighbour.told))
			usleep(100);
		atomic_store(&gate.open, true);
		assert_int_equal(neighbour.told, 1 + expired);
		assert_int_equal(neighbour.wait, TAYRA_E_WOULD_DEADLOCK);
		assert_int_equal(neighbour.drain, TAYRA_E_WOULD_DEADLOCK);
		assert_int_equal(neighbour.destroy, TAYRA_E_WOULD_DEADLOCK);
		if (!expired)
			tayra_pace_leave(options.pace, &neighbour.ticket, TAYRA_OUTCOME_OK, now());
		assert_int_equal(tayra_executor_drain(ex, 5 * SECOND), TAYRA_OK);
	}
	assert_int_equal(ran, 2);
	tayra_executor_destroy(ex);
	tayra_pace_destroy(options.pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_of_another_executor_is_left_alone),
		cmocka_unit_test(a_call_that_gives_up_is_counted_as_cancelled),
		cmocka_unit_test(who_is_told_on_its_threads_is_refused_to_wait),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
