/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/rule.h"

#include <tayra/base.h>

#include <float.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"

enum kind { DURATION, NUMBER, ABOVE, BELOW, BURNS, SLO };

/* A word and what follows it.  `after`: the word that must have been there. */
static const struct clause {
	const char *word;
	enum kind kind;
	size_t offset;
	const char *after;
} clauses[] = {
	{ "over", DURATION, offsetof(struct tayra__alert_rule, window_ns), NULL },
	{ "and", DURATION, offsetof(struct tayra__alert_rule, long_window_ns), "over" },
	{ ">", ABOVE, offsetof(struct tayra__alert_rule, threshold), NULL },
	{ "<", BELOW, offsetof(struct tayra__alert_rule, threshold), NULL },
	{ "back", NUMBER, offsetof(struct tayra__alert_rule, hysteresis), NULL },
	{ "for", DURATION, offsetof(struct tayra__alert_rule, for_ns), NULL },
	{ "burns", BURNS, offsetof(struct tayra__alert_rule, threshold), "over" },
	{ "slo", SLO, offsetof(struct tayra__alert_rule, threshold), "burns" },
};

#define CLAUSES   (sizeof(clauses) / sizeof(clauses[0]))
#define THRESHOLD (1u << 2 | 1u << 3 | 1u << 6) /* ">", "<" and "burns" */

struct reader {
	char *rest; /* of the words */
	struct tayra__alert_rule *rule;
	unsigned seen; /* clauses, as bits */
	char *why;
	size_t why_len;
};

__attribute__((format(printf, 2, 3))) static int
refuse(struct reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->why, reader->why_len, format, args);
	va_end(args);
	return TAYRA_E_INVAL;
}

/* The next word, terminated; NULL: no more. */
static char *
next_word(struct reader *reader)
{
	char *word = reader->rest + strspn(reader->rest, " \t");
	size_t len = strcspn(word, " \t");

	if (len == 0)
		return NULL;
	reader->rest = word + len;
	if (*reader->rest)
		*reader->rest++ = '\0';
	return word;
}

/* "{a=b,c=d}", cut to pieces. */
static int
read_labels(struct reader *reader, char *text, struct tayra__reading *out)
{
	size_t len = strlen(text);

	if (len < 2 || text[len - 1] != '}')
		return refuse(reader, "'{%s' has no '}' at its end", text);
	text[len - 1] = '\0';
	for (unsigned i = 0; text; i++) {
		char *comma = strchr(text, ','), *value;

		if (comma)
			*comma = '\0';
		value = strchr(text, '=');
		if (!value || value == text)
			return refuse(reader, "'%s' is no label=value", text);
		if (i == TAYRA__WATCH_LABELS)
			return refuse(reader, "has more than %d labels in one reading",
				      TAYRA__WATCH_LABELS);
		*value = '\0';
		out->labels[i] = (struct tayra__watch_label){ text, value + 1 };
		text = comma ? comma + 1 : NULL;
	}
	return TAYRA_OK;
}

/* "p99" is 0.99.  => false: it is no such word. */
static bool
is_quantile(const char *word, double *out)
{
	double percent;

	if (word[0] != 'p' || tayra__option_double(word + 1, 0.001, 100, &percent) < 0)
		return false;
	*out = percent / 100;
	return true;
}

/* "0.05", or "50ms" in seconds.  => false: it is neither. */
static bool
is_bound(const char *word, double *out)
{
	uint64_t ns;

	if (tayra__option_double(word, 0, DBL_MAX, out) == TAYRA_OK)
		return true;
	if (tayra__option_duration_ns(word, &ns) != TAYRA_OK)
		return false;
	*out = (double)ns / (double)TAYRA_NS_PER_S;
	return true;
}

static bool
is_clause(const char *word)
{
	for (size_t i = 0; i < CLAUSES; i++)
		if (strcmp(word, clauses[i].word) == 0)
			return true;
	return strcmp(word, "/") == 0;
}

static int
read_reading(struct reader *reader, struct tayra__reading *out)
{
	char *word = next_word(reader), *brace;

	if (word && is_quantile(word, &out->quantile)) {
		word = next_word(reader);
	} else if (word && (strcmp(word, "most") == 0 || strcmp(word, "least") == 0)) {
		out->join = word[0] == 'm' ? TAYRA__READING_MOST : TAYRA__READING_LEAST;
		word = next_word(reader);
	} else if (word && strcmp(word, "count") == 0) {
		out->of = TAYRA__READING_COUNT;
		word = next_word(reader);
	} else if (word && strcmp(word, "above") == 0) {
		out->of = TAYRA__READING_OVER;
		word = next_word(reader);
		if (!word || !is_bound(word, &out->over))
			return refuse(reader, "'above %s' is no bound (0.05, 50ms)",
				      word ? word : "");
		word = next_word(reader);
	}
	if (!word || is_clause(word))
		return refuse(reader, "names no metric%s%s", word ? " before " : "",
			      word ? word : "");
	brace = strchr(word, '{');
	if (brace)
		*brace = '\0';
	if (!tayra__watch_name_ok(word))
		return refuse(reader, "'%s' is not spelt like a metric", word);
	out->metric = word;
	return brace ? read_labels(reader, brace + 1, out) : TAYRA_OK;
}

