/* SPDX-License-Identifier: Apache-2.0
 *
 * warm.c: many keys loaded ahead of their first request, on the calling thread, through a queue of
 * its own.  `order` is a ring of those still to be begun: who is put off goes to its end.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/option.h"
#include "load/handle.h"
#include "load/inside.h"

#define DEFAULT_CONCURRENCY 8u
#define CONCURRENCY_MAX     4096u
#define DEFAULT_PROGRESS_NS TAYRA_NS_PER_S
#define TRIES_MAX           8u
#define PAUSE_NS            (20 * TAYRA_NS_PER_MS) /* put off without a hint */
#define ROUND               32u

struct warm {
	struct tayra *t;
	struct tayra_cq *cq;
	struct tayra_warm_options o;
	struct tayra_request request;
	struct tayra_warm_progress progress;
	size_t *order, first, pending, out;
	unsigned char *tries;
	uint64_t began_ns, next_ns, pause_ns, report_ns, end_ns; /* moments */
	bool stopped;
};

static int
by_priority(const void *a, const void *b, void *keys)
{
	const size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct tayra_warm_key *k = keys;

	if (k[i].priority != k[j].priority)
		return k[i].priority > k[j].priority ? -1 : 1;
	return (i > j) - (i < j);
}

static void
note_elapsed(struct warm *w, uint64_t now_ns)
{
	struct tayra_warm_progress *p = &w->progress;

	p->elapsed_ns = now_ns - w->began_ns;
	p->left_ns = p->done ? (uint64_t)((double)p->elapsed_ns * (double)(p->count - p->done) /
					  (double)p->done)
			     : 0;
}

static void
put_off(struct warm *w, size_t index, const struct tayra_ref *ref, uint64_t now_ns)
{
	uint64_t until_ns = tayra__add_sat(now_ns,
					   ref->retry_after_ns ? ref->retry_after_ns : PAUSE_NS);

	if (until_ns > w->pause_ns)
		w->pause_ns = until_ns;
	w->order[(w->first + w->pending++) % w->progress.count] = index;
	w->progress.put_off++;
}

static bool
is_worth_another_try(const struct warm *w, int status, const struct tayra_ref *ref)
{
	return !w->stopped &&
	       (status == TAYRA_E_OVERLOAD || (status == TAYRA_E_ORIGIN && ref->retry_after_ns));
}

static void
end_one(struct warm *w, size_t index, int status, struct tayra_ref *ref, bool loaded)
{
	struct tayra_warm_progress *p = &w->progress;

	if (is_worth_another_try(w, status, ref) && ++w->tries[index] < TRIES_MAX) {
		put_off(w, index, ref, tayra__handle_now_ns(w->t));
		return;
	}
	p->done++;
	if (status == TAYRA_OK && !ref->stale)
		*(loaded ? &p->loaded : &p->present) += 1;
	else if (status == TAYRA_E_NOT_FOUND)
		p->absent++;
	else
		p->failed++;
	tayra_release(ref);
}

static void
begin_one(struct warm *w)
{
	const size_t index = w->order[w->first];
	struct tayra_ref ref;
	int status;

	w->first = (w->first + 1) % w->progress.count;
	w->pending--;
	w->request.key = w->o.keys[index].key;
	w->request.key_len = w->o.keys[index].key_len;
	status = tayra_get_or_load_start(w->t, &w->request, w->cq, (void *)(uintptr_t)index, &ref);
	if (status == TAYRA_PENDING)
		w->out++;
	else
		end_one(w, index, status, &ref, false);
}

/* Between two loads begun. */
static uint64_t
gap_ns_of(double rate_per_s)
{
	const double gap_ns = rate_per_s > 0 ? 1e9 / rate_per_s : 0;

	return gap_ns < 0x1p64 ? (uint64_t)gap_ns : UINT64_MAX;
}

/* Begin what may be begun now.  => how long there is nothing to do but to wait. */
static uint64_t
begin_some(struct warm *w)
{
	const uint64_t gap_ns = gap_ns_of(w->o.rate_per_s);
	uint64_t now_ns = tayra__handle_now_ns(w->t), until_ns;

	while (w->pending && w->out < w->o.concurrency && now_ns >= w->next_ns &&
	       now_ns >= w->pause_ns && now_ns < w->end_ns) {
		/* What was missed is not made up for in a burst. */
		w->next_ns = tayra__add_sat(now_ns, gap_ns);
		begin_one(w);
		now_ns = tayra__handle_now_ns(w->t);
	}
	until_ns = w->report_ns < w->end_ns ? w->report_ns : w->end_ns;
	if (w->pending && w->out < w->o.concurrency) {
		uint64_t start_ns = w->next_ns > w->pause_ns ? w->next_ns : w->pause_ns;

		until_ns = start_ns < until_ns ? start_ns : until_ns;
	}
	return until_ns > now_ns ? until_ns - now_ns : 0;
}

