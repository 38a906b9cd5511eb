/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_options.c: what the options of the subcommands of `tayra bench` mean.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "cli/bench_tables.h"
#include "cli/command.h"
#include "cli/plan_file.h"

#define TURNS 20

static error_t
refuse_value(const struct tayra__bench_options *o, const char *option, const char *arg,
	     const char *what)
{
	tayra__cli_error(o->command, "--%s '%s' is not %s", option, arg, what);
	return EINVAL;
}

/* "2%", "0.02", "2.5%": above 0. */
static error_t
take_share(const struct tayra__bench_options *o, const char *option, const char *arg, double most,
	   double *out)
{
	char number[32];
	size_t len = strlen(arg);
	bool percent = len > 0 && arg[len - 1] == '%';
	double unit = percent ? 100 : 1, value;
	char what[64];

	snprintf(number, sizeof(number), "%.*s", (int)(percent ? len - 1 : len), arg);
	if (len < sizeof(number) &&
	    tayra__option_double(number, 0, most * unit, &value) == TAYRA_OK && value > 0) {
		*out = value / unit;
		return 0;
	}
	snprintf(what, sizeof(what), "a share above 0 and up to %g%%, as 2%% or 0.02", most * 100);
	return refuse_value(o, option, arg, what);
}

static error_t
take_time(const struct tayra__bench_options *o, const char *option, const char *arg, uint64_t *out)
{
	if (tayra__option_duration_ns(arg, out) == TAYRA_OK && *out > 0 &&
	    *out <= 7 * 86400 * (uint64_t)TAYRA_NS_PER_S)
		return 0;
	return refuse_value(o, option, arg, "a time of up to a week, as 500ms, 60s or 10m");
}

static error_t
take_number(const struct tayra__bench_options *o, const char *option, const char *arg, uint32_t min,
	    uint32_t max, uint32_t *out)
{
	uint64_t value;
	char what[64];

	if (tayra__option_u64(arg, min, max, &value) == TAYRA_OK) {
		*out = (uint32_t)value;
		return 0;
	}
	snprintf(what, sizeof(what), "a whole number within %u .. %u", min, max);
	return refuse_value(o, option, arg, what);
}

static bool
named(const struct tayra__bench_options *o, const char *name)
{
	for (size_t i = 0; i < o->arms; i++)
		if (strcmp(o->arm[i].name, name) == 0)
			return true;
	return false;
}

/* An arm called `name`, or by the next letter. */
static error_t
add_arm(struct tayra__bench_options *o, const char *name, size_t name_len, const char *what)
{
	struct tayra__bench_arm *arm = &o->arm[o->arms];

	if (o->arms == TAYRA__TRIAL_ARMS_MAX) {
		tayra__cli_error(o->command, "more than %d arms", TAYRA__TRIAL_ARMS_MAX);
		return EINVAL;
	}
	if (name_len >= sizeof(arm->name)) {
		tayra__cli_error(o->command, "--arm '%.40s..': a name has at most %zu bytes", name,
				 sizeof(arm->name) - 1);
		return EINVAL;
	}
	snprintf(arm->name, sizeof(arm->name), "%.*s", (int)name_len, name);
	if (!name_len)
		snprintf(arm->name, sizeof(arm->name), "%c", (char)('a' + (int)o->arms));
	arm->what = what;
	if (named(o, arm->name)) {
		tayra__cli_error(o->command, "two arms are called '%s'", arm->name);
		return EINVAL;
	}
	o->arms++;
	return 0;
}

/* Letters, digits, and what binds them. */
static bool
is_name(const char *text, size_t len)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return len > 0 && strspn(text, letters) >= len;
}

static error_t
take_arm(struct tayra__bench_options *o, const char *arg)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg) : 0;

	if (equals && is_name(arg, len))
		return add_arm(o, arg, len, equals + 1);
	return add_arm(o, arg, 0, arg);
}

static error_t
take_seed(struct tayra__bench_options *o, const char *arg)
{
	if (tayra__option_u64(arg, 0, UINT64_MAX / 2, &o->seed) == TAYRA_OK)
		return 0;
	return refuse_value(o, "seed", arg, "a whole number");
}

