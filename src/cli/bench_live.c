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
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_alerts.h"
#include "cli/bench_figures.h"
#include "cli/bench_watch.h"
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
	struct tayra__bench_watch *watch; /* NULL: no metrics are wanted */
	int wake;                         /* an eventfd: it is over */
	pthread_t thread;
	/* Written by the thread, or by whoever reads the metrics; relaxed. */
	_Atomic pid_t id;
	_Atomic double reached;
	_Atomic uint64_t thread_cpu_ns, reader_cpu_ns;
	uint64_t began_ns;
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
draw(struct tayra__bench_live *live, double reached, uint64_t now_ns)
{
	const struct place *place = &live->place;
	const char *phase = atomic_load_explicit(&place->phase, memory_order_relaxed);
	double asked = atomic_load_explicit(&place->rate_per_s, memory_order_relaxed);
	uint32_t rounds = atomic_load_explicit(&place->rounds, memory_order_relaxed);
	double p50_ms, p99_ms;
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

static void
evaluate(struct tayra__bench_live *live, uint64_t now_ns)
{
	if (!tayra__bench_watch_look(live->watch, now_ns))
		return;
	tayra__progress_clear(&live->progress);
	tayra__bench_watch_tell(live->watch);
}

static void *
look(void *arg)
{
	struct tayra__bench_live *live = arg;
	struct pollfd woken = { .fd = live->wake, .events = POLLIN };

	atomic_store_explicit(&live->id, gettid(), memory_order_relaxed);
	while (poll(&woken, 1, LOOK_MS) == 0) {
		uint64_t now_ns = tayra__clock_real_ns();
		double reached;

		if (!atomic_load_explicit(&live->place.phase, memory_order_relaxed))
			continue;
		reached = rate_reached(live, now_ns);
		atomic_store_explicit(&live->reached, reached, memory_order_relaxed);
		evaluate(live, now_ns);
		if (live->progress.on)
			draw(live, reached, now_ns);
		atomic_store_explicit(&live->thread_cpu_ns, tayra__clock_thread_cpu_ns(),
				      memory_order_relaxed);
	}
	evaluate(live, tayra__clock_real_ns());
	tayra__progress_clear(&live->progress);
	return NULL;
}

/* From any thread, one at a time. */
static void
read_figures(void *ctx, void *snapshot)
{
	struct tayra__bench_live *live = ctx;
	const struct place *place = &live->place;
	const char *phase = atomic_load_explicit(&place->phase, memory_order_relaxed);
	double asked = atomic_load_explicit(&place->rate_per_s, memory_order_relaxed);
	uint32_t rounds = atomic_load_explicit(&place->rounds, memory_order_relaxed);
	uint32_t round = atomic_load_explicit(&place->round, memory_order_relaxed);
	struct tayra__bench_figures figures = {
		.rate_wanted = asked > 0 ? asked : nan(""),
		.rate_reached = atomic_load_explicit(&live->reached, memory_order_relaxed),
		.rounds_done = rounds ? (double)round - 1 : nan(""),
		.rounds_planned = rounds ? rounds : nan(""),
		.done = share_done(live, tayra__clock_real_ns()),
		.generator_cpu_ns = tayra__clock_process_cpu_ns(),
	};

	for (int i = 0; phase && i < TAYRA__BENCH_PHASES; i++)
		figures.phase[i] = strcmp(tayra__bench_phases[i], phase) == 0;
	if (atomic_load_explicit(&live->id, memory_order_relaxed) != gettid())
		atomic_store_explicit(&live->reader_cpu_ns, tayra__clock_thread_cpu_ns(),
				      memory_order_relaxed);
	figures.watch_cpu_ns = atomic_load_explicit(&live->thread_cpu_ns, memory_order_relaxed) +
			       atomic_load_explicit(&live->reader_cpu_ns, memory_order_relaxed);
	memcpy(snapshot, &figures, sizeof(figures));
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
	if (error) {
		close(live->wake);
		live->wake = -1;
	}
	return error;
}

static bool
has_alerts(const struct tayra__bench_live_plan *plan)
{
	return plan->alerts && plan->alerts->count > 0;
}

/* What can be refused is before the thread. */
static int
build(struct tayra__bench_live *live)
{
	const struct tayra__bench_live_plan *plan = &live->plan;
	const struct tayra__bench_watch_plan watch = { .command = plan->command,
						       .listen = plan->listen,
						       .names = plan->name,
						       .live = live->arms,
						       .arms = plan->arms,
						       .alerts = plan->alerts,
						       .read = read_figures,
						       .ctx = live };
	int code = TAYRA__EXIT_OK, error;

	if (plan->listen || has_alerts(plan))
		code = tayra__bench_watch_open(&watch, &live->watch);
	if (code != TAYRA__EXIT_OK)
		return code;
	error = start(live);
	if (!error)
		return TAYRA__EXIT_OK;
	errno = error;
	tayra__cli_error(plan->command, "cannot watch what it does: %m");
	return TAYRA__EXIT_FAILURE;
}

int
tayra__bench_live_open(const struct tayra__bench_live_plan *plan, struct tayra__bench_live **out)
{
	struct tayra__progress progress;
	struct tayra__bench_live *live;
	int code;

	*out = NULL;
	tayra__progress_init(&progress);
	if (!progress.on && !plan->listen && !has_alerts(plan))
		return TAYRA__EXIT_OK;
	live = tayra__mem_alloc(sizeof(*live));
	if (live)
		live->arms = tayra__mem_array(plan->arms, sizeof(*live->arms));
	if (!live || !live->arms) {
		tayra__cli_error(plan->command, "%s", tayra_status_text(TAYRA_E_NOMEM));
		tayra__mem_free(live);
		return TAYRA__EXIT_FAILURE;
	}
	live->plan = *plan;
	live->progress = progress;
	live->wake = -1;
	live->reached = nan("");
	live->began_ns = tayra__clock_real_ns();
	code = build(live);
	if (code == TAYRA__EXIT_OK)
		*out = live;
	else
		tayra__bench_live_close(live);
	return code;
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
tayra__bench_live_log(const struct tayra__bench_live *live, struct tayra__alert_log *log)
{
	*log = (struct tayra__alert_log){ .count = 0 };
	if (live)
		tayra__bench_watch_log(live->watch, live->began_ns, log);
}

void
tayra__bench_live_close(struct tayra__bench_live *live)
{
	if (!live)
		return;
	tayra__bench_live_stop(live);
	tayra__bench_watch_close(live->watch);
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
