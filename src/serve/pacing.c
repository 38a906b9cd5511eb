/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pacing.h"

#include <stdio.h>
#include <string.h>

#include <tayra/pace.h>

#include "base/option.h"
#include "net/loop.h"
#include "pace/knobs.h"
#include "serve/state.h"

#define VALUE 32 /* bytes of a value, which is a number, a duration or a name */

static size_t
knobs(void)
{
	size_t n = 0;

	while (tayra_pace_knob(n))
		n++;
	return n;
}

/* Parameters are those of all origins, then of each; only origins that have names. */
static size_t
named(const struct tayra__server *server)
{
	return server->pace_names ? server->pace_count : 0;
}

struct subject {
	const char *knob;
	size_t first, behind; /* origins */
};

static struct subject
subject_of(const struct tayra__server *server, size_t n)
{
	const size_t each = knobs(), group = n / each;

	return (struct subject){
		.knob = tayra_pace_knob(n % each),
		.first = group ? group - 1 : 0,
		.behind = group ? group : named(server),
	};
}

const char *
tayra__pacing_name(const struct tayra__server *server, size_t n, char *room, size_t len)
{
	const size_t each = knobs(), group = n / each;

	if (named(server) == 0 || group > named(server))
		return NULL;
	if (group == 0)
		snprintf(room, len, "pace.%s", tayra_pace_knob(n));
	else
		snprintf(room, len, "pace.%s.%s", server->pace_names[group - 1],
			 tayra_pace_knob(n % each));
	return room;
}

size_t
tayra__pacing_read(const struct tayra__server *server, size_t n, char *out, size_t len)
{
	const struct subject subject = subject_of(server, n);
	char other[VALUE];

	tayra_pace_get(server->paces[subject.first], subject.knob, out, len);
	for (size_t i = subject.first + 1; i < subject.behind; i++) {
		tayra_pace_get(server->paces[i], subject.knob, other, sizeof(other));
		if (strcmp(out, other) != 0)
			return (size_t)snprintf(out, len, "mixed");
	}
	return strlen(out);
}

/* What is let in beyond the threads waits in a queue of theirs, which knows no classes. */
static const char *
over_threads(struct tayra__server *server, size_t i, const char *knob, const char *value)
{
	static const double most = 1e9;
	double limit;

	if (!server->pace_threads || strcmp(knob, "limit_max") != 0 ||
	    tayra__option_double(value, 0, most, &limit) != TAYRA_OK ||
	    limit <= server->pace_threads[i])
		return NULL;
	snprintf(server->pacing_why, sizeof(server->pacing_why),
		 "limit_max %s is more than the %u loads that the routes of origin '%.64s' take "
		 "at a time",
		 value, server->pace_threads[i], server->pace_names[i]);
	return server->pacing_why;
}

static const char *
refusal(struct tayra__server *server, size_t i, const char *knob, const char *value)
{
	const char *why = over_threads(server, i, knob, value);

	if (why)
		return why;
	return tayra__pace_check(server->paces[i], knob, value, server->pacing_why,
				 sizeof(server->pacing_why)) == TAYRA_OK
		       ? NULL
		       : server->pacing_why;
}

const char *
tayra__pacing_set(struct tayra__server *server, size_t n, const char *text, size_t len)
{
	const struct subject subject = subject_of(server, n);
	const char *why = NULL;
	char value[VALUE];

	if (len >= sizeof(value) || memchr(text, 0, len))
		return "no such value";
	memcpy(value, text, len);
	value[len] = '\0';
	for (size_t i = subject.first; i < subject.behind && !why; i++)
		why = refusal(server, i, subject.knob, value);
	for (size_t i = subject.first; i < subject.behind && !why; i++)
		tayra_pace_set(server->paces[i], subject.knob, value,
			       tayra__loop_now_ns(server->loop), NULL, 0);
	return why;
}
