/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/tally.h"

static uint64_t
since(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? to_ns - from_ns : 0;
}

static uint64_t
unanswered_ns(const struct tayra__call *call, uint64_t now_ns, uint64_t slice_end_ns)
{
	uint64_t until = call->deadline_ns == UINT64_MAX ? slice_end_ns : call->deadline_ns;

	return since(call->due_ns, until > now_ns ? until : now_ns);
}

void
tayra__tally_init(struct tayra__drive_result *result)
{
	tayra__hist_init(&result->lag);
	result->offered = result->ok = result->late = result->shed = 0;
	result->errors = result->abandoned = 0;
	result->length_ns = result->cpu_ns = 0;
	result->realtime = false;
}

void
tayra__tally_ended(struct tayra__drive_result *result, const struct tayra__call *call,
		   enum tayra__call_end end, uint64_t answer_ns, uint64_t slice_end_ns)
{
	uint64_t latency = since(call->due_ns, answer_ns);

	result->offered++;
	if (end == TAYRA__CALL_OK) {
		if (answer_ns > call->deadline_ns)
			result->late++;
		else
			result->ok++;
	} else {
		latency = unanswered_ns(call, answer_ns, slice_end_ns);
		if (end == TAYRA__CALL_SHED)
			result->shed++;
		else
			result->errors++;
	}
	tayra__hist_add(&result->latency, latency);
}

void
tayra__tally_abandoned(struct tayra__drive_result *result, const struct tayra__call *call,
		       uint64_t now_ns, uint64_t slice_end_ns)
{
	result->offered++;
	result->abandoned++;
	tayra__hist_add(&result->latency, unanswered_ns(call, now_ns, slice_end_ns));
}
