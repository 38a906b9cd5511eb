/* SPDX-License-Identifier: Apache-2.0
 *
 * pace.c: tickets and how they move: out -> held, out -> queued -> held or out, held -> out.
 *
 * FAST PATH: one compare-and-swap on `word` to enter and one to leave, relaxed counters, no lock.
 * It is open while nobody waits.
 * LOCK: guards the queue, the limit, the closing of a window, and every move into and out of
 * QUEUED (decide.c).  `waiting` in the word is set before a ticket can stay queued, so a leave
 * either is seen by the one who queues or sees that somebody waits.
 * Waiting threads and barging are in wait.c, settings and the end of a window in control.c.
 */
#include "pace/pace.h"

#include "pace/backpressure.h"
#include "pace/decide.h"
#include "pace/wait.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void
tayra__pace_bug(const char *what)
{
	fprintf(stderr, "tayra: pace: %s\n", what);
	abort();
}

bool
tayra__pace_takes(const struct tayra_pace_request *request)
{
	return (unsigned)request->cls <= TAYRA_BACKGROUND && request->level < TAYRA__GATE_LEVELS &&
	       request->cost <= TAYRA_COST_MAX;
}

int
tayra__pace_begin(struct tayra_pace *pace, const struct tayra_pace_request *request,
		  struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);

	if (!tayra__pace_takes(request))
		return TAYRA_E_INVAL;
	if (tayra__ticket_state(ticket) != TAYRA__TICKET_OUT)
		return TAYRA_E_INVAL;
	handle->retry_after_ns = 0;
	ticket->pace = pace;
	ticket->entry.cls = request->cls ? request->cls : TAYRA_NORMAL;
	ticket->entry.deadline_ns = request->deadline_ns;
	ticket->entry.tenant = request->tenant;
	ticket->entry.level = (uint8_t)request->level;
	ticket->entry.cost = (uint16_t)(request->cost ? request->cost : 1);
	ticket->waits = false;
	ticket->passed = 0;
	return TAYRA_OK;
}

/*
 * In MONITOR mode what is held beyond the limit stands for the queue.  Counts what would have been
 * turned away at the door; what would have been shed out of the queue cannot be known.
 */
static void
monitor(struct tayra_pace *pace, const struct tayra__line_entry *entry, uint64_t word,
	uint64_t now_ns)
{
	uint32_t inflight = tayra__word_inflight(word), limit = tayra__word_limit(word);

	if (tayra__decide_hopeless(entry->deadline_ns, now_ns,
				   tayra__decide_need_ns(pace, entry->cls, word, now_ns)))
		tayra__decide_count_shed(pace, entry->cls, TAYRA_SHED_HOPELESS);
	else if (tayra__decide_scarce(pace, entry->cls))
		tayra__decide_count_shed(pace, entry->cls, TAYRA_SHED_MEMORY);
	else if (inflight >= limit &&
		 inflight - limit >= atomic_load_explicit(&pace->queue_max, memory_order_relaxed))
		tayra__decide_count_shed(pace, entry->cls, TAYRA_SHED_FULL);
}

/* Without the lock.  => TAYRA_OK: held.  TAYRA_PENDING: no room or somebody waits.
 * TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: out. */
static int
enter_at_once(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns)
{
	const uint32_t cost = ticket->entry.cost;
	uint64_t word = tayra__pace_word(pace);

	if (ticket->entry.deadline_ns && tayra__word_mode(word) == TAYRA_MODE_ENFORCE &&
	    tayra__decide_hopeless(ticket->entry.deadline_ns, now_ns,
				   tayra__decide_need_ns(pace, ticket->entry.cls, word, now_ns)))
		return tayra__decide_turn_away(pace, ticket, TAYRA_SHED_HOPELESS, now_ns);
	if (tayra__decide_scarce(pace, ticket->entry.cls) &&
	    tayra__word_mode(word) == TAYRA_MODE_ENFORCE)
		return tayra__decide_turn_away(pace, ticket, TAYRA_SHED_MEMORY, now_ns);
	do {
		if ((word & TAYRA__WORD_WAITING) || !tayra__word_open(word, cost))
			return TAYRA_PENDING;
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, word + cost, memory_order_acquire, memory_order_relaxed));
	if (tayra__word_full(word + cost))
		tayra__decide_note_reached(pace);
	if (tayra__word_mode(word) == TAYRA_MODE_MONITOR)
		monitor(pace, &ticket->entry, word, now_ns);
	tayra__decide_hold(pace, ticket, word, now_ns);
	return TAYRA_OK;
}

int
tayra__pace_enter_now(struct tayra_pace *pace, const struct tayra_pace_request *request,
		      uint64_t now_ns, struct tayra_ticket *handle)
{
	int status = tayra__pace_begin(pace, request, handle);

	if (status < 0)
		return status;
	tayra__pace_look_at_window(pace, now_ns);
	return enter_at_once(pace, tayra__ticket_of(handle), now_ns);
}

int
tayra_pace_try_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		     uint64_t now_ns, struct tayra_ticket *handle)
{
	int status = tayra__pace_enter_now(pace, request, now_ns, handle);

	if (status != TAYRA_PENDING)
		return status;
	tayra__decide_note_reached(pace);
	return tayra__decide_turn_away(pace, tayra__ticket_of(handle), TAYRA_SHED_FULL, now_ns);
}

