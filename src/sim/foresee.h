/* SPDX-License-Identifier: Apache-2.0
 *
 * foresee.h: how well the next-access predictor foresees a trace: at moments drawn at random, is a
 * key used again within the horizon?  Beside it three that are simpler.  All say what they think of
 * a moment when it is there, with what they had learned by then, and learn when it has come due
 * (prequential; Dawid, JRSS A 147, 1984).
 *
 *   base rate  the share of moments that came true so far
 *   recency    that share among moments as long after the key's last use: a table by half octaves
 *              of 1 + that time in 1/256 horizon, where each cell leans on the base rate by two
 *   fixed      sigmoid(w.x) times confidence, and never learns:
 *                frequency   0.30  min(uses / 10, 1)
 *                recency     0.30  exp(-recency / horizon)
 *                trend       0.20  1 where the last interval is below the mean one, else 0
 *                interval    0.15  exp(-interval / horizon), 0 before there is one
 *                time of day 0.05  1 from 8 to 20 h, else 0; 1/2 where it is not known
 *              confidence = min(uses / 10, 1)
 *
 * Not thread-safe.
 */
#ifndef TAYRA_SIM_FORESEE_H
#define TAYRA_SIM_FORESEE_H

#include "learn/predictor.h"

enum tayra__foreseer {
	TAYRA__FORESEER_TAYRA,
	TAYRA__FORESEER_BASE_RATE,
	TAYRA__FORESEER_RECENCY,
	TAYRA__FORESEER_FIXED,
};
#define TAYRA__FORESEERS 4

struct tayra__foresight {
	double labels, base_rate;
	/* Each NAN without a label. */
	double brier[TAYRA__FORESEERS];    /* mean squared errors: the lower the better */
	double log_loss[TAYRA__FORESEERS]; /* in nats; probabilities within 1e-6 of 0 and 1 at most
					    */
	struct tayra__predictor_bin bins[TAYRA__PREDICT_BINS]; /* of the predictor; sums */
};

struct tayra__foresee;

/* Ticks are the caller's: requests, or a unit of time.  horizon >= 1; day: ticks in one, 0 where
 * time of day is not known.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__foresee_create(uint64_t horizon, uint64_t day, uint64_t seed,
			  struct tayra__foresee **out);
void tayra__foresee_destroy(struct tayra__foresee *foresee);
/* A key was used, at a tick that does not go back. */
void tayra__foresee_use(struct tayra__foresee *foresee, uint64_t key, uint64_t now);
/* So far. */
void tayra__foresee_result(const struct tayra__foresee *foresee, struct tayra__foresight *out);
/* 1 - Brier score over that of another: how much of its error is gone; NAN where it has none. */
double tayra__foresight_skill(const struct tayra__foresight *foresight,
			      enum tayra__foreseer against);

#endif
