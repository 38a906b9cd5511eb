/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_live.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "drive/live.h"
#include "prove/trial.h"
#include "report/figure.h"

#define LOOK_MS 250
#define LOOKS   5 /* a rate is over so many looks */

/* The parts of a place, each relaxed. */
struct place {
	const char *_Atomic phase;
	_Atomic double rate_per_s, share;
	_Atomic uint32_t round, rounds;
	_Atomic uint64_t whole_ns, at_ns;
};

/* How many had been answered when. */
struct look {
	uint64_t at_ns, answered;
};

/* An arm whose slices are counted here. */
struct counted {
	struct tayra__arm arm;
	struct tayra__live *live;
};

struct tayra__bench_live {
	struct tayra__bench_live_plan plan;
	struct place place;
	struct tayra__live *arms; /* [plan.arms] */
	struct counted counted[TAYRA__TRIAL_ARMS_MAX];
	int wake; /* an eventfd: it is over */
	pthread_t thread;
	/* The thread's own. */
	struct tayra__progress progress;
	struct look looks[LOOKS]; /* a ring, the newest at `newest` */
	size_t newest;
	const char *phase; /* of which `since` is the beginning */
	double rate_per_s;
	bool counting;
	struct tayra__hist since, now; /* latencies of all arms */
};

static void
add_up(const struct tayra__bench_live *live, struct tayra__hist *out)
{
	tayra__hist_init(out);
	for (size_t i = 0; i < live->plan.arms; i++)
		tayra__hist_live_read(&live->arms[i].latency, out);
}

/* What came since the phase began, or since its rate was reached.  => false: nothing. */
static bool
latency_so_far(struct tayra__bench_live *live, double *p50_ms, double *p99_ms)
{
	const char *phase = atomic_load_explicit(&live->place.phase, memory_order_relaxed);
	double rate = atomic_load_explicit(&live->place.rate_per_s, memory_order_relaxed);

	add_up(live, &live->now);
	if (phase != live->phase || rate < live->rate_per_s || rate > live->rate_per_s) {
		live->phase = phase;
		live->rate_per_s = rate;
		live->since = live->now;
	}
	if (live->now.count == live->since.count)
		return false;
	live->now.count -= live->since.count;
	for (uint32_t i = 0; i < TAYRA__HIST_BINS; i++)
		live->now.bins[i] -= live->since.bins[i];
	*p50_ms = (double)tayra__hist_quantile(&live->now, 0.5) / 1e6;
	*p99_ms = (double)tayra__hist_quantile(&live->now, 0.99) / 1e6;
	return true;
}

/* Answers a second over the last looks; NaN: it has not looked that often. */
static double
rate_reached(struct tayra__bench_live *live, uint64_t now_ns)
{
	size_t oldest = (live->newest + 1) % LOOKS;
	struct look now = { now_ns, 0 }, from = live->looks[oldest];

	for (size_t i = 0; i < live->plan.arms; i++)
		now.answered += tayra__live_answered(&live->arms[i]);
	live->looks[oldest] = now;
	live->newest = oldest;
	if (!from.at_ns || now.at_ns == from.at_ns)
		return nan("");
	return (double)(now.answered - from.answered) * 1e9 / (double)(now.at_ns - from.at_ns);
}

static double
share_done(const struct tayra__bench_live *live, uint64_t now_ns)
{
	const struct place *place = &live->place;
	double share = atomic_load_explicit(&place->share, memory_order_relaxed);
	uint64_t whole_ns = atomic_load_explicit(&place->whole_ns, memory_order_relaxed);
	uint64_t at_ns = atomic_load_explicit(&place->at_ns, memory_order_relaxed);

	if (whole_ns && now_ns > at_ns)
		share += (double)(now_ns - at_ns) / (double)whole_ns;
	return share < 1 ? share : 1;
}

__attribute__((format(printf, 3, 4))) static void
append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

/* How they differ is not shown: whoever sees it may stop when it pleases. */
static void
draw(struct tayra__bench_live *live, uint64_t now_ns)
{
	const struct place *place = &live->place;
	const char *phase = atomic_load_explicit(&place->phase, memory_order_relaxed);
	double asked = atomic_load_explicit(&place->rate_per_s, memory_order_relaxed);
	uint32_t rounds = atomic_load_explicit(&place->rounds, memory_order_relaxed);
	double reached = rate_reached(live, now_ns), p50_ms, p99_ms;
	char text[160] = "", number[16], other[16];

	append(text, sizeof(text), "%s", phase);
	if (rounds && !live->counting) /* how long the pilot took says nothing of the pairs */
		tayra__progress_start(&live->progress);
	live->counting = rounds > 0;
	if (rounds)
		append(text, sizeof(text), ", pair %u of %u",
		       atomic_load_explicit(&place->round, memory_order_relaxed), rounds);
	if (live->plan.servers && asked > 0)
		append(text, sizeof(text), " %s/s", tayra__figure_number(asked, number));
	if (live->plan.servers && !isnan(reached))
		append(text, sizeof(text), ": %s/s", tayra__figure_number(reached, number));
	if (live->plan.servers && latency_so_far(live, &p50_ms, &p99_ms))
		append(text, sizeof(text), ", p50 %s p99 %s ms",
		       tayra__figure_number(p50_ms, number), tayra__figure_number(p99_ms, other));
	tayra__progress_share(&live->progress, text, share_done(live, now_ns));
}

