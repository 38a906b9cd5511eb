/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/figures.h"

#include "serve/state.h"
#include "watch/row.h"

#include <math.h>
#include <string.h>

#define COUNTER(title, member, text)                                                               \
	{                                                                                          \
		.name = "tayra_" title, .sentence = text, .type = TAYRA__WATCH_COUNTER,            \
		.field = TAYRA__WATCH_U64, .offset = offsetof(struct tayra__figures, member)       \
	}
#define GAUGE(title, member, text)                                                                 \
	{                                                                                          \
		.name = "tayra_" title, .sentence = text, .type = TAYRA__WATCH_GAUGE,              \
		.field = TAYRA__WATCH_U64, .offset = offsetof(struct tayra__figures, member)       \
	}

static const char *const parts[] = { "items", "overhead", "connections", "learning", "free" };
enum part { ITEMS, OVERHEAD, CONNECTIONS, LEARNING, FREE };
static const char *const sources[] = { "refresh", "successors", "changes", "periodic" };
_Static_assert(offsetof(struct tayra_strategy_stats, periodic) ==
		       offsetof(struct tayra_strategy_stats, refresh) +
			       3 * sizeof(struct tayra_prefetch_account),
	       "neighbours, for a label");
_Static_assert(sizeof(parts) / sizeof(parts[0]) == TAYRA__FIGURES_PARTS, "a name for each");

static const char *const tiers[] = { "file", "remote" };

#define BY_TIER                                                                                    \
	{                                                                                          \
		"tier", tiers, 2,                                                                  \
			offsetof(struct tayra_stats, remote) - offsetof(struct tayra_stats, file)  \
	}
#define TIER(title, member, kind, text)                                                            \
	{                                                                                          \
		.name = "tayra_tier_" title, .sentence = text, .type = kind,                       \
		.field = TAYRA__WATCH_U64,                                                         \
		.offset = offsetof(struct tayra__figures, loads.file.member), .dims = {            \
			BY_TIER                                                                    \
		}                                                                                  \
	}

