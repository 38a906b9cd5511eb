/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/line.h"

#include "base/hash.h"

#define UNNAMED   0 /* the flow of who names no tenant */
#define LATE_PART 4 /* of the target: a flow that waits longer is late for the gate */

static struct tayra__line_entry *
by_age(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct tayra__line_entry, node);
}

static struct tayra__line_entry *
in_flow(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct tayra__line_entry, flow_node);
}

void
tayra__line_init(struct tayra__line *line, uint64_t interval_ns)
{
	*line = (struct tayra__line){ .interval_ns = interval_ns };
	tayra__list_init(&line->waiting);
	tayra__gate_init(&line->gate);
	for (int i = 0; i < TAYRA__LINE_FLOWS; i++)
		tayra__list_init(&line->flows[i].waiting);
}

/* The tenant's own; else the one that has been idle for longest; else it shares one. */
static int
find_flow(const struct tayra__line *line, uint64_t tenant)
{
	int idle = -1;

	if (tenant == 0)
		return UNNAMED;
	for (int i = UNNAMED + 1; i < TAYRA__LINE_FLOWS; i++) {
		const struct tayra__line_flow *flow = &line->flows[i];

		if (flow->tenant == tenant)
			return i;
		if (flow->count == 0 && (idle < 0 || flow->tag < line->flows[idle].tag))
			idle = i;
	}
	if (idle < 0)
		idle = 1 + (int)(tayra__hash_mix64(tenant) % (TAYRA__LINE_FLOWS - 1));
	return idle;
}

void
tayra__line_push(struct tayra__line *line, struct tayra__line_entry *entry, uint64_t now_ns)
{
	int i = find_flow(line, entry->tenant);
	struct tayra__line_flow *flow = &line->flows[i];

	if (flow->count == 0) {
		flow->tenant = entry->tenant;
		/* A flow that had nothing to ask for has saved up nothing. */
		if (flow->tag < line->virtual_time)
			flow->tag = line->virtual_time;
		line->busy |= 1ull << i;
	}
	if (line->count == 0)
		line->calm = true;
	entry->at_ns = now_ns;
	entry->flow = (uint8_t)i;
	tayra__list_push_back(&line->waiting, &entry->node);
	tayra__list_push_back(&flow->waiting, &entry->flow_node);
	flow->count++;
	line->count++;
}

void
tayra__line_remove(struct tayra__line *line, struct tayra__line_entry *entry)
{
	struct tayra__line_flow *flow = &line->flows[entry->flow];

	tayra__list_remove(&entry->node);
	tayra__list_remove(&entry->flow_node);
	line->count--;
	if (--flow->count == 0)
		line->busy &= ~(1ull << entry->flow);
}

struct tayra__line_entry *
tayra__line_oldest(const struct tayra__line *line)
{
	return line->count ? by_age(line->waiting.next) : NULL;
}

struct tayra__line_entry *
tayra__line_first(const struct tayra__line *line)
{
	const struct tayra__line_flow *next = NULL;

	for (uint64_t busy = line->busy; busy; busy &= busy - 1) {
		const struct tayra__line_flow *flow = &line->flows[__builtin_ctzll(busy)];

		if (!next || flow->tag < next->tag)
			next = flow;
	}
	if (!next)
		return NULL;
	return in_flow(line->overloaded ? next->waiting.prev : next->waiting.next);
}

void
tayra__line_charge(struct tayra__line *line, const struct tayra__line_entry *entry)
{
	struct tayra__line_flow *flow = &line->flows[entry->flow];

	line->virtual_time = flow->tag;
	flow->tag += entry->cost;
	tayra__gate_served(&line->gate);
}

struct tayra__line_entry *
tayra__line_to_displace(const struct tayra__line *line, uint64_t tenant)
{
	const struct tayra__line_flow *longest = &line->flows[UNNAMED];
	const struct tayra__line_flow *own = &line->flows[find_flow(line, tenant)];

	for (int i = 0; i < TAYRA__LINE_FLOWS; i++)
		if (line->flows[i].count > longest->count)
			longest = &line->flows[i];
	return longest->count > own->count + 1 ? in_flow(longest->waiting.next) : NULL;
}

void
tayra__line_judge(struct tayra__line *line, uint64_t now_ns)
{
	const struct tayra__line_entry *oldest = tayra__line_oldest(line);

	line->calm |= !oldest || tayra__line_waited_ns(oldest, now_ns) <= oldest->target_ns;
	if (now_ns >= line->interval_end_ns) {
		line->overloaded = (!line->calm || line->starved) && !line->patient;
		line->calm = line->starved = false;
		line->interval_end_ns = now_ns + line->interval_ns;
	}
	tayra__gate_step(&line->gate, line->overloaded, now_ns);
}

bool
tayra__line_gated(struct tayra__line *line, const struct tayra__line_entry *entry, uint64_t now_ns)
{
	const struct tayra__line_flow *flow;
	const struct tayra__line_entry *oldest;

	if (tayra__gate_admits(&line->gate, entry->level))
		return false;
	flow = &line->flows[find_flow(line, entry->tenant)];
	if (flow->count == 0)
		return false;
	oldest = in_flow(flow->waiting.next);
	return tayra__line_waited_ns(oldest, now_ns) > oldest->target_ns / LATE_PART;
}

bool
tayra__line_too_late(struct tayra__line *line, struct tayra__line_entry *entry, uint64_t now_ns,
		     uint64_t need_ns)
{
	if (entry->deadline_ns && now_ns >= entry->deadline_ns)
		entry->shed = TAYRA_SHED_EXPIRED;
	else if (entry->deadline_ns && need_ns > entry->deadline_ns - now_ns)
		entry->shed = TAYRA_SHED_HOPELESS;
	else if (line->overloaded && tayra__line_waited_ns(entry, now_ns) > 2 * entry->target_ns)
		entry->shed = TAYRA_SHED_CODEL;
	else
		return false;
	/* Who is within its target because the others were given up is not well. */
	line->starved |= entry->shed != TAYRA_SHED_CODEL;
	return true;
}