static void *
look(void *arg)
{
	struct tayra__bench_live *live = arg;
	struct pollfd woken = { .fd = live->wake, .events = POLLIN };

	while (poll(&woken, 1, LOOK_MS) == 0)
		if (atomic_load_explicit(&live->place.phase, memory_order_relaxed))
			draw(live, tayra__clock_real_ns());
	tayra__progress_clear(&live->progress);
	return NULL;
}

/* With every signal blocked: they are the program's. */
static int
start(struct tayra__bench_live *live)
{
	sigset_t all, before;
	int error;

	live->wake = eventfd(0, EFD_CLOEXEC);
	if (live->wake < 0)
		return errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&live->thread, NULL, look, live);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		close(live->wake);
	return error;
}

int
tayra__bench_live_open(const struct tayra__bench_live_plan *plan, struct tayra__bench_live **out)
{
	struct tayra__progress progress;
	struct tayra__bench_live *live;
	int error;

	*out = NULL;
	tayra__progress_init(&progress);
	if (!progress.on)
		return TAYRA__EXIT_OK;
	live = tayra__mem_alloc(sizeof(*live));
	if (live)
		live->arms = tayra__mem_array(plan->arms, sizeof(*live->arms));
	error = ENOMEM;
	if (live && live->arms) {
		live->plan = *plan;
		live->progress = progress;
		error = start(live);
	}
	if (!error) {
		*out = live;
		return TAYRA__EXIT_OK;
	}
	errno = error;
	tayra__cli_error(plan->command, "cannot watch what it does: %m");
	if (live)
		tayra__mem_free(live->arms);
	tayra__mem_free(live);
	return TAYRA__EXIT_FAILURE;
}

void
tayra__bench_live_stop(struct tayra__bench_live *live)
{
	const uint64_t one = 1;

	if (!live || live->wake < 0)
		return;
	while (write(live->wake, &one, sizeof(one)) < 0 && errno == EINTR) {
	}
	pthread_join(live->thread, NULL);
	close(live->wake);
	live->wake = -1;
}

void
tayra__bench_live_close(struct tayra__bench_live *live)
{
	if (!live)
		return;
	tayra__bench_live_stop(live);
	tayra__mem_free(live->arms);
	tayra__mem_free(live);
}

void
tayra__bench_live_show(struct tayra__bench_live *live, const struct tayra__bench_place *is)
{
	struct place *place;

	if (!live)
		return;
	place = &live->place;
	atomic_store_explicit(&place->rate_per_s, is->rate_per_s, memory_order_relaxed);
	atomic_store_explicit(&place->share, is->share, memory_order_relaxed);
	atomic_store_explicit(&place->round, is->round, memory_order_relaxed);
	atomic_store_explicit(&place->rounds, is->rounds, memory_order_relaxed);
	atomic_store_explicit(&place->whole_ns, is->whole_ns, memory_order_relaxed);
	atomic_store_explicit(&place->at_ns, tayra__clock_real_ns(), memory_order_relaxed);
	atomic_store_explicit(&place->phase, is->phase, memory_order_relaxed);
}

static int
run_counted(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	const struct counted *counted = ctx;
	int status = counted->arm.run(counted->arm.ctx, slice, out);

	tayra__live_ended(counted->live, TAYRA__LIVE_OK, out->requests);
	if (status != TAYRA_OK)
		tayra__live_ended(counted->live, TAYRA__LIVE_ERROR, 1);
	else if (out->latency)
		tayra__hist_live_merge(&counted->live->latency, out->latency);
	return status;
}

void
tayra__bench_live_count(struct tayra__bench_live *live, size_t i, struct tayra__arm *arm)
{
	if (!live)
		return;
	live->counted[i] = (struct counted){ *arm, &live->arms[i] };
	*arm = (struct tayra__arm){ arm->name, run_counted, &live->counted[i] };
}

struct tayra__live *
tayra__bench_live_arm(struct tayra__bench_live *live, size_t i)
{
	return live ? &live->arms[i] : NULL;
}
