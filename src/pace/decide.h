/* SPDX-License-Identifier: Apache-2.0
 *
 * decide.h: what is decided about tickets: held, queued, turned away; and how their owners are
 * told.
 *
 * LOCK: "under the lock" is pace.lock.  Who decides tickets under it puts them on a list of his
 * own, unlocks, and then tells: calls back, or wakes the thread that sleeps in tayra_pace_enter().
 */
#ifndef TAYRA_PACE_DECIDE_H
#define TAYRA_PACE_DECIDE_H

#include "pace/pace.h"
#include "pace/ticket.h"

static inline void
tayra__decide_count_shed(struct tayra_pace *pace, enum tayra_class cls, enum tayra_shed why)
{
	atomic_fetch_add_explicit(&pace->shed[cls - 1][why], 1, memory_order_relaxed);
}

static inline void
tayra__decide_note_reached(struct tayra_pace *pace)
{
	if (!atomic_load_explicit(&pace->window.reached, memory_order_relaxed))
		atomic_store_explicit(&pace->window.reached, true, memory_order_relaxed);
}

/*
 * How long serving that class takes, for judging deadlines.  0 while nothing is in flight: then
 * nothing would ever correct an estimate that is too high, so whoever comes is let in to measure.
 */
static inline uint64_t
tayra__decide_need_ns(const struct tayra_pace *pace, enum tayra_class cls, uint64_t word,
		      uint64_t now_ns)
{
	const double deviations = atomic_load_explicit(&pace->deadline_deviations,
						       memory_order_relaxed);

	if (tayra__word_inflight(word) == 0 || deviations < 0)
		return 0;
	return tayra__service_need_ns(&pace->by_class[cls - 1], deviations, now_ns);
}

/* Is there no memory for that class just now? */
static inline bool
tayra__decide_scarce(const struct tayra_pace *pace, enum tayra_class cls)
{
	return cls == TAYRA_BACKGROUND && atomic_load_explicit(&pace->scarce, memory_order_relaxed);
}

/* That of all classes. */
struct tayra__needs tayra__decide_needs(const struct tayra_pace *pace, uint64_t word,
					uint64_t now_ns);

static inline bool
tayra__decide_hopeless(uint64_t deadline_ns, uint64_t now_ns, uint64_t need)
{
	return deadline_ns && (now_ns >= deadline_ns || need > deadline_ns - now_ns);
}

static inline void
tayra__decide_hold(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t word,
		   uint64_t now_ns)
{
	ticket->held_ns = now_ns;
	ticket->epoch = tayra__window_epoch(&pace->window);
	ticket->teaches = tayra__word_mode(word) != TAYRA_MODE_OFF;
	ticket->status = TAYRA_OK;
	tayra__ticket_set_state(ticket, TAYRA__TICKET_HELD);
	tayra__window_admit(&pace->window, ticket->entry.cls);
	tayra__window_inflight(&pace->window, tayra__word_inflight(word) + ticket->entry.cost);
}

/* Out, with the status that belongs to the reason, which is returned. */
int tayra__decide_turn_away(struct tayra_pace *pace, struct tayra__ticket *ticket,
			    enum tayra_shed why, uint64_t now_ns);
/* Queue it.  Takes the lock.  => TAYRA_PENDING: queued; else decided already, and told nobody. */
int tayra__decide_queue(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns);
/* Under the lock: take a queued ticket out of the line; with that status it is out. */
void tayra__decide_step_out(struct tayra_pace *pace, struct tayra__ticket *ticket, int status);
/* Under the lock: a queued ticket has another cost, and a deadline that is not earlier. */
void tayra__decide_revise(struct tayra_pace *pace, struct tayra__ticket *ticket, uint32_t cost,
			  uint64_t deadline_ns);
/* Under the lock: give every free slot to the next in line.  Who was decided is added to `decided`,
 * to be told after unlocking. */
void tayra__decide_dispatch(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided);
/* Under the lock: shed what has become hopeless, then dispatch.  => when to look again. */
uint64_t tayra__decide_sweep(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided);
/* Under the lock: all who wait in that class are out, for that reason. */
void tayra__decide_send_away(struct tayra_pace *pace, enum tayra_class cls, enum tayra_shed why,
			     uint64_t now_ns, struct tayra__list *decided);
/* Tell those who were decided; no lock may be held. */
void tayra__decide_tell(struct tayra__list *decided);

#endif
