/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_load.c: `tayra bench run --url URL --load 'LINE'`: a load test in phases on a server.
 */
#include "cli/bench_load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "base/hash.h"
#include "base/option.h"
#include "cli/arguments.h"
#include "cli/bench_files.h"
#include "cli/bench_kinds.h"
#include "cli/bench_live.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "drive/phases.h"
#include "drive/wire.h"

enum key {
	URL = 256,
	LOAD,
	ARRIVALS,
	BURST,
	CONNECTIONS,
	TIMEOUT,
	SLICE,
	PID,
	SEED,
	JSON,
	MD,
	HTML,
	LISTEN,
	ALERT
};

static const struct argp_option table[] = {
	{ "url", URL, "URL", 0,
	  "what the load is put on: http[s]://host[:port][/path], "
	  "redis[s]://host[:port][/db][/key], "
	  "unix:///path",
	  0 },
	{ "load", LOAD, "'LINE'", 0,
	  "rates, steps and thresholds: '100..2000/s step 100 ramp 5s sustain 30s success 99% p99 "
	  "50ms'; also mean p50 p95 p99.9 max",
	  0 },
	{ "arrivals", ARRIVALS, "poisson|uniform", 0,
	  "requests become due by chance (default) or evenly", 0 },
	{ "burst", BURST, "N/PERIOD", 0,
	  "in every phase so many more at once, so often, as 50/2s, the first at the start", 0 },
	TAYRA__BENCH_REQUEST_OPTIONS,
	{ "connections", CONNECTIONS, "N", 0, "at most (default 64)", 0 },
	{ "timeout", TIMEOUT, "TIME", 0, "of a request (default 5s)", 0 },
	{ "slice", SLICE, "TIME", 0,
	  "how often to look (default: for 20 requests at the baseline, within 0.5s and 10s)", 0 },
	{ "pid", PID, "PID", 0,
	  "a process of the server, here: its processor time and memory and those of its "
	  "descendants are in the figures; up to 64 times",
	  0 },
	{ "seed", SEED, "N", 0, "of the arrivals (default 1)", 0 },
	{ "listen", LISTEN, "ADDRESS", 0,
	  "meanwhile show metrics at http://ADDRESS/metrics, as 127.0.0.1:9464", 0 },
	{ "alert", ALERT, "NAME='RULE'", 0,
	  "a rule over those metrics, as slow='p99 tayra_bench_latency_seconds > 50ms'; as often "
	  "as there are rules. What fires is told, and moves no verdict",
	  0 },
	{ "md", MD, "FILE", 0, "add the result to FILE as Markdown", 0 },
	{ "html", HTML, "FILE", 0, "write the result to FILE as a page", 0 },
	{ "json", JSON, NULL, 0, "the last line of output is a JSON object", 0 },
	{ 0 },
};

static error_t
refuse_value(const struct tayra__load_test *t, const char *option, const char *arg,
	     const char *what)
{
	tayra__cli_error(t->command, "--%s '%s' is not %s", option, arg, what);
	return EINVAL;
}

static error_t
take_line(struct tayra__load_test *t, const char *arg)
{
	char why[240];

	t->text = arg;
	if (tayra__load_line_parse(arg, &t->plan.line, why, sizeof(why)) == TAYRA_OK)
		return 0;
	tayra__cli_error(t->command, "--load: %s", why);
	return EINVAL;
}

static error_t
take_time(const struct tayra__load_test *t, const char *option, const char *arg, uint64_t *out)
{
	if (tayra__option_duration_ns(arg, out) == TAYRA_OK && *out >= 10 * TAYRA_NS_PER_MS &&
	    *out <= 600 * TAYRA_NS_PER_S)
		return 0;
	return refuse_value(t, option, arg, "a time within 10ms and 10m, as 500ms or 5s");
}

static error_t
take_number(const struct tayra__load_test *t, const char *option, const char *arg, uint64_t max,
	    uint64_t *out)
{
	char what[64];

	if (tayra__option_u64(arg, 1, max, out) == TAYRA_OK)
		return 0;
	snprintf(what, sizeof(what), "a whole number within 1 .. %llu", (unsigned long long)max);
	return refuse_value(t, option, arg, what);
}

static error_t
take_connections(struct tayra__load_test *t, const char *arg)
{
	uint64_t n = 0;
	error_t error = take_number(t, "connections", arg, TAYRA__WIRE_CONNECTIONS_MAX, &n);

	t->connections = (uint32_t)n;
	return error;
}

static error_t
take_pid(struct tayra__load_test *t, const char *arg)
{
	uint64_t pid = 0;
	error_t error = take_number(t, "pid", arg, 1u << 22, &pid);

	if (!error && t->pids == TAYRA__LOAD_TEST_PIDS) {
		tayra__cli_error(t->command, "--pid: more than %d", TAYRA__LOAD_TEST_PIDS);
		error = EINVAL;
	}
	if (!error)
		t->pid[t->pids++] = (pid_t)pid;
	return error;
}

