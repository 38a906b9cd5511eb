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
	cmocka_unit_test(a_request_may_say_it_for_itself),
	cmocka_unit_test(if_it_fails_the_value_ends_in_its_time),
	cmocka_unit_test(who_comes_at_its_end_waits_for_the_same_load),
	cmocka_unit_test(nothing_is_begun_unless_asked_for_or_without_somebody_to_run_it),
	cmocka_unit_test(a_part_that_is_none_is_refused),
};

RUN_TESTS(tests)
