/* SPDX-License-Identifier: Apache-2.0
 *
 * test_hist_live.c: a histogram read while it is added to.
 */
#include "base/hist_live.h"

#include "base/rng.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MANY 200000

static struct tayra__hist_live live;
static struct tayra__hist plain, seen;

static void
it_holds_what_a_plain_one_holds(void **state)
{
	struct tayra__rng rng;

	(void)state;
	tayra__rng_init(&rng, 1);
	tayra__hist_init(&plain);
	for (int i = 0; i < 10000; i++) {
		uint64_t value = tayra__rng_next(&rng) >> (i % 50);

		tayra__hist_add(&plain, value);
		tayra__hist_live_add(&live, value);
	}
	tayra__hist_live_merge(&live, &plain);
	tayra__hist_merge(&plain, &plain);
	tayra__hist_init(&seen);
	tayra__hist_live_read(&live, &seen);
	assert_int_equal(seen.count, plain.count);
	assert_memory_equal(seen.bins, plain.bins, sizeof(seen.bins));
	assert_true(seen.sum > 0.999 * plain.sum && seen.sum < 1.001 * plain.sum);
	for (int q = 1; q < 100; q++)
		assert_int_equal(tayra__hist_quantile(&seen, q / 100.0),
				 tayra__hist_quantile(&plain, q / 100.0));
	assert_true((double)seen.max > 0.99 * (double)plain.max &&
		    (double)seen.max < 1.01 * (double)plain.max);
}

static void *
add_many(void *arg)
{
	for (uint64_t i = 0; i < MANY; i++)
		tayra__hist_live_add(arg, i);
	return NULL;
}

/* What is seen only grows, and in the end all of it is there. */
static void
a_reader_sees_every_value_once_and_none_vanish(void **state)
{
	static struct tayra__hist_live growing;
	uint64_t before = 0;
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, add_many, &growing), 0);
	while (before < MANY) {
		tayra__hist_init(&seen);
		tayra__hist_live_read(&growing, &seen);
		assert_true(seen.count >= before && seen.count <= MANY);
		before = seen.count;
	}
	pthread_join(writer, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_a_plain_one_holds),
		cmocka_unit_test(a_reader_sees_every_value_once_and_none_vanish),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
