/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.c: show what a handle and its limit count, through src/watch: the tables below are all
 * that an adapter is.  Inside tayra's own tree only: src/watch is not installed.
 *
 *     metrics              a thousand requests, then OpenMetrics text
 *     metrics PORT         requests until interrupted; look at http://127.0.0.1:PORT/
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tayra/tayra.h>

#include "serve/admin.h"
#include "watch/alert.h"
#include "watch/family.h"
#include "watch/openmetrics.h"
#include "watch/page.h"
#include "watch/registry.h"

/* What tayra_stats() tells. */
#define COUNTER(title, member, text)                                                               \
	{                                                                                          \
		.name = "tayra_" title, .sentence = text, .type = TAYRA__WATCH_COUNTER,            \
		.field = TAYRA__WATCH_U64, .offset = offsetof(struct tayra_stats, member)          \
	}
#define BYTES(title, member, text)                                                                 \
	{                                                                                          \
		.name = "tayra_cache_" title "_bytes", .unit = "bytes", .sentence = text,          \
		.type = TAYRA__WATCH_GAUGE, .field = TAYRA__WATCH_U64,                             \
		.offset = offsetof(struct tayra_stats, cache.member)                               \
	}

static const struct tayra__watch_row handle_rows[] = {
	COUNTER("requests", requests, "Requests"),
	COUNTER("hits", hits, "Requests answered at once from memory, fresh"),
	COUNTER("stale_hits", stale_hits, "Requests answered with a stale value"),
	COUNTER("joined", joined, "Requests that waited for somebody else's load"),
	COUNTER("loads", loads, "Loads begun"),
	COUNTER("load_errors", load_errors, "Loads that failed"),
	COUNTER("shed", shed, "Requests refused because the origin was at its limit"),
	COUNTER("timeouts", timeouts, "Requests whose deadline passed"),
	COUNTER("cache_evictions", cache.evictions, "Items removed to make room"),
	{ .name = "tayra_load_seconds",
	  .unit = "seconds",
	  .sentence = "Time spent in loads that have finished",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra_stats, load_ns) },
	{ .name = "tayra_loads_inflight",
	  .sentence = "Loads waiting for their turn or running",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra_stats, inflight) },
	{ .name = "tayra_cache_items",
	  .sentence = "Items in memory",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra_stats, cache.items) },
	BYTES("used", used_bytes, "Memory in use, all in"),
	BYTES("item", item_bytes, "Keys and values alone"),
	BYTES("pinned", pinned_bytes, "Values that callers still hold"),
	BYTES("limit", memory_bytes, "Memory that may be used"),
};

static void
read_handle(void *ctx, void *snapshot)
{
	struct tayra_stats *stats = snapshot;

	*stats = (struct tayra_stats)TAYRA_STATS_INIT;
	tayra_stats(ctx, stats);
}

static const struct tayra__watch_table handle_table = {
	.rows = handle_rows,
	.row_count = sizeof(handle_rows) / sizeof(handle_rows[0]),
	.snapshot_bytes = sizeof(struct tayra_stats),
	.read = read_handle,
};

/* What tayra_pace_stats() tells, for each origin that has a limit. */
static const char *const classes[] = { "critical", "high", "normal", "low", "background" };
static const char *const reasons[] = { "full", "hopeless", "codel", "expired" };

#define BY_CLASS(member)                                                                           \
	{                                                                                          \
		"class", classes, TAYRA_CLASSES, sizeof(((struct tayra_pace_stats *)0)->member[0]) \
	}

static const struct tayra__watch_row pace_rows[] = {
	{ .name = "tayra_pace_limit",
	  .sentence = "Requests that may run at once",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = offsetof(struct tayra_pace_stats, limit) },
	{ .name = "tayra_pace_inflight",
	  .sentence = "Requests that run",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = offsetof(struct tayra_pace_stats, inflight) },
	{ .name = "tayra_pace_queued",
	  .sentence = "Requests that wait for their turn",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = offsetof(struct tayra_pace_stats, queued),
	  .dims = { BY_CLASS(queued) } },
	{ .name = "tayra_pace_admitted",
	  .sentence = "Requests let in",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra_pace_stats, admitted),
	  .dims = { BY_CLASS(admitted) } },
	{ .name = "tayra_pace_shed",
	  .sentence = "Requests refused",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra_pace_stats, shed),
	  .dims = { BY_CLASS(shed), { "reason", reasons, TAYRA_SHEDS, sizeof(uint64_t) } } },
	{ .name = "tayra_pace_service_seconds",
	  .unit = "seconds",
	  .sentence = "Smoothed mean time a request runs",
	  .type = TAYRA__WATCH_GAUGE,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra_pace_stats, service_mean_ns) },
};

static void
read_pace(void *ctx, void *snapshot)
{
	struct tayra_pace_stats *stats = snapshot;

	*stats = (struct tayra_pace_stats)TAYRA_PACE_STATS_INIT;
	tayra_pace_stats(ctx, stats);
}

static const struct tayra__watch_table pace_table = {
	.rows = pace_rows,
	.row_count = sizeof(pace_rows) / sizeof(pace_rows[0]),
	.instance_label = "origin",
	.snapshot_bytes = sizeof(struct tayra_pace_stats),
	.read = read_pace,
};

/* What nobody counts yet, is counted by watch. */
static const struct tayra__watch_row request_row = {
	.name = "tayra_request_seconds",
	.unit = "seconds",
	.sentence = "Time until a request was answered",
	.type = TAYRA__WATCH_HISTOGRAM,
	.per_unit = 1e9,
};

