/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/pass.h"

#include "pace/pace.h"
#include "pace/ticket.h"

int
tayra__pass_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		  uint64_t now_ns, struct tayra__pass *pass, uint64_t *retry_after_ns)
{
	struct tayra_ticket handle = { 0 };
	const struct tayra__ticket *ticket = tayra__ticket_of(&handle);
	int status = tayra__pace_enter_now(pace, request, now_ns, &handle);

	*retry_after_ns = handle.retry_after_ns;
	if (status == TAYRA_OK)
		*pass = (struct tayra__pass){
			.held_ns = ticket->held_ns,
			.epoch = ticket->epoch,
			.cost = ticket->entry.cost,
			.cls = (uint8_t)ticket->entry.cls,
			.teaches = ticket->teaches,
		};
	return status;
}

void
tayra__pass_leave(struct tayra_pace *pace, const struct tayra__pass *pass,
		  enum tayra_outcome outcome, uint64_t now_ns)
{
	struct tayra_ticket handle = { 0 };
	struct tayra__ticket *ticket = tayra__ticket_of(&handle);

	ticket->pace = pace;
	ticket->held_ns = pass->held_ns;
	ticket->epoch = pass->epoch;
	ticket->entry.cost = pass->cost;
	ticket->entry.cls = (enum tayra_class)pass->cls;
	ticket->teaches = pass->teaches;
	tayra__ticket_set_state(ticket, TAYRA__TICKET_HELD);
	tayra_pace_leave(pace, &handle, outcome, now_ns);
}
