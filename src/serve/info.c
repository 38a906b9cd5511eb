/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/info.h"

#include "base/clock.h"
#include "load/store.h"
#include "serve/forward.h"
#include "serve/state.h"
#include "serve/troubles.h"
#include "serve/warming.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CENSUS_NS TAYRA_NS_PER_S /* how old counts of keys may be: they cost a walk over all */

__attribute__((format(printf, 2, 3))) static void
line(struct tayra__buffer *out, const char *format, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text) - 2, format, args);
	va_end(args);
	if (len > (int)sizeof(text) - 3)
		len = (int)sizeof(text) - 3;
	memcpy(text + len, "\r\n", 2);
	tayra__buffer_append(out, text, (size_t)len + 2);
}

static void
number(struct tayra__buffer *out, const char *name, uint64_t value)
{
	line(out, "%s:%llu", name, (unsigned long long)value);
}

/* Resident memory of the process, 0 where /proc does not say. */
static uint64_t
resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%*s %llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
write_server(struct tayra__server *server, struct tayra__buffer *out)
{
	uint64_t up_s = (tayra__loop_now_ns(server->loop) - server->start_ns) / TAYRA_NS_PER_S;

	line(out, "redis_version:%s", TAYRA__SERVER_COMPATIBLE);
	line(out, "tayra_version:%s", tayra_version());
	line(out, "redis_mode:standalone");
	line(out, "arch_bits:%u", (unsigned)(8 * sizeof(void *)));
	line(out, "multiplexing_api:epoll");
	number(out, "process_id", (uint64_t)getpid());
	line(out, "listen:%s", server->address_text);
	number(out, "uptime_in_seconds", up_s);
	number(out, "uptime_in_days", up_s / 86400);
}

static void
write_clients(struct tayra__server *server, struct tayra__buffer *out)
{
	number(out, "connected_clients", server->clients);
	number(out, "maxclients", server->clients_max);
	number(out, "blocked_clients", 0);
}

static void
write_memory(struct tayra__server *server, struct tayra__buffer *out)
{
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	tayra_cache_stats(server->keyspace.cache, &stats);
	number(out, "used_memory",
	       stats.used_bytes + server->buffer_bytes + tayra__learning_bytes(server));
	number(out, "used_memory_rss", resident_bytes());
	number(out, "used_memory_dataset", stats.item_bytes);
	number(out, "maxmemory", server->memory_bytes);
	line(out, "maxmemory_policy:%s", tayra_policy_name(server->policy));
	number(out, "cache_memory_max", stats.memory_bytes);
	number(out, "client_buffers", server->buffer_bytes);
	number(out, "client_buffers_max", server->buffer_bytes_max);
	line(out, "mem_allocator:tayra");
}

static void
write_persistence(struct tayra__server *server, struct tayra__buffer *out)
{
	(void)server;
	number(out, "loading", 0);
	number(out, "rdb_bgsave_in_progress", 0);
	number(out, "aof_enabled", 0);
}

static void
write_stats(struct tayra__server *server, struct tayra__buffer *out)
{
	const struct tayra__server_counters *c = &server->counters;
	struct tayra_cache_stats stats = TAYRA_CACHE_STATS_INIT;

	tayra_cache_stats(server->keyspace.cache, &stats);
	number(out, "total_connections_received", c->connections);
	number(out, "total_commands_processed", c->commands);
	number(out, "total_net_input_bytes", c->input_bytes);
	number(out, "total_net_output_bytes", c->output_bytes);
	number(out, "rejected_connections", c->refused);
	number(out, "client_output_buffer_limit_disconnections", c->closed_for_buffers);
	number(out, "total_error_replies", c->errors);
	number(out, "expired_keys", stats.expirations);
	number(out, "evicted_keys", stats.evictions);
	number(out, "rejected_values", stats.rejections);
	number(out, "keyspace_hits", c->hits);
	number(out, "keyspace_misses", c->misses);
	number(out, "load_costs_learned", c->costs_learned);
	line(out, "load_cost_mean_ms:%.3f",
	     c->costs_learned ? (double)c->cost_ns / (double)c->costs_learned / 1e6 : 0.0);
}

static void
write_replication(struct tayra__server *server, struct tayra__buffer *out)
{
	(void)server;
	line(out, "role:master");
	number(out, "connected_slaves", 0);
}