static const struct tayra__headline headlines[] = {
	{ "Hit ratio",
	  "Requests answered at once from memory, fresh",
	  "ratio",
	  { .metric = "tayra_hits" },
	  { .metric = "tayra_requests" } },
	{ "Latency",
	  "Until a request was answered, 99th percentile",
	  "seconds",
	  { .metric = "tayra_request_seconds", .quantile = 0.99 } },
	{ "Origin load",
	  "Loads for each request",
	  "ratio",
	  { .metric = "tayra_loads" },
	  { .metric = "tayra_requests" } },
	{ "Limit", "Loads that may run at once", NULL, { .metric = "tayra_pace_limit" } },
	{ "Memory", "In use, all in", "bytes", { .metric = "tayra_cache_used_bytes" } },
};
static const struct tayra__page page = { "tayra", headlines,
					 sizeof(headlines) / sizeof(headlines[0]) };

static const struct tayra__alert_rule rule = {
	.name = "origin_load_high",
	.sentence = "More than half of the last minute's requests had to be loaded",
	.top = { .metric = "tayra_loads" },
	.bottom = { .metric = "tayra_requests" },
	.window_ns = 60 * TAYRA_NS_PER_S,
	.threshold = 0.5,
	.hysteresis = 0.1,
	.for_ns = 5 * TAYRA_NS_PER_S,
};

static volatile sig_atomic_t interrupted;

static void
interrupt(int signal)
{
	interrupted = signal;
}

/* The slow thing: its own key, after the milliseconds it is given. */
static void
slow_echo(struct tayra_load *load, void *arg)
{
	size_t len;
	const void *key = tayra_load_key(load, &len);

	usleep(*(const unsigned *)arg * 1000);
	tayra_load_done(load, key, len, NULL);
}

/* Some keys are asked for often, most hardly ever. */
static void
ask(struct tayra *t, struct tayra__series *took, unsigned n, unsigned *slow_ms)
{
	const struct tayra_clock *clock = tayra_clock_real();
	struct tayra_request request = TAYRA_REQUEST_INIT;
	const uint64_t from = clock->mono_ns(clock->ctx);
	const double u = (n * 2654435761u % 1000003u) / 1000003.0;
	struct tayra_ref ref;
	char key[32];

	snprintf(key, sizeof(key), "key:%.0f", exp(u * 9));
	request.key = key;
	request.key_len = strlen(key);
	request.load = slow_echo;
	request.load_arg = slow_ms;
	if (tayra_get_or_load(t, &request, &ref) == TAYRA_OK)
		tayra_release(&ref);
	tayra__series_observe(took, clock->mono_ns(clock->ctx) - from);
}

static void
serve(struct tayra *t, struct tayra__series *took, struct tayra__registry *registry,
      struct tayra__alerts *alerts, uint16_t port)
{
	const struct tayra__admin_options options = { .port = port,
						      .registry = registry,
						      .page = &page };
	const struct tayra_clock *clock = tayra_clock_real();
	struct tayra__admin *admin;
	unsigned slow_ms = 5;
	int status = tayra__admin_create(&options, &admin);

	if (status < 0) {
		fprintf(stderr, "port %u: %s\n", port, tayra_status_text(status));
		return;
	}
	printf("http://127.0.0.1:%u/\n", tayra__admin_port(admin));
	fflush(stdout);
	for (unsigned n = 0; !interrupted; n++) {
		ask(t, took, n, &slow_ms);
		usleep(2000);
		if (n % 200 == 0)
			tayra__alerts_evaluate(alerts, clock->mono_ns(clock->ctx),
					       clock->wall_ms(clock->ctx));
	}
	tayra__admin_destroy(admin);
}

/* Watch what `t` and `pace` count.  => a status. */
static int
watch(struct tayra *t, struct tayra_pace *pace, struct tayra__registry *registry,
      struct tayra__alerts **alerts, struct tayra__family **requests)
{
	int status = tayra__registry_add_table(registry, &handle_table, NULL, t);

	if (status == TAYRA_OK)
		status = tayra__registry_add_table(registry, &pace_table, "echo", pace);
	if (status == TAYRA_OK)
		status = tayra__registry_add_family(registry, &request_row, 0, requests);
	if (status == TAYRA_OK)
		status = tayra__alerts_create(registry, alerts);
	return status == TAYRA_OK ? tayra__alerts_add_rule(*alerts, &rule) : status;
}

int
main(int argc, char **argv)
{
	const unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra__registry *registry = NULL;
	struct tayra__family *requests = NULL;
	struct tayra__alerts *alerts = NULL;
	struct tayra_pace *pace = NULL;
	struct tayra *t = NULL;
	unsigned slow_ms = 0;
	int status = tayra_pace_create(NULL, &pace);

	if (argc > 2 || port > 65535) {
		fprintf(stderr, "usage: metrics [PORT]\n");
		return 2;
	}
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	options.pace = pace;
	if (status == TAYRA_OK)
		status = tayra_create(&options, &t);
	if (status == TAYRA_OK)
		status = tayra__registry_create(&registry);
	if (status == TAYRA_OK)
		status = watch(t, pace, registry, &alerts, &requests);
	if (status == TAYRA_OK && argc > 1) {
		serve(t, tayra__family_series(requests, NULL), registry, alerts, (uint16_t)port);
	} else if (status == TAYRA_OK) {
		for (unsigned n = 0; n < 1000; n++)
			ask(t, tayra__family_series(requests, NULL), n, &slow_ms);
		status = tayra__openmetrics_write(registry, stdout);
	}
	tayra__registry_destroy(registry);
	tayra__alerts_destroy(alerts);
	if (t)
		tayra_destroy(t);
	if (pace)
		tayra_pace_destroy(pace);
	return status != TAYRA_OK;
}
