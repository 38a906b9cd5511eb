/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/session.h"

#include "base/hist.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../stat/near.h"

#define ARMS 3
static const struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;

#define ROUNDS 300

/* What happened, in order. */
struct diary {
	size_t entries;
	uint8_t arm[ARMS * ROUNDS];
	uint64_t seed[ARMS * ROUNDS];
	uint32_t round[ARMS * ROUNDS];
	size_t progressed;
	_Atomic bool stop;
	size_t stop_after, fail_after; /* entries; 0: never */
};

struct actor {
	struct diary *diary;
	uint8_t number;
	double p50_ms;
	uint32_t spoils; /* slices before this round are invalid */
};

static int
act(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct actor *actor = ctx;
	struct diary *diary = actor->diary;
	size_t i = diary->entries++;

	diary->arm[i] = actor->number;
	diary->seed[i] = slice->seed;
	diary->round[i] = slice->round;
	assert_string_equal(slice->scene, "scene");
	assert_string_equal(slice->phase, "phase");
	assert_int_equal(slice->length_ns, 1000);
	assert_true(isnan(out->value[TAYRA__P99_MS]));
	assert_int_equal(out->latency->count, 0);
	out->value[TAYRA__P50_MS] = actor->p50_ms;
	out->value[TAYRA__GOODPUT_PER_S] = 1 / actor->p50_ms;
	out->invalid = slice->round < actor->spoils;
	tayra__hist_add(out->latency, slice->round);
	tayra__hist_add(out->service, slice->round + 7);
	if (diary->entries == diary->stop_after)
		atomic_store(&diary->stop, true);
	return diary->entries == diary->fail_after ? TAYRA_E_IO : TAYRA_OK;
}

static void
note_progress(void *ctx, size_t arm, const struct tayra__slice *slice,
	      const struct tayra__measure *measure)
{
	struct diary *diary = ctx;

	diary->progressed++;
	assert_int_equal(diary->arm[diary->entries - 1], arm);
	assert_int_equal(measure->latency->count, 1);
	assert_int_equal(measure->latency->max, slice->round);
}

static int
run(struct diary *diary, struct actor actors[ARMS], uint32_t rounds, uint64_t seed,
    struct tayra__session *session)
{
	const struct tayra__session_plan plan = { .scene = "scene",
						  .phase = "phase",
						  .rounds = rounds,
						  .slice_ns = 1000,
						  .seed = seed,
						  .stop = &diary->stop,
						  .progress = note_progress,
						  .progress_ctx = diary };
	struct tayra__arm arms[ARMS];

	for (uint8_t i = 0; i < ARMS; i++) {
		actors[i].diary = diary;
		actors[i].number = i;
		arms[i] = (struct tayra__arm){ "arm", act, &actors[i] };
	}
	return tayra__session_run(arms, ARMS, &plan, session);
}

static void
the_order_is_random_balanced_and_repeats_with_the_seed(void **state)
{
	static struct diary one, two, other;
	struct actor actors[ARMS] = { { .p50_ms = 1 }, { .p50_ms = 1 }, { .p50_ms = 1 } };
	struct tayra__session session;
	int first[ARMS] = { 0 }, before = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run(i == 0   ? &one
				     : i == 1 ? &two
					      : &other,
				     actors, ROUNDS, i == 2 ? 8 : 7, &session),
				 TAYRA_OK);
		assert_int_equal(session.rounds, ROUNDS);
		tayra__session_fini(&session);
	}
	assert_memory_equal(one.arm, two.arm, sizeof(one.arm));
	assert_memory_equal(one.seed, two.seed, sizeof(one.seed));
	assert_memory_not_equal(one.arm, other.arm, sizeof(one.arm));
	for (size_t r = 0; r < ROUNDS; r++) {
		const uint8_t *arm = &one.arm[r * ARMS];

		first[arm[0]]++;
		before += arm[0] == 0 || (arm[1] == 0 && arm[2] == 1);
	}
	/* 300 rounds: 100 +- 4 x 8.2 for being first, 150 +- 4 x 8.7 for 0 before 1 */
	for (int i = 0; i < ARMS; i++)
		assert_in_range(first[i], 67, 133);
	assert_in_range(before, 115, 185);
}

static void
arms_of_a_round_get_the_same_seed_and_rounds_differ(void **state)
{
	static struct diary diary;
	struct actor actors[ARMS] = { { .p50_ms = 1 }, { .p50_ms = 1 }, { .p50_ms = 1 } };
	struct tayra__session session;

	(void)state;
	assert_int_equal(run(&diary, actors, ROUNDS, 1, &session), TAYRA_OK);
	tayra__session_fini(&session);
	for (size_t i = 0; i < diary.entries; i++) {
		assert_int_equal(diary.round[i], i / ARMS);
		assert_int_equal(diary.seed[i], diary.seed[i - i % ARMS]);
		if (i >= ARMS)
			assert_true(diary.seed[i] != diary.seed[i - ARMS]);
	}
	assert_int_equal(diary.progressed, diary.entries);
}

