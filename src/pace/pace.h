/* SPDX-License-Identifier: Apache-2.0
 *
 * pace.h: the inside of a struct tayra_pace, shared by pace.c (tickets) and control.c (settings and
 * windows).
 */
#ifndef TAYRA_PACE_PACE_H
#define TAYRA_PACE_PACE_H

#include "pace/allowance.h"
#include "pace/ceiling.h"
#include "pace/limit.h"
#include "pace/queue.h"
#include "pace/service.h"
#include "pace/window.h"
#include "pace/word.h"

#include <pthread.h>
#include <stdatomic.h>

#define TAYRA__BACKPRESSURE_WATCHERS 8

struct tayra_pace {
	_Atomic uint64_t word; /* acquire to enter, release to leave: a slot hands over memory */
	_Atomic uint64_t next_window_ns;
	_Atomic uint64_t queued_cost; /* queue.cost, for who holds no lock */
	_Atomic bool closing;
	_Atomic int backpressure, told_backpressure;   /* enum tayra_backpressure */
	struct tayra__service service;                 /* of all */
	struct tayra__service by_class[TAYRA_CLASSES]; /* for judging deadlines */
	_Atomic uint64_t shed[TAYRA_CLASSES][TAYRA_SHED_MEMORY + 1];
	/* Of options, for who holds no lock; relaxed. */
	_Atomic uint32_t queue_max;
	_Atomic double deadline_deviations; /* below 0: nothing is hopeless */
	_Atomic uint64_t hedge_after_ns;    /* 0: the class's own */
	_Atomic bool scarce;                /* scarcity.now, likewise */
	/* Never changed after create. */
	const struct tayra_sensor *sensor;
	const struct tayra_clock *clock;
	/* Under the lock. */
	pthread_mutex_t lock;
	struct tayra_pace_options given; /* 0: the default */
	struct tayra_pace_options
		options; /* with defaults filled in; limit and mode are elsewhere */
	struct tayra__queue queue;
	struct tayra__ticket *heir; /* woken without a slot, and not up yet; see wait.c */
	uint64_t heir_ns;           /* since when */
	struct tayra__allowance retries, hedges;
	int watchers[TAYRA__BACKPRESSURE_WATCHERS]; /* descriptors */
	uint32_t watcher_count;
	struct tayra__limit limit;
	struct tayra__ceiling ceiling;   /* over it; lowers limit.rule.max */
	struct tayra__scarcity scarcity; /* of memory: BACKGROUND stays outside */
	struct tayra__limit_window last; /* the window closed last */
	double last_per_s;
	uint64_t hopeless;                                    /* shed so, until then */
	bool opened;                                          /* is there a window? */
	uint64_t moves[3];                                    /* by enum tayra__limit_move */
	struct tayra_pace_change changes[TAYRA_PACE_CHANGES]; /* the n-th at n % their number */
	uint64_t change_count;
	struct tayra__window window; /* its own rules */
};

static inline uint64_t
tayra__pace_word(const struct tayra_pace *pace)
{
	return atomic_load_explicit(&pace->word, memory_order_relaxed);
}

static inline bool
tayra__pace_window_due(const struct tayra_pace *pace, uint64_t now_ns)
{
	return now_ns >= atomic_load_explicit(&pace->next_window_ns, memory_order_relaxed);
}

/* Only a bug of the caller comes here; going on would give out slots that do not exist. */
_Noreturn void tayra__pace_bug(const char *what);

/* What can be asked for at all: class, level and cost are in range. */
bool tayra__pace_takes(const struct tayra_pace_request *request);

/* Make the ticket ours.  => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__pace_begin(struct tayra_pace *pace, const struct tayra_pace_request *request,
		      struct tayra_ticket *handle);
/* A ticket that is queued costs so much from now on and has that deadline, not before the one it
 * had.  => whether it is still queued.  Takes the lock, calls nobody. */
bool tayra__pace_revise(struct tayra_pace *pace, struct tayra_ticket *handle, uint32_t cost,
			uint64_t deadline_ns);
/* How its queue is kept.  => whether nobody is shed for having waited, now.  Takes the lock. */
bool tayra__pace_queue_rule(struct tayra_pace *pace, struct tayra__queue_rule *out);
/* Out, with the status that belongs to the reason, which is returned.  Of one that has begun and
 * is not queued.  May take the lock, calls nobody. */
int tayra__pace_turn_away(struct tayra_pace *pace, struct tayra_ticket *handle, enum tayra_shed why,
			  uint64_t now_ns);

/* Enter if there is room and nobody waits.  => TAYRA_OK: held.  TAYRA_PENDING: to be queued or
 * turned away.  TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: out.  TAYRA_E_INVAL. */
int tayra__pace_enter_now(struct tayra_pace *pace, const struct tayra_pace_request *request,
			  uint64_t now_ns, struct tayra_ticket *handle);

/* Under the lock: these are the options from now on, but for limit, sensor and clock.  The limit
 * was `before`. */
void tayra__pace_apply(struct tayra_pace *pace, const struct tayra_pace_options *options,
		       double before, uint64_t now_ns, struct tayra__list *decided);

/* Under the lock: somebody says what the limit shall be. */
void tayra__pace_lift_ceiling(struct tayra_pace *pace);

/* Close the window if it is due and nobody else is at it.  Takes the lock.  Who was decided is
 * added to `decided`, to be told. */
void tayra__pace_end_window(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided);
/* The same, and they are told. */
void tayra__pace_close_window(struct tayra_pace *pace, uint64_t now_ns);

static inline void
tayra__pace_look_at_window(struct tayra_pace *pace, uint64_t now_ns)
{
	if (tayra__pace_window_due(pace, now_ns))
		tayra__pace_close_window(pace, now_ns);
}

#endif
