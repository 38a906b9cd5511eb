/* SPDX-License-Identifier: Apache-2.0
 *
 * batch.c: a blocking C function that gets many keys at once, as an origin.  A thread that finds
 * one load waits for company until the window is over or a batch is full, and takes what is there;
 * while all threads are busy, loads collect by themselves.  No load is finished with the lock held.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/option.h"
#include "load/origin.h"
#include "origin/settings.h"
#include "origin/worker.h"

#define DEFAULT_KEYS      64u
#define KEYS_MAX          1024u
#define DEFAULT_WINDOW_NS (TAYRA_NS_PER_MS / 2)
#define WINDOW_MAX_NS     (10 * TAYRA_NS_PER_S)

struct waiting {
	struct tayra_load *load;
	uint64_t until_ns; /* on the real clock: it waits no longer for company */
};

struct batch {
	struct tayra_origin origin; /* first: the caller's pointer */
	tayra_fetch_many_fn fetch;
	void *arg;
	uint32_t keys_max;
	uint64_t window_ns;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct waiting queue[TAYRA__WORKERS_QUEUE];
	uint32_t first, count;
	bool stop;
	uint32_t threads; /* that run */
	struct thread {
		struct batch *batch;
		pthread_t thread;
		struct tayra_load **loads; /* keys_max, as the next two */
		struct tayra_fetch *fetches;
		struct tayra__inside *frames;
	} thread[];
};

/* Until a batch is full, the first one's window is over, or another thread took it.  Lock held. */
static void
wait_for_company(struct batch *b)
{
	int code = 0;

	while (b->count > 0 && b->count < b->keys_max && !b->stop && code == 0) {
		uint64_t until_ns = b->queue[b->first].until_ns;
		const struct timespec until = { .tv_sec = (time_t)(until_ns / TAYRA_NS_PER_S),
						.tv_nsec = (long)(until_ns % TAYRA_NS_PER_S) };

		code = pthread_cond_timedwait(&b->wake, &b->lock, &until);
	}
}

/* => how many are in loads[]; 0: it is over. */
static uint32_t
take(struct batch *b, struct tayra_load **loads)
{
	uint32_t n = 0;

	pthread_mutex_lock(&b->lock);
	do {
		while (b->count == 0 && !b->stop)
			pthread_cond_wait(&b->wake, &b->lock);
		wait_for_company(b);
	} while (b->count == 0 && !b->stop);
	for (; n < b->keys_max && b->count > 0; b->count--) {
		loads[n++] = b->queue[b->first].load;
		b->first = (b->first + 1) % TAYRA__WORKERS_QUEUE;
	}
	if (b->count > 0)
		pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
	return n;
}

/* Fail what need not be asked for any more.  => how many are left. */
static uint32_t
sift(struct tayra_load **loads, uint32_t n)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++) {
		int status = tayra__load_over(loads[i]);

		if (status != TAYRA_OK)
			tayra_load_fail(loads[i], status, 0);
		else
			loads[left++] = loads[i];
	}
	return left;
}

static void
finish(struct tayra_load *load, const struct tayra_fetch *fetch, int all)
{
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	int status = fetch->status;

	if (status == TAYRA_E_NOT_FOUND && all != TAYRA_OK)
		status = all < 0 ? all : TAYRA_E_ORIGIN;
	result.ttl_ms = fetch->ttl_ms;
	result.version = fetch->version;
	if (status == TAYRA_OK && (fetch->value || fetch->len == 0))
		tayra_load_done(load, fetch->value ? fetch->value : "", fetch->len, &result);
	else
		tayra_load_fail(load, status < 0 ? status : TAYRA_E_ORIGIN, 0);
	free(fetch->value); /* the caller's malloc, not ours */
}

static void
work_on(const struct thread *self, uint32_t n)
{
	struct batch *b = self->batch;
	int all;

	for (uint32_t i = 0; i < n; i++) {
		self->fetches[i] = (struct tayra_fetch){ .status = TAYRA_E_NOT_FOUND };
		self->fetches[i].key = tayra_load_key(self->loads[i], &self->fetches[i].key_len);
		tayra__load_inside(self->loads[i], &self->frames[i]);
	}
	all = b->fetch(b->arg, self->fetches, n);
	for (uint32_t i = n; i-- > 0;)
		tayra__inside_leave(&self->frames[i]);
	for (uint32_t i = 0; i < n; i++)
		finish(self->loads[i], &self->fetches[i], all);
}

