/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers: take the count of series with acquire; every series below it is complete.
 * Writers: add a series under family.lock, then publish the count with release.
 * Nothing is ever removed.
 */
#include "watch/family.h"

#include <tayra/base.h>

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/hist.h"
#include "base/mem.h"

#define COUNTER_STRIPES 16
#define HIST_STRIPES    4

struct hist_stripe {
	pthread_mutex_t lock;
	struct tayra__hist hist;
};

struct values {
	char text[TAYRA__WATCH_LABELS][TAYRA__WATCH_LABEL_MAX + 1];
};

struct tayra__series {
	const struct tayra__watch_row *row;
	struct values values;
	/* "other" appears once something went there, a gauge once it was set: stored with release
	 * after its value, loaded with acquire before it. */
	_Atomic bool used;
	_Atomic double gauge;
	struct {
		_Atomic uint64_t count;
		char apart[120]; /* so that threads do not fight over a cache line */
	} stripes[COUNTER_STRIPES];
	struct hist_stripe *hists; /* of a histogram: HIST_STRIPES */
};

struct tayra__family {
	const struct tayra__watch_row *row;
	unsigned label_count;
	uint32_t series_max;
	struct tayra__series *others;
	struct tayra__series *other; /* without labels: the only one */
	pthread_mutex_t lock;        /* of adding */
	_Atomic uint32_t count;
	struct tayra__series *series[];
};

/* Numbers the threads of the process; says nothing about any registry. */
static _Atomic unsigned threads;
static _Thread_local unsigned number; /* 1-based; 0: not numbered yet */

static unsigned
my_number(void)
{
	if (number == 0)
		number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) %
				 COUNTER_STRIPES +
			 1;
	return number - 1;
}

static void
series_destroy(struct tayra__series *series)
{
	if (!series)
		return;
	for (unsigned i = 0; series->hists && i < HIST_STRIPES; i++)
		pthread_mutex_destroy(&series->hists[i].lock);
	tayra__mem_free(series->hists);
	tayra__mem_free(series);
}

static struct tayra__series *
series_create(const struct tayra__watch_row *row)
{
	struct tayra__series *series = tayra__mem_alloc(sizeof(*series));

	if (!series)
		return NULL;
	series->row = row;
	if (row->type != TAYRA__WATCH_HISTOGRAM)
		return series;
	series->hists = tayra__mem_array(HIST_STRIPES, sizeof(*series->hists));
	if (!series->hists) {
		tayra__mem_free(series);
		return NULL;
	}
	for (unsigned i = 0; i < HIST_STRIPES; i++) {
		pthread_mutex_init(&series->hists[i].lock, NULL);
		series->hists[i].hist.min = UINT64_MAX; /* the rest is zero, and untouched pages */
	}
	return series;
}

int
tayra__family_create(const struct tayra__watch_row *row, uint32_t series_max,
		     struct tayra__series *others, struct tayra__family **out)
{
	uint32_t max = series_max ? series_max : TAYRA__FAMILY_SERIES;
	struct tayra__family *family;

	*out = NULL;
	if (max > TAYRA__FAMILY_SERIES_MAX)
		return TAYRA_E_INVAL;
	family = tayra__mem_alloc(sizeof(*family) + max * sizeof(family->series[0]));
	if (!family)
		return TAYRA_E_NOMEM;
	family->other = series_create(row);
	if (!family->other) {
		tayra__mem_free(family);
		return TAYRA_E_NOMEM;
	}
	family->row = row;
	family->series_max = max;
	family->others = others;
	while (family->label_count < TAYRA__WATCH_LABELS && row->labels[family->label_count])
		memcpy(family->other->values.text[family->label_count++], "other", sizeof("other"));
	pthread_mutex_init(&family->lock, NULL);
	*out = family;
	return TAYRA_OK;
}

void
tayra__family_destroy(struct tayra__family *family)
{
	if (!family)
		return;
	for (uint32_t i = 0; i < family->count; i++)
		series_destroy(family->series[i]);
	series_destroy(family->other);
	pthread_mutex_destroy(&family->lock);
	tayra__mem_free(family);
}

const struct tayra__watch_row *
tayra__family_row(const struct tayra__family *family)
{
	return family->row;
}

