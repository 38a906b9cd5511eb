/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/monitor.h"

#include <tayra/base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/socket.h"
#include "serve/figures.h"
#include "serve/limits.h"
#include "serve/state.h"
#include "serve/status_page.h"
#include "watch/alert_set.h"
#include "watch/family.h"
#include "watch/page.h"
#include "watch/registry.h"

#define ALERT_NS TAYRA_NS_PER_S
#define STUCK_NS (5 * TAYRA_NS_PER_S) /* without a tick, of which there are ten a second */
#define TURNS    (TAYRA__COMMAND_GROUPS + 1)
#define MIXED    TAYRA__COMMAND_GROUPS /* among turns */

struct tayra__monitor {
	struct tayra__server *server;
	struct tayra *handle;
	const struct tayra_clock *clock;
	struct tayra__registry *registry;
	struct tayra__watch_table table; /* of the figures */
	struct tayra__watch_row rows[TAYRA__FIGURE_ROWS];
	struct tayra__series *turns[TURNS], *costs;
	struct tayra__limits *limits;
	struct tayra__alert_set alerts;
	bool has_rules;
	uint64_t evaluated_ns;
	struct tayra__admin *admin;
	struct tayra__page page;
	char text[128];

	/* When the loop last ticked, on the clock; relaxed: it orders nothing. */
	_Atomic uint64_t ticked_ns;
	pthread_mutex_t lock; /* of what follows */
	struct tayra__figures figures;
};

static const struct tayra__watch_row turn_row = {
	.name = "tayra_turn_seconds",
	.unit = "seconds",
	.sentence = "From when a client's commands were found waiting until their replies were "
		    "sent, by the commands' group",
	.type = TAYRA__WATCH_HISTOGRAM,
	.per_unit = 1e9,
	.labels = { "group" },
};
static const struct tayra__watch_row cost_row = {
	.name = "tayra_load_cost_seconds",
	.unit = "seconds",
	.sentence = "Time clients took to bring what they had missed",
	.type = TAYRA__WATCH_HISTOGRAM,
	.per_unit = 1e9,
};

#define HIT_RATIO                                                                                  \
	{                                                                                          \
		"Hit ratio", "Keys asked for that were there", "ratio",                            \
			{ .metric = "tayra_hits" },                                                \
		{                                                                                  \
			.metric = "tayra_lookups"                                                  \
		}                                                                                  \
	}
#define LATENCY                                                                                    \
	{                                                                                          \
		"Latency",                                                                         \
			"Until 99 of 100 commands are answered; of the group (below) that takes "  \
			"longest",                                                                 \
			"seconds",                                                                 \
		{                                                                                  \
			.metric = "tayra_turn_seconds", .quantile = 0.99                           \
		}                                                                                  \
	}
#define MEMORY                                                                                     \
	{                                                                                          \
		"Memory", "In use by cache and connections", "bytes",                              \
		{                                                                                  \
			.metric = "tayra_memory_used_bytes"                                        \
		}                                                                                  \
	}
#define CONNECTIONS                                                                                \
	{                                                                                          \
		"Connections", "Clients connected now", NULL,                                      \
		{                                                                                  \
			.metric = "tayra_connections"                                              \
		}                                                                                  \
	}

static const struct tayra__headline headlines[] = {
	HIT_RATIO,
	LATENCY,
	{ "Load cost",
	  "Time clients take to bring what they missed, on average",
	  "seconds",
	  { .metric = "tayra_load_cost_seconds" } },
	MEMORY,
	CONNECTIONS,
};

/* With routes it is origins that bring what is missed. */
static const struct tayra__headline route_headlines[] = {
	HIT_RATIO,
	LATENCY,
	{ "Loads a second",
	  "Values asked of origins",
	  NULL,
	  { .metric = "tayra_loads" },
	  { .metric = "tayra_uptime_seconds" } },
	{ "Origin time",
	  "What a load takes, on average",
	  "seconds",
	  { .metric = "tayra_load_seconds" },
	  { .metric = "tayra_loads" } },
	{ "Failed loads",
	  "Share of loads that ended with an error",
	  "ratio",
	  { .metric = "tayra_load_failures" },
	  { .metric = "tayra_loads" } },
	{ "Stale answers",
	  "Share of keys asked for that were answered with a value past its ttl",
	  "ratio",
	  { .metric = "tayra_stale_replies" },
	  { .metric = "tayra_lookups" } },
	{ "Limit",
	  "Loads that origins may work on at once",
	  NULL,
	  { .metric = "tayra_load_limit" } },
	MEMORY,
	CONNECTIONS,
};
static const struct tayra__page_link links[] = {
	{ "./patterns", "How keys are used." },
	{ "./patterns.json", "That as JSON." },
};

