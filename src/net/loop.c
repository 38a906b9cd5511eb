/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX 256 /* a round */

struct tayra__loop {
	int epoll;
	struct tayra__watch timer, wake;
	const struct tayra_clock *clock;
	uint64_t now_ns;
	struct tayra__list later;
	void (*tick)(void *arg);
	void *tick_arg;
	bool stopped;
	int found; /* of events, in this round */
	struct epoll_event events[EVENTS_MAX];
};

static uint32_t
to_epoll(uint32_t events)
{
	return (events & TAYRA__LOOP_READ ? (uint32_t)EPOLLIN : 0) |
	       (events & TAYRA__LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static uint32_t
from_epoll(uint32_t events)
{
	uint32_t out = 0;

	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		out |= TAYRA__LOOP_READ;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		out |= TAYRA__LOOP_WRITE;
	return out;
}

static int
control(struct tayra__loop *loop, int op, struct tayra__watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = to_epoll(events), .data.ptr = watch };

	if (epoll_ctl(loop->epoll, op, watch->fd, &event) != 0)
		return TAYRA_E_IO;
	watch->events = events;
	return TAYRA_OK;
}

int
tayra__loop_add(struct tayra__loop *loop, struct tayra__watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int
tayra__loop_change(struct tayra__loop *loop, struct tayra__watch *watch, uint32_t events)
{
	if (watch->events == events)
		return TAYRA_OK;
	return control(loop, EPOLL_CTL_MOD, watch, events);
}

void
tayra__loop_remove(struct tayra__loop *loop, struct tayra__watch *watch)
{
	struct epoll_event unused = { 0 };

	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, &unused);
	for (int i = 0; i < loop->found; i++)
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
}

void
tayra__later_init(struct tayra__later *later, void (*run)(struct tayra__later *later))
{
	tayra__list_init(&later->node);
	later->run = run;
}

void
tayra__loop_later(struct tayra__loop *loop, struct tayra__later *later)
{
	if (tayra__list_empty(&later->node))
		tayra__list_push_back(&loop->later, &later->node);
}

void
tayra__later_cancel(struct tayra__later *later)
{
	tayra__list_remove(&later->node);
}

static struct tayra__loop *
loop_of_timer(struct tayra__watch *watch)
{
	return (struct tayra__loop *)(void *)((char *)watch - offsetof(struct tayra__loop, timer));
}

static struct tayra__loop *
loop_of_wake(struct tayra__watch *watch)
{
	return (struct tayra__loop *)(void *)((char *)watch - offsetof(struct tayra__loop, wake));
}

static void
on_timer(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__loop *loop = loop_of_timer(watch);
	uint64_t expirations;

	(void)events;
	if (read(watch->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations))
		loop->tick(loop->tick_arg);
}

static void
on_wake(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__loop *loop = loop_of_wake(watch);
	uint64_t count;

	(void)events;
	if (read(watch->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		loop->stopped = true;
}

int
tayra__loop_tick(struct tayra__loop *loop, uint64_t period_ns, void (*tick)(void *arg), void *arg)
{
	const struct timespec period = { .tv_sec = (time_t)(period_ns / TAYRA_NS_PER_S),
					 .tv_nsec = (long)(period_ns % TAYRA_NS_PER_S) };
	const struct itimerspec spec = { period, period };

	loop->tick = tick;
	loop->tick_arg = arg;
	return timerfd_settime(loop->timer.fd, 0, &spec, NULL) == 0 ? TAYRA_OK : TAYRA_E_IO;
}

int
tayra__loop_create(const struct tayra_clock *clock, struct tayra__loop **out)
{
	struct tayra__loop *loop = tayra__mem_alloc(sizeof(*loop));

	*out = NULL;
	if (!loop)
		return TAYRA_E_NOMEM;
	loop->clock = clock;
	loop->now_ns = tayra__clock_mono_ns(clock);
	tayra__list_init(&loop->later);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->timer = (struct tayra__watch){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
		.ready = on_timer,
	};
	loop->wake = (struct tayra__watch){
		.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.ready = on_wake,
	};
	if (loop->epoll < 0 || loop->timer.fd < 0 || loop->wake.fd < 0 ||
	    tayra__loop_add(loop, &loop->timer, TAYRA__LOOP_READ) ||
	    tayra__loop_add(loop, &loop->wake, TAYRA__LOOP_READ)) {
		tayra__loop_destroy(loop);
		return TAYRA_E_IO;
	}
	*out = loop;
	return TAYRA_OK;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
tayra__loop_destroy(struct tayra__loop *loop)
{
	if (!loop)
		return;
	close_if_open(loop->wake.fd);
	close_if_open(loop->timer.fd);
	close_if_open(loop->epoll);
	tayra__mem_free(loop);
}

uint64_t
tayra__loop_now_ns(const struct tayra__loop *loop)
{
	return loop->now_ns;
}

/* Those queued when the round began; what they queue is for the next. */
static void
run_later(struct tayra__loop *loop)
{
	struct tayra__list due;
	struct tayra__list *node;

	if (tayra__list_empty(&loop->later))
		return;
	due = loop->later;
	due.next->prev = due.prev->next = &due;
	tayra__list_init(&loop->later);
	while ((node = tayra__list_pop_front(&due))) {
		struct tayra__later *later = TAYRA__LIST_ENTRY(node, struct tayra__later, node);

		later->run(later);
	}
}

static void
dispatch(struct tayra__loop *loop)
{
	for (int i = 0; i < loop->found; i++) {
		struct tayra__watch *watch = loop->events[i].data.ptr;

		if (watch)
			watch->ready(watch, from_epoll(loop->events[i].events));
	}
	loop->found = 0;
}

int
tayra__loop_run(struct tayra__loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		int timeout = tayra__list_empty(&loop->later) ? -1 : 0;
		int found = epoll_wait(loop->epoll, loop->events, EVENTS_MAX, timeout);

		if (found < 0 && errno != EINTR)
			return TAYRA_E_IO;
		loop->found = found > 0 ? found : 0;
		loop->now_ns = tayra__clock_mono_ns(loop->clock);
		dispatch(loop);
		run_later(loop);
	}
	return TAYRA_OK;
}

void
tayra__loop_stop(struct tayra__loop *loop)
{
	const uint64_t one = 1;

	/* Fails only when the counter is at its highest: then it is readable already. */
	if (write(loop->wake.fd, &one, sizeof(one)) < 0)
		return;
}
