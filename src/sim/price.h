/* SPDX-License-Identifier: Apache-2.0
 *
 * price.h: what a miss costs, where a trace does not say.  A cost belongs to a key: all its misses
 * cost the same.
 */
#ifndef TAYRA_SIM_PRICE_H
#define TAYRA_SIM_PRICE_H

#include <stdint.h>

struct tayra__requests;

enum tayra__price {
	TAYRA__PRICE_SIZE, /* 1 ms, and 1 ms for every 10 KiB: a round trip and a transfer */
	TAYRA__PRICE_KEY,  /* lognormal by the key's hash, median 5 ms, sigma 1.5, whatever its size
			      and popularity: queries that differ */
};

/* Cost of a key of that size. */
double tayra__price_ms(enum tayra__price price, uint64_t key, uint64_t size_bytes, uint64_t seed);

/* Put costs into requests, in place of those they have.
 * => TAYRA_OK; TAYRA_E_NOMEM with the requests as before. */
int tayra__price_requests(struct tayra__requests *requests, enum tayra__price price, uint64_t seed);

#endif
