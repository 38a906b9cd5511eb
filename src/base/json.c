/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

void
tayra__json_init(struct tayra__json *json, FILE *out, enum tayra__json_style style)
{
	*json = (struct tayra__json){ .out = out, .style = style };
}

static void
newline(struct tayra__json *json)
{
	if (json->style != TAYRA__JSON_PRETTY)
		return;
	fputc('\n', json->out);
	for (unsigned i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

static void
quoted(FILE *out, const char *text)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		const char *escape = strchr(escapes, *s);
		size_t n;

		if (escape && (escape - escapes) % 2 == 0) {
			fprintf(out, "\\%c", escape[1]);
			s++;
		} else if (*s < 0x20 || *s == 0x7f) {
			fprintf(out, "\\u%04x", *s++);
		} else if ((n = tayra__utf8_length(s, SIZE_MAX)) > 0) {
			fwrite(s, 1, n, out);
			s += n;
		} else {
			fputs("\\ufffd", out);
			s++;
		}
	}
	fputc('"', out);
}

/* Comma, indentation and name before a value. */
static bool
begin(struct tayra__json *json, const char *key)
{
	bool in_object = json->depth > 0 && json->object[json->depth - 1];

	if (json->wrong || in_object != (key != NULL) || (json->depth == 0 && json->whole)) {
		json->wrong = true;
		return false;
	}
	json->whole = true;
	if (json->depth > 0) {
		if (json->some[json->depth - 1])
			fputc(',', json->out);
		json->some[json->depth - 1] = true;
		newline(json);
	}
	if (key) {
		quoted(json->out, key);
		fputs(json->style == TAYRA__JSON_PRETTY ? ": " : ":", json->out);
	}
	return true;
}

static void
open_level(struct tayra__json *json, const char *key, bool object)
{
	if (json->depth == TAYRA__JSON_DEPTH)
		json->wrong = true;
	if (!begin(json, key))
		return;
	fputc(object ? '{' : '[', json->out);
	json->some[json->depth] = false;
	json->object[json->depth] = object;
	json->depth++;
}

void
tayra__json_object(struct tayra__json *json, const char *key)
{
	open_level(json, key, true);
}

void
tayra__json_array(struct tayra__json *json, const char *key)
{
	open_level(json, key, false);
}

void
tayra__json_end(struct tayra__json *json)
{
	bool some;

	if (json->wrong || json->depth == 0) {
		json->wrong = true;
		return;
	}
	some = json->some[--json->depth];
	if (some)
		newline(json);
	fputc(json->object[json->depth] ? '}' : ']', json->out);
}

void
tayra__json_string(struct tayra__json *json, const char *key, const char *value)
{
	if (!value)
		tayra__json_null(json, key);
	else if (begin(json, key))
		quoted(json->out, value);
}

void
tayra__json_u64(struct tayra__json *json, const char *key, uint64_t value)
{
	if (begin(json, key))
		fprintf(json->out, "%" PRIu64, value);
}

void
tayra__json_i64(struct tayra__json *json, const char *key, int64_t value)
{
	if (begin(json, key))
		fprintf(json->out, "%" PRId64, value);
}

void
tayra__json_bool(struct tayra__json *json, const char *key, bool value)
{
	if (begin(json, key))
		fputs(value ? "true" : "false", json->out);
}

void
tayra__json_null(struct tayra__json *json, const char *key)
{
	if (begin(json, key))
		fputs("null", json->out);
}

void
tayra__json_double(struct tayra__json *json, const char *key, double value, int digits)
{
	char text[40], *comma;

	if (!isfinite(value)) {
		tayra__json_null(json, key);
		return;
	}
	digits = digits < 1 ? 1 : digits > 17 ? 17 : digits;
	snprintf(text, sizeof(text), "%.*g", digits, value);
	/* The program we are linked into may have set a locale that writes 0,5. */
	comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	if (begin(json, key))
		fputs(text, json->out);
}

int
tayra__json_finish(struct tayra__json *json)
{
	if (json->wrong || json->depth > 0 || !json->whole)
		return TAYRA_E_INTERNAL;
	json->whole = false;
	fputc('\n', json->out);
	return fflush(json->out) || ferror(json->out) ? TAYRA_E_IO : TAYRA_OK;
}
