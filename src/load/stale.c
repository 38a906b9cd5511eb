/* SPDX-License-Identifier: Apache-2.0 */
#include "load/stale.h"

#include "load/handle.h"
#include "load/ref.h"

void
tayra__stale_mark(struct tayra *t, const void *key, size_t key_len, uint32_t flag, uint64_t now_ms,
		  uint64_t until_ms)
{
	struct tayra_value value;

	if (tayra__ram_get(t, key, key_len, now_ms, &value) != TAYRA_OK)
		return;
	if (now_ms >= value.meta.fresh_ms || (value.meta.flags & TAYRA_ITEM_STALE))
		tayra_cache_touch(t->cache, key, key_len, value.meta.version, until_ms,
				  value.meta.expire_ms,
				  (value.meta.flags & ~TAYRA_ITEM_STALE) | flag);
	tayra_cache_unpin(t->cache, &value);
}

bool
tayra__stale_take(struct tayra *t, const void *key, size_t key_len, uint64_t now_ms,
		  struct tayra_ref *ref)
{
	struct tayra_value value;

	if (tayra__ram_get(t, key, key_len, now_ms, &value) != TAYRA_OK)
		return false;
	tayra__ref_take(ref, t->cache, t->token, &value, now_ms);
	return true;
}
