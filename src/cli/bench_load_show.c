/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_load_show.c: what came of a load test: a table, JSON, a page, Markdown.
 */
#include "cli/bench_load.h"

#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_files.h"
#include "cli/bench_kinds.h"
#include "cli/bench_method.h"
#include "cli/command.h"
#include "drive/wire.h"
#include "report/load_page.h"

static void
print_cell(double value)
{
	if (isnan(value))
		printf(" %9s", "-");
	else
		printf(" %9.4g", value);
}

static void
print_phase(const struct tayra__phase *phase)
{
	const struct tayra__load_figures *f = &phase->figures;

	printf("  %-9s", tayra__phase_name(phase->kind));
	print_cell(phase->rate_per_s);
	print_cell(f->throughput_per_s);
	print_cell(100 * f->error_ratio);
	print_cell(f->p50_ms);
	print_cell(f->p99_ms);
	print_cell(f->p999_ms);
	print_cell(f->max_ms);
	print_cell(f->lag_p99_ms);
	print_cell(f->cpu_mean);
	printf("  %s", tayra__phase_verdict_name(phase->verdict));
	if (phase->failed)
		printf(": %s", phase->failed);
	putchar('\n');
}

static void
print_table(const struct tayra__load_test *t)
{
	const struct tayra__phases *found = &t->found;
	struct tayra__sheet sheet = { .out = stdout, .form = TAYRA__FORM_TERMINAL };
	char machine[300], line[340];

	printf("\n  %s\n\n  %-9s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", tayra__wire_name(t->wire),
	       "phase", "asked/s", "ok/s", "errors %", "p50 ms", "p99 ms", "p99.9 ms", "max ms",
	       "lag p99", "cpus");
	for (size_t i = 0; i < found->count; i++)
		print_phase(&found->phase[i]);
	putchar('\n');
	tayra__bench_kinds_print(tayra__wire_kinds(t->wire));
	tayra__alert_log_put(&t->fired, &sheet);
	if (!found->steady && !found->stopped)
		puts("  no steady state: the warm-up never settled");
	if (found->best_per_s > 0)
		printf("  the thresholds were met up to %.6g a second\n", found->best_per_s);
	if (found->recovery_ns == 0)
		puts("  recovered at once");
	else if (found->recovery_ns != UINT64_MAX)
		printf("  recovered after %.3g s\n", (double)found->recovery_ns / 1e9);
	snprintf(line, sizeof(line), "believed: %s.",
		 tayra__machine_sentence(&t->machine, machine));
	tayra__sheet_text(&sheet, line);
	printf("  %s\n", tayra__phase_verdict_name(tayra__phases_verdict(found)));
}

static int
print_json(const struct tayra__load_test *t)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "url", tayra__wire_name(t->wire));
	tayra__json_string(&json, "load", t->text);
	tayra__json_string(&json, "arrivals",
			   t->arrivals.kind == TAYRA__ARRIVALS_UNIFORM ? "uniform" : "poisson");
	tayra__json_u64(&json, "burst", t->arrivals.burst);
	tayra__json_double(&json, "burst_every_s", (double)t->arrivals.burst_every_ns / 1e9, 9);
	tayra__json_u64(&json, "connections", t->connections);
	tayra__machine_json(&json, &t->machine);
	tayra__phases_json(&json, "result", &t->found);
	tayra__alert_log_json(&t->fired, &json);
	if (tayra__wire_kinds(t->wire))
		tayra__kinds_json(&json, "kinds", tayra__wire_kinds(t->wire));
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

int
tayra__load_test_print(const struct tayra__load_test *t)
{
	print_table(t);
	if (t->json)
		return print_json(t);
	return fflush(stdout) == 0 && !ferror(stdout) ? TAYRA_OK : TAYRA_E_IO;
}

struct written {
	const struct tayra__load_report *report;
	const struct tayra__load_findings *findings;
};

static void
write_form(const void *ctx, enum tayra__form form, FILE *out)
{
	const struct written *w = ctx;

	tayra__load_page(w->report, w->findings, form, out);
}

static void
set_method(const struct tayra__load_test *t, struct tayra__method *method)
{
	const struct tayra__bench_arrivals *a = &t->arrivals;

	tayra__bench_method_begin(method);
	tayra__method_set(method, "arrivals", "%s",
			  a->kind == TAYRA__ARRIVALS_UNIFORM ? "evenly" : "by chance (Poisson)");
	if (a->burst)
		tayra__method_set(method, "bursts", "%u more at once, every %g s",
				  (unsigned)a->burst, (double)a->burst_every_ns / 1e9);
	tayra__method_set(method, "connections", "at most %u", t->connections);
	tayra__method_set(method, "timeout", "%g s", (double)t->timeout_ns / 1e9);
	if (t->plan.slice_ns)
		tayra__method_set(method, "slice", "%g s", (double)t->plan.slice_ns / 1e9);
	tayra__method_set(method, "seed", "%llu", (unsigned long long)t->seed);
}

int
tayra__load_test_write(const struct tayra__load_test *t)
{
	const struct tayra__bench_files files = { t->command, t->md_path, t->html_path,
						  write_form };
	struct tayra__load_report report = { .phases = &t->found,
					     .line = &t->plan.line,
					     .kinds = tayra__wire_kinds(t->wire),
					     .what = tayra__wire_name(t->wire),
					     .text = t->text,
					     .alerts = &t->fired,
					     .machine = t->machine };
	struct tayra__load_findings *findings;
	int code = TAYRA__EXIT_FAILURE;

	if (!t->md_path && !t->html_path)
		return TAYRA__EXIT_OK;
	set_method(t, &report.method);
	findings = tayra__mem_alloc(sizeof(*findings));
	if (!findings || tayra__load_findings(&report, findings) != TAYRA_OK) {
		tayra__cli_error(t->command, "%s", tayra_status_text(TAYRA_E_NOMEM));
	} else {
		const struct written written = { &report, findings };

		code = tayra__bench_files_write(&files, &written);
		tayra__load_findings_fini(findings);
	}
	tayra__mem_free(findings);
	return code;
}