static void *
run(void *arg)
{
	const struct thread *self = arg;
	uint32_t n;

	while ((n = take(self->batch, self->loads))) {
		n = sift(self->loads, n);
		if (n)
			work_on(self, n);
	}
	return NULL;
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	struct batch *b = (struct batch *)(void *)origin;
	uint64_t until_ns = tayra__clock_mono_ns(tayra_clock_real()) + b->window_ns;
	bool full;

	pthread_mutex_lock(&b->lock);
	full = b->count == TAYRA__WORKERS_QUEUE;
	if (!full) {
		b->queue[(b->first + b->count++) % TAYRA__WORKERS_QUEUE] = (struct waiting){
			l, until_ns
		};
		if (b->count >= b->keys_max)
			pthread_cond_broadcast(&b->wake);
		else
			pthread_cond_signal(&b->wake);
	}
	pthread_mutex_unlock(&b->lock);
	if (full)
		tayra_load_fail(l, TAYRA_E_OVERLOAD, 0);
}

static void
close_batch(struct tayra_origin *origin)
{
	struct batch *b = (struct batch *)(void *)origin;

	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_broadcast(&b->wake);
	pthread_mutex_unlock(&b->lock);
	for (uint32_t i = 0; i < b->threads; i++)
		pthread_join(b->thread[i].thread, NULL);
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
	tayra__trouble_fini(&b->origin.trouble);
	tayra__mem_free(b->thread[0].loads);
	tayra__mem_free(b->thread[0].fetches);
	tayra__mem_free(b->thread[0].frames);
	tayra__mem_free(b);
}

/* The first thread's rows are the beginning of all of them. */
static int
start(struct batch *b, uint32_t threads)
{
	struct thread *rows = &b->thread[0];
	size_t n = (size_t)threads * b->keys_max;

	rows->loads = tayra__mem_array(n, sizeof(*rows->loads));
	rows->fetches = tayra__mem_array(n, sizeof(*rows->fetches));
	rows->frames = tayra__mem_array(n, sizeof(*rows->frames));
	if (!rows->loads || !rows->fetches || !rows->frames)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < threads; i++) {
		size_t at = (size_t)i * b->keys_max;
		struct thread *self = &b->thread[i];

		self->batch = b;
		self->loads = rows->loads + at;
		self->fetches = rows->fetches + at;
		self->frames = rows->frames + at;
		if (pthread_create(&self->thread, NULL, run, self) != 0)
			return TAYRA_E_NOMEM;
		b->threads++;
	}
	return TAYRA_OK;
}

static struct batch *
create(const struct tayra__origin_settings *settings, const struct tayra_batch_options *options)
{
	struct batch *b = tayra__mem_alloc(sizeof(*b) + settings->threads * sizeof(b->thread[0]));
	pthread_condattr_t attr;

	if (!b)
		return NULL;
	b->origin = (struct tayra_origin){ "batch", load, close_batch, settings->pace };
	tayra__trouble_init(&b->origin.trouble);
	b->keys_max = options->keys_max ? options->keys_max : DEFAULT_KEYS;
	b->window_ns = options->window_ns ? options->window_ns : DEFAULT_WINDOW_NS;
	if (options->window_ns == TAYRA_OFF)
		b->window_ns = 0;
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->wake, &attr);
	pthread_condattr_destroy(&attr);
	return b;
}

static bool
is_sound(const struct tayra_origin_options *o, const struct tayra_batch_options *batch)
{
	/* It gets keys whole and says itself what comes back. */
	return !o->pattern && !o->shape && !o->max_rows && !o->max_bytes &&
	       batch->keys_max <= KEYS_MAX &&
	       (batch->window_ns == TAYRA_OFF || batch->window_ns <= WINDOW_MAX_NS);
}

int
tayra_origin_batch(const struct tayra_origin_options *given,
		   const struct tayra_batch_options *given_batch, tayra_fetch_many_fn fetch,
		   void *arg, struct tayra_origin **out)
{
	const struct tayra__complaint nowhere = { NULL, 0 };
	struct tayra__origin_settings settings;
	struct tayra_batch_options batch;
	struct tayra_origin_options o;
	struct batch *b;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!fetch || tayra__origin_settings(given, &settings, &nowhere) != TAYRA_OK ||
	    tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK ||
	    tayra__option_struct(given_batch, &batch, sizeof(batch)) != TAYRA_OK ||
	    !is_sound(&o, &batch) || settings.threads > TAYRA__WORKERS_MAX)
		return TAYRA_E_INVAL;
	b = create(&settings, &batch);
	if (!b)
		return TAYRA_E_NOMEM;
	b->fetch = fetch;
	b->arg = arg;
	if (start(b, settings.threads) != TAYRA_OK) {
		close_batch(&b->origin);
		return TAYRA_E_NOMEM;
	}
	*out = &b->origin;
	return TAYRA_OK;
}
