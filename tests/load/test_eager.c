/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <math.h>

static struct tayra_request
open_at(struct stage *s, struct source *source, double refresh_at)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	*source = (struct source)SOURCE_INIT;
	o.refresh_at = refresh_at;
	stage_open(s, &o);
	assert_int_equal(tayra_put(s->t, "k", 1, "old", 3, 1000, 0), TAYRA_OK);
	struct tayra_request r = ask(s, "k", NULL);

	r.origin = &source->origin;
	r.ttl_ms = 1000;
	return r;
}

static void
hit(struct stage *s, const struct tayra_request *r, const char *value)
{
	struct tayra_ref ref;

	assert_int_equal(tayra_get_or_load(s->t, r, &ref), TAYRA_OK);
	holds(&ref, value);
	assert_false(ref.stale);
	tayra_release(&ref);
}

static void
a_hit_late_in_its_time_has_it_loaded_behind_once(void **state)
{
	struct source source;
	struct stage s;
	struct tayra_request r = open_at(&s, &source, 0.8);

	stage_pass_ms(&s, 799);
	hit(&s, &r, "old");
	assert_int_equal(source.calls, 0);
	stage_pass_ms(&s, 1);
	for (int i = 0; i < 10; i++)
		hit(&s, &r, "old");
	assert_int_equal(source.calls, 1);
	assert_int_equal(source.cls, TAYRA_BACKGROUND);
	finish(source.parked, "new");
	/* The new one has a time of its own. */
	stage_pass_ms(&s, 799);
	hit(&s, &r, "new");
	assert_int_equal(source.calls, 1);
	stage_pass_ms(&s, 1);
	hit(&s, &r, "new");
	assert_int_equal(source.calls, 2);
	finish(source.parked, "newer");
	assert_int_equal(stats_of(&s).hits, 13);
	stage_close(&s);
}

/* A value of 10 s whose load takes 50 ms is read every `apart` ms for so many seconds.  => of its
 * values, the share that ended before it was loaded anew. */
static double
read_with_xfetch(uint64_t apart_ms, unsigned seconds, double xfetch, bool learns, double *loads)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct source source = SOURCE_INIT;
	unsigned ended = 0, values = 0;
	uint64_t done_ms = 0;
	struct tayra_request r;
	struct stage s;

	o.xfetch = xfetch;
	o.strategy = learns ? &strategy : NULL;
	strategy.ttl_learning = TAYRA_FEATURE_MONITOR;
	stage_open(&s, &o);
	r = ask(&s, "k", NULL);
	r.origin = &source.origin;
	r.ttl_ms = 10000;
	for (uint64_t ms = 0; ms < seconds * 1000ull; ms++, stage_pass_ms(&s, 1)) {
		struct tayra_completion c;
		struct tayra_ref ref;
		unsigned before = source.calls;

		if (done_ms && ms == done_ms) {
			finish(source.parked, "v");
			while (tayra_cq_drain(s.cq, &c, 1) == 1)
				tayra_release(&c.ref);
			done_ms = 0;
		}
		if (ms % apart_ms)
			continue;
		if (tayra_get_or_load_start(s.t, &r, s.cq, NULL, &ref) == TAYRA_OK)
			tayra_release(&ref);
		else if (source.calls > before)
			ended++;
		if (source.calls > before) {
			values++;
			done_ms = ms + 50;
		}
	}
	if (done_ms)
		finish(source.parked, "v");
	stage_close(&s);
	*loads = values / (seconds / 10.0);
	return (double)ended / values;
}

static void
refreshed_by_chance_few_values_end_however_often_they_are_read(void **state)
{
	double loads, ended;

	(void)state;
	for (uint64_t apart_ms = 1; apart_ms <= 200; apart_ms *= 5) {
		ended = read_with_xfetch(apart_ms, 5000, 3, true, &loads);
		print_message("# every %u ms: %.3f ended, %.3f loads\n", (unsigned)apart_ms, ended,
			      loads);
		assert_true(ended < 0.09);
		assert_true(loads < 1.12);
	}
	/* Read every 2.3 seconds: too seldom to spend more than a sixteenth of its time. */
	ended = read_with_xfetch(2300, 20000, 3, true, &loads);
	print_message("# every 2.3 s: %.3f ended, %.3f loads\n", ended, loads);
	assert_true(loads < 1.12);
	assert_true(ended > 0.1);
}

