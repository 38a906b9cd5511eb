/* SPDX-License-Identifier: Apache-2.0
 *
 * server.h: a Redis-protocol server over the RAM tier.  One thread runs it; commands are atomic.
 */
#ifndef TAYRA_SERVE_SERVER_H
#define TAYRA_SERVE_SERVER_H

#include <tayra/base.h>
#include <tayra/cache.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra_strategy;
struct tayra_warm_key;
struct tayra__alert_action;
struct tayra__alert_rule;
struct tayra__exec_options;
struct tayra__webhook_options;

struct tayra__feed_source;
struct tayra__route;
struct tayra__server;

struct tayra__server_options {
	const char *listen;    /* "127.0.0.1:6379" is the default; see net/socket.h */
	uint64_t memory_bytes; /* of everything: an eighth for connections, the rest is cache;
				  default 256 MiB, at least 8 MiB */
	enum tayra_policy policy;
	enum tayra_objective objective; /* of TAYRA_POLICY_TAYRA, as the next one */
	enum tayra_learning learning;
	const char *password; /* NULL: none.  Borrowed for the call */
	size_t password_len;
	uint32_t clients_max;      /* default 10000; fewer when so many files cannot be opened */
	uint64_t idle_timeout_ms;  /* close a connection that says nothing for so long; 0: never */
	uint64_t output_max_bytes; /* of replies one connection has not read; default and at most:
				      what connections may use together */
	const struct tayra_clock *clock; /* NULL: the real one.  Borrowed */
	const char *admin;  /* where the status page is, "127.0.0.1:9121"; NULL: nowhere.  On the
			       loopback alone */
	bool admin_if_free; /* serve without it when it cannot listen there */
	/* Alerts over the metrics of the status page (watch/alert.h), and whom they tell: programs,
	 * and anybody else.  Borrowed for the server's life. */
	const struct tayra__alert_rule *alert_rules;
	size_t alert_rule_count;
	const struct tayra__exec_options *alert_execs;
	size_t alert_exec_count;
	const struct tayra__webhook_options *alert_webhooks;
	size_t alert_webhook_count;
	const struct tayra__alert_action *alert_actions;
	size_t alert_action_count;
	/* What an error over a rule begins with, for each ("tayra.yaml:3:5: "); NULL: nothing. */
	const char *const *alert_places;
	bool check; /* see whether all this can be served, but listen nowhere; then only destroy */
	/* What is loaded.  Borrowed for the call, but the origins for as long as the server is. */
	const struct tayra__route *routes;
	size_t route_count;
	/* Limits of those origins, for the server to tick.  Borrowed as long. */
	struct tayra_pace *const *paces;
	size_t pace_count;
	const char *const *pace_names; /* for INFO and CONFIG; NULL: none.  Borrowed as long */
	const uint32_t *pace_threads;  /* no limit_max may be set over that; NULL: any.  As long */
	/* Called by the server's thread when origins of routes with names fail (troubles.h); NULL:
	 * only INFO tells. */
	void (*trouble)(void *arg, const char *origin, const char *text, uint64_t left_out);
	void *trouble_arg;
	/* What tells of changes of what routes load (feeds.h).  Borrowed as long as the server is
	 */
	const struct tayra__feed_source *feeds;
	size_t feed_count;
	/* A Redis that this server stands in front of: forward.h.
	 * "redis://user:password@host:port"; NULL: none.  Borrowed for the call.  Not with routes
	 * or tiers */
	const char *forward;
	/* What RAM lets go is kept in this directory, which outlives the server; NULL: nowhere.
	 * bytes 0: 1 GiB.  Borrowed for the call */
	const char *file_tier;
	uint64_t file_tier_bytes;
	/* And in this Redis, which several servers may share: "redis://user:password@host:port/db";
	 * NULL: in none.  Borrowed for the call */
	const char *remote_tier;
	/* Servers that share it load a key once between them: tayra_options.lease_ns.  0: its
	 * default, 1: not. */
	uint64_t remote_lease_ns;
	/* Keys of database 0 to be loaded by their routes in the background from the start
	 * (warming.h).  Borrowed for the call */
	const struct tayra_warm_key *warm_keys;
	size_t warm_count;
	/* What is learned of keys; NULL: nothing, and no memory is set aside for it.  Switches left
	 * to their defaults are monitor, `patterns` on; times are of routes that have none;
	 * learning_bytes are of memory_bytes, at most a quarter, by default a 16th up to 8 MiB.
	 * Borrowed for the call */
	const struct tayra_strategy *strategy;
	/* Times of all routes, where these say none: soft_timeout_ns, absent_ttl_ms, error_ttl_ms,
	 * ttl_jitter, refresh_at, xfetch, throttle_ms and throttle_max_ms count.  NULL: the
	 * library's defaults; `strategy` has them too.  Borrowed for the call */
	const struct tayra_strategy *loads;
};

/*
 * Listen.  => TAYRA_E_INVAL, TAYRA_E_IO (the address is in use or not ours), TAYRA_E_NOMEM; `error`
 * gets one line that says why.  An address that others can reach is refused without a password.
 */
int tayra__server_create(const struct tayra__server_options *options, char *error, size_t error_len,
			 struct tayra__server **out);
/* Closes every connection.  Not while it runs. */
void tayra__server_destroy(struct tayra__server *server);

/* Serve until stop.  => TAYRA_OK, TAYRA_E_IO. */
int tayra__server_run(struct tayra__server *server);
/* Any thread, and signal handlers. */
void tayra__server_stop(struct tayra__server *server);

/* Where it listens: "127.0.0.1:6379".  Text of the server's. */
const char *tayra__server_address(const struct tayra__server *server);
/* What it serves, in one line for people, without a line end. */
void tayra__server_describe(const struct tayra__server *server, char *out, size_t len);

#endif
