/* SPDX-License-Identifier: Apache-2.0
 *
 * prove.h: was b really better than a?  Paired slices in, a ratio with an interval and a verdict
 * out.  Pure functions: no I/O, no clock, no state.  Any thread.
 */
#ifndef TAYRA_PROVE_H
#define TAYRA_PROVE_H

#include <tayra/base.h>

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
#define TAYRA_PROVE_RULE_INIT                                                                      \
	{                                                                                          \
		.size = sizeof(struct tayra_prove_rule)                                            \
	}

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
 * => Fewer than 6 pairs cannot reach p < .05: UNDECIDED.
 * => TAYRA_E_INVAL for a NULL, a margin or alpha outside (0, 1); TAYRA_E_NOMEM.
 */
TAYRA_API int tayra_prove_compare(const double *a, const double *b, size_t n,
				  const struct tayra_prove_rule *rule,
				  struct tayra_comparison *out);

#ifdef __cplusplus
}
#endif
#endif