static void
read_figures(void *ctx, void *snapshot)
{
	struct tayra__monitor *monitor = ctx;

	pthread_mutex_lock(&monitor->lock);
	memcpy(snapshot, &monitor->figures, sizeof(monitor->figures));
	pthread_mutex_unlock(&monitor->lock);
}

/* Admin's thread. */
static bool
is_healthy(void *ctx, char *why, size_t size)
{
	struct tayra__monitor *monitor = ctx;
	uint64_t ticked_ns = atomic_load_explicit(&monitor->ticked_ns, memory_order_relaxed);
	uint64_t now_ns = tayra__clock_mono_ns(monitor->clock);

	if (now_ns < ticked_ns + STUCK_NS)
		return true;
	snprintf(why, size, "the server has not moved for %llu s",
		 (unsigned long long)((now_ns - ticked_ns) / TAYRA_NS_PER_S));
	return false;
}

/* Admin's thread, which asks the handle and not the server: any thread may. */
static int
write_patterns(void *ctx, enum tayra_patterns_format format, FILE *out)
{
	const struct tayra__monitor *monitor = ctx;

	return tayra_patterns_write(monitor->handle, format, out);
}

static int
add_families(struct tayra__monitor *monitor)
{
	static const char *const mixed = "mixed";
	struct tayra__family *turns, *costs;
	int status = tayra__registry_add_family(monitor->registry, &turn_row, TURNS, &turns);

	if (status == TAYRA_OK)
		status = tayra__registry_add_family(monitor->registry, &cost_row, 0, &costs);
	if (status != TAYRA_OK)
		return status;
	for (size_t i = 0; i < TAYRA__COMMAND_GROUPS; i++)
		monitor->turns[i] = tayra__family_series(turns, &tayra__command_groups[i]);
	monitor->turns[MIXED] = tayra__family_series(turns, &mixed);
	monitor->costs = tayra__family_series(costs, NULL);
	return TAYRA_OK;
}

static int
add_all(struct tayra__monitor *monitor, const struct tayra__server_options *options, char *error,
	size_t error_len)
{
	const struct tayra__alert_set_plan alerts = {
		.rules = options->alert_rules,
		.places = options->alert_places,
		.rule_count = options->alert_rule_count,
		.execs = options->alert_execs,
		.exec_count = options->alert_exec_count,
		.webhooks = options->alert_webhooks,
		.webhook_count = options->alert_webhook_count,
		.actions = options->alert_actions,
		.action_count = options->alert_action_count,
	};
	int status = tayra__registry_create(&monitor->registry);

	monitor->has_rules = options->alert_rule_count > 0;
	if (status == TAYRA_OK)
		status = tayra__registry_add_table(monitor->registry, &monitor->table, NULL,
						   monitor);
	if (status == TAYRA_OK)
		status = add_families(monitor);
	if (status == TAYRA_OK)
		status = tayra__limits_open(monitor->server, monitor->registry, &monitor->limits);
	if (status != TAYRA_OK)
		return status;
	return tayra__alert_set_open(&monitor->alerts, monitor->registry, &alerts, error,
				     error_len);
}

static int
start_admin(struct tayra__monitor *monitor, const struct tayra__address *address)
{
	struct tayra__admin_options options = {
		.registry = monitor->registry,
		.page = &monitor->page,
		.clock = monitor->clock,
		.healthy = is_healthy,
		.patterns = monitor->page.link_count ? write_patterns : NULL,
		.ctx = monitor,
	};
	char url[TAYRA__STATUS_PAGE_URL];
	int status = tayra__status_page_open(address, &options, &monitor->admin, url);

	if (status == TAYRA_OK)
		snprintf(monitor->text, sizeof(monitor->text), "status at %s", url);
	return status;
}

