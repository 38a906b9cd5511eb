/* SPDX-License-Identifier: Apache-2.0
 *
 * history.h: verdicts kept as JSON lines in a file that only grows.  A line stands for itself, so
 * two branches' files merge by union.
 */
#ifndef TAYRA_PROVE_HISTORY_H
#define TAYRA_PROVE_HISTORY_H

#include <tayra/prove.h>

#include <stdbool.h>
#include <stdio.h>

#define TAYRA__HISTORY_VERSION  1
#define TAYRA__HISTORY_LINE_MAX (64u << 10) /* bytes */
#define TAYRA__HISTORY_PAIRS    1000        /* of a verdict whose pairs are kept */

/* One verdict.  Texts longer than their field are cut when written, and refused when read. */
struct tayra__history_row {
	char run[48];               /* which run of tayra: its time and something random */
	char time[24];              /* "2026-11-26T12:15:00Z" */
	char bench[64], commit[64]; /* what was measured; which revision of it, "" if not told */
	char a[32], b[32], metric[32], unit[16], verdict[16];
	bool higher_is_better;
	double a_value, b_value, ratio, lo, hi, p, mde, margin, aa_ratio; /* NaN: null */
	uint32_t pairs;
	uint64_t seed;
	/* What each pair showed, for those who compute on it; pairs_kept of each, or 0. */
	const double *a_pairs, *b_pairs;
	uint32_t pairs_kept;
};

/*
 * Append it, whole or not at all: one write, then fsync.  A last line of the file that was cut off
 * is ended first.  The file is made if it is not there.
 * => TAYRA_OK; TAYRA_E_IO with errno; TAYRA_E_NOMEM.
 */
int tayra__history_append(const char *path, const struct tayra__history_row *row);

struct tayra__history_reader {
	/* A verdict; its pairs are gone when this returns.  false ends the reading. */
	bool (*row)(void *ctx, const struct tayra__history_row *row);
	/* What was passed over and why, in one line with file and line number. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
};
struct tayra__history_count {
	uint64_t rows, passed_over;
};
/*
 * Read all of it, a line at a time.  Lines of another kind or of a newer version, lines cut in
 * half, figures below 0 and garbage are passed over with a note: what can be read of a history is
 * worth having.
 * => TAYRA_OK, TAYRA_E_IO, TAYRA_E_NOMEM.
 */
int tayra__history_read(FILE *in, const char *name, const struct tayra__history_reader *reader,
			struct tayra__history_count *count);

#endif
