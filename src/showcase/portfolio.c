/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/portfolio.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "showcase/words.h"

#include <tayra/base.h>

#define VERSION 1

static const json_t *
at(const json_t *json, const char *key)
{
	return json_object_get(json, key);
}

/* Text of a file from outside, on one line and without what Markdown or HTML would take for its
 * own. */
static void
put(FILE *out, const json_t *text)
{
	const char *c = json_is_string(text) ? json_string_value(text) : "-";

	for (; *c; c++) {
		if (strchr("|<>`*_[]\\", *c))
			fputc('\\', out);
		fputc((unsigned char)*c < 0x20 ? ' ' : *c, out);
	}
}

static double
number(const json_t *json, const char *key)
{
	const json_t *value = at(json, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void
put_number(FILE *out, const json_t *json, const char *key)
{
	char text[16];

	fputs(tayra__figure_number(number(json, key), text), out);
}

/* "1.2 (1.1 .. 1.3)", of an object with value, lo and hi; or of one with ratio. */
static void
put_estimate(FILE *out, const json_t *json, const char *value)
{
	double lo = number(json, "lo"), hi = number(json, "hi");
	char text[40];

	put_number(out, json, value);
	if (!isnan(lo) && !isnan(hi))
		fprintf(out, " (%s)", tayra__figure_interval(lo, hi, text));
	else if (!isnan(number(json, value)) && json_is_number(at(json, "p")))
		fprintf(out, " (p %s)", tayra__figure_number(number(json, "p"), text));
}

static bool
valid(const json_t *r)
{
	return json_is_true(at(r, "valid"));
}

static void
write_head(const json_t *r, FILE *out)
{
	const json_t *host = at(r, "host"), *data = at(r, "data"), *one;
	size_t i;

	fputs("# tayra: technical portfolio\n\nWritten from results.json of a run that began ",
	      out);
	put(out, at(r, "started"));
	fprintf(out, "%s.\n\n", json_is_true(at(r, "quick")) ? " (the quick run)" : "");
	if (!valid(r)) {
		fputs("**This run cannot be believed, so nothing was compared: ", out);
		put(out, at(r, "why_invalid"));
		fputs(".**\n\n", out);
	}
	json_array_foreach((json_t *)at(r, "average_improvement"), i, one)
	{
		if (!valid(r))
			break;
		fputs("- Average improvement over the ", out);
		put(out, at(one, "a"));
		fputs(" service: x", out);
		put_estimate(out, one, "ratio");
		fputs(", ", out);
		put(out, at(one, "verdict"));
		fputs("\n", out);
	}
	fputs("- Machine: ", out);
	put(out, at(host, "cpu"));
	fputs(", ", out);
	put_number(out, host, "cores");
	fputs(" cores; other programs used ", out);
	fprintf(out, "%.0f%%", number(host, "foreign_cpu_ratio") * 100);
	fputs(" of it\n- Data: ", out);
	put_number(out, data, "packages");
	fputs(" packages, ", out);
	put_number(out, data, "dependencies");
	fputs(" dependencies, from ", out);
	put(out, at(data, "source"));
	fputs("\n", out);
}

static void
write_contestants(const json_t *r, FILE *out)
{
	const json_t *one;
	size_t i;

	fputs("\n## What was compared\n\n", out);
	json_array_foreach((json_t *)at(r, "arms"), i, one)
	{
		fputs("- ", out);
		put(out, at(one, "name"));
		fputs(": ", out);
		put(out, at(one, "what"));
		fputs("\n", out);
	}
}

static bool
is(const json_t *json, const char *key, const char *want)
{
	const json_t *value = at(json, key);

	return json_is_string(value) && strcmp(json_string_value(value), want) == 0;
}

/* How many comparisons with tuned a scene's phase has with a verdict. */
static unsigned
count(const json_t *r, const json_t *phase, const char *verdict)
{
	const json_t *one;
	unsigned n = 0;
	size_t i;

	json_array_foreach((json_t *)at(r, "comparisons"), i, one)
		n += is(one, "a", "tuned") && is(one, "verdict", verdict) &&
		     json_equal((json_t *)at(one, "scene"), (json_t *)at(phase, "scene")) &&
		     json_equal((json_t *)at(one, "phase"), (json_t *)at(phase, "phase"));
	return n;
}

static void
write_scenes(const json_t *r, FILE *out)
{
	const json_t *one;
	size_t i;

	fputs("\n## Scenes, against the tuned service\n\n"
	      "| scene | what | better | worse | same | undecided "
	      "|\n|---|---|---:|---:|---:|---:|\n",
	      out);
	json_array_foreach((json_t *)at(r, "phases"), i, one)
	{
		if (is(one, "phase", "warmup"))
			continue;
		fputs("| ", out);
		put(out, at(one, "scene"));
		fputs(", ", out);
		put(out, at(one, "phase"));
		fputs(" | ", out);
		put(out, at(one, "what"));
		if (!valid(r))
			fputs(" | - | - | - | - |\n", out);
		else
			fprintf(out, " | %u | %u | %u | %u |\n", count(r, one, "BETTER"),
				count(r, one, "WORSE"), count(r, one, "SAME"),
				count(r, one, "UNDECIDED"));
	}
}

static void
write_mechanisms(const json_t *r, FILE *out)
{
	const json_t *one;
	size_t i;

	fputs("\n## Mechanisms, each against tayra without it\n\n"
	      "| mechanism | where | metric | ratio, with by without | verdict |\n"
	      "|---|---|---|---:|---|\n",
	      out);
	json_array_foreach((json_t *)at(r, "mechanisms"), i, one)
	{
		fputs("| ", out);
		put(out, at(one, "mechanism"));
		fputs(": ", out);
		put(out, at(one, "what"));
		fputs(" | ", out);
		put(out, at(one, "where"));
		fputs(" | ", out);
		put(out, at(one, "metric"));
		fputs(" | ", out);
		put_estimate(out, one, "ratio");
		fputs(" | ", out);
		if (json_is_string(at(one, "not_measured"))) {
			fputs("not measured: ", out);
			put(out, at(one, "not_measured"));
		} else {
			put(out, at(one, "verdict"));
		}
		fputs(" |\n", out);
	}
}

static void
put_capacity(const json_t *arm, FILE *out)
{
	const json_t *capacity = at(arm, "capacity_per_s");
	bool below = is(arm, "capacity_bound", "below");

	if (!below && !is(arm, "capacity_bound", "above")) {
		put_estimate(out, capacity, "value");
		return;
	}
	fputs(below ? "below " : "at least ", out);
	put_number(out, capacity, "value");
}

static void
write_efficiency(const json_t *r, FILE *out)
{
	const json_t *one;
	size_t i;

	fputs("\n## Efficiency and capacity\n\n| | answers a CPU second | answers a second and MiB "
	      "of cache | capacity, requests a second |\n|---|---:|---:|---:|\n",
	      out);
	json_array_foreach((json_t *)at(r, "efficiency"), i, one)
	{
		fputs("| ", out);
		put(out, at(one, "arm"));
		fputs(" | ", out);
		put_estimate(out, at(one, "answers_per_cpu_s"), "value");
		fputs(" | ", out);
		put_estimate(out, at(one, "answers_per_s_per_mib"), "value");
		fputs(" | ", out);
		put_capacity(one, out);
		fputs(" |\n", out);
	}
}

static void
write_money(const json_t *r, FILE *out)
{
	const json_t *money = at(r, "money"), *prices = at(money, "prices"), *one;
	size_t i;

	fputs("\n## Money\n\n", out);
	if (!json_is_object(money)) {
		fputs("No prices were given, so nothing is said of it.\n", out);
		return;
	}
	fputs("Prices: ", out);
	put(out, at(prices, "label"));
	fputs(".\n\n", out);
	json_array_foreach((json_t *)at(money, "against"), i, one)
	{
		fputs("- Against ", out);
		put(out, at(one, "a"));
		fputs(": ", out);
		if (json_is_string(at(one, "no_figure"))) {
			put(out, at(one, "no_figure"));
			fputs(": no figure.\n", out);
			continue;
		}
		fputs("saving a month ", out);
		put_estimate(out, at(one, "saving_per_month"), "value");
		fputs(" ", out);
		put(out, at(prices, "currency"));
		fputs(", return ", out);
		put_estimate(out, at(one, "return"), "value");
		fputs(" times the price of putting it in\n", out);
	}
}

static void
write_conclusions(const json_t *r, FILE *out)
{
	const json_t *one, *evidence;
	size_t i, j;

	fputs("\n## What follows\n\n", out);
	json_array_foreach((json_t *)at(r, "advice"), i, one)
	{
		fputs("- ", out);
		put(out, at(one, "text"));
		fputs("\n", out);
	}
	fputs("\n## Scorecard\n\n", out);
	json_array_foreach((json_t *)at(r, "scorecard"), i, one)
	{
		fputs("- ", out);
		put(out, at(one, "name"));
		fputs(": ", out);
		put_number(out, one, "score");
		fputs(" of 10, by ", out);
		put(out, at(one, "formula"));
		fputs("\n", out);
		json_array_foreach((json_t *)at(one, "evidence"), j, evidence)
		{
			fputs("  - ", out);
			put(out, evidence);
			fputs("\n", out);
		}
	}
	fprintf(out, "\nRepeat: `tayra showcase%s --seed %.0f`\n",
		json_is_true(at(r, "quick")) ? " --quick" : "", number(r, "seed"));
}

int
tayra__portfolio_write(FILE *results, FILE *out, char *error, size_t error_len)
{
	json_error_t why;
	json_t *r = json_loadf(results, 0, &why);
	bool known = json_is_object(r) && json_integer_value(at(r, "v")) == VERSION;

	if (!r)
		snprintf(error, error_len, "line %d: %s", why.line, why.text);
	else if (!known)
		snprintf(error, error_len, "not the results of a showcase of version %d", VERSION);
	if (known) {
		write_head(r, out);
		write_contestants(r, out);
		write_scenes(r, out);
		write_mechanisms(r, out);
		write_efficiency(r, out);
		write_money(r, out);
		write_conclusions(r, out);
	}
	json_decref(r);
	if (!known)
		return TAYRA_E_CORRUPT;
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