int
tayra_pace_enter_start(struct tayra_pace *pace, const struct tayra_pace_request *request,
		       uint64_t now_ns, struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status;

	if (!request->decided)
		return TAYRA_E_INVAL;
	status = tayra__pace_enter_now(pace, request, now_ns, handle);
	if (status != TAYRA_PENDING)
		return status;
	ticket->decided = request->decided;
	ticket->arg = request->arg;
	return tayra__decide_queue(pace, ticket, now_ns);
}

int
tayra_pace_cancel(struct tayra_pace *pace, struct tayra_ticket *handle, uint64_t now_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = TAYRA_E_NOT_FOUND;
	bool waits = false;

	(void)now_ns; /* leaving the line makes no room and takes no time */
	pthread_mutex_lock(&pace->lock);
	if (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED && ticket->pace == pace) {
		tayra__decide_step_out(pace, ticket, TAYRA_E_CANCELLED);
		waits = ticket->waits;
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(&pace->lock);
	if (waits)
		tayra__wait_end(ticket);
	return status;
}

bool
tayra__pace_revise(struct tayra_pace *pace, struct tayra_ticket *handle, uint32_t cost,
		   uint64_t deadline_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	bool queued;

	pthread_mutex_lock(&pace->lock);
	queued = tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED && ticket->pace == pace;
	if (queued)
		tayra__decide_revise(pace, ticket, cost, deadline_ns);
	pthread_mutex_unlock(&pace->lock);
	return queued;
}

int
tayra__pace_turn_away(struct tayra_pace *pace, struct tayra_ticket *handle, enum tayra_shed why,
		      uint64_t now_ns)
{
	int status;

	pthread_mutex_lock(&pace->lock); /* the gate, for when to come back */
	status = tayra__decide_turn_away(pace, tayra__ticket_of(handle), why, now_ns);
	pthread_mutex_unlock(&pace->lock);
	return status;
}

static void
count_answer(struct tayra_pace *pace, const struct tayra__ticket *ticket,
	     enum tayra_outcome outcome, uint64_t now_ns)
{
	struct tayra__service *of_class = &pace->by_class[ticket->entry.cls - 1];
	uint64_t ns = tayra__service_clip(now_ns > ticket->held_ns ? now_ns - ticket->held_ns : 0);

	if (!ticket->teaches || tayra__word_mode(tayra__pace_word(pace)) == TAYRA_MODE_OFF) {
		tayra__window_quiet(&pace->window, outcome);
		return;
	}
	tayra__window_answer(&pace->window, outcome, ns, ticket->epoch);
	if (ticket->entry.cost > 1)
		tayra__window_weigh(&pace->window, ticket->entry.cost - 1u, ns, ticket->epoch);
	if (outcome != TAYRA_OUTCOME_OK)
		return;
	tayra__service_sample(&pace->service, ns, now_ns);
	tayra__service_sample(of_class, ns, now_ns);
	tayra__service_sample_tail(of_class, ns);
}

/* Who is told last of all may destroy the pace. */
static void
leave_to_next(struct tayra_pace *pace, uint32_t cost, uint64_t now_ns)
{
	struct tayra__list decided;
	_Atomic uint32_t *sleeper = NULL;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	atomic_fetch_sub_explicit(&pace->word, cost, memory_order_release);
	if (!tayra__wait_let_pass(pace, now_ns, &sleeper))
		tayra__decide_dispatch(pace, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	if (sleeper)
		tayra__wait_wake(sleeper);
	if (tayra__pace_window_due(pace, now_ns))
		tayra__pace_end_window(pace, now_ns, &decided);
	tayra__decide_tell(&decided);
}

int
tayra_pace_leave(struct tayra_pace *pace, struct tayra_ticket *handle, enum tayra_outcome outcome,
		 uint64_t now_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	uint64_t word;

	if (tayra__ticket_state(ticket) != TAYRA__TICKET_HELD || ticket->pace != pace ||
	    (unsigned)outcome >= TAYRA_OUTCOMES)
		return TAYRA_E_INVAL;
	count_answer(pace, ticket, outcome, now_ns);
	tayra__ticket_set_state(ticket, TAYRA__TICKET_OUT);
	word = tayra__pace_word(pace);
	do {
		if (word & TAYRA__WORD_WAITING) {
			leave_to_next(pace, ticket->entry.cost, now_ns);
			return TAYRA_OK;
		}
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, word - ticket->entry.cost, memory_order_release,
		memory_order_relaxed));
	tayra__pace_look_at_window(pace, now_ns);
	return TAYRA_OK;
}

uint64_t
tayra_pace_tick(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__list decided;
	uint64_t next, queue_next;

	tayra__list_init(&decided);
	if (tayra__pace_window_due(pace, now_ns))
		tayra__pace_end_window(pace, now_ns, &decided);
	next = atomic_load_explicit(&pace->next_window_ns, memory_order_relaxed);
	if (tayra__pace_word(pace) & TAYRA__WORD_WAITING) {
		pthread_mutex_lock(&pace->lock);
		queue_next = tayra__decide_sweep(pace, now_ns, &decided);
		pthread_mutex_unlock(&pace->lock);
		if (queue_next < next)
			next = queue_next;
	}
	tayra__backpressure_tell(pace);
	tayra__decide_tell(&decided); /* last: it may be gone afterwards */
	return next > now_ns ? next : now_ns + 1;
}
