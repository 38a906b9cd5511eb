/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of one key, at random and on a clock turned by hand, beside a model of a page that says
 * what docs/design/load.md promises: who gets what, when, and how old it may be.
 */
#include "../load/stage.h"

#include "base/hash.h"
#include "base/rng.h"

#define TTL_MS      10
#define STALE_MS    20
#define THROTTLE_MS 5
#define STEPS       4000
#define WAITERS     4096

struct answer {
	int status;
	uint64_t value;
	bool stale;
};

struct waiter {
	bool waiting, stale_ok;
	unsigned flight;
	uint64_t soft_ms, deadline_ms;
	struct answer answer; /* once it is not waiting any more */
	bool seen;
};

struct model {
	struct stage s;
	struct tayra__rng rng;
	uint64_t now_ms, hash, next_value;
	/* What is cached. */
	bool cached, failed;
	uint64_t value, fresh_ms, expire_ms;
	/* The loads that are out, by the number of their call, and the one that is joined. */
	bool out[STAGE_PARKED], attached;
	uint64_t stale_ms[STAGE_PARKED];
	unsigned newest, failures; /* failures: in a row */
	struct waiter waiters[WAITERS];
	unsigned count;
};

static uint64_t
below(struct model *m, uint64_t n)
{
	return tayra__rng_below(&m->rng, n);
}

static bool
is_stale(const struct model *m)
{
	return m->failed || m->now_ms >= m->fresh_ms;
}

static void
expect(struct waiter *w, int status, uint64_t value, bool stale)
{
	w->waiting = false;
	w->answer = (struct answer){ status, status == TAYRA_OK ? value : 0, stale };
}

static void
expect_fallback(const struct model *m, struct waiter *w, int status)
{
	if (w->stale_ok && m->cached)
		expect(w, TAYRA_OK, m->value, is_stale(m));
	else
		expect(w, status, 0, false);
}

static void
check(struct model *m, unsigned number, int status, struct tayra_ref *ref)
{
	struct waiter *w = &m->waiters[number];
	uint64_t value = 0;

	if (ref->value)
		memcpy(&value, ref->value, sizeof(value));
	assert_false(w->waiting);
	assert_false(w->seen);
	w->seen = true;
	assert_int_equal(status, w->answer.status);
	assert_int_equal(value, w->answer.value);
	assert_int_equal(ref->stale, w->answer.stale);
	m->hash = tayra__hash_mix64(m->hash ^ (number + (value << 20) + ((uint64_t)-status << 56)));
	tayra_release(ref);
}

/* Everything the model says is answered has arrived, and nothing else. */
static void
settle(struct model *m)
{
	struct tayra_completion c;

	while (tayra_cq_drain(m->s.cq, &c, 1))
		check(m, (unsigned)(uintptr_t)c.cookie, c.status, &c.ref);
	for (unsigned i = 0; i < m->count; i++)
		assert_int_equal(m->waiters[i].seen, !m->waiters[i].waiting);
}

static unsigned
slot(unsigned call)
{
	return call % STAGE_PARKED;
}

static void
do_start(struct model *m)
{
	struct tayra_request r = ask(&m->s, "k", park);
	struct waiter *w = &m->waiters[m->count];
	unsigned calls = m->s.calls;
	struct tayra_ref ref;
	int status;

	if (m->count == WAITERS || m->out[slot(calls)])
		return;
	w->stale_ok = below(m, 3) > 0;
	w->soft_ms = below(m, 2) ? m->now_ms + 3 : UINT64_MAX;
	w->deadline_ms = m->now_ms + 2 + below(m, 15);
	w->waiting = true;
	r.ttl_ms = TTL_MS;
	r.stale_ms = w->stale_ok ? STALE_MS : TAYRA_OFF;
	r.soft_timeout_ns = w->soft_ms == UINT64_MAX ? 0 : 3 * TAYRA_NS_PER_MS;
	r.timeout_ns = (w->deadline_ms - m->now_ms) * TAYRA_NS_PER_MS;

	status = tayra_get_or_load_start(m->s.t, &r, m->s.cq, (void *)(uintptr_t)m->count, &ref);
	if (m->cached && m->now_ms < m->fresh_ms && (!m->failed || w->stale_ok)) {
		expect(w, TAYRA_OK, m->value, m->failed);
		check(m, m->count, status, &ref);
	} else {
		assert_int_equal(status, TAYRA_PENDING);
		assert_int_equal(m->s.calls, calls + !m->attached);
		if (!m->attached) {
			m->newest = calls;
			m->out[slot(calls)] = m->attached = true;
			m->stale_ms[slot(calls)] = w->stale_ok ? STALE_MS : 0;
		}
		w->flight = m->newest;
	}
	m->count++;
}

/* The number of a load that is out, or false. */
static bool
pick_out(struct model *m, unsigned *call)
{
	for (unsigned tries = 0; tries < 8; tries++) {
		unsigned back = (unsigned)below(m, 4);

		*call = m->s.calls - 1 - back;
		if (back < m->s.calls && m->out[slot(*call)])
			return true;
	}
	return false;
}