static bool
same_values(const struct values *a, const struct values *b, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

static struct tayra__series *
shown(struct tayra__series *other)
{
	if (other->row->type != TAYRA__WATCH_GAUGE)
		atomic_store_explicit(&other->used, true, memory_order_release);
	return other;
}

/* The series with the wanted values, made if there is room and memory, or NULL.  Under the lock. */
static struct tayra__series *
find_or_make(struct tayra__family *family, const struct values *wanted)
{
	uint32_t count = atomic_load_explicit(&family->count, memory_order_relaxed);
	struct tayra__series *series;

	if (same_values(wanted, &family->other->values, family->label_count))
		return shown(family->other);
	for (uint32_t i = 0; i < count; i++)
		if (same_values(wanted, &family->series[i]->values, family->label_count))
			return family->series[i];
	if (count == family->series_max)
		return NULL;
	series = series_create(family->row);
	if (!series)
		return NULL;
	series->values = *wanted;
	family->series[count] = series;
	atomic_store_explicit(&family->count, count + 1, memory_order_release);
	return series;
}

static struct tayra__series *
other_of(struct tayra__family *family)
{
	if (family->others)
		tayra__series_add(family->others, 1);
	return shown(family->other);
}

struct tayra__series *
tayra__family_series(struct tayra__family *family, const char *const *values)
{
	struct values wanted = { 0 };
	struct tayra__series *series;

	if (family->label_count == 0)
		return family->other;
	for (unsigned i = 0; i < family->label_count; i++)
		if (!tayra__watch_label_clean(values[i], wanted.text[i]))
			return other_of(family);
	pthread_mutex_lock(&family->lock);
	series = find_or_make(family, &wanted);
	pthread_mutex_unlock(&family->lock);
	return series ? series : other_of(family);
}

void
tayra__series_add(struct tayra__series *series, uint64_t n)
{
	assert(series->row->type == TAYRA__WATCH_COUNTER);
	atomic_fetch_add_explicit(&series->stripes[my_number()].count, n, memory_order_relaxed);
}

void
tayra__series_set(struct tayra__series *series, double value)
{
	assert(series->row->type == TAYRA__WATCH_GAUGE);
	atomic_store_explicit(&series->gauge, value, memory_order_relaxed);
	atomic_store_explicit(&series->used, true, memory_order_release);
}

void
tayra__series_observe(struct tayra__series *series, uint64_t value)
{
	struct hist_stripe *stripe = &series->hists[my_number() % HIST_STRIPES];

	assert(series->row->type == TAYRA__WATCH_HISTOGRAM);
	pthread_mutex_lock(&stripe->lock);
	tayra__hist_add(&stripe->hist, value);
	pthread_mutex_unlock(&stripe->lock);
}

static bool
is_used(const struct tayra__series *series)
{
	return atomic_load_explicit(&series->used, memory_order_acquire);
}

static double
counter_sum(const struct tayra__series *series)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COUNTER_STRIPES; i++)
		sum += atomic_load_explicit(&series->stripes[i].count, memory_order_relaxed);
	return (double)sum;
}

static void
hist_sum(struct tayra__series *series, struct tayra__hist *sum)
{
	tayra__hist_init(sum);
	for (unsigned i = 0; i < HIST_STRIPES; i++) {
		pthread_mutex_lock(&series->hists[i].lock);
		tayra__hist_merge(sum, &series->hists[i].hist);
		pthread_mutex_unlock(&series->hists[i].lock);
	}
}

static void
visit_series(const struct tayra__family *family, struct tayra__series *series,
	     const struct tayra__watch_visitor *visitor, struct tayra__hist *scratch)
{
	struct tayra__watch_sample sample = { .row = family->row,
					      .label_count = family->label_count };

	for (unsigned i = 0; i < family->label_count; i++)
		sample.labels[i] = (struct tayra__watch_label){ family->row->labels[i],
								series->values.text[i] };
	if (family->row->type == TAYRA__WATCH_HISTOGRAM) {
		hist_sum(series, scratch);
		sample.hist = scratch;
	} else {
		double kept = family->row->type == TAYRA__WATCH_COUNTER
				      ? counter_sum(series)
				      : atomic_load_explicit(&series->gauge, memory_order_relaxed);

		sample.value = tayra__watch_scaled(family->row, kept);
	}
	if (!isnan(sample.value))
		visitor->sample(visitor->arg, &sample);
}

void
tayra__family_visit(struct tayra__family *family, const struct tayra__watch_visitor *visitor,
		    struct tayra__hist *scratch)
{
	uint32_t count = atomic_load_explicit(&family->count, memory_order_acquire);
	bool gauge = family->row->type == TAYRA__WATCH_GAUGE;

	if (visitor->family)
		visitor->family(visitor->arg, family->row);
	for (uint32_t i = 0; i < count; i++)
		if (!gauge || is_used(family->series[i]))
			visit_series(family, family->series[i], visitor, scratch);
	if (is_used(family->other) || (family->label_count == 0 && !gauge))
		visit_series(family, family->other, visitor, scratch);
}
