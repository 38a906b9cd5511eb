/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* An arm that takes no time to speak of and says what it is told to, with noise. */
struct actor {
	double level, noise;
	uint64_t lag_ns;
	double spikes; /* so often it takes twice to eleven times as long */
	uint64_t takes_ns;
	uint32_t runs, fails_at, stops_at, takes_from; /* which run; 0: never, takes: always */
	struct tayra__rng rng;
};

static int
act(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct actor *actor = ctx;

	(void)slice;
	actor->runs++;
	if (actor->fails_at && actor->runs >= actor->fails_at)
		return TAYRA_E_IO;
	if (actor->stops_at && actor->runs >= actor->stops_at)
		return TAYRA_PENDING;
	if (actor->takes_ns && actor->runs >= actor->takes_from)
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + actor->takes_ns);
	out->value[TAYRA__MEAN_MS] = actor->level *
				     exp(actor->noise * tayra__rng_normal(&actor->rng));
	out->value[TAYRA__P99_MS] = out->value[TAYRA__MEAN_MS];
	out->lag_p99_ns = (uint64_t)((double)actor->lag_ns *
				     (1 + 0.1 * tayra__rng_unit(&actor->rng)));
	if (tayra__rng_unit(&actor->rng) < actor->spikes)
		out->value[TAYRA__MEAN_MS] *= 2 + 10 * tayra__rng_unit(&actor->rng);
	return TAYRA_OK;
}

static struct tayra__trial_plan
plan_of(const struct tayra__arm *arms, size_t n, uint64_t seed)
{
	return (struct tayra__trial_plan){ .arms = arms,
					   .n = n,
					   .metric = TAYRA__MEAN_MS,
					   .margin = 0.02,
					   .alpha = 0.05,
					   .budget_ns = 20 * TAYRA_NS_PER_S,
					   .seed = seed };
}

static struct tayra__trial
trial_of(double a, double b, double noise, uint64_t seed)
{
	struct actor actors[2] = { { .level = a, .noise = noise }, { .level = b, .noise = noise } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	const struct tayra__trial_plan plan = plan_of(arms, 2, seed);
	struct tayra__trial trial;

	tayra__rng_init(&actors[0].rng, seed);
	tayra__rng_init(&actors[1].rng, ~seed);
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	assert_int_equal(trial.session.rounds, trial.planned);
	assert_int_equal(trial.ab[1].pairs, trial.planned);
	tayra__trial_fini(&trial);
	return trial;
}

static void
equal_arms_come_out_the_same_and_rounds_follow_the_noise(void **state)
{
	uint32_t same = 0, called = 0, quiet = 0, loud = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct tayra__trial trial = trial_of(3, 3, 0.03, seed);

		same += trial.ab[1].verdict == TAYRA_SAME;
		called += trial.ab[1].verdict == TAYRA_WORSE || trial.ab[1].verdict == TAYRA_BETTER;
		loud += trial.planned;
		quiet += trial_of(3, 3, 0.005, seed).planned;
	}
	assert_true(same >= 32);
	assert_true(called <= 6);
	assert_int_equal(quiet, 40 * 12);
	assert_true(loud > 40 * 60 && loud < 40 * 400);
}

/* Six pairs of one sign: p is 2 of 64, below 5% and above a half of it. */
static void
each_of_two_comparisons_gets_half_of_alpha(void **state)
{
	struct actor actors[3] = { { .level = 1 }, { .level = 2 }, { .level = 2 } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] },
					   { "b", act, &actors[1] },
					   { "c", act, &actors[2] } };
	struct tayra__trial trial;

	(void)state;
	for (size_t n = 2; n <= 3; n++) {
		struct tayra__trial_plan plan = plan_of(arms, n, 1);

		plan.rounds = 6;
		for (size_t i = 0; i < 3; i++)
			tayra__rng_init(&actors[i].rng, i);
		assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
		assert_int_equal(trial.ab[1].verdict, n == 2 ? TAYRA_WORSE : TAYRA_UNDECIDED);
		tayra__trial_fini(&trial);
	}
}

