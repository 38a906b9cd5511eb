/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_INPUT_MAX 256 /* bytes */

bool
tayra__unsigned_read(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (len == 0 || len > 20)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool
tayra__integer_read(const char *text, size_t len, int64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	uint64_t value;

	text += negative;
	len -= negative;
	if (!tayra__unsigned_read(text, len, &value) || value > (uint64_t)INT64_MAX + negative)
		return false;
	if (text[0] == '0' && (len > 1 || negative))
		return false;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

size_t
tayra__integer_write(int64_t value, char out[TAYRA__INTEGER_TEXT])
{
	return (size_t)snprintf(out, TAYRA__INTEGER_TEXT, "%lld", (long long)value);
}

bool
tayra__float_read(const char *text, size_t len, long double *out)
{
	char copy[FLOAT_INPUT_MAX];
	long double value;
	char *end;

	if (len == 0 || len >= sizeof(copy) || isspace((unsigned char)text[0]))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	errno = 0;
	value = strtold(copy, &end);
	if ((size_t)(end - copy) != len || isnan(value) ||
	    (errno == ERANGE && (isinf(value) || value == 0)))
		return false;
	*out = value;
	return true;
}

size_t
tayra__float_write(long double value, char out[TAYRA__FLOAT_TEXT])
{
	size_t len = (size_t)snprintf(out, TAYRA__FLOAT_TEXT, "%.17Lf", value);

	while (out[len - 1] == '0')
		len--;
	if (out[len - 1] == '.')
		len--;
	out[len] = '\0';
	if (strcmp(out, "-0") == 0) {
		memmove(out, out + 1, len);
		len--;
	}
	return len;
}