static error_t
take_of_server(int key, char *arg, struct tayra__bench_options *o)
{
	switch (key) {
	case TAYRA__BENCH_URL: o->urls = true; return take_arm(o, arg);
	case TAYRA__BENCH_RATE:
		if (tayra__option_double(arg, 0, 1e6, &o->arrivals.rate_per_s) == TAYRA_OK &&
		    o->arrivals.rate_per_s > 0)
			return 0;
		return refuse_value(o, "rate", arg,
				    "a number of requests a second above 0, up to 1e6");
	case TAYRA__BENCH_ARRIVALS:
		return tayra__bench_arrivals_take(&o->arrivals, o->command, arg);
	case TAYRA__BENCH_BURST: return tayra__bench_burst_take(&o->arrivals, o->command, arg);
	case TAYRA__BENCH_CONNECTIONS:
		return take_number(o, "connections", arg, 1, 65536, &o->connections);
	case TAYRA__BENCH_BUSY_POLL: o->busy_poll = true; return 0;
	case TAYRA__BENCH_DURATION: return take_time(o, "duration", arg, &o->duration_ns);
	default: return tayra__bench_request_take(&o->request, o->command, key, arg);
	}
}

static error_t
take_of_gate(int key, char *arg, struct tayra__bench_options *o)
{
	switch (key) {
	case TAYRA__BENCH_BASE: return add_arm(o, "base", 4, arg);
	case TAYRA__BENCH_HEAD: return add_arm(o, "head", 4, arg);
	case TAYRA__BENCH_BASE_REF: o->base_ref = arg; return 0;
	case TAYRA__BENCH_HEAD_REF: o->head_ref = arg; return 0;
	case TAYRA__BENCH_BUILD: o->build = arg; return 0;
	case TAYRA__BENCH_RUN: o->run = arg; return 0;
	default: return take_of_server(key, arg, o);
	}
}

static error_t
take_prices(struct tayra__bench_options *o, const char *path)
{
	char why[400];

	o->prices_begun = false;
	if (tayra__prices_read(path, &o->prices, why, sizeof(why)) == TAYRA_OK)
		return 0;
	tayra__cli_error(o->command, "--prices: %s", why);
	return EINVAL;
}

/* "NAME=VALUE", out of a plan. */
static error_t
take_price(struct tayra__bench_options *o, const char *arg)
{
	const char *equals = strchr(arg, '=');
	char name[64], why[400];

	if (!o->prices_begun)
		tayra__prices_init(&o->prices);
	o->prices_begun = true;
	snprintf(name, sizeof(name), "%.*s", equals ? (int)(equals - arg) : 0, arg);
	if (equals &&
	    tayra__prices_take(&o->prices, name, equals + 1, why, sizeof(why)) == TAYRA_OK)
		return 0;
	tayra__cli_error(o->command, "%s", why);
	return EINVAL;
}

