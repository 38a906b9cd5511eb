/* SPDX-License-Identifier: Apache-2.0
 *
 * loop.h: waits on file descriptors and calls who watches them: epoll, one timer, and a list of
 * what is to go on without waiting.  One thread runs it and makes every call, but stop.
 * Why not libuv: docs/adr/0001-epoll.md.
 */
#ifndef TAYRA_NET_LOOP_H
#define TAYRA_NET_LOOP_H

#include "base/list.h"

#include <tayra/base.h>

#include <stdbool.h>
#include <stdint.h>

struct tayra__loop;

#define TAYRA__LOOP_READ  1u /* something to read, or the end, or an error to be met by reading */
#define TAYRA__LOOP_WRITE 2u

/* In the owner's memory; fd is the owner's.  Level-triggered. */
struct tayra__watch {
	int fd;
	uint32_t events; /* TAYRA__LOOP_*: what is asked for; set by add and change */
	void (*ready)(struct tayra__watch *watch, uint32_t events);
};

/* Something to be called once in the next round, which then does not wait.  In the owner's memory,
 * initialised by tayra__later_init(). */
struct tayra__later {
	struct tayra__list node;
	void (*run)(struct tayra__later *later);
};

/* => TAYRA_E_NOMEM, TAYRA_E_IO.  The clock is borrowed. */
int tayra__loop_create(const struct tayra_clock *clock, struct tayra__loop **out);
/* What is still watched is forgotten. */
void tayra__loop_destroy(struct tayra__loop *loop);

/* => TAYRA_E_IO (errno). */
int tayra__loop_add(struct tayra__loop *loop, struct tayra__watch *watch, uint32_t events);
int tayra__loop_change(struct tayra__loop *loop, struct tayra__watch *watch, uint32_t events);
/* Afterwards `ready` is not called any more, not even for what this round has found already. */
void tayra__loop_remove(struct tayra__loop *loop, struct tayra__watch *watch);

void tayra__later_init(struct tayra__later *later, void (*run)(struct tayra__later *later));
/* Queued already: does nothing. */
void tayra__loop_later(struct tayra__loop *loop, struct tayra__later *later);
void tayra__later_cancel(struct tayra__later *later);

/* Call `tick` every period_ns from now on, late rather than twice.  Once a loop.  => TAYRA_E_IO. */
int tayra__loop_tick(struct tayra__loop *loop, uint64_t period_ns, void (*tick)(void *arg),
		     void *arg);

/* The clock as read when this round woke up. */
uint64_t tayra__loop_now_ns(const struct tayra__loop *loop);

/* Until stop.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__loop_run(struct tayra__loop *loop);
/* Make run return, after what it is doing, or at once when it is called next.  Any thread. */
void tayra__loop_stop(struct tayra__loop *loop);

#endif
