/* SPDX-License-Identifier: Apache-2.0
 *
 * pace.c: tickets and how they move: out -> held, out -> queued -> held or out, held -> out.
 *
 * FAST PATH: one compare-and-swap on `word` to enter and one to leave, relaxed counters, no lock.
 * It is open while nobody waits.
 * LOCK: guards the queue, the limit, the closing of a window, and every move into and out of
 * QUEUED.  `waiting` in the word is set before a ticket can stay queued, so a leave either is seen
 * by the one who queues or sees that somebody waits.
 * CALLBACKS: who decides a ticket under the lock puts it on a list of his own, unlocks, and then
 * tells.  A thread asleep in tayra_pace_enter() is woken under the lock instead, because the
 * condition lives on its stack.
 * Settings and the end of a window are in control.c.
 */
#include "pace/pace.h"

#include "base/clock.h"
#include "pace/ticket.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void
tayra__pace_bug(const char *what)
{
	fprintf(stderr, "tayra: pace: %s\n", what);
	abort();
}

static void
count_shed(struct tayra_pace *pace, enum tayra_class cls, enum tayra_shed why)
{
	atomic_fetch_add_explicit(&pace->shed[cls - 1][why], 1, memory_order_relaxed);
}

static void
note_reached(struct tayra_pace *pace)
{
	if (!atomic_load_explicit(&pace->window.reached, memory_order_relaxed))
		atomic_store_explicit(&pace->window.reached, true, memory_order_relaxed);
}

/*
 * How long serving that class takes, for judging deadlines.  0 while nothing is in flight: then
 * nothing would ever correct an estimate that is too high, so whoever comes is let in to measure.
 */
static uint64_t
need_ns(const struct tayra_pace *pace, enum tayra_class cls, uint64_t word, uint64_t now_ns)
{
	if (tayra__word_inflight(word) == 0 || pace->deadline_deviations < 0)
		return 0;
	return tayra__service_need_ns(&pace->by_class[cls - 1], pace->deadline_deviations, now_ns);
}

static struct tayra__needs
needs_of(const struct tayra_pace *pace, uint64_t word, uint64_t now_ns)
{
	struct tayra__needs needs;

	for (int i = 0; i < TAYRA_CLASSES; i++)
		needs.ns[i] = need_ns(pace, (enum tayra_class)(i + 1), word, now_ns);
	return needs;
}

static bool
hopeless(uint64_t deadline_ns, uint64_t now_ns, uint64_t need)
{
	return deadline_ns && (now_ns >= deadline_ns || need > deadline_ns - now_ns);
}

/* When those who wait now will have been served, at least 1 ms. */
static double
retry_after_ns(const struct tayra_pace *pace)
{
	double waiting = (double)atomic_load_explicit(&pace->queued_cost, memory_order_relaxed) + 1;
	double ns = waiting * (double)tayra__service_mean_ns(&pace->service) /
		    tayra__word_limit(tayra__pace_word(pace));

	return fmin(fmax(ns, 1e6), 1e18);
}

/* Under the lock: for each that its class turns away now, so many times that, so that those who
 * come back are about as many as get in. */
static double
retry_at_gate_ns(const struct tayra_pace *pace, enum tayra_class cls)
{
	double admit = pace->queue.lines[cls - 1].gate.admit;

	return fmin(retry_after_ns(pace) / fmax(admit, 0.01), 1e18);
}

static void
set_state(struct tayra__ticket *ticket, enum tayra__ticket_state state)
{
	atomic_store_explicit(&ticket->state, state, memory_order_relaxed);
}

static void
hold(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t word, uint64_t now_ns)
{
	ticket->held_ns = now_ns;
	ticket->epoch = tayra__window_epoch(&pace->window);
	ticket->teaches = tayra__word_mode(word) != TAYRA_MODE_OFF;
	ticket->status = TAYRA_OK;
	set_state(ticket, TAYRA__TICKET_HELD);
	tayra__window_admit(&pace->window, ticket->entry.cls);
	tayra__window_inflight(&pace->window, tayra__word_inflight(word) + ticket->entry.cost);
}

/* Out, with the status that belongs to the reason. */
static int
turn_away(struct tayra_pace *pace, struct tayra__ticket *ticket, enum tayra_shed why,
	  uint64_t now_ns)
{
	const struct tayra__line_entry *entry = &ticket->entry;
	bool late = entry->deadline_ns && now_ns >= entry->deadline_ns;

	count_shed(pace, entry->cls, why);
	ticket->status = late ? TAYRA_E_TIMEOUT : TAYRA_E_OVERLOAD;
	tayra__ticket_handle(ticket)->retry_after_ns =
		late ? 0
		     : (uint64_t)(why == TAYRA_SHED_LEVEL ? retry_at_gate_ns(pace, entry->cls)
							  : retry_after_ns(pace));
	set_state(ticket, TAYRA__TICKET_OUT);
	return ticket->status;
}

