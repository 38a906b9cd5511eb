/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/freshness.h"

#include <string.h>
#include <strings.h>

#include <tayra/tayra.h>

#define TEN_YEARS_S (10ull * 366 * 24 * 3600)

struct text {
	const char *at, *end;
};

static void
skip(struct text *t, const char *these)
{
	while (t->at < t->end && *t->at && strchr(these, *t->at))
		t->at++;
}

/* Up to one of `these` or the end. */
static struct text
take(struct text *t, const char *these)
{
	struct text taken = { t->at, t->at };

	while (t->at < t->end && (!*t->at || !strchr(these, *t->at)))
		t->at++;
	taken.end = t->at;
	return taken;
}

static bool
is(struct text t, const char *name)
{
	return (size_t)(t.end - t.at) == strlen(name) && strncasecmp(t.at, name, strlen(name)) == 0;
}

/* Seconds: too many are ten years, and no number at all is 0, which is safe. */
static uint64_t
seconds(struct text t)
{
	uint64_t s = 0;

	if (t.at == t.end)
		return 0;
	for (; t.at < t.end; t.at++) {
		if (*t.at < '0' || *t.at > '9')
			return 0;
		s = s > TEN_YEARS_S ? TEN_YEARS_S : s * 10 + (uint64_t)(*t.at - '0');
	}
	return s > TEN_YEARS_S ? TEN_YEARS_S : s;
}

/* "=5", "=\"5\"" or nothing. */
static struct text
argument(struct text *t)
{
	struct text none = { t->at, t->at }, taken;

	skip(t, " \t");
	if (t->at == t->end || *t->at != '=')
		return none;
	t->at++;
	skip(t, " \t");
	if (t->at < t->end && *t->at == '"') {
		t->at++;
		taken = take(t, "\"");
		take(t, ",");
		return taken;
	}
	taken = take(t, " \t,");
	take(t, ",");
	return taken;
}

static void
read_directives(struct tayra__freshness *f, struct text t)
{
	while (t.at < t.end) {
		struct text name, value;

		skip(&t, " \t,");
		name = take(&t, " \t,=");
		value = argument(&t);
		if (is(name, "no-store") || is(name, "no-cache") || is(name, "private")) {
			f->no_store = true;
		} else if (is(name, "max-age")) {
			f->max_age = true;
			f->max_age_s = seconds(value);
		} else if (is(name, "s-maxage")) {
			f->s_maxage = true;
			f->s_maxage_s = seconds(value);
		}
		if (name.at == name.end && value.at == value.end && t.at < t.end)
			t.at++; /* nothing that we know how to read */
	}
}

void
tayra__freshness_read(struct tayra__freshness *freshness, const char *line, size_t len)
{
	struct text t = { line, line + len }, name;

	while (t.end > t.at && (t.end[-1] == '\n' || t.end[-1] == '\r' || t.end[-1] == ' '))
		t.end--;
	if (t.end - t.at >= 5 && memcmp(t.at, "HTTP/", 5) == 0) {
		*freshness = (struct tayra__freshness){ 0 };
		return;
	}
	name = take(&t, ":");
	if (t.at == t.end)
		return;
	t.at++;
	skip(&t, " \t");
	if (is(name, "cache-control"))
		read_directives(freshness, t);
	else if (is(name, "age"))
		freshness->age_s = seconds(t);
}

uint64_t
tayra__freshness_ttl_ms(const struct tayra__freshness *freshness)
{
	uint64_t most_s;

	if (freshness->no_store)
		return TAYRA_OFF;
	if (!freshness->max_age && !freshness->s_maxage)
		return 0;
	most_s = freshness->s_maxage ? freshness->s_maxage_s : freshness->max_age_s;
	return most_s > freshness->age_s ? (most_s - freshness->age_s) * 1000 : TAYRA_OFF;
}
