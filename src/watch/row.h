/* SPDX-License-Identifier: Apache-2.0
 *
 * row.h: what a metric is: a row of a table with name, unit, type and a sentence, from which every
 * exposition prints.  And what reading one yields.
 */
#ifndef TAYRA_WATCH_ROW_H
#define TAYRA_WATCH_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__hist;

enum tayra__watch_type {
	TAYRA__WATCH_COUNTER,  /* only grows, but for a restart */
	TAYRA__WATCH_GAUGE,    /* goes up and down */
	TAYRA__WATCH_HISTOGRAM /* of whole numbers, scaled on printing */
};

/* What a row of a table finds at its offset in the snapshot. */
enum tayra__watch_field {
	TAYRA__WATCH_NO_FIELD, /* not from a snapshot: the row of a family (family.h) */
	TAYRA__WATCH_U64,
	TAYRA__WATCH_U32,
	TAYRA__WATCH_DOUBLE, /* gauges only; a NaN says "not known" and is left out */
	TAYRA__WATCH_HIST    /* a const struct tayra__hist *; NULL is left out */
};

#define TAYRA__WATCH_LABELS    3  /* a sample has at most that many */
#define TAYRA__WATCH_LABEL_MAX 80 /* bytes of a label's value */

/* An array in the snapshot: label="values[i]" for the field at offset + i * stride. */
struct tayra__watch_dim {
	const char *label; /* NULL: no such dimension */
	const char *const *values;
	uint32_t count, stride;
};

struct tayra__watch_row {
	const char *name; /* lower case, unique, ends in _<unit>; a counter's "_total" is added */
	const char *unit; /* "seconds", "bytes", "ratio"; NULL: a number of things */
	const char *sentence;
	enum tayra__watch_type type;
	/* How many of what is kept make one `unit`: 1e9 for nanoseconds and seconds; 0 means 1.  A
	 * divisor, since 1e-9 is not a float: 4095 ns must print as 4.095e-06. */
	double per_unit;
	/* A histogram's buckets end below 2^low, 2^(low+1) .. 2^high of the number kept; 0, 0: 10
	 * to 36, for nanoseconds 1 us to 69 s. */
	uint8_t low, high;
	const char *labels[TAYRA__WATCH_LABELS]; /* of a family */
	enum tayra__watch_field field;           /* of a table, as are those below */
	size_t offset;
	struct tayra__watch_dim dims[2];
	bool absent; /* of a table: what it is about is not in use; it has no samples */
};

/* => TAYRA_OK, or TAYRA_E_INVAL: something in the row is missing, misspelt or contradicts itself.
 */
int tayra__watch_row_check(const struct tayra__watch_row *row);
/* Lower case letters, digits and '_', beginning with a letter, at most 100 bytes. */
bool tayra__watch_name_ok(const char *name);
double tayra__watch_scaled(const struct tayra__watch_row *row, double kept);

/*
 * Copy a label's value from outside, with U+FFFD for what is not UTF-8, so that two values that
 * would print alike are one.  => false: longer than out; out is not to be used.
 */
bool tayra__watch_label_clean(const char *text, char out[TAYRA__WATCH_LABEL_MAX + 1]);

struct tayra__watch_label {
	const char *name, *value;
};

struct tayra__watch_sample {
	const struct tayra__watch_row *row;
	struct tayra__watch_label labels[TAYRA__WATCH_LABELS];
	unsigned label_count;
	double value;                   /* in the row's unit; counters are exact to 2^53 */
	const struct tayra__hist *hist; /* of a histogram: as kept, to be scaled */
};

/* Told of every metric and then of its samples.  Borrowed for the call; see registry.h on what it
 * may do. */
struct tayra__watch_visitor {
	void (*family)(void *arg, const struct tayra__watch_row *row); /* may be NULL */
	void (*sample)(void *arg, const struct tayra__watch_sample *sample);
	void *arg;
};

#endif
