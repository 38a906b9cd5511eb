/* SPDX-License-Identifier: Apache-2.0
 *
 * exact_s3fifo.c: S3-FIFO, Yang et al., "FIFO queues are all you need for cache eviction",
 * SOSP'23: a small queue takes what is new, a main queue what was used again, and a ghost queue
 * remembers what left small unused.  Shares and thresholds as in libCacheSim: small a tenth of the
 * capacity, ghosts nine tenths, promotion at two hits, at most two second chances kept in main.
 *
 * An object of the size of small or more is cached only when it comes back as a ghost, which it
 * never was: so at unit sizes below 20 objects, where small is 1 or 0, nothing is cached at all.
 */
#include "sim/exact.h"

#include <tayra/base.h>

#include "base/mem.h"
#include "sim/chain.h"

#define PROMOTE_HITS 2 /* in small, to move to main */
#define HITS_MAX     3

enum s3fifo_place { OUT, SMALL, MAIN, GHOST };

struct s3fifo_object {
	uint8_t place; /* enum s3fifo_place */
	uint8_t hits;  /* since it entered its queue, up to HITS_MAX */
};

struct s3fifo {
	struct tayra__exact exact;
	uint64_t small_max, main_max, ghost_max;
	uint64_t small_used, main_used, ghost_used;
	struct tayra__link *links;
	struct s3fifo_object *objects;
};

static uint32_t
head(const struct s3fifo *s3, enum s3fifo_place place)
{
	return s3->exact.options.keys + place - SMALL;
}

static uint64_t *
used(struct s3fifo *s3, enum s3fifo_place place)
{
	return place == SMALL ? &s3->small_used : place == MAIN ? &s3->main_used : &s3->ghost_used;
}

static void
leave(struct s3fifo *s3, uint32_t id)
{
	enum s3fifo_place place = (enum s3fifo_place)s3->objects[id].place;

	tayra__chain_remove(s3->links, id);
	*used(s3, place) -= tayra__exact_size(&s3->exact, id);
	s3->objects[id].place = OUT;
	if (place == GHOST)
		s3->exact.ghosts--;
	else
		tayra__exact_leave(&s3->exact, id);
}

static void
enter(struct s3fifo *s3, uint32_t id, enum s3fifo_place place, uint8_t hits)
{
	tayra__chain_push(s3->links, head(s3, place), id);
	*used(s3, place) += tayra__exact_size(&s3->exact, id);
	s3->objects[id] = (struct s3fifo_object){ .place = (uint8_t)place, .hits = hits };
	if (place != GHOST)
		tayra__exact_enter(&s3->exact, id);
	else if (++s3->exact.ghosts > s3->exact.ghosts_peak)
		s3->exact.ghosts_peak = s3->exact.ghosts;
}

static void
remember(struct s3fifo *s3, uint32_t id)
{
	uint64_t size = tayra__exact_size(&s3->exact, id);

	if (size > s3->ghost_max)
		return;
	while (s3->ghost_used + size > s3->ghost_max)
		leave(s3, tayra__chain_oldest(s3->links, head(s3, GHOST)));
	enter(s3, id, GHOST, 0);
}

/* Evicts one object, or moves all of small to main. */
static void
evict_small(struct s3fifo *s3)
{
	uint32_t id;

	while ((id = tayra__chain_oldest(s3->links, head(s3, SMALL))) != head(s3, SMALL)) {
		bool promoted = s3->objects[id].hits >= PROMOTE_HITS;

		leave(s3, id);
		if (!promoted) {
			remember(s3, id);
			return;
		}
		enter(s3, id, MAIN, 0);
	}
}

static void
evict_main(struct s3fifo *s3)
{
	for (;;) {
		uint32_t id = tayra__chain_oldest(s3->links, head(s3, MAIN));
		uint8_t hits = s3->objects[id].hits;

		leave(s3, id);
		if (hits == 0)
			return;
		enter(s3, id, MAIN, (uint8_t)(hits - 1));
	}
}

static void
hit(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct s3fifo_object *object = &((struct s3fifo *)exact)->objects[id];

	if (object->hits < HITS_MAX)
		object->hits++;
}

static void
miss(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct s3fifo *s3 = (struct s3fifo *)exact;
	bool ghost = s3->objects[id].place == GHOST;

	if (ghost)
		leave(s3, id);
	else if (tayra__exact_size(exact, id) >= s3->small_max)
		return;
	while (tayra__exact_crowded(exact, id)) {
		bool small_empty = tayra__chain_oldest(s3->links, head(s3, SMALL)) ==
				   head(s3, SMALL);

		if (s3->main_used > s3->main_max || small_empty)
			evict_main(s3);
		else
			evict_small(s3);
	}
	enter(s3, id, ghost ? MAIN : SMALL, 0);
}

static void
take_out(struct tayra__exact *exact, uint32_t id)
{
	leave((struct s3fifo *)exact, id);
}

static bool
resident(const struct tayra__exact *exact, uint32_t id)
{
	uint8_t place = ((const struct s3fifo *)exact)->objects[id].place;

	return place == SMALL || place == MAIN;
}

static void
destroy(struct tayra__exact *exact)
{
	struct s3fifo *s3 = (struct s3fifo *)exact;

	if (!s3)
		return;
	tayra__mem_free(s3->links);
	tayra__mem_free(s3->objects);
	tayra__mem_free(s3);
}

static int
create(const struct tayra__exact_options *options, struct tayra__exact **out)
{
	struct s3fifo *s3 = tayra__mem_alloc(sizeof(*s3));
	uint64_t tenths = options->capacity / 10, rest = options->capacity % 10;

	*out = NULL;
	if (!s3)
		return TAYRA_E_NOMEM;
	s3->exact.policy = &tayra__exact_s3fifo;
	s3->exact.options = *options;
	s3->small_max = tenths;
	s3->main_max = options->capacity - tenths;
	s3->ghost_max = tenths * 9 + rest * 9 / 10;
	s3->links = tayra__mem_array(options->keys + (size_t)3, sizeof(*s3->links));
	s3->objects = tayra__mem_array(options->keys, sizeof(*s3->objects));
	if (!s3->links || !s3->objects) {
		destroy(&s3->exact);
		return TAYRA_E_NOMEM;
	}
	for (enum s3fifo_place place = SMALL; place <= GHOST; place++)
		tayra__chain_init(s3->links, head(s3, place));
	*out = &s3->exact;
	return TAYRA_OK;
}

const struct tayra__exact_policy tayra__exact_s3fifo = {
	.name = "s3fifo",
	.sentence = "three FIFO queues: small, main, ghost (SOSP'23)",
	.resident_bytes = sizeof(struct tayra__link) + sizeof(struct s3fifo_object),
	.ghost_bytes = sizeof(struct tayra__link) + sizeof(struct s3fifo_object),
	.create = create,
	.destroy = destroy,
	.resident = resident,
	.hit = hit,
	.miss = miss,
	.remove = take_out,
};
