/* SPDX-License-Identifier: Apache-2.0
 *
 * exact_list.h: the policies that are one list, evicted from its old end: fifo and lru differ in
 * what a hit does.
 */
#ifndef TAYRA_SIM_EXACT_LIST_H
#define TAYRA_SIM_EXACT_LIST_H

#include "sim/exact.h"
#include "sim/chain.h"

struct tayra__exact_list {
	struct tayra__exact exact;
	struct tayra__link *links;
	uint8_t *resident; /* by id */
};

int tayra__exact_list_create(const struct tayra__exact_policy *policy,
			     const struct tayra__exact_options *options, struct tayra__exact **out);
void tayra__exact_list_destroy(struct tayra__exact *exact);
bool tayra__exact_list_resident(const struct tayra__exact *exact, uint32_t id);
void tayra__exact_list_miss(struct tayra__exact *exact, uint32_t id, uint32_t row);
void tayra__exact_list_remove(struct tayra__exact *exact, uint32_t id);

#endif
