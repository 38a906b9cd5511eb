/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/process_use.h"

#include <tayra/base.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define STAT_MAX 1024 /* bytes of a line; the kernel's are below 500 */

bool
tayra__process_stat_parse(const char *line, struct tayra__process_stat *out)
{
	const char *name_end = strrchr(line, ')');
	/* Signed, for scanf takes "-1" for an unsigned number too. */
	int64_t user, system, children_user, children_system, rss;
	int pid, parent;

	if (!name_end || sscanf(line, "%9d (", &pid) != 1)
		return false;
	if (sscanf(name_end + 1,
		   " %*c %9d %*d %*d %*d %*d %*u %*u %*u %*u %*u %18" SCNd64 " %18" SCNd64
		   " %18" SCNd64 " %18" SCNd64 " %*d %*d %*d %*d %*u %*u %18" SCNd64,
		   &parent, &user, &system, &children_user, &children_system, &rss) != 6)
		return false;
	if (pid <= 0 || parent < 0 || user < 0 || system < 0 || children_user < 0 ||
	    children_system < 0 || rss < 0)
		return false;
	*out = (struct tayra__process_stat){ pid, parent, (uint64_t)(user + system),
					     (uint64_t)(children_user + children_system),
					     (uint64_t)rss };
	return true;
}

/* False: it is gone. */
static bool
read_stat(const char *proc, const char *pid, struct tayra__process_stat *out)
{
	char path[4096], line[STAT_MAX];
	size_t got;
	FILE *in;

	if (snprintf(path, sizeof(path), "%s/%s/stat", proc, pid) >= (int)sizeof(path))
		return false;
	in = fopen(path, "re");
	if (!in)
		return false;
	got = fread(line, 1, sizeof(line) - 1, in);
	fclose(in);
	line[got] = '\0';
	return tayra__process_stat_parse(line, out);
}

static void
count(struct tayra__process_use *use, const struct tayra__process_stat *stat,
      enum tayra__process_scope scope)
{
	uint64_t tick_ns = TAYRA_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);

	use->cpu_ns += stat->own_ticks * tick_ns;
	if (scope == TAYRA__PROCESS_TREE)
		use->cpu_ns += stat->children_ticks * tick_ns;
	use->rss_bytes += stat->rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	use->processes++;
}

static void
read_alone(const char *proc, const pid_t *pids, size_t n, struct tayra__process_use *use)
{
	struct tayra__process_stat stat;
	char pid[16];

	for (size_t i = 0; i < n; i++) {
		snprintf(pid, sizeof(pid), "%d", (int)pids[i]);
		if (read_stat(proc, pid, &stat))
			count(use, &stat, TAYRA__PROCESS_ALONE);
	}
}

struct member {
	struct tayra__process_stat stat;
	bool in;
};

struct census {
	struct member *each; /* by pid, ascending */
	size_t count, room;
};

static int
by_pid(const void *a, const void *b)
{
	const struct member *one = a, *two = b;

	return (one->stat.pid > two->stat.pid) - (one->stat.pid < two->stat.pid);
}

static struct member *
find(const struct census *census, pid_t pid)
{
	struct member key = { .stat.pid = pid };

	return census->count ? bsearch(&key, census->each, census->count, sizeof(key), by_pid)
			     : NULL;
}

static int
add(struct census *census, const struct tayra__process_stat *stat)
{
	if (census->count == census->room) {
		size_t room = census->room ? 2 * census->room : 256;
		struct member *each = tayra__mem_resize(census->each, room * sizeof(*each));

		if (!each)
			return TAYRA_E_NOMEM;
		census->each = each;
		census->room = room;
	}
	census->each[census->count++] = (struct member){ .stat = *stat };
	return TAYRA_OK;
}

static int
take_census(const char *proc, struct census *census)
{
	DIR *folder = opendir(proc);
	int status = TAYRA_OK;
	struct dirent *entry;

	if (!folder)
		return TAYRA_E_IO;
	while (!status && (entry = readdir(folder))) {
		struct tayra__process_stat stat;

		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    read_stat(proc, entry->d_name, &stat))
			status = add(census, &stat);
	}
	closedir(folder);
	if (census->count)
		qsort(census->each, census->count, sizeof(*census->each), by_pid);
	return status;
}

/* A child mostly has a higher pid than its parent, so one pass mostly finds all; those that came
 * after the pids began anew need another. */
static void
mark_descendants(const struct census *census)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < census->count; i++) {
			struct member *m = &census->each[i], *parent;

			if (m->in)
				continue;
			parent = find(census, m->stat.parent);
			m->in = parent && parent->in;
			more |= m->in;
		}
	}
}

static int
read_tree(const char *proc, const pid_t *pids, size_t n, struct tayra__process_use *use)
{
	struct census census = { 0 };
	int status = take_census(proc, &census);

	for (size_t i = 0; !status && i < n; i++) {
		struct member *root = find(&census, pids[i]);

		if (root)
			root->in = true;
	}
	if (!status)
		mark_descendants(&census);
	for (size_t i = 0; !status && i < census.count; i++)
		if (census.each[i].in)
			count(use, &census.each[i].stat, TAYRA__PROCESS_TREE);
	tayra__mem_free(census.each);
	return status;
}

int
tayra__process_use_read(const char *proc, const pid_t *pids, size_t n,
			enum tayra__process_scope scope, struct tayra__process_use *out)
{
	int status = TAYRA_OK;

	*out = (struct tayra__process_use){ 0 };
	if (scope == TAYRA__PROCESS_TREE)
		status = read_tree(proc, pids, n, out);
	else
		read_alone(proc, pids, n, out);
	return status || out->processes ? status : TAYRA_E_NOT_FOUND;
}
