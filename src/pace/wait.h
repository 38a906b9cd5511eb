/* SPDX-License-Identifier: Apache-2.0
 *
 * wait.h: threads that sleep until they are let in, and when others may pass them.
 */
#ifndef TAYRA_PACE_WAIT_H
#define TAYRA_PACE_WAIT_H

#include "pace/pace.h"

struct tayra__ticket;

/* No lock held: the ticket of a thread that sleeps is decided.  From then on it is gone. */
void tayra__wait_end(struct tayra__ticket *ticket);
/* Under pace.lock, by whoever has just given a slot back: let others pass the next in line, if it
 * is a thread.  Who is to be woken without the slot, once the lock was given back, is *sleeper,
 * else untouched.  => false: it may not be passed (any more), dispatch instead. */
bool tayra__wait_let_pass(struct tayra_pace *pace, uint64_t now_ns, _Atomic uint32_t **sleeper);
/* Whoever sleeps there; nobody may be there any more. */
void tayra__wait_wake(_Atomic uint32_t *word);

#endif
