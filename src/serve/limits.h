/* SPDX-License-Identifier: Apache-2.0
 *
 * limits.h: the limits of origins as metrics, an instance of one table for each: what every
 * decision was based on; and how often each limit changed for which reason.
 */
#ifndef TAYRA_SERVE_LIMITS_H
#define TAYRA_SERVE_LIMITS_H

struct tayra__limits;
struct tayra__registry;
struct tayra__server;

/* What it adds reads the server's paces, on any thread: it lives as long as the registry.  *out is
 * NULL where no origin has a name.  => as tayra__registry_add_table(). */
int tayra__limits_open(const struct tayra__server *server, struct tayra__registry *registry,
		       struct tayra__limits **out);
void tayra__limits_close(struct tayra__limits *limits);
/* Count the changes since the last call; NULL: nothing.  One thread. */
void tayra__limits_tick(struct tayra__limits *limits);

#endif
