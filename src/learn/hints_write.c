/* SPDX-License-Identifier: Apache-2.0
 *
 * hints_write.c: advice as JSON and as text for a terminal.
 */
#include "learn/hints.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"

#define DIGITS  6
#define COLUMNS 78

const char *
tayra__hint_kind_title(enum tayra__hint_kind kind)
{
	static const char *const titles[] = {
		[TAYRA__HINT_HOT_KEY] = "Hot key",
		[TAYRA__HINT_TTL_SHORT] = "Time to live too short",
		[TAYRA__HINT_TTL_LONG] = "Time to live too long",
		[TAYRA__HINT_EXPIRED_EARLY] = "Much runs out and is loaded again",
		[TAYRA__HINT_EVICTED_EARLY] = "Much is evicted and loaded again",
		[TAYRA__HINT_USED_ONCE] = "Keys used once",
		[TAYRA__HINT_GROUP] = "Not worth caching",
		[TAYRA__HINT_BURSTS] = "Scans",
	};

	return titles[kind];
}

static void
line_json(const struct tayra__hint_line *line, const char *name, struct tayra__json *json)
{
	tayra__json_object(json, NULL);
	tayra__json_string(json, name, line->text);
	tayra__json_double(json, "share", line->share, DIGITS);
	tayra__json_double(json, "share_error", line->share_error, DIGITS);
	tayra__json_double(json, "uses_per_s", line->uses_per_s, DIGITS);
	tayra__json_double(json, "hit_share", line->hit_share, DIGITS);
	tayra__json_double(json, "loads_per_s", line->loads_per_s, DIGITS);
	tayra__json_double(json, "cost_ms", line->cost_ms, DIGITS);
	tayra__json_double(json, "bytes", line->bytes, DIGITS);
	tayra__json_end(json);
}

static void
hint_json(const struct tayra__hint *hint, struct tayra__json *json)
{
	tayra__json_object(json, NULL);
	tayra__json_string(json, "kind", tayra__hint_kind_name(hint->kind));
	tayra__json_string(json, "subject", hint->subject[0] ? hint->subject : NULL);
	tayra__json_string(json, "sentence", hint->sentence);
	tayra__json_object(json, "evidence");
	for (unsigned i = 0; i < hint->fact_count; i++)
		tayra__json_double(json, hint->facts[i].name, hint->facts[i].value, DIGITS);
	tayra__json_end(json);
	tayra__json_object(json, "saving");
	tayra__json_double(json, "requests_per_s", hint->saving.requests_per_s, DIGITS);
	tayra__json_double(json, "loads_per_s", hint->saving.loads_per_s, DIGITS);
	tayra__json_double(json, "origin_ms_per_s", hint->saving.origin_ms_per_s, DIGITS);
	tayra__json_double(json, "stale_per_s", hint->saving.stale_per_s, DIGITS);
	tayra__json_double(json, "bytes", hint->saving.bytes, DIGITS);
	tayra__json_end(json);
	tayra__json_end(json);
}

void
tayra__hints_json(const struct tayra__hints *hints, struct tayra__json *json)
{
	tayra__json_double(json, "seconds", hints->seconds, DIGITS);
	tayra__json_double(json, "uses", hints->uses, 17);
	tayra__json_double(json, "keys_estimated", hints->keys, DIGITS);
	tayra__json_double(json, "hit_share", hints->hit_share, DIGITS);
	tayra__json_double(json, "loads", hints->loads, 17);
	tayra__json_double(json, "origin_ms_per_s", hints->origin_ms_per_s, DIGITS);
	tayra__json_array(json, "hot_keys");
	for (unsigned i = 0; i < hints->hot_count; i++)
		line_json(&hints->hot[i], "key", json);
	tayra__json_end(json);
	tayra__json_array(json, "groups");
	for (unsigned i = 0; i < hints->group_count; i++)
		line_json(&hints->groups[i], "group", json);
	tayra__json_end(json);
	tayra__json_array(json, "hints");
	for (unsigned i = 0; i < hints->hint_count; i++)
		hint_json(&hints->hints[i], json);
	tayra__json_end(json);
}

/* A number of three digits, or nothing known. */
static const char *
figure(double value, char text[32])
{
	if (isnan(value))
		snprintf(text, 32, "-");
	else if (fabs(value) >= 1e9)
		snprintf(text, 32, "%.3gG", value / 1e9);
	else if (fabs(value) >= 1e6)
		snprintf(text, 32, "%.3gM", value / 1e6);
	else if (fabs(value) >= 1e4)
		snprintf(text, 32, "%.3gk", value / 1e3);
	else if (fabs(value) >= 100)
		snprintf(text, 32, "%.0f", value);
	else
		snprintf(text, 32, "%.3g", value);
	return text;
}

static const char *
percent(double share, char text[32])
{
	if (isnan(share))
		snprintf(text, 32, "-");
	else
		snprintf(text, 32, "%.3g%%", share * 100);
	return text;
}

/* "share_of_keys" 0.95 as "share of keys 95%", "uses_per_s" as "uses 12/s", "age_s" as "age 3 s".
 */
static size_t
fact_text(const struct tayra__hint_fact *fact, char *out, size_t room)
{
	const char *unit = "";
	char name[40], text[32];
	size_t len = strlen(fact->name);

	if (len > 6 && strcmp(fact->name + len - 6, "_per_s") == 0) {
		unit = "/s";
		len -= 6;
	} else if (len > 2 && strcmp(fact->name + len - 2, "_s") == 0) {
		unit = " s";
		len -= 2;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, fact->name);
	for (char *at = name; *at; at++)
		*at = *at == '_' ? ' ' : *at;
	return (size_t)snprintf(out, room, "%s %s%s", name,
				strstr(fact->name, "share") ? percent(fact->value, text)
							    : figure(fact->value, text),
				unit);
}

