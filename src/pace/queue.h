/* SPDX-License-Identifier: Apache-2.0
 *
 * queue.h: who is next.  Five classes, each a line (line.h) with its own order and its own
 * overload; between them shares (share.h).  Who has waited for half of the time to its deadline, or
 * for two seconds, counts as one class higher: its class pays half for it.
 *
 * Not thread-safe: the caller holds pace.lock.  Allocates nothing; entries are embedded in tickets.
 */
#ifndef TAYRA_PACE_QUEUE_H
#define TAYRA_PACE_QUEUE_H

#include "pace/line.h"
#include "pace/share.h"

struct tayra__queue {
	struct tayra__line lines[TAYRA_CLASSES]; /* index: class - 1 */
	struct tayra__share share;
	unsigned asking;           /* bit i: somebody waits in lines[i] */
	uint32_t count;            /* in all classes */
	uint64_t cost;             /* of them */
	uint32_t max;              /* a class */
	uint64_t target_ns;        /* 0: 5 ms or a tenth of the time to the deadline */
	uint64_t next_deadline_ns; /* not after the earliest deadline queued; UINT64_MAX: none */
};

/* How long serving takes, by class: one that asks for slow things must not make the quick ones of
 * another look hopeless.  0: not known. */
struct tayra__needs {
	uint64_t ns[TAYRA_CLASSES];
};

struct tayra__queue_rule {
	uint32_t max; /* waiting requests a class, 0: nobody waits */
	uint64_t target_ns, interval_ns;
	double share_critical, share_min;
};

/* The queue must not move afterwards. */
void tayra__queue_init(struct tayra__queue *queue, const struct tayra__queue_rule *rule);
/* From now on; who is queued stays. */
void tayra__queue_set_rule(struct tayra__queue *queue, const struct tayra__queue_rule *rule);
/* Queue it; cls, level, tenant, cost and deadline_ns are the caller's.  Where its class is full, it
 * takes the place of the oldest of a tenant with more than it has; that one is moved to `shed`.
 * => false: it is not queued; entry->shed says why. */
bool tayra__queue_push(struct tayra__queue *queue, struct tayra__line_entry *entry, uint64_t now_ns,
		       struct tayra__list *shed);
void tayra__queue_remove(struct tayra__queue *queue, struct tayra__line_entry *entry);
/* Patient: no class is overloaded from now on, however long they wait. */
void tayra__queue_set_patient(struct tayra__queue *queue, bool patient);
/* The next in line, whatever its wait; NULL when empty.  peek leaves it there. */
struct tayra__line_entry *tayra__queue_peek(struct tayra__queue *queue);
struct tayra__line_entry *tayra__queue_pop(struct tayra__queue *queue);
/* The next in line that is worth serving; NULL: none, or it costs more than `room` (then nobody
 * goes past it, or it would wait for ever).  What is not worth it is moved to `shed`. */
struct tayra__line_entry *tayra__queue_take(struct tayra__queue *queue, uint32_t room,
					    uint64_t now_ns, const struct tayra__needs *needs,
					    struct tayra__list *shed);
/* Shed all of a class, for that reason. */
void tayra__queue_clear(struct tayra__queue *queue, enum tayra_class cls, enum tayra_shed why,
			struct tayra__list *shed);
/* Shed what is at the old end of each class and not worth keeping: cheap. */
void tayra__queue_prune(struct tayra__queue *queue, uint64_t now_ns,
			const struct tayra__needs *needs, struct tayra__list *shed);
/* Shed all that has become hopeless: walks the queue if any deadline is near. */
void tayra__queue_sweep(struct tayra__queue *queue, uint64_t now_ns,
			const struct tayra__needs *needs, struct tayra__list *shed);
/* When prune or sweep may next find something; UINT64_MAX: nobody waits. */
uint64_t tayra__queue_next_ns(const struct tayra__queue *queue, const struct tayra__needs *needs);

#endif
