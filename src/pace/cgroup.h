/* SPDX-License-Identifier: Apache-2.0
 *
 * cgroup.h: which control groups this process is in, and the text of their files: cgroups(7) for
 * version 1, the kernel's admin-guide/cgroup-v2 for version 2.  Pure: text in, facts out; no byte
 * of it is trusted, and what does not fit is left out.
 */
#ifndef TAYRA_PACE_CGROUP_H
#define TAYRA_PACE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__CGROUP_PATH 1024 /* with the terminator; a longer one is not followed */
#define TAYRA__CGROUP_NONE UINT64_MAX

enum tayra__cgroup_tree {
	TAYRA__CGROUP_UNIFIED, /* version 2; in a hybrid layout it may be there without controllers
				*/
	TAYRA__CGROUP_CPU,     /* version 1 from here on; trees may be one and the same */
	TAYRA__CGROUP_CPUACCT,
	TAYRA__CGROUP_MEMORY,
};
#define TAYRA__CGROUP_TREES 4

/* Empty: not known. */
struct tayra__cgroup_place {
	char group[TAYRA__CGROUP_PATH]; /* of the process, in the tree */
	char root[TAYRA__CGROUP_PATH];  /* the group that is mounted */
	char mount[TAYRA__CGROUP_PATH]; /* where */
};

struct tayra__cgroup_places {
	struct tayra__cgroup_place tree[TAYRA__CGROUP_TREES];
};

/* Of /proc/self/cgroup and of /proc/self/mountinfo: the first line that fits counts.  *out was
 * zeroed before the first of them. */
void tayra__cgroup_parse_groups(const char *text, size_t len, struct tayra__cgroup_places *out);
void tayra__cgroup_parse_mounts(const char *text, size_t len, struct tayra__cgroup_places *out);

/*
 * The folder of the process's group: what is mounted, then the way to the group below it.  A group
 * that is not below what is mounted, as from inside a container without its own namespace, is the
 * mounted one.  *top is the length up to which parents are looked at: the mount point.
 * => false: not known, or too long.
 */
bool tayra__cgroup_folder(const struct tayra__cgroup_places *places, enum tayra__cgroup_tree tree,
			  char out[TAYRA__CGROUP_PATH], size_t *top);

/* The three below: => TAYRA_OK; TAYRA_E_CORRUPT with *out untouched. */

/* One number; "max", "-1" and what does not fit into 64 bits mean TAYRA__CGROUP_NONE. */
int tayra__cgroup_parse_number(const char *text, size_t len, uint64_t *out);
/* cpu.max, "200000 100000": in processors.  INFINITY for "max". */
int tayra__cgroup_parse_quota(const char *text, size_t len, double *out);
/* The line "name number" of cpu.stat and memory.stat. */
int tayra__cgroup_parse_field(const char *text, size_t len, const char *name, uint64_t *out);

#endif
