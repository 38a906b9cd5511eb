/* SPDX-License-Identifier: Apache-2.0
 *
 * webhook.h: tell a server.  An alert action that posts the JSON to an address, from a thread of
 * its own, so that whoever evaluates never waits.  Bounded: one post at a time, for timeout_ns at
 * most from looking up the name to the end of the answer; 16 wait, and beyond that the oldest is
 * dropped. Only http and https, certificates verified, no redirects, no proxy, no cookies; 64 KiB
 * of the answer are read and thrown away.  A status of 200 to 299 is success.  Nothing is sent
 * twice: an alert that is lost is counted, and its state is in the metrics.
 *
 * send belongs to the thread of the alerts; the metrics any thread may read.
 */
#ifndef TAYRA_WATCH_WEBHOOK_H
#define TAYRA_WATCH_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "watch/registry.h"

struct tayra__webhook;
struct tayra__alert_action;

#define TAYRA__WEBHOOK_URL_MAX 2048

struct tayra__webhook_options {
	const char *name;    /* tells it apart in the metrics */
	const char *url;     /* http://host[:port]/path or https://..; copied */
	const char *ca_file; /* of https, PEM; NULL: the system's.  Copied */
	uint64_t timeout_ns; /* 0: 5 s; at least 1 ms, at most a minute */
};

/*
 * Adds tayra_alert_webhook_{sent,failed,dropped} with label "webhook" to the registry, which is to
 * be destroyed first, and starts the thread.
 * => TAYRA_OK, TAYRA_E_INVAL for a name, an address or a time that is none, TAYRA_E_FULL,
 *    TAYRA_E_NOMEM, TAYRA_E_UNSUPPORTED in a build without libcurl.
 */
int tayra__webhook_create(struct tayra__registry *registry,
			  const struct tayra__webhook_options *options,
			  struct tayra__webhook **out);
/* Breaks off what is being sent, drops what waits. */
void tayra__webhook_destroy(struct tayra__webhook *webhook);
/* To be given to tayra__alerts_add_action(). */
struct tayra__alert_action tayra__webhook_action(struct tayra__webhook *webhook);

#endif
