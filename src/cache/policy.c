/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/policy.h"

#include <stddef.h>

const struct tayra__policy *
tayra__policy_find(enum tayra_policy policy)
{
	switch (policy) {
	case TAYRA_POLICY_S3FIFO: return &tayra__policy_s3fifo;
	case TAYRA_POLICY_LRU: return &tayra__policy_lru;
	case TAYRA_POLICY_TAYRA: return &tayra__policy_tayra;
	}
	return NULL;
}

const char *
tayra_policy_name(enum tayra_policy policy)
{
	const struct tayra__policy *found = tayra__policy_find(policy);

	return found ? found->name : NULL;
}