static bool
land(struct model *m, unsigned call)
{
	bool keeps = m->attached && call == m->newest;

	m->out[slot(call)] = false;
	if (keeps)
		m->attached = false;
	return keeps;
}

static void
cache(struct model *m, uint64_t value, uint64_t stale_ms)
{
	m->cached = true;
	m->failed = false;
	m->value = value;
	m->fresh_ms = m->now_ms + TTL_MS;
	m->expire_ms = m->fresh_ms + stale_ms;
}

static void
do_finish(struct model *m)
{
	unsigned call;
	uint64_t value = ++m->next_value;

	if (!pick_out(m, &call))
		return;
	tayra_load_done(m->s.parked[slot(call)], &value, sizeof(value), NULL);
	m->failures = 0;
	if (land(m, call))
		cache(m, value, m->stale_ms[slot(call)]);
	for (unsigned i = 0; i < m->count; i++)
		if (m->waiters[i].waiting && m->waiters[i].flight == call)
			expect(&m->waiters[i], TAYRA_OK, value, false);
}

static void
do_fail(struct model *m)
{
	int status = below(m, 3) ? TAYRA_E_ORIGIN : TAYRA_E_NOT_FOUND;
	unsigned call;

	if (!pick_out(m, &call))
		return;
	if (status == TAYRA_E_NOT_FOUND)
		m->failures = 0;
	else if (m->failures == 4) /* a fifth, and the group rests: that is test_outage's */
		status = TAYRA_E_OVERLOAD;
	else
		m->failures++;
	tayra_load_fail(m->s.parked[slot(call)], status, 0);
	if (land(m, call)) {
		if (status == TAYRA_E_NOT_FOUND) {
			m->cached = false;
		} else if (m->cached && is_stale(m)) {
			m->failed = true;
			m->fresh_ms = m->now_ms + THROTTLE_MS;
		}
	}
	for (unsigned i = 0; i < m->count; i++) {
		struct waiter *w = &m->waiters[i];

		if (!w->waiting || w->flight != call)
			continue;
		if (status == TAYRA_E_NOT_FOUND)
			expect(w, status, 0, false);
		else
			expect_fallback(m, w, status);
	}
}

static void
do_change(struct model *m)
{
	uint64_t value = ++m->next_value;

	m->attached = false;
	if (below(m, 2)) {
		assert_int_equal(tayra_put(m->s.t, "k", 1, &value, sizeof(value), TTL_MS, STALE_MS),
				 TAYRA_OK);
		cache(m, value, STALE_MS);
	} else {
		int status = tayra_delete(m->s.t, "k", 1);

		/* What has expired may still be there to be deleted. */
		if (m->cached)
			assert_int_equal(status, TAYRA_OK);
		m->cached = false;
	}
}

static void
do_pass(struct model *m)
{
	stage_pass_ms(&m->s, 1);
	m->now_ms++;
	if (m->now_ms >= m->expire_ms)
		m->cached = false;
	for (unsigned i = 0; i < m->count; i++) {
		struct waiter *w = &m->waiters[i];

		if (!w->waiting)
			continue;
		if (m->now_ms >= w->deadline_ms)
			expect_fallback(m, w, TAYRA_E_TIMEOUT);
		else if (m->now_ms == w->soft_ms && w->stale_ok && m->cached)
			expect_fallback(m, w, TAYRA_OK);
	}
}

static uint64_t
live(uint64_t seed)
{
	static struct model m;
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	memset(&m, 0, sizeof(m));
	o.throttle_ms = THROTTLE_MS;
	stage_open(&m.s, &o);
	tayra__rng_init(&m.rng, seed);
	m.now_ms = STAGE_START_NS / TAYRA_NS_PER_MS;
	for (int step = 0; step < STEPS; step++) {
		uint64_t what = below(&m, 20);

		if (what < 8)
			do_start(&m);
		else if (what < 10)
			do_finish(&m);
		else if (what < 12)
			do_fail(&m);
		else if (what < 13)
			do_change(&m);
		else
			do_pass(&m);
		settle(&m);
	}
	for (unsigned i = 0; i < STAGE_PARKED; i++)
		if (m.out[i])
			tayra_load_fail(m.s.parked[i], TAYRA_E_CANCELLED, 0);
	tayra_destroy(m.s.t);
	struct tayra_completion c;

	while (tayra_cq_drain(m.s.cq, &c, 1))
		tayra_release(&c.ref);
	tayra_cq_destroy(m.s.cq);
	return m.hash;
}

static void
a_key_lives_as_the_model_says_whatever_happens_to_it(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		live(seed);
}

static void
the_same_seed_lives_the_same_life(void **state)
{
	assert_true(live(7) == live(7));
	assert_true(live(7) != live(8));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_key_lives_as_the_model_says_whatever_happens_to_it),
	cmocka_unit_test(the_same_seed_lives_the_same_life),
};

RUN_TESTS(tests)
