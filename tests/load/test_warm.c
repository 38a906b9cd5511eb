/* SPDX-License-Identifier: Apache-2.0
 *
 * On the real clock, for a queue sleeps on that.
 */
#include "stage.h"

#include <math.h>
#include <stdlib.h>

#define KEYS 200

struct depot {
	struct stage s;
	char names[KEYS][16];
	struct tayra_warm_key keys[KEYS];
	unsigned order[KEYS], loads;
	enum tayra_class cls;
	unsigned reports;
	bool stop;
};

static void
bring(struct tayra_load *load, void *arg)
{
	struct depot *d = arg;
	size_t len;
	const char *key = tayra_load_key(load, &len);

	if (d->loads < KEYS)
		d->order[d->loads] = (unsigned)((key[1] - '0') * 100 + (key[2] - '0') * 10 +
						key[3] - '0');
	d->loads++;
	d->cls = tayra_load_class(load);
	answer(load, &d->s);
}

static void
open_depot(struct depot *d, struct tayra_pace *pace)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	memset(d, 0, sizeof(*d));
	o.clock = tayra_clock_real();
	o.pace = pace;
	stage_open(&d->s, &o);
	for (int i = 0; i < KEYS; i++) {
		snprintf(d->names[i], sizeof(d->names[i]), "k%03d", i);
		d->keys[i] = (struct tayra_warm_key){ .key = d->names[i], .key_len = 4 };
	}
}

static struct tayra_request
each(struct depot *d)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.load = bring;
	r.load_arg = d;
	return r;
}

static struct tayra_warm_options
all_of(struct depot *d, const struct tayra_request *request)
{
	struct tayra_warm_options o = TAYRA_WARM_OPTIONS_INIT;

	o.keys = d->keys;
	o.count = KEYS;
	o.request = request;
	return o;
}

static bool
note_report(void *arg, const struct tayra_warm_progress *progress)
{
	struct depot *d = arg;

	assert_int_equal(progress->count, KEYS);
	assert_true(progress->done <= KEYS);
	d->reports++;
	return !d->stop;
}

static void
every_key_is_brought_in_the_background_unless_it_is_there(void **state)
{
	struct depot d;
	struct tayra_warm_progress p;
	struct tayra_ref ref;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	tayra_put(d.s.t, "k007", 4, "x", 1, 0, 0);
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_OK);
	assert_int_equal(p.done, KEYS);
	assert_int_equal(p.loaded, KEYS - 1);
	assert_int_equal(p.present, 1);
	assert_int_equal(d.loads, KEYS - 1);
	assert_int_equal(d.cls, TAYRA_BACKGROUND);
	for (int i = 0; i < KEYS; i++) {
		assert_int_equal(tayra_get(d.s.t, d.names[i], 4, &ref), TAYRA_OK);
		tayra_release(&ref);
	}
	stage_close(&d.s);
}

static void
the_dearest_come_first(void **state)
{
	struct depot d;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	for (int i = 0; i < KEYS; i++)
		d.keys[i].priority = i % 10;
	o.concurrency = 1;
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_OK);
	for (unsigned i = 0; i < KEYS; i++) /* 9, 19, 29, .. 8, 18, .. */
		assert_int_equal(d.order[i], 9 - i / 20 + 10 * (i % 20));
	stage_close(&d.s);
}

static void
no_more_than_its_rate_are_begun_and_somebody_is_told(void **state)
{
	struct depot d;
	struct tayra_warm_progress p;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	o.rate_per_s = 1000;
	o.progress = note_report;
	o.arg = &d;
	o.progress_ns = 20 * TAYRA_NS_PER_MS;
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_OK);
	assert_true(p.elapsed_ns >= 199 * TAYRA_NS_PER_MS);
	assert_in_range(d.reports, 1, p.elapsed_ns / o.progress_ns);
	stage_close(&d.s);
}

