/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/spread.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "load/origin.h"

/* Rows a key that are read and dropped rather than giving the query up. */
#define SURPLUS 100u

int
tayra__spread_create(const struct tayra__pattern *keys, const struct tayra__shape *shape,
		     uint32_t loads_max, struct tayra__spread **out)
{
	struct tayra__spread *s = tayra__mem_alloc(sizeof(*s));

	*out = NULL;
	if (!s)
		return TAYRA_E_NOMEM;
	s->keys = keys;
	s->shape = shape;
	s->wanted = tayra__mem_array(loads_max, sizeof(s->wanted[0]));
	if (!s->wanted) {
		tayra__mem_free(s);
		return TAYRA_E_NOMEM;
	}
	*out = s;
	return TAYRA_OK;
}

void
tayra__spread_destroy(struct tayra__spread *spread)
{
	if (spread)
		tayra__mem_free(spread->wanted);
	tayra__mem_free(spread);
}

int
tayra__spread_columns(const struct tayra__spread *s, const char *const *plain,
		      uint32_t plain_columns, const char *const *batch, uint32_t batch_columns,
		      const struct tayra__complaint *why)
{
	const uint32_t keys = s->keys->parts;

	if (s->shape->shape == TAYRA_SHAPE_RAW)
		return TAYRA_OK;
	if (batch_columns != keys + plain_columns) {
		tayra__complain(why,
				"SQL: it returns %u columns, and must return %u: %u of the key, "
				"and those of the query",
				batch_columns, keys + plain_columns, keys);
		return TAYRA_E_INVAL;
	}
	for (uint32_t i = 0; i < plain_columns; i++)
		if (strcmp(plain[i], batch[keys + i]) != 0) {
			tayra__complain(why, "SQL: column %u is \"%s\", and the query's is \"%s\"",
					keys + i + 1, batch[keys + i], plain[i]);
			return TAYRA_E_INVAL;
		}
	return TAYRA_OK;
}

static bool
are_texts(const struct tayra__part *parts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!tayra__utf8_is_text(parts[i].bytes, parts[i].len))
			return false;
	return true;
}

static int
compare(const void *a, const void *b, void *spread)
{
	const struct tayra__wanted *x = a, *y = b;
	const struct tayra__spread *s = spread;
	int order = 0;

	for (uint32_t i = 0; i < s->keys->parts && order == 0; i++) {
		const struct tayra__part *p = &x->parts[i], *q = &y->parts[i];

		order = p->len != q->len ? (p->len > q->len ? 1 : -1)
			: p->len > 0     ? memcmp(p->bytes, q->bytes, p->len)
					 : 0;
	}
	return order;
}

static void
leave_alone(struct tayra__spread *s, struct tayra_load *load)
{
	s->loads[s->alone++] = load;
}

/* Equal ones lie side by side. */
static void
leave_doubles_alone(struct tayra__spread *s)
{
	uint32_t count = s->count;

	s->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct tayra__wanted *w = &s->wanted[i];

		if (s->count > 0 && compare(w, &s->wanted[s->count - 1], s) == 0)
			leave_alone(s, w->load);
		else
			s->wanted[s->count++] = *w;
	}
	if (s->count == 1)
		leave_alone(s, s->wanted[--s->count].load);
}

uint32_t
tayra__spread_begin(struct tayra__spread *s, struct tayra_load **loads, uint32_t n)
{
	s->loads = loads;
	s->alone = s->count = s->strays = s->surplus = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct tayra__wanted *w = &s->wanted[s->count];
		size_t key_len;
		const void *key = tayra_load_key(loads[i], &key_len);

		w->load = loads[i];
		if (!tayra__pattern_match(s->keys, key, key_len, w->parts))
			tayra_load_fail(loads[i], TAYRA_E_INVAL, 0);
		else if (are_texts(w->parts, s->keys->parts))
			s->count++;
		else
			leave_alone(s, w->load);
	}
	qsort_r(s->wanted, s->count, sizeof(s->wanted[0]), compare, s);
	leave_doubles_alone(s);
	for (uint32_t i = 0; i < s->count; i++) {
		tayra__result_begin(&s->wanted[i].result, s->shape);
		loads[s->alone + i] = s->wanted[i].load;
	}
	return s->count;
}

struct tayra_load **
tayra__spread_loads(const struct tayra__spread *spread)
{
	return spread->loads + spread->alone;
}

static struct tayra__wanted *
find(struct tayra__spread *s, const struct tayra__cell *cells)
{
	struct tayra__wanted key;
	uint32_t low = 0, high = s->count;

	for (uint32_t i = 0; i < s->keys->parts; i++) {
		if (cells[i].kind == TAYRA__CELL_NULL)
			return NULL;
		key.parts[i] = (struct tayra__part){ cells[i].bytes, cells[i].len };
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(&key, &s->wanted[middle], s);

		if (order == 0)
			return &s->wanted[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
is_flooded(const struct tayra__spread *s)
{
	return s->surplus > SURPLUS * s->count;
}

static enum tayra__rows
take_row(void *spread, const char *const *names, const struct tayra__cell *cells, uint32_t columns)
{
	struct tayra__spread *s = spread;
	const uint32_t parts = s->keys->parts;
	struct tayra__wanted *w = columns > parts ? find(s, cells) : NULL;
	uint32_t rows = w ? w->result.rows : 0;

	if (w)
		tayra__result_row(&w->result, names + parts, cells + parts, columns - parts);
	else
		s->strays++;
	if (!w || w->result.rows == rows)
		s->surplus++;
	return is_flooded(s) ? TAYRA__ROWS_ENOUGH : TAYRA__ROWS_MORE;
}

struct tayra__sink
tayra__spread_sink(struct tayra__spread *spread)
{
	return (struct tayra__sink){ take_row, spread };
}

void
tayra__spread_drop(struct tayra__spread *spread)
{
	for (uint32_t i = 0; i < spread->count; i++)
		tayra__result_fini(&spread->wanted[i].result);
	spread->count = 0;
}

int
tayra__spread_finish(struct tayra__spread *s, uint32_t i, int status)
{
	struct tayra__wanted *w = &s->wanted[i];
	const void *value = NULL;
	size_t len = 0;

	if (status == TAYRA_OK)
		status = tayra__result_end(&w->result, &value, &len);
	if (status == TAYRA_OK)
		tayra_load_done(w->load, value, len, NULL);
	else
		tayra_load_fail(w->load, status, 0);
	w->load = NULL;
	return status;
}

static bool
is_alone_now(const struct tayra__spread *s, const struct tayra__wanted *w,
	     const struct tayra__outcome *outcome)
{
	if (outcome->status != TAYRA_OK)
		return outcome->data;
	return is_flooded(s) || (s->strays > 0 && w->result.rows == 0);
}

void
tayra__spread_end(struct tayra__spread *s, const struct tayra__outcome *outcome, tayra__work_fn one,
		  void *arg, uint32_t worker)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const struct tayra__wanted *w = &s->wanted[i];

		if (w->load && is_alone_now(s, w, outcome))
			leave_alone(s, w->load);
		else if (w->load)
			tayra__spread_finish(s, i, outcome->status);
	}
	tayra__spread_drop(s);
	for (uint32_t i = 0; i < s->alone; i++) {
		int status = tayra__load_over(s->loads[i]);

		if (status == TAYRA_OK)
			one(arg, worker, s->loads[i]);
		else
			tayra_load_fail(s->loads[i], status, 0);
	}
}
