/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/prices.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"

#include <tayra/base.h>

#define FILE_MAX (64u << 10)

static const struct {
	const char *name, *sentence;
	double least, most;
} table[TAYRA__PRICES] = {
	[TAYRA__PRICE_CPU_HOUR] = { "cpu_hour", "one processor core for an hour", 0, 1e6 },
	[TAYRA__PRICE_MEMORY_GIB_HOUR] = { "memory_gib_hour", "one GiB of memory for an hour", 0,
					   1e6 },
	[TAYRA__PRICE_ORIGIN_MILLION_CALLS] = { "origin_million_calls",
						"a million queries, beyond the processor time "
						"they take here; 0 for a database of your own",
						0, 1e9 },
	[TAYRA__PRICE_REQUESTS_PER_MONTH] = { "requests_per_month", "how many you answer", 1,
					      1e15 },
	[TAYRA__PRICE_ENGINEER_HOUR] = { "engineer_hour", "an hour of an engineer", 0.01, 1e6 },
	[TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT] = { "engineer_hours_to_adopt",
						   "how long putting it in takes", 0.1, 1e6 },
	[TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH] = { "engineer_hours_per_month",
						    "what looking after it takes", 0, 1e4 },
	[TAYRA__PRICE_MONTHS] = { "months", "the time over which it has to pay", 1, 1200 },
};
static const char *const words[] = { "currency", "label" };

const char *
tayra__price_name(uint32_t price)
{
	return price < TAYRA__PRICES ? table[price].name : NULL;
}

const char *
tayra__price_sentence(uint32_t price)
{
	return price < TAYRA__PRICES ? table[price].sentence : NULL;
}

/* Where a message goes. */
struct complaint {
	const char *name; /* NULL: the caller names it */
	char *error;
	size_t error_len;
};

__attribute__((format(printf, 2, 3))) static int
complain(const struct complaint *c, const char *format, ...)
{
	char what[300];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(c->error, c->error_len, "%s%s%s", c->name ? c->name : "", c->name ? ": " : "",
		 what);
	return TAYRA_E_CORRUPT;
}

static int
find_price(const char *key)
{
	for (int i = 0; i < TAYRA__PRICES; i++)
		if (strcmp(key, table[i].name) == 0)
			return i;
	return -1;
}

static int
refuse_name(const struct complaint *c, const char *key)
{
	const char *names[TAYRA__PRICES + 3] = { words[0], words[1] };
	const char *near;

	for (int i = 0; i < TAYRA__PRICES; i++)
		names[2 + i] = table[i].name;
	near = tayra__option_nearest(key, names);
	return near ? complain(c, "there is no '%.60s'; did you mean '%s'?", key, near)
		    : complain(c, "there is no '%.60s'", key);
}

static int
take_word(const struct complaint *c, const char *key, const json_t *value, char *out, size_t room)
{
	if (!json_is_string(value) || json_string_length(value) >= room)
		return complain(c, "'%s' is not a text of less than %zu bytes", key, room);
	snprintf(out, room, "%s", json_string_value(value));
	return TAYRA_OK;
}

static double
number_of(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : nan("");
}

static int
take_range(const struct complaint *c, int i, double lo, double hi, struct tayra__prices *prices)
{
	if (!(lo >= table[i].least) || !(hi <= table[i].most))
		return complain(c, "'%s' is not a number within %g .. %g, nor two", table[i].name,
				table[i].least, table[i].most);
	if (lo > hi)
		return complain(c, "'%s' begins above its end", table[i].name);
	prices->lo[i] = lo;
	prices->hi[i] = hi;
	prices->value[i] = (lo + hi) / 2;
	return TAYRA_OK;
}

static int
take_member(const struct complaint *c, const char *key, const json_t *value,
	    struct tayra__prices *prices)
{
	int i = find_price(key);

	if (strcmp(key, words[0]) == 0)
		return take_word(c, key, value, prices->currency, sizeof(prices->currency));
	if (strcmp(key, words[1]) == 0)
		return take_word(c, key, value, prices->label, sizeof(prices->label));
	if (i < 0)
		return refuse_name(c, key);
	if (json_is_array(value) && json_array_size(value) == 2)
		return take_range(c, i, number_of(json_array_get(value, 0)),
				  number_of(json_array_get(value, 1)), prices);
	return take_range(c, i, number_of(value), number_of(value), prices);
}

