/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/live.h"

#include <string.h>

static const char *const ends[] = { "ok", "late", "shed", "error", "abandoned" };

_Static_assert(sizeof(ends) / sizeof(ends[0]) == TAYRA__LIVE_ENDS, "an end has no name");

struct shown {
	uint64_t ended[TAYRA__LIVE_ENDS];
	const struct tayra__hist *latency, *lag;
};

static const struct tayra__watch_row rows[] = {
	{ .name = "tayra_bench_requests",
	  .sentence = "Requests of the generator, or runs of a command, by how they ended",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct shown, ended),
	  .dims = { { "status", ends, TAYRA__LIVE_ENDS, sizeof(uint64_t) } } },
	{ .name = "tayra_bench_latency_seconds",
	  .unit = "seconds",
	  .sentence = "Latency from when a request was due or asked; of a command, its wall time",
	  .type = TAYRA__WATCH_HISTOGRAM,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_HIST,
	  .offset = offsetof(struct shown, latency) },
	{ .name = "tayra_bench_lag_seconds",
	  .unit = "seconds",
	  .sentence = "The generator's own lateness: from when a request was due to when it was "
		      "handed over",
	  .type = TAYRA__WATCH_HISTOGRAM,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_HIST,
	  .offset = offsetof(struct shown, lag) },
};

void
tayra__live_ended(struct tayra__live *live, enum tayra__live_end end, uint64_t n)
{
	uint64_t before = atomic_load_explicit(&live->ended[end], memory_order_relaxed);

	atomic_store_explicit(&live->ended[end], before + n, memory_order_relaxed);
}

uint64_t
tayra__live_answered(const struct tayra__live *live)
{
	return atomic_load_explicit(&live->ended[TAYRA__LIVE_OK], memory_order_relaxed) +
	       atomic_load_explicit(&live->ended[TAYRA__LIVE_LATE], memory_order_relaxed);
}

static void
read_live(void *ctx, void *snapshot)
{
	struct tayra__live_view *view = ctx;
	struct shown shown = { .latency = &view->latency, .lag = &view->lag };

	for (size_t i = 0; i < TAYRA__LIVE_ENDS; i++)
		shown.ended[i] = atomic_load_explicit(&view->live->ended[i], memory_order_relaxed);
	tayra__hist_init(&view->latency);
	tayra__hist_live_read(&view->live->latency, &view->latency);
	tayra__hist_init(&view->lag);
	tayra__hist_live_read(&view->live->lag, &view->lag);
	memcpy(snapshot, &shown, sizeof(shown));
}

const struct tayra__watch_table tayra__live_table = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.instance_label = "arm",
	.snapshot_bytes = sizeof(struct shown),
	.read = read_live,
};
