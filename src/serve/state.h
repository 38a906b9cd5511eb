/* SPDX-License-Identifier: Apache-2.0
 *
 * state.h: what the server is made of, for the files of this folder.  Everything belongs to the
 * thread that runs the loop.
 */
#ifndef TAYRA_SERVE_STATE_H
#define TAYRA_SERVE_STATE_H

#include "base/list.h"
#include "base/rng.h"
#include "net/buffer.h"
#include "net/loop.h"
#include "net/resp_request.h"
#include "net/socket.h"
#include "serve/command.h"
#include "serve/feeds.h"
#include "serve/keyspace.h"
#include "serve/learning.h"
#include "serve/misses.h"
#include "serve/posts.h"
#include "serve/route.h"
#include "serve/server.h"
#include "serve/tiers.h"

#define TAYRA__SERVER_PASSWORD_MAX 512
/* The Redis whose commands these are: clients choose what they send by it. */
#define TAYRA__SERVER_COMPATIBLE "7.0.15"

struct tayra__forward;
struct tayra__monitor;
struct tayra__troubles;
struct tayra__warming;

struct tayra__server_counters {
	uint64_t connections, refused, closed_for_buffers, commands, errors, input_bytes,
		output_bytes, hits, misses;
	uint64_t by_group[TAYRA__COMMAND_GROUPS]; /* of commands */
	uint64_t costs_learned, cost_ns;          /* their sum */
};

struct tayra__server {
	struct tayra__loop *loop;
	const struct tayra_clock *clock;
	struct tayra *handle;
	struct tayra__keyspace keyspace;
	struct tayra__routes *routes; /* NULL: none */
	bool check;                   /* it listens nowhere */
	struct tayra__tiers tiers;
	struct tayra__posts posts; /* with a remote tier */
	bool tiered;               /* the handle has tiers below RAM */
	struct tayra_cq *cq;       /* of what fetches ask for; NULL: nothing is anywhere but here */
	struct tayra__watch completions;
	struct tayra_pace *const *paces; /* to be ticked */
	size_t pace_count;
	const char *const *pace_names;
	const uint32_t *pace_threads; /* NULL: any number */
	char pacing_why[512];         /* why CONFIG SET of one, or of loads, was refused */
	struct tayra__feeds feeds;
	struct tayra__troubles *troubles; /* NULL: no routes */
	struct tayra__watch listener;     /* fd -1: none */
	struct tayra__address address;
	char address_text[TAYRA__ADDRESS_TEXT];
	uint64_t memory_bytes;
	enum tayra_policy policy;

	/* Connections, the one that has been silent longest first. */
	struct tayra__list connections;
	uint64_t next_id;
	uint32_t clients, clients_max;
	bool accepting; /* false: out of files; tried again with the next tick */
	uint64_t idle_timeout_ms;

	/* Bytes of all connections' own buffers, and their bounds. */
	uint64_t buffer_bytes, buffer_bytes_max, output_max_bytes;
	struct tayra__resp_limits limits, limits_stranger; /* stranger: has not authenticated */
	/* What every turn uses in place of the connection's own buffers, which an idle one has not.
	 */
	char *input; /* TAYRA__SERVER_INPUT bytes */
	struct tayra__buffer output, scratch;
	struct tayra__buffer aside; /* a reply that has to stand in line */

	char password[TAYRA__SERVER_PASSWORD_MAX];
	size_t password_len;
	bool protected; /* has a password */
	uint64_t start_ns;
	struct tayra__rng rng;
	struct tayra__server_counters counters;
	uint32_t turn_groups;           /* of the commands in this turn, a bit each */
	struct tayra__monitor *monitor; /* NULL: nobody looks */
	struct tayra__misses misses;
	struct tayra__learning learning;
	struct tayra__forward *forward; /* NULL: nobody else is asked */
	struct tayra__warming *warming; /* NULL: nothing was to be warmed up */
	/* INFO's counts of keys, which cost a walk: as of then. */
	struct tayra__keyspace_census census;
	uint64_t census_ns;
};
#define TAYRA__SERVER_INPUT (64u << 10)

/* Time for the commands of a turn: that of the loop's round, so that no clock is read. */
static inline void
tayra__server_update_now(struct tayra__server *server)
{
	tayra__keyspace_set_now(&server->keyspace,
				tayra__loop_now_ns(server->loop) / TAYRA_NS_PER_MS);
}

/* Set the password, len 0: none.  => TAYRA_E_TOO_LARGE; TAYRA_E_INVAL: none, and others than this
 * machine can reach the address. */
int tayra__server_set_password(struct tayra__server *server, const char *password, size_t len);
/* Compares in a time that does not tell how much was right. */
bool tayra__server_check_password(const struct tayra__server *server, const char *password,
				  size_t len);

#endif
