/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/load_line.h"

#include <tayra/base.h>

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"

#define RATE_MIN 0.001
#define RATE_MAX 1e7
#define TIME_MAX (86400 * TAYRA_NS_PER_S)

enum word {
	STEP,
	RAMP,
	SUSTAIN,
	SUCCESS,
	LATENCY, /* and those after it, one for each */
	WORDS = LATENCY + TAYRA__LOAD_LATENCIES,
};

static const char *const words[WORDS + 1] = {
	"step", "ramp", "sustain", "success", "mean", "p50", "p95", "p99", "p99.9", "max", NULL,
};

struct reading {
	char text[TAYRA__LOAD_LINE_MAX + 1];
	char *at; /* behind what was taken */
	struct tayra__load_line line;
	bool given[WORDS];
	char *why;
	size_t why_size;
};

/* Bytes that do not print are shown as '?', for the line goes to terminals. */
static __attribute__((format(printf, 3, 4))) int
refuse(struct reading *r, const char *where, const char *format, ...)
{
	int used = snprintf(r->why, r->why_size, "at %zu: ", (size_t)(where - r->text) + 1);
	va_list list;

	va_start(list, format);
	if (used > 0 && (size_t)used < r->why_size)
		vsnprintf(r->why + used, r->why_size - (size_t)used, format, list);
	va_end(list);
	for (char *c = r->why; r->why_size && *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return TAYRA_E_INVAL;
}

/* The next word, terminated; "" at the end. */
static char *
next(struct reading *r)
{
	char *word = r->at + strspn(r->at, " \t\n\r");
	size_t len = strcspn(word, " \t\n\r");

	r->at = word + len;
	if (*r->at)
		*r->at++ = '\0';
	return word;
}

static bool
rate(const char *text, double *out)
{
	return tayra__option_double(text, RATE_MIN, RATE_MAX, out) == TAYRA_OK;
}

static int
take_rates(struct reading *r)
{
	char *word = next(r), *dots = strstr(word, ".."), *to = dots ? dots + 2 : word;
	char *unit = strchr(to, '/');

	if (!*word)
		return refuse(r, word, "no rates; begin with them, as 100..2000/s");
	if (!unit || strcmp(unit, "/s") != 0)
		return refuse(r, word, "'%.40s' is not rates a second, as 100..2000/s", word);
	*unit = '\0';
	if (dots)
		*dots = '\0';
	if (!rate(word, &r->line.initial_per_s))
		return refuse(r, word, "'%.40s' is not a rate within 0.001 .. 10000000", word);
	if (!rate(to, &r->line.maximum_per_s))
		return refuse(r, to, "'%.40s' is not a rate within 0.001 .. 10000000", to);
	if (r->line.maximum_per_s < r->line.initial_per_s)
		return refuse(r, to, "the maximum rate %g is below the initial %g",
			      r->line.maximum_per_s, r->line.initial_per_s);
	return TAYRA_OK;
}

static int
take_time(struct reading *r, const char *word, const char *value, uint64_t least, uint64_t *out)
{
	uint64_t ns;

	if (tayra__option_duration_ns(value, &ns) || ns < least || ns > TIME_MAX)
		return refuse(r, value, "%s '%.40s' is not a time %s a day, as 50ms or 30s", word,
			      value, least ? "above 0 and up to" : "of up to");
	*out = ns;
	return TAYRA_OK;
}

static int
take_success(struct reading *r, char *value)
{
	size_t len = strlen(value);
	bool percent = len > 0 && value[len - 1] == '%';
	double unit = percent ? 100 : 1, share;

	if (percent)
		value[len - 1] = '\0';
	if (tayra__option_double(value, 0, unit, &share) || !(share / unit > 0))
		return refuse(r, value,
			      "success '%.40s%s' is not a share above 0 and up to 100%%, as "
			      "99%% or 0.99",
			      value, percent ? "%" : "");
	r->line.success = share / unit;
	return TAYRA_OK;
}

static int
take_step(struct reading *r, char *value)
{
	size_t len = strlen(value);

	if (len > 2 && strcmp(value + len - 2, "/s") == 0)
		value[len - 2] = '\0';
	if (!rate(value, &r->line.step_per_s))
		return refuse(r, value, "step '%.40s' is not a rate within 0.001 .. 10000000",
			      value);
	return TAYRA_OK;
}

static int
take_value(struct reading *r, enum word word, char *value)
{
	if (word >= LATENCY)
		return take_time(r, words[word], value, 1, &r->line.most_ns[word - LATENCY]);
	if (word == STEP)
		return take_step(r, value);
	if (word == SUCCESS)
		return take_success(r, value);
	return word == RAMP ? take_time(r, "ramp", value, 0, &r->line.ramp_ns)
			    : take_time(r, "sustain", value, 1, &r->line.sustain_ns);
}

static enum word
find(const char *text)
{
	enum word word = STEP;

	while (word < WORDS && strcmp(text, words[word]) != 0)
		word++;
	return word;
}

static int
refuse_word(struct reading *r, const char *text)
{
	const char *near = tayra__option_nearest(text, words);

	if (near)
		return refuse(r, text, "'%.40s' is no word of a load; did you mean '%s'?", text,
			      near);
	return refuse(r, text,
		      "'%.40s' is no word of a load: step ramp sustain success mean p50 p95 p99 "
		      "p99.9 max",
		      text);
}

static int
take_words(struct reading *r)
{
	for (char *text = next(r); *text; text = next(r)) {
		enum word word = find(text);
		char *value;
		int status;

		if (word == WORDS)
			return refuse_word(r, text);
		if (r->given[word])
			return refuse(r, text, "'%s' is there twice", text);
		r->given[word] = true;
		value = next(r);
		if (!*value)
			return refuse(r, text, "'%s' has no value", text);
		status = take_value(r, word, value);
		if (status)
			return status;
	}
	return TAYRA_OK;
}

static int
check_steps(struct reading *r)
{
	struct tayra__load_line *line = &r->line;
	double way = line->maximum_per_s - line->initial_per_s;

	if (!r->given[STEP])
		line->step_per_s = fmax(way / 10, RATE_MIN);
	if (way / line->step_per_s > TAYRA__LOAD_STEPS_MAX - 1)
		return refuse(r, r->text, "steps of %g from %g to %g are more than %d",
			      line->step_per_s, line->initial_per_s, line->maximum_per_s,
			      TAYRA__LOAD_STEPS_MAX);
	return TAYRA_OK;
}

int
tayra__load_line_parse(const char *line, struct tayra__load_line *out, char *why, size_t why_size)
{
	struct reading r = { .line = { .ramp_ns = 5 * TAYRA_NS_PER_S,
				       .sustain_ns = 30 * TAYRA_NS_PER_S,
				       .success = 0.99 },
			     .why = why,
			     .why_size = why_size };
	size_t len = strlen(line);
	int status;

	r.at = r.text;
	if (len > TAYRA__LOAD_LINE_MAX)
		return refuse(&r, r.text + TAYRA__LOAD_LINE_MAX, "the line is longer than %d bytes",
			      TAYRA__LOAD_LINE_MAX);
	memcpy(r.text, line, len);
	status = take_rates(&r);
	if (!status)
		status = take_words(&r);
	if (!status)
		status = check_steps(&r);
	if (!status)
		*out = r.line;
	return status;
}

int
tayra__load_line_format(const struct tayra__load_line *line, char *text, size_t size)
{
	int used = snprintf(text, size,
			    "%.17g..%.17g/s step %.17g ramp %lluns sustain %lluns "
			    "success %.17g",
			    line->initial_per_s, line->maximum_per_s, line->step_per_s,
			    (unsigned long long)line->ramp_ns, (unsigned long long)line->sustain_ns,
			    line->success);

	for (int i = 0; i < TAYRA__LOAD_LATENCIES; i++) {
		size_t at = used < 0 || (size_t)used > size ? size : (size_t)used;

		if (line->most_ns[i])
			used += snprintf(text + at, size - at, " %s %lluns", words[LATENCY + i],
					 (unsigned long long)line->most_ns[i]);
	}
	return used;
}

/* A last step of less than a thousandth of one is how doubles divide, not a step. */
size_t
tayra__load_line_steps(const struct tayra__load_line *line)
{
	double way = line->maximum_per_s - line->initial_per_s;

	return 1 + (size_t)ceil(way / line->step_per_s - 1e-3);
}

double
tayra__load_line_rate(const struct tayra__load_line *line, size_t i)
{
	if (i + 1 >= tayra__load_line_steps(line))
		return line->maximum_per_s;
	return line->initial_per_s + (double)i * line->step_per_s;
}

const char *
tayra__load_latency_name(enum tayra__load_latency latency)
{
	return words[LATENCY + latency];
}
