/* SPDX-License-Identifier: Apache-2.0
 *
 * load_line.h: a load test in one line:
 *
 *     100..2000/s step 100 ramp 5s sustain 30s success 99% p99 50ms
 *
 * From 100 requests a second to 2,000 in steps of 100; each is reached over 5 s and held for 30;
 * 99% shall succeed, and 99% of all be answered within 50 ms.  Pure; any thread.
 */
#ifndef TAYRA_DRIVE_LOAD_LINE_H
#define TAYRA_DRIVE_LOAD_LINE_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__LOAD_LINE_MAX  512  /* bytes of a line */
#define TAYRA__LOAD_STEPS_MAX 1000 /* from the initial rate to the maximum, both counted */

/* What a latency threshold may be about; in the order in which they are looked at. */
enum tayra__load_latency {
	TAYRA__LOAD_MEAN,
	TAYRA__LOAD_P50,
	TAYRA__LOAD_P95,
	TAYRA__LOAD_P99,
	TAYRA__LOAD_P999,
	TAYRA__LOAD_MAX,
	TAYRA__LOAD_LATENCIES,
};

struct tayra__load_line {
	double initial_per_s, maximum_per_s, step_per_s;
	uint64_t ramp_ns, sustain_ns;
	double success;                          /* at least this share; above 0, at most 1 */
	uint64_t most_ns[TAYRA__LOAD_LATENCIES]; /* 0: no threshold */
};

/*
 * Rates first, as "A..B/s" or "B/s", then words, each at most once, in any order: step (default a
 * tenth of the way), ramp (5s; 0s: at once), sustain (30s), success (99%), and latencies: mean p50
 * p95 p99 p99.9 max.
 * => TAYRA_OK; TAYRA_E_INVAL with one printable line in `why`, "at 15: 'stpe' is no word of a load;
 *    did you mean 'step'?", counted in bytes from 1.  *out is then untouched.
 */
int tayra__load_line_parse(const char *line, struct tayra__load_line *out, char *why,
			   size_t why_size);
/* As a line that means the same.  Returns its length, as snprintf does. */
int tayra__load_line_format(const struct tayra__load_line *line, char *text, size_t size);
/* How many rates there are, and the i-th from 0; the last is the maximum itself. */
size_t tayra__load_line_steps(const struct tayra__load_line *line);
double tayra__load_line_rate(const struct tayra__load_line *line, size_t i);
/* "mean" "p50" .. "p99.9" "max". */
const char *tayra__load_latency_name(enum tayra__load_latency latency);

#endif
