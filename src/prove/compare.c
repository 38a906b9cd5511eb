/* SPDX-License-Identifier: Apache-2.0
 *
 * From pairs to a verdict.  The ratio is judged on the log scale, where b twice a and a twice b
 * are equally far from nothing; zeros have no logarithm and send the whole sample to differences.
 */
#include <tayra/prove.h>

#include "base/mem.h"
#include "base/option.h"
#include "stat/hodges_lehmann.h"
#include "stat/power.h"
#include "stat/quantile.h"
#include "stat/signflip.h"

#include <math.h>

#define LEAST_PAIRS 6
#define POWER       0.8
#define MOST_PAIRS  1e6 /* beyond this "more pairs" is no advice */

/* The pairs that can be used, and what is tested about them. */
struct sample {
	double *a, *b, *d;
	size_t n;
	bool zeros;     /* some side is zero: d is b - a; else log(b / a) */
	bool all_zeros; /* every side is */
};

static bool
usable(double a, double b)
{
	return isfinite(a) && isfinite(b) && a >= 0 && b >= 0;
}

static int
sample_init(struct sample *s, const double *a, const double *b, size_t n)
{
	*s = (struct sample){ .a = tayra__mem_array(n + 1, 3 * sizeof(double)), .all_zeros = true };
	if (!s->a)
		return TAYRA_E_NOMEM;
	s->b = s->a + n;
	s->d = s->b + n;
	for (size_t i = 0; i < n; i++) {
		if (!usable(a[i], b[i]))
			continue;
		s->a[s->n] = a[i];
		s->b[s->n++] = b[i];
		s->zeros |= a[i] == 0 || b[i] == 0;
		s->all_zeros &= a[i] == 0 && b[i] == 0;
	}
	for (size_t i = 0; i < s->n; i++)
		s->d[i] = s->zeros ? s->b[i] - s->a[i] : log(s->b[i]) - log(s->a[i]);
	return TAYRA_OK;
}

static void
sample_fini(struct sample *s)
{
	tayra__mem_free(s->a);
}

/* alpha and margin as given or by default.  => TAYRA_E_INVAL. */
static int
read_rule(const struct tayra_prove_rule *given, struct tayra_prove_rule *rule)
{
	int status = tayra__option_struct(given, rule, sizeof(*rule));

	if (status != TAYRA_OK)
		return status;
	if (rule->margin == 0)
		rule->margin = 0.02;
	if (rule->alpha == 0)
		rule->alpha = 0.05;
	if (rule->seed == 0)
		rule->seed = 1;
	if (!(rule->margin > 0 && rule->margin < 1 && rule->alpha > 0 && rule->alpha < 1))
		return TAYRA_E_INVAL;
	if (rule->better != TAYRA_BETTER_LOWER && rule->better != TAYRA_BETTER_HIGHER)
		return TAYRA_E_INVAL;
	return TAYRA_OK;
}

/* Pairs that would find the effect seen, or show that it lies within the margin: the fewer. */
static uint32_t
pairs_missing(double sd, double effect, size_t n, const struct tayra_prove_rule *rule)
{
	double room = log1p(rule->margin) - fabs(effect);
	double enough = tayra__power_pairs(sd, effect, rule->alpha, POWER);

	if (room > 0)
		enough = fmin(enough, tayra__power_pairs(sd, room, rule->alpha, POWER));
	if (isnan(enough) || enough > MOST_PAIRS)
		return 0;
	return enough > (double)n ? (uint32_t)(enough - (double)n) : 1;
}

/* The fewest pairs of which p can fall below alpha, all pointing one way: 2^(1 - n) < alpha. */
static size_t
least_pairs(double alpha)
{
	return (size_t)fmax(LEAST_PAIRS, floor(1 - log2(alpha)) + 1);
}

