/* SPDX-License-Identifier: Apache-2.0
 *
 * showcase.h: the demonstration from end to end: data, sweep, scenes, results.
 */
#ifndef TAYRA_SHOWCASE_SHOWCASE_H
#define TAYRA_SHOWCASE_SHOWCASE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "prove/prices.h"
#include "showcase/results.h"

/* For tests of the report: what it must say when nothing, or something bad, is to be found. */
enum tayra__sabotage {
	TAYRA__SABOTAGE_NONE,
	TAYRA__SABOTAGE_SAME, /* the three limited arms are one design, plain too */
	TAYRA__SABOTAGE_SLOW, /* and every request to tayra costs a fifth more processor time */
};

struct tayra__showcase_options {
	bool quick;
	const char *data_path; /* NULL: the machine's package index */
	uint64_t seed;
	const struct tayra__prices *prices; /* NULL: nothing is said of money */
	double level_p99_ms;                /* the service level; 0: half the deadline */
	double level_errors;                /* 0: one in a hundred */
	enum tayra__sabotage sabotage;
	double slice_scale;       /* 1; tests take less */
	const _Atomic bool *stop; /* set by Ctrl-C */
	FILE *progress;           /* NULL: silent */
};

/*
 * Run.  `results` is big: allocate it; it needs no fini.
 * => TAYRA_OK: results are complete, or as far as results->interrupted let them be.
 * => TAYRA_E_CORRUPT, TAYRA_E_NOT_FOUND: bad or empty data.  TAYRA_E_CANCELLED: stopped before
 *    anything was measured.  TAYRA_E_IO, TAYRA_E_NOMEM and others.  `error` gets one line.
 */
int tayra__showcase_run(const struct tayra__showcase_options *options,
			struct tayra__results *results, char *error, size_t error_len);

#endif
