/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/past.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TRENDED 1000 /* values of a series, the newest */

int
tayra__past_init(struct tayra__past *past, const char *bench, const char *metric)
{
	*past = (struct tayra__past){ .bench = bench, .metric = metric };
	past->pairs = tayra__mem_array(2 * TAYRA__HISTORY_PAIRS, sizeof(*past->pairs));
	return past->pairs ? TAYRA_OK : TAYRA_E_NOMEM;
}

void
tayra__past_fini(struct tayra__past *past)
{
	tayra__mem_free(past->pairs);
	tayra__mem_free(past->rows);
	*past = (struct tayra__past){ .rows = NULL };
}

static bool
make_room(struct tayra__past *past)
{
	size_t room = past->room ? 2 * past->room : 64;
	void *rows;

	if (past->count < past->room)
		return true;
	rows = tayra__mem_resize(past->rows, room * sizeof(*past->rows));
	past->no_memory = !rows;
	if (!rows)
		return false;
	past->rows = rows;
	past->room = room;
	return true;
}

bool
tayra__past_keep(void *ctx, const struct tayra__history_row *row)
{
	struct tayra__past *past = ctx;

	if ((past->bench && strcmp(past->bench, row->bench) != 0) ||
	    (past->metric && strcmp(past->metric, row->metric) != 0))
		return true;
	if (!make_room(past))
		return false;
	past->rows[past->count++] = *row;
	if (strcmp(row->time, past->last.time) < 0)
		return true;
	past->last = *row;
	memcpy(past->pairs, row->a_pairs, row->pairs_kept * sizeof(double));
	memcpy(past->pairs + TAYRA__HISTORY_PAIRS, row->b_pairs, row->pairs_kept * sizeof(double));
	return true;
}

static bool
same_series(const struct tayra__history_row *a, const struct tayra__history_row *b)
{
	return strcmp(a->bench, b->bench) == 0 && strcmp(a->metric, b->metric) == 0 &&
	       strcmp(a->b, b->b) == 0;
}

/* Rows of one series together, in order of time; what a merge doubled, side by side. */
static int
by_series(const void *left, const void *right)
{
	const struct tayra__history_row *a = left, *b = right;
	int order = strcmp(a->bench, b->bench);

	if (!order)
		order = strcmp(a->metric, b->metric);
	if (!order)
		order = strcmp(a->b, b->b);
	if (!order)
		order = strcmp(a->time, b->time);
	return order ? order : strcmp(a->run, b->run);
}

void
tayra__past_sort(struct tayra__past *past)
{
	size_t kept = 0;

	if (past->count)
		qsort(past->rows, past->count, sizeof(*past->rows), by_series);
	for (size_t i = 0; i < past->count; i++)
		if (!kept || by_series(&past->rows[kept - 1], &past->rows[i]) != 0)
			past->rows[kept++] = past->rows[i];
	past->count = kept;
}

size_t
tayra__past_series(const struct tayra__past *past, size_t from)
{
	size_t to = from + 1;

	while (to < past->count && same_series(&past->rows[from], &past->rows[to]))
		to++;
	return to;
}

int
tayra__past_trend(const struct tayra__history_row *rows, size_t n, struct tayra__trend *out)
{
	double logs[TRENDED];
	size_t first = n > TRENDED ? n - TRENDED : 0, count = 0;
	int status;

	for (size_t i = first; i < n; i++)
		if (rows[i].b_value > 0)
			logs[count++] = log(rows[i].b_value);
	status = tayra__trend(logs, count, 0.05, out);
	out->slope = expm1(out->slope);
	out->lo = expm1(out->lo);
	out->hi = expm1(out->hi);
	return status;
}