static void
a_rate_of_almost_none_is_no_haste(void **state)
{
	static const double rates[] = { 1e-9, 1e-20, 1e-300, 5e-324 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct depot d;
		struct tayra_warm_progress p;

		open_depot(&d, NULL);
		struct tayra_request r = each(&d);
		struct tayra_warm_options o = all_of(&d, &r);

		o.rate_per_s = rates[i];
		o.timeout_ns = 10 * TAYRA_NS_PER_MS;
		assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_E_TIMEOUT);
		assert_int_equal(p.done, 1);
		stage_close(&d.s);
	}
}

static void
what_is_not_there_and_what_fails_is_counted(void **state)
{
	struct depot d;
	struct tayra_warm_progress p;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	d.s.status = TAYRA_E_NOT_FOUND;
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_OK);
	assert_int_equal(p.absent, KEYS);
	d.s.status = TAYRA_E_CORRUPT;
	o.count = 4; /* a fifth, and the group rests */
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_OK);
	assert_int_equal(p.failed, 4);
	stage_close(&d.s);
}

static void
an_overload_puts_off_and_does_not_lose_a_key(void **state)
{
	struct depot d;
	struct tayra_warm_progress p;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	d.s.status = TAYRA_E_OVERLOAD;
	d.s.retry_after_ns = 5 * TAYRA_NS_PER_MS;
	o.count = 3;
	o.concurrency = 1;
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_OK);
	assert_int_equal(p.failed, 3);
	assert_int_equal(p.put_off, 3 * 7);
	assert_int_equal(d.loads, 3 * 8);
	assert_true(p.elapsed_ns >= 21 * 5 * TAYRA_NS_PER_MS);
	stage_close(&d.s);
}

static void
it_can_be_stopped_and_ends_at_its_time(void **state)
{
	struct depot d;
	struct tayra_warm_progress p;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	o.rate_per_s = 500;
	o.progress = note_report;
	o.arg = &d;
	o.progress_ns = 20 * TAYRA_NS_PER_MS;
	d.stop = true;
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_E_TIMEOUT);
	assert_in_range(p.done, 1, KEYS - 1);
	assert_int_equal(d.reports, 1);
	o.progress = NULL;
	o.timeout_ns = 50 * TAYRA_NS_PER_MS;
	o.request = &r;
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(tayra_warm(d.s.t, &o, &p), TAYRA_E_TIMEOUT);
	assert_true(p.elapsed_ns >= 50 * TAYRA_NS_PER_MS);
	assert_in_range(p.done, 1, 30);
	assert_int_equal(stats_of(&d.s).inflight, 0);
	stage_close(&d.s);
}

static void
bad_options_are_refused(void **state)
{
	struct depot d;

	open_depot(&d, NULL);
	struct tayra_request r = each(&d);
	struct tayra_warm_options o = all_of(&d, &r);

	assert_int_equal(tayra_warm(d.s.t, NULL, NULL), TAYRA_E_INVAL);
	o.request = NULL;
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_E_INVAL);
	o.request = &r;
	o.rate_per_s = (double)NAN;
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_E_INVAL);
	o.rate_per_s = 0;
	o.concurrency = 5000;
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_E_INVAL);
	o.concurrency = 0;
	r.load = NULL;
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_E_INVAL);
	r.load = bring;
	d.keys[7].priority = (double)NAN; /* it has no place in an order */
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_E_INVAL);
	assert_int_equal(d.loads, 0);
	o.count = 0;
	assert_int_equal(tayra_warm(d.s.t, &o, NULL), TAYRA_OK);
	stage_close(&d.s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_key_is_brought_in_the_background_unless_it_is_there),
	cmocka_unit_test(the_dearest_come_first),
	cmocka_unit_test(no_more_than_its_rate_are_begun_and_somebody_is_told),
	cmocka_unit_test(a_rate_of_almost_none_is_no_haste),
	cmocka_unit_test(what_is_not_there_and_what_fails_is_counted),
	cmocka_unit_test(an_overload_puts_off_and_does_not_lose_a_key),
	cmocka_unit_test(it_can_be_stopped_and_ends_at_its_time),
	cmocka_unit_test(bad_options_are_refused),
};

RUN_TESTS(tests)
