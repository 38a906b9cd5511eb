/* SPDX-License-Identifier: Apache-2.0
 *
 * remote.h: the tier in a Redis or Valkey server that several processes share.
 *
 * What is promised.  A value whose bytes do not verify is a miss.  A value that was deleted or
 * overwritten through this tier is not got from it again, whatever the server does: where a change
 * could not be made sure of, nothing is got until its key has been deleted there; and after a
 * restart of the server, or when it may have lost something, nothing from before counts (an epoch,
 * remote_greet.h).  One case is beyond it: a process that ends while something is owed; then
 * others, and itself after a restart, may get what was there until it expires.
 *
 * What is offered does not replace what others put or removed since its load began, whatever
 * anybody's clock says (remote_offer.h), as long as the server still has that change or word of it.
 *
 * What others change is told to who watches the tier (CLIENT TRACKING): within `bound_ns` of
 * tayra__remote_bound_ns() it is told or everything is distrusted.  A server without RESP3 cannot
 * tell: then copies elsewhere are as old as their ttl allows.
 *
 * It has two threads: one that talks to the server, one that tells what has changed.
 */
#ifndef TAYRA_TIER_REMOTE_H
#define TAYRA_TIER_REMOTE_H

#include <stddef.h>
#include <stdint.h>

#include "tier/tier.h"

struct tayra__syscalls;

struct tayra__remote_options {
	const char *url;       /* see net/redis_url.h */
	const char *prefix;    /* of all its keys in the server; NULL: "tayra:" */
	uint64_t timeout_ns;   /* no call waits longer; 0: 50 ms */
	uint32_t connections;  /* that read; 0: 4; at most 64 */
	uint64_t value_bytes;  /* larger values are not kept; 0: 16 MiB */
	uint64_t heartbeat_ns; /* 0: 1 s */
	uint64_t removed_ns;   /* what was removed is known to have been for so long; 0: 60 s */
	const struct tayra__syscalls *syscalls; /* NULL: the real one */
};

/*
 * => TAYRA_OK, also when the server does not answer yet: `error` then has a line, and is empty
 *    otherwise.  TAYRA_E_INVAL: an option, or the server refuses user, password, database or what
 *    the tier needs of it.  TAYRA_E_NOMEM.
 */
int tayra__remote_open(const struct tayra__remote_options *options, char *error, size_t error_len,
		       struct tayra__tier **out);
/* How long a change by others, or the loss of the connection, can go unnoticed. */
uint64_t tayra__remote_bound_ns(const struct tayra__tier *tier);

#endif
