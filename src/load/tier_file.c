/* SPDX-License-Identifier: Apache-2.0
 *
 * tier_file.c: the file tier as callers see it.
 */
#include "load/tier_file.h"

#include <stdio.h>

#include <tayra/tayra.h>

#include "base/option.h"
#include "tier/file.h"

_Static_assert((int)TAYRA_SYNC_NONE == (int)TAYRA__SYNC_NONE &&
		       (int)TAYRA_SYNC_EACH == (int)TAYRA__SYNC_EACH,
	       "one numbering");

int
tayra_tier_file_open(const struct tayra_tier_file_options *given, char *error, size_t error_len,
		     struct tayra_tier_file **out)
{
	struct tayra_tier_file_options o;
	struct tayra__file_options options;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!given || tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK) {
		if (error && error_len)
			snprintf(error, error_len, "file tier: no options, or not of this version");
		return TAYRA_E_INVAL;
	}
	options = (struct tayra__file_options){
		.path = o.path,
		.limit_bytes = o.limit_bytes,
		.segment_bytes = o.segment_bytes,
		.index_bytes = o.index_bytes,
		.sync = (enum tayra__sync)o.sync,
	};
	return tayra__file_open(&options, error, error_len, (struct tayra__tier **)out);
}

int
tayra__tier_file_check(const char *path, char *error, size_t error_len)
{
	const struct tayra__file_options options = { .path = path };

	return tayra__file_check(&options, error, error_len);
}

int
tayra_tier_file_close(struct tayra_tier_file *tier)
{
	struct tayra__tier *t = (struct tayra__tier *)tier;

	return t ? t->ops->close(t) : TAYRA_OK;
}