static int
take_all(const struct complaint *c, json_t *json, struct tayra__prices *prices)
{
	const char *key;
	json_t *value;
	int status = TAYRA_OK;

	if (!json_is_object(json))
		return complain(c, "is not a JSON object");
	json_object_foreach(json, key, value)
	{
		status = take_member(c, key, value, prices);
		if (status < 0)
			return status;
	}
	return TAYRA_OK;
}

static int
check(const struct complaint *c, struct tayra__prices *prices)
{
	for (int i = 0; i < TAYRA__PRICES; i++)
		if (isnan(prices->value[i]))
			return complain(c, "'%s' is missing: %s", table[i].name, table[i].sentence);
	if (!prices->currency[0])
		return complain(c, "'currency' is missing");
	prices->given = true;
	return TAYRA_OK;
}

void
tayra__prices_init(struct tayra__prices *prices)
{
	*prices = (struct tayra__prices){ .given = false };
	for (int i = 0; i < TAYRA__PRICES; i++)
		prices->value[i] = prices->lo[i] = prices->hi[i] = nan("");
}

int
tayra__prices_check(struct tayra__prices *prices, char *error, size_t error_len)
{
	const struct complaint c = { NULL, error, error_len };

	return check(&c, prices);
}

/* A number, or two with dots between. */
static int
take_text(const struct complaint *c, int i, const char *text, struct tayra__prices *prices)
{
	const char *dots = strstr(text, "..");
	double lo = nan(""), hi = nan("");
	char first[64];

	snprintf(first, sizeof(first), "%.*s", dots ? (int)(dots - text) : 63, text);
	if (tayra__option_double(first, -HUGE_VAL, HUGE_VAL, &lo) != TAYRA_OK)
		lo = nan("");
	if (!dots)
		hi = lo;
	else if (tayra__option_double(dots + 2, -HUGE_VAL, HUGE_VAL, &hi) != TAYRA_OK)
		hi = nan("");
	return take_range(c, i, lo, hi, prices);
}

int
tayra__prices_take(struct tayra__prices *prices, const char *name, const char *text, char *error,
		   size_t error_len)
{
	const struct complaint c = { NULL, error, error_len };
	char *const words_of[] = { prices->currency, prices->label };
	const size_t rooms[] = { sizeof(prices->currency), sizeof(prices->label) };
	int i = find_price(name);

	for (size_t w = 0; w < 2; w++) {
		if (strcmp(name, words[w]) != 0)
			continue;
		if (strlen(text) >= rooms[w])
			return complain(&c, "'%s' is not a text of less than %zu bytes", name,
					rooms[w]);
		memcpy(words_of[w], text, strlen(text) + 1);
		return TAYRA_OK;
	}
	return i < 0 ? refuse_name(&c, name) : take_text(&c, i, text, prices);
}

const char *
tayra__prices_range(const struct tayra__prices *prices)
{
	for (int i = 0; i < TAYRA__PRICES; i++)
		if (prices->lo[i] < prices->hi[i])
			return table[i].name;
	return NULL;
}

int
tayra__prices_parse(const char *text, size_t len, const char *name, struct tayra__prices *prices,
		    char *error, size_t error_len)
{
	struct complaint c = { name, error, error_len };
	json_error_t why;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int status;

	tayra__prices_init(prices);
	if (!json)
		return complain(&c, "line %d: %s", why.line, why.text);
	status = take_all(&c, json, prices);
	json_decref(json);
	return status == TAYRA_OK ? check(&c, prices) : status;
}

int
tayra__prices_read(const char *path, struct tayra__prices *prices, char *error, size_t error_len)
{
	FILE *in = fopen(path, "re");
	char *text = in ? tayra__mem_alloc(FILE_MAX) : NULL;
	int status = TAYRA_E_IO;
	size_t len;

	*prices = (struct tayra__prices){ .given = false };
	if (!in) {
		snprintf(error, error_len, "%s: %m", path);
		return TAYRA_E_IO;
	}
	snprintf(error, error_len, "%s: out of memory", path);
	if (text) {
		len = fread(text, 1, FILE_MAX, in);
		if (ferror(in))
			snprintf(error, error_len, "%s: %m", path);
		else if (len == FILE_MAX)
			snprintf(error, error_len, "%s: over 64 KiB", path);
		else
			status = tayra__prices_parse(text, len, path, prices, error, error_len);
	}
	fclose(in);
	if (!text)
		status = TAYRA_E_NOMEM;
	tayra__mem_free(text);
	return status;
}
