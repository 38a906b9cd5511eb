/* SPDX-License-Identifier: Apache-2.0
 *
 * feed.h: what a source of changes is to load.  Sources live in src/feed, embed this struct first,
 * and tell with the public calls; one that has none is told by the user.
 */
#ifndef TAYRA_LOAD_FEED_H
#define TAYRA_LOAD_FEED_H

#include <pthread.h>
#include <stdatomic.h>

#include <tayra/tayra.h>

#include "load/trouble.h"

struct tayra__doubt;

struct tayra_feed {
	/* End the source and free it, tayra__feed_fini() included.  NULL: there is none. */
	void (*close)(struct tayra_feed *feed);
	struct tayra *t;
	struct tayra__doubt **covers; /* a doubt for each prefix */
	size_t cover_count;
	size_t front_len;      /* its first bytes are in front of all that is told: a namespace */
	uint64_t blind_ttl_ms; /* UINT64_MAX - 1: as long as their ttl */
	_Atomic uint64_t keys, prefixes, ignored, gaps; /* relaxed: each a number on its own */
	_Atomic bool sound;                             /* relaxed: for who asks how it is */
	struct tayra__trouble trouble;
	char untold[TAYRA__TROUBLE_TEXT]; /* under trouble's lock */
};

/* Blind; what it covers is distrusted.  `given` as the caller's caller gave it.
 * => as tayra_feed_open(). */
int tayra__feed_init(struct tayra_feed *feed, struct tayra *t,
		     const struct tayra_feed_options *given);
/* All it covers is distrusted one last time.  No thread tells any more. */
void tayra__feed_fini(struct tayra_feed *feed);
/* tayra_feed_lost(), because of what the text says: no password, nothing of a key. */
void tayra__feed_lost(struct tayra_feed *feed, const char *why);
/* A table that is to tell and does not; "": there is none. */
void tayra__feed_untold(struct tayra_feed *feed, const char *table);

#endif
