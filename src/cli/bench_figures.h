/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_figures.h: the metrics of a bench that runs, beside those of its arms (drive/live.h).
 */
#ifndef TAYRA_CLI_BENCH_FIGURES_H
#define TAYRA_CLI_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "watch/headline.h"
#include "watch/registry.h"

#define TAYRA__BENCH_PHASES 6

/* As the registry reads them.  NaN: does not apply, or not known yet. */
struct tayra__bench_figures {
	uint32_t phase[TAYRA__BENCH_PHASES]; /* 1 for the one it is in */
	double rate_wanted, rate_reached;
	double rounds_done, rounds_planned;
	double done; /* of the whole */
	uint64_t generator_cpu_ns, watch_cpu_ns;
};

extern const struct tayra__watch_row tayra__bench_rows[];
extern const size_t tayra__bench_row_count;
/* "pilot" "warmup" "baseline" "load" "stress" "recovery". */
extern const char *const tayra__bench_phases[TAYRA__BENCH_PHASES];
/* What a person wants first. */
extern const struct tayra__headline tayra__bench_headlines[];
extern const size_t tayra__bench_headline_count;

#endif
