/* SPDX-License-Identifier: Apache-2.0
 *
 * troubles.c: a row a name.  An origin of the configuration is one of the library for each of its
 * routes; what they complain of is one row's.
 */
#include "serve/troubles.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "load/origin.h"
#include "load/trouble.h"
#include "serve/route.h"

#define PAUSE_NS TAYRA_NS_PER_S

struct row {
	const char *name;
	uint64_t count, said; /* how many there were, and when something was said last */
	uint64_t last_ns, said_ns;
	char text[TAYRA__TROUBLE_TEXT];
};

struct seat {
	struct tayra_origin *origin;
	uint64_t seen;
	struct row *row;
};

struct tayra__troubles {
	tayra__trouble_fn say;
	void *arg;
	struct row *rows;
	size_t row_count, seat_count;
	struct seat seats[];
};

static struct row *
row_of(struct tayra__troubles *t, const char *name)
{
	for (size_t i = 0; i < t->row_count; i++)
		if (strcmp(t->rows[i].name, name) == 0)
			return &t->rows[i];
	t->rows[t->row_count].name = name;
	return &t->rows[t->row_count++];
}

struct tayra__troubles *
tayra__troubles_create(const struct tayra__route *routes, size_t count, tayra__trouble_fn say,
		       void *arg)
{
	struct tayra__troubles *t = tayra__mem_alloc(sizeof(*t) + count * sizeof(t->seats[0]));

	if (!t)
		return NULL;
	t->say = say;
	t->arg = arg;
	t->rows = tayra__mem_array(count + 1, sizeof(t->rows[0]));
	if (!t->rows) {
		tayra__mem_free(t);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (routes[i].name)
			t->seats[t->seat_count++] = (struct seat){
				.origin = routes[i].origin,
				.row = row_of(t, routes[i].name),
			};
	return t;
}

void
tayra__troubles_destroy(struct tayra__troubles *troubles)
{
	if (troubles)
		tayra__mem_free(troubles->rows);
	tayra__mem_free(troubles);
}

static void
look(struct tayra__troubles *t, uint64_t now_ns)
{
	char text[TAYRA__TROUBLE_TEXT];

	for (size_t i = 0; i < t->seat_count; i++) {
		struct seat *seat = &t->seats[i];
		uint64_t count = tayra__trouble_read(&seat->origin->trouble, text);

		if (count == seat->seen)
			continue;
		seat->row->count += count - seat->seen;
		seat->row->last_ns = now_ns;
		memcpy(seat->row->text, text, sizeof(text));
		seat->seen = count;
	}
}

void
tayra__troubles_tick(struct tayra__troubles *troubles, uint64_t now_ns)
{
	look(troubles, now_ns);
	for (size_t i = 0; troubles->say && i < troubles->row_count; i++) {
		struct row *row = &troubles->rows[i];

		if (row->count == row->said || (row->said && now_ns - row->said_ns < PAUSE_NS))
			continue;
		troubles->say(troubles->arg, row->name, row->text, row->count - row->said - 1);
		row->said = row->count;
		row->said_ns = now_ns;
	}
}

struct tayra__trouble_seen
tayra__troubles_get(struct tayra__troubles *troubles, size_t n, uint64_t now_ns)
{
	look(troubles, now_ns);
	for (size_t i = 0; i < troubles->row_count; i++) {
		const struct row *row = &troubles->rows[i];

		if (row->count == 0 || n-- > 0)
			continue;
		return (struct tayra__trouble_seen){ row->name, row->text, row->count,
						     now_ns - row->last_ns };
	}
	return (struct tayra__trouble_seen){ 0 };
}
