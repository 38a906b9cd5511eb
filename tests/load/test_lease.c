/* SPDX-License-Identifier: Apache-2.0
 *
 * One handle, and somebody else who may have the lease of a key, on a clock turned by hand.
 */
#include "house.h"

#include <poll.h>

#define OTHERS UINT64_MAX /* token of somebody else's lease */
#define LEASE  2000       /* ms, the default */

static void
move_in_shared(struct house *h, unsigned rooms)
{
	move_in(h, rooms | ROOM_REMOTE | ROOM_LEASES);
}

/* Somebody else loads for so long. */
static void
others_load(struct house *h, uint64_t ms)
{
	pthread_mutex_lock(&h->remote.lock);
	h->remote.lease = OTHERS;
	h->remote.lease_until_ms = stage_wall_ms(&h->s) + ms;
	pthread_mutex_unlock(&h->remote.lock);
}

static bool
is_leased(struct house *h)
{
	bool is;

	pthread_mutex_lock(&h->remote.lock);
	is = h->remote.lease != 0;
	pthread_mutex_unlock(&h->remote.lock);
	return is;
}

/* The remote says that it was changed. */
static void
others_put(struct house *h, const char *value)
{
	put_in_at(&h->remote, "k", value,
		  (atomic_load(&h->s.now_ns) - STAGE_START_NS) / TAYRA_NS_PER_MS);
	tayra__tier_changed(&h->remote.tier, "k", 1);
}

static void
start_one(struct house *h, tayra_load_fn load)
{
	struct tayra_request r = ask(&h->s, "k", load);

	assert_int_equal(start(&h->s, &r, NULL), TAYRA_PENDING);
}

static void
who_loads_has_the_lease_until_the_remote_has_the_value(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	start_one(&h, park);
	assert_int_equal(h.s.calls, 1);
	assert_true(is_leased(&h));
	finish(h.s.parked[0], "loaded");
	assert_false(is_leased(&h));
	assert_true(is_in(&h.remote, "k", "loaded"));
	got_value(&h.s, "loaded");
	assert_int_equal(stats_of(&h.s).leases, 1);
	assert_int_equal(stats_of(&h.s).lease_waits, 0);
	move_out(&h);
}

static void
released_after_the_put(void *arg)
{
	struct house *h = arg;

	assert_true(is_leased(h));
}

static void
the_lease_is_given_back_after_the_value_is_there(void **state)
{
	struct house h;

	for (int ticker = 0; ticker < 2; ticker++) {
		move_in_shared(&h, ticker ? ROOM_TICKER : 0);
		h.remote.arg = &h;
		h.remote.in_put = released_after_the_put;
		start_one(&h, answer);
		while (ram_tier_puts(&h.remote) == 0 || is_leased(&h)) {
			struct tayra_completion c;

			if (tayra_cq_drain(h.s.cq, &c, 1) == 1)
				tayra_release(&c.ref);
			sched_yield();
		}
		assert_int_equal(h.s.calls, 1);
		move_out(&h);
	}
}

static void
what_has_run_out_is_not_given_back(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	start_one(&h, park);
	stage_pass_ms(&h.s, LEASE + 1);
	finish(h.s.parked[0], "late");
	got_value(&h.s, "late");
	assert_int_equal(h.remote.releases, 0); /* nobody was asked to */
	assert_true(is_leased(&h));
	move_out(&h);
}

