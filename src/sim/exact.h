/* SPDX-License-Identifier: Apache-2.0
 *
 * exact.h: textbook eviction policies with no overhead: one queue, one thread, sizes as given, no
 * table (ids are dense).  They decide what is resident and nothing else; expiry, deletes and
 * counting are replay.c's.
 *
 * Invariant, after every call: used = the sum of sizes of the ids for which resident() holds,
 * residents = how many they are, and used <= capacity.
 */
#ifndef TAYRA_SIM_EXACT_H
#define TAYRA_SIM_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__exact_policy;

struct tayra__exact_options {
	uint64_t capacity;        /* >= 1, in what sizes are */
	uint32_t keys;            /* ids are below it */
	const uint64_t *size;     /* by id; NULL: all 1.  Borrowed until destroy. */
	const uint32_t *next_use; /* by row, for policies that look ahead.  Borrowed. */
	const double
		*cost_ms; /* by row, for policies with an objective; NULL: unknown.  Borrowed. */
	int objective;    /* enum tayra__objective of learn/worth.h */
	uint64_t seed;    /* for policies that draw at random */
};

/* The part all policies share, first in each one's own struct. */
struct tayra__exact {
	const struct tayra__exact_policy *policy;
	struct tayra__exact_options options;
	uint64_t used;
	uint32_t residents, residents_peak;
	uint32_t ghosts, ghosts_peak; /* ids remembered but not resident */
};

struct tayra__exact_policy {
	const char *name;
	const char *sentence;  /* what it is, for help */
	bool looks_ahead;      /* needs next_use */
	size_t resident_bytes; /* of metadata for a resident, without what finds it */
	size_t ghost_bytes;
	/* => TAYRA_OK, TAYRA_E_NOMEM. */
	int (*create)(const struct tayra__exact_options *options, struct tayra__exact **out);
	void (*destroy)(struct tayra__exact *exact);
	bool (*resident)(const struct tayra__exact *exact, uint32_t id);
	/* A use of a resident id, in that row of the trace. */
	void (*hit)(struct tayra__exact *exact, uint32_t id, uint32_t row);
	/* A use of an id that is not resident: make room and insert it, or leave it out.
	 * => its size is at most the capacity. */
	void (*miss)(struct tayra__exact *exact, uint32_t id, uint32_t row);
	/* Take a resident id out: deleted or expired, hence not a ghost afterwards. */
	void (*remove)(struct tayra__exact *exact, uint32_t id);
};

extern const struct tayra__exact_policy tayra__exact_fifo, tayra__exact_lru, tayra__exact_s3fifo,
	tayra__exact_tayra, tayra__exact_belady, tayra__exact_belady_bypass;

/* All of the above, ended by NULL. */
extern const struct tayra__exact_policy *const tayra__exact_policies[];
/* NULL when there is none of that name. */
const struct tayra__exact_policy *tayra__exact_find(const char *name);

/* Metadata a resident costs, with its share of the ghosts' and what finds them: bytes at the
 * fullest moment so far.  0 before anything was resident. */
double tayra__exact_metadata_bytes(const struct tayra__exact *exact, size_t index_bytes);

static inline uint64_t
tayra__exact_size(const struct tayra__exact *exact, uint32_t id)
{
	return exact->options.size ? exact->options.size[id] : 1;
}

/* For policies: count an id as resident, or not any more. */
static inline void
tayra__exact_enter(struct tayra__exact *exact, uint32_t id)
{
	exact->used += tayra__exact_size(exact, id);
	if (++exact->residents > exact->residents_peak)
		exact->residents_peak = exact->residents;
}

static inline void
tayra__exact_leave(struct tayra__exact *exact, uint32_t id)
{
	exact->used -= tayra__exact_size(exact, id);
	exact->residents--;
}

/* Would inserting id pass the capacity? */
static inline bool
tayra__exact_crowded(const struct tayra__exact *exact, uint32_t id)
{
	return exact->used + tayra__exact_size(exact, id) > exact->options.capacity;
}

#endif
