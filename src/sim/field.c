/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/format.h"

#include <tayra/base.h>

#include <ctype.h>
#include <string.h>

#include "base/option.h"

size_t
tayra__field_split(struct tayra__field line, struct tayra__field *fields, size_t max)
{
	const char *at = line.text, *end = line.text + line.len;
	size_t count = 0;

	for (;;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));

		if (count < max)
			fields[count] = (struct tayra__field){ at, (size_t)((comma ? comma : end) -
									    at) };
		count++;
		if (!comma)
			return count;
		at = comma + 1;
	}
}

int
tayra__field_u64(struct tayra__field field, uint64_t *out)
{
	uint64_t value = 0;

	if (field.len == 0)
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < field.len; i++) {
		unsigned digit = (unsigned char)field.text[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return TAYRA_E_INVAL;
	}
	*out = value;
	return TAYRA_OK;
}

int
tayra__field_decimal(struct tayra__field field, double *out)
{
	char copy[64];
	uint64_t whole;

	if (field.len < 16 && tayra__field_u64(field, &whole) == TAYRA_OK) {
		*out = (double)whole;
		return TAYRA_OK;
	}
	if (field.len == 0 || field.len >= sizeof(copy) || memchr(field.text, 0, field.len))
		return TAYRA_E_INVAL;
	memcpy(copy, field.text, field.len);
	copy[field.len] = '\0';
	return tayra__option_double(copy, 0, 1e300, out);
}

struct tayra__field_quote
tayra__field_quote(struct tayra__field field)
{
	struct tayra__field_quote quote;
	size_t room = sizeof(quote.text) - 6, n = field.len < room ? field.len : room;
	char *at = quote.text;

	*at++ = '\'';
	for (size_t i = 0; i < n; i++)
		*at++ = isprint((unsigned char)field.text[i]) ? field.text[i] : '?';
	if (n < field.len) {
		memcpy(at, "...", 3);
		at += 3;
	}
	*at++ = '\'';
	*at = '\0';
	return quote;
}
