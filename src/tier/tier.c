/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/tier.h"

#include "base/mem.h"

void
tayra__tier_value_free(struct tayra__tier_value *value)
{
	tayra__mem_free(value->block);
	*value = (struct tayra__tier_value){ 0 };
}

void
tayra__tier_init(struct tayra__tier *tier, const char *name, const struct tayra__tier_ops *ops)
{
	tier->name = name;
	tier->ops = ops;
	tier->changed = NULL;
	tier->tagged = NULL;
	tier->changed_ctx = NULL;
	pthread_mutex_init(&tier->watching, NULL);
}

void
tayra__tier_fini(struct tayra__tier *tier)
{
	pthread_mutex_destroy(&tier->watching);
}

void
tayra__tier_watch(struct tayra__tier *tier, tayra__tier_changed_fn changed, void *ctx)
{
	pthread_mutex_lock(&tier->watching);
	tier->changed = changed;
	tier->tagged = NULL;
	tier->changed_ctx = ctx;
	pthread_mutex_unlock(&tier->watching);
}

void
tayra__tier_watch_tags(struct tayra__tier *tier, tayra__tier_tagged_fn tagged)
{
	pthread_mutex_lock(&tier->watching);
	tier->tagged = tagged;
	pthread_mutex_unlock(&tier->watching);
}

void
tayra__tier_changed(struct tayra__tier *tier, const void *key, size_t key_len)
{
	pthread_mutex_lock(&tier->watching);
	if (tier->changed)
		tier->changed(tier->changed_ctx, key, key_len);
	pthread_mutex_unlock(&tier->watching);
}

void
tayra__tier_tagged(struct tayra__tier *tier, uint64_t hash)
{
	pthread_mutex_lock(&tier->watching);
	if (tier->tagged)
		tier->tagged(tier->changed_ctx, hash);
	pthread_mutex_unlock(&tier->watching);
}
