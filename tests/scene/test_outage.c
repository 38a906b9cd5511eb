/* SPDX-License-Identifier: Apache-2.0
 *
 * An origin is down for a minute of virtual time while 2,000 requests a second come for what is
 * cached and stale: nobody sees an error, the origin is asked at most once a second, and soon after
 * it is back everything is fresh.
 */
#include "../load/stage.h"

#define KEYS      500
#define TTL_MS    10000
#define GAP_NS    (TAYRA_NS_PER_S / 2000)
#define DOWN_S    60
#define DETECT    5 /* failures before it is known to be down */
#define SOON_NS   (2 * TAYRA_NS_PER_S)
#define PROBE_MAX 256

struct outage {
	struct stage s;
	uint64_t soft_timeout_ns;
	unsigned next, errors, stale, asked;
	uint64_t last_old_ns;         /* an answer was older than its ttl and what a reload takes */
	uint64_t asked_ns[PROBE_MAX]; /* while it is down */
};

static void
origin(struct tayra_load *load, void *arg)
{
	struct outage *o = arg;

	if (o->s.status < 0 && o->asked < PROBE_MAX)
		o->asked_ns[o->asked++] = o->s.now_ns;
	answer(load, &o->s);
}

/* Requests come for so long; each for the next key. */
static void
come(struct outage *o, uint64_t ns)
{
	const uint64_t until_ns = o->s.now_ns + ns;

	o->errors = o->stale = 0;
	while (o->s.now_ns < until_ns) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		struct tayra_completion c;
		char key[16];
		int status;

		r.key = key;
		r.key_len = (size_t)snprintf(key, sizeof(key), "page:%u", o->next++ % KEYS);
		r.load = origin;
		r.load_arg = o;
		r.soft_timeout_ns = o->soft_timeout_ns;
		status = tayra_get_or_load_start(o->s.t, &r, o->s.cq, NULL, &c.ref);
		if (status == TAYRA_PENDING) {
			assert_int_equal(tayra_cq_drain(o->s.cq, &c, 1), 1);
			status = c.status;
		}
		o->errors += status != TAYRA_OK;
		o->stale += c.ref.stale;
		if (c.ref.age_ms > TTL_MS + 500)
			o->last_old_ns = o->s.now_ns;
		tayra_release(&c.ref);
		o->s.now_ns += GAP_NS;
	}
}

static void
live_through(uint64_t soft_timeout_ns)
{
	static struct outage o;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	uint64_t back_ns;

	memset(&o, 0, sizeof(o));
	options.ttl_ms = TTL_MS;
	options.stale_ms = 600000;
	options.ttl_jitter = 0.5;
	stage_open(&o.s, &options);
	o.s.result.ttl_ms = 0;
	o.soft_timeout_ns = soft_timeout_ns;
	come(&o, 20 * TAYRA_NS_PER_S);
	assert_int_equal(o.errors, 0);

	o.s.status = TAYRA_E_ORIGIN;
	come(&o, DOWN_S * TAYRA_NS_PER_S);
	assert_int_equal(o.errors, 0);
	assert_true(o.stale > 2000 * 45); /* all of it but the first ten seconds */
	assert_in_range(o.asked, DETECT + 20, DETECT + DOWN_S);
	for (unsigned i = DETECT; i < o.asked; i++)
		assert_true(o.asked_ns[i] - o.asked_ns[i - 1] >= TAYRA_NS_PER_S);

	o.s.status = 0;
	back_ns = o.s.now_ns;
	come(&o, 10 * TAYRA_NS_PER_S);
	print_message("# %u loads in %u s, fresh %.2f s after\n", o.asked, DOWN_S,
		      (double)(o.last_old_ns - back_ns) / 1e9);
	assert_true(o.last_old_ns - back_ns < SOON_NS);
	assert_int_equal(o.errors, 0);
	stage_close(&o.s);
}

static void
who_waits_for_loads_sees_no_error_and_the_origin_hardly_a_probe(void **state)
{
	live_through(TAYRA_OFF);
}

static void
who_is_served_at_once_neither(void **state)
{
	live_through(TAYRA_AT_ONCE);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(who_waits_for_loads_sees_no_error_and_the_origin_hardly_a_probe),
	cmocka_unit_test(who_is_served_at_once_neither),
};

RUN_TESTS(tests)
