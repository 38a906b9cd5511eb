/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/process.h"
#include "load/ref.h"

static void
options_that_make_no_sense_are_refused(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_clock broken = { 0 };
	struct tayra *t = (struct tayra *)&o;

	assert_int_equal(tayra_create(NULL, NULL), TAYRA_E_INVAL);
	o.size = 0;
	assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
	assert_null(t);
	o.size = sizeof(o);
	o.clock = &broken;
	assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
	o.clock = NULL;
	cache.memory_bytes = 1;
	o.cache = &cache;
	assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
	assert_null(t);
}

static void
a_ref_outlives_its_key_and_its_handle(void **state)
{
	struct stage s;
	struct tayra_ref hit, loaded;

	stage_open(&s, NULL);
	put_perishable(&s, "hit", "hit");
	struct tayra_request r = ask(&s, "loaded", answer);

	assert_int_equal(tayra_get(s.t, "hit", 3, &hit), TAYRA_OK);
	assert_int_equal(tayra_get_or_load(s.t, &r, &loaded), TAYRA_OK);
	tayra_delete(s.t, "hit", 3);
	put_perishable(&s, "loaded", "another");
	holds(&hit, "hit");
	holds(&loaded, "value");
	stage_close(&s);
	holds(&hit, "hit");
	holds(&loaded, "value");
	tayra_release(&hit);
	tayra_release(&loaded);
	assert_null(hit.value);
	tayra_release(&hit); /* a zeroed ref: nothing happens */
	tayra_release(NULL);
}

static void
what_is_loaded_but_not_kept_outlives_the_handle_too(void **state)
{
	struct stage s;
	struct tayra_ref ref;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	r.flags = TAYRA_REQUEST_NO_STORE;
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	stage_close(&s);
	holds(&ref, "value");
	tayra_release(&ref);
}

