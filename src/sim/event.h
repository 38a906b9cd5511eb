/* SPDX-License-Identifier: Apache-2.0
 *
 * event.h: virtual time.  A heap of things to happen; time jumps from one to the next.  The same
 * seed gives the same run, and the trace hash tells whether it did.  Not thread-safe.
 */
#ifndef TAYRA_SIM_EVENT_H
#define TAYRA_SIM_EVENT_H

#include "base/heap.h"

#include <tayra/base.h>

struct tayra__event;
/* Runs when its moment has come; the event is out of the heap and may be set again. */
typedef void (*tayra__event_fn)(struct tayra__event *event, uint64_t now_ns);

/* Embedded in what happens; zero it before its first use. */
struct tayra__event {
	struct tayra__heap_node node;
	tayra__event_fn fire;
};

struct tayra__events {
	struct tayra__heap heap;
	uint64_t now_ns;
	uint64_t trace;           /* hash of every moment, and of what was noted */
	struct tayra_clock clock; /* shows now_ns; valid while the events are */
};

/* Must not move afterwards: the clock points at it. */
void tayra__events_init(struct tayra__events *events, uint64_t now_ns);
void tayra__events_fini(struct tayra__events *events);
/* Let it happen at that moment, or now if that is past; moves it if it is set already.
 * => TAYRA_OK, TAYRA_E_NOMEM: it is not set. */
int tayra__events_set(struct tayra__events *events, struct tayra__event *event, uint64_t at_ns);
void tayra__events_unset(struct tayra__events *events, struct tayra__event *event);
/* Let everything up to and including that moment happen; time stands there afterwards. */
void tayra__events_run(struct tayra__events *events, uint64_t until_ns);
/* The same, but at most so many events.  => whether all have happened; else time stands at the
 * last.
 */
bool tayra__events_run_some(struct tayra__events *events, uint64_t until_ns, size_t most);
/* Add to the trace. */
void tayra__events_note(struct tayra__events *events, uint64_t what);

#endif
