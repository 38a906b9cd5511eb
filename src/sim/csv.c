/* SPDX-License-Identifier: Apache-2.0
 *
 * csv.c: the project's own trace format.  No quoting: every field is a number but the operation.
 */
#include "sim/format.h"

#include <tayra/base.h>

#include <string.h>
#include <strings.h>

#include "base/option.h"

enum csv_field { CSV_SKIP, CSV_TIME, CSV_KEY, CSV_SIZE, CSV_TTL, CSV_OP, CSV_COST };

/* In the order of the enum, from CSV_TIME. */
static const char *const names[] = {
	"time_s", "key", "size_bytes", "ttl_s", "op", "cost_ms", NULL
};

static unsigned
field_by_name(struct tayra__field name)
{
	for (unsigned i = 0; names[i]; i++)
		if (strlen(names[i]) == name.len && memcmp(names[i], name.text, name.len) == 0)
			return i + CSV_TIME;
	return CSV_SKIP;
}

/* A name we do not know is skipped, unless it reads like a slip of one we do. */
static int
check_unknown(struct tayra__trace *trace, struct tayra__field name,
	      struct tayra__trace_error *error)
{
	char copy[32];
	const char *near = NULL;

	if (name.len > 0 && name.len < sizeof(copy)) {
		memcpy(copy, name.text, name.len);
		copy[name.len] = '\0';
		near = name.len > 2 ? tayra__option_nearest(copy, names) : NULL;
	}
	if (!near)
		return TAYRA_OK;
	return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
				 "column %s is not known (did you mean '%s'?)",
				 tayra__field_quote(name).text, near);
}

static int
read_header(struct tayra__trace *trace, const struct tayra__field *fields, size_t count,
	    struct tayra__trace_error *error)
{
	unsigned seen = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned field = field_by_name(fields[i]);

		if (field != CSV_SKIP && (seen & 1u << field))
			return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
						 "column '%s' is there twice", names[field - 1]);
		if (field == CSV_SKIP && check_unknown(trace, fields[i], error))
			return TAYRA_E_CORRUPT;
		seen |= 1u << field;
		trace->csv_field[i] = (uint8_t)field;
	}
	for (unsigned field = CSV_TIME; field <= CSV_SIZE; field++)
		if (!(seen & 1u << field))
			return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
						 "the header has no column '%s'", names[field - 1]);
	trace->columns = (seen & 1u << CSV_TTL ? TAYRA__TRACE_HAS_TTL : 0) |
			 (seen & 1u << CSV_COST ? TAYRA__TRACE_HAS_COST : 0) |
			 (seen & 1u << CSV_OP ? TAYRA__TRACE_HAS_DELETE : 0);
	return TAYRA_OK;
}

/* => TAYRA_OK, or TAYRA_E_INVAL with *what saying what the field should be. */
static int
read_size(struct tayra__field text, struct tayra__trace_request *out, const char **what)
{
	*what = text.len && text.text[0] == '-' ? "is negative" : "is not a size in bytes";
	if (tayra__field_u64(text, &out->size_bytes) || out->size_bytes > INT64_MAX)
		return TAYRA_E_INVAL;
	return TAYRA_OK;
}

static int
read_field(enum csv_field field, struct tayra__field text, struct tayra__trace_request *out,
	   const char **what)
{
	*what = "is not a number of at least 0";
	switch (field) {
	case CSV_SKIP: return TAYRA_OK;
	case CSV_TIME: return tayra__field_decimal(text, &out->time_s);
	case CSV_KEY:
		*what = "is not an unsigned 64-bit number: number the keys, or hash them to 64 "
			"bits";
		out->key_text = text.text;
		out->key_len = text.len;
		return tayra__field_u64(text, &out->key);
	case CSV_SIZE: return read_size(text, out, what);
	case CSV_TTL: return text.len ? tayra__field_decimal(text, &out->ttl_s) : TAYRA_OK;
	case CSV_COST: return tayra__field_decimal(text, &out->cost_ms);
	case CSV_OP:
		if (text.len == 6 && strncasecmp(text.text, "delete", 6) == 0)
			out->op = TAYRA__TRACE_DELETE;
		return TAYRA_OK;
	}
	return TAYRA_E_INVAL;
}

static int
next(struct tayra__trace *trace, struct tayra__trace_request *out, struct tayra__trace_error *error)
{
	struct tayra__field line, fields[TAYRA__CSV_COLUMNS_MAX];
	size_t count;

	*out = (struct tayra__trace_request){ 0 };
	do {
		int status = tayra__trace_line(trace, &line, error);

		if (status)
			return status;
	} while (line.len == 0);
	count = tayra__field_split(line, fields, TAYRA__CSV_COLUMNS_MAX);
	if (count != trace->csv_columns)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "%zu columns where the header has %u", count,
					 trace->csv_columns);
	for (size_t i = 0; i < count; i++) {
		const char *what;

		if (read_field((enum csv_field)trace->csv_field[i], fields[i], out, &what))
			return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT, "%s %s %s",
						 names[trace->csv_field[i] - 1],
						 tayra__field_quote(fields[i]).text, what);
	}
	return TAYRA_OK;
}

int
tayra__csv_begin(struct tayra__trace *trace, struct tayra__trace_error *error)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct tayra__field line, fields[TAYRA__CSV_COLUMNS_MAX];
	size_t count;
	int status = tayra__trace_line(trace, &line, error);

	if (status)
		return status;
	if (line.len >= 3 && memcmp(line.text, byte_order_mark, 3) == 0)
		line = (struct tayra__field){ line.text + 3, line.len - 3 };
	if (memchr(line.text, 0, line.len))
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "binary data where a CSV header should be");
	count = tayra__field_split(line, fields, TAYRA__CSV_COLUMNS_MAX);
	if (count > TAYRA__CSV_COLUMNS_MAX)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT, "more than %d columns",
					 TAYRA__CSV_COLUMNS_MAX);
	trace->csv_columns = (unsigned)count;
	trace->next = next;
	return read_header(trace, fields, count, error);
}
