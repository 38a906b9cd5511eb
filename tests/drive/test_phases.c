/* SPDX-License-Identifier: Apache-2.0
 *
 * On virtual loads: a server of fixed capacity in virtual time, whose latency is its service time
 * and what is queued before it.  Nothing sleeps.
 */
#include "drive/phases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

#include "../stat/near.h"

struct server {
	double capacity_per_s, service_ms;
	double queued;
	double queue_most;          /* beyond, requests are refused; 0: none are */
	double lag_ms, reach_per_s; /* the generator's; reach 0: any */
	double drift;               /* the service takes so much longer with each slice */
	double cold;                /* and so much longer at first, halved every two slices */
	const double *after; /* service time in recovery's slices, as factors; the last stays */
	size_t afters, at_after;
	size_t ill;        /* so many slices refuse nine of ten, as evenly as can be */
	double high_per_s; /* recovery is what comes below after that */
	bool was_high;
	size_t slices;
	uint64_t now_ns;
	struct tayra__rng rng;
	/* What the test saw. */
	double last_to;
	bool jumped; /* a slice that did not begin at the rate at which the last ended */
	size_t stop_after, fail_after;
	_Atomic bool stop;
	struct tayra__phases_progress progress;
	size_t shown;
};

static void
init(struct server *s, double capacity_per_s)
{
	*s = (struct server){ .capacity_per_s = capacity_per_s, .service_ms = 2, .lag_ms = 0.01 };
	tayra__rng_init(&s->rng, 5);
}

/* Half a percent of noise either way on each slice. */
static double
service_ms(struct server *s, double rate_per_s)
{
	double ms = s->service_ms * (1 + s->drift * (double)s->slices);

	ms *= 1 + s->cold * exp2(-(double)s->slices / 2);
	s->was_high |= s->high_per_s > 0 && rate_per_s >= s->high_per_s;
	if (s->afters && s->was_high && rate_per_s < s->high_per_s / 2) {
		ms *= s->after[s->at_after];
		s->at_after += s->at_after + 1 < s->afters;
	}
	return ms * (1 + 0.01 * (tayra__rng_unit(&s->rng) - 0.5));
}

static void
ask(struct server *s, double ms, struct tayra__drive_result *out)
{
	double wait_ms = s->queued / s->capacity_per_s * 1e3;
	bool refused = (s->queue_most > 0 && s->queued > s->queue_most) ||
		       (s->slices < s->ill && out->offered % 10);

	ms = refused ? 1000 : wait_ms + ms * (1 + 0.05 * tayra__rng_unit(&s->rng));
	tayra__hist_add(&out->latency, (uint64_t)(ms * 1e6));
	tayra__hist_add(&out->lag, (uint64_t)(s->lag_ms * 1e6));
	out->offered++;
	out->errors += refused;
	out->ok += !refused;
}

static int
serve(void *ctx, double from, double to, uint64_t length_ns, struct tayra__drive_result *out)
{
	struct server *s = ctx;
	double seconds = (double)length_ns / 1e9, rate = (from + to) / 2;
	double reached = s->reach_per_s > 0 ? fmin(rate, s->reach_per_s) : rate;
	int requests = (int)(reached * seconds);
	double ms = service_ms(s, rate);

	if (s->fail_after && s->slices == s->fail_after)
		return TAYRA_E_IO;
	for (int i = 0; i < requests; i++) {
		s->queued += (reached - s->capacity_per_s) * seconds / requests;
		s->queued = fmax(0, s->queued);
		ask(s, ms, out);
	}
	s->jumped |= s->slices && fabs(from - s->last_to) > 1e-6 * from && from != to;
	s->last_to = to;
	s->slices++;
	s->now_ns += length_ns;
	out->length_ns = length_ns;
	if (s->stop_after && s->slices == s->stop_after)
		s->stop = true;
	return TAYRA_OK;
}

/* A processor at work in proportion, and memory that grows by a MiB a slice. */
static bool
use(void *ctx, struct tayra__process_use *out)
{
	const struct server *s = ctx;

	*out = (struct tayra__process_use){ s->now_ns / 4, (100 + s->slices) << 20, 1 };
	return true;
}

static void
watch(void *ctx, const struct tayra__phases_progress *progress)
{
	struct server *s = ctx;

	assert_true(progress->elapsed_ns <= progress->most_ns);
	assert_true(progress->elapsed_ns == s->now_ns);
	s->progress = *progress;
	s->shown++;
}

