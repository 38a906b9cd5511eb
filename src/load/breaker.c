/* SPDX-License-Identifier: Apache-2.0 */
#include "load/breaker.h"

#include <stddef.h>

#include "base/hash.h"

static struct tayra__breaker_place *
find(struct tayra__breaker *breaker, uint64_t group)
{
	for (uint32_t i = 0; breaker->used && i < TAYRA__BREAKER_PLACES; i++)
		if (breaker->places[i].group == group)
			return &breaker->places[i];
	return NULL;
}

/* A free one, or that of whose rest is over first. */
static struct tayra__breaker_place *
make(struct tayra__breaker *breaker, uint64_t group)
{
	struct tayra__breaker_place *place = &breaker->places[0];

	for (uint32_t i = 0; i < TAYRA__BREAKER_PLACES && place->group; i++) {
		struct tayra__breaker_place *other = &breaker->places[i];

		if (!other->group || other->until_ns < place->until_ns)
			place = other;
	}
	breaker->used += !place->group;
	*place = (struct tayra__breaker_place){ .group = group };
	return place;
}

static uint64_t
next_probe_ns(const struct tayra__breaker_place *place, struct tayra__breaker_rest rest,
	      uint64_t now_ns)
{
	uint64_t ns = rest.least_ns, more, sum;
	uint64_t draw = tayra__hash_mix64(now_ns + place->probes) >> 32;

	for (uint32_t i = 0; i < place->probes && ns < rest.most_ns; i++)
		ns += ns / 2 + 1;
	if (ns > rest.most_ns)
		ns = rest.most_ns;
	more = (ns >> 35) * draw + (((ns >> 3 & UINT32_MAX) * draw) >> 32);
	return __builtin_add_overflow(now_ns, ns + more, &sum) ? UINT64_MAX : sum;
}

uint64_t
tayra__breaker_ask(struct tayra__breaker *breaker, uint64_t group, struct tayra__breaker_rest rest,
		   uint64_t now_ns, bool *probing)
{
	struct tayra__breaker_place *place = find(breaker, group);

	*probing = false;
	if (!place || place->failures < TAYRA__BREAKER_TRIP || rest.least_ns == 0)
		return 0;
	if (now_ns < place->until_ns) {
		*probing = place->probing;
		return place->until_ns - now_ns;
	}
	place->probes++;
	place->probing = true;
	place->until_ns = next_probe_ns(place, rest, now_ns);
	return 0;
}

static void
forget(struct tayra__breaker *breaker, struct tayra__breaker_place *place)
{
	if (!place)
		return;
	*place = (struct tayra__breaker_place){ 0 };
	breaker->used--;
}

void
tayra__breaker_learn(struct tayra__breaker *breaker, uint64_t group, enum tayra_outcome outcome,
		     struct tayra__breaker_rest rest, uint64_t now_ns)
{
	struct tayra__breaker_place *place = find(breaker, group);

	if (outcome == TAYRA_OUTCOME_OK) {
		forget(breaker, place);
		return;
	}
	if (outcome != TAYRA_OUTCOME_ERROR && outcome != TAYRA_OUTCOME_TIMEOUT)
		return;
	if (!place)
		place = make(breaker, group);
	if (place->failures < TAYRA__BREAKER_TRIP && ++place->failures == TAYRA__BREAKER_TRIP)
		place->until_ns = next_probe_ns(place, rest, now_ns);
	place->probing = false;
}
