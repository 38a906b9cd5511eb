/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/pgoutput.h"

#include <string.h>

#define COLUMNS_MAX 1664u /* of a PostgreSQL row: more is nonsense */

/* What is left to be read; `at` is NULL once something was not there. */
struct rest {
	const unsigned char *at, *end;
};

static const unsigned char *
take(struct rest *rest, size_t n)
{
	const unsigned char *at = rest->at;

	if (!at || (size_t)(rest->end - at) < n) {
		rest->at = NULL;
		return NULL;
	}
	rest->at += n;
	return at;
}

static uint64_t
number(const unsigned char *at, size_t bytes)
{
	uint64_t n = 0;

	for (size_t i = 0; at && i < bytes; i++)
		n = n << 8 | at[i];
	return n;
}

static uint8_t
take_8(struct rest *rest)
{
	return (uint8_t)number(take(rest, 1), 1);
}

static uint16_t
take_16(struct rest *rest)
{
	return (uint16_t)number(take(rest, 2), 2);
}

static uint32_t
take_32(struct rest *rest)
{
	return (uint32_t)number(take(rest, 4), 4);
}

static uint64_t
take_64(struct rest *rest)
{
	return number(take(rest, 8), 8);
}

static struct tayra__part
take_text(struct rest *rest)
{
	const unsigned char *at = rest->at;
	const unsigned char *end = at ? memchr(at, 0, (size_t)(rest->end - at)) : NULL;

	if (!end) {
		rest->at = NULL;
		return (struct tayra__part){ "", 0 };
	}
	rest->at = end + 1;
	return (struct tayra__part){ (const char *)at, (size_t)(end - at) };
}

static struct tayra__pgoutput_column
take_column(struct rest *rest)
{
	struct tayra__pgoutput_column column;

	column.identifies = take_8(rest) & 1;
	column.name = take_text(rest);
	take(rest, 8); /* its type, and that type's modifier */
	return column;
}

static struct tayra__pgoutput_cell
take_cell(struct rest *rest)
{
	struct tayra__pgoutput_cell cell = { (enum tayra__pgoutput_cell_kind)take_8(rest),
					     { "", 0 } };
	const unsigned char *at;
	size_t len;

	switch (cell.kind) {
	case TAYRA__PGOUTPUT_NULL:
	case TAYRA__PGOUTPUT_UNCHANGED: break;
	case TAYRA__PGOUTPUT_TEXT:
	case TAYRA__PGOUTPUT_BINARY:
		len = take_32(rest);
		at = take(rest, len);
		if (at)
			cell.value = (struct tayra__part){ (const char *)at, len };
		break;
	default: rest->at = NULL;
	}
	return cell;
}

static struct tayra__pgoutput_walk
take_columns(struct rest *rest)
{
	struct tayra__pgoutput_walk walk = { .left = take_16(rest) };

	walk.at = rest->at;
	walk.end = rest->end;
	if (walk.left > COLUMNS_MAX)
		rest->at = NULL;
	for (uint32_t i = 0; i < walk.left && rest->at; i++)
		take_column(rest);
	return walk;
}

static struct tayra__pgoutput_walk
take_cells(struct rest *rest)
{
	struct tayra__pgoutput_walk walk = { .left = take_16(rest) };

	walk.at = rest->at;
	walk.end = rest->end;
	if (walk.left > COLUMNS_MAX)
		rest->at = NULL;
	for (uint32_t i = 0; i < walk.left && rest->at; i++)
		take_cell(rest);
	return walk;
}

static void
take_relation(struct rest *rest, struct tayra__pgoutput *m)
{
	m->relation = take_32(rest);
	m->schema = take_text(rest);
	m->table = take_text(rest);
	m->full = take_8(rest) == 'f';
	m->list = take_columns(rest);
}

/* 'K' or 'O' is the row as it was, 'N' as it is. */
static void
take_change(struct rest *rest, struct tayra__pgoutput *m)
{
	uint8_t which;

	m->relation = take_32(rest);
	which = take_8(rest);
	if (m->kind != TAYRA__PGOUTPUT_INSERT && (which == 'K' || which == 'O')) {
		m->has_old = true;
		m->old = take_cells(rest);
		if (m->kind == TAYRA__PGOUTPUT_DELETE)
			return;
		which = take_8(rest);
	}
	if (m->kind == TAYRA__PGOUTPUT_DELETE || which != 'N')
		rest->at = NULL;
	else
		m->new = take_cells(rest);
}

