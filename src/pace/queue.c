/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/queue.h"

#define CODEL_TARGET_NS (5 * TAYRA_NS_PER_MS)

/* What serving one request adds to its class's virtual time: 16 / weight. */
static const uint64_t virtual_cost[TAYRA_CLASSES] = { 1, 2, 4, 8, 16 };

static struct tayra__queue_entry *
entry_of(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct tayra__queue_entry, node);
}

static struct tayra__queue_class *
class_of(struct tayra__queue *queue, const struct tayra__queue_entry *entry)
{
	return &queue->classes[entry->cls - 1];
}

/* Threads read their clocks in one order and come here in another. */
static uint64_t
waited_ns(const struct tayra__queue_entry *entry, uint64_t now_ns)
{
	return now_ns > entry->at_ns ? now_ns - entry->at_ns : 0;
}

static uint64_t
target_ns(const struct tayra__queue *queue, const struct tayra__queue_entry *entry)
{
	uint64_t tenth;

	if (queue->target_ns)
		return queue->target_ns;
	tenth = entry->deadline_ns > entry->at_ns ? (entry->deadline_ns - entry->at_ns) / 10 : 0;
	return tenth > CODEL_TARGET_NS ? tenth : CODEL_TARGET_NS;
}

/* CoDel's bookkeeping: look at the oldest, and judge the class at the end of an interval. */
static void
judge(const struct tayra__queue *queue, struct tayra__queue_class *c, uint64_t now_ns)
{
	if (tayra__list_empty(&c->waiting)) {
		c->calm = true;
	} else {
		const struct tayra__queue_entry *oldest = entry_of(c->waiting.next);

		c->calm |= waited_ns(oldest, now_ns) <= oldest->target_ns;
	}
	if (now_ns < c->interval_end_ns)
		return;
	c->overloaded = !c->calm;
	c->calm = false;
	c->interval_end_ns = now_ns + queue->interval_ns;
}

/* Is it not worth serving?  Says why in entry->shed. */
static bool
too_late(const struct tayra__queue_class *c, struct tayra__queue_entry *entry, uint64_t now_ns,
	 const struct tayra__needs *needs)
{
	uint64_t need_ns = needs->ns[entry->cls - 1];

	if (entry->deadline_ns && now_ns >= entry->deadline_ns)
		entry->shed = TAYRA_SHED_EXPIRED;
	else if (entry->deadline_ns && need_ns > entry->deadline_ns - now_ns)
		entry->shed = TAYRA_SHED_HOPELESS;
	else if (c->overloaded && waited_ns(entry, now_ns) > 2 * entry->target_ns)
		entry->shed = TAYRA_SHED_CODEL;
	else
		return false;
	return true;
}

static void
shed_to(struct tayra__queue *queue, struct tayra__queue_entry *entry, struct tayra__list *shed)
{
	tayra__queue_remove(queue, entry);
	tayra__list_push_back(shed, &entry->node);
}

void
tayra__queue_init(struct tayra__queue *queue, uint32_t max, uint64_t target, uint64_t interval_ns)
{
	*queue = (struct tayra__queue){
		.max = max,
		.target_ns = target,
		.interval_ns = interval_ns,
		.next_deadline_ns = UINT64_MAX,
	};
	for (int i = 0; i < TAYRA_CLASSES; i++)
		tayra__list_init(&queue->classes[i].waiting);
}

bool
tayra__queue_push(struct tayra__queue *queue, struct tayra__queue_entry *entry, uint64_t now_ns)
{
	struct tayra__queue_class *c = class_of(queue, entry);

	judge(queue, c, now_ns);
	if (c->count >= queue->max)
		return false;
	if (c->count == 0) {
		c->calm = true;
		/* A class that had nothing to ask for has saved up nothing. */
		if (c->tag < queue->virtual_time)
			c->tag = queue->virtual_time;
	}
	entry->at_ns = now_ns;
	entry->target_ns = target_ns(queue, entry);
	tayra__list_push_back(&c->waiting, &entry->node);
	c->count++;
	queue->count++;
	if (entry->deadline_ns && entry->deadline_ns < queue->next_deadline_ns)
		queue->next_deadline_ns = entry->deadline_ns;
	return true;
}

void
tayra__queue_remove(struct tayra__queue *queue, struct tayra__queue_entry *entry)
{
	tayra__list_remove(&entry->node);
	class_of(queue, entry)->count--;
	queue->count--;
}