static void
report(struct warm *w)
{
	uint64_t now_ns = tayra__handle_now_ns(w->t);

	if (now_ns >= w->end_ns)
		w->stopped = true;
	if (now_ns < w->report_ns)
		return;
	w->report_ns = tayra__add_sat(now_ns, w->o.progress_ns);
	note_elapsed(w, now_ns);
	if (w->o.progress && !w->o.progress(w->o.arg, &w->progress))
		w->stopped = true;
}

static void
collect(struct warm *w, uint64_t timeout_ns)
{
	struct tayra_completion c[ROUND];
	size_t n = tayra_cq_wait(w->cq, c, ROUND, timeout_ns);

	w->out -= n;
	for (size_t i = 0; i < n; i++)
		end_one(w, (size_t)(uintptr_t)c[i].cookie, c[i].status, &c[i].ref, true);
}

static void
run(struct warm *w)
{
	while ((w->pending && !w->stopped) || w->out) {
		uint64_t wait_ns = w->stopped ? w->o.progress_ns : begin_some(w);

		if (w->pending || w->out)
			collect(w, wait_ns);
		report(w);
	}
	note_elapsed(w, tayra__handle_now_ns(w->t));
}

static int
prepare(struct warm *w)
{
	struct tayra_warm_progress *p = &w->progress;
	int status = tayra_cq_create(w->t, &w->cq);

	if (status != TAYRA_OK)
		return status;
	w->order = tayra__mem_array(p->count, sizeof(*w->order));
	w->tries = tayra__mem_array(p->count, 1);
	if (!w->order || !w->tries)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < p->count; i++)
		w->order[i] = i;
	qsort_r(w->order, p->count, sizeof(*w->order), by_priority, (void *)w->o.keys);
	w->pending = p->count;
	w->began_ns = tayra__handle_now_ns(w->t);
	w->report_ns = tayra__add_sat(w->began_ns, w->o.progress_ns);
	w->end_ns = w->o.timeout_ns ? tayra__add_sat(w->began_ns, w->o.timeout_ns) : UINT64_MAX;
	return TAYRA_OK;
}

/* One that is no number has no place in an order. */
static bool
are_priorities(const struct tayra_warm_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].priority != keys[i].priority)
			return false;
	return true;
}

static int
check(struct tayra *t, const struct tayra_warm_options *given, struct warm *w)
{
	if (!t || !given || tayra__option_struct(given, &w->o, sizeof(w->o)) != TAYRA_OK ||
	    !w->o.request ||
	    tayra__option_struct(w->o.request, &w->request, sizeof(w->request)) != TAYRA_OK)
		return TAYRA_E_INVAL;
	if ((!w->o.keys && w->o.count) || w->o.concurrency > CONCURRENCY_MAX ||
	    !(w->o.rate_per_s >= 0 && w->o.rate_per_s <= 1e9) ||
	    !(w->request.origin || w->request.load) || !are_priorities(w->o.keys, w->o.count))
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	if (tayra__inside_is(t, TAYRA__INSIDE_LOADER))
		return TAYRA_E_WOULD_DEADLOCK;
	w->request.size = sizeof(w->request);
	if (!w->request.cls)
		w->request.cls = TAYRA_BACKGROUND;
	/* It waits for what it loads. */
	w->request.soft_timeout_ns = TAYRA_OFF;
	if (!w->o.concurrency)
		w->o.concurrency = DEFAULT_CONCURRENCY;
	if (!w->o.progress_ns)
		w->o.progress_ns = DEFAULT_PROGRESS_NS;
	return TAYRA_OK;
}

int
tayra_warm(struct tayra *t, const struct tayra_warm_options *options,
	   struct tayra_warm_progress *out)
{
	struct warm w = { .t = t };
	int status = check(t, options, &w);

	if (out)
		*out = (struct tayra_warm_progress){ 0 };
	if (status != TAYRA_OK)
		return status;
	w.progress.count = w.o.count;
	if (w.o.count) {
		status = prepare(&w);
		if (status == TAYRA_OK)
			run(&w);
		if (w.cq)
			tayra_cq_destroy(w.cq);
		tayra__mem_free(w.order);
		tayra__mem_free(w.tries);
	}
	if (out)
		*out = w.progress;
	if (status != TAYRA_OK)
		return status;
	return w.progress.done < w.progress.count ? TAYRA_E_TIMEOUT : TAYRA_OK;
}