/* After the last option. */
static int
check_prices(struct tayra__bench_options *o)
{
	char why[400];

	if (o->prices_begun && tayra__prices_check(&o->prices, why, sizeof(why)) != TAYRA_OK) {
		tayra__cli_error(o->command, "prices: %s", why);
		return TAYRA__EXIT_USAGE;
	}
	if (o->prices.given && o->metric->metric != TAYRA__CPU_MS_PER_REQUEST) {
		tayra__cli_error(o->command, "--prices: only --metric cpu has a price");
		return TAYRA__EXIT_USAGE;
	}
	return TAYRA__EXIT_OK;
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct tayra__bench_options *o = state->input;

	switch (key) {
	case TAYRA__BENCH_ARM: o->commands = true; return take_arm(o, arg);
	case TAYRA__BENCH_METRIC: o->metric_name = arg; return 0;
	case TAYRA__BENCH_MARGIN: return take_share(o, "margin", arg, 0.5, &o->margin);
	case TAYRA__BENCH_ALPHA: return take_share(o, "alpha", arg, 0.5, &o->alpha);
	case TAYRA__BENCH_BUDGET: return take_time(o, "budget", arg, &o->budget_ns);
	case TAYRA__BENCH_SLICE: return take_time(o, "slice", arg, &o->slice_ns);
	case TAYRA__BENCH_TIMEOUT: return take_time(o, "timeout", arg, &o->timeout_ns);
	case TAYRA__BENCH_PAIRS: return take_number(o, "pairs", arg, 6, 1000, &o->pairs);
	case 'n':
	case TAYRA__BENCH_SESSIONS: return take_number(o, "sessions", arg, 1, 10000, &o->sessions);
	case TAYRA__BENCH_EFFECT: return take_share(o, "effect", arg, 10, &o->effect);
	case TAYRA__BENCH_POWER: return take_share(o, "power", arg, 0.9999, &o->power);
	case TAYRA__BENCH_SEED: return take_seed(o, arg);
	case TAYRA__BENCH_JSON: o->json = true; return 0;
	case TAYRA__BENCH_MD: o->md_path = arg; return 0;
	case TAYRA__BENCH_HTML: o->html_path = arg; return 0;
	case TAYRA__BENCH_PRICES: return take_prices(o, arg);
	case TAYRA__BENCH_PRICE: return take_price(o, arg);
	case TAYRA__BENCH_LISTEN: o->listen = arg; return 0;
	case TAYRA__BENCH_ALERT: return tayra__bench_alert_take(&o->alerts, o->command, arg);
	case TAYRA__BENCH_PLAN: return 0; /* was read before */
	case TAYRA__BENCH_HISTORY: o->history_path = arg; return 0;
	case TAYRA__BENCH_BENCH: o->bench = arg; return 0;
	case TAYRA__BENCH_COMMIT: o->commit = arg; return 0;
	case TAYRA__BENCH_MAY_FAIL: o->may_fail = true; return 0;
	case ARGP_KEY_ARG:
		tayra__cli_error(o->command,
				 "'%s': takes options only; is a command without quotes?", arg);
		return EINVAL;
	default: return take_of_gate(key, arg, o);
	}
}

static int
take_from_plan(void *ctx, const char *where, int key, char *value)
{
	struct tayra__bench_options *o = ctx;
	struct argp_state state = { .input = o };
	const char *command = o->command;
	int error;

	/* A complaint begins with where the setting stands. */
	o->command = where;
	if (key == TAYRA__BENCH_PLAN) {
		tayra__cli_error(where, "a plan names no other plan");
		error = EINVAL;
	} else {
		error = take_option(key, value, &state);
	}
	o->command = command;
	return error;
}

static int
take_part(void *ctx, struct tayra__document *document, const struct tayra__yaml *at, char *error,
	  size_t error_len)
{
	struct tayra__bench_options *o = ctx;

	return tayra__scenario_file_take(&o->request.scenario, document, at, error, error_len);
}

/* --plan FILE, --plan=FILE, or FILE.yaml as the first word; NULL: none. */
static const char *
plan_of(int *argc, char **argv)
{
	size_t len = *argc > 1 ? strlen(argv[1]) : 0;
	const char *first = argv[1];

	if (len > 5 && argv[1][0] != '-' && strcmp(argv[1] + len - 5, ".yaml") == 0) {
		memmove(argv + 1, argv + 2, (size_t)(*argc - 1) * sizeof(*argv));
		--*argc;
		return first;
	}
	for (int i = 1; i < *argc; i++) {
		if (strncmp(argv[i], "--plan=", 7) == 0)
			return argv[i] + 7;
		if (strcmp(argv[i], "--plan") == 0 && i + 1 < *argc)
			return argv[i + 1];
	}
	return NULL;
}

static int
parse(int argc, char **argv, const struct argp_option *table, const char *doc,
      struct tayra__bench_options *o)
{
	static const struct tayra__plan_map maps[] = { { "arms", TAYRA__BENCH_ARM },
						       { "urls", TAYRA__BENCH_URL },
						       { "prices", TAYRA__BENCH_PRICE },
						       { "alerts", TAYRA__BENCH_ALERT },
						       { NULL, 0 } };
	static const char *const parts[] = { "scenario", "data", NULL };
	static const char *const none[] = { NULL };
	const struct tayra__plan_file plan = { .table = table,
					       .take = take_from_plan,
					       .maps = maps,
					       .parts = table == tayra__bench_run_table ? parts
											: none,
					       .take_part = take_part,
					       .ctx = o };
	const struct argp argp = { .options = table, .parser = take_option, .doc = doc };
	const char *path;
	int code = TAYRA__EXIT_OK;

