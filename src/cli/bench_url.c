/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_url.c: `tayra bench run --url`: the figures of one server under load, or several compared.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_files.h"
#include "cli/bench_kinds.h"
#include "cli/bench_live.h"
#include "cli/bench_method.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "drive/load_figures.h"
#include "drive/wire_arm.h"
#include "report/figure.h"
#include "report/server_page.h"

#define CONNECTIONS_CLOSED 10
#define CONNECTIONS_OPEN   64 /* at most */
/* Before it begins; more as they are needed.  A server with a short backlog drops what is opened
 * beyond it, and a request on such a connection is lost. */
#define CONNECTIONS_READY 4

struct servers {
	const struct tayra__bench_options *options;
	struct tayra__wire_arm arm[TAYRA__TRIAL_ARMS_MAX];
	size_t open;
};

static bool
of_own_use(enum tayra__metric metric)
{
	return metric == TAYRA__CPU_MS_PER_REQUEST || metric == TAYRA__RSS_MIB;
}

static int
open_server(struct servers *s, size_t i)
{
	const struct tayra__bench_options *o = s->options;
	const bool closed = !tayra__bench_arrivals_open(&o->arrivals);
	struct tayra__wire_arm *arm = &s->arm[i];
	struct tayra__wire_options wire = {
		.url = o->arm[i].what,
		.connections = o->connections ? o->connections
			       : closed       ? CONNECTIONS_CLOSED
					      : CONNECTIONS_OPEN,
		.ready = o->connections ? 0 : CONNECTIONS_READY,
		.timeout_ns = o->timeout_ns,
		.busy_poll = o->busy_poll,
	};
	char why[TAYRA__WIRE_WHY];
	uint16_t port;
	int status;

	tayra__bench_request_fill(&o->request, &wire);
	status = tayra__wire_open(&wire, &arm->wire, why, sizeof(why));
	if (status != TAYRA_OK) {
		tayra__cli_error(o->command, "%s",
				 status == TAYRA_E_NOMEM ? tayra_status_text(status) : why);
		return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
	}
	s->open++;
	arm->load = (struct tayra__wire_load){ .clients = closed ? wire.connections : 0,
					       .untimed = o->metric->metric > TAYRA__MAX_MS,
					       .of_kinds = tayra__bench_kinds_metric(o),
					       .own_use = of_own_use(o->metric->metric),
					       .stop = tayra__interrupt_flag() };
	tayra__bench_arrivals_fill(&o->arrivals, &arm->load);
	port = tayra__listener_local_port(tayra__wire_name(arm->wire));
	if (port)
		arm->pids = tayra__listener_find("/proc", port, arm->pid);
	if (arm->pids == 0 && arm->load.own_use) {
		tayra__cli_error(o->command,
				 "--metric %s: no process that listens there can be seen on this "
				 "machine: %s",
				 o->metric->name, tayra__wire_name(arm->wire));
		return TAYRA__EXIT_USAGE;
	}
	return TAYRA__EXIT_OK;
}

static uint64_t
served_ns(void *ctx)
{
	const struct servers *s = ctx;
	uint64_t sum = 0;

	for (size_t i = 0; i < s->open; i++)
		sum += tayra__listener_cpu_ns(s->arm[i].pid, s->arm[i].pids);
	return sum;
}

static void
put_figure(struct tayra__json *json, const char *key, double value)
{
	tayra__json_double(json, key, value, 9);
}

