/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/foresee.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sim/requests.h"
#include "sim/trace.h"

#define KEYS         65536
#define SAMPLES      8192
#define HORIZON_ROWS 50
#define HORIZON_MIN  100
#define STEP         0.2 /* the predictor's */

/* A logistic regression on log recency, as the predictor's own. */
struct recency {
	double weight[2], gradient[2], mean, square, count;
};

struct jury {
	struct tayra__foresight *out;
	struct recency recency;
	double used;
};

static double
sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static double
squared_error(double predicted, bool used)
{
	double error = predicted - (used ? 1 : 0);

	return error * error;
}

static double
recency_judge(struct recency *recency, double raw, bool used)
{
	double deviation = recency->count > 100 ? sqrt(recency->square / recency->count) : 1;
	double x[2] = { 1, (raw - recency->mean) / fmax(deviation, 1e-3) };
	double predicted = sigmoid(recency->weight[0] + recency->weight[1] * x[1]);
	double off = raw - recency->mean;

	for (int i = 0; i < 2; i++) {
		double slope = (predicted - (used ? 1 : 0)) * x[i];

		recency->gradient[i] += slope * slope;
		recency->weight[i] -= STEP * slope / sqrt(recency->gradient[i] + 1e-8);
	}
	recency->mean += off / ++recency->count;
	recency->square += off * (raw - recency->mean);
	return squared_error(predicted, used);
}

static double
fixed(const struct tayra__predictor_sample *sample, double horizon)
{
	const struct tayra__predictor_key *key = &sample->key;
	double uses = fmin((double)key->uses / 10, 1);
	double x = 0.3 * uses + 0.3 * exp(-(double)(sample->at - key->last) / horizon);

	if (key->uses > 1) {
		x += key->last_interval < key->interval ? 0.2 : 0;
		x += 0.15 * exp(-(double)key->interval / horizon);
	}
	return sigmoid(x + 0.05 * 0.5) * uses;
}

static void
judge(void *ctx, const struct tayra__predictor_sample *sample, double predicted, bool used)
{
	struct jury *jury = ctx;
	struct tayra__foresight *out = jury->out;
	double base_rate = (jury->used + 0.5) / (out->labels + 1);

	out->brier += squared_error(predicted, used);
	out->brier_base_rate += squared_error(base_rate, used);
	out->brier_recency += recency_judge(&jury->recency, (double)sample->raw[2], used);
	out->brier_fixed += squared_error(fixed(sample, (double)out->horizon), used);
	out->labels++;
	jury->used += used;
}

static void
average(struct jury *jury)
{
	struct tayra__foresight *out = jury->out;
	double n = out->labels > 0 ? out->labels : (double)NAN;

	out->base_rate = jury->used / n;
	out->brier /= n;
	out->brier_base_rate /= n;
	out->brier_recency /= n;
	out->brier_fixed /= n;
}

int
tayra__foresee(const struct tayra__requests *requests, uint64_t horizon, uint64_t seed,
	       struct tayra__foresight *out)
{
	struct tayra__predictor_options options = { .keys = KEYS,
						    .samples = SAMPLES,
						    .seed = seed };
	struct jury jury = { .out = out };
	struct tayra__predictor *predictor;
	uint64_t now = 0;

	*out = (struct tayra__foresight){ .horizon = horizon };
	if (horizon == 0)
		out->horizon = requests->count / HORIZON_ROWS;
	if (out->horizon < HORIZON_MIN && horizon == 0)
		out->horizon = HORIZON_MIN;
	options.horizon = out->horizon;
	predictor = tayra__mem_alloc(tayra__predictor_bytes(&options));
	if (!predictor)
		return TAYRA_E_NOMEM;
	tayra__predictor_init(predictor, &options);
	for (uint32_t row = 0; row < requests->count; row++)
		if (!requests->op || requests->op[row] != TAYRA__TRACE_DELETE)
			tayra__predictor_use(predictor,
					     tayra__hash_mix64(requests->key[requests->id[row]]),
					     ++now, judge, &jury);
	average(&jury);
	memcpy(out->bins, predictor->bins, sizeof(out->bins));
	tayra__mem_free(predictor);
	return TAYRA_OK;
}