/* Tell those who were decided, with no lock held.  A callback that decides more tickets only adds
 * to the list, so that callbacks which leave at once do not pile up on the stack. */
void
tayra__pace_tell(struct tayra__list *decided)
{
	static _Thread_local struct tayra__list *telling; /* by a frame below on this stack */
	struct tayra__list *outer = telling, *node;

	if (!outer)
		telling = decided;
	while ((node = tayra__list_pop_front(decided))) {
		struct tayra__ticket *ticket = TAYRA__LIST_ENTRY(node, struct tayra__ticket,
								 entry.node);

		if (outer)
			tayra__list_push_back(outer, node);
		else
			ticket->decided(tayra__ticket_handle(ticket), ticket->status, ticket->arg);
	}
	telling = outer;
}

/* Under the lock, after any change to the queue. */
static void
publish_queue(struct tayra_pace *pace)
{
	atomic_store_explicit(&pace->queued_cost, pace->queue.cost, memory_order_relaxed);
	if (pace->queue.count == 0 && (tayra__pace_word(pace) & TAYRA__WORD_WAITING))
		atomic_fetch_and_explicit(&pace->word, ~TAYRA__WORD_WAITING, memory_order_relaxed);
}

/* Under the lock: the ticket has its status and is in no list. */
static void
hand_over(struct tayra__ticket *ticket, struct tayra__list *decided)
{
	if (ticket->waiter)
		pthread_cond_signal(ticket->waiter);
	else
		tayra__list_push_back(decided, &ticket->entry.node);
}

static void
turn_away_all(struct tayra_pace *pace, struct tayra__list *shed, uint64_t now_ns,
	      struct tayra__list *decided)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(shed))) {
		struct tayra__ticket *ticket = TAYRA__LIST_ENTRY(node, struct tayra__ticket,
								 entry.node);

		turn_away(pace, ticket, ticket->entry.shed, now_ns);
		hand_over(ticket, decided);
	}
}

void
tayra__pace_dispatch(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided)
{
	struct tayra__queue *queue = &pace->queue;
	struct tayra__needs needs;
	struct tayra__list shed;
	uint64_t word = tayra__pace_word(pace);

	tayra__list_init(&shed);
	if (tayra__word_mode(word) == TAYRA_MODE_ENFORCE) {
		needs = needs_of(pace, word, now_ns);
		tayra__queue_prune(queue, now_ns, &needs, &shed);
	}
	for (; queue->count && tayra__word_open(word, 1); word = tayra__pace_word(pace)) {
		struct tayra__line_entry *entry;
		struct tayra__ticket *ticket;

		if (tayra__word_mode(word) == TAYRA_MODE_ENFORCE) {
			needs = needs_of(pace, word, now_ns);
			entry = tayra__queue_take(queue, tayra__word_room(word), now_ns, &needs,
						  &shed);
		} else {
			entry = tayra__queue_pop(queue);
		}
		if (!entry)
			break;
		atomic_fetch_add_explicit(&pace->word, entry->cost, memory_order_acquire);
		ticket = TAYRA__LIST_ENTRY(entry, struct tayra__ticket, entry);
		hold(pace, ticket, word, now_ns);
		hand_over(ticket, decided);
	}
	publish_queue(pace);
	turn_away_all(pace, &shed, now_ns, decided);
}

/* Make the ticket ours.  => TAYRA_OK, TAYRA_E_INVAL. */
static int
begin(struct tayra_pace *pace, const struct tayra_pace_request *request,
      struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);

	if ((unsigned)request->cls > TAYRA_BACKGROUND || request->level >= TAYRA__GATE_LEVELS ||
	    request->cost > TAYRA_COST_MAX)
		return TAYRA_E_INVAL;
	if (tayra__ticket_state(ticket) != TAYRA__TICKET_OUT)
		tayra__pace_bug(
			"entering with a ticket that is queued or held, or was never zeroed");
	handle->retry_after_ns = 0;
	ticket->pace = pace;
	ticket->entry.cls = request->cls ? request->cls : TAYRA_NORMAL;
	ticket->entry.deadline_ns = request->deadline_ns;
	ticket->entry.tenant = request->tenant;
	ticket->entry.level = (uint8_t)request->level;
	ticket->entry.cost = (uint16_t)(request->cost ? request->cost : 1);
	ticket->waiter = NULL;
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

	if (hopeless(entry->deadline_ns, now_ns, need_ns(pace, entry->cls, word, now_ns)))
		count_shed(pace, entry->cls, TAYRA_SHED_HOPELESS);
	else if (inflight >= limit && inflight - limit >= pace->queue_max)
		count_shed(pace, entry->cls, TAYRA_SHED_FULL);
}

