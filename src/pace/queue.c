/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/queue.h"

#define CODEL_TARGET_NS (5 * TAYRA_NS_PER_MS)

#define AGED_NS (2 * TAYRA_NS_PER_S)

static struct tayra__line *
line_of(struct tayra__queue *queue, const struct tayra__line_entry *entry)
{
	return &queue->lines[entry->cls - 1];
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
tayra__queue_init(struct tayra__queue *queue, const struct tayra__queue_rule *rule)
{
	*queue = (struct tayra__queue){ .next_deadline_ns = UINT64_MAX };
	for (int i = 0; i < TAYRA_CLASSES; i++)
		tayra__line_init(&queue->lines[i], rule->interval_ns);
	tayra__queue_set_rule(queue, rule);
}

void
tayra__queue_set_rule(struct tayra__queue *queue, const struct tayra__queue_rule *rule)
{
	queue->max = rule->max;
	queue->target_ns = rule->target_ns;
	tayra__share_set(&queue->share, rule->share_critical, rule->share_min);
	for (int i = 0; i < TAYRA_CLASSES; i++)
		queue->lines[i].interval_ns = rule->interval_ns;
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
	struct tayra__line *line = line_of(queue, entry);

	tayra__line_judge(line, now_ns);
	entry->shed = TAYRA_SHED_LEVEL;
	if (tayra__line_gated(line, entry, now_ns))
		return false;
	entry->shed = TAYRA_SHED_FULL;
	if (!make_room(queue, line, entry, shed))
		return false;
	if (line->count == 0)
		tayra__share_enter(&queue->share, entry->cls);
	queue->asking |= 1u << (entry->cls - 1);
	entry->target_ns = target_ns(queue, entry, now_ns);
	tayra__line_push(line, entry, now_ns);
	queue->count++;
	queue->cost += entry->cost;
	if (entry->deadline_ns && entry->deadline_ns < queue->next_deadline_ns)
		queue->next_deadline_ns = entry->deadline_ns;
	return true;
}

void
tayra__queue_set_patient(struct tayra__queue *queue, bool patient)
{
	for (int i = 0; i < TAYRA_CLASSES; i++)
		queue->lines[i].patient = patient;
}

void
tayra__queue_remove(struct tayra__queue *queue, struct tayra__line_entry *entry)
{
	struct tayra__line *line = line_of(queue, entry);

	tayra__line_remove(line, entry);
	queue->count--;
	queue->cost -= entry->cost;
	if (line->count == 0)
		queue->asking &= ~(1u << (entry->cls - 1));
}

/* The line whose turn it is; NULL when all are empty. */
static struct tayra__line *
next_line(struct tayra__queue *queue)
{
	if (!queue->asking)
		return NULL;
	return &queue->lines[tayra__share_next(&queue->share, queue->asking) - 1];
}

/* Has it waited for so long that it counts as one class higher? */
static bool
aged(const struct tayra__line_entry *entry, uint64_t now_ns)
{
	uint64_t waited = tayra__line_waited_ns(entry, now_ns);

	return waited >= AGED_NS ||
	       (entry->deadline_ns && waited >= (entry->deadline_ns - entry->at_ns) / 2);
}

static void
serve(struct tayra__queue *queue, struct tayra__line_entry *entry, double price)
{
	tayra__line_charge(line_of(queue, entry), entry);
	tayra__share_charge(&queue->share, entry->cls, queue->asking, price * entry->cost);
	tayra__queue_remove(queue, entry);
}

struct tayra__line_entry *
tayra__queue_peek(struct tayra__queue *queue)
{
	struct tayra__line *line = next_line(queue);

	return line ? tayra__line_first(line) : NULL;
}

struct tayra__line_entry *
tayra__queue_pop(struct tayra__queue *queue)
{
	struct tayra__line_entry *entry = tayra__queue_peek(queue);

	if (entry)
		serve(queue, entry, 1);
	return entry;
}

struct tayra__line_entry *
tayra__queue_take(struct tayra__queue *queue, uint32_t room, uint64_t now_ns,
		  const struct tayra__needs *needs, struct tayra__list *shed)
{
	struct tayra__line *line;

	while ((line = next_line(queue))) {
		struct tayra__line_entry *entry;

		tayra__line_judge(line, now_ns);
		entry = tayra__line_first(line);
		if (!tayra__line_too_late(line, entry, now_ns, needs->ns[entry->cls - 1])) {
			if (entry->cost > room)
				return NULL;
			serve(queue, entry, aged(entry, now_ns) ? 0.5 : 1);
			return entry;
		}
		shed_to(queue, entry, shed);
	}
	return NULL;
}

void
tayra__queue_clear(struct tayra__queue *queue, enum tayra_class cls, enum tayra_shed why,
		   struct tayra__list *shed)
{
	struct tayra__line_entry *oldest;

	while ((oldest = tayra__line_oldest(&queue->lines[cls - 1]))) {
		oldest->shed = why;
		shed_to(queue, oldest, shed);
	}
}

void
tayra__queue_prune(struct tayra__queue *queue, uint64_t now_ns, const struct tayra__needs *needs,
		   struct tayra__list *shed)
{
	for (int i = 0; i < TAYRA_CLASSES; i++) {
		struct tayra__line *line = &queue->lines[i];
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
		sweep_line(queue, &queue->lines[i], now_ns, needs->ns[i], shed);
}

uint64_t
tayra__queue_next_ns(const struct tayra__queue *queue, const struct tayra__needs *needs)
{
	uint64_t next = UINT64_MAX, need_ns = longest_ns(needs), ahead = need_ns ? need_ns - 1 : 0;

	if (queue->count && queue->next_deadline_ns != UINT64_MAX)
		next = queue->next_deadline_ns > ahead ? queue->next_deadline_ns - ahead : 0;
	for (int i = 0; i < TAYRA_CLASSES; i++) {
		const struct tayra__line *line = &queue->lines[i];
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
