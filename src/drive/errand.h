/* SPDX-License-Identifier: Apache-2.0
 *
 * errand.h: where load goes and what is said there: a URL understood, and the bytes of the request
 * made once for all the times it is sent, or of each kind of request but for its values.  Nothing
 * here touches the network.
 */
#ifndef TAYRA_DRIVE_ERRAND_H
#define TAYRA_DRIVE_ERRAND_H

#include "drive/template.h"
#include "net/buffer.h"
#include "net/redis_url.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>

struct tayra__wire_options;

/* Of a scenario. */
struct tayra__errand_kind {
	struct tayra__template request;
	bool head, again;
};

struct tayra__errand {
	bool redis;                       /* otherwise HTTP */
	bool head;                        /* an answer has no body */
	bool again;                       /* it may be asked twice */
	struct tayra__tls_context *tls;   /* NULL: in the clear */
	struct tayra__redis_url place;    /* of HTTP: host, port and what is shown */
	struct tayra__buffer request;     /* without a scenario */
	struct tayra__errand_kind *kinds; /* [kind_count]; NULL: no scenario */
	size_t kind_count;
	size_t request_most;           /* bytes of the longest, whatever its row */
	struct tayra__buffer greeting; /* Redis: what a new connection says first; may be empty */
	unsigned greeting_replies;
};

/* => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM: `why` gets one line that quotes no password, and there
 *    is nothing to fini. */
int tayra__errand_init(struct tayra__errand *errand, const struct tayra__wire_options *options,
		       char *why, size_t why_size);
void tayra__errand_fini(struct tayra__errand *errand);

#endif
