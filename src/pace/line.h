/* SPDX-License-Identifier: Apache-2.0
 *
 * line.h: who waits in one class, and in which order.  Each tenant has a flow of its own, and flows
 * take turns by what they cost (start-time fair queueing, Goyal, Vin, Cheng, SIGCOMM'96), so a
 * greedy one waits behind itself.  Inside a flow it is first come first served until the class is
 * overloaded, newest first while it is ("Fail at Scale", ACM Queue 2015).
 *
 * Up to 63 tenants that wait at once are kept exactly apart; beyond that some share a flow.  Who
 * names no tenant is in flow 0.  A flow remembers its tenant and its tag while it is empty, until
 * another needs it: whoever asks one at a time saves up nothing and loses nothing.
 *
 * Overload is judged as CoDel does (Nichols, Jacobson, ACM Queue 2012), for each class on its own:
 * one state for all would let the short wait of the high classes hide that of the low ones.  What
 * is judged is the age of the oldest in the class, the wait that first come first served would
 * give: it means the same in both orders of service.  A class is overloaded when that age was over
 * the target throughout an interval.
 *
 * Not thread-safe: the caller holds pace.lock.  Allocates nothing; entries are embedded in tickets.
 */
#ifndef TAYRA_PACE_LINE_H
#define TAYRA_PACE_LINE_H

#include "base/list.h"
#include "pace/gate.h"

#include <tayra/pace.h>

#define TAYRA__LINE_FLOWS 64

struct tayra__line_entry {
	struct tayra__list node;      /* in its line by age; then in a list of who was decided */
	struct tayra__list flow_node; /* in its flow by age */
	uint64_t at_ns;               /* since when it waits */
	uint64_t deadline_ns;         /* 0: none */
	uint64_t target_ns;           /* a wait that is still well */
	uint64_t tenant;              /* 0: not named */
	enum tayra_class cls : 8;
	enum tayra_shed shed : 8; /* why, once it is shed */
	uint16_t cost;            /* in slots, at least 1 */
	uint8_t level, flow;
};

struct tayra__line_flow {
	struct tayra__list waiting; /* oldest first */
	uint64_t tenant;
	uint64_t tag; /* virtual start time of the next to be served */
	uint32_t count;
};

struct tayra__line {
	struct tayra__list waiting; /* of all flows, oldest first */
	uint32_t count;
	bool overloaded;
	bool patient; /* never overloaded: somebody knows that it will be served faster soon */
	bool calm;    /* the oldest was within its target at some moment of this interval */
	bool starved; /* in this interval somebody waited until it was too late */
	uint64_t interval_ns, interval_end_ns;
	uint64_t virtual_time; /* tag of the flow served last */
	uint64_t busy;         /* bit i: flow i is not empty */
	struct tayra__gate gate;
	struct tayra__line_flow flows[TAYRA__LINE_FLOWS];
};

/* Must not move afterwards. */
void tayra__line_init(struct tayra__line *line, uint64_t interval_ns);
/* At the end of its flow.  tenant, level, cost, deadline_ns and target_ns are the caller's. */
void tayra__line_push(struct tayra__line *line, struct tayra__line_entry *entry, uint64_t now_ns);
void tayra__line_remove(struct tayra__line *line, struct tayra__line_entry *entry);
/* NULL when empty. */
struct tayra__line_entry *tayra__line_oldest(const struct tayra__line *line);
/* Whose turn it is; NULL when empty. */
struct tayra__line_entry *tayra__line_first(const struct tayra__line *line);
/* Its flow pays for its turn. */
void tayra__line_charge(struct tayra__line *line, const struct tayra__line_entry *entry);
/* The oldest of the longest flow, if that is longer than the one of this newcomer would be; NULL:
 * it is not, the newcomer is the one to turn away. */
struct tayra__line_entry *tayra__line_to_displace(const struct tayra__line *line, uint64_t tenant);

/* CoDel's bookkeeping: look at the oldest, and judge at the end of an interval. */
void tayra__line_judge(struct tayra__line *line, uint64_t now_ns);
/* Is it one too many: the gate would not let its level in, and its own flow is late already (the
 * oldest has waited for a quarter of its target)?  A tenant with little to ask for never is. */
bool tayra__line_gated(struct tayra__line *line, const struct tayra__line_entry *entry,
		       uint64_t now_ns);
/* Is it not worth serving?  Says why in entry->shed.  need_ns: how long serving takes. */
bool tayra__line_too_late(struct tayra__line *line, struct tayra__line_entry *entry,
			  uint64_t now_ns, uint64_t need_ns);

/* Threads read their clocks in one order and come here in another. */
static inline uint64_t
tayra__line_waited_ns(const struct tayra__line_entry *entry, uint64_t now_ns)
{
	return now_ns > entry->at_ns ? now_ns - entry->at_ns : 0;
}

#endif
