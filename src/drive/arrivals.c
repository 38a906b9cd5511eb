/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/arrivals.h"

#include <math.h>

/* Doubles hold whole nanoseconds for 104 days. */
#define FOREVER_NS 0x1p53

static double
gap(struct tayra__arrival_stream *s)
{
	if (s->kind == TAYRA__ARRIVALS_UNIFORM)
		return s->gap_ns;
	return s->gap_ns * tayra__rng_exponential(&s->rng);
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
		stream->next_ns = gap(stream);
}

uint64_t
tayra__arrivals_peek(const struct tayra__arrival_stream *stream)
{
	if (stream->burst)
		return 0;
	return stream->next_ns < FOREVER_NS ? (uint64_t)stream->next_ns : UINT64_MAX;
}

uint64_t
tayra__arrivals_take(struct tayra__arrival_stream *stream)
{
	if (stream->burst)
		stream->burst--;
	else
		stream->next_ns += gap(stream);
	return stream->number++;
}
