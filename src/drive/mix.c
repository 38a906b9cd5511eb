/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/mix.h"

#include <tayra/base.h>

#include "base/hash.h"

int
tayra__mix_ready(struct tayra__mix *mix)
{
	double sum = 0;

	if (!mix->kinds || mix->kinds > TAYRA__MIX_KINDS_MAX)
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < mix->kinds; i++)
		sum += mix->kind[i].weight;
	if (!(sum > 0))
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < mix->kinds; i++)
		mix->up_to[i] = (i ? mix->up_to[i - 1] : 0) + mix->kind[i].weight / sum;
	if (mix->rows && mix->order == TAYRA__MIX_ZIPF)
		tayra__zipf_init(&mix->zipf, mix->rows->count, mix->skew);
	return TAYRA_OK;
}

static size_t
pick_row(const struct tayra__mix *mix, struct tayra__rng *rng, uint64_t seed, uint64_t number)
{
	if (!mix->rows)
		return 0;
	switch (mix->order) {
	case TAYRA__MIX_SEQUENCE:
		/* From a row of its own in each slice, or the first ones would be asked for most.
		 */
		return (size_t)((tayra__hash_mix64(seed) % mix->rows->count + number) %
				mix->rows->count);
	case TAYRA__MIX_ZIPF: return (size_t)tayra__zipf_next(&mix->zipf, rng);
	case TAYRA__MIX_RANDOM: break;
	}
	return (size_t)tayra__rng_below(rng, mix->rows->count);
}

struct tayra__mix_pick
tayra__mix_pick(const struct tayra__mix *mix, uint64_t seed, uint64_t number)
{
	struct tayra__mix_pick pick = { .kind = 0 };
	const struct tayra__mix_kind *kind;
	struct tayra__rng rng;
	double point;

	tayra__rng_init(&rng, tayra__hash_mix64(seed ^ tayra__hash_mix64(number)));
	point = tayra__rng_unit(&rng);
	while (pick.kind + 1 < mix->kinds && point >= mix->up_to[pick.kind])
		pick.kind++;
	pick.row = pick_row(mix, &rng, seed, number);
	kind = &mix->kind[pick.kind];
	pick.think_ns = kind->think_ns;
	if (kind->think_at_random)
		pick.think_ns = (uint64_t)((double)kind->think_ns * tayra__rng_exponential(&rng));
	return pick;
}