/* How many are missing to say anything at all; 0: none, or beyond what random flips can show. */
static uint32_t
pairs_too_few(size_t n, double alpha)
{
	size_t least = least_pairs(alpha);

	return n < least && least <= TAYRA__SIGNFLIP_EXACT_MAX ? (uint32_t)(least - n) : 0;
}

static enum tayra_verdict
toward(bool up, enum tayra_better better)
{
	return up == (better == TAYRA_BETTER_HIGHER) ? TAYRA_BETTER : TAYRA_WORSE;
}

/* All sides above zero: ratio, interval and verdict from the logarithms. */
static void
judge_ratio(struct sample *s, const struct tayra__signflip *test,
	    const struct tayra_prove_rule *rule, struct tayra_comparison *out)
{
	double sd = tayra__quantile_stdev(s->d, s->n);
	double effect = tayra__hodges_lehmann(s->d, s->n);
	bool bounded = s->n >= least_pairs(rule->alpha) && isfinite(test->lo) && isfinite(test->hi);

	/* The interval is about the mean; with skew the estimate may lie outside.  Of the shifts
	 * the data allow, the nearest is reported. */
	if (bounded)
		effect = fmin(fmax(effect, test->lo), test->hi);
	out->ratio = exp(effect);
	out->mde = expm1(tayra__power_effect(sd, s->n, rule->alpha, POWER));
	if (!bounded) {
		out->pairs_missing = pairs_too_few(s->n, rule->alpha);
		return;
	}
	out->lo = exp(test->lo);
	out->hi = exp(test->hi);
	if (out->lo >= 1 - rule->margin && out->hi <= 1 + rule->margin)
		out->verdict = TAYRA_SAME;
	else if (test->lo > 0 || test->hi < 0)
		out->verdict = toward(test->lo > 0, rule->better);
	else
		out->pairs_missing = pairs_missing(sd, effect, s->n, rule);
}

/* Some side is zero: p of the differences decides. */
static void
judge_difference(const struct sample *s, const struct tayra__signflip *test,
		 const struct tayra_prove_rule *rule, struct tayra_comparison *out)
{
	double sd = tayra__quantile_stdev(s->d, s->n);

	if (s->all_zeros && s->n) {
		out->verdict = TAYRA_SAME;
		return;
	}
	if (out->a_value > 0) {
		out->ratio = out->b_value / out->a_value;
		out->mde = tayra__power_effect(sd, s->n, rule->alpha, POWER) / out->a_value;
	}
	if (s->n < least_pairs(rule->alpha))
		out->pairs_missing = pairs_too_few(s->n, rule->alpha);
	else if (test->p < rule->alpha)
		out->verdict = toward(tayra__quantile_mean(s->d, s->n) > 0, rule->better);
}

int
tayra_prove_compare(const double *a, const double *b, size_t n,
		    const struct tayra_prove_rule *given, struct tayra_comparison *out)
{
	struct tayra_prove_rule rule;
	struct tayra__signflip test;
	struct sample s;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = (struct tayra_comparison){ 0 };
	if ((n && (!a || !b)) || n > UINT32_MAX)
		return TAYRA_E_INVAL;
	status = read_rule(given, &rule);
	if (status == TAYRA_OK)
		status = sample_init(&s, a, b, n);
	if (status != TAYRA_OK)
		return status;
	status = tayra__signflip_test(s.d, NULL, s.n, rule.alpha, rule.seed, &test);
	if (status == TAYRA_OK) {
		*out = (struct tayra_comparison){ .ratio = nan(""),
						  .lo = nan(""),
						  .hi = nan(""),
						  .p = s.n ? test.p : nan(""),
						  .mde = nan(""),
						  .pairs = (uint32_t)s.n,
						  .verdict = TAYRA_UNDECIDED };
		out->a_value = tayra__quantile_median(s.a, s.n);
		out->b_value = tayra__quantile_median(s.b, s.n);
		if (s.zeros)
			judge_difference(&s, &test, &rule, out);
		else
			judge_ratio(&s, &test, &rule, out);
	}
	sample_fini(&s);
	return status;
}
