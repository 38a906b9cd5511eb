/* SPDX-License-Identifier: Apache-2.0
 *
 * knob_tables.c: everything that can be configured.
 */
#include "pace/knobs.h"
#include "serve/settings.h"

#include <stddef.h>

/* What "off" means: of a duration, and of a share, where it rounds to none. */
#define OFF   (double)TAYRA_OFF
#define NEVER 1e-12

static const char *const policies[] = { "s3fifo", "lru", "tayra", NULL }; /* in their order */
static const char *const objectives[] = { "requests", "bytes", "cost", NULL };
static const char *const learnings[] = { "on", "monitor", "off", NULL };
static const char *const switches[] = { "on", "off", NULL };
static const char *const modes[] = { "off", "monitor", "on", NULL };
static const char *const presets[] = { "general", "embeddings", "search_results", "pages", NULL };
static const char *const forgets[] = { "stale", "delete", NULL };
static const char *const shapes[] = { "raw", "row", "json", NULL };
static const char *const classes[] = { "critical", "high", "normal", "low", "background", NULL };

#define OF(member) offsetof(struct tayra__settings, member)

const struct tayra__knob tayra__server_knobs[] = {
	{ "listen", TAYRA__KNOB_TEXT, OF(server.listen), "ADDRESS:PORT", 0, 0, NULL, 0,
	  "127.0.0.1:6379",
	  "where clients connect; port 0 takes a free one; an address that other machines can "
	  "reach needs a password" },
	{ "memory", TAYRA__KNOB_BYTES, OF(server.memory_bytes), "BYTES", 0, 0, NULL, 0, "256M",
	  "of cache and connections together, at least 8M; an eighth is for connections" },
	{ "admin", TAYRA__KNOB_TEXT, OF(admin), "ADDRESS:PORT|off", 0, 0, NULL, 0,
	  "127.0.0.1:9121 if that is free",
	  "status page, /metrics (OpenMetrics), /metrics.json and /healthz over HTTP, on the "
	  "loopback alone" },
	{ "forward", TAYRA__KNOB_SECRET, OF(server.forward), "URL", 0, 0, NULL, 0, "none",
	  "stand in front of the Redis at redis://[user[:password]@]host[:port] or unix:///path: "
	  "it "
	  "executes all commands, GET and MGET are answered from memory where that is known to be "
	  "right; others on this machine can read a command line, so better the environment "
	  "variable TAYRA_FORWARD, or a configuration" },
	{ "file_tier", TAYRA__KNOB_PATH, OF(server.file_tier), "DIRECTORY", 0, 0, NULL, 0, "none",
	  "what memory lets go is kept in this directory, and served after a restart" },
	{ "file_tier_limit", TAYRA__KNOB_BYTES, OF(server.file_tier_bytes), "BYTES", 0, 0, NULL, 0,
	  "1G", "of that directory, on disk" },
	{ "remote_tier", TAYRA__KNOB_SECRET, OF(server.remote_tier), "URL", 0, 0, NULL, 0, "none",
	  "values are kept in the Redis at redis://[user[:password]@]host[:port][/db] too, which "
	  "several servers may share" },
	{ "remote_tier_lease", TAYRA__KNOB_NANOSECONDS, OF(server.remote_lease_ns), "DURATION|off",
	  1e6, 3.6e12, NULL, 0, "2s",
	  "of servers that share a remote tier one loads a key, and the others wait for it; so "
	  "long, "
	  "should it die",
	  "off", 1 },
	{ "policy", TAYRA__KNOB_CHOICE, OF(policy), "s3fifo|lru|tayra", 0, 0, policies,
	  TAYRA_POLICY_S3FIFO, "s3fifo", "what goes when memory is full" },
	{ "objective", TAYRA__KNOB_CHOICE, OF(objective), "requests|bytes|cost", 0, 0, objectives,
	  TAYRA_OBJECTIVE_REQUESTS, "requests",
	  "what policy tayra saves: misses, missed bytes, or the time that loading takes" },
	{ "learning", TAYRA__KNOB_CHOICE, OF(learning), "on|monitor|off", 0, 0, learnings,
	  TAYRA_LEARNING_ON, "on",
	  "policy tayra: evict by what it learns, learn and compare only, or do neither" },
	{ "requirepass", TAYRA__KNOB_SECRET, OF(password), "PASSWORD", 0, TAYRA__PASSWORD_MAX, NULL,
	  0, "none",
	  "clients must AUTH; others on this machine can read a command line, so better the "
	  "environment variable TAYRA_PASSWORD, or a file" },
	{ "password_file", TAYRA__KNOB_PATH, OF(password_file), "FILE", 0, 0, NULL, 0, "none",
	  "the password is the first line of a file" },
	{ "maxclients", TAYRA__KNOB_COUNT, OF(server.clients_max), "N", 1, 1000000, NULL, 0,
	  "10000", "connections at once" },
	{ "timeout", TAYRA__KNOB_MILLISECONDS, OF(server.idle_timeout_ms), "DURATION", 1000, 0,
	  NULL, 0, "never", "close connections that say nothing for so long (5m)" },
	{ "output_limit", TAYRA__KNOB_BYTES, OF(server.output_max_bytes), "BYTES", 0, 0, NULL, 0,
	  "what all may use", "close a connection that leaves so much of its replies unread" },
	{ "warm", TAYRA__KNOB_PATH, OF(warm), "FILE", 0, 0, NULL, 0, "nothing",
	  "load these keys in the background as the server starts: one a line, or a trace of "
	  "requests, by how often they were read; see tayra-warm(1)" },
	{ "sensor", TAYRA__KNOB_CHOICE, OF(sensor), "on|off", 0, 0, switches, 0, "on",
	  "limits of origins look at the processors, memory and I/O of this machine, or of the "
	  "control group; from which shares on is said at each limit: cpu_max and the like" },
	{ "origins", TAYRA__KNOB_OTHER, 0, NULL, 0, 0, NULL, 0, "none",
	  "what values are loaded from, by names of your own" },
	{ "routes", TAYRA__KNOB_OTHER, 0, NULL, 0, 0, NULL, 0, "none",
	  "which keys are loaded, and how; the first that matches a key counts" },
	{ "loads", TAYRA__KNOB_OTHER, 0, NULL, 0, 0, NULL, 0, "none",
	  "how all routes load; what a route says itself counts there" },
	{ "learn", TAYRA__KNOB_OTHER, 0, "off|monitor|on or mapping", 0, 0, NULL, 0, "off",
	  "what is learned of how keys are used and change: a mode for all, or a switch each" },
	{ "alerts", TAYRA__KNOB_OTHER, 0, "LIST", 0, 0, NULL, 0, "none",
	  "rules over the metrics of the status page, and whom they tell" },
	{ 0 },
};
#undef OF

