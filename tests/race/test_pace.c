/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads enter in every way, cancel one another, tick and move the limit.  What must hold: never
 * more inside than the limit, every ticket ends in exactly one way, nobody sleeps for ever (the
 * alarm would tell), and at the end nobody is inside.
 */
#include <tayra/pace.h>

#include "base/rng.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define THREADS    5
#define ROUNDS     10000
#define CROWDS_MAX 20

struct yard {
	struct tayra_pace *pace;
	_Atomic int inside, most;
	_Atomic uint64_t entered, shed, cancelled, timeouts;
	_Atomic bool stop;
	struct tayra_ticket blocking[THREADS]; /* anybody may cancel these */
};

struct walker {
	struct yard *yard;
	int number;
};

/* A request that waits for its callback. */
struct caller {
	struct tayra_ticket ticket;
	struct yard *yard;
	_Atomic int told; /* status + 1000 once told */
};

static uint64_t
now(void)
{
	return tayra_clock_real()->mono_ns(NULL);
}

static void
walk_in(struct yard *yard)
{
	int inside = atomic_fetch_add(&yard->inside, 1) + 1, most = atomic_load(&yard->most);

	while (inside > most && !atomic_compare_exchange_weak(&yard->most, &most, inside))
		;
	atomic_fetch_add(&yard->entered, 1);
}

static void
walk_out(struct yard *yard, struct tayra_ticket *ticket)
{
	atomic_fetch_sub(&yard->inside, 1);
	tayra_pace_leave(yard->pace, ticket, TAYRA_OUTCOME_OK, now());
}

static void
count_refusal(struct yard *yard, int status)
{
	if (status == TAYRA_E_OVERLOAD)
		atomic_fetch_add(&yard->shed, 1);
	else if (status == TAYRA_E_TIMEOUT)
		atomic_fetch_add(&yard->timeouts, 1);
	else if (status == TAYRA_E_CANCELLED)
		atomic_fetch_add(&yard->cancelled, 1);
	else
		abort();
}

static void
finish(struct yard *yard, struct tayra_ticket *ticket, int status)
{
	if (status != TAYRA_OK) {
		count_refusal(yard, status);
		return;
	}
	walk_in(yard);
	sched_yield();
	walk_out(yard, ticket);
}

static void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct caller *caller = arg;

	(void)ticket;
	if (atomic_exchange(&caller->told, status + 1000))
		abort(); /* told twice */
}

static void
await_told(struct caller *caller)
{
	while (!atomic_load(&caller->told))
		sched_yield();
	finish(caller->yard, &caller->ticket, atomic_load(&caller->told) - 1000);
}

static struct tayra_pace_request
request_of(struct tayra__rng *rng, struct caller *caller)
{
	uint64_t within = tayra__rng_below(rng, 3);

	return (struct tayra_pace_request){
		.cls = (enum tayra_class)(1 + tayra__rng_below(rng, TAYRA_CLASSES)),
		.deadline_ns = within ? now() + within * 20 * TAYRA_NS_PER_US : 0,
		.decided = on_decided,
		.arg = caller,
		.tenant = tayra__rng_below(rng, 3),
		.level = (uint32_t)tayra__rng_below(rng, 128),
		.cost = 1 + (uint32_t)(tayra__rng_below(rng, 8) == 0),
	};
}

static void
enter_and_be_told(struct yard *yard, struct tayra__rng *rng)
{
	struct caller caller = { .yard = yard };
	struct tayra_pace_request request = request_of(rng, &caller);
	int status = tayra_pace_enter_start(yard->pace, &request, now(), &caller.ticket);

	if (status != TAYRA_PENDING)
		finish(yard, &caller.ticket, status);
	else if (tayra__rng_below(rng, 2) == 0 &&
		 tayra_pace_cancel(yard->pace, &caller.ticket, now()) == TAYRA_OK)
		count_refusal(yard, TAYRA_E_CANCELLED);
	else
		await_told(&caller);
}

static void *
walk(void *arg)
{
	struct walker *walker = arg;
	struct yard *yard = walker->yard;
	struct tayra_ticket ticket = { 0 };
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uint64_t)walker->number + 1);
	for (int i = 0; i < ROUNDS; i++) {
		struct tayra_pace_request request = request_of(&rng, NULL);
		struct tayra_ticket *mine = &yard->blocking[walker->number];

		switch (tayra__rng_below(&rng, 4)) {
		case 0:
			finish(yard, &ticket,
			       tayra_pace_try_enter(yard->pace, &request, now(), &ticket));
			break;
		case 1: finish(yard, mine, tayra_pace_enter(yard->pace, &request, mine)); break;
		case 2: enter_and_be_told(yard, &rng); break;
		default:
			tayra_pace_cancel(yard->pace,
					  &yard->blocking[tayra__rng_below(&rng, THREADS)], now());
		}
	}
	return NULL;
}

static void *
tick(void *arg)
{
	struct yard *yard = arg;

	while (!atomic_load(&yard->stop)) {
		tayra_pace_tick(yard->pace, now());
		usleep(200);
	}
	return NULL;
}

