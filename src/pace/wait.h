/* SPDX-License-Identifier: Apache-2.0
 *
 * wait.h: threads that sleep until they are let in, and when others may pass them.
 */
#ifndef TAYRA_PACE_WAIT_H
#define TAYRA_PACE_WAIT_H

#include "pace/pace.h"

/* Under pace.lock, by whoever has just given a slot back: wake the next in line, if it is a thread,
 * without giving it the slot.  => false: it may not be passed (any more), dispatch instead. */
bool tayra__wait_let_pass(struct tayra_pace *pace, uint64_t now_ns);

#endif
