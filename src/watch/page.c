/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/page.h"

#include <tayra/base.h>

#include <assert.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/hist.h"
#include "watch/page_text.h"
#include "watch/registry.h"

struct writer {
	struct tayra__registry *registry;
	const struct tayra__page *page;
	uint64_t wall_ms;
	const char *nonce;
	FILE *out;
};

static void
escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		case '\'': fputs("&#39;", out); break;
		default: fputc(*text, out);
		}
	}
}

/* Three digits, or all of a whole number.  Halves go up, as they do in the page's script. */
static void
plain(FILE *out, double value, const char *unit)
{
	char text[330], *comma;

	if (fabs(value) >= 999.5)
		snprintf(text, sizeof(text), "%.0f", value);
	else
		snprintf(text, sizeof(text), "%.3g", value * (1 + 1e-15));
	/* The program we are linked into may have set a locale that writes 0,5. */
	comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	fprintf(out, "%s%s%s", text, *unit ? " " : "", unit);
}

struct step {
	double least;
	const char *name;
};

/* In the largest step that is not more than the value, the last if none is. */
static void
scaled(FILE *out, double value, const struct step *steps, size_t count)
{
	size_t i = 0;

	while (i + 1 < count && fabs(value) < steps[i].least)
		i++;
	plain(out, value / steps[i].least, steps[i].name);
}

/* As a person reads it; status.html's script writes the same. */
static void
figure(FILE *out, double value, const char *unit)
{
	static const struct step bytes[] = { { 0x1p40, "TiB" },
					     { 0x1p30, "GiB" },
					     { 0x1p20, "MiB" },
					     { 0x1p10, "KiB" },
					     { 1, "B" } };
	static const struct step seconds[] = {
		{ 1, "s" }, { 1e-3, "ms" }, { 1e-6, "\xc2\xb5s" }, { 1e-9, "ns" }
	};

	if (isnan(value))
		fputs("\xe2\x80\x93", out);
	else if (unit && strcmp(unit, "ratio") == 0)
		plain(out, value * 100, "%");
	else if (unit && strcmp(unit, "bytes") == 0)
		scaled(out, value, bytes, sizeof(bytes) / sizeof(bytes[0]));
	else if (unit && strcmp(unit, "seconds") == 0 && fabs(value) >= 1e-9)
		scaled(out, value, seconds, sizeof(seconds) / sizeof(seconds[0]));
	else
		plain(out, value, unit && strcmp(unit, "seconds") == 0 ? "s" : "");
}

static void
write_title(const struct writer *writer)
{
	escaped(writer->out, writer->page->title);
}

static void
write_nonce(const struct writer *writer)
{
	escaped(writer->out, writer->nonce);
}