/* Ten slices are enough for what these tests need to be quick about. */
static bool
at_ten(const double *medians, size_t n)
{
	return n >= 10;
}

static int
load_test(struct server *s, const char *line, bool (*settled)(const double *, size_t),
	  struct tayra__phases *out)
{
	struct tayra__phases_plan plan = { .settled = settled, .stop = &s->stop };
	struct tayra__phases_load load = { serve, use, watch, s };
	char why[200];

	assert_int_equal(tayra__load_line_parse(line, &plan.line, why, sizeof(why)), TAYRA_OK);
	return tayra__phases_run(&plan, &load, out);
}

static bool
has(const struct tayra__phases *phases, enum tayra__phase_kind kind)
{
	for (size_t i = 0; i < phases->count; i++)
		if (phases->phase[i].kind == kind)
			return true;
	return false;
}

/* There must be one. */
static const struct tayra__phase *
last(const struct tayra__phases *phases, enum tayra__phase_kind kind)
{
	for (size_t i = phases->count; i-- > 0;)
		if (phases->phase[i].kind == kind)
			return &phases->phase[i];
	fail();
	abort();
}

static void
a_server_that_keeps_up_meets_everything(void **state)
{
	static const double rates[] = { 80, 80, 200, 300, 400, 440, 480, 520, 80 };
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 1000);
	assert_int_equal(load_test(&s, "200..400/s step 100 ramp 2s sustain 5s p99 10ms", NULL, &p),
			 TAYRA_OK);
	assert_int_equal(p.count, 9);
	for (size_t i = 0; i < 9; i++) {
		assert_near(p.phase[i].rate_per_s, rates[i], 1e-9);
		assert_int_equal(p.phase[i].verdict, TAYRA__PHASE_MET);
		assert_near(p.phase[i].figures.rate_per_s, rates[i], 1e-6);
		assert_near(p.phase[i].figures.p50_ms, 2.05, 0.05);
		assert_true(p.phase[i].figures.stability > 0.98);
		assert_null(p.phase[i].failed);
	}
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_MET);
	assert_true(p.steady && !p.stopped && !s.jumped);
	assert_near(p.best_per_s, 520, 1e-9);
	assert_int_equal(p.recovery_ns, 0);
	assert_int_equal(p.phase[8].slices, TAYRA__PHASES_CALM_SLICES);
	assert_int_equal(p.phase[1].slices, 10);
	/* Ramps are in no figures, but take their time. */
	assert_int_equal(p.phase[3].length_ns, 5 * TAYRA_NS_PER_S);
	assert_int_equal(p.phase[3].start_ns - p.phase[2].start_ns, 7 * TAYRA_NS_PER_S);
	assert_true(s.shown == 2 * s.slices);
	assert_int_equal(s.progress.kind, TAYRA__PHASE_RECOVERY);
	/* All that was still to come is recovery, had it not been calm at once. */
	assert_int_equal(s.progress.most_ns - s.progress.elapsed_ns, 55 * TAYRA_NS_PER_S / 2);
	tayra__phases_fini(&p);
}

/* Capacity 1,000.  The step to 1,200 queues 100 in its ramp and 1,000 while it is held; at the
 * baseline's 400 that is gone after 1,100 / 600 = 1.83 s, so that the first calm slice of half a
 * second is the one that begins at 2. */
static void
an_overload_fails_its_step_ends_the_climb_and_is_recovered_from(void **state)
{
	static struct server s;
	const struct tayra__phase *load;
	struct tayra__phases p;

	(void)state;
	init(&s, 1000);
	assert_int_equal(
		load_test(&s, "200..2000/s step 200 ramp 1s sustain 5s p99 50ms", at_ten, &p),
		TAYRA_OK);
	load = last(&p, TAYRA__PHASE_LOAD);
	assert_near(load->rate_per_s, 1200, 1e-9);
	assert_int_equal(load->verdict, TAYRA__PHASE_FAILED);
	assert_string_equal(load->failed, "p99");
	assert_int_equal(load->failed_ns, 0);
	assert_near(load->figures.max_ms, 1100 + 2, 5);
	assert_near(p.best_per_s, 1000, 1e-9);
	assert_false(has(&p, TAYRA__PHASE_STRESS));
	assert_int_equal(last(&p, TAYRA__PHASE_RECOVERY)->verdict, TAYRA__PHASE_MET);
	assert_int_equal(p.recovery_ns, 2 * TAYRA_NS_PER_S);
	assert_int_equal(s.progress.most_ns - s.progress.elapsed_ns, 51 * TAYRA_NS_PER_S / 2);
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_FAILED);
	tayra__phases_fini(&p);
}

