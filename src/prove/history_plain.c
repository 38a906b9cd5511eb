/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers: at most 18 digits, of which as an integer less than 2^53, times or by a power of ten of
 * at most 10^22: both are doubles exactly, so that one rounding is right (Clinger, PLDI 1990).
 */
#include "prove/history_plain.h"

#include <math.h>
#include <string.h>

#define DIGITS_MAX 18
#define EXACT      (UINT64_C(1) << 53)
#define POWER_MAX  22

struct cursor {
	const char *at, *end;
};

static bool
take(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

static bool
take_key(struct cursor *c, const char *name)
{
	return take(c, ",\"") && take(c, name) && take(c, "\":");
}

static bool
take_text(struct cursor *c, char *out, size_t room)
{
	const char *from = c->at + 1;
	size_t len = 0;

	if (!take(c, "\""))
		return false;
	while (from + len < c->end && from[len] >= 0x20 && from[len] < 0x7f && from[len] != '"' &&
	       from[len] != '\\')
		len++;
	if (len >= room)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	c->at += len;
	return take(c, "\"");
}

static bool
is_digit(const struct cursor *c)
{
	return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

/* Digits, added to *value; returns how many. */
static int
take_digits(struct cursor *c, uint64_t *value)
{
	int n = 0;

	for (; is_digit(c) && n <= DIGITS_MAX; n++)
		*value = *value * 10 + (uint64_t)(*c->at++ - '0');
	return n;
}

/* A whole number without a sign. */
static bool
take_whole(struct cursor *c, uint64_t *out)
{
	bool zero = c->at < c->end && *c->at == '0';
	int n;

	*out = 0;
	n = take_digits(c, out);
	return n > 0 && n <= DIGITS_MAX && !(zero && n > 1);
}

static bool
take_exponent(struct cursor *c, int *exponent)
{
	uint64_t value = 0;
	bool minus;
	int n;

	if (!take(c, "e") && !take(c, "E"))
		return true;
	minus = take(c, "-");
	if (!minus)
		take(c, "+");
	n = take_digits(c, &value);
	*exponent += minus ? -(int)value : (int)value;
	return n > 0 && n <= 3;
}

static bool
take_number(struct cursor *c, double *out)
{
	static const double powers[POWER_MAX + 1] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
						      1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
						      1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
						      1e18, 1e19, 1e20, 1e21, 1e22 };
	bool minus = take(c, "-");
	uint64_t value;
	int exponent = 0, before = 0;
	const char *from = c->at;

	if (!take_whole(c, &value))
		return false;
	before = (int)(c->at - from);
	if (take(c, ".")) {
		int n = take_digits(c, &value);

		if (n == 0 || n + before > DIGITS_MAX)
			return false;
		exponent = -n;
	}
	if (!take_exponent(c, &exponent) || value > EXACT || exponent < -POWER_MAX ||
	    exponent > POWER_MAX)
		return false;
	*out = exponent < 0 ? (double)value / powers[-exponent] : (double)value * powers[exponent];
	/* Minus nothing is for the library: as a whole number it has no sign. */
	if (minus && value == 0)
		return false;
	*out = minus ? -*out : *out;
	return true;
}

static bool
take_pairs(struct cursor *c, const char *name, double *out, uint32_t *count)
{
	*count = 0;
	if (!take_key(c, name) || !take(c, "["))
		return false;
	do {
		if (*count == TAYRA__HISTORY_PAIRS || !take_number(c, &out[*count]) ||
		    out[*count] < 0)
			return false;
		++*count;
	} while (take(c, ","));
	return take(c, "]");
}

static bool
take_fields(struct cursor *c, struct tayra__history_row *row)
{
	for (size_t i = 0; i < TAYRA__HISTORY_FIELDS; i++) {
		const struct tayra__history_field *field = &tayra__history_fields[i];
		char *at = (char *)row + field->offset;
		double number = nan("");

		if (!take_key(c, field->name))
			return false;
		if (field->room && !take_text(c, at, field->room))
			return false;
		if (field->room)
			continue;
		/* Below 0 is for the library to name. */
		if ((!take(c, "null") && !take_number(c, &number)) || number < 0)
			return false;
		memcpy(at, &number, sizeof(number));
	}
	return true;
}

bool
tayra__history_plain(const char *text, size_t len, struct tayra__history_row *row, double *pairs)
{
	struct cursor c = { text, text + len };
	uint64_t count;
	uint32_t of_b;

	memset(row, 0, sizeof(*row));
	if (!take(&c, "{\"v\":1,\"kind\":\"verdict\"") || !take_fields(&c, row) ||
	    !take_key(&c, "better"))
		return false;
	row->higher_is_better = take(&c, "\"higher\"");
	if (!row->higher_is_better && !take(&c, "\"lower\""))
		return false;
	if (!take_key(&c, "pairs") || !take_whole(&c, &count) || count > UINT32_MAX ||
	    !take_key(&c, "seed") || !take_whole(&c, &row->seed))
		return false;
	row->pairs = (uint32_t)count;
	row->a_pairs = pairs;
	row->b_pairs = pairs + TAYRA__HISTORY_PAIRS;
	if (take(&c, "}"))
		return c.at == c.end;
	return take_pairs(&c, "a_pairs", pairs, &row->pairs_kept) &&
	       take_pairs(&c, "b_pairs", pairs + TAYRA__HISTORY_PAIRS, &of_b) &&
	       of_b == row->pairs_kept && take(&c, "}") && c.at == c.end;
}