static int
print_json(const struct tayra__server_report *report)
{
	const struct tayra__drive_result *r = report->result;
	const struct tayra__load_figures *f = report->figures;
	const char *spoilt = report->spoilt;
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_u64(&json, "requests", r->offered);
	tayra__json_u64(&json, "errors", r->errors + r->abandoned);
	put_figure(&json, "rate_per_s", f->throughput_per_s);
	put_figure(&json, "p50_ms", f->p50_ms);
	put_figure(&json, "p99_ms", f->p99_ms);
	put_figure(&json, "p999_ms", f->p999_ms);
	put_figure(&json, "lag_p99_ms", f->lag_p99_ms);
	tayra__json_bool(&json, "valid", !spoilt);
	tayra__json_string(&json, "why", spoilt);
	tayra__json_bool(&json, "partial", report->stopped);
	put_figure(&json, "max_ms", f->max_ms);
	put_figure(&json, "offered_per_s", f->rate_per_s);
	put_figure(&json, "took_s", (double)r->length_ns / 1e9);
	tayra__machine_json(&json, &report->machine);
	tayra__load_figures_json(&json, "figures", f);
	tayra__alert_log_json(report->alerts, &json);
	if (report->kinds)
		tayra__kinds_json(&json, "kinds", report->kinds);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static void
print_row(const char *what, double value, const char *unit)
{
	char text[16];

	printf("  %-22s %9s %s\n", what, tayra__figure_number(value, text), unit);
}

static void
print_figures(const struct tayra__server_report *report)
{
	const struct tayra__drive_result *r = report->result;
	const struct tayra__load_figures *f = report->figures;
	struct tayra__sheet sheet = { .out = stdout, .form = TAYRA__FORM_TERMINAL };
	char machine[300], line[340];

	printf("\n%s: %s\n", report->what,
	       report->planned_per_s > 0 ? "latency from when a request was due"
					 : "latency from when a request was sent");
	printf("  %-22s %9llu in %.1f s\n", "requests", (unsigned long long)r->offered,
	       (double)r->length_ns / 1e9);
	printf("  %-22s %9llu%s%s\n", "errors", (unsigned long long)(r->errors + r->abandoned),
	       report->error[0] ? ": " : "", report->error);
	print_row("answered", f->throughput_per_s, "/s");
	print_row("p50", f->p50_ms, "ms");
	print_row("p95", f->p95_ms, "ms");
	print_row("p99", f->p99_ms, "ms");
	print_row("p99.9", f->p999_ms, "ms");
	print_row("max", f->max_ms, "ms");
	print_row("the generator's lag p99", f->lag_p99_ms, "ms");
	if (!isnan(f->cpu_mean))
		print_row("the server's processors", f->cpu_mean, "busy");
	if (!isnan(f->memory_peak_mib))
		print_row("the server's memory", f->memory_peak_mib, "MiB");
	tayra__bench_kinds_print(report->kinds);
	tayra__alert_log_put(report->alerts, &sheet);
	snprintf(line, sizeof(line), "believed: %s.",
		 tayra__machine_sentence(&report->machine, machine));
	tayra__sheet_text(&sheet, line);
	if (report->stopped)
		printf("  it was stopped: %.1f s of %g s.\n", (double)r->length_ns / 1e9,
		       report->planned_s);
	if (report->spoilt)
		printf("  INVALID: %s.\n", report->spoilt);
}

static bool
read_use(const struct tayra__wire_arm *arm, struct tayra__process_use *use)
{
	if (!arm->pids || tayra__process_use_read("/proc", arm->pid, arm->pids,
						  TAYRA__PROCESS_ALONE, use) != TAYRA_OK)
		return false;
	use->cpu_ns = tayra__listener_cpu_ns(arm->pid, arm->pids);
	return true;
}

struct written {
	const struct tayra__server_report *report;
	const struct tayra__server_findings *findings;
};

static void
write_form(const void *ctx, enum tayra__form form, FILE *out)
{
	const struct written *w = ctx;

	tayra__server_page(w->report, w->findings, form, out);
}

/* => 0 or an exit code after saying why. */
static int
write_files(const struct tayra__bench_options *o, const struct tayra__server_report *report)
{
	const struct tayra__bench_files files = { o->command, o->md_path, o->html_path,
						  write_form };
	struct tayra__server_findings *findings;
	int code = TAYRA__EXIT_FAILURE;

	if (!o->md_path && !o->html_path)
		return TAYRA__EXIT_OK;
	findings = tayra__mem_alloc(sizeof(*findings));
	if (!findings || tayra__server_findings(report, findings) != TAYRA_OK) {
		tayra__cli_error(o->command, "%s", tayra_status_text(TAYRA_E_NOMEM));
	} else {
		const struct written written = { report, findings };

		code = tayra__bench_files_write(&files, &written);
		tayra__server_findings_fini(findings);
	}
	tayra__mem_free(findings);
	return code;
}

static int
report(const struct servers *s, const struct tayra__drive_result *r,
       const struct tayra__load_figures *figures, const struct tayra__machine_share *machine,
       const struct tayra__alert_log *alerts)
{
	const struct tayra__bench_options *o = s->options;
	const struct tayra__wire_arm *arm = &s->arm[0];
	struct tayra__server_report found = { .figures = figures,
					      .result = r,
					      .what = tayra__wire_name(arm->wire),
					      .error = tayra__wire_errors(arm->wire)->first,
					      .spoilt = tayra__wire_load_spoilt(&arm->load, r),
					      .kinds = tayra__wire_kinds(arm->wire),
					      .planned_per_s = tayra__bench_arrivals_mean(
						      &o->arrivals, o->duration_ns),
					      .planned_s = (double)o->duration_ns / 1e9,
					      .stopped = tayra__interrupted(),
					      .alerts = alerts,
					      .machine = *machine };
	bool failed;
	int written;

	if (found.stopped && r->ok + r->late == 0)
		found.spoilt = "it was stopped before a request was answered well";
	else if (!found.spoilt && r->ok + r->late == 0)
		found.spoilt = "no request was answered well";
	tayra__bench_method(o, &found.method);
	print_figures(&found);
	written = write_files(o, &found);
	failed = o->json && print_json(&found) < 0;
	if (written != TAYRA__EXIT_OK)
		return written;
	if (failed)
		return TAYRA__EXIT_FAILURE;
	if (found.stopped) {
		tayra__cli_error(o->command, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	return found.spoilt ? TAYRA__EXIT_INVALID : TAYRA__EXIT_OK;
}

/* The server counts as our own. */
static void
read_machine(const struct servers *s, struct tayra__machine_use *use)
{
	tayra__machine_use_read("/proc", use);
	use->own_ns += served_ns((void *)(uintptr_t)s);
}

/* How long what was due and could not be sent is still tried: not longer than an answer may take.
 */
static uint64_t
drain_ns(const struct tayra__bench_options *o)
{
	const uint64_t most = 5 * TAYRA_NS_PER_S;

	return o->timeout_ns && o->timeout_ns < most ? o->timeout_ns : most;
}

/* All of it in one slice: cut into several, what was due while a slice waits for its last answers
 * would never be asked. */
static int
measure_one(struct servers *s, struct tayra__bench_live *live)
{
	const struct tayra__bench_options *o = s->options;
	const struct tayra__bench_place place = { .phase = "load",
						  .rate_per_s = tayra__bench_arrivals_mean(
							  &o->arrivals, o->duration_ns),
						  .whole_ns = o->duration_ns };
	struct tayra__wire_arm *arm = &s->arm[0];
	struct tayra__drive_result *result = tayra__mem_alloc(sizeof(*result));
	struct tayra__load_account *account = tayra__mem_alloc(sizeof(*account));
	struct tayra__process_use before, after;
	struct tayra__machine_use from, to;
	struct tayra__machine_share machine;
	struct tayra__load_figures figures;
	struct tayra__alert_log alerts;
	int status = result && account ? TAYRA_OK : TAYRA_E_NOMEM, code = TAYRA__EXIT_FAILURE;
	bool known;

	if (status == TAYRA_OK) {
		tayra__load_account_init(account);
		read_machine(s, &from);
		known = read_use(arm, &before);
		arm->load.live = tayra__bench_live_arm(live, 0);
		tayra__bench_live_show(live, &place);
		status = tayra__wire_load_run(arm->wire, &arm->load, o->duration_ns, o->seed,
					      drain_ns(o), result);
		known = known && read_use(arm, &after);
		read_machine(s, &to);
		tayra__machine_use_between(&from, &to, &machine);
		tayra__bench_live_stop(live);
		tayra__bench_live_log(live, &alerts);
		if (status == TAYRA_OK)
			status = tayra__load_account_add(account, result, known ? &before : NULL,
							 known ? &after : NULL);
		tayra__load_account_figures(account, &figures);
		tayra__load_account_fini(account);
	}
	if (status == TAYRA_OK)
		code = report(s, result, &figures, &machine, &alerts);
	else
		tayra__cli_error(o->command, "%s", tayra_status_text(status));
	tayra__mem_free(account);
	tayra__mem_free(result);
	return code;
}

static int
watch_one(struct servers *s)
{
	const struct tayra__bench_options *o = s->options;
	const struct tayra__bench_live_plan plan = { .command = o->command,
						     .name = { o->arm[0].name },
						     .arms = 1,
						     .listen = o->listen,
						     .alerts = &o->alerts,
						     .servers = true };
	struct tayra__bench_live *live;
	int code = tayra__bench_live_open(&plan, &live);

	if (code == TAYRA__EXIT_OK)
		code = measure_one(s, live);
	tayra__bench_live_close(live);
	return code;
}

static int
compare(struct servers *s)
{
	const struct tayra__bench_options *o = s->options;
	struct tayra__bench_stage stage = { .served_ns = served_ns, .ctx = s };

	for (size_t i = 0; i < o->arms; i++) {
		stage.arms[i] = (struct tayra__arm){ o->arm[i].name, tayra__wire_arm_run,
						     &s->arm[i] };
		stage.why[i] = s->arm[i].why;
		stage.kinds[i] = tayra__wire_kinds(s->arm[i].wire);
		stage.live[i] = &s->arm[i].load.live;
		stage.what[i] = tayra__wire_name(s->arm[i].wire);
	}
	return tayra__bench_judge(o, &stage, 0);
}

int
tayra__bench_url(const struct tayra__bench_options *o)
{
	static struct servers s;
	int code = TAYRA__EXIT_OK;

	s.options = o;
	tayra__interrupt_install();
	for (size_t i = 0; i < o->arms && code == TAYRA__EXIT_OK; i++)
		code = open_server(&s, i);
	if (code == TAYRA__EXIT_OK)
		code = o->arms == 1 ? watch_one(&s) : compare(&s);
	for (size_t i = 0; i < s.open; i++)
		tayra__wire_close(s.arm[i].wire);
	return code;
}
