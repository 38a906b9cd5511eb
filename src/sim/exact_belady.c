/* SPDX-License-Identifier: Apache-2.0
 *
 * exact_belady.c: Belady's MIN, IBM Systems Journal 5(2), 1966: evict what is used furthest in the
 * future.  `belady` always inserts, as published; `belady-bypass` leaves out an object whose next
 * use is further than that of everything resident, which no policy can beat at unit sizes.  With
 * real sizes both are good, not optimal.  Expiry is not foreseen; deletes are.
 *
 * A binary max-heap of (next use, id) in one array, with the place of each id, so that a hit can
 * move its entry.  base/heap.h keeps pointers and may allocate on the way; this never does.
 */
#include "sim/exact.h"

#include <tayra/base.h>

#include "base/mem.h"

struct belady_entry {
	uint32_t next_use;
	uint32_t id;
};

struct belady {
	struct tayra__exact exact;
	struct belady_entry *heap; /* 1-based: heap[1] has the furthest next use */
	uint32_t *place;           /* by id; 0: not resident */
	bool bypass;
};

static void
put_entry(struct belady *belady, uint32_t at, struct belady_entry entry)
{
	belady->heap[at] = entry;
	belady->place[entry.id] = at;
}

/* Settle an entry whose rightful place is at or above `at`. */
static void
sift_up(struct belady *belady, uint32_t at, struct belady_entry entry)
{
	while (at > 1 && belady->heap[at / 2].next_use < entry.next_use) {
		put_entry(belady, at, belady->heap[at / 2]);
		at /= 2;
	}
	put_entry(belady, at, entry);
}

static void
sift_down(struct belady *belady, uint32_t at, uint32_t count, struct belady_entry entry)
{
	for (uint64_t child; (child = 2 * (uint64_t)at) <= count; at = (uint32_t)child) {
		if (child < count &&
		    belady->heap[child + 1].next_use > belady->heap[child].next_use)
			child++;
		if (belady->heap[child].next_use <= entry.next_use)
			break;
		put_entry(belady, at, belady->heap[child]);
	}
	put_entry(belady, at, entry);
}

static void
take_out(struct tayra__exact *exact, uint32_t id)
{
	struct belady *belady = (struct belady *)exact;
	uint32_t at = belady->place[id];
	struct belady_entry last = belady->heap[exact->residents];

	tayra__exact_leave(exact, id);
	belady->place[id] = 0;
	if (last.id == id)
		return;
	if (at > 1 && belady->heap[at / 2].next_use < last.next_use)
		sift_up(belady, at, last);
	else
		sift_down(belady, at, exact->residents, last);
}

static void
hit(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	/* A use makes the next one later: entries only ever rise. */
	sift_up((struct belady *)exact, ((struct belady *)exact)->place[id],
		(struct belady_entry){ exact->options.next_use[row], id });
}

static void
miss(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct belady *belady = (struct belady *)exact;
	uint32_t next_use = exact->options.next_use[row];

	while (tayra__exact_crowded(exact, id)) {
		if (belady->bypass && next_use >= belady->heap[1].next_use)
			return;
		take_out(exact, belady->heap[1].id);
	}
	tayra__exact_enter(exact, id);
	sift_up(belady, exact->residents, (struct belady_entry){ next_use, id });
}

static bool
resident(const struct tayra__exact *exact, uint32_t id)
{
	return ((const struct belady *)exact)->place[id] != 0;
}

static void
destroy(struct tayra__exact *exact)
{
	struct belady *belady = (struct belady *)exact;

	if (!belady)
		return;
	tayra__mem_free(belady->heap);
	tayra__mem_free(belady->place);
	tayra__mem_free(belady);
}

static int
create(const struct tayra__exact_policy *policy, const struct tayra__exact_options *options,
       struct tayra__exact **out)
{
	struct belady *belady = tayra__mem_alloc(sizeof(*belady));

	*out = NULL;
	if (!belady)
		return TAYRA_E_NOMEM;
	belady->exact.policy = policy;
	belady->exact.options = *options;
	belady->bypass = policy == &tayra__exact_belady_bypass;
	belady->heap = tayra__mem_array(options->keys + (size_t)1, sizeof(*belady->heap));
	belady->place = tayra__mem_array(options->keys, sizeof(*belady->place));
	if (!belady->heap || !belady->place) {
		destroy(&belady->exact);
		return TAYRA_E_NOMEM;
	}
	*out = &belady->exact;
	return TAYRA_OK;
}

static int
create_plain(const struct tayra__exact_options *options, struct tayra__exact **out)
{
	return create(&tayra__exact_belady, options, out);
}

static int
create_bypass(const struct tayra__exact_options *options, struct tayra__exact **out)
{
	return create(&tayra__exact_belady_bypass, options, out);
}

const struct tayra__exact_policy tayra__exact_belady = {
	.name = "belady",
	.sentence = "furthest next use, knowing the future; always inserts",
	.looks_ahead = true,
	.resident_bytes = sizeof(struct belady_entry) + sizeof(uint32_t),
	.create = create_plain,
	.destroy = destroy,
	.resident = resident,
	.hit = hit,
	.miss = miss,
	.remove = take_out,
};

const struct tayra__exact_policy tayra__exact_belady_bypass = {
	.name = "belady-bypass",
	.sentence = "belady that may leave an object out: the floor at unit sizes",
	.looks_ahead = true,
	.resident_bytes = sizeof(struct belady_entry) + sizeof(uint32_t),
	.create = create_bypass,
	.destroy = destroy,
	.resident = resident,
	.hit = hit,
	.miss = miss,
	.remove = take_out,
};
