/* SPDX-License-Identifier: Apache-2.0 */
#include "base/knob.h"

#include "base/mem.h"
#include "base/option.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#define NAMES_MAX 32 /* of a table */
#define SHOWN     64 /* bytes of a wrong value */

struct tayra__knob_text {
	struct tayra__knob_text *next;
	size_t len;
	char text[];
};

void
tayra__knob_texts_free(struct tayra__knob_texts *texts)
{
	while (texts->first) {
		struct tayra__knob_text *next = texts->first->next;

		/* A password may be among them. */
		explicit_bzero(texts->first->text, texts->first->len);
		tayra__mem_free(texts->first);
		texts->first = next;
	}
}

const char *
tayra__knob_texts_add(struct tayra__knob_texts *texts, const char *folder, const char *name)
{
	const char *before = folder && name[0] != '/' ? folder : "";
	size_t len = strlen(before) + 1 + strlen(name) + 1;
	struct tayra__knob_text *text = tayra__mem_alloc(sizeof(*text) + len);

	if (!text)
		return NULL;
	snprintf(text->text, len, "%s%s%s", before, before[0] ? "/" : "", name);
	text->len = len;
	text->next = texts->first;
	texts->first = text;
	return text->text;
}

const struct tayra__knob *
tayra__knob_find(const struct tayra__knob *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

const char *
tayra__knob_nearest(const struct tayra__knob *table, const char *name)
{
	const char *names[NAMES_MAX + 1] = { NULL };

	for (size_t i = 0; table[i].name && i < NAMES_MAX; i++)
		names[i] = table[i].name;
	return tayra__option_nearest(name, names);
}

/* "012" is octal to some and twelve to others. */
static bool
is_ambiguous(const char *text)
{
	return text[0] == '0' && isdigit((unsigned char)text[1]);
}

static __attribute__((format(printf, 4, 5))) int
refuse(char *why, size_t why_len, const char *text, const char *format, ...)
{
	char what[360];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(why, why_len, "'%.*s'%s %s", SHOWN, text, strlen(text) > SHOWN ? ".." : "", what);
	return TAYRA_E_INVAL;
}

static bool
in_range(const struct tayra__knob *knob, double value)
{
	return value >= knob->min && (knob->max <= 0 || value <= knob->max);
}

static int
set_bytes(const struct tayra__knob *knob, uint64_t *out, const char *text, char *why, size_t len)
{
	uint64_t value;

	if (is_ambiguous(text) || tayra__option_bytes(text, &value) != TAYRA_OK || value == 0)
		return refuse(why, len, text, "is no size (64M, 1.5GiB)");
	if (!in_range(knob, (double)value))
		return refuse(why, len, text, "is not from %.0f to %.0f bytes", knob->min,
			      knob->max);
	*out = value;
	return TAYRA_OK;
}

/* In the largest unit that leaves a whole number. */
static size_t
show_duration(uint64_t ns, char *out, size_t len)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { TAYRA_NS_PER_S, "s" }, { TAYRA_NS_PER_MS, "ms" }, { 1000, "us" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ns % units[i].ns == 0)
			return (size_t)snprintf(out, len, "%" PRIu64 "%s", ns / units[i].ns,
						units[i].name);
	return (size_t)snprintf(out, len, "%" PRIu64 "ns", ns);
}

static int
set_duration(const struct tayra__knob *knob, uint64_t *out, uint64_t unit, const char *text,
	     char *why, size_t len)
{
	const uint64_t least_ns = (knob->min > 1 ? (uint64_t)knob->min : 1) * unit;
	char least[32];
	uint64_t ns;
	int status = is_ambiguous(text) ? TAYRA_E_INVAL : tayra__option_duration_ns(text, &ns);

	if (status == TAYRA_E_TOO_LARGE)
		return refuse(why, len, text, "is longer than 2501h");
	show_duration(least_ns, least, sizeof(least));
	if (status != TAYRA_OK || ns < least_ns)
		return refuse(why, len, text, "is no duration of at least %s (30s, 5m, 2h)", least);
	*out = ns / unit;
	return TAYRA_OK;
}

