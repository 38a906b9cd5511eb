/* SPDX-License-Identifier: Apache-2.0
 *
 * origin.h: what load asks of an origin, and what it offers one.  Implementations live in
 * src/origin and embed this struct.
 */
#ifndef TAYRA_LOAD_ORIGIN_H
#define TAYRA_LOAD_ORIGIN_H

#include <tayra/tayra.h>

#include "load/inside.h"
#include "load/tag.h"
#include "load/trouble.h"

struct tayra_origin {
	const char *name; /* "sqlite", "function": static */
	/* Begin a load and return soon; finish it from any thread with tayra_load_done or _fail.
	 * Called from whichever thread let the load in. */
	void (*load)(struct tayra_origin *origin, struct tayra_load *load);
	void (*close)(struct tayra_origin *origin);
	struct tayra_pace *pace;       /* NULL: the handle's.  Borrowed */
	struct tayra__trouble trouble; /* inited and noted by the implementation */
	/* The same for a write; finished with tayra__load_written() or tayra_load_fail(), whose
	 * status says whether something may have changed (tayra_put_through()).  NULL: it cannot.
	 */
	void (*write)(struct tayra_origin *origin, struct tayra_load *load);
	/* NULL, or: the tags of that key's value, where neither its request nor its loader says
	 * others.  Any thread, maybe with handle.lock.  => TAYRA_OK, TAYRA_E_NOMEM. */
	int (*tags_of)(const struct tayra_origin *origin, const void *key, size_t key_len,
		       struct tayra__tags *out);
	struct tayra__tagging *tagging; /* the implementation's, for that */
};

/* What a write brings, in place until it is finished. */
const void *tayra__load_value(const struct tayra_load *load, size_t *len);
/* It is a write. */
bool tayra__load_writes(const struct tayra_load *load);
/* What it brings is the key's value. */
void tayra__load_written(struct tayra_load *load);

/* The clock that tayra_load_deadline_ns() is on, read now. */
uint64_t tayra__load_now_ns(const struct tayra_load *load);
/* => TAYRA_OK, or why it is not worth going on: TAYRA_E_CANCELLED, nobody waits for it any more;
 * TAYRA_E_TIMEOUT, its deadline has passed. */
int tayra__load_over(const struct tayra_load *load);
/* It has waited for something that is not the backend's work, somebody else's lock say: how long it
 * takes, and that it gives up, is nothing its pace shall learn from.  Before it is finished. */
void tayra__load_waited(struct tayra_load *load);
/* The calling thread works for this load until the frame is left: a blocking call on its handle is
 * refused instead of waiting for this very thread.  The load may be finished in between. */
void tayra__load_inside(const struct tayra_load *load, struct tayra__inside *frame);

#endif