/* "99.9%": the rest is what may fail, and so much of it at a time is the threshold. */
static int
read_slo(struct reader *reader, const char *word)
{
	struct tayra__alert_rule *rule = reader->rule;
	size_t len = strlen(word);
	char number[32];
	double percent;

	snprintf(number, sizeof(number), "%.*s", (int)(len ? len - 1 : 0), word);
	if (len < 2 || len > sizeof(number) || word[len - 1] != '%' ||
	    tayra__option_double(number, 0, 100, &percent) < 0 || percent <= 0 || percent >= 100)
		return refuse(reader, "'slo %s' is no percentage between 0%% and 100%%", word);
	rule->threshold *= 1 - percent / 100;
	if (rule->threshold >= 1)
		return refuse(reader, "never fires: it asks for a share of %.4g and more",
			      rule->threshold);
	return TAYRA_OK;
}

static int
read_value(struct reader *reader, const struct clause *clause)
{
	char *field = (char *)reader->rule + clause->offset, *word = next_word(reader);
	uint64_t duration_ns;
	double number;

	if (!word)
		return refuse(reader, "ends after '%s'", clause->word);
	if (clause->kind == DURATION) {
		if (tayra__option_duration_ns(word, &duration_ns) < 0 || duration_ns == 0)
			return refuse(reader, "'%s %s' is no time (30s, 5m, 1h)", clause->word,
				      word);
		memcpy(field, &duration_ns, sizeof(duration_ns));
		return TAYRA_OK;
	}
	if (clause->kind == SLO)
		return read_slo(reader, word);
	if (clause->kind == BURNS &&
	    (tayra__option_double(word, 0, DBL_MAX, &number) < 0 || number <= 0))
		return refuse(reader, "'burns %s' is no factor above 0", word);
	if (clause->kind != BURNS && !is_bound(word, &number) &&
	    (clause->kind == NUMBER || tayra__option_double(word, -DBL_MAX, 0, &number) < 0))
		return refuse(reader, "'%s %s' is no number%s", clause->word, word,
			      clause->kind == NUMBER ? " of at least 0" : "");
	memcpy(field, &number, sizeof(number));
	if (clause->kind != NUMBER)
		reader->rule->when = clause->kind == BELOW ? TAYRA__ALERT_BELOW
							   : TAYRA__ALERT_ABOVE;
	return TAYRA_OK;
}

static bool
was_seen(const struct reader *reader, const char *word)
{
	for (size_t i = 0; i < CLAUSES; i++)
		if (strcmp(clauses[i].word, word) == 0)
			return reader->seen >> i & 1;
	return false;
}

static int
read_clause(struct reader *reader, const char *word)
{
	for (size_t i = 0; i < CLAUSES; i++) {
		unsigned same = THRESHOLD >> i & 1 ? THRESHOLD : 1u << i;

		if (strcmp(clauses[i].word, word) != 0)
			continue;
		if (reader->seen & same)
			return refuse(reader, "has '%s' twice", word);
		if (clauses[i].after && !was_seen(reader, clauses[i].after))
			return refuse(reader, "has '%s' without '%s'", word, clauses[i].after);
		reader->seen |= 1u << i;
		return read_value(reader, &clauses[i]);
	}
	return refuse(reader, "does not understand '%s' (> < over and back for burns slo)", word);
}

static int
read_rule(struct reader *reader)
{
	int status = read_reading(reader, &reader->rule->top);
	bool quotient = false;
	char *word;

	while (status == TAYRA_OK && (word = next_word(reader)) != NULL) {
		if (strcmp(word, "/") != 0) {
			status = read_clause(reader, word);
		} else if (quotient || reader->seen) {
			status = refuse(reader, "has a '/' where none belongs");
		} else {
			quotient = true;
			status = read_reading(reader, &reader->rule->bottom);
		}
	}
	if (status == TAYRA_OK && !(reader->seen & THRESHOLD))
		status = refuse(reader, "has no threshold (> 0.5)");
	if (status == TAYRA_OK && was_seen(reader, "burns") &&
	    (!was_seen(reader, "slo") || !quotient))
		status = refuse(reader, quotient ? "has 'burns' without 'slo'"
						 : "has 'burns' without a share (bad / all)");
	if (status == TAYRA_OK && reader->rule->long_window_ns &&
	    reader->rule->long_window_ns <= reader->rule->window_ns)
		status = refuse(reader, "wants the longer time after 'and'");
	return status;
}

int
tayra__alert_text_parse(const char *name, const char *text, const char *sentence,
			struct tayra__alert_text *out, char *why, size_t why_len)
{
	struct reader reader = { out->words, &out->rule, 0, why, why_len };

	*out = (struct tayra__alert_text){ 0 };
	if (strlen(name) >= sizeof(out->name) || !tayra__watch_name_ok(name))
		return refuse(&reader, "is not spelt like a name (letters, digits and _)");
	if (strlen(text) > TAYRA__ALERT_TEXT_MAX)
		return refuse(&reader, "is longer than %d bytes", TAYRA__ALERT_TEXT_MAX);
	if (!sentence)
		sentence = text;
	if (strlen(sentence) > TAYRA__ALERT_TEXT_MAX)
		return refuse(&reader, "has a sentence of more than %d bytes",
			      TAYRA__ALERT_TEXT_MAX);
	memcpy(out->name, name, strlen(name) + 1);
	memcpy(out->sentence, sentence, strlen(sentence) + 1);
	memcpy(out->words, text, strlen(text) + 1);
	out->rule.name = out->name;
	out->rule.sentence = out->sentence;
	return read_rule(&reader);
}
