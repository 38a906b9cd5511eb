/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_offer.h: stores what was loaded, unless somebody else changed the key since the load
 * began.
 *
 * The key is watched (WATCH), looked at, and set in a transaction that the server drops when anyone
 * has touched it since.  Not by a script: what a script changes the server tells its own connection
 * too, in spite of NOLOOP.
 *
 * No clock of one machine is compared with one of another.  What lies there says for how long it
 * was to be kept, and the server for how long it still will be: the difference is how long ago it
 * was written.  With its age at that moment that is how long ago its bytes were true, and it is
 * compared with how long ago our load began.  When in doubt what is there stays.
 */
#ifndef TAYRA_TIER_REMOTE_OFFER_H
#define TAYRA_TIER_REMOTE_OFFER_H

#include <stddef.h>
#include <stdint.h>

struct tayra__remote_line;
struct tayra__remote_session;
struct tayra__remote_settings;
struct tayra__resp_argument;

struct tayra__remote_offer {
	const void *key;
	size_t key_len;
	struct tayra__resp_argument *set; /* the command; its second is the key's name there */
	size_t set_count;
	uint64_t began_ns; /* the load, or earlier, on the monotonic clock */
	uint64_t deadline_ns;
};

/*
 * The record in it is of that session's epoch.
 * => TAYRA_OK.  TAYRA_E_NOT_FOUND: nothing was stored, for somebody changed it, or may have.
 *    TAYRA_E_FULL: nothing was stored, and what was there is there still: the server refuses it, or
 *    the load took so long that removals meanwhile may be forgotten.  TAYRA_E_IO: not known to be
 *    done, and owed.
 */
int tayra__remote_offer_make(struct tayra__remote_line *line,
			     const struct tayra__remote_settings *settings,
			     const struct tayra__remote_session *session,
			     const struct tayra__remote_offer *offer);

#endif
