/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/words.h"

#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "net/resp_line.h"

#define TEXT_MAX 4096

static int
refuse(const struct tayra__words_kind *kind, const struct tayra__complaint *why, const char *what)
{
	tayra__complain(why, "%s: %s", kind->name, what);
	return TAYRA_E_INVAL;
}

/* One word: its template, and which parts of the key go into it. */
static int
add_word(struct tayra__words *words, const char *text, size_t len,
	 const struct tayra__pattern *keys, const struct tayra__words_kind *kind,
	 const struct tayra__complaint *why)
{
	struct tayra__pattern *template;
	char word[TEXT_MAX + 1];
	int status;

	if (words->count == kind->most) {
		tayra__complain(why, "%s: more than %u words", kind->name, (unsigned)kind->most);
		return TAYRA_E_INVAL;
	}
	if (memchr(text, '\0', len))
		return refuse(kind, why, "a word has a zero byte");
	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	template = &words->word[words->count].template;
	status = tayra__pattern_parse(word, TAYRA__TEMPLATE, template, why);
	if (status != TAYRA_OK)
		return status;
	if (words->count == 0 && kind->first_fixed && (template->parts > 0 || len == 0))
		return refuse(kind, why, "its name is not fixed");
	for (uint32_t i = 0; i < template->parts; i++) {
		int part = tayra__pattern_part(keys, template->names[i]);

		if (part < 0) {
			tayra__complain(why, "%s: the key has no part {%s}", kind->name,
					template->names[i]);
			return TAYRA_E_INVAL;
		}
		words->word[words->count].part[i] = (uint32_t)part;
	}
	words->count++;
	return TAYRA_OK;
}

int
tayra__words_parse(const char *text, const struct tayra__pattern *keys,
		   const struct tayra__words_kind *kind, struct tayra__words *out,
		   const struct tayra__complaint *why)
{
	char line[TEXT_MAX + 1];
	size_t len = strlen(text), at = 0, word, word_len;
	enum tayra__resp_word found = TAYRA__RESP_WORD;
	int status = TAYRA_OK;

	memset(out, 0, sizeof(*out));
	if (len > TEXT_MAX)
		return refuse(kind, why, "longer than 4096 bytes");
	memcpy(line, text, len + 1);
	while (status == TAYRA_OK && found == TAYRA__RESP_WORD) {
		found = tayra__resp_line_word(line, len, &at, &word, &word_len);
		if (found == TAYRA__RESP_WORD)
			status = add_word(out, line + word, word_len, keys, kind, why);
	}
	if (status == TAYRA_OK && found == TAYRA__RESP_WORD_UNBALANCED)
		status = refuse(kind, why, "a quote is not closed, or stands inside a word");
	if (status == TAYRA_OK && out->count == 0)
		status = refuse(kind, why, "there is no word in it");
	return status;
}

static size_t
size_of(const struct tayra__words *words, const struct tayra__part *parts)
{
	size_t size = 1;

	for (uint32_t w = 0; w < words->count; w++) {
		const struct tayra__pattern *template = &words->word[w].template;

		for (uint32_t i = 0; i <= template->parts; i++)
			size += tayra__pattern_literal(template, i).len;
		for (uint32_t i = 0; i < template->parts; i++)
			size += parts[words->word[w].part[i]].len;
	}
	return size;
}

static char *
put(char *to, struct tayra__part bytes)
{
	if (bytes.len > 0)
		memcpy(to, bytes.bytes, bytes.len);
	return to + bytes.len;
}

int
tayra__words_fill(const struct tayra__words *words, const struct tayra__part *parts,
		  struct tayra__buffer *room, struct tayra__part *out)
{
	char *to = tayra__buffer_reserve(room, size_of(words, parts));

	if (!to)
		return TAYRA_E_NOMEM;
	for (uint32_t w = 0; w < words->count; w++) {
		const struct tayra__pattern *template = &words->word[w].template;
		char *from = to;

		for (uint32_t i = 0; i < template->parts; i++) {
			to = put(to, tayra__pattern_literal(template, i));
			to = put(to, parts[words->word[w].part[i]]);
		}
		to = put(to, tayra__pattern_literal(template, template->parts));
		out[w] = (struct tayra__part){ from, (size_t)(to - from) };
	}
	return TAYRA_OK;
}
