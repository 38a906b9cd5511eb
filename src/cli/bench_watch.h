/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_watch.h: the metrics of a bench that runs as a registry, and over HTTP where that is
 * wanted.
 */
#ifndef TAYRA_CLI_BENCH_WATCH_H
#define TAYRA_CLI_BENCH_WATCH_H

#include <stddef.h>

struct tayra__bench_watch;
struct tayra__live;

struct tayra__bench_watch_plan {
	const char *command;
	const char *listen;             /* "127.0.0.1:9464"; NULL: no HTTP */
	const char *const *names;       /* [arms] */
	const struct tayra__live *live; /* [arms] */
	size_t arms;
	/* Fill a struct tayra__bench_figures; any thread. */
	void (*read)(void *ctx, void *figures);
	void *ctx;
};

/* Says on stderr where it listens.  => 0, or an exit code after saying why. */
int tayra__bench_watch_open(const struct tayra__bench_watch_plan *plan,
			    struct tayra__bench_watch **out);
/* NULL is fine. */
void tayra__bench_watch_close(struct tayra__bench_watch *watch);

#endif
