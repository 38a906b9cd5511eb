/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_arrivals.h"

#include <tayra/base.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "cli/command.h"

#define TRACE           "trace:"
#define BURST_MAX       1000000
#define RATE_MAX        1e6
#define PERIOD_LEAST_NS TAYRA_NS_PER_MS
#define PERIOD_MOST_NS  (3600 * TAYRA_NS_PER_S)
#define TRACE_LEAST_NS  (100 * TAYRA_NS_PER_MS)

int
tayra__bench_arrivals_take(struct tayra__bench_arrivals *a, const char *command, const char *arg)
{
	char why[400];

	a->given = true;
	tayra__moments_fini(&a->trace);
	if (strcmp(arg, "poisson") == 0) {
		a->kind = TAYRA__ARRIVALS_POISSON;
	} else if (strcmp(arg, "uniform") == 0) {
		a->kind = TAYRA__ARRIVALS_UNIFORM;
	} else if (strncmp(arg, TRACE, strlen(TRACE)) == 0) {
		a->kind = TAYRA__ARRIVALS_TRACE;
		if (tayra__moments_load(&a->trace, arg + strlen(TRACE), why, sizeof(why)) ==
		    TAYRA_OK)
			return 0;
		tayra__cli_error(command, "--arrivals: %s", why);
		return EINVAL;
	} else {
		tayra__cli_error(command,
				 "--arrivals '%.60s' is not poisson, uniform or trace:FILE", arg);
		return EINVAL;
	}
	return 0;
}

int
tayra__bench_burst_take(struct tayra__bench_arrivals *a, const char *command, const char *arg)
{
	const char *slash = strchr(arg, '/');
	char number[16] = "";
	uint64_t burst = 0;

	if (slash && (size_t)(slash - arg) < sizeof(number))
		memcpy(number, arg, (size_t)(slash - arg));
	if (tayra__option_u64(number, 1, BURST_MAX, &burst) == TAYRA_OK &&
	    tayra__option_duration_ns(slash + 1, &a->burst_every_ns) == TAYRA_OK &&
	    a->burst_every_ns >= PERIOD_LEAST_NS && a->burst_every_ns <= PERIOD_MOST_NS) {
		a->burst = (uint32_t)burst;
		return 0;
	}
	tayra__cli_error(command,
			 "--burst '%.60s' is not N/PERIOD, as 50/2s: up to %d at once, 1ms to 1h "
			 "apart",
			 arg, BURST_MAX);
	return EINVAL;
}

static int
refuse(const char *command, const char *what)
{
	tayra__cli_error(command, "%s", what);
	return TAYRA__EXIT_USAGE;
}

int
tayra__bench_arrivals_check(const struct tayra__bench_arrivals *a, const char *command)
{
	double mean;

	if (a->trace.count && a->rate_per_s > 0)
		return refuse(command, "a trace says when, and so does --rate: one or the other");
	if (a->given && !a->trace.count && a->rate_per_s <= 0)
		return refuse(command, "--arrivals poisson and uniform need a --rate");
	mean = tayra__bench_arrivals_mean(a, a->trace.count ? tayra__bench_arrivals_trace_ns(a)
							    : PERIOD_MOST_NS);
	if (mean <= RATE_MAX)
		return TAYRA__EXIT_OK;
	tayra__cli_error(command, "%.0f requests a second on average: at most %.0f", mean,
			 RATE_MAX);
	return TAYRA__EXIT_USAGE;
}

bool
tayra__bench_arrivals_open(const struct tayra__bench_arrivals *a)
{
	return a->rate_per_s > 0 || a->trace.count || a->burst;
}

double
tayra__bench_arrivals_mean(const struct tayra__bench_arrivals *a, uint64_t length_ns)
{
	double seconds = (double)length_ns / (double)TAYRA_NS_PER_S;
	size_t due = 0;

	while (due < a->trace.count && a->trace.ns[due] < length_ns)
		due++;
	return a->rate_per_s + (double)due / seconds +
	       (a->burst ? a->burst / ((double)a->burst_every_ns / (double)TAYRA_NS_PER_S) : 0);
}

uint64_t
tayra__bench_arrivals_trace_ns(const struct tayra__bench_arrivals *a)
{
	uint64_t last = a->trace.count ? a->trace.ns[a->trace.count - 1] : 0;

	if (!a->trace.count)
		return 0;
	return last < TRACE_LEAST_NS ? TRACE_LEAST_NS : last + 1;
}

void
tayra__bench_arrivals_fill(const struct tayra__bench_arrivals *a, struct tayra__wire_load *load)
{
	load->rate_per_s = a->rate_per_s;
	load->arrivals = a->kind;
	load->burst = a->burst;
	load->burst_every_ns = a->burst_every_ns;
	load->moments = a->trace.ns;
	load->moment_count = a->trace.count;
}