const struct tayra__watch_row tayra__figure_rows[] = {
	COUNTER("lookups", lookups, "Keys that reading commands asked for"),
	COUNTER("hits", hits, "Keys that reading commands found"),
	COUNTER("loads", loads.loads, "Values asked of an origin"),
	COUNTER("load_failures", loads.load_errors, "Loads that ended with an error"),
	{ .name = "tayra_load_seconds",
	  .unit = "seconds",
	  .sentence = "Time that finished loads took, in all",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, loads.load_ns) },
	COUNTER("loads_joined", loads.joined, "Requests that waited for somebody else's load"),
	COUNTER("stale_replies", loads.stale_hits,
		"Requests answered with a value past its ttl, for want of a newer one"),
	COUNTER("stale_at_once", loads.at_once,
		"Of those, given without waiting for the load under way"),
	COUNTER("stale_throttled", loads.throttled,
		"Of those, given because a load of the key, or of its group, had failed"),
	COUNTER("loads_rested", loads.rested,
		"Loads not begun because their group of keys rests after failures"),
	COUNTER("absent_replies", loads.absent,
		"Requests answered from memory of what an origin has not, or failed to bring"),
	COUNTER("origin_writes", loads.writes, "Values that a SET has brought to an origin"),
	COUNTER("origin_write_failures", loads.write_errors, "Of those, not taken"),
	COUNTER("loads_shed", loads.shed, "Requests refused because an origin had no room"),
	COUNTER("load_timeouts", loads.timeouts, "Requests that got no answer in time"),
	GAUGE("loads_running", limit_held, "Loads that origins work on now"),
	GAUGE("loads_waiting", limit_queued, "Loads that wait for their turn at an origin"),
	{ .name = "tayra_load_limit",
	  .sentence = "Loads that origins may work on at once, in all, as learned or given",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = offsetof(struct tayra__figures, limit) },
	COUNTER("forward_requests", forward.requests, "Commands sent on to the Redis behind"),
	COUNTER("forward_failures", forward.failed,
		"Commands answered with an error for want of the Redis behind"),
	COUNTER("forward_kept", forward.kept, "Values of the Redis behind that were kept"),
	COUNTER("forward_changes", forward.changes, "Keys the Redis behind said have changed"),
	GAUGE("forward_tracking", forward.tracking,
	      "1: it is known what changes in the Redis behind, and memory is answered from"),
	COUNTER("forward_tracking_lost", forward.lost,
		"Times that was lost, and memory cleared because of it"),
	GAUGE("forward_connections", forward.connections, "Connections to the Redis behind"),
	GAUGE("feeds", feeds.feeds, "Change feeds of origins"),
	GAUGE("feeds_blind", feeds.blind, "Of those, that hear nothing now"),
	COUNTER("feed_changes", feeds.keys, "Keys that feeds said have changed"),
	COUNTER("feed_all_changed", feeds.prefixes,
		"Times a feed said that all it covers may have changed"),
	COUNTER("feed_ignored", feeds.ignored, "Told by feeds of keys they do not cover"),
	COUNTER("feed_gaps", feeds.gaps, "Times a feed may have missed something"),
	TIER("hits", hits, TAYRA__WATCH_COUNTER, "Values found in a tier below memory"),
	TIER("misses", misses, TAYRA__WATCH_COUNTER, "Keys looked for there and not found"),
	TIER("puts", puts, TAYRA__WATCH_COUNTER, "Values kept there"),
	TIER("refused", refused, TAYRA__WATCH_COUNTER, "Values it did not keep"),
	TIER("items", items, TAYRA__WATCH_GAUGE, "Values there, where that is known"),
	TIER("faults", io_errors, TAYRA__WATCH_COUNTER, "Reads and writes that failed"),
	TIER("damaged", corrupt, TAYRA__WATCH_COUNTER, "Values found damaged, and missed"),
	COUNTER("leases", loads.leases,
		"Keys that this server was given to load, of all that share the remote tier"),
	COUNTER("lease_waits", loads.lease_waits, "Keys waited for that another server loaded"),
	COUNTER("lease_takeovers", loads.lease_takeovers,
		"Of those, keys loaded here in the end: the other failed or was too slow"),
	GAUGE("items", cache.items, "Items in memory"),
	{ .name = "tayra_memory_used_bytes",
	  .unit = "bytes",
	  .sentence = "Memory in use by cache, connections and learning",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, memory_used) },
	{ .name = "tayra_memory_max_bytes",
	  .unit = "bytes",
	  .sentence = "Memory that all of these may use",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, memory_max) },
	{ .name = "tayra_memory_bytes",
	  .unit = "bytes",
	  .sentence = "Memory by part: keys and values, what keeping them takes, what connections "
		      "have unread or unsent, what is learned, and what may still be used",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, memory),
	  .dims = { { "part", parts, TAYRA__FIGURES_PARTS, sizeof(uint64_t) } } },
	COUNTER("evictions", cache.evictions, "Items removed to make room"),
	COUNTER("expirations", cache.expirations, "Items removed because their time was over"),
	COUNTER("rejections", cache.rejections, "Values the cache had no room for"),
	{ .name = "tayra_uptime_seconds",
	  .unit = "seconds",
	  .sentence = "Since the server began to listen",
	  .type = TAYRA__WATCH_GAUGE,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, up_ns) },
	GAUGE("connections", clients, "Clients connected now"),
	GAUGE("connections_max", clients_max, "Clients that may be connected at once"),
	COUNTER("connections_accepted", connections, "Connections that clients made"),
	COUNTER("connections_refused", refused, "Connections refused: too many, or no memory"),
	COUNTER("connections_dropped", closed_for_buffers,
		"Connections closed because of what they left unread or half sent"),
	{ .name = "tayra_commands",
	  .sentence = "Commands executed, by group",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, commands),
	  .dims = { { "group", tayra__command_groups, TAYRA__COMMAND_GROUPS, sizeof(uint64_t) } } },
	COUNTER("error_replies", errors, "Replies that were errors"),
	{ .name = "tayra_received_bytes",
	  .unit = "bytes",
	  .sentence = "Received from clients",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, input_bytes) },
	{ .name = "tayra_sent_bytes",
	  .unit = "bytes",
	  .sentence = "Sent to clients",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, output_bytes) },
	COUNTER("load_costs_learned", costs_learned,
		"Values set by a client after it had missed them: how long that took is their "
		"cost"),
	COUNTER("reloads_compared", learned.checks,
		"Loads whose bytes were compared with what was there before"),
	COUNTER("reloads_changed", learned.changed, "Of those, with other bytes"),
	{ .name = "tayra_staleness_ratio",
	  .unit = "ratio",
	  .sentence = "Share of answers older than the truth, lately, as estimated from reloads",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = offsetof(struct tayra__figures, learned.staleness) },
	COUNTER("staleness_samples", learned.staleness_samples,
		"Answers asked for again to see whether they were stale"),
	COUNTER("staleness_samples_stale", learned.staleness_samples_stale, "Of those, stale"),
	{ .name = "tayra_staleness_budget_ratio",
	  .unit = "ratio",
	  .sentence = "What that share may be while times to live are learned",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = offsetof(struct tayra__figures, staleness_budget) },
	COUNTER("ttls_chosen", learned.ttls,
		"Times to live chosen, or that would have been were that switch on"),
	COUNTER("ttl_fallbacks", learned.ttl_fallbacks,
		"Times staleness passed its budget and configured times to live became the "
		"longest"),
	{ .name = "tayra_prefetch_would",
	  .sentence = "Loads ahead that were only noted: in monitor, or when they did not pay",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.would),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_issued",
	  .sentence = "Loads begun before anybody asked",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.issued),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_used",
	  .sentence = "Of those, or of those noted, asked for in time",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.used),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_wasted",
	  .sentence = "The same, not asked for in time",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.wasted),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_dropped",
	  .sentence = "Loads ahead that an origin had no room for, or that failed",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.dropped),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_gatings",
	  .sentence = "Times loading ahead was switched off for costing more than it saves",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.gatings),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_saved_seconds",
	  .unit = "seconds",
	  .sentence = "Waiting that loads ahead saved",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.saved_ns),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_prefetch_wasted_origin_seconds",
	  .unit = "seconds",
	  .sentence = "Work of origins for loads ahead that nobody used",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.refresh.wasted_ns),
	  .dims = { { "source", sources, 4, sizeof(struct tayra_prefetch_account) } } },
	{ .name = "tayra_policy_shards_learned",
	  .sentence = "Parts of memory that policy tayra evicts from by what it learned",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = offsetof(struct tayra__figures, cache.learned_shards) },
	{ .name = "tayra_learning_bytes",
	  .unit = "bytes",
	  .sentence = "Memory that learning of keys takes",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct tayra__figures, learned.learning_bytes) },
};