static void
what_takes_longer_keeps_its_lease_while_somebody_waits(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	struct tayra_request r = ask(&h.s, "k", park);

	r.timeout_ns = 4 * LEASE * TAYRA_NS_PER_MS;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	tayra_tick(h.s.t, 0);
	assert_int_equal(h.remote.renewals, 0); /* it is not that old */
	for (int i = 0; i < 7; i++) {
		stage_pass_ms(&h.s, LEASE / 2);
		tayra_tick(h.s.t, 0);
		tayra_tick(h.s.t, 0); /* not more often than it must be */
	}
	assert_int_equal(h.remote.renewals, 7);
	/* It has been given up, and may never end. */
	stage_pass_ms(&h.s, LEASE / 2);
	tayra_tick(h.s.t, 0);
	got_status(&h.s, TAYRA_E_TIMEOUT);
	assert_int_equal(h.remote.renewals, 7);
	finish(h.s.parked[0], "too late");
	/* One that was renewed is given back, however long ago it was taken. */
	h.remote.lease = 0;
	h.remote.releases = 0;
	r = ask(&h.s, "other", park);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	for (int i = 0; i < 4; i++) {
		stage_pass_ms(&h.s, LEASE / 2);
		tayra_tick(h.s.t, 0);
	}
	stage_pass_ms(&h.s, LEASE / 2);
	assert_int_equal(h.remote.releases, 0);
	finish(h.s.parked[1], "loaded");
	got_value(&h.s, "loaded");
	assert_int_equal(h.remote.releases, 1);
	move_out(&h);
}

static void
a_load_that_fails_gives_it_back(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	h.s.status = TAYRA_E_ORIGIN;
	start_one(&h, answer);
	got_status(&h.s, TAYRA_E_ORIGIN);
	assert_false(is_leased(&h));
	assert_int_equal(h.remote.releases, 1);
	move_out(&h);
}

static void
who_finds_it_held_does_not_load_and_gets_the_value_when_told(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	start_one(&h, answer);
	start_one(&h, answer); /* joins */
	got_none(&h.s);
	assert_int_equal(h.s.calls, 0);
	assert_int_equal(stats_of(&h.s).lease_waits, 1);
	assert_int_equal(stats_of(&h.s).inflight, 1);
	others_put(&h, "theirs");
	for (int i = 0; i < 2; i++) {
		struct tayra_completion c;

		assert_int_equal(tayra_cq_drain(h.s.cq, &c, 1), 1);
		assert_int_equal(c.status, TAYRA_OK);
		holds(&c.ref, "theirs");
		assert_int_equal(c.ref.tier, TAYRA_TIER_REMOTE);
		tayra_release(&c.ref);
	}
	assert_int_equal(h.s.calls, 0);
	finds_at(&h, "k", "theirs", TAYRA_TIER_RAM); /* kept, though it had been told of */
	assert_int_equal(stats_of(&h.s).lease_takeovers, 0);
	assert_int_equal(h.remote.leases, h.remote.releases);
	move_out(&h);
}

static void
who_waits_is_joined_still_when_it_was_told_of_a_change(void **state)
{
	struct pollfd fd = { .events = POLLIN };
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	start_one(&h, answer);
	fd.fd = tayra_cq_fd(h.s.cq);
	assert_int_equal(poll(&fd, 1, 0), 0);
	tayra__tier_changed(&h.remote.tier, "k", 1);
	assert_int_equal(poll(&fd, 1, 0), 1); /* there is something to do */
	got_none(&h.s);
	start_one(&h, answer);
	assert_int_equal(stats_of(&h.s).joined, 1);
	assert_int_equal(stats_of(&h.s).lease_waits, 1);
	move_out(&h);
}

static void
who_is_not_told_finds_it_all_the_same(void **state)
{
	struct house h;

	for (int by_tick = 0; by_tick < 2; by_tick++) {
		move_in_shared(&h, 0);
		others_load(&h, LEASE);
		start_one(&h, answer);
		put_in(&h.remote, "k", "theirs");
		stage_pass_ms(&h.s, 1);
		got_none(&h.s); /* not with every look at the queue */
		stage_pass_ms(&h.s, 20);
		if (by_tick)
			tayra_tick(h.s.t, 0);
		got_value(&h.s, "theirs");
		assert_int_equal(h.s.calls, 0);
		move_out(&h);
	}
}

