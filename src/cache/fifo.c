/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/fifo.h"

/* What lies at both sides of `at`, or the ends of the queue, gets new neighbours. */
static void
join(struct tayra__fifo *queue, struct tayra__pool *pool, struct tayra__link at,
     uint32_t older_of_newer, uint32_t newer_of_older)
{
	if (at.newer)
		tayra__entry_at(pool, at.newer)->link.older = older_of_newer;
	else
		queue->newest = older_of_newer;
	if (at.older)
		tayra__entry_at(pool, at.older)->link.newer = newer_of_older;
	else
		queue->oldest = newer_of_older;
}

void
tayra__fifo_push(struct tayra__fifo *queue, struct tayra__pool *pool, uint32_t ref, uint64_t charge)
{
	struct tayra__link at = { .newer = 0, .older = queue->newest };

	tayra__entry_at(pool, ref)->link = at;
	join(queue, pool, at, ref, ref);
	queue->count++;
	queue->charge += charge;
}

void
tayra__fifo_remove(struct tayra__fifo *queue, struct tayra__pool *pool, uint32_t ref,
		   uint64_t charge)
{
	struct tayra__link at = tayra__entry_at(pool, ref)->link;

	join(queue, pool, at, at.older, at.newer);
	queue->count--;
	queue->charge -= charge;
}

void
tayra__fifo_replace(struct tayra__fifo *queue, struct tayra__pool *pool, uint32_t old,
		    uint64_t old_charge, uint32_t fresh, uint64_t fresh_charge)
{
	struct tayra__link at = tayra__entry_at(pool, old)->link;

	tayra__entry_at(pool, fresh)->link = at;
	join(queue, pool, at, fresh, fresh);
	queue->charge += fresh_charge - old_charge;
}
