/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire_run.h"

#include "base/clock.h"
#include "drive/tally.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define EVENTS         128
#define OPENING_MAX    128 /* a listening socket's queue holds about as many */
#define BACKOFF_MIN_NS (10 * TAYRA_NS_PER_MS)
#define BACKOFF_MAX_NS TAYRA_NS_PER_S
#define GRACE_NS       (20 * TAYRA_NS_PER_MS) /* for what times out at the end of a wait */

static struct tayra__link *
link_of(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct tayra__link, place);
}

static void
move(struct tayra__link *link, struct tayra__list *to)
{
	tayra__list_remove(&link->place);
	tayra__list_push_back(to, &link->place);
}

/* What a link was counted as before something happened to it. */
struct before {
	enum tayra__link_state state;
	bool asked;
};

static struct before
before_now(const struct tayra__link *link)
{
	return (struct before){ link->state, link->asked };
}

/* Bring the lists and counts in line with a link. */
static void
settle(struct tayra__wire *wire, struct tayra__link *link, struct before before)
{
	bool was_up = before.state == TAYRA__LINK_IDLE || before.state == TAYRA__LINK_BUSY;
	bool is_up = link->state == TAYRA__LINK_IDLE || link->state == TAYRA__LINK_BUSY;
	bool was_opening = before.state != TAYRA__LINK_DOWN && !was_up;
	bool is_opening = link->state != TAYRA__LINK_DOWN && !is_up;

	wire->up += (uint32_t)is_up - (uint32_t)was_up;
	wire->opening += (uint32_t)is_opening - (uint32_t)was_opening;
	wire->busy += (uint32_t)link->asked - (uint32_t)before.asked;
	if (link->state == TAYRA__LINK_DOWN)
		move(link, &wire->down);
	else if (link->state == TAYRA__LINK_IDLE)
		move(link, &wire->idle);
	else if (before.state == TAYRA__LINK_DOWN || before.state == TAYRA__LINK_IDLE)
		move(link, &wire->waiting); /* else it waits since when it began to */
}

/* The first failure after something good costs no wait, each further one twice the last. */
static void
back_off(struct tayra__wire *wire, uint64_t now)
{
	if (now < wire->retry_ns)
		return;
	wire->retry_ns = now + wire->backoff_ns;
	wire->backoff_ns = wire->backoff_ns ? wire->backoff_ns * 2 : BACKOFF_MIN_NS;
	if (wire->backoff_ns > BACKOFF_MAX_NS)
		wire->backoff_ns = BACKOFF_MAX_NS;
}

static void
be_hopeful(struct tayra__wire *wire)
{
	wire->backoff_ns = wire->retry_ns = 0;
}

void
tayra__wire_begin(struct tayra__wire *wire, uint64_t seed)
{
	wire->seed.random = seed;
	if (wire->scenario)
		tayra__kinds_begin(&wire->kinds);
}

void
tayra__wire_end(struct tayra__wire *wire, const struct tayra__drive_result *result,
		uint64_t requests)
{
	wire->seed.row += requests;
	wire->kinds.length_ns += result->length_ns;
}

void
tayra__wire_draw(const struct tayra__wire *wire, struct tayra__call *call)
{
	struct tayra__scenario_draw draw;

	if (!wire->scenario)
		return;
	draw = tayra__scenario_draw(wire->scenario, &wire->seed, call->number);
	call->kind = draw.kind;
	call->row = draw.row;
}

static void
book(struct tayra__wire *wire, struct tayra__wire_work *work, const struct tayra__call *call,
     enum tayra__call_end end, uint64_t now)
{
	uint64_t ok = work->result->ok;
	uint64_t latency = tayra__tally_ended(work->result, call, end, now, work->end_ns);

	if (wire->scenario)
		tayra__kinds_add(&wire->kinds, call, latency, work->result->ok > ok);
	if (work->ended)
		work->ended(work, call, now);
}

void
tayra__wire_abandon_call(struct tayra__wire *wire, struct tayra__wire_work *work,
			 const struct tayra__call *call, uint64_t now)
{
	uint64_t latency = tayra__tally_abandoned(work->result, call, now, work->end_ns);

	if (wire->scenario)
		tayra__kinds_add(&wire->kinds, call, latency, false);
}

