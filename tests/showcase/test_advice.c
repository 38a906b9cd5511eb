/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "invent.h"
#include "showcase/advice.h"
#include "showcase/scorecard.h"

static const double alike[] = { 1, 1, 1, 1 };
static const double gain[] = { 2, 1.25, 1, 1.25 };
static const double loss[] = { 1, 1, 1.2, 1 };

/* The first advice of a rule; NULL: none. */
static const char *
advised(const struct tayra__results *r, const char *rule)
{
	static struct tayra__advice advice;

	for (uint32_t i = 0; tayra__advice_next(r, i, &advice); i++)
		if (strcmp(advice.rule, rule) == 0)
			return advice.text;
	return NULL;
}

static void
set_part(struct tayra__results *r, enum tayra__part part, double ms)
{
	for (uint32_t i = 0; i < tayra__stage_count; i++)
		for (uint32_t round = 0; round < r->stage[i].rounds; round++)
			r->stage[i].slice[round][TAYRA__ARM_TAYRA].part_ms[part] = ms;
}

static void
the_bottleneck_is_the_largest_part(void **state)
{
	struct tayra__results *r = invent(gain);
	double share;

	set_part(r, TAYRA__PART_HIT, 1);
	set_part(r, TAYRA__PART_ORIGIN, 3);
	assert_int_equal(tayra__advice_bottleneck(r, TAYRA__ARM_TAYRA, &share), TAYRA__PART_ORIGIN);
	assert_true(fabs(share - 0.75) < 1e-9);
	assert_non_null(strstr(advised(r, "bottleneck"), "75% of a request's time (origin_ms)"));
	set_part(r, TAYRA__PART_WAIT, 5);
	assert_non_null(strstr(advised(r, "bottleneck"), "(wait_ms)"));
	free(r);
}

static void
what_harms_is_to_be_switched_off_and_what_helps_kept(void **state)
{
	struct tayra__results *good = invent(gain), *bad = invent(loss);

	assert_non_null(strstr(advised(good, "keep"), tayra__ablations[0].mechanism));
	assert_null(advised(good, "switch-off"));
	assert_non_null(strstr(advised(bad, "switch-off"), tayra__ablations[0].mechanism));
	assert_null(advised(bad, "keep"));
	free(good);
	free(bad);
}

static void
what_is_worse_is_named_with_its_figures(void **state)
{
	struct tayra__results *good = invent(gain), *bad = invent(loss);

	assert_null(advised(good, "worse"));
	assert_non_null(strstr(advised(bad, "worse"), "p50_ms"));
	free(good);
	free(bad);
}

static void
a_run_that_cannot_be_believed_advises_a_repeat_and_scores_nothing(void **state)
{
	struct tayra__results *r = invent(gain);
	struct tayra__score scores[TAYRA__SCORES];

	r->valid = false;
	snprintf(r->why_invalid, sizeof(r->why_invalid), "the generator was late");
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	assert_non_null(strstr(advised(r, "invalid"), "the generator was late"));
	assert_null(advised(r, "keep"));
	assert_null(advised(r, "bottleneck"));
	tayra__scorecard(r, scores);
	for (int i = 0; i < TAYRA__SCORES; i++)
		assert_true(isnan(scores[i].value));
	free(r);
}

static void
scores_follow_their_formulas(void **state)
{
	struct tayra__results *r = invent(gain);
	struct tayra__score s[TAYRA__SCORES];
	double mechanisms = tayra__ablation_count, scenes = 0;

	for (uint32_t i = 0; i < tayra__stage_count; i++)
		scenes += tayra__stages[i].compared;
	tayra__scorecard(r, s);
	/* One mechanism was not measured. */
	assert_true(fabs(s[TAYRA__SCORE_COMPLEXITY].value -
			 10 * (scenes + mechanisms - 1) / (scenes + mechanisms)) < 1e-9);
	assert_true(fabs(s[TAYRA__SCORE_INNOVATION].value - 10 * (mechanisms - 1) / mechanisms) <
		    1e-9);
	/* Everything is 1.25 times as good: 1 - 1/1.25. */
	assert_true(fabs(s[TAYRA__SCORE_BUSINESS_IMPACT].value - 2) < 0.01);
	for (int i = 0; i < TAYRA__SCORES; i++)
		assert_true(s[i].evidence[0][0] != 0);
	free(r);
}

static void
no_effect_and_harm_score_nothing(void **state)
{
	struct tayra__results *none = invent(alike), *bad = invent(loss);
	struct tayra__score s[TAYRA__SCORES];

	tayra__scorecard(none, s);
	assert_true(s[TAYRA__SCORE_BUSINESS_IMPACT].value == 0);
	assert_true(s[TAYRA__SCORE_INNOVATION].value == 0);
	tayra__scorecard(bad, s);
	assert_true(s[TAYRA__SCORE_BUSINESS_IMPACT].value == 0);
	assert_true(s[TAYRA__SCORE_INNOVATION].value == 0);
	free(none);
	free(bad);
}

static char *
documentation(void)
{
	FILE *in = fopen(getenv("SHOWCASE_DOC"), "r");
	char *text = calloc(1, 1 << 17);

	assert_non_null(in);
	assert_true(fread(text, 1, (1 << 17) - 1, in) > 0);
	fclose(in);
	return text;
}

static void
every_rule_score_and_mechanism_is_documented(void **state)
{
	struct tayra__results *r = invent(gain);
	struct tayra__score scores[TAYRA__SCORES];
	char *doc = documentation(), name[80];

	for (uint32_t i = 0; tayra__advice_rule(i); i++) {
		snprintf(name, sizeof(name), "| %s |", tayra__advice_rule(i));
		if (!strstr(doc, name))
			fail_msg("the rule %s is not documented", name);
	}
	tayra__scorecard(r, scores);
	for (int i = 0; i < TAYRA__SCORES; i++)
		assert_non_null(strstr(doc, scores[i].formula));
	for (uint32_t i = 0; i < tayra__ablation_count; i++) {
		snprintf(name, sizeof(name), "| %s |", tayra__ablations[i].mechanism);
		if (!strstr(doc, name))
			fail_msg("the mechanism %s is not documented", name);
	}
	free(doc);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bottleneck_is_the_largest_part),
		cmocka_unit_test(what_harms_is_to_be_switched_off_and_what_helps_kept),
		cmocka_unit_test(what_is_worse_is_named_with_its_figures),
		cmocka_unit_test(a_run_that_cannot_be_believed_advises_a_repeat_and_scores_nothing),
		cmocka_unit_test(scores_follow_their_formulas),
		cmocka_unit_test(no_effect_and_harm_score_nothing),
		cmocka_unit_test(every_rule_score_and_mechanism_is_documented),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
