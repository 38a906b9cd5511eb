/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/scenario.h"

#include "base/hash.h"

#define THINKING 0x7468696e6bull /* another stream than that of the draws */

static double
all_weights(const struct tayra__scenario *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->kinds; i++)
		sum += s->kind[i].weight;
	return sum;
}

static uint32_t
draw_kind(const struct tayra__scenario *s, struct tayra__rng *rng)
{
	double at;

	if (s->kinds < 2)
		return 0;
	at = tayra__rng_unit(rng) * all_weights(s);
	for (uint32_t i = 0; i + 1 < s->kinds; i++) {
		if (at < s->kind[i].weight)
			return i;
		at -= s->kind[i].weight;
	}
	return (uint32_t)s->kinds - 1;
}

struct tayra__scenario_draw
tayra__scenario_draw(const struct tayra__scenario *s, const struct tayra__scenario_seed *seed,
		     uint64_t number)
{
	struct tayra__scenario_draw draw = { 0, 0 };
	struct tayra__rng rng;
	uint64_t n = s->rows ? s->rows->rows : 0;

	tayra__rng_init(&rng, tayra__hash_mix64(seed->random) ^ number);
	draw.kind = draw_kind(s, &rng);
	if (!n)
		return draw;
	switch (s->order) {
	case TAYRA__SCENARIO_RANDOM: draw.row = (uint32_t)tayra__rng_below(&rng, n); break;
	case TAYRA__SCENARIO_ZIPF: draw.row = (uint32_t)tayra__zipf_next(&s->zipf, &rng); break;
	case TAYRA__SCENARIO_SEQUENCE:
		draw.row = (uint32_t)((seed->row % n + number % n) % n);
		break;
	}
	return draw;
}

uint64_t
tayra__scenario_think_ns(const struct tayra__scenario *s, uint32_t kind,
			 const struct tayra__scenario_seed *seed, uint64_t number)
{
	const struct tayra__scenario_kind *k = &s->kind[kind];
	struct tayra__rng rng;

	if (!k->think_varies)
		return k->think_ns;
	tayra__rng_init(&rng, tayra__hash_mix64(seed->random ^ THINKING) ^ number);
	return (uint64_t)((double)k->think_ns * tayra__rng_exponential(&rng));
}

/* Whoever is looked at is the more likely to be at a kind the longer that takes; of a constant time
 * any part is left, and an exponential one does not age. */
uint64_t
tayra__scenario_thinks_still_ns(const struct tayra__scenario *s, struct tayra__rng *rng)
{
	const struct tayra__scenario_kind *kind = &s->kind[0];
	double at = 0;

	for (size_t i = 0; i < s->kinds; i++)
		at += s->kind[i].weight * (double)s->kind[i].think_ns;
	at *= tayra__rng_unit(rng);
	for (size_t i = 0; i < s->kinds && at >= 0; i++) {
		if (!s->kind[i].think_ns)
			continue;
		kind = &s->kind[i];
		at -= kind->weight * (double)kind->think_ns;
	}
	return (uint64_t)((double)kind->think_ns * (kind->think_varies ? tayra__rng_exponential(rng)
								       : tayra__rng_unit(rng)));
}

uint64_t
tayra__scenario_think_mean_ns(const struct tayra__scenario *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->kinds; i++)
		sum += s->kind[i].weight * (double)s->kind[i].think_ns;
	return sum > 0 ? (uint64_t)(sum / all_weights(s)) : 0;
}
