/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tiers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tayra/tayra.h>

#include "base/mem.h"
#include "load/tier_file.h"
#include "net/redis_url.h"
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

/* Whether a directory could be made there: whether the one above it can be written to. */
static int
check_parent(const char *path, char *error, size_t error_len)
{
	size_t len = strlen(path);
	char *parent;
	int status = TAYRA_OK;

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	parent = tayra__mem_alloc(len + 2);
	if (!parent)
		return TAYRA_E_NOMEM;
	memcpy(parent, len ? path : ".", len ? len : 1);
	if (access(parent, W_OK | X_OK) < 0) {
		snprintf(error, error_len, "%s: cannot be made: %m", path);
		status = TAYRA_E_IO;
	}
	tayra__mem_free(parent);
	return status;
}

/* As far as can be seen without taking it from a server that has it open. */
static int
check_file(const char *path, char *error, size_t error_len)
{
	struct stat about;

	if (stat(path, &about) < 0 && errno == ENOENT)
		return check_parent(path, error, error_len);
	if (stat(path, &about) == 0 && !S_ISDIR(about.st_mode))
		errno = ENOTDIR;
	else if (access(path, R_OK | W_OK | X_OK) == 0)
		return tayra__tier_file_check(path, error, error_len);
	snprintf(error, error_len, "%s: cannot be opened: %m", path);
	return TAYRA_E_IO;
}

/* What opening would refuse, without asking anybody; the line for people is that of opening. */
static int
check(struct tayra__tiers *tiers, const struct tayra__server_options *o, char *error,
      size_t error_len)
{
	struct tayra__redis_url url;
	size_t used = 0;
	char why[256];
	int status = TAYRA_OK;

	if (o->file_tier) {
		status = check_file(o->file_tier, error, error_len);
		used = (size_t)snprintf(tiers->text, sizeof(tiers->text), ", file tier %.100s",
					o->file_tier);
	}
	if (status != TAYRA_OK || !o->remote_tier)
		return status;
	status = tayra__redis_url_parse(o->remote_tier, &url, why, sizeof(why));
	if (status == TAYRA_OK)
		snprintf(tiers->text + used, sizeof(tiers->text) - used, ", a remote tier");
	else
		snprintf(error, error_len, "remote tier: %s", why);
	explicit_bzero(&url, sizeof(url));
	return status;
}

int
tayra__tiers_open(struct tayra__tiers *tiers, const struct tayra__server_options *o,
		  struct tayra_options *handle, char *error, size_t error_len)
{
	int status = TAYRA_OK;

	if (o->check)
		return check(tiers, o, error, error_len);
	if (o->file_tier)
		status = open_file(tiers, o, error, error_len);
	if (status == TAYRA_OK && o->file_tier)
		snprintf(tiers->text, sizeof(tiers->text), ", file tier %.100s", o->file_tier);
	if (status == TAYRA_OK && o->remote_tier)
		status = open_remote(tiers, o, error, error_len);
	handle->file_tier = tiers->file;
	handle->remote_tier = tiers->remote;
	handle->lease_ns = o->remote_lease_ns == 1 ? TAYRA_OFF : o->remote_lease_ns;
	return status;
}

void
tayra__tiers_close(struct tayra__tiers *tiers)
{
	tayra_tier_file_close(tiers->file);
	tayra_tier_remote_close(tiers->remote);
	memset(tiers, 0, sizeof(*tiers));
}