static void
write_cpu(struct tayra__server *server, struct tayra__buffer *out)
{
	uint64_t cpu_ns = tayra__clock_process_cpu_ns();

	(void)server;
	line(out, "used_cpu_user_and_sys:%llu.%06llu",
	     (unsigned long long)(cpu_ns / TAYRA_NS_PER_S),
	     (unsigned long long)(cpu_ns % TAYRA_NS_PER_S / TAYRA_NS_PER_US));
}

static void
write_cluster(struct tayra__server *server, struct tayra__buffer *out)
{
	(void)server;
	number(out, "cluster_enabled", 0);
}

static void
write_keyspace(struct tayra__server *server, struct tayra__buffer *out)
{
	uint64_t now_ns = tayra__loop_now_ns(server->loop);

	if (server->census_ns == 0 || now_ns - server->census_ns > CENSUS_NS) {
		tayra__keyspace_census(&server->keyspace, &server->census);
		server->census_ns = now_ns;
	}
	for (unsigned db = 0; db < TAYRA__DATABASES; db++)
		if (server->census.keys[db])
			line(out, "db%u:keys=%llu,expires=%llu,avg_ttl=0", db,
			     (unsigned long long)server->census.keys[db],
			     (unsigned long long)server->census.expires[db]);
}

static void
write_forward(struct tayra__server *server, struct tayra__buffer *out)
{
	struct tayra__forward_stats stats;

	if (!server->forward)
		return;
	tayra__forward_stats(server->forward, &stats);
	line(out, "forward_target:%s", tayra__forward_target(server->forward));
	number(out, "forward_tracking", stats.tracking);
	line(out, "forward_trouble:%s", tayra__forward_trouble(server->forward));
	number(out, "forward_connections", stats.connections);
	number(out, "forward_requests", stats.requests);
	number(out, "forward_failed", stats.failed);
	number(out, "forward_kept", stats.kept);
	number(out, "forward_changes", stats.changes);
	number(out, "forward_tracking_lost", stats.lost);
}

static void
write_origin(struct tayra_pace *pace, const char *name, struct tayra__buffer *out)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	uint64_t queued = 0;

	tayra_pace_stats(pace, &stats);
	for (int cls = 0; cls < TAYRA_CLASSES; cls++)
		queued += stats.queued[cls];
	line(out, "origin_%.64s:limit=%.1f,running=%u,waiting=%llu,mean_ms=%.3f,reason=%s", name,
	     stats.limit, (unsigned)stats.inflight, (unsigned long long)queued,
	     (double)stats.service_mean_ns / 1e6, stats.reason);
}

static void
write_troubles(struct tayra__server *server, struct tayra__buffer *out)
{
	uint64_t now_ns = tayra__loop_now_ns(server->loop);
	struct tayra__trouble_seen seen;

	for (size_t n = 0; server->troubles; n++) {
		seen = tayra__troubles_get(server->troubles, n, now_ns);
		if (!seen.origin)
			return;
		line(out, "origin_%.64s_errors:%llu", seen.origin, (unsigned long long)seen.count);
		line(out, "origin_%.64s_last_error_s:%llu", seen.origin,
		     (unsigned long long)(seen.age_ns / TAYRA_NS_PER_S));
		line(out, "origin_%.64s_last_error:%s", seen.origin, seen.text);
	}
}

/* A prefix is any bytes: what would break the line is left out. */
static void
write_feed(size_t n, const struct tayra__feed_state *feed, struct tayra__buffer *out)
{
	const struct tayra_feed_stats *s = &feed->stats;
	char prefix[129];
	size_t len = 0;

	for (size_t i = 0; i < feed->source->prefix_count; i++) {
		if (i > 0 && len < sizeof(prefix) - 1)
			prefix[len++] = '|';
		for (const char *at = feed->source->prefixes[i]; *at && len < sizeof(prefix) - 1;
		     at++)
			prefix[len++] = *at > ' ' && *at < 127 && *at != ',' && *at != '|' ? *at
											   : '?';
	}
	prefix[len] = '\0';
	line(out,
	     "feed_%zu:origin=%.64s,prefix=%s,state=%s,since_s=%llu,changes=%llu,all_changed=%llu,"
	     "ignored=%llu,gaps=%llu",
	     n, feed->source->name, prefix, s->sound ? "hearing" : "blind",
	     (unsigned long long)(feed->since_ns / TAYRA_NS_PER_S), (unsigned long long)s->keys,
	     (unsigned long long)s->prefixes, (unsigned long long)s->ignored,
	     (unsigned long long)s->gaps);
	if (s->trouble[0])
		line(out, "feed_%zu_trouble:%s", n, s->trouble);
	if (s->untold[0])
		line(out, "feed_%zu_untold:%s", n, s->untold);
}