/* Without the lock.  => TAYRA_OK: held.  TAYRA_PENDING: no room or somebody waits.
 * TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: out. */
static int
enter_at_once(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns)
{
	const uint32_t cost = ticket->entry.cost;
	uint64_t word = tayra__pace_word(pace);

	if (ticket->entry.deadline_ns && tayra__word_mode(word) == TAYRA_MODE_ENFORCE &&
	    hopeless(ticket->entry.deadline_ns, now_ns,
		     need_ns(pace, ticket->entry.cls, word, now_ns)))
		return turn_away(pace, ticket, TAYRA_SHED_HOPELESS, now_ns);
	do {
		if ((word & TAYRA__WORD_WAITING) || !tayra__word_open(word, cost))
			return TAYRA_PENDING;
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, word + cost, memory_order_acquire, memory_order_relaxed));
	if (tayra__word_full(word + cost))
		note_reached(pace);
	if (tayra__word_mode(word) == TAYRA_MODE_MONITOR)
		monitor(pace, &ticket->entry, word, now_ns);
	hold(pace, ticket, word, now_ns);
	return TAYRA_OK;
}

/* Under the lock.  => TAYRA_PENDING: queued; else decided already, and told nobody. */
static int
queue_up(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns,
	 struct tayra__list *decided)
{
	struct tayra__list displaced;
	bool queued;

	tayra__pace_dispatch(pace, now_ns, decided);
	note_reached(pace);
	tayra__list_init(&displaced);
	queued = tayra__queue_push(&pace->queue, &ticket->entry, now_ns, &displaced);
	turn_away_all(pace, &displaced, now_ns, decided);
	if (!queued)
		return turn_away(pace, ticket, ticket->entry.shed, now_ns);
	set_state(ticket, TAYRA__TICKET_QUEUED);
	/* A leave before this is seen by tayra__pace_dispatch(), one after it takes the lock. */
	atomic_fetch_or_explicit(&pace->word, TAYRA__WORD_WAITING, memory_order_relaxed);
	tayra__pace_dispatch(pace, now_ns, decided);
	if (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED)
		return TAYRA_PENDING;
	if (!ticket->waiter)
		tayra__list_remove(&ticket->entry.node);
	return ticket->status;
}

/* Queue it.  => as queue_up. */
static int
enter_queue(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns)
{
	struct tayra__list decided;
	int status;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	status = queue_up(pace, ticket, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tayra__pace_tell(&decided);
	return status;
}

int
tayra_pace_try_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		     uint64_t now_ns, struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = begin(pace, request, handle);

	if (status < 0)
		return status;
	tayra__pace_look_at_window(pace, now_ns);
	status = enter_at_once(pace, ticket, now_ns);
	if (status != TAYRA_PENDING)
		return status;
	note_reached(pace);
	return turn_away(pace, ticket, TAYRA_SHED_FULL, now_ns);
}

int
tayra_pace_enter_start(struct tayra_pace *pace, const struct tayra_pace_request *request,
		       uint64_t now_ns, struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = request->decided ? begin(pace, request, handle) : TAYRA_E_INVAL;

	if (status < 0)
		return status;
	ticket->decided = request->decided;
	ticket->arg = request->arg;
	tayra__pace_look_at_window(pace, now_ns);
	status = enter_at_once(pace, ticket, now_ns);
	return status == TAYRA_PENDING ? enter_queue(pace, ticket, now_ns) : status;
}

/* Under the lock: take a queued ticket out of the line. */
static void
step_out(struct tayra_pace *pace, struct tayra__ticket *ticket, int status)
{
	tayra__queue_remove(&pace->queue, &ticket->entry);
	publish_queue(pace);
	ticket->status = status;
	set_state(ticket, TAYRA__TICKET_OUT);
}

