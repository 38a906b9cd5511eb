/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/queue.h"

#define CODEL_TARGET_NS (5 * TAYRA_NS_PER_MS)

/* What serving one request adds to its class's virtual time: 16 / weight. */
static const uint64_t virtual_cost[TAYRA_CLASSES] = { 1, 2, 4, 8, 16 };

static struct tayra__queue_class *
class_of(struct tayra__queue *queue, const struct tayra__line_entry *entry)
{
	return &queue->classes[entry->cls - 1];
}

static uint64_t
target_ns(const struct tayra__queue *queue, const struct tayra__line_entry *entry, uint64_t now_ns)
{
	uint64_t tenth;

	if (queue->target_ns)
		return queue->target_ns;
	tenth = entry->deadline_ns > now_ns ? (entry->deadline_ns - now_ns) / 10 : 0;
	return tenth > CODEL_TARGET_NS ? tenth : CODEL_TARGET_NS;
}

static void
shed_to(struct tayra__queue *queue, struct tayra__line_entry *entry, struct tayra__list *shed)
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
		.next_deadline_ns = UINT64_MAX,
	};
	for (int i = 0; i < TAYRA_CLASSES; i++)
		tayra__line_init(&queue->classes[i].line, interval_ns);
}

/* A place in a full line for a newcomer.  => whether there is one. */
static bool
make_room(struct tayra__queue *queue, struct tayra__line *line,
	  const struct tayra__line_entry *newcomer, struct tayra__list *shed)
{
	struct tayra__line_entry *other;

	if (line->count < queue->max)
		return true;
	other = queue->max ? tayra__line_to_displace(line, newcomer->tenant) : NULL;
	if (!other)
		return false;
	other->shed = TAYRA_SHED_FULL;
	shed_to(queue, other, shed);
	return true;
}

bool
tayra__queue_push(struct tayra__queue *queue, struct tayra__line_entry *entry, uint64_t now_ns,
		  struct tayra__list *shed)
{
	struct tayra__queue_class *c = class_of(queue, entry);

	tayra__line_judge(&c->line, now_ns);
	entry->shed = TAYRA_SHED_LEVEL;
	if (tayra__line_gated(&c->line, entry, now_ns))
		return false;
	entry->shed = TAYRA_SHED_FULL;
	if (!make_room(queue, &c->line, entry, shed))
		return false;
	/* A class that had nothing to ask for has saved up nothing. */
	if (c->line.count == 0 && c->tag < queue->virtual_time)
		c->tag = queue->virtual_time;
	entry->target_ns = target_ns(queue, entry, now_ns);
	tayra__line_push(&c->line, entry, now_ns);
	queue->count++;
	if (entry->deadline_ns && entry->deadline_ns < queue->next_deadline_ns)
		queue->next_deadline_ns = entry->deadline_ns;
	return true;
}

void
tayra__queue_remove(struct tayra__queue *queue, struct tayra__line_entry *entry)
{
	tayra__line_remove(&class_of(queue, entry)->line, entry);
	queue->count--;
}

/* The class whose turn it is; NULL when all are empty. */
static struct tayra__queue_class *
next_class(struct tayra__queue *queue)
{
	struct tayra__queue_class *next = NULL;

	for (int i = 0; i < TAYRA_CLASSES; i++) {
		struct tayra__queue_class *c = &queue->classes[i];

		if (c->line.count && (!next || c->tag < next->tag))
			next = c;
	}
	return next;
}

static void
serve(struct tayra__queue *queue, struct tayra__queue_class *c, struct tayra__line_entry *entry)
{
	tayra__line_charge(&c->line, entry);
	tayra__queue_remove(queue, entry);
	queue->virtual_time = c->tag;
	c->tag += virtual_cost[c - queue->classes];
}

struct tayra__line_entry *
tayra__queue_pop(struct tayra__queue *queue)
{
	struct tayra__queue_class *c = next_class(queue);
	struct tayra__line_entry *entry;

	if (!c)
		return NULL;
	entry = tayra__line_first(&c->line);
	serve(queue, c, entry);
	return entry;
}

struct tayra__line_entry *
tayra__queue_take(struct tayra__queue *queue, uint64_t now_ns, const struct tayra__needs *needs,
		  struct tayra__list *shed)
{
	struct tayra__queue_class *c;

	while ((c = next_class(queue))) {
		struct tayra__line_entry *entry;

		tayra__line_judge(&c->line, now_ns);
		entry = tayra__line_first(&c->line);
		if (!tayra__line_too_late(&c->line, entry, now_ns, needs->ns[entry->cls - 1])) {
			serve(queue, c, entry);
			return entry;
		}
		shed_to(queue, entry, shed);
	}
	return NULL;
}

void
tayra__queue_prune(struct tayra__queue *queue, uint64_t now_ns, const struct tayra__needs *needs,
		   struct tayra__list *shed)
{
	for (int i = 0; i < TAYRA_CLASSES; i++) {
		struct tayra__line *line = &queue->classes[i].line;
		struct tayra__line_entry *oldest;

		tayra__line_judge(line, now_ns);
		while ((oldest = tayra__line_oldest(line)) &&
		       tayra__line_too_late(line, oldest, now_ns, needs->ns[i]))
			shed_to(queue, oldest, shed);
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
sweep_line(struct tayra__queue *queue, struct tayra__line *line, uint64_t now_ns, uint64_t need_ns,
	   struct tayra__list *shed)
{
	struct tayra__list *next;

	for (struct tayra__list *at = line->waiting.next; at != &line->waiting; at = next) {
		struct tayra__line_entry *entry = TAYRA__LIST_ENTRY(at, struct tayra__line_entry,
								    node);

		next = at->next;
		if (tayra__line_too_late(line, entry, now_ns, need_ns))
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
		sweep_line(queue, &queue->classes[i].line, now_ns, needs->ns[i], shed);
}

uint64_t
tayra__queue_next_ns(const struct tayra__queue *queue, const struct tayra__needs *needs)
{
	uint64_t next = UINT64_MAX, need_ns = longest_ns(needs), ahead = need_ns ? need_ns - 1 : 0;

	if (queue->count && queue->next_deadline_ns != UINT64_MAX)
		next = queue->next_deadline_ns > ahead ? queue->next_deadline_ns - ahead : 0;
	for (int i = 0; i < TAYRA_CLASSES; i++) {
		const struct tayra__line *line = &queue->classes[i].line;
		const struct tayra__line_entry *oldest = tayra__line_oldest(line);
		uint64_t stale;

		if (!oldest)
			continue;
		if (line->interval_end_ns < next)
			next = line->interval_end_ns;
		stale = oldest->at_ns + 2 * oldest->target_ns + 1;
		if (line->overloaded && stale < next)
			next = stale;
	}
	return next;
}