static void
write_feeds(struct tayra__server *server, struct tayra__buffer *out)
{
	uint64_t now_ns = tayra__loop_now_ns(server->loop);
	struct tayra__feed_state feed;

	for (size_t n = 0; (feed = tayra__feeds_get(&server->feeds, n, now_ns)).source; n++)
		write_feed(n + 1, &feed, out);
}

static void
write_loads(struct tayra__server *server, struct tayra__buffer *out)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;

	if (!server->routes)
		return;
	tayra_stats(server->handle, &stats);
	number(out, "loads", stats.loads);
	number(out, "load_failures", stats.load_errors);
	number(out, "loads_joined", stats.joined);
	number(out, "origin_writes", stats.writes);
	number(out, "origin_write_failures", stats.write_errors);
	number(out, "loads_inflight", stats.inflight);
	number(out, "loads_shed", stats.shed);
	number(out, "load_timeouts", stats.timeouts);
	number(out, "stale_replies", stats.stale_hits);
	number(out, "stale_at_once", stats.at_once);
	number(out, "stale_throttled", stats.throttled);
	number(out, "loads_rested", stats.rested);
	number(out, "absent_replies", stats.absent);
	for (size_t i = 0; i < server->pace_count; i++)
		if (server->pace_names)
			write_origin(server->paces[i], server->pace_names[i], out);
	write_troubles(server, out);
}

static void
write_tier(const char *name, const struct tayra_tier_stats *t, struct tayra__buffer *out)
{
	uint64_t gets = t->hits + t->misses;

	line(out,
	     "tier_%s:hits=%llu,misses=%llu,puts=%llu,refused=%llu,faults=%llu,damaged=%llu,out=%d",
	     name, (unsigned long long)t->hits, (unsigned long long)t->misses,
	     (unsigned long long)t->puts, (unsigned long long)t->refused,
	     (unsigned long long)t->io_errors, (unsigned long long)t->corrupt, t->out);
	line(out, "tier_%s_get_mean_ms:%.3f", name,
	     gets ? (double)t->read_ns / 1e6 / (double)gets : 0.0);
	line(out, "tier_%s_put_mean_ms:%.3f", name,
	     t->puts ? (double)t->write_ns / 1e6 / (double)t->puts : 0.0);
}

static void
write_warming(struct tayra__server *server, struct tayra__buffer *out)
{
	struct tayra__warming_state state;

	if (!server->warming)
		return;
	tayra__warming_state(server->warming, &state);
	number(out, "warm_running", state.running);
	number(out, "warm_keys", state.progress.count);
	number(out, "warm_done", state.progress.done);
	number(out, "warm_loaded", state.progress.loaded);
	number(out, "warm_present", state.progress.present);
	number(out, "warm_absent", state.progress.absent);
	number(out, "warm_failed", state.progress.failed);
	number(out, "warm_put_off", state.progress.put_off);
	number(out, "warm_unrouted", state.unrouted);
	number(out, "warm_elapsed_ms", state.progress.elapsed_ns / TAYRA_NS_PER_MS);
	number(out, "warm_left_ms", state.progress.left_ns / TAYRA_NS_PER_MS);
}

static void
write_tiers(struct tayra__server *server, struct tayra__buffer *out)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;

	tayra_stats(server->handle, &stats);
	if (server->tiers.file) {
		write_tier("file", &stats.file, out);
		number(out, "tier_file_items", stats.file.items);
		number(out, "tier_file_bytes", stats.file.bytes);
		number(out, "tier_file_limit_bytes", stats.file.limit_bytes);
	}
	if (server->tiers.remote) {
		write_tier("remote", &stats.remote, out);
		number(out, "tier_remote_read_bytes", stats.remote.read_bytes);
		number(out, "tier_remote_written_bytes", stats.remote.written_bytes);
		line(out, "tier_remote_leases:taken=%llu,waited_for=%llu,taken_over=%llu",
		     (unsigned long long)stats.leases, (unsigned long long)stats.lease_waits,
		     (unsigned long long)stats.lease_takeovers);
	}
}

