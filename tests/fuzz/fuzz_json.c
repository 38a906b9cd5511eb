/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes written as a string give a JSON string of valid UTF-8 that reads back as the same
 * bytes, except that what was not UTF-8 became U+FFFD.
 */
#include "base/json.h"

#include <tayra/base.h>

#include <stdlib.h>
#include <string.h>

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Table 3-7 of the Unicode standard, as ranges: written differently from json.c on purpose. */
static size_t
sequence_length(const unsigned char *s)
{
	static const struct {
		unsigned char lead_lo, lead_hi, second_lo, second_hi, length;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		size_t i = 1;

		if (s[0] < rows[r].lead_lo || s[0] > rows[r].lead_hi)
			continue;
		if (rows[r].length > 1 && (s[1] < rows[r].second_lo || s[1] > rows[r].second_hi))
			return 0;
		while (i < rows[r].length && s[i] >= 0x80 && s[i] <= 0xbf)
			i++;
		return i == rows[r].length ? i : 0;
	}
	return 0;
}

/* Undo one escape at *at; returns the character. */
static unsigned char
unescape(const char **at)
{
	static const char pairs[] = "\"\"\\\\b\bf\fn\nr\rt\t";
	const char *pair;
	unsigned value = 0;

	for (pair = pairs; *pair; pair += 2) {
		if (**at == pair[0]) {
			*at += 1;
			return (unsigned char)pair[1];
		}
	}
	must(**at == 'u' && sscanf(*at + 1, "%4x", &value) == 1 && (value < 0x20 || value == 0x7f));
	*at += 5;
	return (unsigned char)value;
}

static void
check(const unsigned char *text, const char *json)
{
	const char *at = json;

	must(*at++ == '"');
	while (*text) {
		size_t n = sequence_length(text);

		must((unsigned char)*at >= 0x20 && *at != '"');
		if (n == 0) {
			must(strncmp(at, "\\ufffd", 6) == 0);
			at += 6;
			text++;
		} else if (*at == '\\') {
			at++;
			must(unescape(&at) == *text++);
		} else {
			must(strncmp(at, (const char *)text, n) == 0);
			at += n;
			text += n;
		}
	}
	must(strcmp(at, "\"\n") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__json json;
	char *text = malloc(size + 1), *out = NULL;
	size_t out_size;
	FILE *stream = open_memstream(&out, &out_size);

	must(text && stream);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	tayra__json_init(&json, stream, TAYRA__JSON_LINE);
	tayra__json_string(&json, NULL, text);
	must(tayra__json_finish(&json) == TAYRA_OK);
	fclose(stream);
	check((const unsigned char *)text, out);
	free(out);
	free(text);
	return 0;
}
