/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/snapshot.h"

#include <tayra/base.h>

#include <math.h>

#include "base/hist.h"
#include "base/json.h"
#include "watch/registry.h"

struct writer {
	struct tayra__json json;
	bool open; /* a metric's samples */
};

static void
close_metric(struct writer *writer)
{
	if (writer->open) {
		tayra__json_end(&writer->json);
		tayra__json_end(&writer->json);
	}
	writer->open = false;
}

static void
on_family(void *arg, const struct tayra__watch_row *row)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	struct writer *writer = arg;

	close_metric(writer);
	tayra__json_object(&writer->json, NULL);
	tayra__json_string(&writer->json, "name", row->name);
	tayra__json_string(&writer->json, "type", types[row->type]);
	tayra__json_string(&writer->json, "unit", row->unit);
	tayra__json_string(&writer->json, "sentence", row->sentence);
	tayra__json_array(&writer->json, "samples");
	writer->open = true;
}

static void
histogram(struct tayra__json *json, const struct tayra__watch_sample *sample)
{
	static const struct {
		const char *key;
		double q;
	} quantiles[] = { { "min", 0 },    { "p50", 0.5 },    { "p90", 0.9 },
			  { "p99", 0.99 }, { "p999", 0.999 }, { "max", 1 } };
	const struct tayra__hist *hist = sample->hist;
	const struct tayra__watch_row *row = sample->row;

	tayra__json_u64(json, "count", hist->count);
	tayra__json_double(json, "sum", tayra__watch_scaled(row, hist->sum), 17);
	tayra__json_double(
		json, "mean",
		hist->count ? tayra__watch_scaled(row, tayra__hist_mean(hist)) : (double)NAN, 6);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		double kept = (double)tayra__hist_quantile(hist, quantiles[i].q);

		tayra__json_double(json, quantiles[i].key,
				   hist->count ? tayra__watch_scaled(row, kept) : (double)NAN, 6);
	}
}

static void
on_sample(void *arg, const struct tayra__watch_sample *sample)
{
	struct tayra__json *json = &((struct writer *)arg)->json;

	tayra__json_object(json, NULL);
	tayra__json_object(json, "labels");
	for (unsigned i = 0; i < sample->label_count; i++)
		tayra__json_string(json, sample->labels[i].name, sample->labels[i].value);
	tayra__json_end(json);
	if (sample->hist)
		histogram(json, sample);
	else
		tayra__json_double(json, "value", sample->value, 17);
	tayra__json_end(json);
}

static void
write_headlines(struct tayra__json *json, struct tayra__registry *registry,
		const struct tayra__headline *headlines, size_t count)
{
	struct tayra__headline_figure figures[TAYRA__HEADLINES];

	tayra__headlines_take(registry, headlines, count, figures);
	tayra__json_array(json, "headlines");
	for (size_t i = 0; i < count; i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "title", headlines[i].title);
		tayra__json_string(json, "sentence", headlines[i].sentence);
		tayra__json_string(json, "unit", headlines[i].unit);
		tayra__json_double(json, "value", figures[i].value, 17);
		tayra__json_double(json, "top", figures[i].top, 17);
		tayra__json_double(json, "bottom", figures[i].bottom, 17);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

int
tayra__snapshot_write(struct tayra__registry *registry, const struct tayra__headline *headlines,
		      size_t headline_count, uint64_t wall_ms, FILE *out)
{
	struct writer writer = { 0 };
	const struct tayra__watch_visitor visitor = { on_family, on_sample, &writer };

	tayra__json_init(&writer.json, out, TAYRA__JSON_LINE);
	tayra__json_object(&writer.json, NULL);
	tayra__json_string(&writer.json, "format", "tayra-metrics-1");
	tayra__json_u64(&writer.json, "time_ms", wall_ms);
	write_headlines(&writer.json, registry, headlines, headline_count);
	tayra__json_array(&writer.json, "metrics");
	tayra__registry_visit(registry, &visitor);
	close_metric(&writer);
	tayra__json_end(&writer.json);
	tayra__json_end(&writer.json);
	return tayra__json_finish(&writer.json);
}
