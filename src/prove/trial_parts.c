/* SPDX-License-Identifier: Apache-2.0
 *
 * trial_parts.c: verdicts on the parts of what was asked, many at once.
 */
#include "prove/trial.h"

#include <math.h>
#include <stdlib.h>

#define CELLS_MAX (TAYRA__TRIAL_ARMS_MAX * TAYRA__SESSION_PARTS_MAX)

struct cell {
	uint32_t arm, part;
	double p; /* 1: not known */
};

static int
by_p(const void *a, const void *b)
{
	const struct cell *one = a, *other = b;

	if (one->p != other->p)
		return one->p < other->p ? -1 : 1;
	if (one->arm != other->arm)
		return one->arm < other->arm ? -1 : 1;
	return one->part < other->part ? -1 : one->part > other->part;
}

static int
judge(const struct tayra__trial *trial, const struct tayra_prove_rule *rule,
      const struct cell *cell, struct tayra__trial_parts *out)
{
	return tayra__session_compare_part(&trial->session, cell->part, 0, cell->arm, rule,
					   &out->ab[cell->arm][cell->part]);
}

int
tayra__trial_parts(const struct tayra__trial_plan *plan, const struct tayra__trial *trial,
		   struct tayra__trial_parts *out)
{
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct cell cell[CELLS_MAX];
	size_t n = 0, left;
	int status = TAYRA_OK;

	*out = (struct tayra__trial_parts){ .parts = trial->session.parts };
	rule.margin = plan->margin;
	rule.alpha = plan->alpha;
	rule.seed = plan->seed;
	for (uint32_t arm = 1; arm < plan->n; arm++)
		for (uint32_t part = 0; part < out->parts && status == TAYRA_OK; part++) {
			cell[n] = (struct cell){ .arm = arm, .part = part };
			status = judge(trial, &rule, &cell[n], out);
			cell[n].p = isnan(out->ab[arm][part].p) ? 1 : out->ab[arm][part].p;
			n++;
		}
	qsort(cell, n, sizeof(cell[0]), by_p);
	left = n;
	for (size_t i = 0; i < n && status == TAYRA_OK; i++) {
		rule.alpha = plan->alpha / (double)left;
		status = judge(trial, &rule, &cell[i], out);
		/* Once one stays, all that follow are judged as it was. */
		if (left == n - i && left > 1 && cell[i].p < rule.alpha)
			left--;
		if (trial->spoilt[0])
			out->ab[cell[i].arm][cell[i].part].verdict = TAYRA_INVALID;
	}
	return status;
}
