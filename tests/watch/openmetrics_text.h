/* SPDX-License-Identifier: Apache-2.0
 *
 * A strict reader of OpenMetrics 1.0 text, for judging what we write: every rule of the
 * specification that our kinds of metric can break.  Stops at the first fault, and says which.
 */
#ifndef TESTS_WATCH_OPENMETRICS_TEXT_H
#define TESTS_WATCH_OPENMETRICS_TEXT_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define TEXT_SERIES 4000

struct om_text {
	const char *at;
	const char *fault;
	char family[128], type[16], unit[64];
	char families[200][128];
	int family_count;
	bool seen_help, seen_samples;
	char *series[TEXT_SERIES]; /* name and labels of every sample, to find doubles */
	int series_count;
	char group[600]; /* of a histogram in progress: its labels without le */
	double last_le;
	double last_count, inf_count;
	bool in_buckets, want_count;
};

static bool
om_fail(struct om_text *t, const char *fault)
{
	if (!t->fault)
		t->fault = fault;
	return false;
}

static bool
om_word(struct om_text *t, char *out, size_t size)
{
	size_t n = strspn(t->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	if (n == 0 || n >= size || strchr("0123456789", t->at[0]))
		return om_fail(t, "a name was expected");
	memcpy(out, t->at, n);
	out[n] = '\0';
	t->at += n;
	return true;
}

static bool
om_take(struct om_text *t, const char *text)
{
	if (strncmp(t->at, text, strlen(text)) != 0)
		return false;
	t->at += strlen(text);
	return true;
}

/* Up to `end`, with only the three escapes. */
static bool
om_escaped(struct om_text *t, char end)
{
	while (*t->at != end) {
		if (*t->at == '\0' || *t->at == '\n' || *t->at == '"')
			return om_fail(t, "a bare quote or line end");
		if (*t->at == '\\' && !strchr("\\n\"", t->at[1]))
			return om_fail(t, "an unknown escape");
		t->at += *t->at == '\\' ? 2 : 1;
	}
	return true;
}

static bool
om_new_family(struct om_text *t, const char *name)
{
	if (strcmp(name, t->family) == 0)
		return !t->seen_samples || om_fail(t, "metadata after samples");
	for (int i = 0; i < t->family_count; i++)
		if (strcmp(t->families[i], name) == 0)
			return om_fail(t, "a family in two pieces");
	if (t->want_count || t->in_buckets)
		return om_fail(t, "a histogram without an end");
	snprintf(t->families[t->family_count++], sizeof(t->families[0]), "%s", name);
	snprintf(t->family, sizeof(t->family), "%s", name);
	t->type[0] = t->unit[0] = '\0';
	t->seen_help = t->seen_samples = false;
	return true;
}

static bool
om_metadata(struct om_text *t)
{
	char kind[16], name[128];

	if (!om_word(t, kind, sizeof(kind)) || !om_take(t, " ") ||
	    !om_word(t, name, sizeof(name)) || !om_take(t, " ") || !om_new_family(t, name))
		return om_fail(t, "bad metadata");
	if (strcmp(kind, "TYPE") == 0) {
		if (t->type[0] || !om_word(t, t->type, sizeof(t->type)))
			return om_fail(t, "bad TYPE");
	} else if (strcmp(kind, "UNIT") == 0) {
		size_t n = strlen(name), m;

		if (t->unit[0] || !om_word(t, t->unit, sizeof(t->unit)))
			return om_fail(t, "bad UNIT");
		m = strlen(t->unit);
		if (n <= m + 1 || name[n - m - 1] != '_' || strcmp(name + n - m, t->unit) != 0)
			return om_fail(t, "the name does not end in the unit");
	} else if (strcmp(kind, "HELP") == 0) {
		if (t->seen_help || !om_escaped(t, '\n'))
			return om_fail(t, "bad HELP");
		t->seen_help = true;
	} else {
		return om_fail(t, "unknown metadata");
	}
	return om_take(t, "\n") || om_fail(t, "no line end after metadata");
}

/* {a="b",le="1.0"}: le goes to *le, the rest to group. */
static bool
om_labels(struct om_text *t, char *group, size_t size, double *le)
{
	char names[8][128];
	int count = 0;
	size_t used = 0;

	group[0] = '\0';
	do {
		const char *start = t->at;

		if (count == 8 || !om_word(t, names[count], sizeof(names[0])) || !om_take(t, "=\""))
			return om_fail(t, "a bad label");
		for (int i = 0; i < count; i++)
			if (strcmp(names[i], names[count]) == 0)
				return om_fail(t, "a label twice");
		if (strcmp(names[count], "le") == 0) {
			char *end;

			*le = strtod(t->at, &end);
			if (end == t->at || *end != '"')
				return om_fail(t, "le is no number");
			if (!strpbrk(t->at, ".eI") || strpbrk(t->at, ".eI") > end)
				return om_fail(t, "le is no float");
		}
		if (!om_escaped(t, '"') || !om_take(t, "\""))
			return om_fail(t, "a bad label value");
		if (strcmp(names[count], "le") != 0)
			used += (size_t)snprintf(group + used, size - used, "%.*s,",
						 (int)(t->at - start), start);
		if (used >= size)
			return om_fail(t, "labels too long for this test");
		count++;
	} while (om_take(t, ","));
	return om_take(t, "}") || om_fail(t, "labels without an end");
}

static bool
om_bucket(struct om_text *t, const char *group, double le, double value)
{
	if (isnan(le))
		return om_fail(t, "a bucket without le");
	if (!t->in_buckets) {
		if (t->want_count)
			return om_fail(t, "buckets where the count belongs");
		snprintf(t->group, sizeof(t->group), "%s", group);
		t->in_buckets = true;
		t->last_le = -(double)INFINITY;
		t->last_count = 0;
	}
	if (strcmp(t->group, group) != 0 || !(le > t->last_le) || value < t->last_count)
		return om_fail(t, "buckets out of order or not cumulative");
	t->last_le = le;
	t->last_count = value;
	if (isinf(le)) {
		t->in_buckets = false;
		t->want_count = true;
		t->inf_count = value;
	}
	return true;
}

static bool
om_histogram(struct om_text *t, const char *suffix, const char *group, double le, double value)
{
	if (strcmp(suffix, "_bucket") == 0)
		return om_bucket(t, group, le, value);
	if (!isnan(le) || strcmp(t->group, group) != 0)
		return om_fail(t, "count or sum of another series");
	if (strcmp(suffix, "_count") == 0) {
		bool fine = t->want_count && value == t->inf_count;

		t->want_count = false;
		return fine || om_fail(t, "the count is not the +Inf bucket");
	}
	return strcmp(suffix, "_sum") == 0 || om_fail(t, "an unknown suffix");
}

static bool
om_belongs(struct om_text *t, const char *name, const char *group, double le, double value)
{
	const char *suffix = name + strlen(t->family);

	if (!t->type[0] || strncmp(name, t->family, strlen(t->family)) != 0)
		return om_fail(t, "a sample of no family");
	t->seen_samples = true;
	if (strcmp(t->type, "histogram") == 0)
		return om_histogram(t, suffix, group, le, value);
	if (!isnan(le))
		return om_fail(t, "le outside a histogram");
	if (strcmp(t->type, "counter") == 0)
		return (strcmp(suffix, "_total") == 0 && value >= 0) ||
		       om_fail(t, "a counter's sample");
	return (strcmp(t->type, "gauge") == 0 && *suffix == '\0') || om_fail(t, "a gauge's sample");
}

static bool
om_sample(struct om_text *t)
{
	const char *start = t->at;
	char name[160], group[600] = "", *end;
	double le = (double)NAN, value;

	if (!om_word(t, name, sizeof(name)))
		return false;
	if (om_take(t, "{") && !om_labels(t, group, sizeof(group), &le))
		return false;
	if (t->series_count == TEXT_SERIES)
		return om_fail(t, "too many series for this test");
	t->series[t->series_count] = strndup(start, (size_t)(t->at - start));
	for (int i = 0; i < t->series_count; i++)
		if (strcmp(t->series[i], t->series[t->series_count]) == 0) {
			free(t->series[t->series_count]);
			return om_fail(t, "a series twice");
		}
	t->series_count++;
	if (!om_take(t, " ") || *t->at == ' ')
		return om_fail(t, "not one blank before the value");
	value = strtod(t->at, &end);
	if (end == t->at || *end != '\n')
		return om_fail(t, "a value that is no number");
	t->at = end + 1;
	return om_belongs(t, name, group, le, value);
}

/* NULL when the text is right, or what is wrong with it. */
static const char *
om_fault(const char *text)
{
	static struct om_text t;
	const unsigned char *s = (const unsigned char *)text;

	memset(&t, 0, sizeof(t));
	t.at = text;
	while (*s) {
		size_t n = tayra__utf8_length(s, SIZE_MAX);

		if (n == 0)
			return "bytes that are not UTF-8";
		s += n;
	}
	while (!t.fault && *t.at && strncmp(t.at, "# EOF", 5) != 0) {
		if (om_take(&t, "# "))
			om_metadata(&t);
		else
			om_sample(&t);
	}
	if (strcmp(t.at, "# EOF\n") != 0)
		om_fail(&t, "no # EOF at the end");
	if (t.in_buckets || t.want_count)
		om_fail(&t, "a histogram without an end");
	for (int i = 0; i < t.series_count; i++)
		free(t.series[i]);
	return t.fault;
}

#endif