const size_t tayra__figure_row_count = sizeof(tayra__figure_rows) / sizeof(tayra__figure_rows[0]);

_Static_assert(sizeof(tayra__figure_rows) / sizeof(tayra__figure_rows[0]) <= TAYRA__FIGURE_ROWS,
	       "room for all");

#define FROM(member)   offsetof(struct tayra__figures, member)
#define BEHIND(member) (FROM(member) + sizeof(((struct tayra__figures *)0)->member))

/* The tier's rows without the one that is not there. */
static void
keep_tiers(struct tayra__watch_row *row, const struct tayra__tiers *there)
{
	row->absent = !tayra__tiers_any(there);
	if (row->absent || (there->file && there->remote))
		return;
	row->dims[0].count = 1;
	if (there->file)
		return;
	row->dims[0].values++;
	row->offset += row->dims[0].stride;
}

void
tayra__figures_rows(const struct tayra__server *server, struct tayra__watch_row *out)
{
	const struct {
		size_t from, behind;
		bool there;
	} subjects[] = {
		{ FROM(forward), BEHIND(forward), server->forward != NULL },
		{ FROM(feeds), BEHIND(feeds), server->feeds.count > 0 },
		{ FROM(loads), FROM(loads.file), server->routes != NULL },
		{ FROM(loads.at_once), BEHIND(loads), server->routes != NULL },
		{ FROM(loads.leases), BEHIND(loads.lease_takeovers),
		  server->routes != NULL && server->tiers.remote != NULL },
		{ FROM(limit), BEHIND(limit_queued), server->routes != NULL },
		{ FROM(learned), BEHIND(staleness_budget), server->learning.possible },
	};

	memcpy(out, tayra__figure_rows, sizeof(tayra__figure_rows));
	for (struct tayra__watch_row *row = out; row < out + tayra__figure_row_count; row++) {
		if (row->offset >= FROM(loads.file) && row->offset < BEHIND(loads.remote))
			keep_tiers(row, &server->tiers);
		for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
			if (row->offset >= subjects[i].from && row->offset < subjects[i].behind)
				row->absent = !subjects[i].there;
	}
}