static void
where_nobody_counts_reads_the_time_of_the_load_decides(void **state)
{
	double loads;

	(void)state;
	/* 50 reads are expected to draw in 50 ms: long before it ends, every time. */
	assert_true(read_with_xfetch(1, 2000, 3, false, &loads) < 0.01);
	assert_true(loads < 1.06);
	assert_true(read_with_xfetch(1, 1000, 0, false, &loads) > 0.99);
}

static void
a_request_may_say_it_for_itself(void **state)
{
	struct source source;
	struct stage s;
	struct tayra_request r = open_at(&s, &source, 0.5);

	stage_pass_ms(&s, 600);
	r.refresh_at = -1;
	hit(&s, &r, "old");
	r.refresh_at = 0.7;
	hit(&s, &r, "old");
	assert_int_equal(source.calls, 0);
	stage_pass_ms(&s, 100);
	hit(&s, &r, "old");
	assert_int_equal(source.calls, 1);
	finish(source.parked, "new");
	stage_pass_ms(&s, 999);
	r.refresh_at = -1;
	hit(&s, &r, "new");
	r.refresh_at = 1;
	assert_int_equal(start(&s, &r, NULL), TAYRA_E_INVAL);
	r.refresh_at = (double)NAN;
	assert_int_equal(start(&s, &r, NULL), TAYRA_E_INVAL);
	stage_close(&s);
}

static void
if_it_fails_the_value_ends_in_its_time(void **state)
{
	struct source source;
	struct stage s;
	struct tayra_request r = open_at(&s, &source, 0.5);

	stage_pass_ms(&s, 600);
	hit(&s, &r, "old");
	tayra_load_fail(source.parked, TAYRA_E_ORIGIN, 0);
	stage_pass_ms(&s, 399);
	hit(&s, &r, "old");
	assert_int_equal(source.calls, 1);
	stage_pass_ms(&s, 1);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(source.calls, 2);
	finish(source.parked, "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
who_comes_at_its_end_waits_for_the_same_load(void **state)
{
	struct source source;
	struct stage s;
	struct tayra_request r = open_at(&s, &source, 0.5);

	stage_pass_ms(&s, 600);
	hit(&s, &r, "old");
	stage_pass_ms(&s, 400);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(source.calls, 1);
	finish(source.parked, "new");
	got_value(&s, "new");
	stage_close(&s);
}

static void
nothing_is_begun_unless_asked_for_or_without_somebody_to_run_it(void **state)
{
	struct source source;
	struct stage s;
	struct tayra_request r = open_at(&s, &source, 0);

	stage_pass_ms(&s, 999);
	hit(&s, &r, "old");
	assert_int_equal(source.calls, 0);
	stage_close(&s);
	r = open_at(&s, &source, 0.5);
	stage_pass_ms(&s, 999);
	r.origin = NULL;
	r.load = answer;
	hit(&s, &r, "old");
	assert_int_equal(s.calls, 0);
	r = ask(&s, "k", NULL);
	r.flags = TAYRA_REQUEST_NO_LOAD;
	hit(&s, &r, "old");
	assert_int_equal(stats_of(&s).inflight, 0);
	stage_close(&s);
}

static void
a_part_that_is_none_is_refused(void **state)
{
	const double bad[] = { -0.1, 1, (double)NAN };

	for (int i = 0; i < 3; i++) {
		struct tayra_options o = TAYRA_OPTIONS_INIT;
		struct tayra *t;

		o.refresh_at = bad[i];
		assert_int_equal(tayra_create(&o, &t), TAYRA_E_INVAL);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_hit_late_in_its_time_has_it_loaded_behind_once),
	cmocka_unit_test(refreshed_by_chance_few_values_end_however_often_they_are_read),
	cmocka_unit_test(where_nobody_counts_reads_the_time_of_the_load_decides),
	cmocka_unit_test(a_request_may_say_it_for_itself),
	cmocka_unit_test(if_it_fails_the_value_ends_in_its_time),
	cmocka_unit_test(who_comes_at_its_end_waits_for_the_same_load),
	cmocka_unit_test(nothing_is_begun_unless_asked_for_or_without_somebody_to_run_it),
	cmocka_unit_test(a_part_that_is_none_is_refused),
};

RUN_TESTS(tests)