#define OF(member) offsetof(struct tayra__origin_setting, member)

const struct tayra__knob tayra__origin_knobs[] = {
	{ "sqlite", TAYRA__KNOB_PATH, OF(sqlite), "FILE", 0, 0, NULL, 0, NULL,
	  "an SQLite database, opened read-only" },
	{ "postgres", TAYRA__KNOB_TEXT, OF(postgres), "CONNINFO", 0, 0, NULL, 0, NULL,
	  "a PostgreSQL server, as libpq is told: host=.. dbname=.. or postgresql://.." },
	{ "redis", TAYRA__KNOB_TEXT, OF(redis), "URL", 0, 0, NULL, 0, NULL,
	  "a Redis or Valkey server: redis://[user[:password]@]host[:port][/database]" },
	{ "http", TAYRA__KNOB_TEXT, OF(http), "URL", 0, 0, NULL, 0, NULL,
	  "an HTTP server; the path of a route goes behind it" },
	{ "feed", TAYRA__KNOB_OTHER, 0, "on|off or mapping", 0, 0, NULL, 0, "off",
	  "a database: it tells what has changed, and what is cached of that is loaded anew" },
	{ "limit", TAYRA__KNOB_OTHER, 0, "N or mapping", 0, 0, NULL, 0, "adaptive, up to threads",
	  "loads at a time over all its routes: a number, or min, max, start and target of a limit "
	  "that adapts to how the origin answers" },
	{ "headers", TAYRA__KNOB_OTHER, 0, "LIST", 0, 0, NULL, 0, "none",
	  "http: \"Name: value\" to send with each request" },
	{ "ca_file", TAYRA__KNOB_PATH, OF(ca_file), "FILE", 0, 0, NULL, 0, "the system's",
	  "http: certificates to trust, PEM" },
	{ "proxy", TAYRA__KNOB_TEXT, OF(proxy), "URL", 0, 0, NULL, 0, "none",
	  "http: a proxy to go through" },
	{ "connect_timeout", TAYRA__KNOB_NANOSECONDS, OF(connect_timeout_ns), "DURATION", 1e6, 0,
	  NULL, 0, "2s", "http: how long connecting may take" },
	{ "max_redirects", TAYRA__KNOB_COUNT, OF(max_redirects), "N", 0, 20, NULL, 0, "0",
	  "http: redirects that are followed" },
	{ "max_age", TAYRA__KNOB_SWITCH, OF(max_age), "true|false", 0, 0, NULL, 0, "false",
	  "http: Cache-Control of an answer decides its ttl" },
	{ 0 },
};
#undef OF