static int
in_child(int (*act)(struct stage *, struct tayra_ref *), struct stage *s, struct tayra_ref *ref)
{
	int how = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(act(s, ref));
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

/* Returns the number of what went wrong first; 0: nothing. */
static int
use_forked(struct stage *s, struct tayra_ref *held)
{
	struct tayra_ref ref;
	struct tayra_completion c;
	struct tayra_cq *cq;
	struct tayra_request r = ask(s, "k", answer);

	if (tayra_get(s->t, "k", 1, &ref) != TAYRA_E_FORKED)
		return 1;
	if (tayra_get_or_load(s->t, &r, &ref) != TAYRA_E_FORKED)
		return 2;
	if (tayra_get_or_load_start(s->t, &r, s->cq, NULL, &ref) != TAYRA_E_FORKED)
		return 3;
	if (tayra_put(s->t, "k", 1, "v", 1, 0, 0) != TAYRA_E_FORKED)
		return 4;
	if (tayra_delete(s->t, "k", 1) != TAYRA_E_FORKED)
		return 5;
	if (tayra_cq_create(s->t, &cq) != TAYRA_E_FORKED)
		return 6;
	if (tayra_cq_drain(s->cq, &c, 1) != 0)
		return 7;
	tayra_tick(s->t, 0);
	if (stats_of(s).requests != 0)
		return 8;
	if (held->value_len != 5 || memcmp(held->value, "value", 5) != 0)
		return 9; /* its bytes are still there to read */
	tayra_release(held);
	tayra_cq_destroy(s->cq);
	tayra_destroy(s->t);
	/* A handle of its own works. */
	stage_open(s, NULL);
	r = ask(s, "k", answer);
	if (tayra_get_or_load(s->t, &r, &ref) != TAYRA_OK)
		return 10;
	tayra_release(&ref);
	stage_close(s);
	return 0;
}

/* The lock of the cache's shard may be one that a thread held which is not there any more. */
static void
what_another_process_holds_is_forgotten_and_not_given_back(void **state)
{
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;
	struct tayra__budget *budget = tayra__budget_create(1000);
	struct tayra_reservation reservation;
	struct tayra__hold *hold;
	struct tayra_cache *cache;

	assert_int_equal(tayra_cache_create(NULL, &cache), TAYRA_OK);
	hold = tayra__hold_create(cache, budget, tayra__process_token() + 1);
	assert_int_equal(tayra__hold_room(hold, "k", 1, 100, 0), TAYRA_OK);
	reservation = hold->reservation;
	tayra__hold_put(hold);
	tayra_cache_stats(cache, &stats);
	assert_true(stats.pinned_bytes > 0);
	tayra_cache_abandon(cache, &reservation);
	tayra_cache_destroy(cache);
	tayra__budget_put(budget);
}

static void
a_forked_child_is_refused_and_may_release_and_destroy(void **state)
{
	struct stage s;
	struct tayra_ref ref, hit;
	const char *tool = getenv("TAYRA_INSTRUMENTED");

	/* It would judge the child, which leaves the parent's memory alone, by that as a leak. */
	if (tool && strcmp(tool, "valgrind") == 0)
		skip();
	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", answer);

	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_int_equal(tayra_get(s.t, "k", 1, &hit), TAYRA_OK);
	assert_int_equal(in_child(use_forked, &s, &ref), 0);
	assert_int_equal(in_child(use_forked, &s, &hit), 0);
	/* The parent's is as it was. */
	holds(&ref, "value");
	tayra_release(&ref);
	tayra_release(&hit);
	assert_int_equal(stats_of(&s).cache.pinned_bytes, 0);
	stage_close(&s);
}

struct closing {
	struct stage *s;
	_Atomic int destroyed;
};

static void *
destroy(void *arg)
{
	struct closing *c = arg;

	tayra_destroy(c->s->t);
	atomic_store(&c->destroyed, 1);
	return NULL;
}

static void
destroy_ends_who_waits_with_closed_and_waits_for_the_load_that_is_out(void **state)
{
	struct stage s;
	struct closing c = { .s = &s };
	struct tayra_completion done;
	pthread_t thread;

	stage_open(&s, NULL);
	struct tayra_request r = ask(&s, "k", park);

	start(&s, &r, NULL);
	pthread_create(&thread, NULL, destroy, &c);
	/* The waiter is ended at once, the load is told that nobody waits, and the handle is kept.
	 */
	while (tayra_cq_wait(s.cq, &done, 1, TAYRA_NS_PER_MS) == 0)
		;
	assert_int_equal(done.status, TAYRA_E_CLOSED);
	while (!tayra_load_cancelled(s.parked[0]))
		sched_yield();
	assert_int_equal(atomic_load(&c.destroyed), 0);
	tayra_load_fail(s.parked[0], TAYRA_E_CANCELLED, 0);
	pthread_join(thread, NULL);
	tayra_cq_destroy(s.cq);
}

static void
with_the_ticker_time_moves_and_deadlines_end_without_a_hand(void **state)
{
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_completion c;
	struct tayra_ref ref;
	uint64_t end_ns;

	o.ticker = true;
	o.clock = tayra_clock_real();
	stage_open(&s, &o);
	end_ns = tayra__clock_mono_ns(o.clock) + 2 * TAYRA_NS_PER_S;
	assert_int_equal(tayra_put(s.t, "k", 1, "v", 1, 5, 0), TAYRA_OK);
	while (tayra_get(s.t, "k", 1, &ref) == TAYRA_OK) {
		tayra_release(&ref);
		assert_true(tayra__clock_mono_ns(o.clock) < end_ns);
	}
	struct tayra_request r = ask(&s, "slow", park);

	r.timeout_ns = TAYRA_NS_PER_MS;
	start(&s, &r, NULL);
	while (stats_of(&s).timeouts == 0)
		assert_true(tayra__clock_mono_ns(o.clock) < end_ns);
	assert_int_equal(tayra_cq_drain(s.cq, &c, 1), 1);
	assert_int_equal(c.status, TAYRA_E_TIMEOUT);
	finish(s.parked[0], "v");
	stage_close(&s);
}

struct slow {
	struct stage *s;
	_Atomic int status; /* of the look; 1: not yet */
};

/* Takes five seconds, and then looks for a key that is fresh for one. */
static void
take_long_and_look(struct tayra_load *load, void *arg)
{
	struct slow *slow = arg;
	struct tayra_ref ref;
	int status;

	stage_pass_ms(slow->s, 5000);
	status = tayra_get(slow->s->t, "k", 1, &ref);
	tayra_release(&ref);
	finish(load, "done");
	atomic_store(&slow->status, status);
}

static void
a_loader_on_the_ticker_does_not_make_time_stand_still(void **state)
{
	struct stage s;
	struct slow slow = { .s = &s, .status = 1 };
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_pace_options po = TAYRA_PACE_OPTIONS_INIT;

	po.limiter = TAYRA_LIMITER_FIXED;
	po.limit = 1;
	assert_int_equal(tayra_pace_create(&po, &o.pace), TAYRA_OK);
	o.ticker = true;
	stage_open(&s, &o);
	put_perishable(&s, "k", "v");
	struct tayra_request first = ask(&s, "first", park);
	struct tayra_request r = ask(&s, "slow", take_long_and_look);

	r.load_arg = &slow;
	r.timeout_ns = TAYRA_OFF;
	start(&s, &first, NULL);
	start(&s, &r, NULL);
	finish(s.parked[0], "v"); /* now its turn comes, and only the ticker looks */
	while (atomic_load(&slow.status) == 1)
		sched_yield();
	assert_int_equal(atomic_load(&slow.status), TAYRA_E_NOT_FOUND);
	stage_close(&s);
	tayra_pace_destroy(o.pace);
}

static uint64_t
counting_ns(void *ctx)
{
	atomic_fetch_add((_Atomic uint64_t *)ctx, 1);
	return tayra__clock_mono_ns(tayra_clock_real());
}

static void
a_hit_reads_the_clock_once_and_with_the_ticker_not_at_all(void **state)
{
	_Atomic uint64_t reads = 0;
	const struct tayra_clock counting = { counting_ns, stage_wall_ms, &reads };
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_ref ref;
	bool none = false;

	o.clock = &counting;
	stage_open(&s, &o);
	tayra_put(s.t, "k", 1, "v", 1, 0, 0);
	atomic_store(&reads, 0);
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(atomic_load(&reads), 1);
	stage_close(&s);

	o.ticker = true;
	stage_open(&s, &o);
	tayra_put(s.t, "k", 1, "v", 1, 0, 0);
	/* The ticker reads it too, and may be late to start: some run of hits must see no reading.
	 */
	for (uint64_t end_ns = tayra__clock_mono_ns(tayra_clock_real()) + 2 * TAYRA_NS_PER_S;
	     !none && tayra__clock_mono_ns(tayra_clock_real()) < end_ns;) {
		uint64_t before = atomic_load(&reads);

		for (int hit = 0; hit < 3; hit++) {
			assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK);
			tayra_release(&ref);
		}
		none = atomic_load(&reads) == before;
	}
	assert_true(none);
	stage_close(&s);
}

