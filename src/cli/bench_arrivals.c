/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_arrivals.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "cli/arguments.h"

#define TRACE      "trace:"
#define MOMENT_MAX (100e6) /* seconds */
#define BURST_MAX  1000000

/* The moments of a trace as they come. */
struct trace {
	struct tayra__bench_arrivals *into;
	const char *command, *path;
	size_t room;
	unsigned long line;
};

static int
refuse(const struct trace *t, const char *what)
{
	tayra__cli_error(t->command, "--arrivals: %s:%lu: %s", t->path, t->line, what);
	return EINVAL;
}

static int
note(struct trace *t, double seconds)
{
	struct tayra__bench_arrivals *a = t->into;
	uint64_t ns = (uint64_t)(seconds * 1e9);

	if (a->moment_count && ns < a->moments[a->moment_count - 1])
		return refuse(t, "earlier than the line before");
	if (a->moment_count == t->room) {
		size_t room = t->room ? 2 * t->room : 1024;
		uint64_t *moments = tayra__mem_resize(a->moments, room * sizeof(*moments));

		if (!moments)
			return refuse(t, "no memory");
		a->moments = moments;
		t->room = room;
	}
	a->moments[a->moment_count++] = ns;
	return 0;
}

static int
take_line(struct trace *t, char *line, size_t len)
{
	double seconds;

	while (len > 0 && strchr(" \t\r\n", line[len - 1]))
		line[--len] = '\0';
	if (len == 0 || line[0] == '#')
		return 0;
	if (strlen(line) != len || tayra__option_double(line, 0, MOMENT_MAX, &seconds) != TAYRA_OK)
		return refuse(t, "is no time in seconds from 0 on");
	return note(t, seconds);
}

static int
read_trace(struct trace *t)
{
	FILE *in = fopen(t->path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int error = 0;

	if (!in) {
		tayra__cli_error(t->command, "--arrivals: %s: %m", t->path);
		return EINVAL;
	}
	while (error == 0 && (len = getline(&line, &room, in)) >= 0) {
		t->line++;
		error = take_line(t, line, (size_t)len);
	}
	free(line);
	fclose(in);
	if (error == 0 && t->into->moment_count == 0)
		error = refuse(t, "there is no moment in it");
	return error;
}

int
tayra__bench_arrivals_take(struct tayra__bench_arrivals *arrivals, const char *command,
			   const char *arg)
{
	struct trace trace = { .into = arrivals, .command = command };

	if (strcmp(arg, "poisson") == 0) {
		arrivals->kind = TAYRA__ARRIVALS_POISSON;
		return 0;
	}
	if (strcmp(arg, "uniform") == 0) {
		arrivals->kind = TAYRA__ARRIVALS_UNIFORM;
		return 0;
	}
	if (strncmp(arg, TRACE, strlen(TRACE)) != 0) {
		tayra__cli_error(command,
				 "--arrivals '%.60s' is not poisson, uniform or trace:FILE", arg);
		return EINVAL;
	}
	trace.path = arg + strlen(TRACE);
	tayra__mem_free(arrivals->moments);
	arrivals->moments = NULL;
	arrivals->moment_count = 0;
	arrivals->kind = TAYRA__ARRIVALS_TRACE;
	return read_trace(&trace);
}

int
tayra__bench_burst_take(struct tayra__bench_arrivals *arrivals, const char *command,
			const char *arg)
{
	const char *slash = strchr(arg, '/');
	char number[16] = "";
	uint64_t burst = 0;

	if (slash && (size_t)(slash - arg) < sizeof(number))
		memcpy(number, arg, (size_t)(slash - arg));
	if (tayra__option_u64(number, 1, BURST_MAX, &burst) == TAYRA_OK &&
	    tayra__option_duration_ns(slash + 1, &arrivals->burst_every_ns) == TAYRA_OK &&
	    arrivals->burst_every_ns >= TAYRA_NS_PER_MS) {
		arrivals->burst = (uint32_t)burst;
		return 0;
	}
	tayra__cli_error(command,
			 "--burst '%.60s' is not N/TIME, as 50/2s: up to %d at once, at least 1ms "
			 "apart",
			 arg, BURST_MAX);
	return EINVAL;
}

uint64_t
tayra__bench_arrivals_ns(const struct tayra__bench_arrivals *arrivals)
{
	return arrivals->moment_count ? arrivals->moments[arrivals->moment_count - 1] + 1 : 0;
}

void
tayra__bench_arrivals_fill(const struct tayra__bench_arrivals *arrivals,
			   struct tayra__wire_load *load)
{
	load->arrivals = arrivals->kind;
	load->burst = arrivals->burst;
	load->burst_every_ns = arrivals->burst_every_ns;
	load->moments = arrivals->moments;
	load->moment_count = arrivals->moment_count;
}
