/* SPDX-License-Identifier: Apache-2.0
 *
 * untold.h: what transactions have changed, until others can see them.  One thread's.
 */
#ifndef TAYRA_FEED_UNTOLD_H
#define TAYRA_FEED_UNTOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/snapshot.h"

#define TAYRA__UNTOLD_MAX (1u << 20) /* bytes */

struct tayra__untold {
	char *bytes; /* records, one behind the other */
	size_t len, room;
};

/* All bytes 0 is an empty one. */
void tayra__untold_fini(struct tayra__untold *untold);
/* A key, or a prefix.  => TAYRA_OK, TAYRA_E_NOMEM, TAYRA_E_OVERLOAD: too much waits. */
int tayra__untold_add(struct tayra__untold *untold, uint32_t xid, bool prefix, const char *bytes,
		      size_t len);
/* Tell what can be seen now, in the order it was added, and keep the rest. */
void tayra__untold_tell(struct tayra__untold *untold, const struct tayra__snapshot *snapshot,
			void (*tell)(void *arg, bool prefix, const char *bytes, size_t len),
			void *arg);

#endif