static void
take_memory(const struct tayra__server *server, struct tayra__figures *out)
{
	out->memory_used = out->cache.used_bytes + server->buffer_bytes +
			   out->learned.learning_bytes;
	out->memory_max = server->memory_bytes;
	out->memory[ITEMS] = out->cache.item_bytes;
	out->memory[OVERHEAD] = out->cache.used_bytes - out->cache.item_bytes;
	out->memory[CONNECTIONS] = server->buffer_bytes;
	out->memory[LEARNING] = out->learned.learning_bytes;
	out->memory[FREE] = out->memory_max > out->memory_used ? out->memory_max - out->memory_used
							       : 0;
}

static void
take_limits(const struct tayra__server *server, struct tayra__figures *out)
{
	for (size_t i = 0; i < server->pace_count; i++) {
		struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

		tayra_pace_stats(server->paces[i], &stats);
		out->limit += stats.limit;
		out->limit_held += stats.inflight;
		for (int cls = 0; cls < TAYRA_CLASSES; cls++)
			out->limit_queued += stats.queued[cls];
	}
}

static void
take_learned(const struct tayra__server *server, struct tayra__figures *out)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;

	out->learned = (struct tayra_strategy_stats)TAYRA_STRATEGY_STATS_INIT;
	out->learned.staleness = out->staleness_budget = (double)NAN;
	if (!server->learning.possible)
		return;
	tayra_strategy_stats(server->handle, &out->learned);
	tayra_strategy_get(server->handle, &strategy);
	out->staleness_budget = strategy.staleness_budget;
}

void
tayra__figures_take(const struct tayra__server *server, struct tayra__figures *out)
{
	const struct tayra__server_counters *c = &server->counters;
	uint64_t now_ns = tayra__loop_now_ns(server->loop);

	*out = (struct tayra__figures){
		.taken_ns = now_ns,
		.up_ns = now_ns - server->start_ns,
		.clients = server->clients,
		.clients_max = server->clients_max,
		.connections = c->connections,
		.refused = c->refused,
		.closed_for_buffers = c->closed_for_buffers,
		.errors = c->errors,
		.input_bytes = c->input_bytes,
		.output_bytes = c->output_bytes,
		.lookups = c->hits + c->misses,
		.hits = c->hits,
		.costs_learned = c->costs_learned,
		.loads = TAYRA_STATS_INIT,
	};
	memcpy(out->commands, c->by_group, sizeof(out->commands));
	tayra_stats(server->handle, &out->loads);
	out->cache = out->loads.cache;
	take_limits(server, out);
	take_learned(server, out);
	take_memory(server, out);
	out->feeds = tayra__feeds_figures(&server->feeds);
	if (server->forward)
		tayra__forward_stats(server->forward, &out->forward);
}
