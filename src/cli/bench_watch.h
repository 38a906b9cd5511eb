/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_watch.h: the metrics of a bench that runs as a registry, and over HTTP where that is
 * wanted.
 */
#ifndef TAYRA_CLI_BENCH_WATCH_H
#define TAYRA_CLI_BENCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__alert_log;
struct tayra__bench_alerts;
struct tayra__bench_watch;
struct tayra__live;

struct tayra__bench_watch_plan {
	const char *command;
	const char *listen;             /* "127.0.0.1:9464"; NULL: no HTTP */
	const char *const *names;       /* [arms] */
	const struct tayra__live *live; /* [arms] */
	size_t arms;
	const struct tayra__bench_alerts *alerts; /* NULL: none */
	/* Fill a struct tayra__bench_figures; any thread. */
	void (*read)(void *ctx, void *figures);
	void *ctx;
};

/* Says on stderr where it listens.  => 0, or an exit code after saying why. */
int tayra__bench_watch_open(const struct tayra__bench_watch_plan *plan,
			    struct tayra__bench_watch **out);
/* What follows does nothing with NULL. */
/* Evaluate the rules; one thread, and now_ns never goes back.  => one began to fire or ceased to:
 * tell. */
bool tayra__bench_watch_look(struct tayra__bench_watch *watch, uint64_t now_ns);
/* A line on stderr for each that did.  Same thread. */
void tayra__bench_watch_tell(struct tayra__bench_watch *watch);
/* What became of the rules of a bench that began at began_ns. */
void tayra__bench_watch_log(const struct tayra__bench_watch *watch, uint64_t began_ns,
			    struct tayra__alert_log *log);
void tayra__bench_watch_close(struct tayra__bench_watch *watch);

#endif