static void
where_many_wait_each_looks_less_often(void **state)
{
	const unsigned many = 400;
	uint64_t looks;
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	for (unsigned i = 0; i < many; i++) {
		struct tayra_request r;
		char key[16];

		snprintf(key, sizeof(key), "k%u", i);
		r = ask(&h.s, key, answer);
		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	}
	looks = h.remote.stats.misses;
	for (unsigned ms = 0; ms < 1000; ms++) {
		stage_pass_ms(&h.s, 1);
		tayra_tick(h.s.t, many);
	}
	looks = h.remote.stats.misses - looks;
	/* Alone each would look 10 to 14 times. */
	assert_in_range(looks, 4 * many, 10 * many);
	move_out(&h);
}

static void
what_runs_out_one_takes_over(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	start_one(&h, answer);
	for (int i = 0; i < LEASE / 100 - 1; i++) {
		stage_pass_ms(&h.s, 100);
		got_none(&h.s);
	}
	assert_int_equal(h.s.calls, 0);
	stage_pass_ms(&h.s, 200);
	got_value(&h.s, "value");
	assert_int_equal(h.s.calls, 1);
	assert_int_equal(stats_of(&h.s).lease_takeovers, 1);
	assert_int_equal(stats_of(&h.s).leases, 1);
	assert_false(is_leased(&h));
	move_out(&h);
}

static void
what_never_ends_is_not_waited_for_for_ever(void **state)
{
	struct tayra_request r;
	unsigned waited = 0;
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, 1000 * LEASE);
	r = ask(&h.s, "k", answer);
	r.timeout_ns = TAYRA_OFF;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	while (h.s.calls == 0) {
		stage_pass_ms(&h.s, 100);
		tayra_tick(h.s.t, 0);
		waited += 100;
	}
	assert_in_range(waited, 4 * LEASE, 4 * LEASE + 300);
	got_value(&h.s, "value");
	move_out(&h);
}

static void
when_the_remote_fails_it_loads_for_itself(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	ram_tier_fail(&h.remote, true);
	start_one(&h, answer);
	got_value(&h.s, "value");
	assert_int_equal(stats_of(&h.s).leases, 0);
	move_out(&h);

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	start_one(&h, answer);
	got_none(&h.s);
	ram_tier_fail(&h.remote, true);
	tayra__tier_changed(&h.remote.tier, NULL, 0); /* as a lost connection says */
	got_value(&h.s, "value");
	assert_int_equal(h.s.calls, 1);
	move_out(&h);
}

/* Nothing ticks, the clock is real, and somebody else loads for so long. */
static void
move_in_real(struct house *h, uint64_t ms)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	move_in_shared(h, 0);
	stage_close(&h->s);
	o.remote_tier = (struct tayra_tier_remote *)&h->remote;
	o.clock = tayra_clock_real();
	stage_open(&h->s, &o);
	others_load(h, 0);
	h->remote.lease_until_ms = tayra_clock_real()->wall_ms(NULL) + ms;
}

static void *
ask_impatiently(void *arg)
{
	struct house *h = arg;
	struct tayra_request r = ask(&h->s, "k", answer);
	struct tayra_ref ref;

	r.timeout_ns = 200 * TAYRA_NS_PER_MS;
	return tayra_get_or_load(h->s.t, &r, &ref) == TAYRA_E_TIMEOUT ? NULL : arg;
}

static void
when_the_thread_that_looks_leaves_the_next_one_does(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	pthread_t first;
	struct house h;
	void *wrong;

	move_in_real(&h, 400);
	r = ask(&h.s, "k", answer);
	r.timeout_ns = 20 * TAYRA_NS_PER_S;
	assert_int_equal(pthread_create(&first, NULL, ask_impatiently, &h), 0);
	while (stats_of(&h.s).lease_waits == 0)
		sched_yield();
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	pthread_join(first, &wrong);
	assert_null(wrong);
	assert_int_equal(h.s.calls, 1);
	move_out(&h);
}

static void
a_thread_that_blocks_looks_itself_where_nothing_ticks(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in_real(&h, 60);
	r = ask(&h.s, "k", answer);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "value");
	tayra_release(&ref);
	assert_int_equal(stats_of(&h.s).lease_takeovers, 1);
	move_out(&h);
}

