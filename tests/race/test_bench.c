/* SPDX-License-Identifier: Apache-2.0
 *
 * Two benches of functions run at once on threads of their own, others try to run and to change the
 * first, and one stops it.  What must hold: they are refused, and both benches end with what they
 * ran.
 */
#include <tayra/bench.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RIVALS 3

static _Atomic uint64_t slices;

static void
work(void *arg, uint64_t n)
{
	atomic_fetch_add_explicit(&slices, arg != NULL, memory_order_relaxed);
	for (uint64_t i = 0; i < n; i++)
		for (unsigned step = 0; step < 100; step++)
			TAYRA_BENCH_KEEP(step);
}

struct runner {
	struct tayra_bench *bench;
	struct tayra_bench_result result;
	int status;
	pthread_t thread;
};

static void
add(struct tayra_bench *bench, const char *name, void *arg)
{
	struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;

	arm.name = name;
	arm.fn = work;
	arm.arg = arg;
	assert_int_equal(tayra_bench_add(bench, &arm), TAYRA_OK);
}

static void *
run(void *arg)
{
	struct runner *r = arg;

	r->status = tayra_bench_run(r->bench, &r->result);
	return NULL;
}

static void
start(struct runner *r, uint32_t pairs, void *arg)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;

	options.pairs = pairs;
	options.slice_ns = TAYRA_NS_PER_MS;
	r->result = (struct tayra_bench_result)TAYRA_BENCH_RESULT_INIT;
	assert_int_equal(tayra_bench_create(&options, &r->bench), TAYRA_OK);
	add(r->bench, "a", arg);
	add(r->bench, "b", arg);
	assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

/* Once it runs. */
static void *
intrude(void *arg)
{
	struct runner *r = arg;
	struct tayra_bench_arm arm = TAYRA_BENCH_ARM_INIT;
	struct tayra_bench_result result = TAYRA_BENCH_RESULT_INIT;

	arm.name = "c";
	arm.fn = work;
	while (atomic_load_explicit(&slices, memory_order_relaxed) < 20)
		usleep(200);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(tayra_bench_run(r->bench, &result), TAYRA_E_WOULD_DEADLOCK);
		assert_int_equal(tayra_bench_add(r->bench, &arm), TAYRA_E_WOULD_DEADLOCK);
	}
	return NULL;
}

static void
benches_run_side_by_side_and_only_a_stop_reaches_in(void **state)
{
	static struct runner first, second;
	pthread_t rivals[RIVALS];

	(void)state;
	start(&first, 1000, &first);
	for (int i = 0; i < RIVALS; i++)
		assert_int_equal(pthread_create(&rivals[i], NULL, intrude, &first), 0);
	start(&second, 6, NULL);
	for (int i = 0; i < RIVALS; i++)
		pthread_join(rivals[i], NULL);
	tayra_bench_stop(first.bench);
	pthread_join(first.thread, NULL);
	pthread_join(second.thread, NULL);
	assert_int_equal(first.status, TAYRA_OK);
	assert_true(first.result.stopped);
	assert_int_equal(first.result.arms, 2);
	assert_true(first.result.pairs < 1000);
	assert_int_equal(second.status, TAYRA_OK);
	assert_false(second.result.stopped);
	assert_int_equal(second.result.pairs, 6);
	tayra_bench_destroy(first.bench);
	tayra_bench_destroy(second.bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(benches_run_side_by_side_and_only_a_stop_reaches_in),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
