/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/kinds.h"

#include <tayra/base.h>

#include <math.h>

#include "base/mem.h"
#include "stat/quantile_interval.h"

int
tayra__kinds_init(struct tayra__kinds *kinds, const struct tayra__scenario *scenario)
{
	*kinds = (struct tayra__kinds){ .scenario = scenario };
	kinds->tally = tayra__mem_array(scenario->kinds, sizeof(*kinds->tally));
	if (!kinds->tally)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < scenario->kinds; i++)
		tayra__hist_init(&kinds->tally[i].latency);
	tayra__kinds_begin(kinds);
	return TAYRA_OK;
}

void
tayra__kinds_begin(struct tayra__kinds *kinds)
{
	for (size_t i = 0; i < kinds->scenario->kinds; i++)
		tayra__hist_init(&kinds->tally[i].slice);
}

void
tayra__kinds_fini(struct tayra__kinds *kinds)
{
	tayra__mem_free(kinds->tally);
	kinds->tally = NULL;
}

void
tayra__kinds_add(struct tayra__kinds *kinds, const struct tayra__call *call, uint64_t latency_ns,
		 bool ok)
{
	struct tayra__kind_tally *tally = &kinds->tally[call->kind];

	tally->offered++;
	tally->ok += ok;
	tayra__hist_add(&tally->latency, latency_ns);
	tayra__hist_add(&tally->slice, latency_ns);
}

static double
ratio(double part, double whole)
{
	return whole > 0 ? part / whole : nan("");
}

static double
quantile_ms(const struct tayra__hist *latency, double q)
{
	return tayra__quantile_is_held(q, (double)latency->count)
		       ? (double)tayra__hist_quantile(latency, q) / 1e6
		       : nan("");
}

void
tayra__kinds_figures(const struct tayra__kinds *kinds, size_t i, struct tayra__kind_figures *out)
{
	const struct tayra__kind_tally *tally = &kinds->tally[i];
	uint64_t all = 0;

	for (size_t k = 0; k < kinds->scenario->kinds; k++)
		all += kinds->tally[k].offered;
	*out = (struct tayra__kind_figures){
		.name = kinds->scenario->kind[i].name,
		.requests = tally->offered,
		.errors = tally->offered - tally->ok,
		.share = ratio((double)tally->offered, (double)all),
		.throughput_per_s = ratio((double)tally->ok, (double)kinds->length_ns / 1e9),
	};
	out->p50_ms = quantile_ms(&tally->latency, 0.5);
	out->p99_ms = quantile_ms(&tally->latency, 0.99);
}

void
tayra__kinds_json(struct tayra__json *json, const char *key, const struct tayra__kinds *kinds)
{
	tayra__json_array(json, key);
	for (size_t i = 0; i < kinds->scenario->kinds; i++) {
		struct tayra__kind_figures f;

		tayra__kinds_figures(kinds, i, &f);
		tayra__json_object(json, NULL);
		tayra__json_string(json, "name", f.name);
		tayra__json_u64(json, "requests", f.requests);
		tayra__json_u64(json, "errors", f.errors);
		tayra__json_double(json, "share", f.share, 9);
		tayra__json_double(json, "throughput_per_s", f.throughput_per_s, 9);
		tayra__json_double(json, "p50_ms", f.p50_ms, 9);
		tayra__json_double(json, "p99_ms", f.p99_ms, 9);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}