#define OF(member) offsetof(struct tayra__feed_setting, member)

const struct tayra__knob tayra__feed_knobs[] = {
	{ "changes", TAYRA__KNOB_TEXT, OF(changes), "TABLE", 0, 0, NULL, 0,
	  "any commit may have changed all",
	  "SQLite: the table in which triggers write down what changes" },
	{ "channel", TAYRA__KNOB_TEXT, OF(channel), "NAME", 0, 0, NULL, 0, "tayra",
	  "PostgreSQL: the channel on which triggers or programs NOTIFY" },
	{ "replication", TAYRA__KNOB_TEXT, OF(replication), "PUBLICATION", 0, 0, NULL, 0, "none",
	  "PostgreSQL: read its log instead, by this publication of the routes' tables" },
	{ "forget", TAYRA__KNOB_CHOICE, OF(forget), "stale|delete", 0, 0, forgets, TAYRA_FEED_STALE,
	  "stale", "what becomes of a value that has changed: stale may still be served as such" },
	{ "blind_ttl", TAYRA__KNOB_MILLISECONDS, OF(blind_ttl_ms), "DURATION|off", 1, 0, NULL, 0,
	  "1s", "while it hears nothing, values are fresh no longer than this; off: than ttl",
	  "off", OFF },
	{ "interval", TAYRA__KNOB_NANOSECONDS, OF(interval_ns), "DURATION", 1e6, 0, NULL, 0,
	  "SQLite 5ms, else 1s",
	  "how often the file is looked at, or the server asked whether it is there" },
	{ 0 },
};
#undef OF

#define OF(member) offsetof(struct tayra__limit_setting, member)

#define OPTION(member) OF(options.member)

/* A number in place of the mapping is the fixed limiter. */
const struct tayra__knob tayra__limit_knobs[] = {
	{ "mode", TAYRA__KNOB_CHOICE, OPTION(mode), "enforce|monitor|off", 0, 0, tayra__pace_modes,
	  0, "enforce",
	  "monitor lets all loads through and counts those it would not; off learns nothing "
	  "either" },
	{ "limiter", TAYRA__KNOB_CHOICE, OPTION(limiter), "NAME", 0, 0, tayra__pace_limiters, 0,
	  "elasticity",
	  "how it learns: elasticity (throughput), latency (target), aimd, vegas, gradient2, bdp; "
	  "fixed stays at start" },
	{ "min", TAYRA__KNOB_COUNT, OF(min), "N", 1, 1024, NULL, 0, "1", "it goes no lower" },
	{ "max", TAYRA__KNOB_COUNT, OF(max), "N", 1, 1024, NULL, 0, "threads of its routes",
	  "it goes no higher" },
	{ "start", TAYRA__KNOB_COUNT, OF(start), "N", 1, 1024, NULL, 0, "2, aimd and fixed 8",
	  "what it begins with, within min and max" },
	{ "target", TAYRA__KNOB_NANOSECONDS, OF(target_ns), "DURATION", 1e6, 0, NULL, 0,
	  "aimd, latency 100ms; else none",
	  "it falls while one load in ten takes longer than this: p90_target and p90_max" },
	TAYRA__PACE_RULE_KNOBS(OPTION),
	{ 0 },
};
#undef OPTION
#undef OF

#define OF(member) offsetof(struct tayra_strategy, member)

/* Times of the handle, in its own struct: CONFIG knows them as load.NAME, and a number that is off
 * is one too small to count, since 0 leaves things as they are. */
