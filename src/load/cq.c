/* SPDX-License-Identifier: Apache-2.0
 *
 * cq.c: a list of answered waiters, an eventfd for who polls, a condition for who waits.
 *
 * The eventfd is readable while the list is not empty, and after a poke until the next drain.
 */
#include "load/cq.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/inside.h"
#include "load/lease.h"
#include "load/process.h"
#include "load/through.h"
#include "load/turn.h"
#include "load/waiter.h"

struct tayra_cq {
	uint64_t token;
	int fd;
	struct tayra__list in_handle; /* handle.lock */
	pthread_mutex_t lock;         /* the rest */
	pthread_cond_t wake;
	struct tayra *t; /* NULL: destroyed */
	struct tayra__list done;
	bool readable; /* the eventfd holds a count */
	bool poked;    /* since the last drain */
};

static void
make_readable(struct tayra_cq *cq)
{
	const uint64_t one = 1;

	if (cq->readable)
		return;
	/* Cannot block or fail: the counter is 0. */
	cq->readable = write(cq->fd, &one, sizeof(one)) == (ssize_t)sizeof(one);
}

static void
make_unreadable(struct tayra_cq *cq)
{
	uint64_t count;

	if (cq->readable)
		cq->readable = read(cq->fd, &count, sizeof(count)) != (ssize_t)sizeof(count);
}

void
tayra__cq_push(struct tayra_cq *cq, struct tayra__waiter *w)
{
	pthread_mutex_lock(&cq->lock);
	tayra__list_push_back(&cq->done, &w->in_cq);
	make_readable(cq);
	pthread_cond_broadcast(&cq->wake);
	pthread_mutex_unlock(&cq->lock);
}

void
tayra__cq_poke(struct tayra_cq *cq)
{
	pthread_mutex_lock(&cq->lock);
	cq->poked = true;
	make_readable(cq);
	pthread_cond_broadcast(&cq->wake);
	pthread_mutex_unlock(&cq->lock);
}

void
tayra__cq_nudge(struct tayra_cq *cq)
{
	pthread_mutex_lock(&cq->lock);
	cq->poked = true;
	pthread_cond_broadcast(&cq->wake);
	pthread_mutex_unlock(&cq->lock);
}

bool
tayra__cq_is_of(const struct tayra_cq *cq, const struct tayra *t)
{
	return cq->t == t;
}

void
tayra__cq_orphan(struct tayra__list *node)
{
	struct tayra_cq *cq = TAYRA__LIST_ENTRY(node, struct tayra_cq, in_handle);

	tayra__list_remove(node);
	pthread_mutex_lock(&cq->lock);
	cq->t = NULL;
	pthread_cond_broadcast(&cq->wake);
	pthread_mutex_unlock(&cq->lock);
}

int
tayra_cq_create(struct tayra *t, struct tayra_cq **out)
{
	struct tayra_cq *cq;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!t)
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	cq = tayra__mem_alloc(sizeof(*cq));
	if (!cq)
		return TAYRA_E_NOMEM;
	cq->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cq->fd < 0) {
		tayra__mem_free(cq);
		return TAYRA_E_IO;
	}
	cq->token = t->token;
	cq->t = t;
	tayra__list_init(&cq->done);
	pthread_mutex_init(&cq->lock, NULL);
	tayra__wake_init(&cq->wake);
	pthread_mutex_lock(&t->lock);
	tayra__list_push_back(&t->queues, &cq->in_handle);
	pthread_mutex_unlock(&t->lock);
	*out = cq;
	return TAYRA_OK;
}

/* The handle, kept from going until tayra__handle_leave(); NULL when it has gone. */
static struct tayra *
enter_handle(struct tayra_cq *cq)
{
	struct tayra *t;

	pthread_mutex_lock(&cq->lock);
	t = cq->t;
	if (t)
		/* Under the queue's lock: destroy takes the handle away from every queue before it
		 * looks at `calls`. */
		atomic_fetch_add_explicit(&t->calls, 1, memory_order_relaxed);
	pthread_mutex_unlock(&cq->lock);
	return t;
}

static void
leave_handle(struct tayra_cq *cq, struct tayra *t)
{
	struct tayra_load *flight;

	pthread_mutex_lock(&t->lock);
	tayra__list_remove(&cq->in_handle);
	for (struct tayra__list *node = t->flights.next; node != &t->flights; node = node->next) {
		flight = TAYRA__LIST_ENTRY(node, struct tayra_load, in_flights);
		if (flight->cq != cq)
			continue;
		flight->cq = NULL;
		tayra__turn_left(flight);
	}
	tayra__handle_leave(t);
	tayra__turn_unlock(t);
}

/* No lock held. */
static void
free_waiter(struct tayra *t, struct tayra__waiter *w)
{
	if (w->written)
		tayra__through_taken(t, w);
	tayra__mem_free(w->written);
	tayra__mem_free(w);
}

static void
discard(struct tayra *t, struct tayra__list *done)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(done))) {
		struct tayra__waiter *w = TAYRA__LIST_ENTRY(node, struct tayra__waiter, in_cq);

		tayra_release(&w->ref);
		free_waiter(t, w);
	}
}

void
tayra_cq_destroy(struct tayra_cq *cq)
{
	struct tayra *t;

	if (!cq)
		return;
	if (cq->token == tayra__process_token()) {
		t = enter_handle(cq);
		discard(t, &cq->done);
		if (t)
			leave_handle(cq, t);
		pthread_mutex_destroy(&cq->lock);
		pthread_cond_destroy(&cq->wake);
	}
	close(cq->fd);
	tayra__mem_free(cq);
}

