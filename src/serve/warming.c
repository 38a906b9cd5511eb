/* SPDX-License-Identifier: Apache-2.0
 *
 * warming.c: a job a route.  Its thread does nothing but tayra_warm(); what that reports is put
 * down under the lock, where the loop reads it.
 */
#include "serve/warming.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "serve/fetch.h"
#include "serve/route.h"

#define REPORT_NS (TAYRA_NS_PER_S / 10)

struct job {
	struct tayra__warming *all;
	const struct tayra__route *route;
	struct tayra_warm_key *keys;
	size_t count;
	struct tayra_warm_progress progress; /* under the lock, as the next */
	bool running;
	pthread_t thread;
};

struct tayra__warming {
	struct tayra *handle;
	pthread_mutex_t lock;
	_Atomic bool stop; /* set by destroy, read by the jobs; nothing hangs on it */
	size_t unrouted;
	char *bytes;                 /* of all keys, as the handle has them */
	struct tayra_warm_key *keys; /* those of a job side by side */
	struct job *jobs;
	size_t job_count, started;
};

static bool
note(void *arg, const struct tayra_warm_progress *progress)
{
	struct job *job = arg;

	pthread_mutex_lock(&job->all->lock);
	job->progress = *progress;
	pthread_mutex_unlock(&job->all->lock);
	return !job->all->stop;
}

static void *
run(void *arg)
{
	struct job *job = arg;
	struct tayra_warm_options options = TAYRA_WARM_OPTIONS_INIT;
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_warm_progress progress;

	tayra__fetch_describe(job->route, &request);
	request.key_prefix_len = 1;
	request.cls = TAYRA_BACKGROUND;
	options.keys = job->keys;
	options.count = job->count;
	options.request = &request;
	options.progress = note;
	options.progress_ns = REPORT_NS;
	options.arg = job;
	tayra_warm(job->all->handle, &options, &progress);
	note(job, &progress);
	pthread_mutex_lock(&job->all->lock);
	job->running = false;
	pthread_mutex_unlock(&job->all->lock);
	return NULL;
}

/* => the job of that route, a new one when there is none; NULL: out of memory. */
static struct job *
job_of(struct tayra__warming *w, const struct tayra__route *route)
{
	struct job *jobs;

	for (size_t i = 0; i < w->job_count; i++)
		if (w->jobs[i].route == route)
			return &w->jobs[i];
	jobs = tayra__mem_resize(w->jobs, (w->job_count + 1) * sizeof(*jobs));
	if (!jobs)
		return NULL;
	w->jobs = jobs;
	jobs[w->job_count] = (struct job){ .all = w, .route = route };
	return &jobs[w->job_count++];
}

/* The key behind the byte of its database. */
static const struct tayra__route *
store(const struct tayra__routes *routes, const struct tayra_warm_key *key, char *at)
{
	struct tayra__key_in in = { at + 1, key->key_len, 0 };

	memcpy(at + 1, key->key, key->key_len);
	tayra__key_stored(&in);
	return tayra__route_find(routes, &in);
}

/* Twice over all keys: how many has each route, then where they go. */
static int
sort_out(struct tayra__warming *w, const struct tayra__routes *routes,
	 const struct tayra_warm_key *keys, size_t count)
{
	char *at = w->bytes;
	size_t used = 0;

	for (size_t i = 0; i < count; at += keys[i++].key_len + 1) {
		const struct tayra__route *route = store(routes, &keys[i], at);
		struct job *job = route ? job_of(w, route) : NULL;

		if (route && !job)
			return TAYRA_E_NOMEM;
		if (job)
			job->count++;
		else
			w->unrouted++;
	}
	for (size_t i = 0; i < w->job_count; used += w->jobs[i++].count) {
		w->jobs[i].keys = w->keys + used;
		w->jobs[i].progress.count = w->jobs[i].count;
	}
	for (size_t i = 0; i < w->job_count; i++)
		w->jobs[i].count = 0;
	at = w->bytes;
	for (size_t i = 0; i < count; at += keys[i++].key_len + 1) {
		const struct tayra__route *route = store(routes, &keys[i], at);
		struct job *job = route ? job_of(w, route) : NULL;

		if (job)
			job->keys[job->count++] = (struct tayra_warm_key){ at, keys[i].key_len + 1,
									   keys[i].priority };
	}
	return TAYRA_OK;
}

/* With every signal blocked, so that the program's signals stay on the program's threads. */
static int
start(struct tayra__warming *w)
{
	sigset_t all, before;
	int status = TAYRA_OK;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < w->job_count && status == TAYRA_OK; i++) {
		w->jobs[i].running = true;
		if (pthread_create(&w->jobs[i].thread, NULL, run, &w->jobs[i]) != 0)
			status = TAYRA_E_NOMEM;
		else
			w->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}

static size_t
bytes_of(const struct tayra_warm_key *keys, size_t count)
{
	size_t bytes = count;

	for (size_t i = 0; i < count; i++)
		bytes += keys[i].key_len;
	return bytes;
}

int
tayra__warming_create(struct tayra *handle, const struct tayra__routes *routes,
		      const struct tayra_warm_key *keys, size_t count, struct tayra__warming **out)
{
	struct tayra__warming *w = tayra__mem_alloc(sizeof(*w));
	int status = TAYRA_E_NOMEM;

	*out = NULL;
	if (!w)
		return TAYRA_E_NOMEM;
	w->handle = handle;
	pthread_mutex_init(&w->lock, NULL);
	w->bytes = tayra__mem_alloc(bytes_of(keys, count));
	w->keys = tayra__mem_array(count, sizeof(*w->keys));
	if (w->bytes && w->keys)
		status = sort_out(w, routes, keys, count);
	if (status == TAYRA_OK)
		status = start(w);
	if (status != TAYRA_OK) {
		tayra__warming_destroy(w);
		return status;
	}
	*out = w;
	return TAYRA_OK;
}

static void
add(struct tayra_warm_progress *sum, const struct tayra_warm_progress *p)
{
	sum->count += p->count;
	sum->done += p->done;
	sum->loaded += p->loaded;
	sum->present += p->present;
	sum->absent += p->absent;
	sum->failed += p->failed;
	sum->put_off += p->put_off;
	if (p->elapsed_ns > sum->elapsed_ns)
		sum->elapsed_ns = p->elapsed_ns;
	if (p->left_ns > sum->left_ns)
		sum->left_ns = p->left_ns;
}

void
tayra__warming_state(struct tayra__warming *w, struct tayra__warming_state *out)
{
	*out = (struct tayra__warming_state){ .unrouted = w->unrouted };
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->job_count; i++) {
		add(&out->progress, &w->jobs[i].progress);
		out->running = out->running || w->jobs[i].running;
	}
	pthread_mutex_unlock(&w->lock);
}

void
tayra__warming_destroy(struct tayra__warming *w)
{
	if (!w)
		return;
	w->stop = true;
	for (size_t i = 0; i < w->started; i++)
		pthread_join(w->jobs[i].thread, NULL);
	pthread_mutex_destroy(&w->lock);
	tayra__mem_free(w->bytes);
	tayra__mem_free(w->keys);
	tayra__mem_free(w->jobs);
	tayra__mem_free(w);
}
