/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/predictor.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define WAYS         8
#define NONE         UINT32_MAX
#define STEP         0.2   /* AdaGrad's */
#define SPREAD_MAX   4.0f  /* standard deviations a feature may be off */
#define SETTLE       100.0 /* labels before features are standardised by what was seen */
#define SAMPLE_USES  4     /* one use in so many is a moment to learn from */
#define RECENCY_UNIT 256.0 /* parts of the horizon */
#define BELIEF       50.0  /* labels in a bin that make it half believed */

#define FEATURES TAYRA__PREDICT_FEATURES
#define BINS     TAYRA__PREDICT_BINS

/* The block: the struct, the keys, the samples, the heads of their chains. */
size_t
tayra__predictor_bytes(const struct tayra__predictor_options *options)
{
	if (options->keys > 1u << 26 || options->samples > 1u << 24)
		return 0;
	return sizeof(struct tayra__predictor) +
	       (size_t)tayra__hash_table_size((options->keys + WAYS - 1) / WAYS) * WAYS *
		       sizeof(struct tayra__predictor_key) +
	       options->samples * sizeof(struct tayra__predictor_sample) +
	       tayra__hash_table_size(options->samples) * sizeof(uint32_t);
}

static struct tayra__predictor_key *
set_of(const struct tayra__predictor *predictor, uint64_t hash)
{
	struct tayra__predictor_key *keys = (struct tayra__predictor_key *)(uintptr_t)(predictor +
										       1);

	return &keys[(hash & (predictor->sets - 1)) * WAYS];
}

static struct tayra__predictor_sample *
sample_at(const struct tayra__predictor *predictor, uint32_t at)
{
	struct tayra__predictor_key *keys = set_of(predictor, 0);

	return (struct tayra__predictor_sample *)(void *)&keys[(size_t)predictor->sets * WAYS] + at;
}

static uint32_t *
head_of(const struct tayra__predictor *predictor, uint64_t hash)
{
	uint32_t *heads = (uint32_t *)(void *)sample_at(predictor, predictor->options.samples);

	return &heads[(hash >> 32) & (predictor->heads - 1)];
}

void
tayra__predictor_init(struct tayra__predictor *predictor,
		      const struct tayra__predictor_options *options)
{
	memset(predictor, 0, tayra__predictor_bytes(options));
	predictor->options = *options;
	predictor->sets = tayra__hash_table_size((options->keys + WAYS - 1) / WAYS);
	predictor->heads = tayra__hash_table_size(options->samples);
	tayra__rng_init(&predictor->rng, options->seed);
	memset(head_of(predictor, 0), 0xff, predictor->heads * sizeof(uint32_t));
}

static void
features(const struct tayra__predictor_options *options, const struct tayra__predictor_key *key,
	 uint64_t now, float *out)
{
	double unit = (double)options->horizon / RECENCY_UNIT;
	double recency = key->uses ? (double)(now - key->last) : (double)options->horizon;
	double interval = (double)key->interval;
	bool known = key->uses > 1;
	double turn = options->day ? 2 * M_PI * (double)(now % options->day) / (double)options->day
				   : 0;

	out[0] = 1;
	out[1] = (float)log2(1 + (double)key->uses);
	out[2] = (float)log2(1 + recency / unit);
	out[3] = known ? (float)log2(1 + interval / unit) : 0;
	out[4] = known ? 1 : 0;
	out[5] = known ? (float)log2(((double)key->last_interval + unit) / (interval + unit)) : 0;
	out[6] = known ? (float)log2(1 + recency / (interval + unit)) : 0;
	out[7] = known ? (float)(1 - exp(-(double)options->horizon / (interval + 1e-9))) : 0;
	out[8] = options->day ? (float)sin(turn) : 0;
	out[9] = options->day ? (float)cos(turn) : 0;
}

static double
deviation(const struct tayra__predictor *predictor, int i)
{
	double variance = predictor->square[i] / (predictor->labels + 1);

	return predictor->labels < SETTLE || variance < 1e-6 ? 1 : sqrt(variance);
}

