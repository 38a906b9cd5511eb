/* SPDX-License-Identifier: Apache-2.0
 *
 * foresee.c: the predictor draws the moments and keeps its own prediction; those of the others wait
 * here in a ring beside its ring, as moments come due in the order in which they were taken.
 */
#include "sim/foresee.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define KEYS        65536
#define SAMPLES     8192
#define CELLS       64   /* of recency, half octaves */
#define LEAN        2.0  /* moments a cell borrows from the base rate */
#define CERTAIN     1e-6 /* nobody is surer, for the log loss */
#define USES_FULL   10.0
#define DAY_FROM    (8.0 / 24)
#define DAY_TO      (20.0 / 24)
#define W_FREQUENCY 0.30
#define W_RECENCY   0.30
#define W_TREND     0.20
#define W_INTERVAL  0.15
#define W_DAY       0.05

struct cell {
	double count, used;
};

/* What the simple ones said of a moment. */
struct said {
	double predicted[TAYRA__FORESEERS];
	unsigned cell;
};

struct tayra__foresee {
	struct tayra__predictor_options options;
	struct tayra__predictor *predictor;
	uint64_t taken, judged;
	struct cell all, recency[CELLS];
	double brier[TAYRA__FORESEERS], log_loss[TAYRA__FORESEERS];
	struct said said[SAMPLES];
};

static unsigned
cell_of(const struct tayra__predictor_sample *sample)
{
	double half_octaves = 2 * (double)sample->raw[2];

	return half_octaves < CELLS - 1 ? (unsigned)half_octaves : CELLS - 1;
}

static double
base_rate(const struct cell *all)
{
	return (all->used + 0.5) / (all->count + 1);
}

static double
day_feature(const struct tayra__predictor_options *options, uint64_t at)
{
	double turn;

	if (options->day == 0)
		return 0.5;
	turn = (double)(at % options->day) / (double)options->day;
	return turn >= DAY_FROM && turn < DAY_TO ? 1 : 0;
}

static double
fixed(const struct tayra__predictor_options *options, const struct tayra__predictor_sample *sample)
{
	const struct tayra__predictor_key *key = &sample->key;
	double horizon = (double)options->horizon;
	double uses = fmin((double)key->uses / USES_FULL, 1);
	double x = W_FREQUENCY * uses + W_DAY * day_feature(options, sample->at) +
		   W_RECENCY * exp(-(double)(sample->at - key->last) / horizon);

	if (key->uses > 1) {
		x += key->last_interval < key->interval ? W_TREND : 0;
		x += W_INTERVAL * exp(-(double)key->interval / horizon);
	}
	return uses / (1 + exp(-x));
}

/* A moment was taken: what do they all say? */
static void
ask(struct tayra__foresee *foresee, const struct tayra__predictor_sample *sample)
{
	struct said *said = &foresee->said[foresee->taken++ % SAMPLES];
	const struct cell *cell = &foresee->recency[cell_of(sample)];
	double base = base_rate(&foresee->all);

	said->cell = cell_of(sample);
	said->predicted[TAYRA__FORESEER_TAYRA] = sample->predicted;
	said->predicted[TAYRA__FORESEER_BASE_RATE] = base;
	said->predicted[TAYRA__FORESEER_RECENCY] = (cell->used + LEAN * base) /
						   (cell->count + LEAN);
	said->predicted[TAYRA__FORESEER_FIXED] = fixed(&foresee->options, sample);
}

static void
count(struct cell *cell, bool used)
{
	cell->count++;
	cell->used += used;
}

static void
judge(void *ctx, const struct tayra__predictor_sample *sample, bool used)
{
	struct tayra__foresee *foresee = ctx;
	const struct said *said = &foresee->said[foresee->judged++ % SAMPLES];

	for (int i = 0; i < TAYRA__FORESEERS; i++) {
		double p = said->predicted[i], error = p - (used ? 1 : 0);

		foresee->brier[i] += error * error;
		p = fmin(fmax(p, CERTAIN), 1 - CERTAIN);
		foresee->log_loss[i] -= log(used ? p : 1 - p);
	}
	count(&foresee->all, used);
	count(&foresee->recency[said->cell], used);
}

int
tayra__foresee_create(uint64_t horizon, uint64_t day, uint64_t seed, struct tayra__foresee **out)
{
	struct tayra__predictor_options options = {
		.horizon = horizon, .day = day, .keys = KEYS, .samples = SAMPLES, .seed = seed
	};
	struct tayra__foresee *foresee = tayra__mem_alloc(sizeof(*foresee));

	*out = NULL;
	if (!foresee)
		return TAYRA_E_NOMEM;
	foresee->predictor = tayra__mem_alloc(tayra__predictor_bytes(&options));
	if (!foresee->predictor) {
		tayra__mem_free(foresee);
		return TAYRA_E_NOMEM;
	}
	tayra__predictor_init(foresee->predictor, &options);
	foresee->options = options;
	*out = foresee;
	return TAYRA_OK;
}

void
tayra__foresee_destroy(struct tayra__foresee *foresee)
{
	if (!foresee)
		return;
	tayra__mem_free(foresee->predictor);
	tayra__mem_free(foresee);
}

void
tayra__foresee_use(struct tayra__foresee *foresee, uint64_t key, uint64_t now)
{
	tayra__predictor_use(foresee->predictor, tayra__hash_mix64(key), now, judge, foresee);
	if (foresee->predictor->taken > foresee->taken)
		ask(foresee, tayra__predictor_newest(foresee->predictor));
}

void
tayra__foresee_result(const struct tayra__foresee *foresee, struct tayra__foresight *out)
{
	double n = foresee->all.count > 0 ? foresee->all.count : (double)NAN;

	*out = (struct tayra__foresight){ .labels = foresee->all.count,
					  .base_rate = foresee->all.used / n };
	for (int i = 0; i < TAYRA__FORESEERS; i++) {
		out->brier[i] = foresee->brier[i] / n;
		out->log_loss[i] = foresee->log_loss[i] / n;
	}
	memcpy(out->bins, foresee->predictor->bins, sizeof(out->bins));
}

double
tayra__foresight_skill(const struct tayra__foresight *foresight, enum tayra__foreseer against)
{
	double other = foresight->brier[against];

	return other > 0 ? 1 - foresight->brier[TAYRA__FORESEER_TAYRA] / other : (double)NAN;
}