/* How often two equal arms with spikes come out SAME, of 40. */
static uint32_t
same_among_spikes(uint32_t turns)
{
	uint32_t same = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct actor actors[2] = { { .level = 3, .noise = 0.03, .spikes = 0.1 },
					   { .level = 3, .noise = 0.03, .spikes = 0.1 } };
		const struct tayra__arm arms[] = { { "a", act, &actors[0] },
						   { "b", act, &actors[1] } };
		struct tayra__trial_plan plan = plan_of(arms, 2, seed);
		struct tayra__trial trial;

		plan.turns = turns;
		tayra__rng_init(&actors[0].rng, seed);
		tayra__rng_init(&actors[1].rng, ~seed);
		assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
		assert_in_range(trial.turns, 1, turns ? turns : 1);
		assert_true(trial.turns == 1 ||
			    (trial.planned >= 40 && trial.planned < 80 + 1000 / 20));
		same += trial.ab[1].verdict == TAYRA_SAME;
		tayra__trial_fini(&trial);
	}
	return same;
}

static void
turns_shrug_at_spikes(void **state)
{
	uint32_t without, with;

	(void)state;
	if (getenv("TAYRA_INSTRUMENTED"))
		skip(); /* a minute of arithmetic */
	without = same_among_spikes(0);
	with = same_among_spikes(20);
	print_message("# same: %u of 40 with turns, %u without\n", with, without);
	assert_true(with >= 28);
	assert_true(with >= without + 8);
}

/* A trial of two arms whose p99 is 1 ms, with that lag. */
static struct tayra__trial
lagging(uint64_t a_ns, uint64_t b_ns, enum tayra__metric metric)
{
	struct actor actors[2] = { { .level = 1, .noise = 0.01, .lag_ns = a_ns },
				   { .level = 1, .noise = 0.01, .lag_ns = b_ns } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	struct tayra__trial_plan plan = plan_of(arms, 2, 3);
	struct tayra__trial trial;

	plan.metric = metric;
	tayra__rng_init(&actors[0].rng, 1);
	tayra__rng_init(&actors[1].rng, 2);
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	tayra__trial_fini(&trial);
	return trial;
}

static void
lag_that_differs_between_the_arms_spoils_a_tail(void **state)
{
	struct tayra__trial trial = lagging(10000, 50000, TAYRA__P99_MS);

	(void)state;
	assert_int_equal(trial.ab[1].verdict, TAYRA_INVALID);
	assert_non_null(strstr(trial.spoilt, "lag differed between the arms: p99 0.01"));
	trial = lagging(10000, 22000, TAYRA__P99_MS); /* by less than the margin */
	assert_int_not_equal(trial.ab[1].verdict, TAYRA_INVALID);
	trial = lagging(50000, 50000, TAYRA__P99_MS);
	assert_int_not_equal(trial.ab[1].verdict, TAYRA_INVALID);
	trial = lagging(10000, 50000, TAYRA__MEAN_MS); /* of which a p99 says little */
	assert_int_not_equal(trial.ab[1].verdict, TAYRA_INVALID);
}

static void
a_twentieth_more_is_found(void **state)
{
	uint32_t found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct tayra__trial trial = trial_of(3, 3 * 1.05, 0.03, seed);

		found += trial.ab[1].verdict == TAYRA_WORSE;
		assert_true(trial.ab[1].ratio > 1.02 && trial.ab[1].ratio < 1.08);
		assert_true(trial.aa.ratio > 0.97 && trial.aa.ratio < 1.03);
	}
	assert_true(found >= 19);
}

