/* SPDX-License-Identifier: Apache-2.0
 *
 * invent.h: a trial that nobody ran.
 */
#ifndef TAYRA_TESTS_REPORT_INVENT_H
#define TAYRA_TESTS_REPORT_INVENT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "base/rng.h"
#include "report/trial_report.h"

struct invented {
	struct tayra__trial trial;
	struct tayra__trial_report report;
};

static void
invent_slice(struct tayra__measure *m, double mean_ms, struct tayra__rng *rng,
	     struct tayra__hist *latency, struct tayra__hist *service)
{
	static struct tayra__hist hist;

	for (int i = 0; i < TAYRA__METRICS; i++)
		m->value[i] = nan("");
	tayra__hist_init(&hist);
	for (int i = 0; i < 400; i++) {
		double ms = mean_ms * (0.5 + tayra__rng_exponential(rng) / 2);

		tayra__hist_add(&hist, (uint64_t)(ms * 1e6));
		tayra__hist_add(latency, (uint64_t)(ms * 1e6));
		tayra__hist_add(service, (uint64_t)(ms * 0.8e6));
	}
	tayra__spread_of(&hist, &m->spread);
	m->value[TAYRA__P50_MS] = (double)tayra__hist_quantile(&hist, 0.5) / 1e6;
	m->value[TAYRA__P99_MS] = (double)tayra__hist_quantile(&hist, 0.99) / 1e6;
	m->value[TAYRA__CPU_MS_PER_REQUEST] = mean_ms * (0.9 + tayra__rng_unit(rng) / 5);
	m->lag_p99_ns = 30000;
}

/* Arm i takes 1 + i / 4 times as long.  The report's strings are static. */
static struct invented *
invent(size_t arms, uint32_t rounds, enum tayra__metric metric)
{
	static const char *const names[] = { "old", "new", "n3", "n4", "n5", "n6", "n7", "n8" };
	static const char *const what[] = {
		"./old 'a' | <b>&", "http://127.0.0.1:1/`x`", "c", "d", "e", "f", "g", "h"
	};
	struct invented *v = calloc(1, sizeof(*v));
	struct tayra_prove_rule rule = TAYRA_PROVE_RULE_INIT;
	struct tayra__session *s = &v->trial.session;
	struct tayra__rng rng;

	tayra__rng_init(&rng, 7);
	v->trial.planned = s->rounds = rounds;
	v->trial.pilot.sd = nan("");
	s->arms = arms + 1;
	s->measures = calloc(s->arms * rounds + 1, sizeof(*s->measures));
	s->latency = calloc(s->arms, sizeof(*s->latency));
	s->service = calloc(s->arms, sizeof(*s->service));
	for (size_t i = 0; i <= arms; i++) {
		tayra__hist_init(&s->latency[i]);
		tayra__hist_init(&s->service[i]);
		for (uint32_t round = 0; round < rounds; round++)
			invent_slice(&s->measures[round * s->arms + i],
				     i < arms ? 1 + (double)i / 4 : 1, &rng, &s->latency[i],
				     &s->service[i]);
	}
	v->report = (struct tayra__trial_report){
		.trial = &v->trial,
		.arms = arms,
		.of = metric,
		.metric = tayra__metric_info(metric)->name,
		.unit = tayra__metric_info(metric)->unit,
		.sentence = tayra__metric_info(metric)->sentence,
		.timed = true,
		.margin = 0.02,
		.servers = true,
		.open_loop = true,
		.took_s = 12,
		.seed = 1,
		.machine = { 0.1, 0.05, { 0.2, 0.01, nan("") }, 0.3 },
	};
	snprintf(v->report.method.host.cpu, sizeof(v->report.method.host.cpu), "a processor");
	tayra__method_set(&v->report.method, "margin", "2%%");
	for (size_t i = 0; i < arms; i++) {
		struct tayra__session_comparison pair;

		v->report.name[i] = names[i];
		v->report.what[i] = what[i];
		if (i == 0)
			continue;
		if (tayra__session_compare(s, metric, 0, i, arms, &rule, &pair) != TAYRA_OK)
			abort();
		v->trial.ab[i] = pair.ab;
		v->trial.aa = pair.aa;
	}
	return v;
}

static void
forget(struct invented *v)
{
	free(v->trial.session.measures);
	free(v->trial.session.latency);
	free(v->trial.session.service);
	free(v);
}

#endif