static void
turn_knob(struct yard *yard, int i)
{
	static const char *const rows[][2] = {
		{ "deadline_deviations", "off" },
		{ "queue", "3" },
		{ "deadline_deviations", "1" },
		{ "queue", "1024" },
		{ "limit_max", "3" },
		{ "limiter", "aimd" },
		{ "window", "1ms" },
		{ "share_critical", "0.3" },
		{ "codel_target", "1ms" },
		{ "limiter", "fixed" },
		{ "barge", "200us" },
		{ "barge", "off" },
	};
	const char *const *row = rows[(size_t)i % (sizeof(rows) / sizeof(rows[0]))];

	if (tayra_pace_set(yard->pace, row[0], row[1], now(), NULL, 0) != TAYRA_OK)
		abort();
}

static void *
move_limit(void *arg)
{
	struct yard *yard = arg;

	for (int i = 0; !atomic_load(&yard->stop); i++) {
		tayra_pace_set_limit(yard->pace, 1 + i % 3, now());
		turn_knob(yard, i);
		usleep(100);
	}
	return NULL;
}

static void *
move_mode(void *arg)
{
	struct yard *yard = arg;

	for (int i = 0; !atomic_load(&yard->stop); i++) {
		tayra_pace_set_mode(yard->pace, (enum tayra_mode)(i % 3), now());
		usleep(100);
	}
	return NULL;
}

static uint64_t
sum(const uint64_t *values, int n)
{
	uint64_t total = 0;

	while (n--)
		total += values[n];
	return total;
}

/* Everybody who came in is counted in and out, and everybody refused is counted once. */
static void
check_books(struct yard *yard)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(yard->pace, &stats);
	assert_int_equal(stats.inflight, 0);
	assert_int_equal(atomic_load(&yard->inside), 0);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		assert_int_equal(stats.queued[c], 0);
	assert_int_equal(sum(stats.admitted, TAYRA_CLASSES), atomic_load(&yard->entered));
	assert_int_equal(sum(stats.outcomes, TAYRA_OUTCOMES), atomic_load(&yard->entered));
}

static struct yard *
crowd_that_barges(void *(*disturb)(void *), enum tayra_limiter limiter, uint64_t barge_ns)
{
	static struct yard yard;
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;
	struct walker walkers[THREADS];
	pthread_t threads[THREADS], ticker, disturber;

	yard = (struct yard){ 0 };
	options.limiter = limiter;
	options.limit = 3;
	options.limit_max = 8;
	options.window_ns = 2 * TAYRA_NS_PER_MS;
	options.codel_interval_ns = 2 * TAYRA_NS_PER_MS;
	options.queue_max = 3;
	options.barge_ns = barge_ns;
	assert_int_equal(tayra_pace_create(&options, &yard.pace), TAYRA_OK);
	alarm(120); /* a lost wakeup ends here */
	pthread_create(&ticker, NULL, tick, &yard);
	if (disturb)
		pthread_create(&disturber, NULL, disturb, &yard);
	for (int i = 0; i < THREADS; i++) {
		walkers[i] = (struct walker){ &yard, i };
		pthread_create(&threads[i], NULL, walk, &walkers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&yard.stop, true);
	pthread_join(ticker, NULL);
	if (disturb)
		pthread_join(disturber, NULL);
	alarm(0);
	check_books(&yard);
	return &yard;
}

static struct yard *
crowd(void *(*disturb)(void *), enum tayra_limiter limiter)
{
	return crowd_that_barges(disturb, limiter, 0);
}

static void
who_is_passed_is_never_lost(void **state)
{
	for (int i = 0; i < 3; i++) {
		struct yard *yard = crowd_that_barges(i == 2 ? move_mode
						      : i    ? move_limit
							     : NULL,
						      TAYRA_LIMITER_FIXED, 200 * TAYRA_NS_PER_US);

		assert_true(i == 2 || atomic_load(&yard->most) <= 3);
		tayra_pace_destroy(yard->pace);
	}
}

static void
never_more_inside_than_a_fixed_limit(void **state)
{
	bool full = false, cancelled = false;

	/* How many meet, and who is caught waiting, is the scheduler's to say: ask it again. */
	for (int i = 0; i < CROWDS_MAX && !(full && cancelled); i++) {
		struct yard *yard = crowd(NULL, TAYRA_LIMITER_FIXED);

		assert_true(atomic_load(&yard->most) <= 3);
		full |= atomic_load(&yard->most) == 3;
		cancelled |= atomic_load(&yard->cancelled) > 0;
		tayra_pace_destroy(yard->pace);
	}
	assert_true(full);
	assert_true(cancelled);
}

static void
a_limit_that_moves_loses_nobody(void **state)
{
	struct yard *yard = crowd(move_limit, TAYRA_LIMITER_FIXED);

	assert_true(atomic_load(&yard->most) <= 3);
	tayra_pace_destroy(yard->pace);
}

static void
a_limit_that_learns_stays_under_its_ceiling(void **state)
{
	struct yard *yard = crowd(NULL, TAYRA_LIMITER_AIMD);

	assert_true(atomic_load(&yard->most) <= 8);
	tayra_pace_destroy(yard->pace);
}

static void
switching_modes_keeps_the_books(void **state)
{
	tayra_pace_destroy(crowd(move_mode, TAYRA_LIMITER_AIMD)->pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_more_inside_than_a_fixed_limit),
		cmocka_unit_test(a_limit_that_moves_loses_nobody),
		cmocka_unit_test(a_limit_that_learns_stays_under_its_ceiling),
		cmocka_unit_test(who_is_passed_is_never_lost),
		cmocka_unit_test(switching_modes_keeps_the_books),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
