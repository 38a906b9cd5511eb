/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/pg_cancel.h"

#include <pthread.h>
#include <time.h>

#include <libpq-fe.h>

#include <tayra/base.h>

#include "base/mem.h"
#include "load/waiter.h"

/* Of two: its thread, and who sent it. */
struct tayra__pg_errand {
	PGcancel *request; /* the thread's */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* All below: lock. */
	uint32_t refs;
	bool over, heard;
};

static void
let_go(struct tayra__pg_errand *e)
{
	bool last;

	pthread_mutex_lock(&e->lock);
	last = --e->refs == 0;
	pthread_mutex_unlock(&e->lock);
	if (!last)
		return;
	PQfreeCancel(e->request);
	pthread_cond_destroy(&e->wake);
	pthread_mutex_destroy(&e->lock);
	tayra__mem_free(e);
}

static void *
run(void *arg)
{
	struct tayra__pg_errand *e = arg;
	char error[256];
	bool heard = PQcancel(e->request, error, sizeof(error));

	pthread_mutex_lock(&e->lock);
	e->over = true;
	e->heard = heard;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
	let_go(e);
	return NULL;
}

/* => NULL: there is no memory, or no thread. */
static struct tayra__pg_errand *
begin(struct pg_conn *conn)
{
	struct tayra__pg_errand *e = tayra__mem_alloc(sizeof(*e));
	pthread_t thread;

	if (!e)
		return NULL;
	pthread_mutex_init(&e->lock, NULL);
	tayra__wake_init(&e->wake);
	e->request = PQgetCancel(conn);
	e->refs = 2;
	if (e->request && pthread_create(&thread, NULL, run, e) == 0) {
		pthread_detach(thread);
		return e;
	}
	e->refs = 1;
	let_go(e);
	return NULL;
}

/* => whether it is over by then, and *heard. */
static bool
is_over_by(struct tayra__pg_errand *e, uint64_t until_ns, bool *heard)
{
	const struct timespec until = { .tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S),
					.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S) };
	bool over;
	int code = 0;

	pthread_mutex_lock(&e->lock);
	while (!e->over && code == 0)
		code = pthread_cond_timedwait(&e->wake, &e->lock, &until);
	over = e->over;
	*heard = e->heard;
	pthread_mutex_unlock(&e->lock);
	return over;
}

bool
tayra__pg_cancel(struct tayra__pg_errand **errand, struct pg_conn *conn, uint64_t until_ns)
{
	bool heard = false;

	if (*errand && !is_over_by(*errand, 0, &heard))
		return false;
	tayra__pg_errand_forget(errand);
	*errand = begin(conn);
	if (!*errand)
		return false;
	heard = false;
	if (is_over_by(*errand, until_ns, &heard))
		tayra__pg_errand_forget(errand);
	return heard;
}

void
tayra__pg_errand_forget(struct tayra__pg_errand **errand)
{
	if (*errand)
		let_go(*errand);
	*errand = NULL;
}