const struct tayra__knob tayra__loads_knobs[] = {
	{ "soft_timeout", TAYRA__KNOB_NANOSECONDS, OF(soft_timeout_ns), "DURATION|at once", 1e6, 0,
	  NULL, 0, "none",
	  "after this, a stale value is served while the load goes on; at once: without waiting",
	  "at once", TAYRA_AT_ONCE },
	{ "absent_ttl", TAYRA__KNOB_MILLISECONDS, OF(absent_ttl_ms), "DURATION|off", 1, 0, NULL, 0,
	  "off", "how long it is believed that the origin has no such key", "off", OFF },
	{ "error_ttl", TAYRA__KNOB_MILLISECONDS, OF(error_ttl_ms), "DURATION|off", 1, 0, NULL, 0,
	  "off", "how long a load that failed is not tried again where nothing stale can be served",
	  "off", OFF },
	{ "ttl_jitter", TAYRA__KNOB_NUMBER, OF(ttl_jitter), "SHARE|off", 1e-6, 0.99, NULL, 0, "off",
	  "each ttl is shorter by up to this share, at random, so that what came together does "
	  "not end together",
	  "off", NEVER },
	{ "refresh_at", TAYRA__KNOB_NUMBER, OF(refresh_at), "SHARE|off", 1e-6, 0.999, NULL, 0,
	  "off", "the first hit after this share of a value's time has it loaded anew behind it",
	  "off", NEVER },
	{ "xfetch", TAYRA__KNOB_NUMBER, OF(xfetch), "N|off", 1e-6, 100, NULL, 0, "off",
	  "the same by chance, ever likelier towards the end, so that this many are expected "
	  "before; 3 is usual",
	  "off", NEVER },
	{ "throttle", TAYRA__KNOB_MILLISECONDS, OF(throttle_ms), "DURATION|off", 1, 0, NULL, 0,
	  "1s",
	  "how long a key whose load failed is not tried again while something stale is served; "
	  "and, after five failures in a row, a group of keys, of which then one is tried",
	  "off", OFF },
	{ "throttle_max", TAYRA__KNOB_MILLISECONDS, OF(throttle_max_ms), "DURATION", 1, 0, NULL, 0,
	  "half as long again as throttle",
	  "how long a group that keeps failing comes to rest at most" },
	{ 0 },
};
#undef OF

#define OF(member) offsetof(struct tayra__route_setting, member)

