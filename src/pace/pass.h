/* SPDX-License-Identifier: Apache-2.0
 *
 * pass.h: a place in pace that was had at once, in an eighth of a ticket: who is never queued needs
 * nothing that a queue needs.  For those of whom there are many.
 */
#ifndef TAYRA_PACE_PASS_H
#define TAYRA_PACE_PASS_H

#include <tayra/pace.h>

#include <stdbool.h>
#include <stdint.h>

struct tayra__pass {
	uint64_t held_ns;
	uint32_t epoch;
	uint16_t cost;
	uint8_t cls;
	bool teaches;
};

/*
 * Enter if there is room and nobody waits; request->decided is nobody's.
 * => TAYRA_OK: *pass is to be left with.  TAYRA_PENDING: it would have to be queued, and nothing
 * was counted.  TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: turned away, *retry_after_ns as in a ticket.
 *    TAYRA_E_INVAL.
 */
int tayra__pass_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		      uint64_t now_ns, struct tayra__pass *pass, uint64_t *retry_after_ns);
/* Once. */
void tayra__pass_leave(struct tayra_pace *pace, const struct tayra__pass *pass,
		       enum tayra_outcome outcome, uint64_t now_ns);

#endif
