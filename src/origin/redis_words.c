/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/redis_words.h"

#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "net/resp_line.h"

#define TEXT_MAX 4096

static int
refuse(const struct tayra__complaint *why, const char *what)
{
	tayra__complain(why, "command: %s", what);
	return TAYRA_E_INVAL;
}

/* One word: its template, and which parts of the key go into it. */
static int
add_word(struct tayra__redis_words *words, const char *text, size_t len,
	 const struct tayra__pattern *keys, const struct tayra__complaint *why)
{
	struct tayra__pattern *template;
	char word[TEXT_MAX + 1];
	int status;

	if (words->count == TAYRA__REDIS_WORDS_MAX)
		return refuse(why, "more than 16 words");
	if (memchr(text, '\0', len))
		return refuse(why, "a word has a zero byte");
	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	template = &words->word[words->count].template;
	status = tayra__pattern_parse(word, TAYRA__TEMPLATE, template, why);
	if (status != TAYRA_OK)
		return status;
	if (words->count == 0 && (template->parts > 0 || len == 0))
		return refuse(why, "its name is not fixed");
	for (uint32_t i = 0; i < template->parts; i++) {
		int part = tayra__pattern_part(keys, template->names[i]);

		if (part < 0) {
			tayra__complain(why, "command: the key has no part {%s}",
					template->names[i]);
			return TAYRA_E_INVAL;
		}
		words->word[words->count].part[i] = (uint32_t)part;
	}
	words->count++;
	return TAYRA_OK;
}

int
tayra__redis_words_parse(const char *text, const struct tayra__pattern *keys,
			 struct tayra__redis_words *out, const struct tayra__complaint *why)
{
	char line[TEXT_MAX + 1];
	size_t len = strlen(text), at = 0, word, word_len;
	enum tayra__resp_word found = TAYRA__RESP_WORD;
	int status = TAYRA_OK;

	memset(out, 0, sizeof(*out));
	if (len > TEXT_MAX)
		return refuse(why, "longer than 4096 bytes");
	memcpy(line, text, len + 1);
	while (status == TAYRA_OK && found == TAYRA__RESP_WORD) {
		found = tayra__resp_line_word(line, len, &at, &word, &word_len);
		if (found == TAYRA__RESP_WORD)
			status = add_word(out, line + word, word_len, keys, why);
	}
	if (status == TAYRA_OK && found == TAYRA__RESP_WORD_UNBALANCED)
		status = refuse(why, "a quote is not closed, or stands inside a word");
	if (status == TAYRA_OK && out->count == 0)
		status = refuse(why, "there is no word in it");
	return status;
}

static size_t
size_of(const struct tayra__redis_words *words, const struct tayra__part *parts)
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
tayra__redis_words_fill(const struct tayra__redis_words *words, const struct tayra__part *parts,
			struct tayra__buffer *room, struct tayra__resp_argument *out)
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
		out[w] = (struct tayra__resp_argument){ from, (size_t)(to - from) };
	}
	return TAYRA_OK;
}
