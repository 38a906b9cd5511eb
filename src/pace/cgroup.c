/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/cgroup.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

/* A piece of text that is not terminated. */
struct piece {
	const char *at;
	size_t len;
};

/* The part of *rest before `stop`, or all of it; *rest moves behind. */
static struct piece
cut(struct piece *rest, char stop)
{
	const char *end = rest->len ? memchr(rest->at, stop, rest->len) : NULL;
	struct piece piece = { rest->at, end ? (size_t)(end - rest->at) : rest->len };
	size_t used = piece.len + (end != NULL);

	rest->at += used;
	rest->len -= used;
	return piece;
}

static bool
is(struct piece piece, const char *word)
{
	return piece.len == strlen(word) && memcmp(piece.at, word, piece.len) == 0;
}

/* Is the word among those of a comma-separated list? */
static bool
lists(struct piece list, const char *word)
{
	while (list.len > 0)
		if (is(cut(&list, ','), word))
			return true;
	return false;
}

static const char *const controllers[TAYRA__CGROUP_TREES] = { NULL, "cpu", "cpuacct", "memory" };

static void
copy(char out[TAYRA__CGROUP_PATH], struct piece piece)
{
	if (out[0] || piece.len == 0 || piece.len >= TAYRA__CGROUP_PATH || piece.at[0] != '/' ||
	    memchr(piece.at, '\0', piece.len))
		return;
	memcpy(out, piece.at, piece.len);
	out[piece.len] = '\0';
}

/* "4:cpu,cpuacct:/group", and "0::/group" for version 2. */
void
tayra__cgroup_parse_groups(const char *text, size_t len, struct tayra__cgroup_places *out)
{
	struct piece rest = { text, len };

	while (rest.len > 0) {
		struct piece line = cut(&rest, '\n');
		struct piece number = cut(&line, ':'), list = cut(&line, ':');

		if (is(number, "0") && list.len == 0)
			copy(out->tree[TAYRA__CGROUP_UNIFIED].group, line);
		for (int i = TAYRA__CGROUP_CPU; i < TAYRA__CGROUP_TREES; i++)
			if (lists(list, controllers[i]))
				copy(out->tree[i].group, line);
	}
}