static void
a_stop_keeps_the_whole_rounds(void **state)
{
	static struct diary diary = { .stop_after = 10 };
	struct actor actors[ARMS] = { { .p50_ms = 1 }, { .p50_ms = 1 }, { .p50_ms = 1 } };
	struct tayra__session session;

	(void)state;
	assert_int_equal(run(&diary, actors, ROUNDS, 1, &session), TAYRA_OK);
	assert_int_equal(session.rounds, 3);
	assert_int_equal(diary.entries, 10);
	for (int i = 0; i < ARMS; i++)
		assert_int_equal(session.latency[i].count, 3);
	for (int i = 0; i < ARMS; i++)
		assert_int_equal(session.service[i].max, 2 + 7);
	tayra__session_fini(&session);
}

static void
a_failing_arm_ends_the_session_with_its_status(void **state)
{
	static struct diary diary = { .fail_after = 5 };
	struct actor actors[ARMS] = { { .p50_ms = 1 }, { .p50_ms = 1 }, { .p50_ms = 1 } };
	struct tayra__session session;

	(void)state;
	assert_int_equal(run(&diary, actors, ROUNDS, 1, &session), TAYRA_E_IO);
	assert_int_equal(diary.entries, 5);
	assert_null(session.measures);
	assert_null(session.latency);
	assert_null(session.service);
}

static void
comparing_pairs_the_rounds_and_shows_the_a_a(void **state)
{
	static struct diary diary;
	struct actor actors[ARMS] = { { .p50_ms = 2 }, { .p50_ms = 2.5 }, { .p50_ms = 2 } };
	struct tayra__session session;
	struct tayra__session_comparison c;
	double ratios[10];

	(void)state;
	assert_int_equal(run(&diary, actors, 10, 1, &session), TAYRA_OK);
	assert_int_equal(tayra__session_compare(&session, TAYRA__P50_MS, 0, 1, 2, &rule, &c),
			 TAYRA_OK);
	assert_near(c.ab.ratio, 1.25, 1e-9);
	assert_int_equal(c.ab.verdict, TAYRA_WORSE);
	assert_int_equal(c.aa.verdict, TAYRA_SAME);
	assert_int_equal(c.ab.pairs, 10);
	assert_int_equal(tayra__session_compare(&session, TAYRA__GOODPUT_PER_S, 1, 0, 2, &rule, &c),
			 TAYRA_OK);
	assert_int_equal(c.ab.verdict, TAYRA_BETTER);
	assert_int_equal(tayra__session_compare(&session, TAYRA__HIT_RATIO, 0, 1, 2, &rule, &c),
			 TAYRA_OK);
	assert_true(isnan(c.ab.ratio) && isnan(c.aa.ratio));
	assert_int_equal(c.ab.verdict, TAYRA_UNDECIDED);
	assert_int_equal(tayra__session_compare(&session, TAYRA__METRICS, 0, 1, 2, &rule, &c),
			 TAYRA_E_INVAL);
	assert_int_equal(tayra__session_compare(&session, TAYRA__P50_MS, 0, 3, 2, &rule, &c),
			 TAYRA_E_INVAL);
	tayra__session_log_ratios(&session, TAYRA__P50_MS, 0, 1, ratios);
	assert_near(ratios[9], -log(1.25), 1e-9);
	tayra__session_log_ratios(&session, TAYRA__GOODPUT_PER_S, 1, 0, ratios);
	assert_near(ratios[9], log(1.25), 1e-9);
	tayra__session_log_ratios(&session, TAYRA__HIT_RATIO, 0, 1, ratios);
	assert_true(isnan(ratios[0]));
	tayra__session_fini(&session);
}

static void
a_spoilt_slice_takes_its_pair_along_and_too_many_the_verdict(void **state)
{
	static struct diary diary;
	struct actor actors[ARMS] = { { .p50_ms = 2 },
				      { .p50_ms = 2.5, .spoils = 4 },
				      { .p50_ms = 2, .spoils = 6 } };
	struct tayra__session session;
	struct tayra__session_comparison c;
	double ratios[10];

	(void)state;
	assert_int_equal(run(&diary, actors, 10, 1, &session), TAYRA_OK);
	assert_int_equal(tayra__session_compare(&session, TAYRA__P50_MS, 0, 1, 2, &rule, &c),
			 TAYRA_OK);
	assert_int_equal(c.ab.pairs, 6);
	assert_int_equal(c.ab.verdict, TAYRA_WORSE);
	assert_int_equal(c.aa.pairs, 4);
	assert_int_equal(c.aa.verdict, TAYRA_INVALID);
	assert_int_equal(session.latency[0].count, 10);
	assert_int_equal(session.latency[1].count, 6);
	assert_int_equal(session.latency[1].min, 4);
	assert_int_equal(session.service[1].min, 4 + 7);
	tayra__session_log_ratios(&session, TAYRA__P50_MS, 0, 1, ratios);
	assert_true(isnan(ratios[3]));
	assert_near(ratios[4], -log(1.25), 1e-9);
	tayra__session_fini(&session);
}

