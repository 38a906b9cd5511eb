/* SPDX-License-Identifier: Apache-2.0
 *
 * tier_remote.c: the remote tier as callers see it.
 */
#include <stdio.h>

#include <tayra/tayra.h>

#include "base/option.h"
#include "tier/remote.h"

int
tayra_tier_remote_open(const struct tayra_tier_remote_options *given, char *error, size_t error_len,
		       struct tayra_tier_remote **out)
{
	struct tayra_tier_remote_options o;
	struct tayra__remote_options options;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!given || tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK) {
		if (error && error_len)
			snprintf(error, error_len,
				 "remote tier: no options, or not of this version");
		return TAYRA_E_INVAL;
	}
	options = (struct tayra__remote_options){
		.url = o.url,
		.prefix = o.prefix,
		.timeout_ns = o.timeout_ns,
		.connections = o.connections,
		.value_bytes = o.max_bytes,
		.heartbeat_ns = o.heartbeat_ns,
	};
	return tayra__remote_open(&options, error, error_len, (struct tayra__tier **)out);
}

int
tayra_tier_remote_close(struct tayra_tier_remote *tier)
{
	struct tayra__tier *t = (struct tayra__tier *)tier;

	return t ? t->ops->close(t) : TAYRA_OK;
}
