/* SPDX-License-Identifier: Apache-2.0
 *
 * wait.c: threads that sleep until they are let in, each on a word of its ticket (a futex).  It is
 * woken after pace.lock was given back and goes on without it: on a condition it would wake only to
 * wait for that lock.
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

#include <sys/syscall.h>
#include <unistd.h>

#define PASSED_MAX 8

/* Of the kernel; musl comes without linux/futex.h. */
#define WAIT_PRIVATE (0 | 128)
#define WAKE_PRIVATE (1 | 128)

/* What a waiting thread finds in its word. */
enum {
	ASLEEP,
	LOOK, /* under the lock: it is the heir */
	DECIDED,
};

void
tayra__wait_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void
tayra__wait_end(struct tayra__ticket *ticket)
{
	_Atomic uint32_t *word = &ticket->wake;

	atomic_store_explicit(word, DECIDED, memory_order_release);
	tayra__wait_wake(word);
}

bool
tayra__wait_let_pass(struct tayra_pace *pace, uint64_t now_ns, _Atomic uint32_t **sleeper)
{
	struct tayra__line_entry *next = pace->options.barge_ns ? tayra__queue_peek(&pace->queue)
								: NULL;
	struct tayra__ticket *ticket;

	if (!next)
		return false;
	ticket = TAYRA__LIST_ENTRY(next, struct tayra__ticket, entry);
	if (!ticket->waits)
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
		atomic_store_explicit(&ticket->wake, LOOK, memory_order_relaxed);
		*sleeper = &ticket->wake;
	} else if (now_ns - pace->heir_ns >= pace->options.barge_ns) {
		return false;
	}
	atomic_fetch_and_explicit(&pace->word, ~TAYRA__WORD_WAITING, memory_order_relaxed);
	return true;
}

/* With the lock: if this is the heir, do what it owes; if its time is over, step out.  => whether
 * it is out. */
static bool
look(struct tayra_pace *pace, struct tayra__ticket *ticket, bool expired)
{
	uint32_t seen = LOOK;
	struct tayra__list decided;
	bool out = false;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	atomic_compare_exchange_strong_explicit(&ticket->wake, &seen, ASLEEP, memory_order_relaxed,
						memory_order_relaxed);
	if (expired && tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED) {
		tayra__decide_step_out(pace, ticket, TAYRA_E_TIMEOUT);
		tayra__decide_count_shed(pace, ticket->entry.cls, TAYRA_SHED_EXPIRED);
		out = true;
	}
	if (pace->heir == ticket) {
		pace->heir = NULL;
		tayra__decide_dispatch(pace, tayra__clock_mono_ns(pace->clock), &decided);
	}
	pthread_mutex_unlock(&pace->lock);
	tayra__decide_tell(&decided);
	return out;
}

/* Until woken or `left_ns` are over, UINT64_MAX: for good; may wake early. */
static void
sleep_on(_Atomic uint32_t *word, uint64_t left_ns)
{
	const uint64_t longest = 3600 * TAYRA_NS_PER_S;
	struct timespec ts;

	if (left_ns > longest)
		left_ns = longest;
	ts.tv_sec = (time_t)(left_ns / TAYRA_NS_PER_S);
	ts.tv_nsec = (long)(left_ns % TAYRA_NS_PER_S);
	syscall(SYS_futex, word, WAIT_PRIVATE, ASLEEP, &ts, NULL, 0);
}

/* Sleep until the ticket is decided, or its time is over.  => its status. */
static int
await(struct tayra_pace *pace, struct tayra__ticket *ticket)
{
	const uint64_t deadline_ns = ticket->entry.deadline_ns;
	bool late = false; /* then somebody decides it at this moment */
	uint32_t word;

	while ((word = atomic_load_explicit(&ticket->wake, memory_order_acquire)) != DECIDED) {
		uint64_t now_ns = deadline_ns && !late ? tayra__clock_mono_ns(pace->clock) : 0;

		if (word == LOOK) {
			look(pace, ticket, false);
		} else if (!deadline_ns || late) {
			sleep_on(&ticket->wake, UINT64_MAX);
		} else if (now_ns < deadline_ns) {
			sleep_on(&ticket->wake, deadline_ns - now_ns);
		} else if (look(pace, ticket, true)) {
			return ticket->status;
		} else {
			late = true;
		}
	}
	if (ticket->passed)
		look(pace, ticket, false);
	return ticket->status;
}

int
tayra_pace_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		 struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	const uint64_t now_ns = tayra__clock_mono_ns(pace->clock);
	int status = tayra__pace_enter_now(pace, request, now_ns, handle);

	if (status != TAYRA_PENDING)
		return status;
	ticket->waits = true;
	atomic_store_explicit(&ticket->wake, ASLEEP, memory_order_relaxed);
	status = tayra__decide_queue(pace, ticket, now_ns);
	return status == TAYRA_PENDING ? await(pace, ticket) : status;
}
