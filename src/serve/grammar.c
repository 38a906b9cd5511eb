/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/grammar.h"

#include <limits.h>
#include <string.h>

/* Of the array each command is. */
enum place { NAME, ARITY, FLAGS, FIRST, LAST, STEP, REST };

void
tayra__grammar_clear(struct tayra__grammar *grammar)
{
	memset(grammar, 0, sizeof(*grammar));
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* => false: too long to be kept. */
static bool
take_name(char out[TAYRA__GRAMMAR_NAME], const char *name, size_t len)
{
	if (len == 0 || len >= TAYRA__GRAMMAR_NAME)
		return false;
	memset(out, 0, TAYRA__GRAMMAR_NAME);
	for (size_t i = 0; i < len; i++)
		out[i] = lower(name[i]);
	return strlen(out) == len;
}

static size_t
place_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return (hash ^ hash >> 15) % TAYRA__GRAMMAR_WORDS;
}

/* The last of a name counts; a quarter stays empty so that looking ends. */
static void
keep(struct tayra__grammar *grammar)
{
	struct tayra__grammar_word *word = &grammar->word;
	size_t at = place_of(word->name);

	if (!word->name[0] || grammar->count >= TAYRA__GRAMMAR_WORDS / 4 * 3)
		return;
	while (grammar->words[at].name[0] && strcmp(grammar->words[at].name, word->name) != 0)
		at = (at + 1) % TAYRA__GRAMMAR_WORDS;
	grammar->count += !grammar->words[at].name[0];
	grammar->words[at] = *word;
}

static bool
is(const struct tayra__resp_element *element, const char *text)
{
	return element->text && element->len == strlen(text) &&
	       memcmp(element->text, text, element->len) == 0;
}

static void
take_flag(struct tayra__grammar_word *word, const struct tayra__resp_element *element)
{
	word->flags |= is(element, "write")         ? TAYRA__GRAMMAR_WRITE
		       : is(element, "readonly")    ? TAYRA__GRAMMAR_READONLY
		       : is(element, "movablekeys") ? TAYRA__GRAMMAR_MOVABLE
		       : is(element, "admin")       ? TAYRA__GRAMMAR_ADMIN
						    : 0;
}

static int
small(int64_t value)
{
	return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

/* A direct element of a command's array. */
static void
take_part(struct tayra__grammar *grammar, const struct tayra__resp_element *element)
{
	struct tayra__grammar_word *word = &grammar->word;

	switch (grammar->place++) {
	case NAME:
		if (!element->text || !take_name(word->name, element->text, element->len))
			word->name[0] = '\0';
		break;
	case FIRST: word->first = small(element->integer); break;
	case LAST: word->last = small(element->integer); break;
	case STEP:
		word->step = small(element->integer);
		keep(grammar);
		break;
	default: break;
	}
}

void
tayra__grammar_take(struct tayra__grammar *grammar, const struct tayra__resp_element *element)
{
	if (element->depth == 1) {
		grammar->word = (struct tayra__grammar_word){ 0 };
		grammar->place = NAME;
	} else if (element->depth == 2) {
		take_part(grammar, element);
	} else if (element->depth == 3 && grammar->place == FLAGS + 1) {
		take_flag(&grammar->word, element);
	}
}

const struct tayra__grammar_word *
tayra__grammar_find(const struct tayra__grammar *grammar, const char *name, size_t len)
{
	char text[TAYRA__GRAMMAR_NAME];

	if (!take_name(text, name, len))
		return NULL;
	for (size_t at = place_of(text); grammar->words[at].name[0];
	     at = (at + 1) % TAYRA__GRAMMAR_WORDS)
		if (strcmp(grammar->words[at].name, text) == 0)
			return &grammar->words[at];
	return NULL;
}