static int
set_count(const struct tayra__knob *knob, uint32_t *out, const char *text, char *why, size_t len)
{
	uint64_t max = knob->max > 0 ? (uint64_t)knob->max : UINT32_MAX, value;

	if (is_ambiguous(text) ||
	    tayra__option_u64(text, (uint64_t)knob->min, max, &value) != TAYRA_OK)
		return refuse(why, len, text, "is not a number from %.0f to %llu", knob->min,
			      (unsigned long long)max);
	*out = (uint32_t)value;
	return TAYRA_OK;
}

static int
set_number(const struct tayra__knob *knob, double *out, const char *text, char *why, size_t len)
{
	double value;

	if (is_ambiguous(text) ||
	    tayra__option_double(text, knob->min, knob->max, &value) != TAYRA_OK)
		return refuse(why, len, text, "is not a number from %g to %g", knob->min,
			      knob->max);
	*out = value;
	return TAYRA_OK;
}

static int
set_choice(const struct tayra__knob *knob, int *out, const char *text, char *why, size_t len)
{
	const char *near = tayra__option_nearest(text, knob->choices);
	char list[288] = "";

	for (int i = 0; knob->choices[i]; i++) {
		size_t used = strlen(list);

		if (strcmp(knob->choices[i], text) == 0) {
			*out = knob->first_choice + i;
			return TAYRA_OK;
		}
		snprintf(list + used, sizeof(list) - used, "%s%s", i ? " " : "", knob->choices[i]);
	}
	if (near)
		return refuse(why, len, text, "does not exist (did you mean '%s'?); there are: %s",
			      near, list);
	return refuse(why, len, text, "does not exist; there are: %s", list);
}

static int
set_switch(bool *out, const char *text, char *why, size_t len)
{
	*out = strcmp(text, "true") == 0;
	if (*out || strcmp(text, "false") == 0)
		return TAYRA_OK;
	return refuse(why, len, text, "is neither true nor false");
}

static int
set_text(const struct tayra__knob *knob, const char **out, const char *text, const char *folder,
	 struct tayra__knob_texts *texts, char *why, size_t len)
{
	const char *copy;

	if (text[0] == '\0') {
		snprintf(why, len, "is empty");
		return TAYRA_E_INVAL;
	}
	if (knob->max > 0 && (double)strlen(text) > knob->max) {
		snprintf(why, len, "is longer than %.0f bytes", knob->max);
		return TAYRA_E_INVAL;
	}
	copy = tayra__knob_texts_add(texts, knob->type == TAYRA__KNOB_PATH ? folder : NULL, text);
	if (!copy)
		return TAYRA_E_NOMEM;
	*out = copy;
	return TAYRA_OK;
}

/* What is too large for a number of 64 bits is its largest: TAYRA_OFF. */
static uint64_t
word_of(const struct tayra__knob *knob)
{
	return knob->word_value < 18446744073709551616.0 ? (uint64_t)knob->word_value : UINT64_MAX;
}

/* Rows with a word are numbers. */
static void
set_word(const struct tayra__knob *knob, void *out)
{
	if (knob->type == TAYRA__KNOB_NUMBER)
		*(double *)out = knob->word_value;
	else if (knob->type == TAYRA__KNOB_COUNT)
		*(uint32_t *)out = (uint32_t)knob->word_value;
	else
		*(uint64_t *)out = word_of(knob);
}

/* Of a bound, all that is as far out is "off". */
static bool
is_word(const struct tayra__knob *knob, const void *value)
{
	if (!knob->word)
		return false;
	if (knob->type == TAYRA__KNOB_COUNT)
		return *(const uint32_t *)value == (uint32_t)knob->word_value;
	if (knob->type != TAYRA__KNOB_NUMBER)
		return *(const uint64_t *)value == word_of(knob);
	return knob->word_value < knob->min ? *(const double *)value <= knob->word_value
					    : *(const double *)value >= knob->word_value;
}

