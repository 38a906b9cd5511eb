/* SPDX-License-Identifier: Apache-2.0
 *
 * words.h: words with the parts of a key in them: a Redis command, or the tags of a value. Whatever
 * bytes a part has, it stays inside the word where the template has it: no key adds a word or
 * another command.  Reading it is thread-safe.
 */
#ifndef TAYRA_ORIGIN_WORDS_H
#define TAYRA_ORIGIN_WORDS_H

#include "net/buffer.h"
#include "origin/pattern.h"

#define TAYRA__WORDS_MAX 16u

struct tayra__words {
	uint32_t count;
	struct {
		struct tayra__pattern template;
		uint32_t part[TAYRA__PATTERN_PARTS]; /* of the key, for each of the template's */
	} word[TAYRA__WORDS_MAX];
};

/* What they are. */
struct tayra__words_kind {
	const char *name; /* for people */
	uint32_t most;    /* at most TAYRA__WORDS_MAX */
	bool first_fixed; /* the first has no part of the key */
};

/*
 * "HGET user:{id} name"; words may be quoted as redis-cli has it; names are those of `keys`.
 * => TAYRA_E_INVAL with a complaint: no word, too many, an odd quote, a name that the key pattern
 *    does not have, a part where there may be none.
 */
int tayra__words_parse(const char *text, const struct tayra__pattern *keys,
		       const struct tayra__words_kind *kind, struct tayra__words *out,
		       const struct tayra__complaint *why);
/* The words with the parts in them, in `room`, which they point into: out[words->count].
 * => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__words_fill(const struct tayra__words *words, const struct tayra__part *parts,
		      struct tayra__buffer *room, struct tayra__part *out);

#endif