const struct tayra__knob tayra__route_knobs[] = {
	{ "keys", TAYRA__KNOB_TEXT, OF(keys), "PATTERN", 0, 0, NULL, 0, NULL,
	  "the keys it is for, of database 0: text with named parts, as pkg:{name}; {{ and }} are "
	  "braces" },
	{ "origin", TAYRA__KNOB_TEXT, OF(origin), "NAME", 0, 0, NULL, 0, NULL,
	  "the origin that has them" },
	{ "query", TAYRA__KNOB_TEXT, OF(query), "SQL", 0, 0, NULL, 0, NULL,
	  "for a database: one SELECT; the parts of the key are its parameters, in that order (?1 "
	  "in SQLite, $1 in PostgreSQL)" },
	{ "table", TAYRA__KNOB_TEXT, OF(table), "TABLE", 0, 0, NULL, 0, "none",
	  "for a database with a feed: the table of these keys, whose columns the parts are; "
	  "--feed-sql writes what makes it tell" },
	{ "version", TAYRA__KNOB_TEXT, OF(version), "SQL", 0, 0, NULL, 0, "none",
	  "for a database, without batch or pipeline: one SELECT with the same parameters, which "
	  "is "
	  "asked first; the value is only asked for if what it says is not what it said before" },
	{ "write", TAYRA__KNOB_TEXT, OF(write), "SQL|METHOD|COMMAND", 0, 0, NULL, 0, "none",
	  "a SET is brought to the origin so, and then cached: for a database a statement whose "
	  "last parameter is the value; for an HTTP server PUT, POST or PATCH; for a Redis a "
	  "command, behind which the value goes" },
	{ "tags", TAYRA__KNOB_TEXT, OF(tags), "WORDS", 0, 0, NULL, 0, "none",
	  "what its values carry, with parts of the key, as user:{id} orders; TAYRA.DELTAG user:7 "
	  "forgets all that carry that" },
	{ "batch", TAYRA__KNOB_TEXT, OF(batch), "SQL", 0, 0, NULL, 0, "one key at a time",
	  "for a database: one SELECT that is asked for several keys at once, a JSON array in "
	  "SQLite, arrays in PostgreSQL; its first columns are the parts of the key, those behind "
	  "as of query" },
	{ "batch_keys", TAYRA__KNOB_COUNT, OF(batch_keys), "N", 1, 1024, NULL, 0, "64",
	  "asked for at once by batch" },
	{ "batch_window", TAYRA__KNOB_NANOSECONDS, OF(batch_window_ns), "DURATION|off", 1e3, 1e10,
	  NULL, 0, "500us", "how long a key waits for company while a thread is free", "off", OFF },
	{ "pipeline", TAYRA__KNOB_COUNT, OF(pipeline), "N", 1, 256, NULL, 0, "1",
	  "for PostgreSQL, without batch: queries sent over a connection before the first is "
	  "answered, when more wait than there are threads" },
	{ "path", TAYRA__KNOB_TEXT, OF(path), "PATH", 0, 0, NULL, 0, NULL,
	  "for an HTTP server: what is asked for, with the parts of the key, as /v1/{name}" },
	{ "as", TAYRA__KNOB_CHOICE, OF(shape), "raw|row|json", 0, 0, shapes, TAYRA_SHAPE_RAW, "raw",
	  "what rows become: raw, the first column of the first row; row, the first row as a JSON "
	  "object; json, all rows as a JSON array" },
	{ "ttl", TAYRA__KNOB_MILLISECONDS, OF(ttl_ms), "DURATION", 1, 0, NULL, 0, "60s",
	  "how long a value is fresh" },
	{ "stale", TAYRA__KNOB_MILLISECONDS, OF(stale_ms), "DURATION", 1, 0, NULL, 0, "not at all",
	  "how long after that it may still be served when the origin fails, is overloaded or is "
	  "slower than soft_timeout" },
	{ "soft_timeout", TAYRA__KNOB_NANOSECONDS, OF(soft_timeout_ns), "DURATION|at once", 1e6, 0,
	  NULL, 0, "none",
	  "after this, a stale value is served while the load goes on; at once: without waiting",
	  "at once", TAYRA_AT_ONCE },
	{ "absent_ttl", TAYRA__KNOB_MILLISECONDS, OF(absent_ttl_ms), "DURATION|off", 1, 0, NULL, 0,
	  "what loads says", "how long it is believed that the origin has no such key", "off",
	  OFF },
	{ "error_ttl", TAYRA__KNOB_MILLISECONDS, OF(error_ttl_ms), "DURATION|off", 1, 0, NULL, 0,
	  "what loads says",
	  "how long a load that failed is not tried again where nothing stale can be served", "off",
	  OFF },
	{ "refresh_at", TAYRA__KNOB_NUMBER, OF(refresh_at), "SHARE|off", 1e-6, 0.999, NULL, 0,
	  "what loads says",
	  "the first hit after this share of a value's time has it loaded anew behind it", "off",
	  -1 },
	{ "timeout", TAYRA__KNOB_NANOSECONDS, OF(timeout_ns), "DURATION", 1e6, 0, NULL, 0, "5s",
	  "after this, the client gets an error" },
	{ "class", TAYRA__KNOB_CHOICE, OF(cls), "critical|high|normal|low|background", 0, 0,
	  classes, TAYRA_CRITICAL, "normal", "who goes first when the origin's limit is reached" },
	{ "max_rows", TAYRA__KNOB_COUNT, OF(max_rows), "N", 1, 10000000, NULL, 0, "1000",
	  "of json; more are an error" },
	{ "max_bytes", TAYRA__KNOB_BYTES, OF(max_bytes), "BYTES", 1, 536870912, NULL, 0, "8M",
	  "of a value; more are an error" },
	{ "cost", TAYRA__KNOB_COUNT, OF(cost), "N", 1, TAYRA_COST_MAX, NULL, 0, "1",
	  "what a load of this route takes of its origin's limit" },
	{ "threads", TAYRA__KNOB_COUNT, OF(threads), "N", 1, 256, NULL, 0, "4",
	  "loads of this route at a time, each on a connection" },
	{ 0 },
};
#undef OF