static void
stress_may_break_without_the_test_failing(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 1150);
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s p95 20ms", at_ten, &p), TAYRA_OK);
	assert_near(last(&p, TAYRA__PHASE_STRESS)->rate_per_s, 1200, 1e-9);
	assert_int_equal(last(&p, TAYRA__PHASE_STRESS)->verdict, TAYRA__PHASE_FAILED);
	assert_string_equal(last(&p, TAYRA__PHASE_STRESS)->failed, "p95");
	assert_near(p.best_per_s, 1100, 1e-9);
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_MET);
	tayra__phases_fini(&p);
}

/* The queue grows by 100 a second: 20 ms of it after 0.2 s, refusals from 300 on, after 3 s. */
static void
of_several_thresholds_the_one_broken_first_is_named(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 1000);
	s.queue_most = 300;
	/* What the warm-up broke is the warm-up's. */
	s.cold = 200;
	assert_int_equal(
		load_test(&s, "1100/s ramp 0s sustain 6s success 99% p50 250ms", at_ten, &p),
		TAYRA_OK);
	assert_string_equal(last(&p, TAYRA__PHASE_LOAD)->failed, "p50");
	assert_int_equal(last(&p, TAYRA__PHASE_LOAD)->failed_ns, 5 * TAYRA_NS_PER_S / 2);
	tayra__phases_fini(&p);
	init(&s, 1000);
	s.queue_most = 100;
	assert_int_equal(
		load_test(&s, "1100/s ramp 0s sustain 6s success 99% p50 250ms", at_ten, &p),
		TAYRA_OK);
	assert_string_equal(last(&p, TAYRA__PHASE_LOAD)->failed, "success");
	assert_int_equal(last(&p, TAYRA__PHASE_LOAD)->failed_ns, TAYRA_NS_PER_S);
	tayra__phases_fini(&p);
}

/* Two slow slices, four calm ones, a slow one: the four were no recovery. */
static void
a_relapse_begins_recovery_anew(void **state)
{
	static const double after[] = { 3, 3, 1, 1, 1, 1, 3, 1 };
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.high_per_s = 1000;
	s.after = after;
	s.afters = 8;
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s", at_ten, &p), TAYRA_OK);
	assert_int_equal(p.recovery_ns, 7 * TAYRA_NS_PER_S / 2);
	assert_int_equal(last(&p, TAYRA__PHASE_RECOVERY)->slices, 12);
	tayra__phases_fini(&p);
}

static void
one_that_does_not_recover_is_said_to_have_not(void **state)
{
	static const double after[] = { 1, 1, 1, 1, 1.2 };
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.high_per_s = 1000;
	s.after = after;
	s.afters = 5;
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s", at_ten, &p), TAYRA_OK);
	assert_true(p.recovery_ns == UINT64_MAX);
	assert_int_equal(last(&p, TAYRA__PHASE_RECOVERY)->verdict, TAYRA__PHASE_FAILED);
	assert_string_equal(last(&p, TAYRA__PHASE_RECOVERY)->failed, "recovery");
	assert_int_equal(last(&p, TAYRA__PHASE_RECOVERY)->slices, 60);
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_FAILED);
	tayra__phases_fini(&p);
}

static void
a_cold_start_is_waited_for(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.cold = 3;
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s", NULL, &p), TAYRA_OK);
	assert_true(p.steady);
	assert_in_range(p.phase[0].slices, 25, 59);
	assert_true(p.phase[0].figures.max_ms > 7);
	assert_near(p.phase[1].figures.p50_ms, 2.05, 0.1);
	tayra__phases_fini(&p);
}

/* 20 requests at 200 a second take 0.1 s, half a second is the least, and two periods of 0.3 s hold
 * it.  Whoever asks only for the rates when there are 1,000 a second besides is told. */
static void
bursts_make_slices_of_whole_periods_and_are_asked_for(void **state)
{
	struct tayra__phases_plan plan = { .settled = at_ten,
					   .besides_per_s = 1000,
					   .period_ns = 300 * TAYRA_NS_PER_MS };
	static struct server s;
	struct tayra__phases_load load = { serve, NULL, NULL, &s };
	struct tayra__phases p;
	char why[200];

	(void)state;
	init(&s, 5000);
	assert_int_equal(
		tayra__load_line_parse("1000/s ramp 0s sustain 3s", &plan.line, why, sizeof(why)),
		TAYRA_OK);
	assert_int_equal(tayra__phases_run(&plan, &load, &p), TAYRA_OK);
	assert_int_equal(p.phase[0].length_ns / p.phase[0].slices, 600 * TAYRA_NS_PER_MS);
	assert_int_equal(p.phase[1].verdict, TAYRA__PHASE_INVALID);
	assert_string_equal(p.phase[1].failed, "rate");
	tayra__phases_fini(&p);
}

