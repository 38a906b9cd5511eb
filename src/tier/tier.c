/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/tier.h"

#include "base/mem.h"

void
tayra__tier_value_free(struct tayra__tier_value *value)
{
	tayra__mem_free(value->block);
	*value = (struct tayra__tier_value){ 0 };
}
