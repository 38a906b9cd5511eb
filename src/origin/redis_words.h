/* SPDX-License-Identifier: Apache-2.0
 *
 * redis_words.h: a Redis command with the parts of a key in it.  Whatever bytes a part has, it
 * stays inside the word where the template has it: no key adds a word or another command.  Reading
 * it is thread-safe.
 */
#ifndef TAYRA_ORIGIN_REDIS_WORDS_H
#define TAYRA_ORIGIN_REDIS_WORDS_H

#include "net/buffer.h"
#include "net/resp_client.h"
#include "origin/pattern.h"

#define TAYRA__REDIS_WORDS_MAX 16u

struct tayra__redis_words {
	uint32_t count;
	struct {
		struct tayra__pattern template;
		uint32_t part[TAYRA__PATTERN_PARTS]; /* of the key, for each of the template's */
	} word[TAYRA__REDIS_WORDS_MAX];
};

/*
 * "HGET user:{id} name"; words may be quoted as redis-cli has it; names are those of `keys`.
 * => TAYRA_E_INVAL with a complaint: no word, too many, an odd quote, a name that the key pattern
 *    does not have, a part in the command's name.
 */
int tayra__redis_words_parse(const char *text, const struct tayra__pattern *keys,
			     struct tayra__redis_words *out, const struct tayra__complaint *why);
/* The words with the parts in them, in `room`, which they point into: out[words->count].
 * => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__redis_words_fill(const struct tayra__redis_words *words, const struct tayra__part *parts,
			    struct tayra__buffer *room, struct tayra__resp_argument *out);

#endif
