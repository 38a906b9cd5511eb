/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/arrivals.h"

#include <math.h>

#include "base/clock.h"

/* Doubles hold whole nanoseconds for 104 days. */
#define FOREVER_NS 0x1p53
#define RATE_MAX   1e8

static double
step(struct tayra__arrival_stream *s, double mean)
{
	return s->kind == TAYRA__ARRIVALS_UNIFORM ? mean : mean * tayra__rng_exponential(&s->rng);
}

/* The moment at which the integral of a ramp's rate is as much as expected.  The root is taken in
 * the form that loses no digits when the ramp is flat. */
static double
ramp_ns(const struct tayra__arrival_stream *s)
{
	double square = s->rate_per_s * s->rate_per_s + 2 * s->rise_per_s2 * s->expected;

	if (!(s->expected < s->end_expected))
		return FOREVER_NS;
	if (!(s->expected > 0))
		return 0;
	return 2 * s->expected / (s->rate_per_s + sqrt(fmax(0, square))) * (double)TAYRA_NS_PER_S;
}

void
tayra__arrivals_init(struct tayra__arrival_stream *stream, enum tayra__arrivals kind,
		     double rate_per_s, uint32_t burst, uint64_t seed)
{
	*stream = (struct tayra__arrival_stream){ .kind = kind,
						  .gap_ns = (double)TAYRA_NS_PER_S / rate_per_s,
						  .burst = burst };
	tayra__rng_init(&stream->rng, seed);
	if (!(rate_per_s > 0))
		stream->next_ns = FOREVER_NS;
	else if (kind == TAYRA__ARRIVALS_POISSON)
		stream->next_ns = step(stream, stream->gap_ns);
}

static void
start_ramp(struct tayra__arrival_stream *s, const struct tayra__open_plan *plan)
{
	double length_s = (double)plan->length_ns / (double)TAYRA_NS_PER_S;

	s->ramp = true;
	s->rate_per_s = plan->rate_per_s;
	s->rise_per_s2 = (plan->end_rate_per_s - plan->rate_per_s) / length_s;
	s->end_expected = (plan->rate_per_s + plan->end_rate_per_s) / 2 * length_s;
	if (s->kind == TAYRA__ARRIVALS_POISSON)
		s->expected = step(s, 1);
	s->next_ns = ramp_ns(s);
}

/* Of a trace, by bisection. */
static size_t
moments_before(const struct tayra__open_plan *plan, uint64_t ns)
{
	size_t low = 0, high = plan->moment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plan->moments[middle] < ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t
first_again_ns(const struct tayra__open_plan *plan)
{
	return plan->burst_first_ns ? plan->burst_first_ns : plan->burst_every_ns;
}

static double
bursts(const struct tayra__open_plan *plan)
{
	uint64_t first = first_again_ns(plan), again = 0;

	if (plan->burst_again && first < plan->length_ns)
		again = 1 + (plan->length_ns - 1 - first) / plan->burst_every_ns;
	return plan->burst + (double)again * plan->burst_again;
}

double
tayra__arrivals_expected(const struct tayra__open_plan *plan)
{
	double seconds = (double)plan->length_ns / (double)TAYRA_NS_PER_S;
	double end = plan->ramp ? plan->end_rate_per_s : plan->rate_per_s;
	uint64_t until;

	if (plan->arrivals != TAYRA__ARRIVALS_TRACE)
		return (plan->rate_per_s + end) / 2 * seconds + bursts(plan);
	if (__builtin_add_overflow(plan->moments_from_ns, plan->length_ns, &until))
		until = UINT64_MAX;
	return (double)(moments_before(plan, until) - moments_before(plan, plan->moments_from_ns)) +
	       bursts(plan);
}

void
tayra__arrivals_plan(struct tayra__arrival_stream *stream, const struct tayra__open_plan *plan)
{
	bool trace = plan->arrivals == TAYRA__ARRIVALS_TRACE;

	/* A ramp draws its first step itself, and from the start of the random numbers. */
	tayra__arrivals_init(stream, plan->arrivals, trace || plan->ramp ? 0 : plan->rate_per_s,
			     plan->burst, plan->seed);
	if (plan->ramp)
		start_ramp(stream, plan);
	if (trace) {
		size_t first = moments_before(plan, plan->moments_from_ns);

		stream->moment = plan->moments + first;
		stream->moments = plan->moment_count - first;
		stream->moments_from_ns = plan->moments_from_ns;
	}
	stream->burst_again = plan->burst_again;
	stream->burst_every_ns = plan->burst_every_ns;
	stream->burst_first_ns = first_again_ns(plan);
	if (!stream->burst && plan->burst_again) {
		stream->burst = plan->burst_again;
		stream->burst_ns = stream->burst_first_ns;
	}
}

static bool
plausible_rate(double per_s)
{
	return isfinite(per_s) && per_s >= 0 && per_s <= RATE_MAX;
}

static bool
plausible_trace(const struct tayra__open_plan *plan)
{
	for (size_t i = 1; i < plan->moment_count; i++)
		if (plan->moments[i] < plan->moments[i - 1])
			return false;
	return !plan->ramp;
}

bool
tayra__arrivals_plausible(const struct tayra__open_plan *plan)
{
	uint64_t end;

	if (!plan->length_ns || (plan->burst_again && !plan->burst_every_ns) ||
	    __builtin_add_overflow(tayra__clock_real_ns(), plan->length_ns, &end))
		return false;
	switch (plan->arrivals) {
	case TAYRA__ARRIVALS_TRACE: return plausible_trace(plan);
	case TAYRA__ARRIVALS_POISSON:
	case TAYRA__ARRIVALS_UNIFORM:
		return plausible_rate(plan->rate_per_s) &&
		       (!plan->ramp || plausible_rate(plan->end_rate_per_s));
	default: return false;
	}
}

/* But for bursts. */
static uint64_t
regular_ns(const struct tayra__arrival_stream *s)
{
	if (s->kind == TAYRA__ARRIVALS_TRACE)
		return s->moments ? *s->moment - s->moments_from_ns : UINT64_MAX;
	return s->next_ns < FOREVER_NS ? (uint64_t)s->next_ns : UINT64_MAX;
}

uint64_t
tayra__arrivals_peek(const struct tayra__arrival_stream *stream)
{
	uint64_t regular = regular_ns(stream);

	return stream->burst && stream->burst_ns <= regular ? stream->burst_ns : regular;
}

/* The one at the very start, at 0, is followed by the first of the others. */
static void
take_of_burst(struct tayra__arrival_stream *s)
{
	uint64_t after = s->burst_ns ? s->burst_every_ns : s->burst_first_ns;

	if (--s->burst || __builtin_add_overflow(s->burst_ns, after, &s->burst_ns))
		return;
	s->burst = s->burst_again;
}

static void
take_regular(struct tayra__arrival_stream *s)
{
	if (s->kind == TAYRA__ARRIVALS_TRACE) {
		s->moment++;
		s->moments--;
	} else if (s->ramp) {
		s->expected += step(s, 1);
		s->next_ns = fmax(s->next_ns, ramp_ns(s));
	} else {
		s->next_ns += step(s, s->gap_ns);
	}
}

uint64_t
tayra__arrivals_take(struct tayra__arrival_stream *stream)
{
	if (stream->burst && stream->burst_ns <= regular_ns(stream))
		take_of_burst(stream);
	else
		take_regular(stream);
	return stream->number++;
}