static void
standardise(const struct tayra__predictor *predictor, const float *raw, double *out)
{
	out[0] = 1;
	for (int i = 1; i < FEATURES; i++) {
		double x = ((double)raw[i] - predictor->mean[i]) / deviation(predictor, i);

		out[i] = fmax(fmin(x, (double)SPREAD_MAX), -(double)SPREAD_MAX);
	}
}

static double
probability(const struct tayra__predictor *predictor, const float *raw)
{
	double x[FEATURES], sum = 0;

	standardise(predictor, raw, x);
	for (int i = 0; i < FEATURES; i++)
		sum += predictor->weight[i] * x[i];
	return 1 / (1 + exp(-sum));
}

/* Welford's, over labels. */
static void
measure(struct tayra__predictor *predictor, const float *raw)
{
	for (int i = 1; i < FEATURES; i++) {
		double off = (double)raw[i] - predictor->mean[i];

		predictor->mean[i] += off / (predictor->labels + 1);
		predictor->square[i] += off * ((double)raw[i] - predictor->mean[i]);
	}
}

static void
learn(struct tayra__predictor *predictor, const float *raw, bool used)
{
	double x[FEATURES], error = probability(predictor, raw) - (used ? 1 : 0);

	standardise(predictor, raw, x);
	for (int i = 0; i < FEATURES; i++) {
		double slope = error * x[i];

		predictor->gradient[i] += slope * slope;
		predictor->weight[i] -= STEP * slope / sqrt(predictor->gradient[i] + 1e-8);
	}
	measure(predictor, raw);
}

static int
bin_of(double predicted)
{
	int bin = (int)(predicted * BINS);

	return bin < BINS ? bin : BINS - 1;
}

static void
judge_sample(struct tayra__predictor *predictor, const struct tayra__predictor_sample *sample,
	     tayra__predictor_judge_fn *judge, void *ctx)
{
	double error = sample->predicted - (sample->used ? 1 : 0);
	struct tayra__predictor_bin *bin = &predictor->bins[bin_of(sample->predicted)];

	if (judge)
		judge(ctx, sample, sample->used);
	bin->count++;
	bin->predicted += sample->predicted;
	bin->used += sample->used;
	predictor->brier += error * error;
	learn(predictor, sample->raw, sample->used);
	predictor->labels++;
	predictor->used += sample->used;
}

static void
unchain(struct tayra__predictor *predictor, uint32_t at)
{
	uint32_t *link = head_of(predictor, sample_at(predictor, at)->hash);

	while (*link != at)
		link = &sample_at(predictor, *link)->chain;
	*link = sample_at(predictor, at)->chain;
}

static void
drop_oldest(struct tayra__predictor *predictor)
{
	unchain(predictor, predictor->oldest);
	predictor->oldest = (predictor->oldest + 1) % predictor->options.samples;
	predictor->waiting--;
}

static void
come_due(struct tayra__predictor *predictor, uint64_t now, tayra__predictor_judge_fn *judge,
	 void *ctx)
{
	while (predictor->waiting && sample_at(predictor, predictor->oldest)->due < now) {
		judge_sample(predictor, sample_at(predictor, predictor->oldest), judge, ctx);
		drop_oldest(predictor);
	}
}

/* Every moment of that key that waits has its answer. */
static void
answer(struct tayra__predictor *predictor, uint64_t hash)
{
	for (uint32_t at = *head_of(predictor, hash); at != NONE;) {
		struct tayra__predictor_sample *sample = sample_at(predictor, at);

		if (sample->hash == hash)
			sample->used = true;
		at = sample->chain;
	}
}

/* Without room nothing is sampled: a moment pushed out before it is due would have been answered
 * if it was to be true, and the labels would lean. */
