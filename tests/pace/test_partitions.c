/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/rng.h"

#define SECOND TAYRA_NS_PER_S

static struct tayra_partitions *
make(uint32_t max, double limit)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_partitions_options options = TAYRA_PARTITIONS_OPTIONS_INIT;
	struct tayra_partitions *all;

	pace.limiter = TAYRA_LIMITER_FIXED;
	pace.limit = limit;
	options.pace = &pace;
	options.max = max;
	assert_int_equal(tayra_partitions_create(&options, &all), TAYRA_OK);
	return all;
}

static struct tayra_pace *
get(struct tayra_partitions *all, uint64_t key)
{
	struct tayra_pace *pace;

	assert_int_equal(tayra_partitions_get(all, key, &pace), TAYRA_OK);
	assert_non_null(pace);
	return pace;
}

static void
put(struct tayra_partitions *all, uint64_t key, uint64_t now_ns)
{
	assert_int_equal(tayra_partitions_put(all, key, now_ns), TAYRA_OK);
}

static void
each_key_has_a_limit_of_its_own(void **state)
{
	struct tayra_partitions *all = make(4, 1);
	struct tayra_pace *a = get(all, 0), *b = get(all, UINT64_MAX);
	struct tayra_ticket one = { 0 }, two = { 0 }, three = { 0 };

	assert_ptr_not_equal(a, b);
	assert_ptr_equal(get(all, 0), a);
	assert_int_equal(try_enter(a, &one, 0, 1), TAYRA_OK);
	assert_int_equal(try_enter(a, &two, 0, 1), TAYRA_E_OVERLOAD);
	assert_int_equal(try_enter(b, &three, 0, 1), TAYRA_OK); /* a is full, b is not */
	tayra_pace_leave(a, &one, TAYRA_OUTCOME_OK, 2);
	tayra_pace_leave(b, &three, TAYRA_OUTCOME_OK, 2);
	put(all, 0, 3);
	put(all, UINT64_MAX, 3);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_E_FULL); /* got twice, put once */
	put(all, 0, 3);
	assert_int_equal(tayra_partitions_put(all, 0, 3), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_partitions_put(all, 9, 3), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
}

static void
what_it_has_learned_stays_while_there_is_room(void **state)
{
	struct tayra_partitions *all = make(3, 1);

	tayra_pace_set_limit(get(all, 1), 7, 1);
	put(all, 1, 1);
	get(all, 2);
	put(all, 2, 2);
	get(all, 3);
	put(all, 3, 3);
	assert_int_equal(stats_of(get(all, 1)).limit, 7);
	put(all, 1, 4);
	/* No room: 2 has been out of use for longest. */
	tayra_pace_set_limit(get(all, 3), 7, 5);
	put(all, 3, 5);
	get(all, 4);
	assert_int_equal(stats_of(get(all, 1)).limit, 7);
	assert_int_equal(stats_of(get(all, 3)).limit, 7);
	put(all, 1, 6);
	put(all, 3, 6);
	put(all, 4, 6);
	assert_int_equal(stats_of(get(all, 2)).limit, 1);
	put(all, 2, 7);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
}

static void
one_that_is_in_use_is_never_let_go(void **state)
{
	struct tayra_partitions *all = make(2, 1);
	struct tayra_pace *a = get(all, 1), *none = a;

	get(all, 2);
	assert_int_equal(tayra_partitions_get(all, 3, &none), TAYRA_E_FULL);
	assert_null(none);
	tayra_partitions_tick(all, 1000 * SECOND);
	assert_ptr_equal(get(all, 1), a);
	put(all, 1, 1);
	put(all, 2, 1);
	get(all, 3); /* 2 has gone, 1 is still in use */
	assert_int_equal(tayra_partitions_get(all, 2, &none), TAYRA_E_FULL);
	put(all, 3, 1);
	put(all, 1, 1);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
}

static void
count_one(void *ctx, uint64_t key, struct tayra_pace *pace)
{
	uint64_t *sum = ctx;

	assert_non_null(pace);
	*sum += key;
}

static uint64_t
sum_of_keys(struct tayra_partitions *all)
{
	uint64_t sum = 0;

	tayra_partitions_each(all, count_one, &sum);
	return sum;
}

