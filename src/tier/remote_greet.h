/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_greet.h: from a connection to a session with a server whose values can be believed.
 *
 * The server may not be what it was.  Restarted, it may have come back with an older state, in
 * which what has been deleted and overwritten since is there again; so its run_id is looked at. The
 * epoch key holds "<run_id> <epoch>": an epoch is a random number that each value carries, and only
 * values of the current one count.  Where the run_id is not the server's, whoever sees it first
 * begins a new epoch.
 */
#ifndef TAYRA_TIER_REMOTE_GREET_H
#define TAYRA_TIER_REMOTE_GREET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dial.h"
#include "net/resp_client.h"

struct tayra__remote_settings;

#define TAYRA__REMOTE_RUN_ID 64 /* bytes with the terminating 0 */
#define TAYRA__REMOTE_EPOCH  (TAYRA__REMOTE_RUN_ID + 20)

struct tayra__remote_session {
	uint64_t number; /* of this process: grows */
	uint64_t epoch;
	uint64_t since_ns; /* nothing that others changed later is forgotten in it */
	struct tayra__dial_address address; /* all connections of a session go to one place */
	enum tayra__resp_version version;
	bool tracked; /* we are told what others change */
	char run_id[TAYRA__REMOTE_RUN_ID];
};

enum tayra__remote_epoch_state {
	TAYRA__REMOTE_EPOCH_KEPT,  /* this is the session's epoch */
	TAYRA__REMOTE_EPOCH_MOVED, /* somebody has begun another: it is in *epoch */
	TAYRA__REMOTE_EPOCH_NONE,  /* none, or of another run of the server: begin one */
};
/* Judge what the epoch key holds. */
enum tayra__remote_epoch_state tayra__remote_epoch_read(const struct tayra__resp_element *said,
							const struct tayra__remote_session *session,
							uint64_t *epoch);
#define TAYRA__REMOTE_HEX 16u /* digits, lower case */
bool tayra__remote_hex_read(const char *text, uint64_t *out);
/* "<run_id> <epoch>" */
void tayra__remote_epoch_text(const struct tayra__remote_session *session, uint64_t epoch,
			      char out[TAYRA__REMOTE_EPOCH]);

/* Which run of a server this is.  => TAYRA_OK, TAYRA_E_INVAL (it does not say), or as
 * tayra__resp_client_receive(). */
int tayra__remote_run_id(struct tayra__resp_client *client, uint64_t deadline_ns,
			 char out[TAYRA__REMOTE_RUN_ID]);

/* A connection of before whose commands may still be on their way. */
struct tayra__remote_past {
	int64_t id; /* 0: not known */
	char run_id[TAYRA__REMOTE_RUN_ID];
	bool wrote; /* something that was not answered */
};

/*
 * On an open client: learn the run_id; end what is past; ask to be told of changes; agree on an
 * epoch, and begin a new one if what is past cannot be ended.  Fills run_id,
 * version, tracked, epoch of *session.
 * => TAYRA_OK, or why not with a line in `error`.
 */
int tayra__remote_greet(struct tayra__resp_client *client,
			const struct tayra__remote_settings *settings,
			const struct tayra__remote_past *past, uint64_t deadline_ns,
			struct tayra__remote_session *session, char *error, size_t error_len);

#endif
