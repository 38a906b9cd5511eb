/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern.h: literal text with named parts in braces.  As a pattern, "pkg:{name}" says which keys
 * belong to an origin and captures their parts; as a template, "/v1/{name}" says where the parts
 * go.  Plain data: may be copied; reading it is thread-safe.
 *
 * Matching.  A part stands for at least one byte, whatever bytes they are, and takes as few as it
 * can; the last one takes the rest.  One scan, no backtracking: the first place where the literal
 * after a part is found is as good as any later one.
 */
#ifndef TAYRA_ORIGIN_PATTERN_H
#define TAYRA_ORIGIN_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "origin/complaint.h"

#define TAYRA__PATTERN_BYTES 1024u
#define TAYRA__PATTERN_PARTS 8u
#define TAYRA__PATTERN_NAME  32u

enum tayra__pattern_kind {
	TAYRA__PATTERN,  /* names differ, and something stands between two parts */
	TAYRA__TEMPLATE, /* a name may come again, parts may touch */
};

struct tayra__pattern {
	bool whole; /* any key, even an empty one, is the one part */
	uint32_t parts;
	uint32_t ends[TAYRA__PATTERN_PARTS + 1]; /* of the literals, in text */
	char names[TAYRA__PATTERN_PARTS][TAYRA__PATTERN_NAME + 1];
	char text[TAYRA__PATTERN_BYTES + 1]; /* the literals, one after the other */
};

/* What a part of a key is: bytes inside that key. */
struct tayra__part {
	const char *bytes;
	size_t len;
};

/*
 * "{name}": a letter or '_', then letters, digits and '_'.  "{{" and "}}" are braces.  NULL text:
 * any key is one part, called "key".
 * => TAYRA_E_INVAL: the complaint names the byte, counted from 1.
 */
int tayra__pattern_parse(const char *text, enum tayra__pattern_kind kind,
			 struct tayra__pattern *out, const struct tayra__complaint *why);
/* parts[pattern->parts] are filled, and point into the key; untouched when false. */
bool tayra__pattern_match(const struct tayra__pattern *pattern, const void *key, size_t key_len,
			  struct tayra__part *parts);
/* Which of them matches the key: the one with the most literal bytes, of equals the first; n when
 * none does. */
size_t tayra__pattern_choose(const struct tayra__pattern *const *patterns, size_t n,
			     const void *key, size_t key_len, struct tayra__part *parts);
/* The number of the part with that name, or -1. */
int tayra__pattern_part(const struct tayra__pattern *pattern, const char *name);
/* Literal i, in front of part i; literal `parts` is the last. */
struct tayra__part tayra__pattern_literal(const struct tayra__pattern *pattern, uint32_t i);

#endif