static void
errors_are_no_warmth_however_even(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.ill = SIZE_MAX;
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s success 95%", at_ten, &p),
			 TAYRA_OK);
	assert_true(p.steady);
	assert_int_equal(p.phase[0].slices, 60);
	assert_int_equal(p.phase[0].verdict, TAYRA__PHASE_FAILED);
	assert_string_equal(p.phase[0].failed, "success");
	assert_int_equal(p.phase[0].failed_ns, 0);
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_FAILED);
	tayra__phases_fini(&p);
}

/* It answers from the sixteenth slice on: the last ten are then as asked from the twenty-fifth. */
static void
what_fails_while_it_is_cold_is_waited_for(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.ill = 15;
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s success 95%", at_ten, &p),
			 TAYRA_OK);
	assert_int_equal(p.phase[0].slices, 25);
	assert_int_equal(p.phase[0].verdict, TAYRA__PHASE_MET);
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_MET);
	tayra__phases_fini(&p);
}

static void
one_that_never_settles_is_measured_and_not_believed(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.drift = 0.02;
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s", NULL, &p), TAYRA_OK);
	assert_false(p.steady);
	assert_int_equal(p.phase[0].slices, 60);
	assert_int_equal(p.phase[0].verdict, TAYRA__PHASE_FAILED);
	assert_string_equal(p.phase[0].failed, "steady");
	assert_true(has(&p, TAYRA__PHASE_LOAD));
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_INVALID);
	tayra__phases_fini(&p);
}

static void
a_generator_at_its_limits_makes_a_phase_invalid(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.lag_ms = 0.2; /* of 2.1 ms: 10% */
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s p99 1ms", at_ten, &p), TAYRA_OK);
	assert_int_equal(p.phase[1].verdict, TAYRA__PHASE_INVALID);
	assert_string_equal(p.phase[1].failed, "lag");
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_INVALID);
	tayra__phases_fini(&p);
	init(&s, 5000);
	s.reach_per_s = 1000;
	assert_int_equal(load_test(&s, "1200/s ramp 0s sustain 5s", at_ten, &p), TAYRA_OK);
	assert_int_equal(p.phase[1].verdict, TAYRA__PHASE_MET);
	assert_int_equal(p.phase[2].verdict, TAYRA__PHASE_INVALID);
	assert_string_equal(p.phase[2].failed, "rate");
	assert_true(p.best_per_s == 0);
	tayra__phases_fini(&p);
	/* A slice of 10 s holds none at a fifth of 0.1 a second. */
	init(&s, 5000);
	assert_int_equal(load_test(&s, "0.1/s ramp 0s sustain 5s", at_ten, &p), TAYRA_OK);
	assert_string_equal(p.phase[1].failed, "requests");
	assert_true(isnan(p.calm_ms));
	tayra__phases_fini(&p);
}

static void
a_baseline_that_fails_is_not_climbed_from(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	assert_int_equal(load_test(&s, "1000/s ramp 0s sustain 5s mean 1ms", at_ten, &p), TAYRA_OK);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.phase[1].failed, "mean");
	assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_FAILED);
	tayra__phases_fini(&p);
}

static void
what_the_target_used_is_of_each_phase(void **state)
{
	static struct server s;
	const struct tayra__load_figures *f;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	assert_int_equal(load_test(&s, "1000/s ramp 2s sustain 5s", at_ten, &p), TAYRA_OK);
	f = &last(&p, TAYRA__PHASE_LOAD)->figures;
	assert_near(f->cpu_mean, 0.25, 1e-6);
	assert_near(f->cpu_max, 0.25, 1e-6);
	assert_near(f->memory_growth_mib, 10, 1e-9);
	assert_near(f->memory_peak_mib, 100 + 10 + 10 + 4 + 10, 1e-9);
	assert_near(f->efficiency, 4000, 1e-6);
	tayra__phases_fini(&p);
}

