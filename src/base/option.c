/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <tayra/base.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

int
tayra__option_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long value;

	if (!isdigit((unsigned char)text[0]))
		return TAYRA_E_INVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return TAYRA_E_INVAL;
	*out = value;
	return TAYRA_OK;
}

static const char *
after_digits(const char *at)
{
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

/* Reads a plain decimal number; *end is what follows it. */
static int
decimal(const char *text, const char **end, double *out)
{
	const char *whole = text + (*text == '-'), *at = after_digits(whole);
	bool any = at > whole;
	char *stop;

	if (*at == '.') {
		const char *fraction = at + 1;

		at = after_digits(fraction);
		any = any || at > fraction;
	}
	if (!any)
		return TAYRA_E_INVAL;
	if (*at == 'e' || *at == 'E') {
		const char *exponent = at + 1 + (at[1] == '-' || at[1] == '+');

		if (after_digits(exponent) > exponent)
			at = after_digits(exponent);
	}
	errno = 0;
	*out = strtod(text, &stop);
	*end = at;
	return stop == at && isfinite(*out) ? TAYRA_OK : TAYRA_E_INVAL;
}

int
tayra__option_double(const char *text, double min, double max, double *out)
{
	const char *end;
	double value;

	if (decimal(text, &end, &value) || *end || value < min || value > max)
		return TAYRA_E_INVAL;
	*out = value;
	return TAYRA_OK;
}

/* Number and unit to an integer, rounded to the nearest; half a byte is refused, and so is what a
 * double cannot hold to the last unit. */
static int
scaled(const char *text, const struct unit *units, uint64_t *out)
{
	const char *end;
	double value;

	if (*text == '-' || decimal(text, &end, &value))
		return TAYRA_E_INVAL;
	while (units->name && strcasecmp(end, units->name) != 0)
		units++;
	if (!units->name)
		return TAYRA_E_INVAL;
	if (units->factor == 1 && value != floor(value))
		return TAYRA_E_INVAL;
	value = round(value * units->factor);
	if (value > 0x1p53)
		return TAYRA_E_TOO_LARGE;
	*out = (uint64_t)value;
	return TAYRA_OK;
}

int
tayra__option_bytes(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },         { "B", 1 },        { "K", 0x1p10 },   { "KB", 0x1p10 },
		{ "KiB", 0x1p10 }, { "M", 0x1p20 },   { "MB", 0x1p20 },  { "MiB", 0x1p20 },
		{ "G", 0x1p30 },   { "GB", 0x1p30 },  { "GiB", 0x1p30 }, { "T", 0x1p40 },
		{ "TB", 0x1p40 },  { "TiB", 0x1p40 }, { NULL, 0 },
	};

	return scaled(text, units, out);
}

int
tayra__option_duration_ns(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "ns", 1 },   { "us", 1e3 },   { "ms", 1e6 }, { "s", 1e9 },
		{ "m", 60e9 }, { "h", 3600e9 }, { NULL, 0 },
	};

	return scaled(text, units, out);
}

bool
tayra__option_list_next(const char **cursor, const char **item, size_t *len)
{
	const char *comma;

	if (!*cursor)
		return false;
	*item = *cursor;
	comma = strchr(*cursor, ',');
	*len = comma ? (size_t)(comma - *cursor) : strlen(*cursor);
	*cursor = comma ? comma + 1 : NULL;
	return true;
}

#define WORD_MAX 31

/* Levenshtein's distance of two short words. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
tayra__option_nearest(const char *text, const char *const *names)
{
	const char *nearest = NULL;
	size_t least = strlen(text) / 3 + 2;

	for (; *names; names++) {
		size_t d = strcasecmp(text, *names) == 0 ? 0 : distance(text, *names);

		if (d < least) {
			least = d;
			nearest = *names;
		}
	}
	return nearest;
}

#define STRUCT_MAX 4096 /* a size beyond this was never set */

int
tayra__option_struct(const void *given, void *ours, size_t ours_size)
{
	size_t size;
	const unsigned char *bytes = given;

	memset(ours, 0, ours_size);
	if (!given)
		return TAYRA_OK;
	memcpy(&size, given, sizeof(size));
	if (size < sizeof(size) || size > STRUCT_MAX)
		return TAYRA_E_INVAL;
	for (size_t i = ours_size; i < size; i++)
		if (bytes[i])
			return TAYRA_E_INVAL;
	memcpy(ours, given, size < ours_size ? size : ours_size);
	return TAYRA_OK;
}