static error_t
take_arrivals(struct tayra__load_test *t, const char *arg)
{
	if (strncmp(arg, "trace:", 6) != 0)
		return tayra__bench_arrivals_take(&t->arrivals, t->command, arg);
	tayra__cli_error(t->command, "a trace says when, and so does --load: one or the other");
	return EINVAL;
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct tayra__load_test *t = state->input;

	switch (key) {
	case URL: t->url = arg; return 0;
	case LOAD: return take_line(t, arg);
	case ARRIVALS: return take_arrivals(t, arg);
	case BURST: return tayra__bench_burst_take(&t->arrivals, t->command, arg);
	case CONNECTIONS: return take_connections(t, arg);
	case TIMEOUT: return take_time(t, "timeout", arg, &t->timeout_ns);
	case SLICE: return take_time(t, "slice", arg, &t->plan.slice_ns);
	case PID: return take_pid(t, arg);
	case SEED: return take_number(t, "seed", arg, UINT64_MAX / 2, &t->seed);
	case LISTEN: t->listen = arg; return 0;
	case ALERT: return tayra__bench_alert_take(&t->alerts, t->command, arg);
	case MD: t->md_path = arg; return 0;
	case HTML: t->html_path = arg; return 0;
	case JSON: t->json = true; return 0;
	case ARGP_KEY_ARG:
		tayra__cli_error(t->command, "'%s': takes options only; is a load without quotes?",
				 arg);
		return EINVAL;
	default: return tayra__bench_request_take(&t->request, t->command, key, arg);
	}
}

/* Each figure is of a slice: each has to have as many bursts as the others, and a rate is held for
 * one slice at least. */
static int
plan_bursts(struct tayra__load_test *t)
{
	struct tayra__bench_arrivals *a = &t->arrivals;
	const uint64_t period = a->burst_every_ns;
	int code;

	a->rate_per_s = t->plan.line.maximum_per_s * 1.3;
	code = tayra__bench_arrivals_check(a, t->command);
	if (code != TAYRA__EXIT_OK || !a->burst)
		return code;
	t->plan.besides_per_s = a->burst / ((double)period / (double)TAYRA_NS_PER_S);
	t->plan.period_ns = period;
	if (period <= t->plan.line.sustain_ns && t->plan.slice_ns % period == 0)
		return TAYRA__EXIT_OK;
	tayra__cli_error(t->command, "%s",
			 period > t->plan.line.sustain_ns
				 ? "the period of --burst is longer than the load's sustain"
				 : "--slice is not a whole number of the periods of --burst");
	return TAYRA__EXIT_USAGE;
}

static int
read_options(int argc, char **argv, struct tayra__load_test *t)
{
	const struct argp argp = {
		.options = table,
		.parser = take_option,
		.doc = "Puts load on a server in phases: warm-up until steady, a baseline at 20% "
		       "of the maximum rate, steps from the initial rate to the maximum, stress to "
		       "130% of it, and how long it takes to recover.\v"
		       "Exits with 0 when every threshold was met, 1 when one was not, 4 when the "
		       "measurement cannot be believed."
	};
	int code;

	*t = (struct tayra__load_test){
		.command = argv[0], .connections = 64, .timeout_ns = 5 * TAYRA_NS_PER_S, .seed = 1
	};
	code = tayra__cli_parse(&argp, argc, argv, t);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_request_ready(&t->request, t->command);
	if (code == TAYRA__EXIT_OK && (!t->url || !t->text)) {
		tayra__cli_error(t->command,
				 t->url ? "no --load" : "--load: no --url to put it on");
		return TAYRA__EXIT_USAGE;
	}
	return code == TAYRA__EXIT_OK ? plan_bursts(t) : code;
}

/* A pid that is wrong is found out before the work. */
static int
check_pids(const struct tayra__load_test *t)
{
	for (size_t i = 0; i < t->pids; i++) {
		struct tayra__process_use use;

		if (tayra__process_use_read("/proc", &t->pid[i], 1, TAYRA__PROCESS_ALONE, &use) ==
		    TAYRA_OK)
			continue;
		tayra__cli_error(t->command, "--pid %d: no such process", (int)t->pid[i]);
		return TAYRA__EXIT_USAGE;
	}
	return TAYRA__EXIT_OK;
}

static int
open_wire(struct tayra__load_test *t)
{
	struct tayra__wire_options options = { .url = t->url,
					       .connections = t->connections,
					       .timeout_ns = t->timeout_ns };
	char why[400];
	int status;

	tayra__bench_request_fill(&t->request, &options);
	status = tayra__wire_open(&options, &t->wire, why, sizeof(why));
	if (status == TAYRA_OK)
		return TAYRA__EXIT_OK;
	tayra__cli_error(t->command, "--url: %s",
			 status == TAYRA_E_NOMEM ? tayra_status_text(status) : why);
	return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
}

/* What still waits for a connection when the slice is over is given a twentieth of it: a moment's
 * crowd gets through, and of an overload's queue enough is given up to be seen. */