static void
a_budget_that_is_too_small_decides_nothing_and_is_kept(void **state)
{
	struct actor actors[2] = { { .level = 1, .takes_ns = 30 * TAYRA_NS_PER_MS },
				   { .level = 2, .takes_ns = 30 * TAYRA_NS_PER_MS } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	struct tayra__trial_plan plan = plan_of(arms, 2, 1);
	uint64_t began = tayra__clock_real_ns();
	struct tayra__trial trial;

	(void)state;
	plan.budget_ns = 300 * TAYRA_NS_PER_MS;
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	assert_true(tayra__clock_real_ns() - began < 2 * plan.budget_ns);
	assert_true(trial.planned >= 1 && trial.planned <= 2);
	assert_int_equal(trial.pilot.rounds, 0);
	assert_true(isnan(trial.pilot.sd));
	assert_int_equal(trial.ab[1].verdict, TAYRA_UNDECIDED);
	assert_int_equal(trial.ab[1].pairs_missing, 6 - trial.session.rounds);
	tayra__trial_fini(&trial);
}

static void
rounds_that_get_slower_are_ended_by_the_clock(void **state)
{
	struct actor actors[2] = {
		{ .level = 1, .noise = 1 },
		{ .level = 1, .noise = 1, .takes_ns = 20 * TAYRA_NS_PER_MS, .takes_from = 20 }
	};
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	struct tayra__trial_plan plan = plan_of(arms, 2, 1);
	struct tayra__trial trial;

	(void)state;
	tayra__rng_init(&actors[0].rng, 1);
	tayra__rng_init(&actors[1].rng, 2);
	plan.budget_ns = 200 * TAYRA_NS_PER_MS;
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	assert_true(trial.out_of_time && !trial.stopped);
	assert_true(trial.session.rounds >= 12 && trial.session.rounds < 60);
	assert_true(trial.planned > trial.session.rounds);
	assert_int_equal(trial.ab[1].pairs, trial.session.rounds);
	tayra__trial_fini(&trial);
}

static void
a_stop_keeps_the_rounds_that_are_whole(void **state)
{
	struct actor actors[2] = { { .level = 1 }, { .level = 1, .stops_at = 9 } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	struct tayra__trial_plan plan = plan_of(arms, 2, 1);
	struct tayra__trial trial;
	_Atomic bool stop = true;

	(void)state;
	plan.rounds = 50;
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	assert_true(trial.stopped);
	assert_int_equal(trial.session.rounds, 8);
	assert_int_equal(trial.ab[1].pairs, 8);
	tayra__trial_fini(&trial);
	plan.rounds = 0;
	plan.stop = &stop;
	actors[1].stops_at = 0;
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	assert_true(trial.stopped);
	assert_int_equal(trial.planned, 0);
	assert_int_equal(trial.ab[1].verdict, TAYRA_UNDECIDED);
	tayra__trial_fini(&trial);
}

static void
an_arm_that_fails_ends_it_with_its_status(void **state)
{
	struct actor actors[2] = { { .level = 1 }, { .level = 1, .fails_at = 30 } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	struct tayra__trial_plan plan = plan_of(arms, 2, 1);
	struct tayra__trial trial;

	(void)state;
	plan.rounds = 50;
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_E_IO);
	plan.rounds = 0;
	actors[1] = (struct actor){ .level = 1, .fails_at = 1 };
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_E_IO);
}

/* Four equal arms: with each at alpha, one of three would be called in every seventh trial. */
static void
many_arms_share_the_alpha(void **state)
{
	uint32_t trials_called = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct actor actors[4];
		struct tayra__arm arms[4];
		struct tayra__trial_plan plan = plan_of(arms, 4, seed);
		struct tayra__trial trial;
		bool called = false;

		for (size_t i = 0; i < 4; i++) {
			actors[i] = (struct actor){ .level = 1, .noise = 0.1 };
			tayra__rng_init(&actors[i].rng, seed * 4 + i);
			arms[i] = (struct tayra__arm){ "x", act, &actors[i] };
		}
		plan.rounds = 12;
		assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
		for (size_t i = 1; i < 4; i++)
			called |= trial.ab[i].verdict == TAYRA_WORSE ||
				  trial.ab[i].verdict == TAYRA_BETTER;
		trials_called += called;
		tayra__trial_fini(&trial);
	}
	assert_true(trials_called <= 19);
}

