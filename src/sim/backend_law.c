/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/backend_law.h"

#include <math.h>

const char *const tayra__backend_kinds[] = { "contention", "shared", "servers", "convoy",
					     "thrash",     "batch",  NULL };

static double
contention(const struct tayra__backend_shape *s, double n)
{
	return n * s->rate_per_s / (1 + s->contention * (n - 1) + s->coherence * n * (n - 1));
}

static double
shared(const struct tayra__backend_shape *s, double n)
{
	return fmin(n, s->servers) * s->rate_per_s;
}

static double
thrash(const struct tayra__backend_shape *s, double n)
{
	double missing = n <= s->knee ? 0 : 0.6 + 0.4 * (1 - s->knee / n);

	return shared(s, n) / (1 + (s->penalty - 1) * missing);
}

static double
batch(const struct tayra__backend_shape *s, double n)
{
	double size = fmin(n, s->batch);

	return size * s->rate_per_s / (s->setup + (1 - s->setup) * size / s->batch);
}

double
tayra__backend_law_rate(const struct tayra__backend_shape *s, size_t jobs, bool stuck)
{
	double n = (double)jobs;

	switch ((enum tayra__backend_kind)s->kind) {
	case TAYRA__BACKEND_CONTENTION: return contention(s, n);
	case TAYRA__BACKEND_SHARED:
	case TAYRA__BACKEND_SERVERS: return shared(s, n);
	case TAYRA__BACKEND_CONVOY: return shared(s, n) * (stuck ? s->collapse : 1);
	case TAYRA__BACKEND_THRASH: return thrash(s, n);
	case TAYRA__BACKEND_BATCH: return batch(s, n);
	}
	return 0;
}

double
tayra__backend_law_capacity(const struct tayra__backend_shape *s, size_t *n)
{
	double best = 0;

	*n = 1;
	for (size_t i = 1; i <= TAYRA__BACKEND_N_MAX; i++) {
		bool stuck = s->kind == TAYRA__BACKEND_CONVOY && i > s->knee;
		double rate = tayra__backend_law_rate(s, i, stuck);

		if (rate <= best * (1 + 1e-12))
			break; /* every law rises to its maximum, and falls or stays from there */
		best = rate;
		*n = i;
	}
	return s->limit_per_s > 0 ? fmin(best, s->limit_per_s) : best;
}

size_t
tayra__backend_law_places(const struct tayra__backend_shape *s)
{
	if (s->kind == TAYRA__BACKEND_SERVERS)
		return s->servers;
	return s->kind == TAYRA__BACKEND_BATCH ? s->batch : SIZE_MAX;
}

static void
set_default(double *value, double fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void
set_default_count(uint32_t *value, uint32_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

const char *
tayra__backend_law_fill(struct tayra__backend_shape *s)
{
	set_default(&s->rate_per_s, 100);
	if (s->contention == 0 && s->coherence == 0) {
		s->contention = 0.02;
		s->coherence = 0.002;
	}
	set_default_count(&s->servers, 4);
	set_default_count(&s->knee, s->servers);
	set_default_count(&s->release, s->knee / 2 ? s->knee / 2 : 1);
	set_default(&s->collapse, 0.3);
	set_default(&s->penalty, 7);
	set_default_count(&s->batch, 16);
	set_default(&s->setup, 0.5);
	set_default_count(&s->burst, 10);
	if (!s->linger_ns)
		s->linger_ns = TAYRA_NS_PER_MS;
	if (!s->error_ns)
		s->error_ns = TAYRA_NS_PER_MS;
	if (!s->error)
		s->error = TAYRA_OUTCOME_ERROR;
	if (s->release > s->knee)
		return "release is over the knee, so the convoy would end where it begins";
	if (s->kind == TAYRA__BACKEND_THRASH && s->knee < s->servers)
		return "the pool holds fewer jobs (knee) than there are processors (servers)";
	return NULL;
}
