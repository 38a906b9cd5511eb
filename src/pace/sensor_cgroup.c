/* SPDX-License-Identifier: Apache-2.0
 *
 * sensor_cgroup.c: the sensor that sees what this process may use.  It keeps a descriptor of the
 * folder of each group the process is in and of those above, and reads their few files at each
 * reading, as limits may be changed while it runs.  The group whose limit is nearest counts; where
 * none has one, the machine does.
 */
#include <tayra/pace.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/option.h"
#include "pace/cgroup.h"
#include "pace/sensor.h"

#define LEVELS_MAX  16 /* groups, of all trees: eight deep in two of them */
#define DEPTH_MAX   8
#define APART_NS    (20 * TAYRA_NS_PER_MS) /* readings nearer than that say the same */
#define TEXT_MAX    8192
#define LISTING_MAX (256u << 10) /* of /proc/self/mountinfo and the like, once */

/* Files of a group's folder. */
struct layout {
	const char *memory_max, *memory_high, *memory_now, *inactive;
};

static const struct layout unified = { "memory.max", "memory.high", "memory.current",
				       "inactive_file" };
static const struct layout old = { "memory.limit_in_bytes", NULL, "memory.usage_in_bytes",
				   "total_inactive_file" };

struct level {
	enum tayra__cgroup_tree tree;
	int folder, account; /* account: cpuacct's, for a group of the old cpu tree; else -1 */
	uint64_t usage_ns, at_ns;
	double cpu; /* the last share */
};

struct group {
	struct tayra_sensor machine;
	pthread_mutex_t lock;
	struct level levels[LEVELS_MAX];
	unsigned count;
	struct tayra__psi psi; /* of its own group, version 2 */
	double processors;
	double memory_total; /* bytes; a limit over it is none */
};

/* => how much of the file was read; 0: nothing, also where the folder is -1. */
static size_t
read_file(int folder, const char *name, char *text, size_t max)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 1;

	while (fd >= 0 && used < max && got > 0) {
		got = read(fd, text + used, max - used);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			used += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	return used;
}

/* TAYRA__CGROUP_NONE: no limit, or none that can be read. */
static uint64_t
read_number(int folder, const char *name)
{
	uint64_t value = TAYRA__CGROUP_NONE;
	char text[64];
	size_t len = name ? read_file(folder, name, text, sizeof(text)) : 0;

	tayra__cgroup_parse_number(text, len, &value);
	return value;
}

static double
memory_share(const struct group *group, const struct level *level)
{
	const struct layout *files = level->tree == TAYRA__CGROUP_UNIFIED ? &unified : &old;
	uint64_t most = read_number(level->folder, files->memory_max);
	uint64_t high = read_number(level->folder, files->memory_high);
	uint64_t now = read_number(level->folder, files->memory_now), inactive = 0;
	char text[TEXT_MAX];
	size_t len;

	if (high < most)
		most = high;
	if (most == TAYRA__CGROUP_NONE || now == TAYRA__CGROUP_NONE ||
	    (double)most > group->memory_total)
		return (double)NAN;
	len = read_file(level->folder, "memory.stat", text, sizeof(text));
	tayra__cgroup_parse_field(text, len, files->inactive, &inactive);
	now -= inactive < now ? inactive : now;
	return most ? fmin((double)now / (double)most, 1) : 1;
}

/* In processors; INFINITY: no limit. */
static double
quota(const struct level *level)
{
	double processors = (double)INFINITY;
	uint64_t quota_us, period_us;
	char text[64];

	if (level->tree == TAYRA__CGROUP_UNIFIED) {
		tayra__cgroup_parse_quota(
			text, read_file(level->folder, "cpu.max", text, sizeof(text)), &processors);
		return processors;
	}
	quota_us = read_number(level->folder, "cpu.cfs_quota_us");
	period_us = read_number(level->folder, "cpu.cfs_period_us");
	if (quota_us == TAYRA__CGROUP_NONE || period_us == TAYRA__CGROUP_NONE || period_us == 0)
		return processors;
	return (double)quota_us / (double)period_us;
}

