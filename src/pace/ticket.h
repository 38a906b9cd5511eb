/* SPDX-License-Identifier: Apache-2.0
 *
 * ticket.h: what is inside a struct tayra_ticket.  Only pace.c moves it from state to state.
 */
#ifndef TAYRA_PACE_TICKET_H
#define TAYRA_PACE_TICKET_H

#include "pace/line.h"

#include <stdatomic.h>

/* Words nobody leaves in memory by chance. */
enum tayra__ticket_state {
	TAYRA__TICKET_OUT = 0,
	TAYRA__TICKET_QUEUED = 0x71756575,
	TAYRA__TICKET_HELD = 0x68656c64,
};

struct tayra__ticket {
	_Atomic uint32_t state; /* QUEUED is entered and left under pace.lock only */
	int status;             /* once decided */
	uint32_t epoch;         /* of the limit it was let in by */
	bool teaches;           /* was let in while pace was learning */
	bool waits;             /* a thread sleeps on it; else `decided` is told */
	struct tayra_pace *pace;
	struct tayra__line_entry entry; /* its node also links tickets just decided */
	union {
		uint64_t passed_ns; /* queued: when others first took the slot it was woken for */
		uint64_t held_ns;   /* held: since when */
	};
	union {
		struct {                       /* waits: */
			uint32_t passed;       /* how often others did */
			_Atomic uint32_t wake; /* what that thread sleeps on; see wait.c */
		};
		struct {
			void (*decided)(struct tayra_ticket *ticket, int status, void *arg);
			void *arg;
		};
	};
};
_Static_assert(sizeof(struct tayra__ticket) <= sizeof(((struct tayra_ticket *)0)->opaque),
	       "a ticket must fit into its opaque words");

static inline struct tayra__ticket *
tayra__ticket_of(struct tayra_ticket *handle)
{
	return (struct tayra__ticket *)(void *)handle->opaque;
}

static inline struct tayra_ticket *
tayra__ticket_handle(struct tayra__ticket *ticket)
{
	return TAYRA__LIST_ENTRY(ticket, struct tayra_ticket, opaque);
}

static inline enum tayra__ticket_state
tayra__ticket_state(const struct tayra__ticket *ticket)
{
	return (enum tayra__ticket_state)atomic_load_explicit(&ticket->state, memory_order_relaxed);
}

static inline void
tayra__ticket_set_state(struct tayra__ticket *ticket, enum tayra__ticket_state state)
{
	atomic_store_explicit(&ticket->state, state, memory_order_relaxed);
}

#endif
