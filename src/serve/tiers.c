/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tiers.h"

#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

#include "serve/server.h"

static int
open_file(struct tayra__tiers *tiers, const struct tayra__server_options *o, char *error,
	  size_t error_len)
{
	struct tayra_tier_file_options options = TAYRA_TIER_FILE_OPTIONS_INIT;

	options.path = o->file_tier;
	options.limit_bytes = o->file_tier_bytes;
	return tayra_tier_file_open(&options, error, error_len, &tiers->file);
}

int
tayra__tiers_open(struct tayra__tiers *tiers, const struct tayra__server_options *o,
		  struct tayra_options *handle, char *error, size_t error_len)
{
	int status;

	if (!o->file_tier || o->check)
		return TAYRA_OK;
	status = open_file(tiers, o, error, error_len);
	if (status != TAYRA_OK)
		return status;
	handle->file_tier = tiers->file;
	snprintf(tiers->text, sizeof(tiers->text), ", file tier %.100s", o->file_tier);
	return TAYRA_OK;
}

void
tayra__tiers_close(struct tayra__tiers *tiers)
{
	tayra_tier_file_close(tiers->file);
	tayra_tier_remote_close(tiers->remote);
	memset(tiers, 0, sizeof(*tiers));
}
