/* SPDX-License-Identifier: Apache-2.0
 *
 * monitor.h: lets others see how a server does: a registry of its metrics, the page over HTTP
 * (admin.h) and alerts.
 *
 * Threads.  The loop's thread makes every call.  What admin's thread reads are the figures that the
 * last tick has put down, under a lock, and series, which are atomics: it never sees the server.
 */
#ifndef TAYRA_SERVE_MONITOR_H
#define TAYRA_SERVE_MONITOR_H

#include <stddef.h>
#include <stdint.h>

struct tayra__monitor;
struct tayra__server;
struct tayra__server_options;

/*
 * As the options say.  *out is NULL when they ask for neither a page nor alerts.
 * => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_IO, TAYRA_E_UNSUPPORTED (no libmicrohttpd), TAYRA_E_NOMEM;
 *    `error` gets one line that says why.
 */
int tayra__monitor_create(struct tayra__server *server, const struct tayra__server_options *options,
			  char *error, size_t error_len, struct tayra__monitor **out);
/* Before what it reads is gone. */
void tayra__monitor_destroy(struct tayra__monitor *monitor);

/* Put down the figures of now, and once a second evaluate alerts. */
void tayra__monitor_tick(struct tayra__monitor *monitor);
/* A turn in which commands of these groups (a bit each, command.h) were answered took so long. */
void tayra__monitor_turn(struct tayra__monitor *monitor, uint32_t groups, uint64_t took_ns);
/* A client took so long to bring what it had missed. */
void tayra__monitor_cost(struct tayra__monitor *monitor, uint64_t cost_ns);

/* For people: "status at http://127.0.0.1:9121/", or why there is no page; "" when none was asked
 * for. */
const char *tayra__monitor_text(const struct tayra__monitor *monitor);

#endif