	o->command = argv[0];
	o->alpha = 0.05;
	o->turns = TURNS;
	o->seed = tayra_clock_real()->wall_ms(tayra_clock_real()->ctx);
	path = plan_of(&argc, argv);
	if (path)
		code = tayra__plan_file_read(&plan, o->command, path);
	if (code == TAYRA__EXIT_OK)
		code = tayra__cli_parse(&argp, argc, argv, o);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_choose_metric(o);
	if (code == TAYRA__EXIT_OK)
		code = check_prices(o);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_request_ready(&o->request, o->command);
	if (!o->slice_ns && !o->urls)
		o->slice_ns = 50 * TAYRA_NS_PER_MS;
	return code;
}

static int
lacks(const struct tayra__bench_options *o, const char *what)
{
	tayra__cli_error(o->command, "%s (see %s --help)", what, o->command);
	return TAYRA__EXIT_USAGE;
}

static bool
any_secure(const struct tayra__bench_options *o)
{
	for (size_t i = 0; i < o->arms; i++)
		if (strncmp(o->arm[i].what, "https://", 8) == 0 ||
		    strncmp(o->arm[i].what, "rediss://", 9) == 0)
			return true;
	return false;
}

static int
check_run(const struct tayra__bench_options *o)
{
	if (o->urls && o->commands)
		return lacks(o, "--arm is a command and --url a server: one or the other");
	if (!o->urls && (tayra__bench_arrivals_open(&o->arrivals) || o->arrivals.given ||
			 o->connections || o->duration_ns))
		return lacks(o, "--rate, --arrivals, --burst, --connections and --duration are of "
				"servers: no --url");
	if (!o->urls && tayra__bench_request_given(&o->request))
		return lacks(o,
			     "--method, --header, --body, --command, --scenario, --data, --cacert "
			     "and --insecure are of servers: no --url");
	if (o->busy_poll && !tayra__bench_arrivals_open(&o->arrivals))
		return lacks(o, "--busy-poll is of a load by --rate, --arrivals or --burst");
	if (o->urls && (o->request.cacert || o->request.insecure) && !any_secure(o))
		return lacks(o, "--cacert and --insecure are of https:// and rediss://");
	if (!o->urls && o->arms < 2)
		return lacks(o, o->arms ? "one --arm has nothing to be compared with"
					: "no --arm: two commands are needed, or a --url");
	return 0;
}

static uint64_t
within(double ns, double least_ms, double most_ms)
{
	return (uint64_t)fmin(fmax(ns, least_ms * 1e6), most_ms * 1e6);
}

static uint64_t
slice_for(const struct tayra__bench_options *o)
{
	double mean = tayra__bench_arrivals_mean(&o->arrivals, o->duration_ns);
	const uint64_t period = o->arrivals.burst_every_ns;
	uint64_t slice, think = tayra__scenario_think_mean_ns(&o->request.scenario.scenario);

	if (!o->metric->brief)
		slice = within((double)o->budget_ns / 120, 100, 1000);
	else
		slice = within(mean > 0 ? 200e9 / mean : 0, 25, 1000);
	/* Clients that think are to ask more than once; bursts to be as many as they are meant. */
	if (mean <= 0 && think)
		slice = (uint64_t)fmax((double)slice, within(10.0 * (double)think, 0, 10000));
	return period ? (slice + period - 1) / period * period : slice;
}

/* How long the arms of servers take turns.  What others do on the machine changes within tenths of
 * a second, and pairs gain by being closer than that; but starting and draining must not be all
 * there is, nor a slice hold too few requests for the quantile. */
