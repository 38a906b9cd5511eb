/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/row.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include "base/utf8.h"

#define NAME_MAX_BYTES 100

static bool
one_of(char c, const char *extra)
{
	return (c >= 'a' && c <= 'z') || (c != '\0' && strchr(extra, c));
}

bool
tayra__watch_name_ok(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len == 0 || len > NAME_MAX_BYTES || !one_of(name[0], ""))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!one_of(name[i], "_0123456789"))
			return false;
	return true;
}

static bool
ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m + 1 && name[n - m - 1] == '_' && strcmp(name + n - m, suffix) == 0;
}

/* What OpenMetrics appends to a name must not be what a name ends in: x_sum could be two things. */
static bool
name_is_free(const char *name)
{
	static const char *const taken[] = { "total", "created", "bucket", "count",
					     "sum",   "info",    "gsum",   "gcount" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (ends_in(name, taken[i]))
			return false;
	return true;
}

/* The labels a row can print are different words; "le" is a histogram's own. */
static bool
labels_ok(const char *const *labels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!tayra__watch_name_ok(labels[i]) || strcmp(labels[i], "le") == 0)
			return false;
		for (size_t j = 0; j < i; j++)
			if (strcmp(labels[i], labels[j]) == 0)
				return false;
	}
	return true;
}

static bool
dims_ok(const struct tayra__watch_row *row)
{
	const char *labels[2];
	size_t count = 0;

	if (!row->dims[0].label && row->dims[1].label)
		return false;
	for (size_t i = 0; i < 2 && row->dims[i].label; i++) {
		const struct tayra__watch_dim *dim = &row->dims[i];

		if (!dim->values || dim->count == 0 || dim->stride == 0)
			return false;
		labels[count++] = dim->label;
	}
	return labels_ok(labels, count);
}

/* Types and where their values come from must agree. */
static bool
field_ok(const struct tayra__watch_row *row)
{
	bool histogram = row->type == TAYRA__WATCH_HISTOGRAM;
	size_t count = 0;

	if (row->field != TAYRA__WATCH_NO_FIELD) {
		if (histogram != (row->field == TAYRA__WATCH_HIST) || row->labels[0])
			return false;
		if (row->field == TAYRA__WATCH_DOUBLE && row->type != TAYRA__WATCH_GAUGE)
			return false;
		return dims_ok(row);
	}
	while (count < TAYRA__WATCH_LABELS && row->labels[count])
		count++;
	return !row->dims[0].label && !row->dims[1].label && labels_ok(row->labels, count);
}

int
tayra__watch_row_check(const struct tayra__watch_row *row)
{
	if (!tayra__watch_name_ok(row->name) || !name_is_free(row->name))
		return TAYRA_E_INVAL;
	if (row->unit && (!tayra__watch_name_ok(row->unit) || !ends_in(row->name, row->unit)))
		return TAYRA_E_INVAL;
	if (!row->sentence || row->sentence[0] == '\0')
		return TAYRA_E_INVAL;
	if (row->type > TAYRA__WATCH_HISTOGRAM || !(row->per_unit >= 0) || !isfinite(row->per_unit))
		return TAYRA_E_INVAL;
	if (row->low > row->high || row->high > 63)
		return TAYRA_E_INVAL;
	return field_ok(row) ? TAYRA_OK : TAYRA_E_INVAL;
}

double
tayra__watch_scaled(const struct tayra__watch_row *row, double kept)
{
	return row->per_unit > 0 ? kept / row->per_unit : kept;
}

bool
tayra__watch_label_clean(const char *text, char out[TAYRA__WATCH_LABEL_MAX + 1])
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		size_t n = tayra__utf8_length(s, SIZE_MAX), bytes = n ? n : 3;

		if (used + bytes > TAYRA__WATCH_LABEL_MAX)
			return false;
		memcpy(out + used, n ? (const char *)s : "\xef\xbf\xbd", bytes);
		used += bytes;
		s += n ? n : 1;
	}
	out[used] = '\0';
	return true;
}