/* Words, broken at COLUMNS and indented. */
static void
wrapped(FILE *out, const char *text, int indent)
{
	int column = 0;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > 0 && column + 1 + len > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		column += column ? fprintf(out, " %.*s", len, text)
				 : fprintf(out, "%*s%.*s", indent, "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void
lines_text(const struct tayra__hint_line *lines, unsigned count, const char *title, FILE *out)
{
	char text[6][32];

	if (count == 0)
		return;
	fprintf(out, "\n  %-32s %7s %7s %8s %8s %8s %8s\n", title, "uses", "hits", "uses/s",
		"loads/s", "ms/load", "bytes");
	for (unsigned i = 0; i < count; i++) {
		const struct tayra__hint_line *line = &lines[i];

		fprintf(out, "  %-32.32s %7s %7s %8s %8s %8s %8s\n", line->text,
			percent(line->share, text[0]), percent(line->hit_share, text[1]),
			figure(line->uses_per_s, text[2]), figure(line->loads_per_s, text[3]),
			figure(line->cost_ms, text[4]), figure(line->bytes, text[5]));
	}
}

/* Those of one sign: what is saved, or what that costs; beside a rate, its share of all there are.
 */
static void
saving_text(const struct tayra__hints *all, const struct tayra__hint_saving *saving, double sign,
	    const char *word, FILE *out)
{
	const struct {
		double value, all;
		const char *unit;
	} parts[] = {
		{ saving->requests_per_s, all->uses / all->seconds, "requests/s" },
		{ saving->loads_per_s, all->loads / all->seconds, "loads/s" },
		{ saving->origin_ms_per_s, all->origin_ms_per_s, "ms of origin time/s" },
		{ saving->stale_per_s, all->uses / all->seconds, "stale answers/s" },
		{ saving->bytes, (double)NAN, "bytes" },
	};
	bool some = false;
	char text[2][32];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double value = parts[i].value * sign, share = value / parts[i].all;

		if (!(value > 0))
			continue;
		fprintf(out, "%s%s %s", some ? ", " : word, figure(value, text[0]), parts[i].unit);
		if (share <= 1)
			fprintf(out, " (%s of all)", percent(share, text[1]));
		some = true;
	}
	fputs(some ? "\n" : "", out);
}

static void
facts_text(const struct tayra__hint *hint, FILE *out)
{
	char text[TAYRA__HINT_FACTS * 80];
	size_t used = 0;

	for (unsigned i = 0; i < hint->fact_count; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", i ? ", " : "");
		used += fact_text(&hint->facts[i], text + used, sizeof(text) - used);
	}
	if (used)
		wrapped(out, text, 5);
}

static void
hint_text(const struct tayra__hints *all, const struct tayra__hint *hint, unsigned number,
	  FILE *out)
{
	fprintf(out, "\n%3u. %s%s%s\n", number, tayra__hint_kind_title(hint->kind),
		hint->subject[0] ? ": " : "", hint->subject);
	wrapped(out, hint->sentence, 5);
	facts_text(hint, out);
	saving_text(all, &hint->saving, 1, "     saves up to ", out);
	saving_text(all, &hint->saving, -1, "     costs ", out);
}

/* How many hints from the first on are about hot keys. */
static unsigned
hot_in_a_row(const struct tayra__hints *hints, unsigned first)
{
	unsigned count = 0;

	while (first + count < hints->hint_count &&
	       hints->hints[first + count].kind == TAYRA__HINT_HOT_KEY)
		count++;
	return count;
}

/* The same advice for several keys is given once. */
static void
hot_text(const struct tayra__hints *all, const struct tayra__hint *hints, unsigned count,
	 unsigned number, FILE *out)
{
	fprintf(out, "\n%3u. %u hot keys\n", number, count);
	wrapped(out,
		"Each of these keys alone takes that share of all uses: a copy in the client would "
		"keep them away, and a refresh before it expires lets nobody wait for it.",
		5);
	for (unsigned i = 0; i < count; i++) {
		fprintf(out, "     %-32.32s", hints[i].subject);
		saving_text(all, &hints[i].saving, 1, " saves up to ", out);
	}
}

void
tayra__hints_text(const struct tayra__hints *hints, FILE *out)
{
	char text[6][32];

	fprintf(out, "%s uses of about %s keys in %s s: %s hits, %s loads",
		figure(hints->uses, text[0]), figure(hints->keys, text[1]),
		figure(hints->seconds, text[2]), percent(hints->hit_share, text[3]),
		figure(hints->loads, text[4]));
	if (!isnan(hints->origin_ms_per_s))
		fprintf(out, ", %s ms of origin time/s", figure(hints->origin_ms_per_s, text[5]));
	fputc('\n', out);
	lines_text(hints->hot, hints->hot_count, "hot key", out);
	if (hints->group_count > 1)
		lines_text(hints->groups, hints->group_count, "group", out);
	for (unsigned i = 0, number = 1; i < hints->hint_count; number++) {
		unsigned hot = hot_in_a_row(hints, i);

		if (hot > 1)
			hot_text(hints, &hints->hints[i], hot, number, out);
		else
			hint_text(hints, &hints->hints[i], number, out);
		i += hot > 1 ? hot : 1;
	}
	if (hints->hint_count == 0)
		fputs("\nNothing to advise from what was seen.\n", out);
}
