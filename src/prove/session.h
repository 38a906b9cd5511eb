/* SPDX-License-Identifier: Apache-2.0
 *
 * session.h: arms run in short slices, in a new random order each round, so that whatever the
 * machine does falls on all of them alike.  Knows nothing of what a slice does.
 */
#ifndef TAYRA_PROVE_SESSION_H
#define TAYRA_PROVE_SESSION_H

#include "prove/metric.h"
#include "prove/spread.h"

#include <stdatomic.h>
#include <stddef.h>

struct tayra__hist;

#define TAYRA__SESSION_TURNS_MAX 32
#define TAYRA__SESSION_PARTS_MAX 32

/* What is asked of an arm in one slice. */
struct tayra__slice {
	const char *scene, *phase;
	uint32_t round; /* 0 .. rounds - 1, the same for every arm of the round */
	uint32_t turn;  /* 0 .. turns - 1 */
	uint64_t seed;  /* the same for every arm of the turn: same arrivals, same keys */
	uint64_t length_ns;
};

/* What it yields.  NaN: does not apply. */
struct tayra__measure {
	double value[TAYRA__METRICS];
	/* ns; the arm adds to them; NULL: not wanted.  From when a request was due; and, of those
	 * answered well, from when it was sent, where that is not the same. */
	struct tayra__hist *latency, *service;
	/* [plan->parts], NaN: a figure of each part of what was asked (a kind of request), lower is
	 * better; NULL: there are none. */
	double *part;
	struct tayra__spread spread; /* of the latencies; the session fills it in */
	uint64_t lag_p99_ns;         /* of the generator */
	uint64_t requests;
	bool invalid; /* the generator or the machine spoilt this slice */
};

struct tayra__arm {
	const char *name;
	/* Runs one slice and returns when nothing of it is still running.  => TAYRA_OK;
	 * TAYRA_PENDING: ends the session as a stop does; or a status that ends it with nothing. */
	int (*run)(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out);
	void *ctx;
};

struct tayra__session_plan {
	const char *scene, *phase;
	uint32_t rounds;
	/* Slices an arm gets in a round, each in an order of its own; its figures of the round are
	 * their median (or what metric.h says).  0: one. */
	uint32_t turns;
	uint32_t parts; /* of what is asked, each with a figure of its own; 0: none */
	uint64_t slice_ns, gap_ns;
	uint64_t seed;
	const _Atomic bool *stop; /* set by Ctrl-C: end after the running slice; may be NULL */
	/* After each slice; may be NULL. */
	void (*progress)(void *ctx, size_t arm, const struct tayra__slice *,
			 const struct tayra__measure *);
	void *progress_ctx;
};

struct tayra__session {
	size_t arms;
	uint32_t rounds;                 /* complete ones */
	struct tayra__measure *measures; /* [round * arms + arm]; invalid where half of its turns
					    are */
	struct tayra__hist *latency;     /* [arm], merged over the rounds */
	struct tayra__hist *service;     /* [arm], as well */
	uint32_t parts;
	double *part; /* [(round * arms + arm) * parts + part]; the median of the turns */
};

/* => TAYRA_OK (also when stopped: rounds says how far), an arm's status, TAYRA_E_NOMEM,
 * TAYRA_E_INVAL: too many turns. */
int tayra__session_run(const struct tayra__arm *arms, size_t n,
		       const struct tayra__session_plan *plan, struct tayra__session *out);
void tayra__session_fini(struct tayra__session *session);

/* b against a, with a2 (a second instance of a) as the A/A; pairs are rounds, and a spoilt slice
 * takes its round along.  NaN fields where a metric does not apply.  More than half of the rounds
 * spoilt: verdict INVALID.  The rule's direction is the metric's, whatever it says.
 * => as tayra_prove_compare(); TAYRA_E_INVAL for no such metric or arm. */
struct tayra__session_comparison {
	struct tayra_comparison ab, aa;
};
int tayra__session_compare(const struct tayra__session *session, enum tayra__metric metric,
			   size_t a, size_t b, size_t a2, const struct tayra_prove_rule *rule,
			   struct tayra__session_comparison *out);

/* The same of one part, lower is better, and without an A/A. */
int tayra__session_compare_part(const struct tayra__session *session, uint32_t part, size_t a,
				size_t b, const struct tayra_prove_rule *rule,
				struct tayra_comparison *out);

/* log of how many times better b was than a, round by round (out has room for `rounds`); NaN for a
 * spoilt pair and where a side is not above zero.  A row for stat/mean_ratio.h. */
void tayra__session_log_ratios(const struct tayra__session *session, enum tayra__metric metric,
			       size_t a, size_t b, double *out);

#endif
