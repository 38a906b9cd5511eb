/* SPDX-License-Identifier: Apache-2.0
 *
 * grammar.h: what another Redis says of its commands (COMMAND): which arguments are keys, and
 * whether they are changed.  Filled once, element by element of that reply.
 */
#ifndef TAYRA_SERVE_GRAMMAR_H
#define TAYRA_SERVE_GRAMMAR_H

#include "net/resp_reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__GRAMMAR_WORDS 1024 /* commands; a power of two */
#define TAYRA__GRAMMAR_NAME  32   /* bytes of a name with its end; longer ones are not kept */

#define TAYRA__GRAMMAR_WRITE    1u
#define TAYRA__GRAMMAR_READONLY 2u
#define TAYRA__GRAMMAR_MOVABLE  4u /* there are keys elsewhere too */
#define TAYRA__GRAMMAR_ADMIN    8u

struct tayra__grammar_word {
	char name[TAYRA__GRAMMAR_NAME]; /* lower case; "": none here */
	uint32_t flags;
	int first, last, step; /* as in command.h */
};

struct tayra__grammar {
	struct tayra__grammar_word words[TAYRA__GRAMMAR_WORDS];
	size_t count;
	/* Private: where in the reply we are. */
	struct tayra__grammar_word word;
	unsigned place;
};

/* Forget all. */
void tayra__grammar_clear(struct tayra__grammar *grammar);
void tayra__grammar_take(struct tayra__grammar *grammar, const struct tayra__resp_element *element);
/* NULL: it did not say.  The name in any case. */
const struct tayra__grammar_word *tayra__grammar_find(const struct tayra__grammar *grammar,
						      const char *name, size_t len);

#endif
