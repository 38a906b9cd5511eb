/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/drive.h"

#include "base/clock.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

/* Counts how many are inside at once, and who. */
struct room {
	_Atomic uint32_t inside, most;
	_Atomic uint64_t calls;
	uint64_t stay_ns;
	enum tayra__call_end end;
	_Atomic bool *stop; /* set during the 11th call */
	uint32_t full;      /* stay until so many are inside, then stop all; 0: stay_ns */
};

static void
wait_until_full(struct room *room)
{
	for (int i = 0; i < 20000 && !atomic_load(room->stop); i++) {
		if (atomic_load(&room->inside) == room->full)
			atomic_store(room->stop, true);
		tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + MS);
	}
}

static enum tayra__call_end
visit(void *ctx, const struct tayra__call *call)
{
	struct room *room = ctx;
	uint32_t inside = atomic_fetch_add(&room->inside, 1) + 1;
	uint32_t most = atomic_load(&room->most);

	while (inside > most && !atomic_compare_exchange_weak(&room->most, &most, inside))
		;
	atomic_fetch_add(&room->calls, 1);
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + room->stay_ns);
	if (room->full)
		wait_until_full(room);
	atomic_fetch_sub(&room->inside, 1);
	if (room->stop && !room->full && call->number == 10)
		atomic_store(room->stop, true);
	return room->end;
}

static void
drive(uint32_t workers, struct room *room, const struct tayra__closed_plan *plan,
      struct tayra__drive_result *r)
{
	const struct tayra__target target = { visit, room };
	struct tayra__pool *pool;

	memset(r, 0, sizeof(*r));
	tayra__hist_init(&r->latency);
	assert_int_equal(tayra__pool_create(workers, &pool), TAYRA_OK);
	assert_int_equal(tayra__drive_closed(pool, &target, plan, r), TAYRA_OK);
	tayra__pool_destroy(pool);
	assert_int_equal(r->offered, r->ok + r->late + r->shed + r->errors + r->abandoned);
	assert_int_equal(r->offered, room->calls);
	assert_int_equal(r->latency.count, r->offered);
	assert_int_equal(room->inside, 0);
}

static void
n_clients_keep_n_in_flight(void **state)
{
	static struct tayra__drive_result r;
	struct room room = { .stay_ns = 5 * MS };
	struct tayra__closed_plan plan = { .clients = 4, .length_ns = 250 * MS };

	(void)state;
	drive(8, &room, &plan, &r);
	assert_int_equal(room.most, 4);
	/* 4 clients, 5 ms each: 200 at most (and 4 more that began before the end).  The time spent
	 * inside is nearly all there is: clients x length. */
	assert_in_range(r.ok, 100, 204);
	print_message("# %.3f of 4 in flight on average\n", r.latency.sum / (double)r.length_ns);
	assert_true(r.latency.sum >= 0.97 * 4 * (double)r.length_ns);
	assert_true(r.latency.min >= 5 * MS);
}

static void
failures_count_at_the_end_or_their_deadline(void **state)
{
	static struct tayra__drive_result r;
	struct room failing = { .stay_ns = MS, .end = TAYRA__CALL_ERROR };
	struct room late = { .stay_ns = 3 * MS };
	struct tayra__closed_plan plan = { .clients = 2, .length_ns = 30 * MS };

	(void)state;
	drive(2, &failing, &plan, &r);
	assert_int_equal(r.errors, r.offered);
	assert_in_range(r.latency.max, 28 * MS, 30 * MS);
	plan.deadline_ns = MS;
	drive(2, &late, &plan, &r);
	assert_int_equal(r.late, r.offered);
	assert_true(r.latency.min >= 3 * MS);
}

static void
a_stop_ends_it_within_50_ms(void **state)
{
	static struct tayra__drive_result r;
	static _Atomic bool stop;
	struct room room = { .stay_ns = MS, .stop = &stop };
	struct tayra__closed_plan plan = { .clients = 2, .length_ns = 60000 * MS, .stop = &stop };
	uint64_t begin = tayra__clock_mono_ns(tayra_clock_real());

	(void)state;
	drive(2, &room, &plan, &r);
	assert_true(tayra__clock_mono_ns(tayra_clock_real()) - begin < 80 * MS);
	assert_in_range(r.ok, 11, 80);
}

static void
more_clients_than_workers_are_refused(void **state)
{
	static struct tayra__drive_result r;
	struct room room = { 0 };
	const struct tayra__target target = { visit, &room };
	struct tayra__closed_plan plan = { .clients = 3, .length_ns = MS };
	struct tayra__pool *pool;

	(void)state;
	assert_int_equal(tayra__pool_create(2, &pool), TAYRA_OK);
	assert_int_equal(tayra__drive_closed(pool, &target, &plan, &r), TAYRA_E_INVAL);
	plan.clients = 0;
	assert_int_equal(tayra__drive_closed(pool, &target, &plan, &r), TAYRA_E_INVAL);
	tayra__pool_destroy(pool);
	assert_int_equal(tayra__pool_create(0, &pool), TAYRA_E_INVAL);
	assert_null(pool);
	assert_int_equal(tayra__pool_create(2049, &pool), TAYRA_E_INVAL);
}

static void
a_thousand_clients_of_two_thousand_workers_are_in_flight_at_once(void **state)
{
	static struct tayra__drive_result r;
	static _Atomic bool stop;
	struct room room = { .full = 1000, .stop = &stop };
	struct tayra__closed_plan plan = { .clients = 1000,
					   .length_ns = 60000 * MS,
					   .stop = &stop };

	(void)state;
	drive(2048, &room, &plan, &r);
	assert_int_equal(room.most, 1000);
	assert_true(r.length_ns < 60000 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(n_clients_keep_n_in_flight),
		cmocka_unit_test(failures_count_at_the_end_or_their_deadline),
		cmocka_unit_test(a_stop_ends_it_within_50_ms),
		cmocka_unit_test(more_clients_than_workers_are_refused),
		cmocka_unit_test(a_thousand_clients_of_two_thousand_workers_are_in_flight_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
