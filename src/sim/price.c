/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/price.h"

#include <tayra/base.h>

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sim/requests.h"
#include "sim/trace.h"

#define MEDIAN_MS     5.0
#define SIGMA         1.5
#define BYTES_PER_MS  10240.0
#define ROUND_TRIP_MS 1.0

/* Uniform in (0, 1]. */
static double
unit(uint64_t hash)
{
	return (double)((hash >> 11) + 1) * 0x1p-53;
}

double
tayra__price_ms(enum tayra__price price, uint64_t key, uint64_t size_bytes, uint64_t seed)
{
	uint64_t hash = tayra__hash_mix64(key ^ tayra__hash_mix64(seed));
	double radius, angle;

	if (price == TAYRA__PRICE_SIZE)
		return ROUND_TRIP_MS + (double)size_bytes / BYTES_PER_MS;
	/* Box and Muller, 1958. */
	radius = sqrt(-2 * log(unit(hash)));
	angle = 2 * M_PI * unit(tayra__hash_mix64(hash));
	return MEDIAN_MS * exp(SIGMA * radius * cos(angle));
}

int
tayra__price_requests(struct tayra__requests *requests, enum tayra__price price, uint64_t seed)
{
	double *cost_ms = tayra__mem_array(requests->count, sizeof(*cost_ms));

	if (!cost_ms)
		return TAYRA_E_NOMEM;
	requests->get_cost_ms = 0;
	for (uint32_t row = 0; row < requests->count; row++) {
		uint32_t id = requests->id[row];

		cost_ms[row] = tayra__price_ms(price, requests->key[id], requests->size_bytes[id],
					       seed);
		if (!requests->op || requests->op[row] != TAYRA__TRACE_DELETE)
			requests->get_cost_ms += cost_ms[row];
	}
	tayra__mem_free(requests->cost_ms);
	requests->cost_ms = cost_ms;
	return TAYRA_OK;
}
