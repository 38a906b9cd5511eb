/* SPDX-License-Identifier: Apache-2.0
 *
 * status_page.h: an admin server (admin.h) at an address as people write it.
 */
#ifndef TAYRA_SERVE_STATUS_PAGE_H
#define TAYRA_SERVE_STATUS_PAGE_H

#include "net/socket.h"
#include "serve/admin.h"

#define TAYRA__STATUS_PAGE_URL (TAYRA__ADDRESS_TEXT + 16)

/* "127.0.0.1:9464": it has to be of this machine alone, for the page has no password.
 * => TAYRA_OK; a status, and a line in `why`. */
int tayra__status_page_address(const char *text, struct tayra__address *out, char *why,
			       size_t size);
/* The address and port of `options` are set.  url: "http://127.0.0.1:9464/", with the port that was
 * taken.  => as tayra__admin_create(). */
int tayra__status_page_open(const struct tayra__address *address,
			    struct tayra__admin_options *options, struct tayra__admin **out,
			    char url[TAYRA__STATUS_PAGE_URL]);

#endif
