/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/pattern.h"

#include <string.h>

#include <tayra/base.h>

/* One text being read. */
struct reader {
	const char *text;
	size_t at, len;
	enum tayra__pattern_kind kind;
	const struct tayra__complaint *why;
	struct tayra__pattern *out;
	uint32_t literal; /* bytes in out->text */
	bool after_part;  /* nothing since the last part */
};

static int
refuse(const struct reader *r, size_t at, const char *what)
{
	tayra__complain(r->why, "%s \"%.200s\": byte %zu: %s",
			r->kind == TAYRA__PATTERN ? "pattern" : "template", r->text, at + 1, what);
	return TAYRA_E_INVAL;
}

static bool
in_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

/* r->at is at its '{'; moved behind its '}'. */
static int
read_part(struct reader *r)
{
	size_t open = r->at++, first = r->at, n;
	struct tayra__pattern *p = r->out;
	char *name;

	while (r->at < r->len && in_name(r->text[r->at], r->at == first))
		r->at++;
	n = r->at - first;
	if (r->at == r->len)
		return refuse(r, open, "'{' is never closed");
	if (r->text[r->at] != '}')
		return refuse(r, r->at, "a name has letters, digits and '_', and no digit first");
	if (n == 0)
		return refuse(r, open, "a part without a name");
	if (n > TAYRA__PATTERN_NAME)
		return refuse(r, first, "a name of more than 32 bytes");
	if (p->parts == TAYRA__PATTERN_PARTS)
		return refuse(r, open, "more than 8 parts");
	if (r->kind == TAYRA__PATTERN && r->after_part)
		return refuse(r, open, "nothing between two parts says where one ends");
	name = p->names[p->parts];
	memcpy(name, r->text + first, n);
	name[n] = '\0';
	if (r->kind == TAYRA__PATTERN && tayra__pattern_part(p, name) >= 0)
		return refuse(r, first, "this name was there before");
	p->ends[p->parts++] = r->literal;
	r->after_part = true;
	r->at++;
	return TAYRA_OK;
}

static int
read_literal(struct reader *r)
{
	char c = r->text[r->at];

	if (c == '}' && r->text[r->at + 1] != '}')
		return refuse(r, r->at, "'}' without a '{'; as a literal it is written \"}}\"");
	r->at += c == '{' || c == '}' ? 2 : 1;
	r->out->text[r->literal++] = c;
	r->after_part = false;
	return TAYRA_OK;
}

int
tayra__pattern_parse(const char *text, enum tayra__pattern_kind kind, struct tayra__pattern *out,
		     const struct tayra__complaint *why)
{
	struct reader r = { .text = text, .kind = kind, .why = why, .out = out };
	int status = TAYRA_OK;

	*out = (struct tayra__pattern){ .whole = !text };
	if (!text) {
		out->parts = 1;
		memcpy(out->names[0], "key", 4);
		return TAYRA_OK;
	}
	r.len = strlen(text);
	if (r.len == 0)
		return refuse(&r, 0, "it is empty");
	if (r.len > TAYRA__PATTERN_BYTES)
		return refuse(&r, TAYRA__PATTERN_BYTES, "it is over 1,024 bytes long");
	while (r.at < r.len && status == TAYRA_OK) {
		if (text[r.at] == '{' && text[r.at + 1] != '{')
			status = read_part(&r);
		else
			status = read_literal(&r);
	}
	out->ends[out->parts] = r.literal;
	return status;
}

int
tayra__pattern_part(const struct tayra__pattern *pattern, const char *name)
{
	for (uint32_t i = 0; i < pattern->parts; i++)
		if (strcmp(pattern->names[i], name) == 0)
			return (int)i;
	return -1;
}

struct tayra__part
tayra__pattern_literal(const struct tayra__pattern *pattern, uint32_t i)
{
	uint32_t begin = i == 0 ? 0 : pattern->ends[i - 1];

	return (struct tayra__part){ pattern->text + begin, pattern->ends[i] - begin };
}

/* What is captured by a pattern with parts, once its first literal is known to fit. */
static bool
match_parts(const struct tayra__pattern *p, const char *at, const char *end,
	    struct tayra__part *parts)
{
	struct tayra__part last = tayra__pattern_literal(p, p->parts);

	for (uint32_t i = 0; i + 1 < p->parts; i++) {
		struct tayra__part next = tayra__pattern_literal(p, i + 1);
		const char *found = at < end ? memmem(at + 1, (size_t)(end - at) - 1, next.bytes,
						      next.len)
					     : NULL;

		if (!found)
			return false;
		parts[i] = (struct tayra__part){ at, (size_t)(found - at) };
		at = found + next.len;
	}
	if ((size_t)(end - at) < last.len + 1 || memcmp(end - last.len, last.bytes, last.len) != 0)
		return false;
	parts[p->parts - 1] = (struct tayra__part){ at, (size_t)(end - at) - last.len };
	return true;
}

bool
tayra__pattern_match(const struct tayra__pattern *pattern, const void *key, size_t key_len,
		     struct tayra__part *parts)
{
	struct tayra__part first = tayra__pattern_literal(pattern, 0);
	struct tayra__part found[TAYRA__PATTERN_PARTS];
	const char *bytes = key_len > 0 ? key : "";

	if (pattern->whole) {
		parts[0] = (struct tayra__part){ bytes, key_len };
		return true;
	}
	if (key_len < first.len || memcmp(bytes, first.bytes, first.len) != 0)
		return false;
	if (pattern->parts == 0)
		return key_len == first.len;
	if (!match_parts(pattern, bytes + first.len, bytes + key_len, found))
		return false;
	memcpy(parts, found, pattern->parts * sizeof(found[0]));
	return true;
}

size_t
tayra__pattern_choose(const struct tayra__pattern *const *patterns, size_t n, const void *key,
		      size_t key_len, struct tayra__part *parts)
{
	struct tayra__part found[TAYRA__PATTERN_PARTS];
	size_t best = n;

	for (size_t i = 0; i < n; i++) {
		const struct tayra__pattern *p = patterns[i];

		if (best < n && p->ends[p->parts] <= patterns[best]->ends[patterns[best]->parts])
			continue;
		if (!tayra__pattern_match(p, key, key_len, found))
			continue;
		best = i;
		memcpy(parts, found, p->parts * sizeof(found[0]));
	}
	return best;
}
