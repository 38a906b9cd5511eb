/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/decide.h"

#include "pace/backpressure.h"
#include "pace/wait.h"

#include <math.h>

struct tayra__needs
tayra__decide_needs(const struct tayra_pace *pace, uint64_t word, uint64_t now_ns)
{
	struct tayra__needs needs;

	for (int i = 0; i < TAYRA_CLASSES; i++)
		needs.ns[i] = tayra__decide_need_ns(pace, (enum tayra_class)(i + 1), word, now_ns);
	return needs;
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

/* When trying again may help one who is turned away for that reason. */
static double
retry_for_ns(const struct tayra_pace *pace, enum tayra_class cls, enum tayra_shed why)
{
	if (why == TAYRA_SHED_MEMORY)
		return (double)TAYRA__CEILING_CALM_NS;
	return why == TAYRA_SHED_LEVEL ? retry_at_gate_ns(pace, cls) : retry_after_ns(pace);
}

int
tayra__decide_turn_away(struct tayra_pace *pace, struct tayra__ticket *ticket, enum tayra_shed why,
			uint64_t now_ns)
{
	const struct tayra__line_entry *entry = &ticket->entry;
	bool late = entry->deadline_ns && now_ns >= entry->deadline_ns;

	tayra__decide_count_shed(pace, entry->cls, why);
	ticket->status = late ? TAYRA_E_TIMEOUT : TAYRA_E_OVERLOAD;
	tayra__ticket_handle(ticket)->retry_after_ns = late ? 0
							    : (uint64_t)retry_for_ns(
								      pace, entry->cls, why);
	tayra__ticket_set_state(ticket, TAYRA__TICKET_OUT);
	return ticket->status;
}

/* A callback that decides more tickets only adds to the list, so that callbacks which leave at once
 * do not pile up on the stack. */
void
tayra__decide_tell(struct tayra__list *decided)
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
		else if (ticket->waits)
			tayra__wait_end(ticket);
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
	tayra__backpressure_publish(pace);
	if (pace->queue.count == 0 && (tayra__pace_word(pace) & TAYRA__WORD_WAITING))
		atomic_fetch_and_explicit(&pace->word, ~TAYRA__WORD_WAITING, memory_order_relaxed);
}

static void
turn_away_all(struct tayra_pace *pace, struct tayra__list *shed, uint64_t now_ns,
	      struct tayra__list *decided)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(shed))) {
		struct tayra__ticket *ticket = TAYRA__LIST_ENTRY(node, struct tayra__ticket,
								 entry.node);

		tayra__decide_turn_away(pace, ticket, ticket->entry.shed, now_ns);
		tayra__list_push_back(decided, &ticket->entry.node);
	}
}

void
tayra__decide_dispatch(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided)
{
	struct tayra__queue *queue = &pace->queue;
	struct tayra__needs needs;
	struct tayra__list shed;
	uint64_t word = tayra__pace_word(pace);

	tayra__list_init(&shed);
	/* Clear while a heir wakes (wait.c): from here on nobody else may take what we see free. */
	if (queue->count && !(word & TAYRA__WORD_WAITING))
		word = atomic_fetch_or_explicit(&pace->word, TAYRA__WORD_WAITING,
						memory_order_relaxed);
	if (tayra__word_mode(word) == TAYRA_MODE_ENFORCE) {
		needs = tayra__decide_needs(pace, word, now_ns);
		tayra__queue_prune(queue, now_ns, &needs, &shed);
	}
	for (; queue->count && tayra__word_open(word, 1); word = tayra__pace_word(pace)) {
		struct tayra__line_entry *entry;
		struct tayra__ticket *ticket;

		if (tayra__word_mode(word) == TAYRA_MODE_ENFORCE) {
			needs = tayra__decide_needs(pace, word, now_ns);
			entry = tayra__queue_take(queue, tayra__word_room(word), now_ns, &needs,
						  &shed);
		} else {
			entry = tayra__word_open(word, TAYRA_COST_MAX) ? tayra__queue_pop(queue)
								       : NULL;
		}
		if (!entry)
			break;
		atomic_fetch_add_explicit(&pace->word, entry->cost, memory_order_acquire);
		ticket = TAYRA__LIST_ENTRY(entry, struct tayra__ticket, entry);
		tayra__decide_hold(pace, ticket, word, now_ns);
		tayra__list_push_back(decided, &ticket->entry.node);
	}
	publish_queue(pace);
	turn_away_all(pace, &shed, now_ns, decided);
}

/* Under the lock.  => TAYRA_PENDING: queued; else decided already, and told nobody. */
static int
queue_up(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns,
	 struct tayra__list *decided)
{
	struct tayra__list displaced;
	bool queued;

	tayra__decide_dispatch(pace, now_ns, decided);
	tayra__decide_note_reached(pace);
	tayra__list_init(&displaced);
	queued = tayra__queue_push(&pace->queue, &ticket->entry, now_ns, &displaced);
	turn_away_all(pace, &displaced, now_ns, decided);
	if (!queued)
		return tayra__decide_turn_away(pace, ticket, ticket->entry.shed, now_ns);
	tayra__ticket_set_state(ticket, TAYRA__TICKET_QUEUED);
	/* A leave before this is seen by tayra__decide_dispatch(), one after it takes the lock; or
	 * an heir is about to look. */
	if (!pace->heir)
		atomic_fetch_or_explicit(&pace->word, TAYRA__WORD_WAITING, memory_order_relaxed);
	tayra__decide_dispatch(pace, now_ns, decided);
	if (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED)
		return TAYRA_PENDING;
	tayra__list_remove(&ticket->entry.node);
	return ticket->status;
}

int
tayra__decide_queue(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns)
{
	struct tayra__list decided;
	int status;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	status = queue_up(pace, ticket, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tayra__decide_tell(&decided);
	return status;
}

void
tayra__decide_step_out(struct tayra_pace *pace, struct tayra__ticket *ticket, int status)
{
	tayra__queue_remove(&pace->queue, &ticket->entry);
	publish_queue(pace);
	ticket->status = status;
	tayra__ticket_set_state(ticket, TAYRA__TICKET_OUT);
}

void
tayra__decide_revise(struct tayra_pace *pace, struct tayra__ticket *ticket, uint32_t cost,
		     uint64_t deadline_ns)
{
	struct tayra__line_entry *entry = &ticket->entry;

	pace->queue.cost += cost;
	pace->queue.cost -= entry->cost;
	entry->cost = (uint16_t)cost;
	entry->deadline_ns = deadline_ns;
	publish_queue(pace);
}

void
tayra__decide_send_away(struct tayra_pace *pace, enum tayra_class cls, enum tayra_shed why,
			uint64_t now_ns, struct tayra__list *decided)
{
	struct tayra__list shed;

	tayra__list_init(&shed);
	tayra__queue_clear(&pace->queue, cls, why, &shed);
	publish_queue(pace);
	turn_away_all(pace, &shed, now_ns, decided);
}

uint64_t
tayra__decide_sweep(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided)
{
	struct tayra__needs needs = tayra__decide_needs(pace, tayra__pace_word(pace), now_ns);
	struct tayra__list shed;

	tayra__list_init(&shed);
	tayra__queue_sweep(&pace->queue, now_ns, &needs, &shed);
	turn_away_all(pace, &shed, now_ns, decided);
	tayra__decide_dispatch(pace, now_ns, decided);
	return tayra__queue_next_ns(&pace->queue, &needs);
}