static void
wait_for(struct tayra__predictor *predictor, const struct tayra__predictor_key *key, uint64_t now)
{
	uint32_t at, *head = head_of(predictor, key->hash);
	struct tayra__predictor_sample *sample;

	if (predictor->waiting == predictor->options.samples)
		return;
	at = (predictor->oldest + predictor->waiting++) % predictor->options.samples;
	sample = sample_at(predictor, at);
	*sample = (struct tayra__predictor_sample){ .hash = key->hash,
						    .due = now + predictor->options.horizon,
						    .chain = *head,
						    .key = *key,
						    .at = now };
	features(&predictor->options, key, now, sample->raw);
	sample->predicted = probability(predictor, sample->raw);
	predictor->taken++;
	*head = at;
}

/* The key's slot, or the one it may take: free, or used longest ago. */
static struct tayra__predictor_key *
slot_for(const struct tayra__predictor *predictor, uint64_t hash)
{
	struct tayra__predictor_key *set = set_of(predictor, hash), *oldest = set;

	for (int way = 0; way < WAYS; way++) {
		if (set[way].hash == hash)
			return &set[way];
		if (set[way].hash == 0 || (oldest->hash && set[way].last < oldest->last))
			oldest = &set[way];
	}
	return oldest;
}

static void
remember(struct tayra__predictor_key *key, uint64_t hash, uint64_t now)
{
	float interval = (float)(now - key->last);

	if (key->hash != hash) {
		*key = (struct tayra__predictor_key){ .hash = hash, .last = now, .uses = 1 };
		return;
	}
	key->interval = key->uses == 1 ? interval : (key->interval + interval) / 2;
	key->last_interval = interval;
	key->last = now;
	if (key->uses < UINT32_MAX)
		key->uses++;
}

/* Half the moments are of the key just used, half of one met at random, at whatever age. */
static void
sample(struct tayra__predictor *predictor, const struct tayra__predictor_key *key, uint64_t now)
{
	uint64_t draw = tayra__rng_next(&predictor->rng);
	const struct tayra__predictor_key *other = set_of(predictor, draw) + (draw >> 60) % WAYS;

	if (draw >> 32 & (SAMPLE_USES - 1))
		return;
	if (draw >> 40 & 1)
		wait_for(predictor, key, now);
	else if (other->hash)
		wait_for(predictor, other, now);
}

void
tayra__predictor_use(struct tayra__predictor *predictor, uint64_t hash, uint64_t now,
		     tayra__predictor_judge_fn *judge, void *ctx)
{
	struct tayra__predictor_key *key;

	if (hash == 0)
		hash = 1;
	come_due(predictor, now, judge, ctx);
	answer(predictor, hash);
	key = slot_for(predictor, hash);
	remember(key, hash, now);
	sample(predictor, key, now);
}

const struct tayra__predictor_sample *
tayra__predictor_newest(const struct tayra__predictor *predictor)
{
	uint32_t after = predictor->oldest + predictor->waiting;

	return predictor->waiting ? sample_at(predictor, (after - 1) % predictor->options.samples)
				  : NULL;
}

/* How far such predictions have been off, and how many there were. */
static double
confidence(const struct tayra__predictor *predictor, double predicted)
{
	const struct tayra__predictor_bin *bin = &predictor->bins[bin_of(predicted)];
	double off = bin->count > 0 ? fabs(bin->predicted - bin->used) / bin->count : 1;

	return bin->count / (bin->count + BELIEF) * (1 - off);
}

struct tayra__prediction
tayra__predictor_ask(const struct tayra__predictor *predictor, uint64_t hash, uint64_t now)
{
	struct tayra__predictor_key unknown = { 0 };
	const struct tayra__predictor_key *key = slot_for(predictor, hash ? hash : 1);
	float raw[FEATURES];
	double predicted;

	features(&predictor->options, key->hash == (hash ? hash : 1) ? key : &unknown, now, raw);
	predicted = probability(predictor, raw);
	return (struct tayra__prediction){ predicted, confidence(predictor, predicted) };
}

double
tayra__predictor_brier(const struct tayra__predictor *predictor)
{
	return predictor->labels > 0 ? predictor->brier / predictor->labels : (double)NAN;
}
