/* SPDX-License-Identifier: Apache-2.0
 *
 * format.h: what trace.c and the readers of single formats share.
 */
#ifndef TAYRA_SIM_FORMAT_H
#define TAYRA_SIM_FORMAT_H

#include "sim/trace.h"

#define TAYRA__CSV_COLUMNS_MAX 64

struct tayra__input;

struct tayra__trace {
	struct tayra__input *input;
	const char *name;       /* for messages */
	char *name_copy;        /* owned; what name points at */
	uint64_t place;         /* of what was read last: line or record, from 1; 0: nothing yet */
	const char *place_word; /* NULL: a line */
	unsigned columns;
	int (*next)(struct tayra__trace *trace, struct tayra__trace_request *out,
		    struct tayra__trace_error *error);
	unsigned csv_columns;                      /* of the header */
	uint8_t csv_field[TAYRA__CSV_COLUMNS_MAX]; /* enum in csv.c: what a column holds */
};

/* A piece of a line, not terminated. */
struct tayra__field {
	const char *text;
	size_t len;
};

/* Set trace->next and columns, reading a header where the format has one. */
int tayra__csv_begin(struct tayra__trace *trace, struct tayra__trace_error *error);
int tayra__oraclegeneral_begin(struct tayra__trace *trace, struct tayra__trace_error *error);
int tayra__twitter_begin(struct tayra__trace *trace, struct tayra__trace_error *error);

/* A trace from what is open already, which is taken over.  => as tayra__trace_open(). */
int tayra__trace_begin(struct tayra__input *input, const char *name,
		       enum tayra__trace_format format, struct tayra__trace **out,
		       struct tayra__trace_error *error);
/* Write "FILE:PLACE: what" and return the status. */
__attribute__((format(printf, 4, 5))) int tayra__trace_fail(const struct tayra__trace *trace,
							    struct tayra__trace_error *error,
							    int status, const char *format, ...);
/* The same for what went wrong below the format, in reading or decompressing; errno as it was. */
int tayra__trace_fail_input(const struct tayra__trace *trace, struct tayra__trace_error *error,
			    int status);
/* The next line, counted.  => as tayra__input_line, with the error written except at the end. */
int tayra__trace_line(struct tayra__trace *trace, struct tayra__field *line,
		      struct tayra__trace_error *error);

/* Cut a line at its commas into at most max fields; returns how many there are, also past max. */
size_t tayra__field_split(struct tayra__field line, struct tayra__field *fields, size_t max);
/* Whole field, decimal digits only.  => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__field_u64(struct tayra__field field, uint64_t *out);
/* Whole field, finite, >= 0.  => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__field_decimal(struct tayra__field field, double *out);
/* A copy fit for a message: short, printable, in quotes. */
struct tayra__field_quote {
	char text[40];
};
struct tayra__field_quote tayra__field_quote(struct tayra__field field);

/* Do these first bytes look like records of that format? */
enum tayra__format_look { TAYRA__FORMAT_NO, TAYRA__FORMAT_YES };
enum tayra__format_look tayra__oraclegeneral_look(const unsigned char *bytes, size_t len);
enum tayra__format_look tayra__twitter_look(const unsigned char *bytes, size_t len);

#endif