int
tayra_cq_fd(struct tayra_cq *cq)
{
	return cq->fd;
}

/* What other nodes load, where nobody else sees to it.  Lock held, let go of meanwhile. */
static void
look_again(struct tayra *t)
{
	if (tayra__lease_next_ns(t) > tayra__handle_now_ns(t))
		return;
	tayra__lease_due(t, tayra__handle_now_ns(t), 0);
	tayra__turn_unlock(t);
	pthread_mutex_lock(&t->lock);
}

/* End what is due and run what is ready, on this thread.  More may be left. */
static void
work(struct tayra_cq *cq, struct tayra *t)
{
	pthread_mutex_lock(&cq->lock);
	/* Inside a loader nothing is run: whoever polls has yet to be told. */
	cq->poked &= tayra__inside_is(t, TAYRA__INSIDE_LOADER);
	make_unreadable(cq);
	pthread_mutex_unlock(&cq->lock);

	pthread_mutex_lock(&t->lock);
	tayra__waiters_due(t, tayra__handle_now_ns(t), 0);
	look_again(t);
	tayra__turn_run_ready(t, 0);
	tayra__turn_unlock(t);
}

/* t: NULL once it is destroyed. */
static size_t
take(struct tayra_cq *cq, struct tayra *t, struct tayra_completion *out, size_t max)
{
	size_t n = 0;
	struct tayra__list *node, taken;

	tayra__list_init(&taken);
	pthread_mutex_lock(&cq->lock);
	make_unreadable(cq);
	for (; n < max && (node = tayra__list_pop_front(&cq->done)); n++)
		tayra__list_push_back(&taken, node);
	if (cq->poked || !tayra__list_empty(&cq->done))
		make_readable(cq);
	pthread_mutex_unlock(&cq->lock);
	for (size_t i = 0; (node = tayra__list_pop_front(&taken)); i++) {
		struct tayra__waiter *w = TAYRA__LIST_ENTRY(node, struct tayra__waiter, in_cq);

		if (w->written)
			tayra_release(&w->ref); /* it has none to give */
		out[i] = (struct tayra_completion){ w->cookie, w->status, w->ref };
		free_waiter(t, w);
	}
	return n;
}

static uint64_t
until_next_timer(const struct tayra *t)
{
	uint64_t next_ns = tayra__waiters_next_ns(t);
	uint64_t look_ns = tayra__lease_next_ns(t);
	uint64_t now_ns = tayra__handle_now_ns(t);

	next_ns = look_ns < next_ns ? look_ns : next_ns;

	if (next_ns == UINT64_MAX)
		return UINT64_MAX;
	/* Due since the last look: a moment, not none, for none would end the wait. */
	return next_ns > now_ns ? next_ns - now_ns : 1;
}

/* Also says how long there will be nothing to do, as far as is known; 0: do not wait at all. */
static size_t
drain(struct tayra_cq *cq, struct tayra_completion *out, size_t max, uint64_t *sleep_ns)
{
	struct tayra *t = enter_handle(cq);
	size_t n;

	*sleep_ns = 0;
	if (!t)
		return take(cq, NULL, out, max);
	work(cq, t);
	n = take(cq, t, out, max);
	pthread_mutex_lock(&t->lock);
	if (!tayra__inside_is(t, TAYRA__INSIDE_LOADER))
		*sleep_ns = until_next_timer(t);
	tayra__handle_leave(t);
	tayra__turn_unlock(t);
	return n;
}

size_t
tayra_cq_drain(struct tayra_cq *cq, struct tayra_completion *out, size_t max)
{
	uint64_t ignored;

	if (cq->token != tayra__process_token())
		return 0;
	return drain(cq, out, max, &ignored);
}

/* Until something may be there to drain, or that moment of the real clock. */
static void
sleep_until(struct tayra_cq *cq, uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S),
		.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S),
	};

	pthread_mutex_lock(&cq->lock);
	if (tayra__list_empty(&cq->done) && !cq->poked && cq->t)
		pthread_cond_timedwait(&cq->wake, &cq->lock, &until);
	pthread_mutex_unlock(&cq->lock);
}

/* A condition cannot be given the end of time; whoever sleeps this long looks again. */
#define SLEEP_MAX_NS (3600 * TAYRA_NS_PER_S)

size_t
tayra_cq_wait(struct tayra_cq *cq, struct tayra_completion *out, size_t max, uint64_t timeout_ns)
{
	const struct tayra_clock *real = tayra_clock_real();
	uint64_t end_ns = tayra__add_sat(tayra__clock_mono_ns(real), timeout_ns);

	if (cq->token != tayra__process_token())
		return 0;
	for (;;) {
		uint64_t sleep_ns, now_ns;
		size_t n = drain(cq, out, max, &sleep_ns);

		now_ns = tayra__clock_mono_ns(real);
		if (n || max == 0 || sleep_ns == 0 || now_ns >= end_ns)
			return n;
		if (sleep_ns > end_ns - now_ns)
			sleep_ns = end_ns - now_ns;
		if (sleep_ns > SLEEP_MAX_NS)
			sleep_ns = SLEEP_MAX_NS;
		sleep_until(cq, now_ns + sleep_ns);
	}
}
