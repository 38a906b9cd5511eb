/* SPDX-License-Identifier: Apache-2.0
 *
 * The texts of control groups: any bytes give places that are paths, whose folders begin with the
 * mount point and are terminated, and numbers or nothing.
 */
#include "pace/cgroup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void
check_path(const char *path)
{
	if (memchr(path, '\0', TAYRA__CGROUP_PATH) == NULL || (path[0] && path[0] != '/'))
		abort();
}

static void
check_places(const struct tayra__cgroup_places *places)
{
	for (int i = 0; i < TAYRA__CGROUP_TREES; i++) {
		const struct tayra__cgroup_place *place = &places->tree[i];
		char folder[TAYRA__CGROUP_PATH];
		size_t top;

		check_path(place->group);
		check_path(place->root);
		check_path(place->mount);
		if (!tayra__cgroup_folder(places, (enum tayra__cgroup_tree)i, folder, &top))
			continue;
		check_path(folder);
		if (top != strlen(place->mount) || strncmp(folder, place->mount, top) != 0)
			abort();
		if (folder[top] != '\0' && folder[top] != '/')
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tayra__cgroup_places places;
	const char *text = (const char *)data;
	uint64_t value = 7;
	double quota = -1;

	memset(&places, 0, sizeof(places));
	tayra__cgroup_parse_groups(text, size, &places);
	tayra__cgroup_parse_mounts(text, size, &places);
	check_places(&places);
	if (tayra__cgroup_parse_number(text, size, &value) < 0 && value != 7)
		abort();
	value = 7;
	if (tayra__cgroup_parse_field(text, size, "usage_usec", &value) < 0 && value != 7)
		abort();
	if (tayra__cgroup_parse_quota(text, size, &quota) < 0 ? quota != -1 : !(quota > 0))
		abort();
	return 0;
}
