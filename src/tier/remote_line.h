/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_line.h: the one connection on which a remote tier writes and is told what others change.
 *
 * That both go over one connection is what tells our own changes from others': the server leaves
 * out those that this connection made last (NOLOOP), also where several writes of one key are told
 * as one.  And what is written arrives in the order in which it was sent.
 *
 * The line is
 *   UP       in order: values of the session's epoch can be believed;
 *   STALLED  the server has not answered in time, or something is owed: nothing is believed and
 *            nothing sent for callers, until all has been answered and all that is owed is paid;
 *   DOWN     not connected: what came from the server is distrusted, and every change since then
 *            owed.
 * A change that a caller was not told to be done is owed: its key is removed in the server before
 * the line is UP again.  So nothing is owed while it is UP.
 *
 * One thread reads, greets, pays and connects again (after 0.1 s, doubling to 5 s); callers send
 * themselves, one at a time, and wait for their answer.
 */
#ifndef TAYRA_TIER_REMOTE_LINE_H
#define TAYRA_TIER_REMOTE_LINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/resp_client.h"
#include "tier/remote_greet.h"
#include "tier/remote_owed.h"

struct tayra__remote_news;
struct tayra__remote_settings;

#define TAYRA__REMOTE_SENT_MAX 256u /* commands on their way, a power of 2 */

enum tayra__remote_state { TAYRA__REMOTE_DOWN, TAYRA__REMOTE_STALLED, TAYRA__REMOTE_UP };

/* What an answer is to. */
enum tayra__remote_sent_kind {
	TAYRA__REMOTE_SENT_CALL,
	TAYRA__REMOTE_SENT_BEAT,  /* GET of the epoch key */
	TAYRA__REMOTE_SENT_MARK,  /* SET of what says that a key that is owed was removed */
	TAYRA__REMOTE_SENT_DEBT,  /* DEL of such keys, where that was refused */
	TAYRA__REMOTE_SENT_EPOCH, /* SET of a new epoch */
};

struct tayra__remote_call; /* a caller's, on its stack */

#define TAYRA__REMOTE_COMMANDS_MAX 5u /* that go together */

struct tayra__remote_command {
	const struct tayra__resp_argument *arguments;
	size_t count;
};

struct tayra__remote_answer {
	enum tayra__resp_type type;
	int64_t integer;
	unsigned char text[TAYRA__REMOTE_EPOCH]; /* of a bulk, cut */
	size_t len;
};

struct tayra__remote_sent {
	enum tayra__remote_sent_kind kind;
	struct tayra__remote_call *call; /* NULL: its caller has given up */
	uint64_t at_ns;
};

struct tayra__remote_line {
	const struct tayra__remote_settings *settings;
	struct tayra__remote_news *news;
	pthread_t thread;
	int wake; /* an eventfd */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* anything below; CLOCK_MONOTONIC */
	/* lock: */
	enum tayra__remote_state state;
	bool stop, broken; /* broken: the connection has to go */
	bool sending;      /* somebody writes to the client; its lock, as it were */
	bool offering;     /* somebody watches a key there (WATCH), of which a connection has one */
	struct tayra__remote_session session;
	struct tayra__remote_owed owed;
	struct tayra__remote_sent sent[TAYRA__REMOTE_SENT_MAX];
	uint32_t sent_first, sent_end; /* counting on */
	uint64_t errors;               /* connections lost or refused, answers too late */
	/* The thread's: */
	struct tayra__resp_client client;
	struct tayra__remote_past past;
	struct tayra__remote_owed paying;
	uint32_t paying_at;
	bool unmarked, deleting; /* a mark of `paying` was refused; then all are deleted */
	uint64_t next_epoch, beat_ns;
	uint64_t pause_ns; /* before connecting again */
	bool recheck;      /* the epoch has to be looked at before the line is UP */
	bool invalidating; /* inside such a push */
};

/*
 * Connects once and starts the thread, also when nobody answered: `error` has a line then.
 * => TAYRA_OK; TAYRA_E_INVAL: the server says no to who we are or what we need; TAYRA_E_NOMEM.
 */
int tayra__remote_line_init(struct tayra__remote_line *line,
			    const struct tayra__remote_settings *settings,
			    struct tayra__remote_news *news, char *error, size_t error_len);
/* Nobody is in a call.  `forked`: in a child, where the thread is not.  => whether something is
 * still owed. */
bool tayra__remote_line_fini(struct tayra__remote_line *line, bool forked);

/* => whether it is UP; then *out is the session. */
bool tayra__remote_line_session(struct tayra__remote_line *line, struct tayra__remote_session *out);
/*
 * Send commands about that key of ours, with nobody's between them, and wait for the answers.
 * => TAYRA_OK with *answers, as many, any of which may be an error.  TAYRA_E_IO: not known to be
 *    done, and owed.
 */
int tayra__remote_line_change(struct tayra__remote_line *line,
			      const struct tayra__remote_command *commands, size_t count,
			      const void *key, size_t key_len, uint64_t deadline_ns,
			      struct tayra__remote_answer *answers);
/* WATCH belongs to a connection: from its first command to its last who watches keeps others from
 * doing so.  => whether it may; then _done(). */
bool tayra__remote_line_watch(struct tayra__remote_line *line, uint64_t deadline_ns);
void tayra__remote_line_watch_done(struct tayra__remote_line *line);
/* The key's value in the server has to go before the line is UP (again). */
void tayra__remote_line_owe(struct tayra__remote_line *line, const void *key, size_t key_len);
/* Disbelieve everything there: begin a new epoch.  => TAYRA_OK; TAYRA_E_IO: owed. */
int tayra__remote_line_disbelieve(struct tayra__remote_line *line, uint64_t deadline_ns);
/* Another connection of the session has found another server there: greet again. */
void tayra__remote_line_doubt(struct tayra__remote_line *line, uint64_t number);

#endif