static bool
is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* mountinfo writes space, tab, newline and backslash as "\040" and the like. */
static void
copy_unescaped(char out[TAYRA__CGROUP_PATH], struct piece piece)
{
	char plain[TAYRA__CGROUP_PATH];
	size_t len = 0;

	for (size_t i = 0; i < piece.len && len < sizeof(plain); i++) {
		const char *c = &piece.at[i];

		if (*c != '\\' || i + 3 >= piece.len || !is_octal(c[1]) || !is_octal(c[2]) ||
		    !is_octal(c[3])) {
			plain[len++] = *c;
			continue;
		}
		plain[len++] = (char)((c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0'));
		i += 3;
	}
	copy(out, (struct piece){ plain, len });
}

/* Root and mount point belong together: both or neither, and the first stay. */
static void
set_mount(struct tayra__cgroup_place *place, struct piece root, struct piece mount)
{
	copy_unescaped(place->root, root);
	copy_unescaped(place->mount, mount);
	if (!place->root[0] || !place->mount[0])
		place->root[0] = place->mount[0] = '\0';
}

/* "36 35 98:0 /root /mount/point rw,noatime master:1 - cgroup source rw,cpu,cpuacct" */
static void
parse_mount(struct piece line, struct tayra__cgroup_places *out)
{
	struct piece root, mount, type, options;

	for (int i = 0; i < 3; i++)
		cut(&line, ' ');
	root = cut(&line, ' ');
	mount = cut(&line, ' ');
	while (line.len > 0 && !is(cut(&line, ' '), "-"))
		;
	type = cut(&line, ' ');
	cut(&line, ' ');
	options = cut(&line, ' ');
	if (is(type, "cgroup2"))
		set_mount(&out->tree[TAYRA__CGROUP_UNIFIED], root, mount);
	if (!is(type, "cgroup"))
		return;
	for (int i = TAYRA__CGROUP_CPU; i < TAYRA__CGROUP_TREES; i++)
		if (lists(options, controllers[i]))
			set_mount(&out->tree[i], root, mount);
}

void
tayra__cgroup_parse_mounts(const char *text, size_t len, struct tayra__cgroup_places *out)
{
	struct piece rest = { text, len };

	while (rest.len > 0)
		parse_mount(cut(&rest, '\n'), out);
}

/* "/../x": seen from inside a namespace whose root the group is not below. */
static bool
goes_up(const char *path)
{
	const char *dots = path;

	while ((dots = strstr(dots, "/..")) != NULL) {
		if (dots[3] == '/' || dots[3] == '\0')
			return true;
		dots += 3;
	}
	return false;
}

/* The way from `root` down to `group`: "" or "/a/b". */
static const char *
below(const char *root, const char *group)
{
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (goes_up(group) || strcmp(group, "/") == 0)
		return "";
	if (strncmp(root, group, len) != 0 || (group[len] != '/' && group[len] != '\0'))
		return "";
	return group + len;
}

bool
tayra__cgroup_folder(const struct tayra__cgroup_places *places, enum tayra__cgroup_tree tree,
		     char out[TAYRA__CGROUP_PATH], size_t *top)
{
	const struct tayra__cgroup_place *place = &places->tree[tree];
	size_t mount = strlen(place->mount), way;
	const char *down;

	if (!place->mount[0] || !place->group[0])
		return false;
	down = below(place->root, place->group);
	way = strlen(down);
	if (mount + way >= TAYRA__CGROUP_PATH)
		return false;
	memcpy(out, place->mount, mount);
	memcpy(out + mount, down, way + 1);
	*top = mount;
	return true;
}

/* A decimal number that ends with the piece; what is too large is NONE. */
static int
number(struct piece piece, uint64_t *out)
{
	uint64_t value = 0;

	if (piece.len == 0)
		return TAYRA_E_CORRUPT;
	for (size_t i = 0; i < piece.len; i++) {
		if (piece.at[i] < '0' || piece.at[i] > '9')
			return TAYRA_E_CORRUPT;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(piece.at[i] - '0'), &value))
			value = TAYRA__CGROUP_NONE;
		if (value == TAYRA__CGROUP_NONE)
			break;
	}
	*out = value;
	return TAYRA_OK;
}

static struct piece
first_line(const char *text, size_t len)
{
	struct piece rest = { text, len };

	return cut(&rest, '\n');
}

int
tayra__cgroup_parse_number(const char *text, size_t len, uint64_t *out)
{
	struct piece line = first_line(text, len);

	if (!is(line, "max") && !is(line, "-1"))
		return number(line, out);
	*out = TAYRA__CGROUP_NONE;
	return TAYRA_OK;
}

int
tayra__cgroup_parse_quota(const char *text, size_t len, double *out)
{
	struct piece line = first_line(text, len), quota = cut(&line, ' ');
	uint64_t quota_us, period_us;

	if (number(line, &period_us) < 0 || period_us == 0)
		return TAYRA_E_CORRUPT;
	if (is(quota, "max")) {
		*out = (double)INFINITY;
		return TAYRA_OK;
	}
	if (number(quota, &quota_us) < 0 || quota_us == 0)
		return TAYRA_E_CORRUPT;
	*out = (double)quota_us / (double)period_us;
	return TAYRA_OK;
}

int
tayra__cgroup_parse_field(const char *text, size_t len, const char *name, uint64_t *out)
{
	struct piece rest = { text, len };

	while (rest.len > 0) {
		struct piece line = cut(&rest, '\n');

		if (is(cut(&line, ' '), name))
			return number(line, out);
	}
	return TAYRA_E_CORRUPT;
}
