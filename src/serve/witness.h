/* SPDX-License-Identifier: Apache-2.0
 *
 * witness.h: what is known of changes in the Redis we forward to.  One connection of its own, with
 * CLIENT TRACKING ON BCAST, on which that Redis names every key that changes, in any database; and
 * what it says of its commands.
 *
 * It is asked PING ten times a second: what it had said before it answered has been heard.  So RAM
 * lags by no more than the time since the last PING that was answered was sent.  When that is more
 * than TAYRA__FORWARD_STALE_NS the connection counts as lost: RAM is cleared, and nothing is kept
 * before it is back.  The thread of the loop alone.
 */
#ifndef TAYRA_SERVE_WITNESS_H
#define TAYRA_SERVE_WITNESS_H

#include "serve/grammar.h"
#include "serve/keyspace.h"
#include "serve/upstream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__server;

#define TAYRA__WITNESS_SLOTS 4096

struct tayra__witness {
	struct tayra__server *server;
	struct tayra__grammar grammar;
	uint64_t epoch; /* another one: whatever was asked before is not to be kept */
	uint64_t changes_heard, lost;

	/* Private. */
	struct tayra__upstream upstream;
	struct tayra__upstream_request tracking, commands, ping;
	bool on, pinging, told; /* on: it tracks; told: inside an invalidation */
	char trouble[160];
	uint64_t known_ns; /* all that was changed before has been heard of */
	uint64_t seed;
	uint32_t changes[TAYRA__WITNESS_SLOTS]; /* of keys, by hash */
};

void tayra__witness_init(struct tayra__witness *witness, struct tayra__server *server,
			 const struct tayra__upstream_target *target);
/* Who waits to catch up is called. */
void tayra__witness_fini(struct tayra__witness *witness);
/* Ten times a second: connects, asks, and gives up. */
void tayra__witness_tick(struct tayra__witness *witness);

/* RAM may be answered from. */
bool tayra__witness_known(const struct tayra__witness *witness);
/* Why not, or "". */
const char *tayra__witness_trouble(const struct tayra__witness *witness);
/* Remember this and the epoch when asking for a key, and what comes may be kept if it still
 * holds. */
uint32_t tayra__witness_seen(const struct tayra__witness *witness, const struct tayra__key_in *key);
bool tayra__witness_holds(const struct tayra__witness *witness, const struct tayra__key_in *key,
			  uint64_t epoch, uint32_t seen);
/* All may have changed: forget it, and what is on its way. */
void tayra__witness_forget(struct tayra__witness *witness);
/* The key changes: forget it in every database. */
void tayra__witness_changed(struct tayra__witness *witness, const struct tayra__key_in *key);
/* Call when everything has been heard that was changed before now, or when RAM has been cleared.
 * => false: it has nothing to wait for. */
bool tayra__witness_catch_up(struct tayra__witness *witness, void (*done)(void *arg), void *arg);

#endif