/* The class whose turn it is; NULL when all are empty. */
static struct tayra__queue_class *
next_class(struct tayra__queue *queue)
{
	struct tayra__queue_class *next = NULL;

	for (int i = 0; i < TAYRA_CLASSES; i++) {
		struct tayra__queue_class *c = &queue->classes[i];

		if (c->count && (!next || c->tag < next->tag))
			next = c;
	}
	return next;
}

static struct tayra__queue_entry *
first_in_line(struct tayra__queue_class *c)
{
	return entry_of(c->overloaded ? c->waiting.prev : c->waiting.next);
}

static void
charge(struct tayra__queue *queue, struct tayra__queue_class *c)
{
	queue->virtual_time = c->tag;
	c->tag += virtual_cost[c - queue->classes];
}

struct tayra__queue_entry *
tayra__queue_pop(struct tayra__queue *queue)
{
	struct tayra__queue_class *c = next_class(queue);
	struct tayra__queue_entry *entry;

	if (!c)
		return NULL;
	entry = first_in_line(c);
	tayra__queue_remove(queue, entry);
	charge(queue, c);
	return entry;
}

struct tayra__queue_entry *
tayra__queue_take(struct tayra__queue *queue, uint64_t now_ns, const struct tayra__needs *needs,
		  struct tayra__list *shed)
{
	struct tayra__queue_class *c;

	while ((c = next_class(queue))) {
		struct tayra__queue_entry *entry;

		judge(queue, c, now_ns);
		entry = first_in_line(c);
		if (!too_late(c, entry, now_ns, needs))
			return tayra__queue_pop(queue);
		shed_to(queue, entry, shed);
	}
	return NULL;
}

void
tayra__queue_prune(struct tayra__queue *queue, uint64_t now_ns, const struct tayra__needs *needs,
		   struct tayra__list *shed)
{
	for (int i = 0; i < TAYRA_CLASSES; i++) {
		struct tayra__queue_class *c = &queue->classes[i];

		judge(queue, c, now_ns);
		while (c->count) {
			struct tayra__queue_entry *oldest = entry_of(c->waiting.next);

			if (!too_late(c, oldest, now_ns, needs))
				break;
			shed_to(queue, oldest, shed);
		}
	}
}

static uint64_t
longest_ns(const struct tayra__needs *needs)
{
	uint64_t longest = 0;

	for (int i = 0; i < TAYRA_CLASSES; i++)
		if (needs->ns[i] > longest)
			longest = needs->ns[i];
	return longest;
}

static void
sweep_class(struct tayra__queue *queue, struct tayra__queue_class *c, uint64_t now_ns,
	    const struct tayra__needs *needs, struct tayra__list *shed)
{
	struct tayra__list *next;

	for (struct tayra__list *at = c->waiting.next; at != &c->waiting; at = next) {
		struct tayra__queue_entry *entry = entry_of(at);

		next = at->next;
		if (too_late(c, entry, now_ns, needs))
			shed_to(queue, entry, shed);
		else if (entry->deadline_ns && entry->deadline_ns < queue->next_deadline_ns)
			queue->next_deadline_ns = entry->deadline_ns;
	}
}

void
tayra__queue_sweep(struct tayra__queue *queue, uint64_t now_ns, const struct tayra__needs *needs,
		   struct tayra__list *shed)
{
	tayra__queue_prune(queue, now_ns, needs, shed);
	if (queue->next_deadline_ns > now_ns &&
	    queue->next_deadline_ns - now_ns >= longest_ns(needs))
		return;
	queue->next_deadline_ns = UINT64_MAX;
	for (int i = 0; i < TAYRA_CLASSES; i++)
		sweep_class(queue, &queue->classes[i], now_ns, needs, shed);
}

uint64_t
tayra__queue_next_ns(const struct tayra__queue *queue, const struct tayra__needs *needs)
{
	uint64_t next = UINT64_MAX, need_ns = longest_ns(needs), ahead = need_ns ? need_ns - 1 : 0;

	if (queue->count && queue->next_deadline_ns != UINT64_MAX)
		next = queue->next_deadline_ns > ahead ? queue->next_deadline_ns - ahead : 0;
	for (int i = 0; i < TAYRA_CLASSES; i++) {
		const struct tayra__queue_class *c = &queue->classes[i];
		const struct tayra__queue_entry *oldest;
		uint64_t stale;

		if (c->count == 0)
			continue;
		if (c->interval_end_ns < next)
			next = c->interval_end_ns;
		oldest = entry_of(c->waiting.next);
		stale = oldest->at_ns + 2 * oldest->target_ns + 1;
		if (c->overloaded && stale < next)
			next = stale;
	}
	return next;
}
