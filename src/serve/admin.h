/* SPDX-License-Identifier: Apache-2.0
 *
 * admin.h: a registry over HTTP, for Prometheus, a load balancer and a browser:
 *
 *     /              the page (page.h)
 *     /metrics       OpenMetrics
 *     /metrics.json  the snapshot (snapshot.h)
 *     /healthz       200 "ok", or 503 and why not
 *     /patterns, /patterns.json   how keys are used, where that is learned
 *
 * It reads and changes nothing: GET and HEAD only.  There is no password, so it listens on the
 * loopback unless told to be exposed; there it answers only to local names, so that no web site can
 * have a browser read it (DNS rebinding).  One thread of its own, a bounded number of connections,
 * each with ten seconds to say something and 16 KiB for it.
 */
#ifndef TAYRA_SERVE_ADMIN_H
#define TAYRA_SERVE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <tayra/tayra.h>

struct tayra_clock;
struct tayra__admin;
struct tayra__page;
struct tayra__registry;

struct tayra__admin_options {
	const char *address;              /* an IPv4 or IPv6 address in figures; NULL: 127.0.0.1 */
	uint16_t port;                    /* 0: any that is free */
	bool exposed;                     /* address may be other than loopback */
	uint32_t connections;             /* at a time, at most 1000; 0: 16 */
	struct tayra__registry *registry; /* borrowed, as what follows, for the admin's life */
	const struct tayra__page *page;
	const struct tayra_clock *clock; /* NULL: the real one */
	/* Is all well?  If not, a line of at most `size` bytes says what is not.  Called from the
	 * admin's thread.  NULL: it is well as long as it answers. */
	bool (*healthy)(void *ctx, char *why, size_t size);
	/* Write how keys are used, as tayra_patterns_write() does.  => as it.  From the admin's
	 * thread.  NULL: it is not learned. */
	int (*patterns)(void *ctx, enum tayra_patterns_format format, FILE *out);
	void *ctx;
};

/* => TAYRA_OK.  TAYRA_E_INVAL: not an address, not loopback and not exposed, no registry or page,
 *    too many connections.  TAYRA_E_IO: cannot listen there; errno says why where it is known.
 *    TAYRA_E_NOMEM.  TAYRA_E_UNSUPPORTED: built without libmicrohttpd. */
int tayra__admin_create(const struct tayra__admin_options *options, struct tayra__admin **out);
uint16_t tayra__admin_port(const struct tayra__admin *admin);
/* Closes every connection.  Before the registry is destroyed. */
void tayra__admin_destroy(struct tayra__admin *admin);

#endif