void
tayra__wire_fail(struct tayra__wire *wire, struct tayra__wire_work *work,
		 const struct tayra__call *call, enum tayra__wire_error error, uint64_t now)
{
	if (!wire->errors.first[0])
		memcpy(wire->errors.first, wire->shared.why, sizeof(wire->errors.first));
	wire->errors.count[error]++;
	book(wire, work, call, TAYRA__CALL_ERROR, now);
}

/* A link went down that should not have. */
static void
lose(struct tayra__wire *wire, struct tayra__wire_work *work, struct tayra__link *link,
     struct before before, uint64_t now)
{
	settle(wire, link, before);
	if (before.state != TAYRA__LINK_BUSY)
		wire->refused = true;
	if (before.asked) {
		tayra__wire_fail(wire, work, &link->call, wire->shared.error, now);
		if (wire->shared.error != TAYRA__WIRE_TIMEOUT)
			back_off(wire, now);
		return;
	}
	back_off(wire, now);
	work->refused(work, now);
}

uint64_t
tayra__wire_start(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t now)
{
	struct tayra__call call;

	while (!tayra__list_empty(&wire->idle) && work->take(work, now, &call)) {
		struct tayra__link *link = link_of(wire->idle.next);
		struct before before = before_now(link);

		link->call = call;
		link->call.begun_ns = now;
		link->until_ns = now + wire->timeout_ns;
		if (tayra__link_ask(&wire->shared, link)) {
			settle(wire, link, before);
			now = tayra__clock_real_ns();
			continue;
		}
		now = tayra__clock_real_ns();
		wire->busy++;
		before = (struct before){ TAYRA__LINK_BUSY, true };
		lose(wire, work, link, before, now);
	}
	return now;
}

/* Open what is closed, unless it is too early for that. */
static void
mend(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t now)
{
	while (wire->up + wire->opening < wire->wanted && wire->opening < OPENING_MAX &&
	       now >= wire->retry_ns && !tayra__list_empty(&wire->down)) {
		struct tayra__link *link = link_of(wire->down.next);
		struct before before = before_now(link);

		if (!tayra__link_connect(&wire->shared, link)) {
			wire->refused = true;
			back_off(wire, now);
			work->refused(work, now);
			return;
		}
		link->until_ns = now + wire->timeout_ns;
		settle(wire, link, before);
	}
}

static void
react(struct tayra__wire *wire, struct tayra__wire_work *work, struct tayra__link *link,
      uint32_t events, uint64_t now)
{
	struct before before = before_now(link);

	switch (tayra__link_react(&wire->shared, link, events)) {
	case TAYRA__LINK_NOTHING: return;
	case TAYRA__LINK_UP:
		wire->refused = false;
		settle(wire, link, before);
		break;
	case TAYRA__LINK_BAD:
		settle(wire, link, before);
		be_hopeful(wire);
		if (!wire->any_status) {
			tayra__wire_fail(wire, work, &link->call, TAYRA__WIRE_STATUS, now);
			break;
		}
		book(wire, work, &link->call, TAYRA__CALL_OK, now);
		break;
	case TAYRA__LINK_GOOD:
		settle(wire, link, before);
		be_hopeful(wire);
		book(wire, work, &link->call, TAYRA__CALL_OK, now);
		break;
	case TAYRA__LINK_LEFT:
	case TAYRA__LINK_AGAIN: settle(wire, link, before); return;
	case TAYRA__LINK_FAILED: lose(wire, work, link, before, now); return;
	}
	tayra__wire_start(wire, work, now);
}

/* Those that have waited for too long. */
static void
expire(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t now)
{
	while (!tayra__list_empty(&wire->waiting)) {
		struct tayra__link *link = link_of(wire->waiting.next);
		struct before before = before_now(link);

		if (link->until_ns > now)
			return;
		snprintf(wire->shared.why, sizeof(wire->shared.why), "no %s within %g s",
			 before.asked ? "answer" : "connection",
			 (double)wire->timeout_ns / (double)TAYRA_NS_PER_S);
		wire->shared.error = before.asked ? TAYRA__WIRE_TIMEOUT : TAYRA__WIRE_CONNECT;
		tayra__link_drop(link);
		lose(wire, work, link, before, now);
	}
}