#define OF(member) offsetof(struct tayra__learn_setting, member)
#define SWITCH(title, member, fallback, sentence)                                                  \
	{                                                                                          \
		title, TAYRA__KNOB_CHOICE, OF(member), "off|monitor|on", 0, 0, modes,              \
			TAYRA_FEATURE_OFF, fallback, sentence                                      \
	}

const struct tayra__knob tayra__learn_knobs[] = {
	{ "preset", TAYRA__KNOB_CHOICE, OF(preset), "general|embeddings|search_results|pages", 0, 0,
	  presets, 1, "none",
	  "times and switches for a kind of values; what routes and switches say wins" },
	SWITCH("ttl_learning", ttl_learning, "monitor",
	       "values live as long as loads the origin least within staleness_budget"),
	{ "staleness_budget", TAYRA__KNOB_NUMBER, OF(staleness_budget), "SHARE", 1e-6, 0.999999,
	  NULL, 0, "0.01", "of answers that may be older than the truth" },
	{ "staleness_samples", TAYRA__KNOB_NUMBER, OF(staleness_samples), "SHARE|off", 1e-6, 1,
	  NULL, 0, "0.01",
	  "of loads, made to see whether an answer was older than the truth, while "
	  "ttl_learning is on",
	  "off", -1 },
	{ "ttl_min", TAYRA__KNOB_MILLISECONDS, OF(ttl_min_ms), "DURATION", 1, 0, NULL, 0,
	  "a 100th of the shortest ttl of a route", "no value lives shorter" },
	{ "ttl_max", TAYRA__KNOB_MILLISECONDS, OF(ttl_max_ms), "DURATION", 1, 0, NULL, 0,
	  "100 times the shortest ttl of a route", "no value lives longer" },
	SWITCH("prefetch_refresh", prefetch_refresh, "monitor",
	       "load again, before it expires, what will be asked for"),
	SWITCH("prefetch_successors", prefetch_successors, "monitor",
	       "load what has often been missed soon after this key"),
	SWITCH("prefetch_changed", prefetch_changed, "monitor",
	       "load again, when it has changed or was deleted, what will be asked for"),
	SWITCH("prefetch_periodic", prefetch_periodic, "monitor",
	       "load, before its time, what is asked for at regular times"),
	SWITCH("predictor", predictor, "monitor",
	       "learn which keys will be asked for again; prefetch_refresh and _changed need it"),
	SWITCH("patterns", patterns, "on",
	       "how keys are used, told at /patterns; monitor and on are the same"),
	{ "known_keys", TAYRA__KNOB_COUNT, OF(known_keys), "N", 8, 1u << 26, NULL, 0, "16384",
	  "keys that are learned of at once; fewer if learning_bytes asks for it" },
	{ "learning_bytes", TAYRA__KNOB_BYTES, OF(learning_bytes), "BYTES", 320u << 10, 0, NULL, 0,
	  "8M, or a 16th of memory if that is less", "of memory, for all that is learned" },
	{ 0 },
};
#undef SWITCH
#undef OF

#define OF(member) offsetof(struct tayra__alert_setting, member)

const struct tayra__knob tayra__alert_knobs[] = {
	{ "name", TAYRA__KNOB_TEXT, OF(name), "NAME", 0, 0, NULL, 0, NULL,
	  "letters, digits and '_'" },
	{ "rule", TAYRA__KNOB_TEXT, OF(rule), "RULE", 0, TAYRA__ALERT_TEXT_MAX, NULL, 0, NULL,
	  "READING [/ READING] [over DURATION [and DURATION]] > or < NUMBER [back NUMBER] [for "
	  "DURATION]" },
	{ "sentence", TAYRA__KNOB_TEXT, OF(sentence), "TEXT", 0, TAYRA__ALERT_TEXT_MAX, NULL, 0,
	  "the rule", "for whom it wakes" },
	{ "exec", TAYRA__KNOB_OTHER, 0, "LIST", 0, 0, NULL, 0, "none",
	  "a program and its arguments, started without a shell with the alert as JSON on its "
	  "standard input" },
	{ "webhook", TAYRA__KNOB_SECRET, OF(webhook), "URL", 0, TAYRA__WEBHOOK_URL_MAX - 1, NULL, 0,
	  "none", "a server that the JSON is posted to" },
	{ 0 },
};