static void
with_the_ticker_the_lookers_do(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct house h;

	move_in_shared(&h, ROOM_TICKER);
	others_load(&h, LEASE);
	start_one(&h, answer);
	r = ask(&h.s, "k", answer);
	while (stats_of(&h.s).lease_waits == 0)
		sched_yield();
	stage_pass_ms(&h.s, LEASE + 200);
	assert_int_equal(tayra_get_or_load(h.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(h.s.calls, 1);
	move_out(&h);
}

static void
what_is_stale_is_served_at_the_soft_timeout(void **state)
{
	struct tayra_request r;
	struct house h;

	move_in_shared(&h, 0);
	put_perishable(&h.s, "k", "old");
	stage_pass_ms(&h.s, 1000);
	others_load(&h, LEASE);
	r = ask(&h.s, "k", answer);
	r.soft_timeout_ns = 50 * TAYRA_NS_PER_MS;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	stage_pass_ms(&h.s, 50);
	got_value(&h.s, "old");
	assert_int_equal(h.s.calls, 0);
	/* It is looked after all the same: the queue is still there. */
	others_put(&h, "new");
	got_none(&h.s);
	assert_true(is_fresh(h.s.t, "k"));
	move_out(&h);
}

static void
a_deadline_ends_the_wait_and_with_it_the_flight(void **state)
{
	struct tayra_request r;
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, 10 * LEASE);
	r = ask(&h.s, "k", answer);
	r.timeout_ns = 100 * TAYRA_NS_PER_MS;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	stage_pass_ms(&h.s, 100);
	got_status(&h.s, TAYRA_E_TIMEOUT);
	assert_int_equal(stats_of(&h.s).inflight, 0);
	stage_pass_ms(&h.s, 1000);
	tayra_tick(h.s.t, 0);
	assert_int_equal(h.s.calls, 0);
	move_out(&h);
}

static void
a_put_here_is_not_replaced_by_what_waited(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	start_one(&h, answer);
	assert_int_equal(tayra_put(h.s.t, "k", 1, "put", 3, 0, 0), TAYRA_OK);
	got_value(&h.s, "put");
	finds_at(&h, "k", "put", TAYRA_TIER_RAM);
	assert_int_equal(h.s.calls, 0);
	move_out(&h);
}

static void
after_a_delete_here_it_loads_what_is_then_true(void **state)
{
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, 60);
	start_one(&h, answer);
	tayra_delete(h.s.t, "k", 1);
	got_none(&h.s);
	start_one(&h, answer); /* of its own: the other was overtaken */
	stage_pass_ms(&h.s, 200);
	for (int i = 0; i < 2;) {
		struct tayra_completion c;

		if (tayra_cq_drain(h.s.cq, &c, 1) == 1) {
			assert_int_equal(c.status, TAYRA_OK);
			tayra_release(&c.ref);
			i++;
		}
		stage_pass_ms(&h.s, 100);
	}
	move_out(&h);
}

static void
destroying_a_handle_ends_who_waits(void **state)
{
	struct house h;

	for (int ticker = 0; ticker < 2; ticker++) {
		struct tayra_completion c;

		move_in_shared(&h, ticker ? ROOM_TICKER : 0);
		others_load(&h, LEASE);
		start_one(&h, answer);
		while (stats_of(&h.s).lease_waits == 0)
			sched_yield();
		tayra_destroy(h.s.t);
		assert_int_equal(tayra_cq_drain(h.s.cq, &c, 1), 1);
		assert_int_equal(c.status, TAYRA_E_CLOSED);
		tayra_cq_destroy(h.s.cq);
		h.remote.tier.ops->close(&h.remote.tier);
		h.file.tier.ops->close(&h.file.tier);
	}
}

