/* SPDX-License-Identifier: Apache-2.0
 *
 * page.h: a registry as one HTML page, for a person.  The page holds the figures as they are and
 * shows them without scripts; with scripts it fetches ./metrics.json (snapshot.h) every five
 * seconds.  It needs nothing else from anywhere.
 */
#ifndef TAYRA_WATCH_PAGE_H
#define TAYRA_WATCH_PAGE_H

#include <stdint.h>
#include <stdio.h>

#include "watch/headline.h"

struct tayra__registry;

/* Somewhere else to look; both are plain text. */
struct tayra__page_link {
	const char *href, *text;
};

struct tayra__page {
	const char *title;
	const struct tayra__headline *headlines;
	size_t headline_count; /* at most TAYRA__HEADLINES */
	const struct tayra__page_link *links;
	size_t link_count;
};

/*
 * wall_ms: Unix time to print.  nonce: what a Content-Security-Policy allows the page's own style
 * and script by, letters and digits; see tayra__page_policy().
 * => TAYRA_OK.  TAYRA_E_IO: not all was written.
 */
int tayra__page_write(struct tayra__registry *registry, const struct tayra__page *page,
		      uint64_t wall_ms, const char *nonce, FILE *out);
/* The strictest policy the page works under, for that nonce.  Returns as snprintf does. */
int tayra__page_policy(const char *nonce, char *out, size_t size);

#endif
