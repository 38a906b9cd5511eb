/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/moments.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "drive/whole_file.h"

struct reading {
	struct tayra__moments *moments;
	const char *file;
	size_t room;
	unsigned long line;
	char *why;
	size_t why_size;
};

static int
refuse(const struct reading *r, const char *what)
{
	if (r->line)
		snprintf(r->why, r->why_size, "%.200s:%lu: %s", r->file, r->line, what);
	else
		snprintf(r->why, r->why_size, "%.200s: %s", r->file, what);
	return TAYRA_E_INVAL;
}

static int
note(struct reading *r, uint64_t ns)
{
	struct tayra__moments *m = r->moments;

	if (m->count && ns < m->ns[m->count - 1])
		return refuse(r, "is earlier than the moment before it");
	if (m->count == r->room) {
		size_t room = r->room ? 2 * r->room : 1024;
		uint64_t *moments = tayra__mem_resize(m->ns, room * sizeof(*moments));

		if (!moments) {
			snprintf(r->why, r->why_size, "%s", tayra_status_text(TAYRA_E_NOMEM));
			return TAYRA_E_NOMEM;
		}
		m->ns = moments;
		r->room = room;
	}
	m->ns[m->count++] = ns;
	return TAYRA_OK;
}

static int
read_line(struct reading *r, const char *line, size_t len)
{
	char number[64];
	double seconds;

	while (len && strchr(" \t\r", line[len - 1]) && line[len - 1])
		len--;
	if (!len || line[0] == '#')
		return TAYRA_OK;
	if (len < sizeof(number) && !memchr(line, '\0', len)) {
		memcpy(number, line, len);
		number[len] = '\0';
		if (tayra__option_double(number, 0, TAYRA__MOMENTS_SECONDS, &seconds) == TAYRA_OK)
			return note(r, (uint64_t)(seconds * (double)TAYRA_NS_PER_S + 0.5));
	}
	return refuse(r, "is no moment in seconds after the start, from 0 to a week");
}

int
tayra__moments_parse(struct tayra__moments *moments, const char *file, const char *bytes,
		     size_t len, char *why, size_t why_size)
{
	struct reading r = { .moments = moments, .file = file, .why = why, .why_size = why_size };
	const char *at = bytes, *end = bytes + len;
	int status = TAYRA_OK;

	*moments = (struct tayra__moments){ .ns = NULL };
	if (len > TAYRA__MOMENTS_BYTES_MAX)
		return refuse(&r, "is over 64 MiB");
	while (at < end && status == TAYRA_OK) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		r.line++;
		stop = stop ? stop : end;
		status = read_line(&r, at, (size_t)(stop - at));
		at = stop < end ? stop + 1 : end;
	}
	r.line = 0;
	if (status == TAYRA_OK && !moments->count)
		status = refuse(&r, "has no moment in it");
	if (status != TAYRA_OK)
		tayra__moments_fini(moments);
	return status;
}

int
tayra__moments_load(struct tayra__moments *moments, const char *path, char *why, size_t why_size)
{
	size_t len;
	char *bytes = tayra__whole_file(path, TAYRA__MOMENTS_BYTES_MAX, &len, why, why_size);
	int status;

	*moments = (struct tayra__moments){ .ns = NULL };
	if (!bytes)
		return TAYRA_E_IO;
	status = tayra__moments_parse(moments, path, bytes, len, why, why_size);
	tayra__mem_free(bytes);
	return status;
}

void
tayra__moments_fini(struct tayra__moments *moments)
{
	tayra__mem_free(moments->ns);
	*moments = (struct tayra__moments){ .ns = NULL };
}