/* => the group's processor time, or TAYRA__CGROUP_NONE. */
static uint64_t
usage(const struct level *level)
{
	uint64_t usage_us;
	char text[TEXT_MAX];
	size_t len;

	if (level->tree != TAYRA__CGROUP_UNIFIED)
		return read_number(level->account, "cpuacct.usage");
	len = read_file(level->folder, "cpu.stat", text, sizeof(text));
	if (tayra__cgroup_parse_field(text, len, "usage_usec", &usage_us) < 0 ||
	    usage_us > UINT64_MAX / 1000)
		return TAYRA__CGROUP_NONE;
	return usage_us * 1000;
}

static double
cpu_share(const struct group *group, struct level *level, uint64_t now_ns)
{
	double processors = quota(level);
	uint64_t used_ns = processors < group->processors ? usage(level) : TAYRA__CGROUP_NONE;

	if (used_ns == TAYRA__CGROUP_NONE || processors <= 0) {
		level->at_ns = 0;
		return (double)NAN;
	}
	if (level->at_ns && now_ns < level->at_ns + APART_NS)
		return level->cpu;
	if (!level->at_ns)
		level->cpu = (double)NAN;
	else if (used_ns >= level->usage_ns) /* version 1 lets anybody set it to 0 */
		level->cpu = fmin((double)(used_ns - level->usage_ns) /
					  ((double)(now_ns - level->at_ns) * processors),
				  1);
	level->usage_ns = used_ns;
	level->at_ns = now_ns;
	return level->cpu;
}

/* fmax() takes the one that is a number. */
static int
group_read(void *ctx, uint64_t now_ns, struct tayra_pressure *out)
{
	double no = (double)NAN;
	struct tayra_pressure machine, own = { .cpu = no, .memory = no };
	struct group *group = ctx;
	bool limited = false;
	int status = group->machine.read(group->machine.ctx, now_ns, &machine);

	if (status < 0)
		return status;
	pthread_mutex_lock(&group->lock);
	for (unsigned i = 0; i < group->count; i++) {
		struct level *level = &group->levels[i];

		if (level->tree != TAYRA__CGROUP_MEMORY) {
			own.cpu = fmax(own.cpu, cpu_share(group, level, now_ns));
			limited |= level->at_ns > 0;
		}
		if (level->tree != TAYRA__CGROUP_CPU)
			own.memory = fmax(own.memory, memory_share(group, level));
	}
	*out = machine;
	tayra__sensor_stalls(&group->psi, now_ns, out);
	pthread_mutex_unlock(&group->lock);
	out->cpu = limited ? own.cpu : machine.cpu;
	out->memory = isnan(own.memory) ? machine.memory : own.memory;
	return TAYRA_OK;
}

/* A folder below the root that the options name.  => a descriptor or -1. */
static int
open_folder(const char *root, const char *path)
{
	char full[2 * TAYRA__CGROUP_PATH];
	int len = snprintf(full, sizeof(full), "%s%s", root, path);

	if (len < 0 || (size_t)len >= sizeof(full))
		return -1;
	return open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The old trees: time is counted in a group of the same name in another tree. */
static int
open_account(const struct tayra__cgroup_places *places, const char *root, const char *group)
{
	const struct tayra__cgroup_place *account = &places->tree[TAYRA__CGROUP_CPUACCT];
	char path[2 * TAYRA__CGROUP_PATH];

	if (!account->mount[0])
		return -1;
	snprintf(path, sizeof(path), "%s%s", account->mount, group);
	return open_folder(root, path);
}

/* The group's folder and those above it, up to the mount point. */
static void
add_levels(struct group *group, const struct tayra__cgroup_places *places,
	   enum tayra__cgroup_tree tree, const char *root)
{
	char path[TAYRA__CGROUP_PATH];
	size_t top;

	if (!tayra__cgroup_folder(places, tree, path, &top))
		return;
	for (unsigned depth = 0; depth < DEPTH_MAX && group->count < LEVELS_MAX; depth++) {
		struct level *level = &group->levels[group->count];

		*level = (struct level){ .tree = tree, .account = -1, .cpu = (double)NAN };
		level->folder = open_folder(root, path);
		if (level->folder >= 0) {
			group->count++;
			if (tree == TAYRA__CGROUP_CPU)
				level->account = open_account(places, root, path + top);
		}
		if (strlen(path) <= top)
			return;
		*strrchr(path + top, '/') = '\0';
	}
}

/* A whole file, into memory that holds LISTING_MAX. */
static size_t
read_listing(const char *proc, const char *name, char *text)
{
	char path[TAYRA__CGROUP_PATH];

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	return read_file(AT_FDCWD, path, text, LISTING_MAX);
}

/* How many lines begin with "cpu" and a digit. */
static double
count_processors(const char *text, size_t len)
{
	const char *end = text + len;
	double count = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (end - text > 3 && memcmp(text, "cpu", 3) == 0 && text[3] >= '0' &&
		    text[3] <= '9')
			count++;
		text = newline ? newline + 1 : end;
	}
	return count;
}

