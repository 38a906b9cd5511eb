/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/exact.h"

#include <string.h>

const struct tayra__exact_policy *const tayra__exact_policies[] = {
	&tayra__exact_fifo,
	&tayra__exact_lru,
	&tayra__exact_s3fifo,
	&tayra__exact_tayra,
	&tayra__exact_belady,
	&tayra__exact_belady_bypass,
	NULL,
};

const struct tayra__exact_policy *
tayra__exact_find(const char *name)
{
	for (size_t i = 0; tayra__exact_policies[i]; i++)
		if (strcmp(tayra__exact_policies[i]->name, name) == 0)
			return tayra__exact_policies[i];
	return NULL;
}

double
tayra__exact_metadata_bytes(const struct tayra__exact *exact, size_t index_bytes)
{
	const struct tayra__exact_policy *policy = exact->policy;
	double residents = exact->residents_peak, ghosts = exact->ghosts_peak;

	if (exact->residents_peak == 0)
		return 0;
	return (residents * (double)(policy->resident_bytes + index_bytes) +
		ghosts * (double)(policy->ghost_bytes + index_bytes)) /
	       residents;
}