/* Of five turns, one is wild and one is spoilt. */
static int
act_in_turns(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	uint64_t *seeds = ctx;

	seeds[slice->round * 5 + slice->turn] ^= slice->seed;
	out->value[TAYRA__P50_MS] = slice->turn == 3 ? 1000 : 2 + 0.1 * slice->turn;
	out->value[TAYRA__ERROR_RATIO] = slice->turn == 1 ? 0.4 : 0;
	out->value[TAYRA__MAX_MS] = slice->turn;
	out->requests = 10;
	out->lag_p99_ns = slice->turn;
	out->invalid = slice->turn == 4 || (slice->round == 1 && slice->turn >= 2);
	tayra__hist_add(out->latency, 1);
	return TAYRA_OK;
}

static void
several_turns_of_a_round_come_to_one_figure(void **state)
{
	uint64_t seeds[10] = { 0 };
	const struct tayra__arm arms[2] = { { "a", act_in_turns, seeds },
					    { "b", act_in_turns, seeds } };
	struct tayra__session_plan plan = { .rounds = 2, .turns = 5, .slice_ns = 1, .seed = 3 };
	struct tayra__session session;
	const struct tayra__measure *m;

	(void)state;
	assert_int_equal(tayra__session_run(arms, 2, &plan, &session), TAYRA_OK);
	for (int i = 0; i < 10; i++)
		assert_int_equal(seeds[i], 0); /* both arms got the same */
	m = &session.measures[0];
	assert_false(m->invalid);
	assert_true(fabs(m->value[TAYRA__P50_MS] - 2.15) < 1e-9); /* of 2, 2.1, 2.2 and 1000 */
	assert_true(fabs(m->value[TAYRA__ERROR_RATIO] - 0.1) < 1e-9);
	assert_true(m->value[TAYRA__MAX_MS] == 3);
	assert_true(isnan(m->value[TAYRA__P99_MS]));
	assert_int_equal(m->requests, 50);
	assert_int_equal(m->lag_p99_ns, 4);
	assert_true(session.measures[2].invalid); /* three of five spoilt */
	assert_int_equal(session.latency[0].count, 4);
	tayra__session_fini(&session);
	plan.turns = TAYRA__SESSION_TURNS_MAX + 1;
	assert_int_equal(tayra__session_run(arms, 2, &plan, &session), TAYRA_E_INVAL);
}

static void
every_metric_has_a_name_of_its_own_and_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < TAYRA__METRICS; i++) {
		const struct tayra__metric_info *info = tayra__metric_info((enum tayra__metric)i);

		/* What a command prints has whatever unit it has. */
		assert_true(strlen(info->unit) > 0 || i == TAYRA__OUTPUT || i == TAYRA__SCORE);
		assert_true(strlen(info->name) > 3);
		assert_true(strlen(info->sentence) > 20);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(info->name,
						tayra__metric_info((enum tayra__metric)j)->name);
	}
	assert_string_equal(tayra__metric_info(TAYRA__P999_MS)->name, "p999_ms");
	assert_int_equal(tayra__metric_info(TAYRA__GOODPUT_PER_S)->better, TAYRA_BETTER_HIGHER);
	assert_int_equal(tayra__metric_info(TAYRA__SHED_RATIO)->better, TAYRA_BETTER_LOWER);
	assert_null(tayra__metric_info(TAYRA__METRICS));
	assert_null(tayra__metric_info((enum tayra__metric) - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_random_balanced_and_repeats_with_the_seed),
		cmocka_unit_test(arms_of_a_round_get_the_same_seed_and_rounds_differ),
		cmocka_unit_test(a_stop_keeps_the_whole_rounds),
		cmocka_unit_test(a_failing_arm_ends_the_session_with_its_status),
		cmocka_unit_test(comparing_pairs_the_rounds_and_shows_the_a_a),
		cmocka_unit_test(a_spoilt_slice_takes_its_pair_along_and_too_many_the_verdict),
		cmocka_unit_test(several_turns_of_a_round_come_to_one_figure),
		cmocka_unit_test(every_metric_has_a_name_of_its_own_and_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
