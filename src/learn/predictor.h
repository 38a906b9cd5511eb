/* SPDX-License-Identifier: Apache-2.0
 *
 * predictor.h: will this key be used again within the horizon?  A logistic regression learned
 * online, with a step a weight (AdaGrad: Duchi, Hazan and Singer, JMLR 12, 2011), on these features
 * of a key at a moment, each standardised by its running mean and deviation:
 *
 *   frequency   log2 of its uses
 *   recency     log2 of the time since its last use, in 1/256 horizon
 *   interval    log2 of the mean time between its uses, fading by half a use; and whether it has
 * one trend       log2 of its last interval over that mean overdue     log2 of 1 + recency over
 * interval due         1 - exp(-horizon / interval): the chance if it were a Poisson process time
 * of day sine and cosine, where the caller tells it
 *
 * Labels come late: now and then a moment is put into a table of bounded size; a use of its key
 * before it is due makes it true, coming due makes it false, being pushed out makes it nothing.
 * What is judged is the prediction that was made at the moment, with what had been learned by then,
 * so that the record of how good the predictions were is honest (prequential).
 *
 * Keys are known by a hash in a set-associative table that forgets what was used longest ago.
 * One block of memory, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_PREDICTOR_H
#define TAYRA_LEARN_PREDICTOR_H

#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__PREDICT_FEATURES 10 /* with the constant */
#define TAYRA__PREDICT_BINS     10 /* of predicted probability */

struct tayra__predictor_options {
	uint64_t horizon; /* >= 1, in the caller's ticks */
	uint64_t day;     /* ticks in a day; 0: time of day is not known */
	uint32_t keys;    /* that are known at once; >= 8 */
	uint32_t samples; /* that wait for their label; >= 8 */
	uint64_t seed;
};

/* What is known of a key. */
struct tayra__predictor_key {
	uint64_t hash; /* 0: free */
	uint64_t last;
	float interval, last_interval; /* in ticks; 0: used once */
	uint32_t uses;
};

/* A moment that waits for its label. */
struct tayra__predictor_sample {
	uint64_t hash, due; /* due 0: free */
	uint32_t chain;
	bool used;
	float raw[TAYRA__PREDICT_FEATURES]; /* as computed, not standardised */
	struct tayra__predictor_key key;    /* as it was */
	uint64_t at;
	double predicted; /* at that time */
};

/* Predicted in a bin, and what came of it. */
struct tayra__predictor_bin {
	double count, predicted, used;
};

struct tayra__predictor {
	struct tayra__predictor_options options;
	double weight[TAYRA__PREDICT_FEATURES], gradient[TAYRA__PREDICT_FEATURES];
	double mean[TAYRA__PREDICT_FEATURES], square[TAYRA__PREDICT_FEATURES];
	double labels, used; /* judged so far */
	double brier;        /* sum of squared errors */
	struct tayra__predictor_bin bins[TAYRA__PREDICT_BINS];
	uint32_t sets, heads;
	uint32_t oldest, waiting; /* samples are a ring */
	uint64_t taken;           /* samples so far */
	struct tayra__rng rng;
};

struct tayra__prediction {
	double probability; /* of a use within the horizon */
	double confidence;  /* 0..1: how near to the truth such predictions have been; see .c */
};

/* A label has come, in the order in which moments were taken: told before it is learned from. */
typedef void tayra__predictor_judge_fn(void *ctx, const struct tayra__predictor_sample *sample,
				       bool used);

/* 0 when the numbers are too large. */
size_t tayra__predictor_bytes(const struct tayra__predictor_options *options);
void tayra__predictor_init(struct tayra__predictor *predictor,
			   const struct tayra__predictor_options *options);
/* A use of a key, at a time that does not go back.  judge may be NULL. */
void tayra__predictor_use(struct tayra__predictor *predictor, uint64_t hash, uint64_t now,
			  tayra__predictor_judge_fn *judge, void *ctx);
/* The moment taken last, while it waits; NULL when none waits. */
const struct tayra__predictor_sample *
tayra__predictor_newest(const struct tayra__predictor *predictor);
/* A key that is not known is taken as one never used. */
struct tayra__prediction tayra__predictor_ask(const struct tayra__predictor *predictor,
					      uint64_t hash, uint64_t now);
/* Mean squared error of the predictions judged so far; NAN before the first. */
double tayra__predictor_brier(const struct tayra__predictor *predictor);

#endif