static int
run_slice(void *ctx, double from_per_s, double to_per_s, uint64_t length_ns,
	  struct tayra__drive_result *out)
{
	struct tayra__load_test *t = ctx;
	const struct tayra__bench_arrivals *a = &t->arrivals;
	const uint64_t late = a->burst ? t->elapsed_ns % a->burst_every_ns : 0;
	const struct tayra__open_plan plan = { .rate_per_s = from_per_s,
					       .ramp = from_per_s != to_per_s,
					       .end_rate_per_s = to_per_s,
					       .arrivals = a->kind,
					       .burst = late ? 0 : a->burst,
					       .burst_again = a->burst,
					       .burst_every_ns = a->burst_every_ns,
					       .burst_first_ns = late ? a->burst_every_ns - late
								      : 0,
					       .length_ns = length_ns,
					       .seed = tayra__hash_mix64(t->seed + t->slices++),
					       .stop = t->plan.stop,
					       .live = tayra__bench_live_arm(t->live, 0) };

	t->elapsed_ns += length_ns;
	return tayra__wire_drive_open(t->wire, &plan, length_ns / 20, out);
}

static bool
read_use(void *ctx, struct tayra__process_use *out)
{
	const struct tayra__load_test *t = ctx;

	return tayra__process_use_read("/proc", t->pid, t->pids, TAYRA__PROCESS_TREE, out) ==
	       TAYRA_OK;
}

static void
show_progress(void *ctx, const struct tayra__phases_progress *p)
{
	struct tayra__load_test *t = ctx;
	const struct tayra__bench_place place = { .phase = tayra__phase_name(p->kind),
						  .rate_per_s = p->rate_per_s,
						  .share = (double)p->elapsed_ns /
							   (double)p->most_ns,
						  .whole_ns = p->most_ns };

	tayra__bench_live_show(t->live, &place);
}

/* What is measured is no stranger on the machine. */
static void
read_machine(const struct tayra__load_test *t, struct tayra__machine_use *use)
{
	struct tayra__process_use target;

	tayra__machine_use_read("/proc", use);
	if (t->pids && read_use((void *)(uintptr_t)t, &target))
		use->own_ns += target.cpu_ns;
}

static int
run_test(struct tayra__load_test *t)
{
	struct tayra__machine_use before, after;
	const struct tayra__phases_load load = { run_slice, t->pids ? read_use : NULL,
						 show_progress, t };
	static const int codes[] = { [TAYRA__PHASE_MET] = TAYRA__EXIT_OK,
				     [TAYRA__PHASE_FAILED] = TAYRA__EXIT_WORSE,
				     [TAYRA__PHASE_INVALID] = TAYRA__EXIT_INVALID,
				     [TAYRA__PHASE_STOPPED] = TAYRA__EXIT_INTERRUPTED };
	const struct tayra__bench_live_plan live = { .command = t->command,
						     .name = { "a" },
						     .arms = 1,
						     .listen = t->listen,
						     .alerts = &t->alerts,
						     .servers = true };
	int status, code = tayra__bench_live_open(&live, &t->live);

	if (code != TAYRA__EXIT_OK)
		return code;
	read_machine(t, &before);
	status = tayra__phases_run(&t->plan, &load, &t->found);
	read_machine(t, &after);
	tayra__machine_use_between(&before, &after, &t->machine);
	tayra__bench_live_stop(t->live);
	tayra__bench_live_log(t->live, &t->fired);
	code = status ? TAYRA__EXIT_FAILURE : codes[tayra__phases_verdict(&t->found)];
	if (t->found.count && tayra__load_test_print(t) != TAYRA_OK) {
		tayra__cli_error(t->command, "cannot write the result: %m");
		code = TAYRA__EXIT_USAGE;
	}
	if (t->found.count) {
		int written = tayra__load_test_write(t);

		code = written == TAYRA__EXIT_OK ? code : written;
	}
	if (status)
		tayra__cli_error(t->command, "%s", tayra_status_text(status));
	else if (code == TAYRA__EXIT_INTERRUPTED)
		tayra__cli_error(t->command, "interrupted");
	tayra__phases_fini(&t->found);
	tayra__bench_live_close(t->live);
	return code;
}

bool
tayra__bench_load_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--load") == 0 || strncmp(argv[i], "--load=", 7) == 0)
			return true;
	return false;
}

int
tayra__bench_load(int argc, char **argv)
{
	static struct tayra__load_test t;
	int code = read_options(argc, argv, &t);

	if (code == TAYRA__EXIT_OK)
		code = check_pids(&t);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_files_check(t.command, t.md_path);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_files_check(t.command, t.html_path);
	if (code == TAYRA__EXIT_OK)
		code = open_wire(&t);
	if (code != TAYRA__EXIT_OK)
		return code;
	tayra__interrupt_install();
	t.plan.stop = tayra__interrupt_flag();
	code = run_test(&t);
	tayra__wire_close(t.wire);
	return code;
}
