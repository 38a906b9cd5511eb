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

/* One that does not answer yet is tried again; the line for people says so. */
static int
open_remote(struct tayra__tiers *tiers, const struct tayra__server_options *o, char *error,
	    size_t error_len)
{
	struct tayra_tier_remote_options options = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	size_t used = strlen(tiers->text);
	char why[256] = "";
	int status;

	options.url = o->remote_tier;
	status = tayra_tier_remote_open(&options, why, sizeof(why), &tiers->remote);
	if (status != TAYRA_OK) {
		snprintf(error, error_len, "remote tier: %s", why);
		return status;
	}
	snprintf(tiers->text + used, sizeof(tiers->text) - used, ", a remote tier%s%.200s",
		 why[0] ? ", not there yet: " : "", why);
	return TAYRA_OK;
}

int
tayra__tiers_open(struct tayra__tiers *tiers, const struct tayra__server_options *o,
		  struct tayra_options *handle, char *error, size_t error_len)
{
	int status = TAYRA_OK;

	if (o->check)
		return TAYRA_OK;
	if (o->file_tier)
		status = open_file(tiers, o, error, error_len);
	if (status == TAYRA_OK && o->file_tier)
		snprintf(tiers->text, sizeof(tiers->text), ", file tier %.100s", o->file_tier);
	if (status == TAYRA_OK && o->remote_tier)
		status = open_remote(tiers, o, error, error_len);
	handle->file_tier = tiers->file;
	handle->remote_tier = tiers->remote;
	return status;
}

void
tayra__tiers_close(struct tayra__tiers *tiers)
{
	tayra_tier_file_close(tiers->file);
	tayra_tier_remote_close(tiers->remote);
	memset(tiers, 0, sizeof(*tiers));
}