int
tayra_pace_cancel(struct tayra_pace *pace, struct tayra_ticket *handle, uint64_t now_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = TAYRA_E_NOT_FOUND;

	(void)now_ns; /* leaving the line makes no room and takes no time */
	pthread_mutex_lock(&pace->lock);
	if (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED && ticket->pace == pace) {
		step_out(pace, ticket, TAYRA_E_CANCELLED);
		if (ticket->waiter)
			pthread_cond_signal(ticket->waiter);
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(&pace->lock);
	return status;
}

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

/* Sleep until the ticket is decided.  => its status. */
static int
await(struct tayra_pace *pace, struct tayra__ticket *ticket)
{
	const uint64_t deadline_ns = ticket->entry.deadline_ns;
	int status;

	pthread_mutex_lock(&pace->lock);
	while (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED) {
		uint64_t now_ns = deadline_ns ? tayra__clock_mono_ns(pace->clock) : 0;

		if (!deadline_ns) {
			pthread_cond_wait(ticket->waiter, &pace->lock);
		} else if (now_ns < deadline_ns) {
			sleep_on(ticket->waiter, &pace->lock, deadline_ns - now_ns);
		} else {
			step_out(pace, ticket, TAYRA_E_TIMEOUT);
			count_shed(pace, ticket->entry.cls, TAYRA_SHED_EXPIRED);
		}
	}
	status = ticket->status;
	pthread_mutex_unlock(&pace->lock);
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
	int status = begin(pace, request, handle);

	if (status < 0)
		return status;
	tayra__pace_look_at_window(pace, now_ns);
	status = enter_at_once(pace, ticket, now_ns);
	if (status != TAYRA_PENDING)
		return status;
	cond_init_monotonic(&cond);
	ticket->waiter = &cond;
	status = enter_queue(pace, ticket, now_ns);
	if (status == TAYRA_PENDING)
		status = await(pace, ticket);
	pthread_cond_destroy(&cond);
	return status;
}

static void
count_answer(struct tayra_pace *pace, const struct tayra__ticket *ticket,
	     enum tayra_outcome outcome, uint64_t now_ns)
{
	uint64_t ns = now_ns > ticket->held_ns ? now_ns - ticket->held_ns : 0;

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
	tayra__service_sample(&pace->by_class[ticket->entry.cls - 1], ns, now_ns);
}

static void
leave_to_next(struct tayra_pace *pace, uint32_t cost, uint64_t now_ns)
{
	struct tayra__list decided;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	atomic_fetch_sub_explicit(&pace->word, cost, memory_order_release);
	tayra__pace_dispatch(pace, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tayra__pace_tell(&decided);
}

void
tayra_pace_leave(struct tayra_pace *pace, struct tayra_ticket *handle, enum tayra_outcome outcome,
		 uint64_t now_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	uint64_t word;

	if (tayra__ticket_state(ticket) != TAYRA__TICKET_HELD || ticket->pace != pace)
		tayra__pace_bug("leaving with a ticket that is not held");
	if ((unsigned)outcome >= TAYRA_OUTCOMES)
		tayra__pace_bug("leaving with an unknown outcome");
	count_answer(pace, ticket, outcome, now_ns);
	set_state(ticket, TAYRA__TICKET_OUT);
	word = tayra__pace_word(pace);
	do {
		if (word & TAYRA__WORD_WAITING) {
			leave_to_next(pace, ticket->entry.cost, now_ns);
			break;
		}
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, word - ticket->entry.cost, memory_order_release,
		memory_order_relaxed));
	tayra__pace_look_at_window(pace, now_ns);
}

uint64_t
tayra_pace_tick(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__list decided, shed;
	uint64_t next;

	tayra__pace_look_at_window(pace, now_ns);
	next = atomic_load_explicit(&pace->next_window_ns, memory_order_relaxed);
	if (tayra__pace_word(pace) & TAYRA__WORD_WAITING) {
		struct tayra__needs needs;
		uint64_t queue_next;

		tayra__list_init(&decided);
		tayra__list_init(&shed);
		pthread_mutex_lock(&pace->lock);
		needs = needs_of(pace, tayra__pace_word(pace), now_ns);
		tayra__queue_sweep(&pace->queue, now_ns, &needs, &shed);
		turn_away_all(pace, &shed, now_ns, &decided);
		tayra__pace_dispatch(pace, now_ns, &decided);
		queue_next = tayra__queue_next_ns(&pace->queue, &needs);
		pthread_mutex_unlock(&pace->lock);
		tayra__pace_tell(&decided);
		if (queue_next < next)
			next = queue_next;
	}
	return next > now_ns ? next : now_ns + 1;
}
