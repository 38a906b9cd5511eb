/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/limits.h"

#include <tayra/pace.h>

#include "base/mem.h"
#include "serve/state.h"
#include "watch/family.h"
#include "watch/registry.h"

#define STAT(member) offsetof(struct tayra_pace_stats, member)

#define NUMBER(title, kind, member, text)                                                          \
	{                                                                                          \
		.name = "tayra_limit" title, .sentence = text, .type = TAYRA__WATCH_GAUGE,         \
		.field = kind, .offset = STAT(member)                                              \
	}
#define SECONDS(title, member, text)                                                               \
	{                                                                                          \
		.name = "tayra_limit_" title "_seconds", .unit = "seconds", .sentence = text,      \
		.type = TAYRA__WATCH_GAUGE, .per_unit = 1e9, .field = TAYRA__WATCH_U64,            \
		.offset = STAT(member)                                                             \
	}
#define RATIO(title, member, text)                                                                 \
	{                                                                                          \
		.name = "tayra_limit_" title "_ratio", .unit = "ratio", .sentence = text,          \
		.type = TAYRA__WATCH_GAUGE, .field = TAYRA__WATCH_DOUBLE, .offset = STAT(member)   \
	}
#define COUNTS(title, member, text, ...)                                                           \
	{                                                                                          \
		.name = "tayra_limit_" title, .sentence = text, .type = TAYRA__WATCH_COUNTER,      \
		.field = TAYRA__WATCH_U64, .offset = STAT(member), .dims = {                       \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const char *const classes[] = { "critical", "high", "normal", "low", "background" };
static const char *const whys[] = { "full", "hopeless", "codel", "expired" };
static const char *const outcomes[] = {
	"ok", "timeout", "overload", "error", "ignore", "cancelled"
};
static const char *const moves[] = { "raised", "lowered", "held" };
static const char *const pressures[] = { "cpu", "memory", "cpu_stall", "memory_stall", "io_stall" };
_Static_assert(sizeof(classes) / sizeof(classes[0]) == TAYRA_CLASSES, "a name for each");
_Static_assert(sizeof(whys) / sizeof(whys[0]) == TAYRA_SHEDS, "a name for each");
_Static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == TAYRA_OUTCOMES, "a name for each");
_Static_assert(sizeof(pressures) / sizeof(pressures[0]) ==
		       sizeof(struct tayra_pressure) / sizeof(double),
	       "a name for each");
_Static_assert(STAT(held) == STAT(raised) + 2 * sizeof(uint64_t), "neighbours, for a label");

#define BY_CLASS(bytes)                                                                            \
	{                                                                                          \
		"class", classes, TAYRA_CLASSES, (bytes)                                           \
	}

static const struct tayra__watch_row rows[] = {
	NUMBER("", TAYRA__WATCH_DOUBLE, limit, "Loads at a time, now"),
	NUMBER("_learned", TAYRA__WATCH_DOUBLE, limit_learned,
	       "What is thought best, where the limit looks at levels around it"),
	NUMBER("_ceiling", TAYRA__WATCH_DOUBLE, ceiling,
	       "What the machine can bear just now; 0: no ceiling"),
	NUMBER("_running", TAYRA__WATCH_U32, inflight, "Slots in use"),
	{ .name = "tayra_limit_waiting",
	  .sentence = "Loads that wait for a slot",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = STAT(queued),
	  .dims = { BY_CLASS(sizeof(uint32_t)) } },
	COUNTS("admitted", admitted, "Loads let in", BY_CLASS(sizeof(uint64_t))),
	COUNTS("shed", shed, "Loads turned away: full queue, no hope, waited too long, expired",
	       BY_CLASS(TAYRA_SHEDS * sizeof(uint64_t)),
	       { "reason", whys, TAYRA_SHEDS, sizeof(uint64_t) }),
	COUNTS("shed_level", shed_level, "Loads turned away at the door for their level",
	       BY_CLASS(sizeof(uint64_t))),
	COUNTS("shed_memory", shed_memory,
	       "Loads of class background turned away while memory was scarce", { 0 }),
	COUNTS("outcomes", outcomes, "Loads that ended so",
	       { "outcome", outcomes, TAYRA_OUTCOMES, sizeof(uint64_t) }),
	COUNTS("decisions", raised, "Windows that ended so",
	       { "move", moves, 3, sizeof(uint64_t) }),
	NUMBER("_window_answers", TAYRA__WATCH_U32, window_answers, "In the last window: answers"),
	NUMBER("_window_per_s", TAYRA__WATCH_DOUBLE, window_per_s,
	       "In the last window: answers a second"),
	NUMBER("_window_running", TAYRA__WATCH_DOUBLE, window_inflight,
	       "In the last window: slots in use on average"),
	SECONDS("window_mean", window_mean_ns,
		"In the last window: mean time of loads begun and ended under one limit"),
	SECONDS("window_p90", window_p90_ns,
		"In the last window: nine loads in ten took no longer"),
	RATIO("window_error", window_error_ratio, "In the last window: share of errors"),
	SECONDS("service_mean", service_mean_ns, "Time of a load, smoothed"),
	{ .name = "tayra_limit_service_p95_seconds",
	  .unit = "seconds",
	  .sentence = "Nineteen loads in twenty take no longer",
	  .type = TAYRA__WATCH_GAUGE,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = STAT(service_p95_ns),
	  .dims = { BY_CLASS(sizeof(uint64_t)) } },
	NUMBER("_elasticity", TAYRA__WATCH_DOUBLE, elasticity,
	       "Of elasticity: percent of throughput that the last 1% more at once bought"),
	RATIO("knee_spread", knee_spread, "Of elasticity: how well the best limit is known"),
	SECONDS("base", base_ns, "Of vegas, bdp and gradient2: the latency they compare with"),
	NUMBER("_peak_per_s", TAYRA__WATCH_DOUBLE, peak_per_s, "Of bdp: the best rate"),
	{ .name = "tayra_limit_pressure_ratio",
	  .unit = "ratio",
	  .sentence = "What the sensor said at the end of the last window",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = STAT(pressure),
	  .dims = { { "of", pressures, 5, sizeof(double) } } },
};

static const struct tayra__watch_row change_row = {
	.name = "tayra_limit_changes",
	.sentence = "Changes of the limit, by their reason",
	.type = TAYRA__WATCH_COUNTER,
	.labels = { "origin", "reason" },
};

static void
read_stats(void *ctx, void *snapshot)
{
	struct tayra_pace_stats *stats = snapshot;

	stats->size = sizeof(*stats);
	tayra_pace_stats(ctx, stats);
}

static const struct tayra__watch_table table = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.instance_label = "origin",
	.snapshot_bytes = sizeof(struct tayra_pace_stats),
	.read = read_stats,
};

