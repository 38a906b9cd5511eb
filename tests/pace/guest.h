/* SPDX-License-Identifier: Apache-2.0
 *
 * guest.h: callers of a struct tayra_pace, for its tests.
 */
#ifndef TAYRA_TESTS_PACE_GUEST_H
#define TAYRA_TESTS_PACE_GUEST_H

#include <tayra/pace.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

/* One caller of enter_start: its ticket and what it was told. */
struct guest {
	struct tayra_ticket ticket;
	struct tayra_pace *pace;
	int status;
	int told;
	uint64_t leave_ns; /* leave at once when let in, at that time; 0: do not */
};

static inline void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct guest *guest = arg;
	static int depth;

	assert_int_equal(depth++, 0); /* never one inside the other */
	assert_ptr_equal(ticket, &guest->ticket);
	guest->status = status;
	guest->told++;
	if (status == TAYRA_OK && guest->leave_ns)
		tayra_pace_leave(guest->pace, ticket, TAYRA_OUTCOME_OK, guest->leave_ns);
	depth--;
}

static inline struct tayra_pace *
pace_of(const struct tayra_pace_options *options)
{
	struct tayra_pace *pace;

	assert_int_equal(tayra_pace_create(options, &pace), TAYRA_OK);
	return pace;
}

static inline struct tayra_pace *
fixed(double limit, uint32_t queue_max)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = TAYRA_LIMITER_FIXED;
	options.limit = limit;
	options.queue_max = queue_max;
	return pace_of(&options);
}

static inline int
start(struct tayra_pace *pace, struct guest *guest, enum tayra_class cls, uint64_t deadline_ns,
      uint64_t now_ns)
{
	struct tayra_pace_request request = {
		.cls = cls,
		.deadline_ns = deadline_ns,
		.decided = on_decided,
		.arg = guest,
	};

	*guest = (struct guest){ .pace = pace, .status = TAYRA_PENDING };
	return tayra_pace_enter_start(pace, &request, now_ns, &guest->ticket);
}

static inline int
try_enter(struct tayra_pace *pace, struct tayra_ticket *ticket, uint64_t deadline_ns,
	  uint64_t now_ns)
{
	struct tayra_pace_request request = { .deadline_ns = deadline_ns };

	return tayra_pace_try_enter(pace, &request, now_ns, ticket);
}

static inline struct tayra_pace_stats
stats_of(struct tayra_pace *pace)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(pace, &stats);
	return stats;
}

/* n answers of that kind and latency, one after the other, all beginning at now_ns. */
static inline void
answers(struct tayra_pace *pace, int n, enum tayra_outcome outcome, uint64_t latency_ns,
	uint64_t now_ns)
{
	struct tayra_ticket ticket = { 0 };

	for (int i = 0; i < n; i++) {
		assert_int_equal(try_enter(pace, &ticket, 0, now_ns), TAYRA_OK);
		tayra_pace_leave(pace, &ticket, outcome, now_ns + latency_ns);
	}
}

#endif
