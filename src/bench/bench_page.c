/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_page.c: a run of functions as a page.
 */
#include "bench/bench.h"

#include "base/mem.h"
#include "report/trial_page.h"

#define WHAT_BYTES 80

static void
set_method(const struct tayra_bench *b, struct tayra__method *method)
{
	const struct tayra_bench_options *o = &b->options;
	const struct tayra_clock *clock = tayra_clock_real();

	tayra__method_begin(method, clock->wall_ms(clock->ctx));
	tayra__method_set(method, "metric", "%s",
			  o->metric == TAYRA_BENCH_WALL ? "time on the clock"
							: "processor time of the thread");
	tayra__method_set(method, "margin", "%g%%", 100 * o->margin);
	tayra__method_set(method, "alpha", "%g", o->alpha);
	if (o->pairs)
		tayra__method_set(method, "pairs", "%u, without a pilot", o->pairs);
	else
		tayra__method_set(method, "budget", "%g s", (double)o->budget_ns / 1e9);
	tayra__method_set(method, "slice", "%g ms", (double)o->slice_ns / 1e6);
	tayra__method_set(method, "seed", "%llu", (unsigned long long)o->seed);
}

/* In ns throughout: the rounds that are drawn are not rescaled. */
int
tayra__bench_page(const struct tayra_bench *b, struct tayra__trial_report *report, FILE *out)
{
	char what[TAYRA_BENCH_ARMS_MAX][WHAT_BYTES];
	struct tayra__trial_findings *findings = tayra__mem_alloc(sizeof(*findings));
	int status = TAYRA_E_NOMEM;

	for (uint32_t i = 0; i < b->arms; i++) {
		snprintf(what[i], sizeof(what[i]),
			 "a function, %llu calls a part, %u parts a slice",
			 (unsigned long long)b->arm[i].calls, b->arm[i].parts);
		report->what[i] = what[i];
	}
	set_method(b, &report->method);
	if (findings)
		status = tayra__trial_findings(report, findings);
	if (status == TAYRA_OK) {
		tayra__trial_page(report, findings, TAYRA__FORM_HTML, out);
		tayra__trial_findings_fini(findings);
		status = fflush(out) == 0 && !ferror(out) ? TAYRA_OK : TAYRA_E_IO;
	}
	tayra__mem_free(findings);
	return status;
}
