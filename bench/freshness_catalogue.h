/* SPDX-License-Identifier: Apache-2.0
 *
 * freshness_catalogue.h: what the users of the showcase's catalogue ask for (workload.h), for
 * freshness.h.  50 requests a second on average, as a Poisson process.  An update changes what is
 * said of its package: its detail, what it needs, who needs it; searches never change.  Nobody
 * tells the cache.
 */
#ifndef TAYRA_BENCH_FRESHNESS_CATALOGUE_H
#define TAYRA_BENCH_FRESHNESS_CATALOGUE_H

#include "freshness.h"

struct tayra__catalogue;

/* That many requests, updates included, of users with that seed.  => TAYRA_OK, TAYRA_E_NOMEM. */
int freshness_open_catalogue(struct freshness *f, const struct tayra__catalogue *catalogue,
			     uint64_t seed, uint32_t requests);

#endif
