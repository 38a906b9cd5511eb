/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/parts.h"

static const struct {
	const char *name, *text;
} parts[TAYRA__PARTS] = {
	[TAYRA__PART_BACKLOG] = { "backlog", "before the service began with it" },
	[TAYRA__PART_HIT] = { "hit", "answering from the cache" },
	[TAYRA__PART_WAIT] = { "wait", "waiting in a queue or for a load under way" },
	[TAYRA__PART_ORIGIN] = { "origin", "the database at work for it" },
	[TAYRA__PART_CHANGE] = { "change", "changing a record" },
	[TAYRA__PART_LOST] = { "lost", "in calls that brought no answer" },
};

const char *
tayra__part_name(enum tayra__part part)
{
	return parts[part].name;
}

const char *
tayra__part_text(enum tayra__part part)
{
	return parts[part].text;
}