static void
tick_lets_go_of_those_out_of_use_and_ticks_the_others(void **state)
{
	struct tayra_partitions *all = make(8, 1);
	struct tayra_pace *pace = get(all, 1);
	struct guest held, waits;

	get(all, 2);
	get(all, 4);
	put(all, 2, 10 * SECOND);
	put(all, 4, 20 * SECOND);
	assert_int_equal(sum_of_keys(all), 7);
	assert_int_equal(start(pace, &held, TAYRA_NORMAL, 0, 20 * SECOND), TAYRA_OK);
	assert_int_equal(start(pace, &waits, TAYRA_NORMAL, 21 * SECOND, 20 * SECOND),
			 TAYRA_PENDING);
	assert_true(tayra_partitions_tick(all, 69 * SECOND) > 69 * SECOND);
	assert_int_equal(waits.status, TAYRA_E_TIMEOUT); /* nobody else would have told it */
	assert_int_equal(sum_of_keys(all), 7);
	tayra_partitions_tick(all, 70 * SECOND);
	assert_int_equal(sum_of_keys(all), 5);
	tayra_partitions_tick(all, 1000 * SECOND);
	assert_int_equal(sum_of_keys(all), 1);
	tayra_pace_leave(pace, &held.ticket, TAYRA_OUTCOME_OK, 1000 * SECOND);
	put(all, 1, 1000 * SECOND);
	tayra_partitions_tick(all, 1060 * SECOND);
	assert_int_equal(sum_of_keys(all), 0);
	assert_int_equal(tayra_partitions_tick(all, 1060 * SECOND), UINT64_MAX);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
}

static void
bad_options_are_refused(void **state)
{
	struct tayra_pace_options pace = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_partitions_options options = TAYRA_PARTITIONS_OPTIONS_INIT;
	struct tayra_partitions *all = (void *)1;

	options.max = 65537;
	assert_int_equal(tayra_partitions_create(&options, &all), TAYRA_E_INVAL);
	assert_null(all);
	options.max = 1;
	options.pace = &pace;
	pace.limit = -1; /* found at once, not at the first key */
	assert_int_equal(tayra_partitions_create(&options, &all), TAYRA_E_INVAL);
	pace.limit = 1;
	options.size = 0;
	assert_int_equal(tayra_partitions_create(&options, &all), TAYRA_E_INVAL);
	assert_int_equal(tayra_partitions_create(NULL, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_partitions_create(NULL, &all), TAYRA_OK);
	assert_int_equal(tayra_partitions_get(all, 1, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
	assert_int_equal(tayra_partitions_destroy(NULL), TAYRA_OK);
}

static void
without_memory_nothing_is_lost(void **state)
{
	struct tayra_partitions *all = NULL;
	struct tayra_pace *a, *none;
	int status = TAYRA_E_NOMEM;

	for (uint64_t n = 1; status == TAYRA_E_NOMEM; n++) {
		all = (void *)1;
		tayra__mem_fail_after(n);
		status = tayra_partitions_create(NULL, &all);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK || !all);
		assert_true(n < 10);
	}
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
	all = make(1, 1);
	a = get(all, 1);
	put(all, 1, 1);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_partitions_get(all, 2, &none), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_null(none);
	assert_ptr_equal(get(all, 1), a); /* it had not gone for nothing */
	put(all, 1, 1);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK);
}

/* Threads that use, tick and look at more keys than there is room for. */
static _Atomic unsigned wrong, full;

static void *
use(void *arg)
{
	struct tayra_partitions *all = arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uintptr_t)&rng);
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t key = tayra__rng_below(&rng, 9), sum = 0;
		struct tayra_ticket ticket = { 0 };
		struct tayra_pace *pace;

		if (tayra_partitions_get(all, key, &pace) == TAYRA_E_FULL) {
			atomic_fetch_add(&full, 1);
			continue;
		}
		if (try_enter(pace, &ticket, 0, i) == TAYRA_OK)
			tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, i);
		if (i % 16 == 0)
			tayra_partitions_tick(all, i * SECOND);
		if (i % 64 == 0)
			tayra_partitions_each(all, count_one, &sum);
		if (tayra_partitions_put(all, key, i) != TAYRA_OK)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

static void
threads_share_them(void **state)
{
	struct tayra_partitions *all = make(4, 2);
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, all), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(tayra_partitions_destroy(all), TAYRA_OK); /* none is in use */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_has_a_limit_of_its_own),
		cmocka_unit_test(what_it_has_learned_stays_while_there_is_room),
		cmocka_unit_test(one_that_is_in_use_is_never_let_go),
		cmocka_unit_test(tick_lets_go_of_those_out_of_use_and_ticks_the_others),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(without_memory_nothing_is_lost),
		cmocka_unit_test(threads_share_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
