/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/tally.h"

#include <string.h>

#include "drive/live.h"

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
tayra__tally_init(struct tayra__drive_result *result, struct tayra__live *live)
{
	tayra__hist_init(&result->lag);
	tayra__hist_init(&result->service);
	memset(result->moment, 0, sizeof(result->moment));
	result->start_ns = result->moment_ns = 0;
	result->offered = result->ok = result->late = result->shed = 0;
	result->errors = result->abandoned = 0;
	result->length_ns = result->cpu_ns = 0;
	result->realtime = false;
	result->live = live;
}

void
tayra__tally_begin(struct tayra__drive_result *result, uint64_t start_ns, uint64_t length_ns)
{
	result->start_ns = start_ns;
	result->moment_ns = length_ns / TAYRA__DRIVE_MOMENTS;
}

void
tayra__tally_lag(struct tayra__drive_result *result, uint64_t lag_ns)
{
	tayra__hist_add(&result->lag, lag_ns);
	if (result->live)
		tayra__hist_live_add(&result->live->lag, lag_ns);
}

static uint64_t *
counter(struct tayra__drive_result *result, enum tayra__live_end end)
{
	switch (end) {
	case TAYRA__LIVE_OK: return &result->ok;
	case TAYRA__LIVE_LATE: return &result->late;
	case TAYRA__LIVE_SHED: return &result->shed;
	case TAYRA__LIVE_ERROR: return &result->errors;
	case TAYRA__LIVE_ABANDONED:
	case TAYRA__LIVE_ENDS:
	default: return &result->abandoned;
	}
}

/* Into the counters, the histogram and the moment it was due in. */
static void
book(struct tayra__drive_result *result, const struct tayra__call *call, uint64_t latency_ns,
     enum tayra__live_end end)
{
	uint64_t at = since(result->start_ns, call->due_ns);
	struct tayra__drive_moment *moment;

	at = result->moment_ns ? at / result->moment_ns : 0;
	if (at >= TAYRA__DRIVE_MOMENTS)
		at = TAYRA__DRIVE_MOMENTS - 1;
	moment = &result->moment[at];
	result->offered++;
	++*counter(result, end);
	moment->requests++;
	moment->bad += end == TAYRA__LIVE_OK ? 0 : 1;
	moment->sum_ns += (double)latency_ns;
	if (latency_ns > moment->max_ns)
		moment->max_ns = latency_ns;
	tayra__hist_add(&result->latency, latency_ns);
	if (!result->live)
		return;
	tayra__live_ended(result->live, end, 1);
	tayra__hist_live_add(&result->live->latency, latency_ns);
}

uint64_t
tayra__tally_ended(struct tayra__drive_result *result, const struct tayra__call *call,
		   enum tayra__call_end end, uint64_t answer_ns, uint64_t slice_end_ns)
{
	uint64_t latency = since(call->due_ns, answer_ns);
	enum tayra__live_end booked;

	if (end == TAYRA__CALL_OK) {
		tayra__hist_add(&result->service, since(call->begun_ns, answer_ns));
		booked = answer_ns > call->deadline_ns ? TAYRA__LIVE_LATE : TAYRA__LIVE_OK;
	} else {
		latency = unanswered_ns(call, answer_ns, slice_end_ns);
		booked = end == TAYRA__CALL_SHED ? TAYRA__LIVE_SHED : TAYRA__LIVE_ERROR;
	}
	book(result, call, latency, booked);
	return latency;
}

uint64_t
tayra__tally_abandoned(struct tayra__drive_result *result, const struct tayra__call *call,
		       uint64_t now_ns, uint64_t slice_end_ns)
{
	uint64_t latency = unanswered_ns(call, now_ns, slice_end_ns);

	book(result, call, latency, TAYRA__LIVE_ABANDONED);
	return latency;
}