static void
who_keeps_nothing_or_wants_it_new_takes_none(void **state)
{
	struct tayra_request r;
	struct house h;

	move_in_shared(&h, 0);
	others_load(&h, LEASE);
	r = ask(&h.s, "k", answer);
	r.flags = TAYRA_REQUEST_NO_STORE;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	got_value(&h.s, "value");
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	got_value(&h.s, "value");
	r = ask(&h.s, "never", answer);
	r.ttl_ms = TAYRA_OFF;
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	got_value(&h.s, "value");
	r = ask_below("nothing");
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	got_status(&h.s, TAYRA_E_NOT_FOUND);
	assert_int_equal(h.remote.leases, 0);
	move_out(&h);
}

static void
it_can_be_switched_off(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra *t;
	struct house h;

	move_in_shared(&h, 0);
	stage_close(&h.s);
	o.remote_tier = (struct tayra_tier_remote *)&h.remote;
	o.lease_ns = TAYRA_OFF;
	stage_open(&h.s, &o);
	others_load(&h, LEASE);
	start_one(&h, answer);
	got_value(&h.s, "value");
	move_out(&h);
	o = (struct tayra_options)TAYRA_OPTIONS_INIT;
	o.lease_ns = 2 * 3600 * TAYRA_NS_PER_S;
	assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
}

static void
while_misses_are_the_rule_one_round_trip_asks_for_both(void **state)
{
	char key[16];
	uint64_t before;
	struct house h;

	move_in_shared(&h, 0);
	for (int i = 0; i < 20; i++) {
		struct tayra_request r;

		snprintf(key, sizeof(key), "k%d", i);
		before = h.remote.stats.misses;
		r = ask(&h.s, key, answer);
		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
		got_value(&h.s, "value");
		/* First it looks, and asks for the lease when there is nothing. */
		assert_int_equal(h.remote.stats.misses - before, i < 5 ? 2 : 1);
	}
	assert_int_equal(h.remote.leases, 20);
	assert_int_equal(h.remote.releases, 20);
	/* Where it is there after all the lease was not needed. */
	put_in(&h.remote, "there", "theirs");
	for (int i = 0; i < 8; i++) {
		struct tayra_request r = ask(&h.s, "there", answer);

		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
		got_value(&h.s, "theirs");
		assert_false(is_leased(&h));
		lose_from_ram(&h, "there");
	}
	assert_int_equal(h.remote.leases, 24); /* hits have become the rule */
	move_out(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_loads_has_the_lease_until_the_remote_has_the_value),
		cmocka_unit_test(the_lease_is_given_back_after_the_value_is_there),
		cmocka_unit_test(what_has_run_out_is_not_given_back),
		cmocka_unit_test(what_takes_longer_keeps_its_lease_while_somebody_waits),
		cmocka_unit_test(a_load_that_fails_gives_it_back),
		cmocka_unit_test(who_finds_it_held_does_not_load_and_gets_the_value_when_told),
		cmocka_unit_test(who_waits_is_joined_still_when_it_was_told_of_a_change),
		cmocka_unit_test(who_is_not_told_finds_it_all_the_same),
		cmocka_unit_test(where_many_wait_each_looks_less_often),
		cmocka_unit_test(what_runs_out_one_takes_over),
		cmocka_unit_test(what_never_ends_is_not_waited_for_for_ever),
		cmocka_unit_test(when_the_remote_fails_it_loads_for_itself),
		cmocka_unit_test(a_thread_that_blocks_looks_itself_where_nothing_ticks),
		cmocka_unit_test(when_the_thread_that_looks_leaves_the_next_one_does),
		cmocka_unit_test(with_the_ticker_the_lookers_do),
		cmocka_unit_test(what_is_stale_is_served_at_the_soft_timeout),
		cmocka_unit_test(a_deadline_ends_the_wait_and_with_it_the_flight),
		cmocka_unit_test(a_put_here_is_not_replaced_by_what_waited),
		cmocka_unit_test(after_a_delete_here_it_loads_what_is_then_true),
		cmocka_unit_test(destroying_a_handle_ends_who_waits),
		cmocka_unit_test(who_keeps_nothing_or_wants_it_new_takes_none),
		cmocka_unit_test(it_can_be_switched_off),
		cmocka_unit_test(while_misses_are_the_rule_one_round_trip_asks_for_both),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