static void
effect_sizes_are_of_the_slices_that_counted(void **state)
{
	struct actor actors[2] = { { .level = 1, .noise = 0.1 }, { .level = 5, .noise = 0.1 } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	struct tayra__trial_plan plan = plan_of(arms, 2, 1);
	struct tayra__trial_effects effects;
	struct tayra__trial trial;

	(void)state;
	tayra__rng_init(&actors[0].rng, 1);
	tayra__rng_init(&actors[1].rng, 2);
	plan.rounds = 20;
	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	assert_int_equal(tayra__trial_effects(&trial, TAYRA__MEAN_MS, true, 1, &effects), TAYRA_OK);
	assert_true(effects.cliff == 1 && isnan(effects.cliff_lo));
	assert_true(effects.d_slice > 5);
	/* These arms add nothing to the histograms. */
	assert_true(isnan(effects.cliff_request) && isnan(effects.d_request));
	assert_int_equal(tayra__trial_effects(&trial, TAYRA__MEAN_MS, false, 2, &effects),
			 TAYRA_OK);
	assert_true(fabs(effects.cliff) < 0.5 && effects.cliff_lo < 0 && effects.cliff_hi > 0);
	tayra__trial_fini(&trial);
}

static void
a_spoilt_trial_is_invalid_and_says_the_first_reason(void **state)
{
	struct tayra__trial trial = trial_of(1, 2, 0.01, 1);

	(void)state;
	assert_int_equal(trial.ab[1].verdict, TAYRA_WORSE);
	tayra__trial_spoil(&trial, "others used %d%%", 90);
	tayra__trial_spoil(&trial, "later");
	assert_int_equal(trial.ab[1].verdict, TAYRA_INVALID);
	assert_string_equal(trial.spoilt, "others used 90%");
}

static void
what_is_no_plan_is_refused(void **state)
{
	struct actor actor = { .level = 1 };
	const struct tayra__arm arms[] = { { "a", act, &actor }, { "b", act, &actor } };
	const struct tayra__trial_plan good = plan_of(arms, 2, 1);
	struct tayra__trial_plan bad[6] = { good, good, good, good, good, good };
	struct tayra__trial trial;

	(void)state;
	bad[0].n = 1;
	bad[1].n = TAYRA__TRIAL_ARMS_MAX + 1;
	bad[2].margin = 0;
	bad[3].alpha = 1;
	bad[4].budget_ns = 0;
	bad[5].metric = TAYRA__METRICS;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(tayra__trial_run(&bad[i], &trial), TAYRA_E_INVAL);
	assert_int_equal(actor.runs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_arms_come_out_the_same_and_rounds_follow_the_noise),
		cmocka_unit_test(each_of_two_comparisons_gets_half_of_alpha),
		cmocka_unit_test(turns_shrug_at_spikes),
		cmocka_unit_test(lag_that_differs_between_the_arms_spoils_a_tail),
		cmocka_unit_test(a_twentieth_more_is_found),
		cmocka_unit_test(a_budget_that_is_too_small_decides_nothing_and_is_kept),
		cmocka_unit_test(rounds_that_get_slower_are_ended_by_the_clock),
		cmocka_unit_test(a_stop_keeps_the_rounds_that_are_whole),
		cmocka_unit_test(an_arm_that_fails_ends_it_with_its_status),
		cmocka_unit_test(many_arms_share_the_alpha),
		cmocka_unit_test(effect_sizes_are_of_the_slices_that_counted),
		cmocka_unit_test(a_spoilt_trial_is_invalid_and_says_the_first_reason),
		cmocka_unit_test(what_is_no_plan_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
