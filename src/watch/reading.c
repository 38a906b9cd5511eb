/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/reading.h"

#include <math.h>
#include <string.h>

#include "base/hist.h"
#include "watch/registry.h"

struct readings {
	struct tayra__reading *readings;
	size_t count;
};

static bool
carries(const struct tayra__watch_sample *sample, const struct tayra__watch_label *label)
{
	for (unsigned i = 0; i < sample->label_count; i++)
		if (strcmp(sample->labels[i].name, label->name) == 0)
			return strcmp(sample->labels[i].value, label->value) == 0;
	return false;
}

static bool
matches(const struct tayra__reading *reading, const struct tayra__watch_sample *sample)
{
	if (strcmp(reading->metric, sample->row->name) != 0)
		return false;
	for (unsigned i = 0; i < TAYRA__WATCH_LABELS && reading->labels[i].name; i++)
		if (!carries(sample, &reading->labels[i]))
			return false;
	return true;
}

bool
tayra__reading_is_counter(const struct tayra__reading *reading, const struct tayra__watch_row *row)
{
	return row->type == TAYRA__WATCH_COUNTER ||
	       (row->type == TAYRA__WATCH_HISTOGRAM && reading->of != TAYRA__READING_VALUE);
}

/* How many lie above.  What is as far as a number can be kept has nothing above it. */
static double
count_over(const struct tayra__reading *reading, const struct tayra__watch_sample *sample)
{
	double kept = reading->over * (sample->row->per_unit > 0 ? sample->row->per_unit : 1);
	uint64_t at_most = kept < 0x1p64 ? tayra__hist_at_most(sample->hist, (uint64_t)kept)
					 : sample->hist->count;

	return (double)(sample->hist->count - at_most);
}

/* NaN when the histogram is empty: nothing took no time. */
static double
number_of(const struct tayra__reading *reading, const struct tayra__watch_sample *sample)
{
	if (!sample->hist)
		return sample->value;
	if (reading->of == TAYRA__READING_COUNT)
		return (double)sample->hist->count;
	if (reading->of == TAYRA__READING_OVER)
		return count_over(reading, sample);
	if (sample->hist->count == 0)
		return (double)NAN;
	if (reading->quantile > 0)
		return tayra__watch_scaled(
			sample->row, (double)tayra__hist_quantile(sample->hist, reading->quantile));
	return tayra__watch_scaled(sample->row, tayra__hist_mean(sample->hist));
}

static void
join(struct tayra__reading *reading, double value, bool hist)
{
	enum tayra__reading_join how = hist && reading->of == TAYRA__READING_VALUE
					       ? TAYRA__READING_MOST
					       : reading->join;

	if (isnan(value))
		return;
	if (isnan(reading->value))
		reading->value = value;
	else if (how == TAYRA__READING_SUM)
		reading->value += value;
	else if (how == TAYRA__READING_MOST ? value > reading->value : value < reading->value)
		reading->value = value;
}

static void
on_sample(void *arg, const struct tayra__watch_sample *sample)
{
	const struct readings *all = arg;

	for (size_t i = 0; i < all->count; i++)
		if (matches(&all->readings[i], sample))
			join(&all->readings[i], number_of(&all->readings[i], sample),
			     sample->hist != NULL);
}

void
tayra__readings_take(struct tayra__registry *registry, struct tayra__reading *readings,
		     size_t count)
{
	struct readings all = { readings, count };
	const struct tayra__watch_visitor visitor = { .sample = on_sample, .arg = &all };

	for (size_t i = 0; i < count; i++)
		readings[i].value = (double)NAN;
	tayra__registry_visit(registry, &visitor);
}