static int
open_page(struct tayra__monitor *monitor, const struct tayra__server_options *options, char *error,
	  size_t error_len)
{
	struct tayra__address address;
	char why[256];
	int status = tayra__status_page_address(options->admin, &address, why, sizeof(why));

	if (status != TAYRA_OK) {
		snprintf(error, error_len, "status page: %s", why);
		return status;
	}
	if (options->check) {
		snprintf(monitor->text, sizeof(monitor->text), "status at http://%s/%s",
			 options->admin, options->admin_if_free ? " if that is free" : "");
		return TAYRA_OK;
	}
	status = start_admin(monitor, &address);
	if (status == TAYRA_OK || status == TAYRA_E_NOMEM)
		return status;
	if (status == TAYRA_E_UNSUPPORTED)
		snprintf(monitor->text, sizeof(monitor->text),
			 "no status page: built without libmicrohttpd");
	else
		snprintf(monitor->text, sizeof(monitor->text), "no status page: %s: %m",
			 options->admin);
	snprintf(error, error_len, "%s", monitor->text);
	return options->admin_if_free ? TAYRA_OK : status;
}

int
tayra__monitor_create(struct tayra__server *server, const struct tayra__server_options *options,
		      char *error, size_t error_len, struct tayra__monitor **out)
{
	struct tayra__monitor *monitor;
	int status;

	*out = NULL;
	if (!options->admin && options->alert_rule_count == 0)
		return TAYRA_OK;
	monitor = tayra__mem_alloc(sizeof(*monitor));
	if (!monitor)
		return TAYRA_E_NOMEM;
	monitor->server = server;
	monitor->clock = server->clock;
	monitor->handle = server->handle;
	monitor->page = (struct tayra__page){
		.title = "tayra serve",
		.headlines = server->routes ? route_headlines : headlines,
		.headline_count = server->routes
					  ? sizeof(route_headlines) / sizeof(route_headlines[0])
					  : sizeof(headlines) / sizeof(headlines[0]),
		.links = links,
		.link_count = server->learning.possible ? sizeof(links) / sizeof(links[0]) : 0,
	};
	tayra__figures_rows(server, monitor->rows);
	monitor->table = (struct tayra__watch_table){
		.rows = monitor->rows,
		.row_count = tayra__figure_row_count,
		.snapshot_bytes = sizeof(struct tayra__figures),
		.read = read_figures,
	};
	pthread_mutex_init(&monitor->lock, NULL);
	tayra__monitor_tick(monitor);
	status = add_all(monitor, options, error, error_len);
	if (status == TAYRA_OK && options->admin)
		status = open_page(monitor, options, error, error_len);
	if (status != TAYRA_OK) {
		tayra__monitor_destroy(monitor);
		return status;
	}
	error[0] = '\0';
	*out = monitor;
	return TAYRA_OK;
}

void
tayra__monitor_destroy(struct tayra__monitor *monitor)
{
	if (!monitor)
		return;
	tayra__admin_destroy(monitor->admin);
	tayra__registry_destroy(monitor->registry);
	tayra__limits_close(monitor->limits);
	tayra__alert_set_close(&monitor->alerts);
	pthread_mutex_destroy(&monitor->lock);
	tayra__mem_free(monitor);
}

void
tayra__monitor_tick(struct tayra__monitor *monitor)
{
	struct tayra__figures figures;
	uint64_t now_ns;

	tayra__figures_take(monitor->server, &figures);
	tayra__limits_tick(monitor->limits);
	now_ns = figures.taken_ns;
	pthread_mutex_lock(&monitor->lock);
	monitor->figures = figures;
	pthread_mutex_unlock(&monitor->lock);
	atomic_store_explicit(&monitor->ticked_ns, now_ns, memory_order_relaxed);
	if (!monitor->has_rules || now_ns < monitor->evaluated_ns + ALERT_NS)
		return;
	monitor->evaluated_ns = now_ns;
	tayra__alerts_evaluate(monitor->alerts.alerts, now_ns,
			       tayra__clock_wall_ms(monitor->clock));
}

void
tayra__monitor_turn(struct tayra__monitor *monitor, uint32_t groups, uint64_t took_ns)
{
	unsigned at = groups & (groups - 1) ? MIXED : (unsigned)__builtin_ctz(groups);

	tayra__series_observe(monitor->turns[at], took_ns);
}

void
tayra__monitor_cost(struct tayra__monitor *monitor, uint64_t cost_ns)
{
	tayra__series_observe(monitor->costs, cost_ns);
}

const char *
tayra__monitor_text(const struct tayra__monitor *monitor)
{
	return monitor ? monitor->text : "";
}
