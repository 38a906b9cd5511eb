/* SPDX-License-Identifier: Apache-2.0
 *
 * json.h: a streaming JSON writer.  Output is valid JSON or the writer is in error: strings are
 * escaped and bytes that are not UTF-8 become U+FFFD, NaN and infinities become null.  Not
 * thread-safe.
 *
 *     struct tayra__json json;
 *     tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
 *     tayra__json_object(&json, NULL);
 *     tayra__json_u64(&json, "requests", 7);
 *     tayra__json_end(&json);
 *     int status = tayra__json_finish(&json);
 */
#ifndef TAYRA_BASE_JSON_H
#define TAYRA_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum tayra__json_style { TAYRA__JSON_LINE, TAYRA__JSON_PRETTY };

#define TAYRA__JSON_DEPTH 32

struct tayra__json {
	FILE *out;
	enum tayra__json_style style;
	unsigned depth;
	bool some[TAYRA__JSON_DEPTH];   /* something was written at this depth */
	bool object[TAYRA__JSON_DEPTH]; /* this depth is an object, not an array */
	bool whole;                     /* the one value at the top is complete or open */
	bool wrong;                     /* misuse; nothing is written any more */
};

void tayra__json_init(struct tayra__json *json, FILE *out, enum tayra__json_style style);
/* `key` is the member's name inside an object, and NULL in an array and at the top. */
void tayra__json_object(struct tayra__json *json, const char *key);
void tayra__json_array(struct tayra__json *json, const char *key);
void tayra__json_end(struct tayra__json *json);
void tayra__json_string(struct tayra__json *json, const char *key,
			const char *value); /* NULL: null */
void tayra__json_u64(struct tayra__json *json, const char *key, uint64_t value);
void tayra__json_i64(struct tayra__json *json, const char *key, int64_t value);
void tayra__json_bool(struct tayra__json *json, const char *key, bool value);
void tayra__json_null(struct tayra__json *json, const char *key);
/* `digits` significant digits; 17 loses nothing. */
void tayra__json_double(struct tayra__json *json, const char *key, double value, int digits);
/* Ends the line and flushes; then the next value may begin, as in JSON lines.
 * => TAYRA_OK.  TAYRA_E_IO: not all was written.  TAYRA_E_INTERNAL: misuse; unbalanced, no value or
 *    more than one, a key where none belongs or none where one does. */
int tayra__json_finish(struct tayra__json *json);

#endif
