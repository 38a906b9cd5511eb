/* SPDX-License-Identifier: Apache-2.0
 *
 * feeds.h: what tells a server that the truth has changed: a change feed of an origin, for the keys
 * of database 0 that begin as those of its routes do.  The loop's thread; each feed hears on one
 * of its own.
 */
#ifndef TAYRA_SERVE_FEEDS_H
#define TAYRA_SERVE_FEEDS_H

#include <stddef.h>
#include <stdint.h>

#include <tayra/tayra.h>

struct tayra__server;
struct tayra__server_options;

enum tayra__feed_kind {
	TAYRA__FEED_SQLITE,
	TAYRA__FEED_POSTGRES,
	TAYRA__FEED_REPLICATION,
	TAYRA__FEED_REDIS,
};

struct tayra__feed_source {
	enum tayra__feed_kind kind;
	const char *name;            /* the origin's, for people */
	const char *const *prefixes; /* of its keys; none begins with another */
	size_t prefix_count;
	const char *where; /* a path, a conninfo, a URL */
	const char *what;  /* a table of changes, or NULL; a channel; a publication */
	const struct tayra_feed_table *tables; /* that tell */
	size_t table_count;
	enum tayra_feed_forget forget;
	uint64_t blind_ttl_ms, interval_ns; /* 0: the library's */
	const char *place;                  /* what an error begins with: "tayra.yaml:3:5: " */
};

struct tayra__feed_seat {
	struct tayra_feed *feed;
	const struct tayra__feed_source *source;
	uint64_t since_ns; /* it hears, or is blind, on the loop's clock */
	uint64_t gaps;     /* when that was seen last */
	bool sound;
	char untold[sizeof(((struct tayra_feed_stats *)NULL)->untold)]; /* as it was said */
};

struct tayra__feeds {
	struct tayra__feed_seat *seats; /* NULL: none */
	size_t count;
	void (*say)(void *arg, const char *origin, const char *text, uint64_t left_out);
	void *arg;
};

/* All of them in one. */
struct tayra__feeds_figures {
	uint64_t feeds, blind, keys, prefixes, ignored, gaps;
};

/* One of them, for people. */
struct tayra__feed_state {
	const struct tayra__feed_source *source;
	struct tayra_feed_stats stats;
	uint64_t since_ns; /* how long it has heard, or been blind */
};

/* Once the handle is there; the options' feeds are borrowed as long as the server is.  That a
 * server of theirs does not answer yet is no error.  => as tayra_feed_sqlite() and the like;
 * `error` has one line. */
int tayra__feeds_open(struct tayra__server *server, const struct tayra__server_options *options,
		      char *error, size_t error_len);
/* Before the handle; also when open failed or was not called. */
void tayra__feeds_close(struct tayra__feeds *feeds);
/* Notice, and say, that one has gone blind, or hears again. */
void tayra__feeds_tick(struct tayra__feeds *feeds, uint64_t now_ns);
struct tayra__feeds_figures tayra__feeds_figures(const struct tayra__feeds *feeds);
/* The n-th; NULL source: there are no more. */
struct tayra__feed_state tayra__feeds_get(const struct tayra__feeds *feeds, size_t n,
					  uint64_t now_ns);

#endif
