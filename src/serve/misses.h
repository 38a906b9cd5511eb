/* SPDX-License-Identifier: Apache-2.0
 *
 * misses.h: what a value costs its client: the time from the answer that it is not there to the
 * arrival of the client's own SET of that key.  A fixed table of recent misses; one that is pushed
 * out or was too long ago teaches nothing.
 *
 * Times are those of the loop's rounds, so a cost is off by about what a round takes.  A SET that
 * had arrived before the miss was answered (a pipeline) was not a consequence of it and teaches
 * nothing.  One thread.
 */
#ifndef TAYRA_SERVE_MISSES_H
#define TAYRA_SERVE_MISSES_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__MISSES_WAYS 4
#define TAYRA__MISSES_SETS 256            /* a power of two; 16 KiB in all */
#define TAYRA__MISSES_AGE  60000000000ull /* ns; a client that took longer did something else */

struct tayra__miss {
	uint64_t hash; /* of client, database and key; 0: none here */
	uint64_t at_ns;
};

struct tayra__misses {
	uint64_t seed; /* of the hash: not to be guessed */
	struct tayra__miss sets[TAYRA__MISSES_SETS][TAYRA__MISSES_WAYS]; /* latest first */
};

/* The client missed the key; key[-1] is its database. */
void tayra__misses_add(struct tayra__misses *misses, uint64_t client, const char *key, size_t len,
		       uint64_t now_ns);
/* The client sets the key, with a command that arrived at that time.  Returns the cost in ns, 0
 * when it is not known. */
uint64_t tayra__misses_take(struct tayra__misses *misses, uint64_t client, const char *key,
			    size_t len, uint64_t arrived_ns);

#endif
