/* SPDX-License-Identifier: Apache-2.0
 *
 * invent.h: results as a run leaves them, without running.
 */
#ifndef TESTS_SHOWCASE_INVENT_H
#define TESTS_SHOWCASE_INVENT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "showcase/results.h"

#include <tayra/base.h>

/* What the tuned arm's factor is to the tayra arm's, a mechanism's absence is to its presence; the
 * last row was not measured. */
static inline void
invent_ablation(struct tayra__ablation_row *row, const struct tayra__ablation *ablation,
		const double factor[TAYRA__SHOWCASE_ARMS])
{
	bool lower = tayra__stage_metric_info(ablation->metric)->better == TAYRA_BETTER_LOWER;
	double loss = factor[TAYRA__ARM_TUNED] / factor[TAYRA__ARM_TAYRA];

	if (ablation == &tayra__ablations[tayra__ablation_count - 1]) {
		snprintf(row->why, sizeof(row->why), "no <such> thing here");
		return;
	}
	row->rounds = 8;
	for (uint32_t round = 0; round < 8; round++) {
		row->with[round] = 100 + round;
		row->without[round] = (100.001 + round) * (lower ? loss : 1 / loss);
	}
}

/* Figures as a run leaves them: 100 everywhere, times the arm's factor, a little apart by round. */
static inline struct tayra__results *
invent(const double factor[TAYRA__SHOWCASE_ARMS])
{
	struct tayra__results *r = calloc(1, sizeof(*r));

	r->valid = true;
	r->seed = 9;
	r->packages = 7;
	r->cores = 2;
	snprintf(r->started, sizeof(r->started), "2026-01-01T00:00:00Z");
	snprintf(r->cpu, sizeof(r->cpu), "a <b> & \"c\"");
	snprintf(r->source, sizeof(r->source), "<script>alert(1)</script>");
	for (int arm = 0; arm < TAYRA__SHOWCASE_ARMS; arm++)
		snprintf(r->arm_text[arm], sizeof(r->arm_text[arm]), "of design %d", arm);
	for (uint32_t i = 0; i < tayra__stage_count; i++) {
		r->stage[i].rounds = 8;
		for (uint32_t round = 0; round < 8; round++)
			for (int arm = 0; arm < TAYRA__SHOWCASE_ARMS; arm++) {
				struct tayra__slice_figures *s = &r->stage[i].slice[round][arm];

				s->measured = true;
				s->requests = 1000;
				s->length_s = 1;
				for (int m = 0; m < TAYRA__SHOWCASE_METRICS; m++) {
					bool lower = tayra__stage_metric_info(m)->better ==
						     TAYRA_BETTER_LOWER;

					s->value[m] = (100 + round + arm % 3 * 0.001) *
						      (lower ? factor[arm] : 1 / factor[arm]);
				}
			}
	}
	r->ablations = tayra__ablation_count;
	for (uint32_t i = 0; i < r->ablations; i++)
		invent_ablation(&r->ablation[i], &tayra__ablations[i], factor);
	r->outage[0].steps = r->outage[1].steps = r->outage[2].steps = 3;
	r->outage[0].count[0][TAYRA__ANSWER_FAILED] = 4;
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	return r;
}

static inline char *
written(const struct tayra__results *r, int (*write)(const struct tayra__results *, FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(write(r, out), TAYRA_OK);
	fclose(out);
	return text;
}

#endif
