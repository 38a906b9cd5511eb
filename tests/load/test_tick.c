/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <time.h>

#include "base/clock.h"
#include "load/handle.h"
#include "load/store.h"

/* The real clock, and how often it was read. */
static uint64_t
counted_ns(void *ctx)
{
	_Atomic uint64_t *reads = ctx;

	atomic_fetch_add_explicit(reads, 1, memory_order_relaxed);
	return tayra__clock_real_ns();
}

static void
sleep_ms(unsigned ms)
{
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + ms * TAYRA_NS_PER_MS);
}

static struct tayra *
with_ticker(const struct tayra_clock *clock)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra *t;

	o.ticker = true;
	o.clock = clock;
	assert_int_equal(tayra_create(&o, &t), TAYRA_OK);
	return t;
}

static void
the_ticker_dozes_when_nobody_calls(void **state)
{
	_Atomic uint64_t reads = 0;
	const struct tayra_clock clock = { .mono_ns = counted_ns, .ctx = (void *)&reads };
	struct tayra *t = with_ticker(&clock);
	uint64_t before;

	(void)state;
	sleep_ms(100);
	before = atomic_load_explicit(&reads, memory_order_relaxed);
	sleep_ms(300);
	/* Awake it reads the clock twice a millisecond. */
	assert_true(atomic_load_explicit(&reads, memory_order_relaxed) - before < 150);
	tayra_destroy(t);
}

static void
expiry_is_exact_while_it_dozes(void **state)
{
	struct tayra *t = with_ticker(NULL);
	struct tayra_ref ref;

	(void)state;
	for (int asleep = 0; asleep < 8;) {
		assert_int_equal(tayra_put(t, "k", 1, "v", 1, 20, TAYRA_OFF), TAYRA_OK);
		sleep_ms(22);
		if (!atomic_load_explicit(&t->dozing, memory_order_relaxed)) {
			sleep_ms(50);
			continue;
		}
		asleep++;
		assert_int_equal(tayra_get(t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	}
	tayra_destroy(t);
}

static void
never(struct tayra_load *load, void *arg)
{
	struct tayra_load **kept = arg;

	*kept = load;
}

static void
a_call_that_has_a_deadline_wakes_it(void **state)
{
	struct tayra *t = with_ticker(NULL);
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_completion done;
	struct tayra_load *load = NULL;
	struct tayra_ref ref;
	struct tayra_cq *cq;
	int asleep = 0;

	(void)state;
	assert_int_equal(tayra_cq_create(t, &cq), TAYRA_OK);
	r.key = "k", r.key_len = 1, r.load = never, r.load_arg = &load;
	r.timeout_ns = TAYRA_NS_PER_MS;
	while (asleep < 3) {
		sleep_ms(5);
		if (!atomic_load_explicit(&t->dozing, memory_order_relaxed))
			continue;
		asleep++;
		assert_int_equal(tayra_get_or_load_start(t, &r, cq, NULL, &ref), TAYRA_PENDING);
		assert_false(atomic_load_explicit(&t->dozing, memory_order_relaxed));
		while (tayra_cq_drain(cq, &done, 1) == 0)
			sleep_ms(1);
		assert_int_equal(done.status, TAYRA_E_TIMEOUT);
		tayra_load_fail(load, TAYRA_E_CANCELLED, 0);
	}
	tayra_cq_destroy(cq);
	tayra_destroy(t);
}

static void
what_is_answered_without_the_handle_keeps_it_awake(void **state)
{
	const struct tayra_item_meta meta = { .fresh_ms = UINT64_MAX, .expire_ms = UINT64_MAX };
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra *t = with_ticker(NULL);
	int awake = 0;

	(void)state;
	assert_int_equal(tayra_strategy_set(t, &strategy), TAYRA_OK);
	r.key = "k", r.key_len = 1;
	for (int i = 0; i < 10000 && (i <= 200 || awake < 30); i++) {
		tayra__store_used(t, &r, &meta, tayra__clock_real_ns() / TAYRA_NS_PER_MS);
		sleep_ms(1);
		awake = atomic_load_explicit(&t->dozing, memory_order_relaxed) ? 0 : awake + 1;
		/* It is awake at first. */
		if (i == 200)
			awake = 0;
	}
	assert_int_equal(awake, 30);
	tayra_destroy(t);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_ticker_dozes_when_nobody_calls),
	cmocka_unit_test(expiry_is_exact_while_it_dozes),
	cmocka_unit_test(a_call_that_has_a_deadline_wakes_it),
	cmocka_unit_test(what_is_answered_without_the_handle_keeps_it_awake),
};

RUN_TESTS(tests)
