/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/pace.h>

#include "base/mem.h"

#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static int
open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void
create_without_memory_leaves_nothing_behind(void **state)
{
	struct tayra_pace *pace = NULL;
	int status = TAYRA_E_NOMEM;
	uint64_t n = 1;

	for (; status == TAYRA_E_NOMEM; n++) {
		pace = (void *)1;
		tayra__mem_fail_after(n);
		status = tayra_pace_create(NULL, &pace);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK || !pace);
		assert_true(n < 10);
	}
	assert_int_equal(status, TAYRA_OK);
	assert_true(n > 2); /* it was refused at least once */
	tayra_pace_destroy(pace);
}

static void
a_sensor_without_memory_leaves_no_file_open(void **state)
{
	struct tayra_sensor sensor = { .ctx = (void *)1 };
	int before = open_files();

	tayra__mem_fail_after(1);
	assert_int_equal(tayra_sensor_proc_create(&sensor), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(sensor.ctx);
	assert_null(sensor.read);
	tayra_sensor_proc_destroy(&sensor);
	assert_int_equal(open_files(), before);
	for (unsigned n = 1; n <= 4; n++) {
		sensor.ctx = (void *)1;
		tayra__mem_fail_after(n);
		assert_int_equal(tayra_sensor_create(NULL, &sensor), TAYRA_E_NOMEM);
		tayra__mem_fail_after(0);
		assert_null(sensor.ctx);
		assert_int_equal(open_files(), before);
	}
}

/* The promise of pace.h: no call allocates after create. */
static void
pacing_needs_no_memory(void **state)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_pace_request request = { 0 };
	struct tayra_pace *pace;
	struct tayra_ticket a = { 0 }, b = { 0 };

	options.limit = 1;
	options.queue_max = 1;
	assert_int_equal(tayra_pace_create(&options, &pace), TAYRA_OK);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_pace_enter(pace, &request, &a), TAYRA_OK);
	request.deadline_ns = tayra_clock_real()->mono_ns(NULL) + TAYRA_NS_PER_MS;
	assert_int_equal(tayra_pace_enter(pace, &request, &b), TAYRA_E_TIMEOUT);
	tayra_pace_leave(pace, &a, TAYRA_OUTCOME_OK, request.deadline_ns + TAYRA_NS_PER_S);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	tayra_pace_destroy(pace);
}

static int
call_nobody(void *ctx, void *const *args, int *statuses, size_t n)
{
	return TAYRA_OK;
}

/* The threads that were started before one was refused are gone again. */
static void
an_executor_without_memory_leaves_nothing_behind(void **state)
{
	struct tayra_task_kind_options kind_options = TAYRA_TASK_KIND_OPTIONS_INIT;
	struct tayra_task_kind *kind = (void *)1;
	struct tayra_task_queue *queue = (void *)1;
	struct tayra_executor *ex = NULL;
	int status = TAYRA_E_NOMEM;
	int before = open_files();
	uint64_t n = 1;

	kind_options.call = call_nobody;
	for (; status == TAYRA_E_NOMEM; n++) {
		ex = (void *)1;
		tayra__mem_fail_after(n);
		status = tayra_executor_create(NULL, &ex);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK || !ex);
		assert_true(n < 10);
	}
	assert_int_equal(status, TAYRA_OK);
	assert_true(n > 3); /* its own, and that of its pace */
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_task_kind_create(ex, &kind_options, &kind), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(kind);
	assert_int_equal(tayra_task_kind_create(ex, &kind_options, &kind), TAYRA_OK);
	tayra_executor_destroy(ex);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_task_queue_create(&queue), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(queue);
	assert_int_equal(open_files(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_without_memory_leaves_nothing_behind),
		cmocka_unit_test(a_sensor_without_memory_leaves_no_file_open),
		cmocka_unit_test(an_executor_without_memory_leaves_nothing_behind),
		cmocka_unit_test(pacing_needs_no_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