static void
take_truncation(struct rest *rest, struct tayra__pgoutput *m)
{
	m->list.left = take_32(rest);
	take(rest, 1);
	m->list.at = rest->at;
	m->list.end = rest->end;
	for (uint32_t i = 0; i < m->list.left && rest->at; i++)
		take(rest, 4);
}

bool
tayra__pgoutput_read(const void *bytes, size_t len, struct tayra__pgoutput *out)
{
	struct rest rest = { bytes, (const unsigned char *)bytes + len };

	*out = (struct tayra__pgoutput){ .kind = (enum tayra__pgoutput_kind)take_8(&rest) };
	switch (out->kind) {
	case TAYRA__PGOUTPUT_BEGIN:
		take(&rest, 16); /* where it ends, and when it did */
		out->xid = take_32(&rest);
		break;
	case TAYRA__PGOUTPUT_COMMIT: take(&rest, 25); break;
	case TAYRA__PGOUTPUT_RELATION: take_relation(&rest, out); break;
	case TAYRA__PGOUTPUT_INSERT:
	case TAYRA__PGOUTPUT_UPDATE:
	case TAYRA__PGOUTPUT_DELETE: take_change(&rest, out); break;
	case TAYRA__PGOUTPUT_TRUNCATE: take_truncation(&rest, out); break;
	case TAYRA__PGOUTPUT_OTHER:
	default: out->kind = TAYRA__PGOUTPUT_OTHER;
	}
	return rest.at != NULL;
}

bool
tayra__envelope_read(const void *bytes, size_t len, struct tayra__envelope *out)
{
	struct rest rest = { bytes, (const unsigned char *)bytes + len };

	*out = (struct tayra__envelope){ .kind = (enum tayra__envelope_kind)take_8(&rest) };
	out->lsn = take_64(&rest);
	switch (out->kind) {
	case TAYRA__ENVELOPE_DATA:
		take(&rest, 16); /* the end of the log, and the time */
		if (rest.at)
			out->data = (struct tayra__part){ (const char *)rest.at,
							  (size_t)(rest.end - rest.at) };
		break;
	case TAYRA__ENVELOPE_KEEPALIVE:
		take(&rest, 8);
		out->asks = take_8(&rest) != 0;
		break;
	default: return false;
	}
	return rest.at != NULL;
}

bool
tayra__pgoutput_column(struct tayra__pgoutput_walk *columns, struct tayra__pgoutput_column *out)
{
	struct rest rest = { columns->at, columns->end };

	if (columns->left == 0)
		return false;
	*out = take_column(&rest);
	columns->at = rest.at;
	columns->left--;
	return true;
}

bool
tayra__pgoutput_cell(struct tayra__pgoutput_walk *cells, struct tayra__pgoutput_cell *out)
{
	struct rest rest = { cells->at, cells->end };

	if (cells->left == 0)
		return false;
	*out = take_cell(&rest);
	cells->at = rest.at;
	cells->left--;
	return true;
}

bool
tayra__pgoutput_relation(struct tayra__pgoutput_walk *relations, uint32_t *out)
{
	struct rest rest = { relations->at, relations->end };

	if (relations->left == 0)
		return false;
	*out = take_32(&rest);
	relations->at = rest.at;
	relations->left--;
	return true;
}

static void
put_64(unsigned char *at, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		at[i] = (unsigned char)(n >> (8 * (7 - i)));
}

void
tayra__envelope_status(uint64_t lsn, bool asks, unsigned char out[TAYRA__ENVELOPE_STATUS_BYTES])
{
	out[0] = 'r';
	put_64(out + 1, lsn);  /* written */
	put_64(out + 9, lsn);  /* flushed */
	put_64(out + 17, lsn); /* applied */
	put_64(out + 25, 0);   /* our clock: nobody reads it but people */
	out[33] = asks;
}
