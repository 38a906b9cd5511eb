/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/openmetrics.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "watch/registry.h"

#define BUCKET_LOW  10
#define BUCKET_HIGH 36

/* Backslash, quote and line end, in HELP and in label values alike. */
static void
escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

/* The shortest of 15 to 17 digits that reads back the same; whole floats keep a ".0" in le. */
static void
number(FILE *out, double value, bool canonical)
{
	char text[40], *comma;

	if (!isfinite(value)) {
		fputs(isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf", out);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	/* The program we are linked into may have set a locale that writes 0,5. */
	comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	fputs(text, out);
	if (canonical && !strpbrk(text, ".e"))
		fputs(".0", out);
}

static void
labels(FILE *out, const struct tayra__watch_sample *sample, const double *le)
{
	const char *before = "{";

	for (unsigned i = 0; i < sample->label_count; i++, before = ",") {
		fprintf(out, "%s%s=\"", before, sample->labels[i].name);
		escaped(out, sample->labels[i].value);
		fputc('"', out);
	}
	if (le) {
		fprintf(out, "%sle=\"", before);
		number(out, *le, true);
		fputc('"', out);
		before = ",";
	}
	if (*before == ',')
		fputc('}', out);
	fputc(' ', out);
}

static void
bucket(FILE *out, const struct tayra__watch_sample *sample, double le, uint64_t count)
{
	fprintf(out, "%s_bucket", sample->row->name);
	labels(out, sample, &le);
	fprintf(out, "%" PRIu64 "\n", count);
}

static void
histogram(FILE *out, const struct tayra__watch_sample *sample)
{
	const struct tayra__watch_row *row = sample->row;
	unsigned low = row->high ? row->low : BUCKET_LOW,
		 high = row->high ? row->high : BUCKET_HIGH;

	for (unsigned bit = low; bit <= high; bit++) {
		uint64_t bound = (1ull << bit) - 1;

		bucket(out, sample, tayra__watch_scaled(row, (double)bound),
		       tayra__hist_at_most(sample->hist, bound));
	}
	bucket(out, sample, (double)INFINITY, sample->hist->count);
	fprintf(out, "%s_count", row->name);
	labels(out, sample, NULL);
	fprintf(out, "%" PRIu64 "\n%s_sum", sample->hist->count, row->name);
	labels(out, sample, NULL);
	number(out, tayra__watch_scaled(row, sample->hist->sum), false);
	fputc('\n', out);
}

static void
on_family(void *arg, const struct tayra__watch_row *row)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	FILE *out = arg;

	fprintf(out, "# TYPE %s %s\n", row->name, types[row->type]);
	if (row->unit)
		fprintf(out, "# UNIT %s %s\n", row->name, row->unit);
	fprintf(out, "# HELP %s ", row->name);
	escaped(out, row->sentence);
	fputc('\n', out);
}

static void
on_sample(void *arg, const struct tayra__watch_sample *sample)
{
	FILE *out = arg;

	if (sample->hist) {
		histogram(out, sample);
		return;
	}
	fputs(sample->row->name, out);
	if (sample->row->type == TAYRA__WATCH_COUNTER)
		fputs("_total", out);
	labels(out, sample, NULL);
	number(out, sample->value, false);
	fputc('\n', out);
}

int
tayra__openmetrics_write(struct tayra__registry *registry, FILE *out)
{
	const struct tayra__watch_visitor visitor = { on_family, on_sample, out };

	tayra__registry_visit(registry, &visitor);
	fputs("# EOF\n", out);
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
