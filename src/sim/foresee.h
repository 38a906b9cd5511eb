/* SPDX-License-Identifier: Apache-2.0
 *
 * foresee.h: how well the next-access predictor foresees a trace, beside what is simpler: the share
 * of moments that came true so far (base rate), the same regression on recency alone, and a fixed
 * formula.  All judge the same moments, each before it learns from them.
 *
 * The fixed formula, sigmoid(w.x) times confidence, never learns:
 *   x = min(uses / 10, 1), exp(-recency / horizon), rising (the last interval is shorter than the
 *   mean), exp(-interval / horizon), by day (8 to 20 h; 1/2 where unknown)
 *   w = 0.3, 0.3, 0.2, 0.15, 0.05; confidence = min(uses / 10, 1)
 */
#ifndef TAYRA_SIM_FORESEE_H
#define TAYRA_SIM_FORESEE_H

#include "learn/predictor.h"

struct tayra__requests;

struct tayra__foresight {
	uint64_t horizon; /* requests */
	double labels, base_rate;
	/* Brier scores: mean squared errors, the lower the better. */
	double brier, brier_base_rate, brier_recency, brier_fixed;
	struct tayra__predictor_bin bins[TAYRA__PREDICT_BINS]; /* of the predictor */
};

/* horizon 0: a fiftieth of the rows, at least 100.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__foresee(const struct tayra__requests *requests, uint64_t horizon, uint64_t seed,
		   struct tayra__foresight *out);

#endif