/* Find the groups, with two buffers of the caller's. */
static void
look_around(struct group *group, const char *proc, const char *root,
	    struct tayra__cgroup_places *places, char *text)
{
	static const char *const stalls[TAYRA__PSI_KINDS] = { "cpu.pressure", "memory.pressure",
							      "io.pressure" };
	uint64_t total_kib;

	tayra__cgroup_parse_groups(text, read_listing(proc, "self/cgroup", text), places);
	tayra__cgroup_parse_mounts(text, read_listing(proc, "self/mountinfo", text), places);
	group->processors = count_processors(text, read_listing(proc, "stat", text));
	group->memory_total = (double)INFINITY;
	if (tayra__sensor_parse_total(text, read_listing(proc, "meminfo", text), &total_kib) ==
	    TAYRA_OK)
		group->memory_total = (double)total_kib * 1024;
	if (group->processors == 0)
		group->processors = (double)INFINITY;
	add_levels(group, places, TAYRA__CGROUP_UNIFIED, root);
	tayra__psi_open(&group->psi, group->count ? group->levels[0].folder : -1, stalls, NULL);
	add_levels(group, places, TAYRA__CGROUP_CPU, root);
	add_levels(group, places, TAYRA__CGROUP_MEMORY, root);
}

int
tayra_sensor_create(const struct tayra_sensor_options *given, struct tayra_sensor *out)
{
	struct tayra_sensor_options options;
	struct tayra__cgroup_places *places;
	struct group *group;
	char *text;
	int status;

	*out = (struct tayra_sensor){ 0 };
	if (tayra__option_struct(given, &options, sizeof(options)) < 0)
		return TAYRA_E_INVAL;
	if (!options.proc)
		options.proc = "/proc";
	group = tayra__mem_alloc(sizeof(*group));
	places = tayra__mem_alloc(sizeof(*places));
	text = tayra__mem_alloc(LISTING_MAX);
	status = group && places && text ? tayra__sensor_machine(options.proc, &group->machine)
					 : TAYRA_E_NOMEM;
	if (status == TAYRA_OK) {
		pthread_mutex_init(&group->lock, NULL);
		look_around(group, options.proc, options.root ? options.root : "", places, text);
		*out = (struct tayra_sensor){ group_read, group };
	} else {
		tayra__mem_free(group);
	}
	tayra__mem_free(places);
	tayra__mem_free(text);
	return status;
}

void
tayra_sensor_destroy(struct tayra_sensor *sensor)
{
	struct group *group = sensor->ctx;

	if (!group)
		return;
	for (unsigned i = 0; i < group->count; i++) {
		close(group->levels[i].folder);
		if (group->levels[i].account >= 0)
			close(group->levels[i].account);
	}
	tayra__psi_close(&group->psi);
	tayra_sensor_proc_destroy(&group->machine);
	pthread_mutex_destroy(&group->lock);
	tayra__mem_free(group);
	*sensor = (struct tayra_sensor){ 0 };
}