static void
a_deadline_wakes_a_blocked_caller_though_its_load_is_out(void **state)
{
	struct stage s;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_ref ref;
	uint64_t start_ns, took_ns;

	o.clock = tayra_clock_real();
	stage_open(&s, &o);
	struct tayra_request r = ask(&s, "k", park);

	r.timeout_ns = 5 * TAYRA_NS_PER_MS;
	start_ns = tayra__clock_mono_ns(o.clock);
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_TIMEOUT);
	took_ns = tayra__clock_mono_ns(o.clock) - start_ns;
	assert_true(took_ns >= r.timeout_ns);
	assert_true(tayra_load_cancelled(s.parked[0]));
	finish(s.parked[0], "late");
	assert_int_equal(tayra_get(s.t, "k", 1, &ref), TAYRA_OK); /* it was worth keeping */
	tayra_release(&ref);
	stage_close(&s);
}

static void
stats_of_an_older_caller_are_cut_to_its_size(void **state)
{
	struct stage s;
	struct tayra_stats stats;

	stage_open(&s, NULL);
	memset(&stats, 0xaa, sizeof(stats));
	stats.size = offsetof(struct tayra_stats, hits);
	tayra_stats(s.t, &stats);
	assert_int_equal(stats.requests, 0);
	assert_true(stats.hits == 0xaaaaaaaaaaaaaaaaull);
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(options_that_make_no_sense_are_refused),
	cmocka_unit_test(a_ref_outlives_its_key_and_its_handle),
	cmocka_unit_test(what_is_loaded_but_not_kept_outlives_the_handle_too),
	cmocka_unit_test(what_another_process_holds_is_forgotten_and_not_given_back),
	cmocka_unit_test(a_forked_child_is_refused_and_may_release_and_destroy),
	cmocka_unit_test(destroy_ends_who_waits_with_closed_and_waits_for_the_load_that_is_out),
	cmocka_unit_test(with_the_ticker_time_moves_and_deadlines_end_without_a_hand),
	cmocka_unit_test(a_loader_on_the_ticker_does_not_make_time_stand_still),
	cmocka_unit_test(a_hit_reads_the_clock_once_and_with_the_ticker_not_at_all),
	cmocka_unit_test(a_deadline_wakes_a_blocked_caller_though_its_load_is_out),
	cmocka_unit_test(stats_of_an_older_caller_are_cut_to_its_size),
};

RUN_TESTS(tests)
