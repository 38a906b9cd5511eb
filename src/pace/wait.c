/* SPDX-License-Identifier: Apache-2.0
 *
 * wait.c: threads that sleep until they are let in.
 *
 * BARGING.  A slot handed to a sleeping thread is idle until that thread runs; with short work that
 * is most of the time, and everybody moves at the pace of the scheduler (a convoy).  So whoever
 * leaves may wake the next in line without the slot: `heir`.  Until the heir runs, `waiting` in the
 * word is clear though somebody is queued, and whoever comes may take the slot on the fast path.
 * The heir owes a dispatch, which sets the bit again, whatever has become of its own ticket.  One
 * that was passed so for barge_ns, or 8 times, is handed the slot.
 */
#include "pace/wait.h"

#include "base/clock.h"
#include "pace/decide.h"

#define PASSED_MAX 8

/* Sleep under the lock until woken or `left_ns` are over; may wake early. */
static void
sleep_on(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t left_ns)
{
	const uint64_t longest = 3600 * TAYRA_NS_PER_S;
	uint64_t until = tayra__clock_mono_ns(tayra_clock_real());
	struct timespec ts;

	until += left_ns < longest ? left_ns : longest;
	ts.tv_sec = (time_t)(until / TAYRA_NS_PER_S);
	ts.tv_nsec = (long)(until % TAYRA_NS_PER_S);
	pthread_cond_timedwait(cond, lock, &ts);
}

bool
tayra__wait_let_pass(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__line_entry *next = pace->options.barge_ns ? tayra__queue_peek(&pace->queue)
								: NULL;
	struct tayra__ticket *ticket;

	if (!next)
		return false;
	ticket = TAYRA__LIST_ENTRY(next, struct tayra__ticket, entry);
	if (!ticket->waiter)
		return false;
	if (!pace->heir) {
		if (ticket->passed == 0)
			ticket->passed_ns = now_ns;
		if (ticket->passed == PASSED_MAX ||
		    now_ns - ticket->passed_ns >= pace->options.barge_ns)
			return false;
		ticket->passed++;
		pace->heir = ticket;
		pace->heir_ns = now_ns;
		pthread_cond_signal(ticket->waiter);
	} else if (now_ns - pace->heir_ns >= pace->options.barge_ns) {
		return false;
	}
	atomic_fetch_and_explicit(&pace->word, ~TAYRA__WORD_WAITING, memory_order_relaxed);
	return true;
}

/* Under the lock: if this is the heir, do what it owes. */
static void
inherit(struct tayra_pace *pace, struct tayra__ticket *ticket, struct tayra__list *decided)
{
	if (pace->heir != ticket)
		return;
	pace->heir = NULL;
	tayra__decide_dispatch(pace, tayra__clock_mono_ns(pace->clock), decided);
}

/* Under the lock: sleep once, until woken or the deadline; then the ticket is out. */
static void
sleep_once(struct tayra_pace *pace, struct tayra__ticket *ticket)
{
	const uint64_t deadline_ns = ticket->entry.deadline_ns;
	uint64_t now_ns = deadline_ns ? tayra__clock_mono_ns(pace->clock) : 0;

	if (!deadline_ns) {
		pthread_cond_wait(ticket->waiter, &pace->lock);
	} else if (now_ns < deadline_ns) {
		sleep_on(ticket->waiter, &pace->lock, deadline_ns - now_ns);
	} else {
		tayra__decide_step_out(pace, ticket, TAYRA_E_TIMEOUT);
		tayra__decide_count_shed(pace, ticket->entry.cls, TAYRA_SHED_EXPIRED);
	}
}

/* Sleep until the ticket is decided.  => its status. */
static int
await(struct tayra_pace *pace, struct tayra__ticket *ticket)
{
	struct tayra__list decided;
	int status;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	inherit(pace, ticket, &decided);
	while (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED) {
		sleep_once(pace, ticket);
		inherit(pace, ticket, &decided);
	}
	status = ticket->status;
	pthread_mutex_unlock(&pace->lock);
	tayra__decide_tell(&decided);
	return status;
}

static void
cond_init_monotonic(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

int
tayra_pace_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		 struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	const uint64_t now_ns = tayra__clock_mono_ns(pace->clock);
	pthread_cond_t cond;
	int status = tayra__pace_enter_now(pace, request, now_ns, handle);

	if (status != TAYRA_PENDING)
		return status;
	cond_init_monotonic(&cond);
	ticket->waiter = &cond;
	status = tayra__decide_queue(pace, ticket, now_ns);
	if (status == TAYRA_PENDING)
		status = await(pace, ticket);
	pthread_cond_destroy(&cond);
	return status;
}
