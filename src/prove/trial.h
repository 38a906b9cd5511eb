/* SPDX-License-Identifier: Apache-2.0
 *
 * trial.h: from a budget of time to a verdict on one metric.  A pilot sees how long a round takes
 * and how noisy it is; from that follows how many rounds are run; a session runs them, with a
 * second instance of the base as the A/A; the rest is arithmetic.  Knows nothing of what a slice
 * does.
 */
#ifndef TAYRA_PROVE_TRIAL_H
#define TAYRA_PROVE_TRIAL_H

#include "prove/session.h"

#define TAYRA__TRIAL_ARMS_MAX 8

struct tayra__trial_plan {
	const struct tayra__arm *arms; /* [n], the first is the base; 2 .. TAYRA__TRIAL_ARMS_MAX */
	size_t n;
	enum tayra__metric metric;
	double margin,
		alpha; /* of tayra_prove_rule; alpha is shared out over the arms (Bonferroni) */
	uint64_t budget_ns;
	uint64_t slice_ns, gap_ns;
	uint32_t turns; /* slices of each arm in a round, at most; 0: one */
	uint32_t parts; /* of what is asked (session.h) */
	uint32_t
		rounds; /* exactly that many, whatever the budget and without a pilot; 0: by them */
	uint64_t seed;
	const _Atomic bool *stop; /* may be NULL */
	/* After each slice: which round of how many (0 of 0 in the pilot), and how far it all is.
	 */
	void (*progress)(void *ctx, uint32_t round, uint32_t rounds, double share);
	void *progress_ctx;
};

/* What the pilot saw. */
struct tayra__trial_pilot {
	uint32_t rounds; /* used for the noise; 0: one pass only, a round takes too long for more */
	uint64_t round_ns; /* how long a round takes */
	double sd;         /* of the log ratio of a pair; NaN: not known */
};

struct tayra__trial {
	struct tayra__trial_pilot pilot;
	uint32_t planned;              /* rounds; 0: it did not get that far */
	uint32_t turns;                /* slices of each arm in a round */
	struct tayra__session session; /* arms 0 .. n - 1, then the A/A */
	struct tayra_comparison
		ab[TAYRA__TRIAL_ARMS_MAX]; /* [i]: arm i against arm 0; [0] unused */
	struct tayra_comparison aa;
	bool stopped;     /* by plan->stop, or an arm that returned TAYRA_PENDING */
	bool out_of_time; /* the rounds took longer than the pilot said: fewer were run */
	char spoilt[160]; /* why it cannot be believed, all verdicts are INVALID then; "": it can */
};

/*
 * => The rounds: enough to show with 80% power that two equal arms lie within the margin, by the
 *    pilot's noise and half of it again; at least 12, at most 1,000, and what the budget holds.
 *    The number is fixed before the first round, so that no test is repeated until it likes what it
 *    sees; a run that is late ends by the clock, not by the data.  The pilot's slices do not count.
 * => Where that is more than 40, rounds are made of several turns each: the median of an arm's
 * slices shrugs at what happened in one of them, which the mean over pairs would not.
 * => The A/A spoils nothing: under random order it differs by chance only, and is there to be seen.
 * => Of a tail of latencies: when the generator's own lag differs between an arm and the base,
 * beyond chance and by more than the margin, the trial is spoilt and says so.
 * => TAYRA_OK, also when stopped, with what there is; TAYRA_E_INVAL; an arm's status;
 *    TAYRA_E_NOMEM.  `out` needs tayra__trial_fini() after TAYRA_OK only.
 */
int tayra__trial_run(const struct tayra__trial_plan *plan, struct tayra__trial *out);
/* Only the pilot: how noisy it is and how long it takes.  `session` is not filled. */
int tayra__trial_pilot(const struct tayra__trial_plan *plan, struct tayra__trial_pilot *out);
/* It cannot be believed, and why. */
__attribute__((format(printf, 2, 3))) void tayra__trial_spoil(struct tayra__trial *trial,
							      const char *why, ...);
void tayra__trial_fini(struct tayra__trial *trial);

/* What each part showed of each arm but the base. */
struct tayra__trial_parts {
	uint32_t parts; /* 0: there are none */
	struct tayra_comparison ab[TAYRA__TRIAL_ARMS_MAX][TAYRA__SESSION_PARTS_MAX];
};
/*
 * Judge them by Holm's steps: the smallest p of all arms and parts at alpha by how many there are,
 * the next by one fewer, until one is not below; that one's alpha is for all that follow.  So any
 * part that did not change is called BETTER or WORSE with at most alpha, and each interval is of
 * the alpha that its verdict was found by.  A trial that is spoilt makes all INVALID.
 * Source: Holm, Scandinavian Journal of Statistics 6, 1979.
 * => TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__trial_parts(const struct tayra__trial_plan *plan, const struct tayra__trial *trial,
		       struct tayra__trial_parts *out);

/* How large the difference of an arm to the base is, beside its ratio.  NaN: cannot be said.  Over
 * slices d grows with their length (stat/effect.h): judge by Cliff's delta. */
struct tayra__trial_effects {
	double cliff, cliff_lo, cliff_hi; /* over slices: P(arm above base) - P(below) */
	double d_slice;                   /* Hedges' g, in deviations of a slice's figure */
	/* Over single runs or requests, all slices together; of a time only. */
	double cliff_request, d_request;
};
/* `timed`: the metric is one of the times in the session's histograms.  => TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__trial_effects(const struct tayra__trial *trial, enum tayra__metric metric, bool timed,
			 size_t arm, struct tayra__trial_effects *out);

/* What the pairs that counted showed, both above 0, of an arm and its base: at most `most`. Returns
 * how many. */
uint32_t tayra__trial_pairs(const struct tayra__trial *trial, enum tayra__metric metric, size_t arm,
			    uint32_t most, double *base, double *other);

/* Rounds that would show two equal arms to lie within the margin, by that noise. */
double tayra__trial_rounds(double sd, double margin, double alpha);

#endif