struct tayra__limits {
	const struct tayra__server *server;
	struct tayra__family *changes;
	uint64_t seen[]; /* of each pace */
};

int
tayra__limits_open(const struct tayra__server *server, struct tayra__registry *registry,
		   struct tayra__limits **out)
{
	struct tayra__limits *limits;
	int status = TAYRA_OK;

	*out = NULL;
	if (!server->pace_names || server->pace_count == 0)
		return TAYRA_OK;
	limits = tayra__mem_alloc(sizeof(*limits) + server->pace_count * sizeof(limits->seen[0]));
	if (!limits)
		return TAYRA_E_NOMEM;
	limits->server = server;
	for (size_t i = 0; i < server->pace_count && status == TAYRA_OK; i++)
		status = tayra__registry_add_table(registry, &table, server->pace_names[i],
						   server->paces[i]);
	if (status == TAYRA_OK)
		status = tayra__registry_add_family(registry, &change_row, TAYRA__FAMILY_SERIES_MAX,
						    &limits->changes);
	if (status == TAYRA_OK)
		*out = limits;
	else
		tayra__mem_free(limits);
	return status;
}

void
tayra__limits_close(struct tayra__limits *limits)
{
	tayra__mem_free(limits);
}

void
tayra__limits_tick(struct tayra__limits *limits)
{
	struct tayra_pace_change changes[TAYRA_PACE_CHANGES];

	for (size_t i = 0; limits && i < limits->server->pace_count; i++) {
		size_t n = tayra_pace_changes(limits->server->paces[i], &limits->seen[i], changes,
					      TAYRA_PACE_CHANGES);

		for (size_t c = 0; c < n; c++) {
			const char *const values[] = { limits->server->pace_names[i],
						       changes[c].reason };

			tayra__series_add(tayra__family_series(limits->changes, values), 1);
		}
	}
}
