/* SPDX-License-Identifier: Apache-2.0
 *
 * holder.h: an executor whose threads are taken until somebody lets them go, for its tests.
 */
#ifndef TAYRA_TESTS_PACE_HOLDER_H
#define TAYRA_TESTS_PACE_HOLDER_H

#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define SECOND TAYRA_NS_PER_S

static inline uint64_t
now(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

static inline struct tayra_executor *
make(uint32_t threads)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_executor *ex;

	options.threads = threads;
	options.queue_max = 4096;
	if (tayra_executor_create(&options, &ex) != TAYRA_OK)
		abort();
	return ex;
}

static inline int
count(void *arg)
{
	atomic_fetch_add((_Atomic unsigned *)arg, 1);
	return TAYRA_OK;
}

/* Keeps its thread until it is let go. */
struct gate {
	_Atomic bool open;
	_Atomic unsigned inside;
};

static inline int
stand(void *arg)
{
	struct gate *gate = arg;

	atomic_fetch_add(&gate->inside, 1);
	while (!atomic_load(&gate->open))
		usleep(100);
	return TAYRA_OK;
}

/* A thread is taken when this returns. */
static inline void
occupy(struct tayra_executor *ex, struct gate *gate, struct tayra_task *task)
{
	*task = (struct tayra_task){ .fn = stand, .arg = gate };
	assert_int_equal(tayra_submit(ex, task), TAYRA_OK);
	while (atomic_load(&gate->inside) == 0)
		usleep(100);
}

#endif
