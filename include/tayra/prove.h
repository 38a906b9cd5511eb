/* SPDX-License-Identifier: Apache-2.0
 *
 * prove.h: was b really better than a?  Paired slices in, a ratio with an interval and a verdict
 * out.  Pure functions: no I/O, no clock, no state.  Any thread.  And the showcase, which is the
 * opposite of pure: one call that puts a real service under load and reports what tayra gains.
 */
#ifndef TAYRA_PROVE_H
#define TAYRA_PROVE_H

#include <tayra/base.h>

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tayra_verdict {
	TAYRA_INVALID = 0,   /* the measurement cannot be believed */
	TAYRA_SAME = 1,      /* the whole interval lies within the margin */
	TAYRA_BETTER = 2,    /* the interval excludes 1, on the good side */
	TAYRA_WORSE = 3,     /* the interval excludes 1, on the bad side */
	TAYRA_UNDECIDED = 4, /* none of these within the data */
};
/* "INVALID" "SAME" "BETTER" "WORSE" "UNDECIDED". */
TAYRA_API const char *tayra_verdict_name(enum tayra_verdict verdict);

enum tayra_better { TAYRA_BETTER_LOWER = 0, TAYRA_BETTER_HIGHER = 1 };

struct tayra_prove_rule {
	size_t size;
	double margin; /* relative; default 0.02 */
	double alpha;  /* two-sided; default 0.05 */
	uint64_t seed; /* of the random sign flips beyond 20 pairs; default 1 */
	enum tayra_better better;
};
#define TAYRA_PROVE_RULE_INIT TAYRA__SIZED(struct tayra_prove_rule)

struct tayra_comparison {
	double a_value, b_value; /* medians over the pairs */
	double ratio, lo,
		hi; /* b/a: Hodges-Lehmann on log ratios, and its 1 - alpha interval; NaN: none */
	double p;   /* two-sided sign-flip */
	double mde; /* smallest relative effect these pairs find with 80% power; NaN: not known */
	uint32_t pairs;         /* used: a pair with a NaN or negative side is left out */
	uint32_t pairs_missing; /* about how many more would settle an UNDECIDED; 0: not known */
	enum tayra_verdict verdict;
};

/*
 * Compare n pairs of slices that were run in random order inside each pair.
 * => Test: sign-flip on log(b/a), exact to 20 pairs, else 9,999 random flips.  Its validity comes
 *    from our own coin, not from a noise model.  The interval is the same test inverted.
 * => A pair with one side zero is judged on differences instead, for the whole sample: the
 *    verdict then comes from p alone and the ratio is that of the medians, its interval NaN where
 *    undefined.  All zero on both sides: ratio NaN, verdict SAME.
 * => The estimate is moved to the nearest end of the interval when skew puts it outside.
 * => Fewer than 6 pairs cannot reach p < .05, nor n pairs an alpha of 2^(1 - n) or less: UNDECIDED,
 *    and pairs_missing says how many can.
 * => TAYRA_E_INVAL for a NULL, a margin or alpha outside (0, 1); TAYRA_E_NOMEM.
 */
TAYRA_API int tayra_prove_compare(const double *a, const double *b, size_t n,
				  const struct tayra_prove_rule *rule,
				  struct tayra_comparison *out);

/*
 * The showcase, as `tayra showcase` runs it: a catalogue of packages in SQLite, served plain, tuned
 * by hand and with tayra, in turns; each mechanism against tayra without it; four files.
 */
struct tayra_showcase_options {
	size_t size;
	bool quick;              /* a minute instead of eight */
	uint64_t seed;           /* default 1 */
	const char *data_path;   /* a Debian Packages file; NULL: this machine's index */
	const char *out_dir;     /* made if it is not there; NULL: "showcase-results" */
	const char *prices_path; /* your prices, as contrib/prices.json; NULL: no money */
	double slice_scale;      /* of the slices' length, .05 to 10; default 1.  Less than 1 leaves
				    more undecided */
	double level_p99_ms;     /* the service level of the capacity; default: half the deadline */
	double level_errors;     /* a share; default .01 */
	FILE *progress;          /* what goes on, in words; NULL: silent.  Borrowed for the call */
};
#define TAYRA_SHOWCASE_OPTIONS_INIT TAYRA__SIZED(struct tayra_showcase_options)

#define TAYRA_SHOWCASE_PATH_MAX 4096

struct tayra_showcase_summary {
	size_t size;
	bool valid;    /* false: the measurement cannot be believed, and `why` says why */
	char why[400]; /* one line; also after an error */
	/* The average improvement: how many times as well tayra did, over all metrics that were
	 * registered for it before the run; > 1 is better. */
	struct tayra_comparison over_tuned, over_plain;
	uint32_t better, worse, same, undecided; /* comparisons with the tuned service */
	/* Scores of 0 to 10 (docs/design/showcase.md); NaN when the run is not valid. */
	double complexity, innovation, business_impact;
	/* What was written. */
	char results_json[TAYRA_SHOWCASE_PATH_MAX], report_html[TAYRA_SHOWCASE_PATH_MAX],
		report_md[TAYRA_SHOWCASE_PATH_MAX], portfolio_md[TAYRA_SHOWCASE_PATH_MAX];
};
#define TAYRA_SHOWCASE_SUMMARY_INIT TAYRA__SIZED(struct tayra_showcase_summary)

/*
 * Run it; blocks for as long as it takes, with some 600 threads of its own and copies of the
 * database in a temporary directory.  One at a time in a process: it measures the process.
 * => TAYRA_OK, whatever the verdicts, and also when the run is not valid.
 * => TAYRA_E_INVAL: an option, or an out_dir that cannot be written.  TAYRA_E_CORRUPT,
 *    TAYRA_E_NOT_FOUND: the data or the prices are bad, or empty.  TAYRA_E_IO, TAYRA_E_NOMEM and
 *    others.  summary->why has one line then, and the rest is zero.  NULL options mean all
 *    defaults.
 */
TAYRA_API int tayra_showcase_run(const struct tayra_showcase_options *options,
				 struct tayra_showcase_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