static int
set_value(const struct tayra__knob *knob, void *out, const char *text, const char *folder,
	  struct tayra__knob_texts *texts, char *why, size_t why_len)
{
	switch (knob->type) {
	case TAYRA__KNOB_TEXT:
	case TAYRA__KNOB_PATH:
	case TAYRA__KNOB_SECRET: return set_text(knob, out, text, folder, texts, why, why_len);
	case TAYRA__KNOB_BYTES: return set_bytes(knob, out, text, why, why_len);
	case TAYRA__KNOB_MILLISECONDS:
		return set_duration(knob, out, TAYRA_NS_PER_MS, text, why, why_len);
	case TAYRA__KNOB_NANOSECONDS: return set_duration(knob, out, 1, text, why, why_len);
	case TAYRA__KNOB_COUNT: return set_count(knob, out, text, why, why_len);
	case TAYRA__KNOB_NUMBER: return set_number(knob, out, text, why, why_len);
	case TAYRA__KNOB_CHOICE: return set_choice(knob, out, text, why, why_len);
	case TAYRA__KNOB_SWITCH: return set_switch(out, text, why, why_len);
	case TAYRA__KNOB_OTHER: break;
	}
	snprintf(why, why_len, "cannot be one word");
	return TAYRA_E_INVAL;
}

int
tayra__knob_set(const struct tayra__knob *knob, void *object, const char *text, const char *folder,
		struct tayra__knob_texts *texts, char *why, size_t why_len)
{
	void *out = (char *)object + knob->offset;
	size_t len;
	int status;

	if (knob->word && strcmp(text, knob->word) == 0) {
		set_word(knob, out);
		return TAYRA_OK;
	}
	status = set_value(knob, out, text, folder, texts, why, why_len);
	if (status == TAYRA_E_INVAL && knob->word && why_len > 0) {
		len = strlen(why);
		snprintf(why + len, why_len - len, ", nor '%s'", knob->word);
	}
	return status;
}

size_t
tayra__knob_show(const struct tayra__knob *knob, const void *object, char *out, size_t len)
{
	const void *value = (const char *)object + knob->offset;
	const char *text = "";

	if (is_word(knob, value))
		return (size_t)snprintf(out, len, "%s", knob->word);
	switch (knob->type) {
	case TAYRA__KNOB_TEXT:
	case TAYRA__KNOB_PATH: text = *(const char *const *)value; break;
	case TAYRA__KNOB_CHOICE:
		text = knob->choices[*(const int *)value - knob->first_choice];
		break;
	case TAYRA__KNOB_SWITCH: text = *(const bool *)value ? "true" : "false"; break;
	case TAYRA__KNOB_BYTES:
		return (size_t)snprintf(out, len, "%" PRIu64, *(const uint64_t *)value);
	case TAYRA__KNOB_MILLISECONDS:
		return show_duration(*(const uint64_t *)value * TAYRA_NS_PER_MS, out, len);
	case TAYRA__KNOB_NANOSECONDS: return show_duration(*(const uint64_t *)value, out, len);
	case TAYRA__KNOB_COUNT:
		return (size_t)snprintf(out, len, "%" PRIu32, *(const uint32_t *)value);
	case TAYRA__KNOB_NUMBER: return (size_t)snprintf(out, len, "%.12g", *(const double *)value);
	case TAYRA__KNOB_SECRET:
	case TAYRA__KNOB_OTHER: break;
	}
	return (size_t)snprintf(out, len, "%s", text ? text : "");
}

static size_t
size_of(enum tayra__knob_type type)
{
	switch (type) {
	case TAYRA__KNOB_TEXT:
	case TAYRA__KNOB_PATH:
	case TAYRA__KNOB_SECRET: return sizeof(const char *);
	case TAYRA__KNOB_BYTES:
	case TAYRA__KNOB_MILLISECONDS:
	case TAYRA__KNOB_NANOSECONDS: return sizeof(uint64_t);
	case TAYRA__KNOB_COUNT: return sizeof(uint32_t);
	case TAYRA__KNOB_NUMBER: return sizeof(double);
	case TAYRA__KNOB_CHOICE: return sizeof(int);
	case TAYRA__KNOB_SWITCH: return sizeof(bool);
	case TAYRA__KNOB_OTHER: break;
	}
	return 0;
}

void
tayra__knob_copy(const struct tayra__knob *knob, void *to, const void *from)
{
	memcpy((char *)to + knob->offset, (const char *)from + knob->offset, size_of(knob->type));
}
