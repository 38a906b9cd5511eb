/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_lease.h: the right to load a key, as it lies in the server: <prefix>l:<key> holds a random
 * token, put there by SET NX PX and gone by itself after a while, should its holder be.
 *
 * Given back, several at once, by WATCH, a look at each and MULTI, DEL, EXEC, so that nobody
 * deletes another's.  Not by a script: all these the tier's user needs anyway.  It goes over the
 * connections that read, for nobody is told of leases.
 */
#ifndef TAYRA_TIER_REMOTE_LEASE_H
#define TAYRA_TIER_REMOTE_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "net/resp_client.h"

struct tayra__tier_lease;

/* The lease's name in the server; where, and until when. */
struct tayra__remote_lease_place {
	struct tayra__resp_client *client; /* open, and the caller's alone */
	const char *name;
	size_t name_len;
	uint64_t deadline_ns;
};

/* Send what asks for it with that token, another than ever before.  => as
 * tayra__resp_client_send(). */
int tayra__remote_lease_ask(const struct tayra__remote_lease_place *place, uint64_t ns,
			    uint64_t token);
/* The answer, next on that connection: fills in *lease.  => as tayra__resp_client_receive(). */
int tayra__remote_lease_hear(const struct tayra__remote_lease_place *place, uint64_t token,
			     struct tayra__tier_lease *lease);

struct tayra__remote_leased {
	struct tayra__resp_argument name;
	uint64_t token;
};
/* Up to TAYRA__TIER_LEASES, in two round trips; ns 0: they are not there any more, or are left to
 * run out; else those that still are ours last so long from now on.  => TAYRA_OK; else as
 * tayra__resp_client_receive(). */
int tayra__remote_lease_settle(struct tayra__resp_client *client,
			       const struct tayra__remote_leased *leases, size_t count, uint64_t ns,
			       uint64_t deadline_ns);

#endif
