/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool under many short slices: every request is called exactly once, by one worker, and
 * nothing of a slice is left when it returns.  Each slice checks plain memory that only the pool's
 * own ordering protects, for ThreadSanitizer to see.
 */
#include "drive/drive.h"

#include "base/clock.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define WORKERS 8
#define MS      TAYRA_NS_PER_MS
#define CALLS   4096

struct ledger {
	uint32_t called[CALLS]; /* by number: no lock, each number is one worker's */
	uint64_t mine[WORKERS]; /* by worker */
	uint64_t slice;         /* written between slices, read during them */
	uint64_t expected_slice;
};

static enum tayra__call_end
note(void *ctx, const struct tayra__call *call)
{
	struct ledger *ledger = ctx;

	if (ledger->slice != ledger->expected_slice)
		return TAYRA__CALL_ERROR;
	if (call->number < CALLS)
		ledger->called[call->number]++;
	ledger->mine[call->worker]++;
	return call->number % 7 ? TAYRA__CALL_OK : TAYRA__CALL_SHED;
}

static void
check(const struct ledger *ledger, const struct tayra__drive_result *r)
{
	uint64_t calls = 0;

	for (int i = 0; i < WORKERS; i++)
		calls += ledger->mine[i];
	for (uint64_t i = 0; i < calls && i < CALLS; i++)
		assert_int_equal(ledger->called[i], 1);
	assert_int_equal(r->errors, 0);
	assert_int_equal(r->offered, calls + r->abandoned);
	assert_int_equal(r->offered, r->ok + r->late + r->shed + r->abandoned);
}

static void
every_request_is_called_once_and_none_outlives_its_slice(void **state)
{
	static struct tayra__drive_result r;
	static struct ledger ledger;
	const struct tayra__target target = { note, &ledger };
	struct tayra__pool *pool;

	(void)state;
	assert_int_equal(tayra__pool_create(WORKERS, &pool), TAYRA_OK);
	for (uint64_t i = 0; i < 60; i++) {
		const struct tayra__open_plan open = { .rate_per_s = 50000,
						       .length_ns = 5 * MS,
						       .burst = i % 2 ? 200 : 0,
						       .seed = i };
		const struct tayra__closed_plan closed = { .clients = 1 + i % WORKERS,
							   .length_ns = 2 * MS };

		memset(&ledger, 0, sizeof(ledger));
		ledger.slice = ledger.expected_slice = i;
		tayra__hist_init(&r.latency);
		if (i % 3 == 2)
			tayra__drive_closed(pool, &target, &closed, &r);
		else
			tayra__drive_open(pool, &target, &open, i % 3 ? 0 : 1000 * MS, &r);
		check(&ledger, &r);
	}
	tayra__pool_destroy(pool);
}

static void
pools_come_and_go(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 60; i++) {
		struct tayra__pool *pool;

		assert_int_equal(tayra__pool_create(i, &pool), TAYRA_OK);
		tayra__pool_destroy(pool);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_called_once_and_none_outlives_its_slice),
		cmocka_unit_test(pools_come_and_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
