/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/event.h"

#include "base/hash.h"
#include "base/list.h"

static uint64_t
virtual_mono_ns(void *ctx)
{
	const struct tayra__events *events = ctx;

	return events->now_ns;
}

static uint64_t
virtual_wall_ms(void *ctx)
{
	return virtual_mono_ns(ctx) / TAYRA_NS_PER_MS;
}

void
tayra__events_init(struct tayra__events *events, uint64_t now_ns)
{
	*events = (struct tayra__events){
		.now_ns = now_ns,
		.clock = { virtual_mono_ns, virtual_wall_ms, events },
	};
	tayra__heap_init(&events->heap);
}

void
tayra__events_fini(struct tayra__events *events)
{
	tayra__heap_fini(&events->heap);
}

int
tayra__events_set(struct tayra__events *events, struct tayra__event *event, uint64_t at_ns)
{
	tayra__heap_remove(&events->heap, &event->node);
	event->node.key = at_ns > events->now_ns ? at_ns : events->now_ns;
	return tayra__heap_push(&events->heap, &event->node);
}

void
tayra__events_unset(struct tayra__events *events, struct tayra__event *event)
{
	tayra__heap_remove(&events->heap, &event->node);
}

void
tayra__events_note(struct tayra__events *events, uint64_t what)
{
	events->trace = tayra__hash_mix64(events->trace ^ tayra__hash_mix64(what));
}

bool
tayra__events_run_some(struct tayra__events *events, uint64_t until_ns, size_t most)
{
	struct tayra__heap_node *first;

	while ((first = tayra__heap_peek(&events->heap)) && first->key <= until_ns) {
		struct tayra__event *event = TAYRA__LIST_ENTRY(first, struct tayra__event, node);

		if (most-- == 0)
			return false;
		tayra__heap_pop(&events->heap);
		events->now_ns = first->key;
		tayra__events_note(events, first->key);
		event->fire(event, first->key);
	}
	if (until_ns > events->now_ns)
		events->now_ns = until_ns;
	return true;
}

void
tayra__events_run(struct tayra__events *events, uint64_t until_ns)
{
	tayra__events_run_some(events, until_ns, SIZE_MAX);
}