static void
write_account(const char *name, const struct tayra_prefetch_account *a, struct tayra__buffer *out)
{
	line(out,
	     "prefetch_%s:would=%llu,issued=%llu,dropped=%llu,used=%llu,wasted=%llu,saved_ms=%.3f,"
	     "wasted_ms=%.3f,gated=%d",
	     name, (unsigned long long)a->would, (unsigned long long)a->issued,
	     (unsigned long long)a->dropped, (unsigned long long)a->used,
	     (unsigned long long)a->wasted, (double)a->saved_ns / 1e6, (double)a->wasted_ns / 1e6,
	     a->gated);
}

static void
write_switches(const struct tayra__server *server, struct tayra__buffer *out)
{
	char name[48], value[48];
	const char *row;

	for (size_t n = 0; (row = tayra__learning_name(n)); n++) {
		snprintf(name, sizeof(name), "%s", row + strlen("tayra-"));
		for (char *at = name; *at; at++)
			*at = *at == '-' ? '_' : *at;
		tayra__learning_read(server, n, value, sizeof(value));
		line(out, "%s:%s", strcmp(name, "learning") == 0 ? "policy_learning" : name, value);
	}
}

static void
write_learning(struct tayra__server *server, struct tayra__buffer *out)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct tayra_cache_stats cache = TAYRA_CACHE_STATS_INIT;

	write_switches(server, out);
	tayra_cache_stats(server->keyspace.cache, &cache);
	number(out, "policy_shards_learning", cache.learning_shards);
	number(out, "policy_shards_learned", cache.learned_shards);
	number(out, "policy_shards_lru", cache.lru_shards);
	if (!server->learning.possible)
		return;
	tayra_strategy_stats(server->handle, &stats);
	number(out, "learning_bytes", stats.learning_bytes);
	number(out, "learning_bytes_max", server->learning.bytes);
	number(out, "known_keys_max", stats.known_keys);
	number(out, "uses_told", stats.uses);
	number(out, "uses_lost", stats.uses_lost);
	number(out, "reloads_compared", stats.checks);
	number(out, "reloads_changed", stats.changed);
	if (isnan(stats.staleness))
		line(out, "staleness:unknown");
	else
		line(out, "staleness:%.6f", stats.staleness);
	number(out, "staleness_samples", stats.staleness_samples);
	if (!isnan(stats.staleness_sampled)) {
		line(out, "staleness_sampled:%.6f", stats.staleness_sampled);
		line(out, "staleness_sampled_lo:%.6f", stats.staleness_sampled_lo);
		line(out, "staleness_sampled_hi:%.6f", stats.staleness_sampled_hi);
	}
	number(out, "ttls_chosen", stats.ttls);
	line(out, "ttl_mean_ms:%.3f", stats.ttl_mean_ms);
	number(out, "ttl_fallbacks", stats.ttl_fallbacks);
	number(out, "ttl_fallen_back", stats.ttl_fallen_back);
	write_account("refresh", &stats.refresh, out);
	write_account("successors", &stats.successors, out);
	write_account("changes", &stats.changes, out);
	write_account("periodic", &stats.periodic, out);
	number(out, "hints", tayra__store_hints(server->handle));
}

static const struct section {
	const char *name, *title;
	void (*write)(struct tayra__server *server, struct tayra__buffer *out);
} sections[] = {
	{ "server", "Server", write_server },
	{ "clients", "Clients", write_clients },
	{ "memory", "Memory", write_memory },
	{ "persistence", "Persistence", write_persistence },
	{ "stats", "Stats", write_stats },
	{ "replication", "Replication", write_replication },
	{ "cpu", "CPU", write_cpu },
	{ "cluster", "Cluster", write_cluster },
	{ "forward", "Forward", write_forward },
	{ "loads", "Loads", write_loads },
	{ "warming", "Warming", write_warming },
	{ "feeds", "Feeds", write_feeds },
	{ "tiers", "Tiers", write_tiers },
	{ "learning", "Learning", write_learning },
	{ "keyspace", "Keyspace", write_keyspace },
};

static bool
is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

void
tayra__info_write(struct tayra__server *server, const char *section, size_t len,
		  struct tayra__buffer *out)
{
	bool all = is(section, len, "all") || is(section, len, "everything") ||
		   is(section, len, "default");

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (!all && !is(section, len, sections[i].name))
			continue;
		if (out->len > 0)
			tayra__buffer_append(out, "\r\n", 2);
		line(out, "# %s", sections[i].title);
		sections[i].write(server, out);
	}
}