static void
a_stop_keeps_what_there_is(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	/* In the middle of the baseline, and of the ramp after it. */
	for (size_t after = 13; after <= 22; after += 9) {
		init(&s, 5000);
		s.stop_after = after;
		assert_int_equal(load_test(&s, "1000/s ramp 2s sustain 5s", at_ten, &p), TAYRA_OK);
		assert_true(p.stopped);
		assert_int_equal(s.slices, after);
		assert_int_equal(p.count, after == 13 ? 2 : 3);
		assert_int_equal(p.phase[p.count - 1].verdict, TAYRA__PHASE_STOPPED);
		assert_int_equal(p.phase[p.count - 1].figures.offered, after == 13 ? 300 : 0);
		assert_int_equal(p.phase[p.count - 1].slices, after == 13 ? 3 : 0);
		assert_int_equal(tayra__phases_verdict(&p), TAYRA__PHASE_STOPPED);
		tayra__phases_fini(&p);
	}
}

static void
a_load_that_fails_ends_the_test_with_its_status(void **state)
{
	static struct server s;
	struct tayra__phases p;

	(void)state;
	init(&s, 5000);
	s.fail_after = 13;
	assert_int_equal(load_test(&s, "1000/s ramp 2s sustain 5s", at_ten, &p), TAYRA_E_IO);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.phase[1].figures.offered, 300);
	tayra__phases_fini(&p);
}

static void
without_memory_it_says_so_wherever_it_lacks(void **state)
{
	static struct server s;
	struct tayra__phases p;
	int status = TAYRA_E_NOMEM;

	(void)state;
	for (uint64_t n = 1; status; n++) {
		init(&s, 5000);
		tayra__mem_fail_after(n);
		status = load_test(&s, "1000/s ramp 0s sustain 1s", at_ten, &p);
		tayra__mem_fail_after(0);
		assert_true(status == TAYRA_OK || status == TAYRA_E_NOMEM);
		tayra__phases_fini(&p);
		assert_true(n < 100);
	}
}

static void
json_has_every_phase_and_what_came_of_it(void **state)
{
	static struct server s;
	struct tayra__phases p;
	struct tayra__json json;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	init(&s, 1000);
	assert_int_equal(load_test(&s, "1200/s ramp 1s sustain 5s p99 50ms", at_ten, &p), TAYRA_OK);
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__phases_json(&json, NULL, &p);
	assert_int_equal(tayra__json_finish(&json), TAYRA_OK);
	fclose(out);
	assert_ptr_equal(strstr(text, "{\"verdict\":\"failed\",\"steady\":true,\"best_per_s\":0,"),
			 text);
	assert_non_null(strstr(text, "{\"phase\":\"warmup\",\"verdict\":\"met\",\"failed\":null,"
				     "\"failed_s\":null,\"planned_per_s\":240,"));
	assert_non_null(strstr(text,
			       "{\"phase\":\"load\",\"verdict\":\"failed\",\"failed\":\"p99\","
			       "\"failed_s\":0,\"planned_per_s\":1200,"));
	assert_non_null(strstr(text, "{\"phase\":\"recovery\",\"verdict\":\"met\","
				     "\"failed\":null,\"failed_s\":null"));
	free(text);
	tayra__phases_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_keeps_up_meets_everything),
		cmocka_unit_test(an_overload_fails_its_step_ends_the_climb_and_is_recovered_from),
		cmocka_unit_test(stress_may_break_without_the_test_failing),
		cmocka_unit_test(of_several_thresholds_the_one_broken_first_is_named),
		cmocka_unit_test(a_relapse_begins_recovery_anew),
		cmocka_unit_test(one_that_does_not_recover_is_said_to_have_not),
		cmocka_unit_test(a_cold_start_is_waited_for),
		cmocka_unit_test(bursts_make_slices_of_whole_periods_and_are_asked_for),
		cmocka_unit_test(errors_are_no_warmth_however_even),
		cmocka_unit_test(what_fails_while_it_is_cold_is_waited_for),
		cmocka_unit_test(one_that_never_settles_is_measured_and_not_believed),
		cmocka_unit_test(a_generator_at_its_limits_makes_a_phase_invalid),
		cmocka_unit_test(a_baseline_that_fails_is_not_climbed_from),
		cmocka_unit_test(what_the_target_used_is_of_each_phase),
		cmocka_unit_test(a_stop_keeps_what_there_is),
		cmocka_unit_test(a_load_that_fails_ends_the_test_with_its_status),
		cmocka_unit_test(without_memory_it_says_so_wherever_it_lacks),
		cmocka_unit_test(json_has_every_phase_and_what_came_of_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
