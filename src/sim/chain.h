/* SPDX-License-Identifier: Apache-2.0
 *
 * chain.h: queues of dense ids, doubly linked in one array of links.  An id is in at most one
 * queue.  Queue q's head is the link past the ids, links[keys + q].  Not thread-safe.
 */
#ifndef TAYRA_SIM_CHAIN_H
#define TAYRA_SIM_CHAIN_H

#include <stdint.h>

struct tayra__link {
	uint32_t newer, older;
};

/* head: keys + q. */
static inline void
tayra__chain_init(struct tayra__link *links, uint32_t head)
{
	links[head] = (struct tayra__link){ head, head };
}

static inline void
tayra__chain_push(struct tayra__link *links, uint32_t head, uint32_t id)
{
	uint32_t newest = links[head].older;

	links[id] = (struct tayra__link){ .newer = head, .older = newest };
	links[newest].newer = id;
	links[head].older = id;
}

static inline void
tayra__chain_remove(struct tayra__link *links, uint32_t id)
{
	struct tayra__link link = links[id];

	links[link.newer].older = link.older;
	links[link.older].newer = link.newer;
}

/* The head itself when the queue is empty. */
static inline uint32_t
tayra__chain_oldest(const struct tayra__link *links, uint32_t head)
{
	return links[head].newer;
}

#endif
