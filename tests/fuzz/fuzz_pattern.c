/* SPDX-License-Identifier: Apache-2.0
 *
 * The first line is a pattern, the rest a key.  Whatever they are, a pattern that is taken has
 * parts within its bounds, and the literals and captured parts of a key that matches, put together
 * again, are that key.
 */
#include "origin/pattern.h"

#include <tayra/base.h>

#include <stdlib.h>
#include <string.h>

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
put_together(const struct tayra__pattern *p, const struct tayra__part *parts, const char *key,
	     size_t key_len)
{
	size_t at = 0;

	for (uint32_t i = 0; i <= p->parts; i++) {
		struct tayra__part literal = tayra__pattern_literal(p, i);

		must(at + literal.len <= key_len);
		must(memcmp(key + at, literal.bytes, literal.len) == 0);
		at += literal.len;
		if (i == p->parts)
			break;
		must(parts[i].len > 0 && parts[i].bytes == key + at);
		must(at + parts[i].len <= key_len);
		at += parts[i].len;
	}
	must(at == key_len);
}

static void
try_kind(const char *text, enum tayra__pattern_kind kind, const char *key, size_t key_len)
{
	char error[64];
	const struct tayra__complaint why = { error, sizeof(error) };
	const struct tayra__pattern *all[2];
	struct tayra__pattern p;
	struct tayra__part parts[TAYRA__PATTERN_PARTS];

	error[0] = '\0';
	if (tayra__pattern_parse(text, kind, &p, &why) != TAYRA_OK) {
		must(strlen(error) > 0 && strlen(error) < sizeof(error));
		return;
	}
	must(p.parts <= TAYRA__PATTERN_PARTS && p.ends[p.parts] <= TAYRA__PATTERN_BYTES);
	for (uint32_t i = 0; i < p.parts; i++)
		must(tayra__pattern_part(&p, p.names[i]) <= (int)i);
	if (kind == TAYRA__TEMPLATE)
		return;
	all[0] = all[1] = &p;
	if (tayra__pattern_match(&p, key, key_len, parts)) {
		put_together(&p, parts, key, key_len);
		must(tayra__pattern_choose(all, 2, key, key_len, parts) == 0);
	} else {
		must(tayra__pattern_choose(all, 2, key, key_len, parts) == 2);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t len = newline ? (size_t)(newline - data) : size;
	size_t key_len = newline ? size - len - 1 : 0;
	char *text = malloc(len + 1), *key = calloc(1, key_len ? key_len : 1);

	must(text && key);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (key_len > 0)
		memcpy(key, newline + 1, key_len);
	try_kind(text, TAYRA__PATTERN, key, key_len);
	try_kind(text, TAYRA__TEMPLATE, key, key_len);
	free(text);
	free(key);
	return 0;
}