static void
write_time(const struct writer *writer)
{
	time_t seconds = (time_t)(writer->wall_ms / 1000);
	char text[40];
	struct tm parts;

	if (gmtime_r(&seconds, &parts) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
		fputs(text, writer->out);
}

static void
write_headlines(const struct writer *writer)
{
	struct tayra__headline_figure figures[TAYRA__HEADLINES];
	const struct tayra__page *page = writer->page;
	FILE *out = writer->out;

	tayra__headlines_take(writer->registry, page->headlines, page->headline_count, figures);
	for (size_t i = 0; i < page->headline_count; i++) {
		fputs("<section class=\"headline\"><h3>", out);
		escaped(out, page->headlines[i].title);
		fputs("</h3><p class=\"value\">", out);
		figure(out, figures[i].value, page->headlines[i].unit);
		fputs("</p><p class=\"sentence\">", out);
		escaped(out, page->headlines[i].sentence);
		fputs("</p></section>\n", out);
	}
}

static void
on_alert(void *arg, const struct tayra__watch_sample *sample)
{
	static const char *const states[] = { "inactive", "pending", "firing" };
	FILE *out = arg;

	if (strcmp(sample->row->name, "tayra_alert_state") != 0 || sample->label_count != 1 ||
	    !(sample->value >= 0 && sample->value <= 2))
		return;
	fprintf(out, "<li><span class=\"%s\">%s</span> <code>", states[(int)sample->value],
		states[(int)sample->value]);
	escaped(out, sample->labels[0].value);
	fputs("</code></li>\n", out);
}

static void
write_links(const struct writer *writer)
{
	for (size_t i = 0; i < writer->page->link_count; i++) {
		fputs(" <a href=\"", writer->out);
		escaped(writer->out, writer->page->links[i].href);
		fputs("\">", writer->out);
		escaped(writer->out, writer->page->links[i].text);
		fputs("</a>", writer->out);
	}
}

static void
write_alerts(const struct writer *writer)
{
	const struct tayra__watch_visitor visitor = { .sample = on_alert, .arg = writer->out };

	tayra__registry_visit(writer->registry, &visitor);
}

static void
histogram(FILE *out, const struct tayra__watch_sample *sample)
{
	static const double quantiles[] = { 0.5, 0.99 };
	const struct tayra__hist *hist = sample->hist;

	for (int i = 0; i < 2; i++) {
		double kept = (double)tayra__hist_quantile(hist, quantiles[i]);

		if (i > 0)
			fputs(" \xc2\xb7 ", out);
		figure(out, hist->count ? tayra__watch_scaled(sample->row, kept) : (double)NAN,
		       sample->row->unit);
	}
	fputs(" (p50 \xc2\xb7 p99 of ", out);
	plain(out, (double)hist->count, "");
	fputc(')', out);
}

static void
on_sample(void *arg, const struct tayra__watch_sample *sample)
{
	FILE *out = arg;

	fprintf(out, "<tr><td class=\"name\"><code>%s</code><small>", sample->row->name);
	escaped(out, sample->row->sentence);
	fputs("</small></td><td><code>", out);
	for (unsigned i = 0; i < sample->label_count; i++) {
		fprintf(out, "%s%s=", i ? " " : "", sample->labels[i].name);
		escaped(out, sample->labels[i].value);
	}
	fputs("</code></td><td class=\"figure\">", out);
	if (sample->hist)
		histogram(out, sample);
	else
		figure(out, sample->value, sample->row->unit);
	fputs("</td></tr>\n", out);
}

static void
write_metrics(const struct writer *writer)
{
	const struct tayra__watch_visitor visitor = { .sample = on_sample, .arg = writer->out };

	tayra__registry_visit(writer->registry, &visitor);
}

/* What stands in status.html as {{name}}. */
static const struct {
	const char *name;
	void (*write)(const struct writer *writer);
} marks[] = {
	{ "title", write_title },         { "nonce", write_nonce },   { "time", write_time },
	{ "headlines", write_headlines }, { "alerts", write_alerts }, { "metrics", write_metrics },
	{ "links", write_links },
};

static void
write_mark(const struct writer *writer, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strlen(marks[i].name) == len && memcmp(marks[i].name, name, len) == 0) {
			marks[i].write(writer);
			return;
		}
	assert(!"a mark in status.html that page.c does not know");
}

int
tayra__page_write(struct tayra__registry *registry, const struct tayra__page *page,
		  uint64_t wall_ms, const char *nonce, FILE *out)
{
	const struct writer writer = { registry, page, wall_ms, nonce, out };
	const char *at = tayra__page_text, *mark;

	while ((mark = strstr(at, "{{"))) {
		const char *end = strstr(mark, "}}");

		assert(end);
		fwrite(at, 1, (size_t)(mark - at), out);
		write_mark(&writer, mark + 2, (size_t)(end - mark - 2));
		at = end + 2;
	}
	fputs(at, out);
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}

int
tayra__page_policy(const char *nonce, char *out, size_t size)
{
	return snprintf(out, size,
			"default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; "
			"img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
			"frame-ancestors 'none'",
			nonce, nonce);
}
