/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/arm_tier.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_BYTES (64u << 20)

int
tayra__arm_tier_open(struct tayra__arm_tier *tier, const char *database_path, char *error,
		     size_t error_len)
{
	struct tayra_tier_file_options options = TAYRA_TIER_FILE_OPTIONS_INIT;

	snprintf(tier->path, sizeof(tier->path), "%.140s.tier", database_path);
	options.path = tier->path;
	options.limit_bytes = LIMIT_BYTES;
	return tayra_tier_file_open(&options, error, error_len, &tier->file);
}

int
tayra__arm_tier_connect(struct tayra__arm_tier *tier, const char *url, char *error,
			size_t error_len)
{
	struct tayra_tier_remote_options options = TAYRA_TIER_REMOTE_OPTIONS_INIT;

	options.url = url;
	return tayra_tier_remote_open(&options, error, error_len, &tier->remote);
}

void
tayra__arm_tier_close(struct tayra__arm_tier *tier)
{
	if (tier->remote)
		tayra_tier_remote_close(tier->remote);
	tier->remote = NULL;
	if (tier->file)
		tayra_tier_file_close(tier->file);
	tier->file = NULL;
}

void
tayra__arm_tier_remove(struct tayra__arm_tier *tier)
{
	DIR *dir;
	struct dirent *entry;

	tayra__arm_tier_close(tier);
	dir = tier->path[0] ? opendir(tier->path) : NULL;
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(tier->path);
}
