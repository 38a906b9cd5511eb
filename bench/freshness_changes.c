/* SPDX-License-Identifier: Apache-2.0 */
#include "freshness_changes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/trace.h"

#define START_MS 1000ull
#define DAY_MS   86400000.0

struct update {
	uint64_t at_ms, key;
};

struct updates {
	struct update *items;
	uint32_t count, room;
};

static int
push(struct updates *updates, uint64_t at_ms, uint64_t key)
{
	if (updates->count == updates->room) {
		uint32_t room = updates->room ? updates->room * 2 : 4096;
		void *more = tayra__mem_resize(updates->items, room * sizeof(*updates->items));

		if (!more)
			return TAYRA_E_NOMEM;
		updates->items = more;
		updates->room = room;
	}
	updates->items[updates->count++] = (struct update){ at_ms, key };
	return TAYRA_OK;
}

static int
by_key(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int
by_time(const void *a, const void *b)
{
	const struct update *x = a, *y = b;

	return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* A trace's keys become 0 .. n-1.  => n. */
static uint32_t
number(struct updates *updates)
{
	uint32_t n = 0;
	uint64_t last = 0;

	qsort(updates->items, updates->count, sizeof(*updates->items), by_key);
	for (uint32_t i = 0; i < updates->count; i++) {
		if (i > 0 && updates->items[i].key != last)
			n++;
		last = updates->items[i].key;
		updates->items[i].key = n;
	}
	return updates->count ? n + 1 : 0;
}

static int
read_it(struct freshness *f, struct updates *updates, uint32_t keys,
	const struct freshness_options *options)
{
	uint32_t *holder, *version, next = 0;
	struct tayra__zipf zipf;
	struct tayra__rng rng;
	double at_ms = START_MS, step;

	f->keys = keys;
	f->count = options->reads;
	f->reads = tayra__mem_array(f->count, sizeof(*f->reads));
	holder = tayra__mem_array(f->keys, sizeof(*holder));
	version = tayra__mem_array(f->keys, sizeof(*version));
	if (!f->reads || !holder || !version)
		return TAYRA_E_NOMEM;
	qsort(updates->items, updates->count, sizeof(*updates->items), by_time);
	f->span_ms = updates->items[updates->count - 1].at_ms;
	step = (double)f->span_ms / f->count;
	tayra__rng_init(&rng, options->seed);
	tayra__zipf_init(&zipf, f->keys, options->zipf);
	for (uint32_t i = 0; i < f->keys; i++)
		holder[i] = i;
	tayra__rng_shuffle(&rng, holder, f->keys);
	for (uint32_t i = 0; i < f->count; i++) {
		struct freshness_read *read = &f->reads[i];

		at_ms += step * tayra__rng_exponential(&rng);
		while (next < updates->count && (double)updates->items[next].at_ms <= at_ms)
			version[updates->items[next++].key]++;
		read->at_ms = (uint64_t)at_ms;
		read->key = holder[tayra__zipf_next(&zipf, &rng)];
		read->version = version[read->key];
	}
	tayra__mem_free(holder);
	tayra__mem_free(version);
	return TAYRA_OK;
}

int
freshness_open_trace(struct freshness *f, const char *path, const struct freshness_options *options,
		     char *error, size_t error_len)
{
	struct tayra__trace_error trouble = { "" };
	struct tayra__trace_request row;
	struct updates updates = { 0 };
	struct tayra__trace *trace;
	int status = tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &trouble);

	memset(f, 0, sizeof(*f));
	if (status == TAYRA_OK) {
		while ((status = tayra__trace_next(trace, &row, &trouble)) == TAYRA_OK)
			if (push(&updates, START_MS + (uint64_t)(row.time_s * 1000), row.key) !=
			    TAYRA_OK)
				break;
		tayra__trace_close(trace);
		status = status == TAYRA_E_NOT_FOUND && updates.count ? TAYRA_OK : TAYRA_E_CORRUPT;
	}
	if (status == TAYRA_OK)
		status = read_it(f, &updates, number(&updates), options);
	snprintf(error, error_len, "%s", trouble.text);
	tayra__mem_free(updates.items);
	return status;
}

/* A gap until the next change, at a mean of mean_ms. */
static double
gap(struct tayra__rng *rng, double mean_ms)
{
	return mean_ms * tayra__rng_exponential(rng);
}

static int
poisson(struct updates *updates, uint64_t key, double mean_ms, double span_ms,
	struct tayra__rng *rng)
{
	int status = TAYRA_OK;

	for (double at = gap(rng, mean_ms); at < span_ms && status == TAYRA_OK;
	     at += gap(rng, mean_ms))
		status = push(updates, START_MS + (uint64_t)at, key);
	return status;
}

/* Bursts as a Poisson process; in each, changes until one in eight is the last, 200 times as near
 * to one another as bursts are. */
static int
bursty(struct updates *updates, uint64_t key, double mean_ms, double span_ms,
       struct tayra__rng *rng)
{
	const double burst = 8, nearer = 200;
	int status = TAYRA_OK;

	for (double at = gap(rng, mean_ms * burst); at < span_ms && status == TAYRA_OK;
	     at += gap(rng, mean_ms * burst)) {
		do {
			status = push(updates, START_MS + (uint64_t)at, key);
			at += gap(rng, mean_ms * burst / nearer);
		} while (at < span_ms && status == TAYRA_OK && tayra__rng_unit(rng) > 1 / burst);
	}
	return status;
}

/* Twelve hours of 1.9 times the mean rate, twelve of 0.1, every day. */
static int
diurnal(struct updates *updates, uint64_t key, double mean_ms, double span_ms,
	struct tayra__rng *rng)
{
	const double most = 1.9, least = 0.1;
	int status = TAYRA_OK;

	for (double at = gap(rng, mean_ms / most); at < span_ms && status == TAYRA_OK;
	     at += gap(rng, mean_ms / most))
		if (fmod(at, DAY_MS) < DAY_MS / 2 || tayra__rng_unit(rng) < least / most)
			status = push(updates, START_MS + (uint64_t)at, key);
	return status;
}

int
freshness_open_synthetic(struct freshness *f, enum freshness_law law,
			 const struct freshness_changes *changes,
			 const struct freshness_options *options)
{
	static int (*const laws[])(struct updates *, uint64_t, double, double,
				   struct tayra__rng *) = {
		[FRESHNESS_POISSON] = poisson,
		[FRESHNESS_BURSTY] = bursty,
		[FRESHNESS_DIURNAL] = diurnal,
	};
	double span_ms = (double)changes->span_ms;
	struct updates updates = { 0 };
	struct tayra__rng rng;
	int status = TAYRA_OK;

	memset(f, 0, sizeof(*f));
	tayra__rng_init(&rng, options->seed + 1);
	for (uint32_t key = 0; key < changes->keys && status == TAYRA_OK; key++) {
		/* 10^0 .. 10^3, of mean 999 / ln 1000 = 144.6 */
		double weight = pow(10, 3 * tayra__rng_unit(&rng)) / 144.6;
		double mean_ms = span_ms * changes->keys / changes->updates / weight;

		status = laws[law](&updates, key, mean_ms, span_ms, &rng);
	}
	if (status == TAYRA_OK)
		status = read_it(f, &updates, changes->keys, options);
	tayra__mem_free(updates.items);
	return status;
}