/* The timer is exact to the microsecond and costs a call; the wait's own end is whole ms. */
static void
arm(struct tayra__wire *wire, uint64_t wake_ns)
{
	struct itimerspec at = { .it_value = { .tv_sec = (time_t)(wake_ns / TAYRA_NS_PER_S),
					       .tv_nsec = (long)(wake_ns % TAYRA_NS_PER_S) } };

	if (wake_ns == wire->armed_ns)
		return;
	if (wake_ns == UINT64_MAX)
		memset(&at, 0, sizeof(at));
	timerfd_settime(wire->timer, TFD_TIMER_ABSTIME, &at, NULL);
	wire->armed_ns = wake_ns;
}

static int
nap_ms(const struct tayra__wire *wire, uint64_t now, uint64_t until)
{
	uint64_t nap_end = tayra__clock_nap_end_ns(now, until);

	if (!tayra__list_empty(&wire->waiting)) {
		const struct tayra__link *first = link_of(wire->waiting.next);

		if (first->until_ns < nap_end)
			nap_end = first->until_ns;
	}
	if (wire->up + wire->opening < wire->wanted && wire->retry_ns < nap_end)
		nap_end = wire->opening < OPENING_MAX ? wire->retry_ns : nap_end;
	if (nap_end <= now)
		return 0;
	return (int)((nap_end - now + TAYRA_NS_PER_MS - 1) / TAYRA_NS_PER_MS);
}

uint64_t
tayra__wire_turn(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t wake_ns,
		 uint64_t until_ns)
{
	uint64_t now = tayra__clock_real_ns();
	uint64_t rise_ns = wire->spin_ns == UINT64_MAX ? 0
			   : wake_ns == UINT64_MAX     ? wake_ns
						       : wake_ns - wire->spin_ns;
	struct epoll_event events[EVENTS];
	int n;

	mend(wire, work, now);
	if (now < rise_ns)
		arm(wire, rise_ns);
	n = epoll_wait(wire->shared.epoll, events, EVENTS,
		       now < rise_ns ? nap_ms(wire, now, until_ns) : 0);
	now = tayra__clock_real_ns();
	work->tick(work, now);
	for (int i = 0; i < n; i++) {
		if (!events[i].data.ptr) { /* the timer, which is armed anew or shut off */
			wire->armed_ns = 0;
			continue;
		}
		now = tayra__clock_real_ns();
		react(wire, work, events[i].data.ptr, events[i].events, now);
		work->tick(work, now);
	}
	now = tayra__clock_real_ns();
	expire(wire, work, now);
	return now;
}

static bool
take_nothing(struct tayra__wire_work *work, uint64_t now, struct tayra__call *call)
{
	return false;
}

static void
ignore(struct tayra__wire_work *work, uint64_t now)
{
}

void
tayra__wire_ready(struct tayra__wire *wire, uint32_t count, const _Atomic bool *stop)
{
	struct tayra__wire_work none = { .take = take_nothing, .tick = ignore, .refused = ignore };
	uint64_t now = tayra__clock_real_ns();
	uint64_t until = now + wire->timeout_ns + GRACE_NS;

	wire->wanted = count;
	memset(&wire->errors, 0, sizeof(wire->errors));
	wire->refused = false;
	be_hopeful(wire);
	/* At least once: who left since the last slice is noticed. */
	do
		now = tayra__wire_turn(wire, &none, UINT64_MAX,
				       wire->up < wire->wanted ? until : 0);
	while (wire->up < wire->wanted && !wire->refused && now < until &&
	       !(stop && atomic_load_explicit(stop, memory_order_relaxed)));
}

void
tayra__wire_abandon(struct tayra__wire *wire, struct tayra__wire_work *work, uint64_t now)
{
	while (!tayra__list_empty(&wire->waiting)) {
		struct tayra__link *link = link_of(wire->waiting.next);
		struct before before = before_now(link);

		if (before.asked)
			tayra__wire_abandon_call(wire, work, &link->call, now);
		tayra__link_drop(link);
		settle(wire, link, before);
	}
}
