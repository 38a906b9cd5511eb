/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of what is asked, each with its verdict: eight pairs, in which p can be 2, 4, .. of 256.
 */
#include "prove/trial.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum change {
	SURE,   /* all pairs one way: p is 2 of 256 */
	LIKELY, /* but for the smallest difference: 4 of 256, .0156, between .05 / 4 and .05 / 3 */
	NONE,
	UNKNOWN,
};

#define PARTS 4

struct actor {
	bool other;
	const enum change *change; /* [PARTS] */
};

static double
figure(const struct actor *actor, enum change change, uint32_t round)
{
	if (change == UNKNOWN)
		return nan("");
	if (!actor->other)
		return 1;
	if (change == NONE)
		return round % 2 ? 1.1 : 1 / 1.1;
	if (change == LIKELY && round == 0)
		return 0.9;
	return 2 + 0.01 * round;
}

static int
act(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	const struct actor *actor = ctx;

	out->value[TAYRA__MEAN_MS] = 1;
	for (size_t i = 0; i < PARTS; i++)
		out->part[i] = figure(actor, actor->change[i], slice->round);
	return TAYRA_OK;
}

static struct tayra__trial_parts found;

static void
judge(const enum change change[PARTS], const char *spoilt)
{
	struct actor actors[2] = { { false, change }, { true, change } };
	const struct tayra__arm arms[] = { { "a", act, &actors[0] }, { "b", act, &actors[1] } };
	const struct tayra__trial_plan plan = { .arms = arms,
						.n = 2,
						.metric = TAYRA__MEAN_MS,
						.margin = 0.02,
						.alpha = 0.05,
						.rounds = 8,
						.parts = PARTS,
						.seed = 1 };
	struct tayra__trial trial;

	assert_int_equal(tayra__trial_run(&plan, &trial), TAYRA_OK);
	if (spoilt)
		tayra__trial_spoil(&trial, "%s", spoilt);
	assert_int_equal(tayra__trial_parts(&plan, &trial, &found), TAYRA_OK);
	assert_int_equal(found.parts, PARTS);
	tayra__trial_fini(&trial);
}

static void
each_part_has_a_verdict_of_its_own(void **state)
{
	static const enum change change[] = { NONE, SURE, NONE, UNKNOWN };

	(void)state;
	judge(change, NULL);
	assert_int_equal(found.ab[1][0].verdict, TAYRA_UNDECIDED);
	assert_int_equal(found.ab[1][1].verdict, TAYRA_WORSE);
	assert_int_equal(found.ab[1][3].verdict, TAYRA_UNDECIDED);
	assert_int_equal(found.ab[1][3].pairs, 0);
	assert_int_equal(found.ab[1][1].pairs, 8);
	assert_true(found.ab[1][1].ratio > 1.9 && found.ab[1][1].ratio < 2.2);
	assert_true(found.ab[1][1].lo > 1);
}

static void
alpha_is_shared_out_in_steps(void **state)
{
	static const enum change alone[] = { LIKELY, NONE, NONE, NONE };
	static const enum change second[] = { LIKELY, NONE, SURE, NONE };

	(void)state;
	/* .0156 is not below a quarter of .05 ... */
	judge(alone, NULL);
	assert_int_equal(found.ab[1][0].verdict, TAYRA_UNDECIDED);
	assert_true(fabs(found.ab[1][0].p - 4.0 / 256) < 1e-12);
	assert_true(found.ab[1][0].lo < 1 && found.ab[1][0].hi > 1);
	/* ... but below a third of it, once another one has been found; its interval says so too.
	 */
	judge(second, NULL);
	assert_int_equal(found.ab[1][2].verdict, TAYRA_WORSE);
	assert_int_equal(found.ab[1][0].verdict, TAYRA_WORSE);
	assert_true(found.ab[1][0].lo > 1);
	assert_int_equal(found.ab[1][1].verdict, TAYRA_UNDECIDED);
}

static void
what_spoils_the_trial_spoils_its_parts(void **state)
{
	static const enum change change[] = { SURE, SURE, NONE, UNKNOWN };

	(void)state;
	judge(change, "the generator was late");
	for (size_t i = 0; i < PARTS; i++)
		assert_int_equal(found.ab[1][i].verdict, TAYRA_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_has_a_verdict_of_its_own),
		cmocka_unit_test(alpha_is_shared_out_in_steps),
		cmocka_unit_test(what_spoils_the_trial_spoils_its_parts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
