/* SPDX-License-Identifier: Apache-2.0
 *
 * phases.h: a load test in phases: warm up until steady, a baseline, a climb in steps, stress
 * beyond the maximum, and how long it takes to recover.  It knows rates, slices and figures; what
 * the load is put on, and how, is the load's business.  Runs on the caller's thread.
 */
#ifndef TAYRA_DRIVE_PHASES_H
#define TAYRA_DRIVE_PHASES_H

#include "drive/load_figures.h"
#include "drive/load_line.h"
#include "drive/phase_log.h"

#define TAYRA__PHASES_BASELINE                                                                     \
	0.2                         /* of the maximum rate; the warm-up and recovery run at it too \
				     */
#define TAYRA__PHASES_STRESS      3 /* steps beyond the maximum, of a tenth of it each */
#define TAYRA__PHASES_CALM_SLICES 5 /* in a row, and it has recovered */

enum tayra__phase_kind {
	TAYRA__PHASE_WARMUP,
	TAYRA__PHASE_BASELINE,
	TAYRA__PHASE_LOAD,
	TAYRA__PHASE_STRESS,
	TAYRA__PHASE_RECOVERY,
};

enum tayra__phase_verdict {
	TAYRA__PHASE_MET,
	TAYRA__PHASE_FAILED,
	TAYRA__PHASE_INVALID, /* the generator was the bottleneck, or nothing was asked */
	TAYRA__PHASE_STOPPED, /* before its end: its figures are of a part */
};

struct tayra__phase {
	enum tayra__phase_kind kind;
	enum tayra__phase_verdict verdict;
	double rate_per_s;          /* what was planned */
	uint64_t start_ns;          /* of the test's load; after the ramp */
	uint64_t length_ns, slices; /* without the ramp */
	/*
	 * Static text; NULL: nothing is wrong.  FAILED: the threshold that was broken, and of
	 * several the one that a slice broke first: "success", "mean" .. "max"; for a warm-up
	 * "steady" or "success", for a recovery "recovery".  INVALID: "lag", "rate" or "requests".
	 */
	const char *failed;
	uint64_t
		failed_ns; /* begin of the slice that broke it first, in the phase; 0: none alone */
	struct tayra__load_figures figures;
	struct tayra__spread latency, service; /* of all its slices together */
};

struct tayra__phases {
	struct tayra__phase *phase; /* in the order in which they ran */
	size_t count;
	struct tayra__phase_log log;
	bool steady;          /* the warm-up had settled when it ended */
	double best_per_s;    /* the highest rate of load or stress that was met; 0: none */
	double calm_ms;       /* a slice with a higher median is not calm; NaN: no baseline */
	uint64_t recovery_ns; /* from the end of the load; UINT64_MAX: not seen */
	bool stopped;
};

/* Before and after each slice. */
struct tayra__phases_progress {
	enum tayra__phase_kind kind;
	double rate_per_s;
	double p50_ms, p99_ms;        /* of the slice that ran last; NaN: none yet */
	uint64_t elapsed_ns, most_ns; /* of load; at most so long in all, as far as is known */
};

/* What the load is put on. */
struct tayra__phases_load {
	/* Run one slice of open-loop load whose rate goes linearly from the one to the other.
	 * out->latency is empty.  => TAYRA_OK, or a status that ends the test: TAYRA_PENDING as a
	 * stop does. */
	int (*slice)(void *ctx, double from_per_s, double to_per_s, uint64_t length_ns,
		     struct tayra__drive_result *out);
	/* What the target has used so far; false: not known.  May be NULL. */
	bool (*use)(void *ctx, struct tayra__process_use *out);
	/* May be NULL. */
	void (*progress)(void *ctx, const struct tayra__phases_progress *progress);
	void *ctx;
};

struct tayra__phases_plan {
	struct tayra__load_line line;
	uint64_t slice_ns; /* 0: for 20 requests at the baseline, within 0.5 s .. 10 s, and whole
			      periods */
	/* What becomes due besides the rates' requests, on average, and how long its period is:
	 * bursts.  0: nothing does. */
	double besides_per_s;
	uint64_t period_ns;
	uint32_t warmup_slices, recovery_slices; /* at most; 0: 60 */
	/* Have the slices' medians, in order, settled?  NULL: tayra__steady() says so, which takes
	 * twenty slices. */
	bool (*settled)(const double *medians, size_t n);
	const _Atomic bool *stop; /* seen between slices; may be NULL */
};

/*
 * Run it.
 * => Warm-up: slices at the baseline's rate until settled and the last ten together keep success as
 *    the line wants it; one that does not get there is FAILED, and the test goes on.  Baseline: the
 * line's sustain, ten slices at least.  Load: each rate of the line, reached by a ramp and
 * sustained.  Stress: 110%, 120%, 130%.  A baseline or step that FAILED ends the climb: what lies
 * above says nothing new.
 * => INVALID: the generator's lag p99 is more than 5% of the latency p99, or it offered fewer than
 *    95% of what was planned and by more than chance (4 square roots), or nothing.  Not for
 *    warm-ups.
 * => Recovery, after a step at least: back to the baseline's rate at once, until five slices in a
 *    row are calm: a median not above calm_ms and success as the line wants it.  calm_ms is the
 *    upper end of the band in which 95% of the baseline's slice medians lie: their median + 1.96 x
 *    1.4826 MAD, at least 1% above it.  recovery_ns ends where the five begin: one calm slice in
 *    between is none.
 * => TAYRA_OK, also when stopped; TAYRA_E_NOMEM; what slice() returned.  The phases that ran are in
 *    *out in any case, the last as STOPPED if it was not over; call fini.
 */
int tayra__phases_run(const struct tayra__phases_plan *plan, const struct tayra__phases_load *load,
		      struct tayra__phases *out);
void tayra__phases_fini(struct tayra__phases *phases);

/* The worst that counts: INVALID before FAILED before MET; STOPPED when it was.  A warm-up that
 * does not settle is INVALID; stress does not count. */
enum tayra__phase_verdict tayra__phases_verdict(const struct tayra__phases *phases);
/* "warmup" "baseline" "load" "stress" "recovery"; "met" "failed" "invalid" "stopped". */
const char *tayra__phase_name(enum tayra__phase_kind kind);
const char *tayra__phase_verdict_name(enum tayra__phase_verdict verdict);
/* All of it as an object: {"verdict":..,"steady":..,"phases":[..]}. */
void tayra__phases_json(struct tayra__json *json, const char *key,
			const struct tayra__phases *phases);

#endif