static void
set_server_times(struct tayra__bench_options *o)
{
	uint64_t trace_ns = tayra__bench_arrivals_trace_ns(&o->arrivals);

	if (!o->duration_ns)
		o->duration_ns = trace_ns ? trace_ns : 10 * TAYRA_NS_PER_S;
	else if (!o->budget_ns)
		o->budget_ns = o->duration_ns * (o->arms + 1);
	if (!o->budget_ns)
		o->budget_ns = 60 * TAYRA_NS_PER_S;
	if (!o->slice_ns)
		o->slice_ns = slice_for(o);
}

int
tayra__bench_run_options(int argc, char **argv, struct tayra__bench_options *o)
{
	int code;

	*o = (struct tayra__bench_options){ .margin = 0.02 };
	code = parse(
		argc, argv, tayra__bench_run_table,
		"Compares commands, each run as a whole process, or servers, each put under the "
		"same load: in turns, in random order, beside a second instance of the first.\v"
		"Exits with 0 when no arm is worse than the first, 1 when one is, 3 when the "
		"budget did not decide it, 4 when the measurement cannot be believed.\n"
		"With --url URL --load 'LINE' it puts load on a server in phases: "
		"tayra bench run --load 1/s --help tells.",
		o);
	if (code == 0)
		code = check_run(o);
	if (code == 0)
		code = tayra__bench_arrivals_check(&o->arrivals, o->command);
	if (code == 0 && o->arms > 1 && o->slice_ns && o->slice_ns < o->arrivals.burst_every_ns)
		code = lacks(o, "--slice is shorter than the period of --burst");
	if (code == 0 && o->urls)
		set_server_times(o);
	else if (!o->budget_ns)
		o->budget_ns = 60 * TAYRA_NS_PER_S;
	return code;
}

static int
check_gate(const struct tayra__bench_options *o)
{
	if (o->arms && (o->base_ref || o->head_ref || o->build || o->run))
		return lacks(o,
			     "--base and --head are commands, --base-ref, --head-ref, --build and "
			     "--run are of git: one or the other");
	if (o->arms == 1 || (o->arms == 0 && !o->base_ref))
		return lacks(o, "a gate needs --base and --head, or --base-ref and --run");
	if (o->base_ref && !o->run)
		return lacks(o, "--run is missing: what is measured in each checkout");
	return 0;
}

int
tayra__bench_gate_options(int argc, char **argv, struct tayra__bench_options *o)
{
	int code;

	*o = (struct tayra__bench_options){ .margin = 0.05, .budget_ns = 60 * TAYRA_NS_PER_S };
	code = parse(
		argc, argv, tayra__bench_gate_table,
		"Lets a change pass or not: base and head are both run now, in turns, never "
		"against a figure of another day.\v"
		"Exits with 1 when head is worse with p < 0.05 and by more than 5%, with 3 when "
		"the budget did not decide it, with 4 when the measurement cannot be believed.",
		o);
	return code == 0 ? check_gate(o) : code;
}

int
tayra__bench_aa_options(int argc, char **argv, struct tayra__bench_options *o)
{
	int code;

	*o = (struct tayra__bench_options){ .margin = 0.02,
					    .budget_ns = 300 * TAYRA_NS_PER_S,
					    .sessions = 20 };
	code = parse(
		argc, argv, tayra__bench_aa_table,
		"Compares a command with itself, many times, to see how often this machine gives "
		"a false alarm.\v"
		"Exits with 4 when there are more than chance explains.",
		o);
	if (code == 0 && o->arms != 1)
		return lacks(o, o->arms ? "an A/A has one --arm" : "no --arm");
	return code;
}

int
tayra__bench_plan_options(int argc, char **argv, struct tayra__bench_options *o)
{
	int code;

	*o = (struct tayra__bench_options){
		.margin = 0.02, .budget_ns = 60 * TAYRA_NS_PER_S, .effect = 0.05, .power = 0.8
	};
	code = parse(
		argc, argv, tayra__bench_plan_table,
		"Says what a comparison would need: a pilot sees how noisy a command is on this "
		"machine, and from that follow pairs and minutes.",
		o);
	if (code == 0 && o->arms == 0)
		return lacks(o, "no --arm");
	return code;
}
