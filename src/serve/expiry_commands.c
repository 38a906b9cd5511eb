/* SPDX-License-Identifier: Apache-2.0
 *
 * expiry_commands.c: when keys expire.
 */
#include "serve/command.h"

#include "serve/deadline.h"
#include "serve/state.h"

#define NX 1u
#define XX 2u
#define GT 4u
#define LT 8u

/* The conditions from args[3] on; replies when they make no sense. */
static bool
read_conditions(const struct tayra__call *call, uint32_t *out)
{
	uint32_t flags = 0;

	for (size_t i = 3; i < call->count; i++) {
		uint32_t flag = tayra__call_is(call, i, "nx")   ? NX
				: tayra__call_is(call, i, "xx") ? XX
				: tayra__call_is(call, i, "gt") ? GT
				: tayra__call_is(call, i, "lt") ? LT
								: 0;

		if (!flag) {
			tayra__call_error(call, "ERR Unsupported option %.*s",
					  (int)(call->args[i].len < 128 ? call->args[i].len : 128),
					  call->args[i].bytes);
			return false;
		}
		flags |= flag;
	}
	if ((flags & NX) && (flags & (XX | GT | LT))) {
		tayra__call_error(call, "ERR NX and XX, GT or LT options at the same time are not "
					"compatible");
		return false;
	}
	if ((flags & GT) && (flags & LT)) {
		tayra__call_error(call,
				  "ERR GT and LT options at the same time are not compatible");
		return false;
	}
	*out = flags;
	return true;
}

/* No deadline is later than any. */
static bool
conditions_hold(uint32_t flags, int64_t current_ms, int64_t wanted_ms)
{
	bool has = current_ms != TAYRA__NO_EXPIRY;

	return !((flags & NX) && has) && !((flags & XX) && !has) &&
	       !((flags & GT) && wanted_ms <= current_ms) &&
	       !((flags & LT) && wanted_ms >= current_ms);
}

static void
expire(struct tayra__call *call, uint32_t unit)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	int64_t wanted_ms, current_ms;
	struct tayra_value value;
	uint32_t flags;

	if (!read_conditions(call, &flags) || !tayra__deadline_read(call, 2, unit, &wanted_ms))
		return;
	if (tayra__keyspace_get(keyspace, &key, &value) != TAYRA_OK) {
		tayra__resp_integer(call->out, 0);
		return;
	}
	current_ms = tayra__keyspace_deadline(keyspace, &value);
	tayra_cache_unpin(keyspace->cache, &value);
	tayra__resp_integer(call->out,
			    conditions_hold(flags, current_ms, wanted_ms) &&
				    tayra__keyspace_expire(keyspace, &key, wanted_ms) == TAYRA_OK);
}

static void
run_expire(struct tayra__call *call)
{
	expire(call, TAYRA__DEADLINE_SECONDS);
}

static void
run_pexpire(struct tayra__call *call)
{
	expire(call, 0);
}

static void
run_expireat(struct tayra__call *call)
{
	expire(call, TAYRA__DEADLINE_SECONDS | TAYRA__DEADLINE_ABSOLUTE);
}

static void
run_pexpireat(struct tayra__call *call)
{
	expire(call, TAYRA__DEADLINE_ABSOLUTE);
}

/* Replies with the deadline of a key, from `since_ms`, in milliseconds or rounded to seconds; -1
 * when it has none, -2 when there is no such key. */
static void
reply_deadline(struct tayra__call *call, int64_t since_ms, uint32_t unit)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	struct tayra_value value;
	int64_t deadline_ms;

	if (tayra__keyspace_get(keyspace, &key, &value) != TAYRA_OK) {
		tayra__resp_integer(call->out, -2);
		return;
	}
	deadline_ms = tayra__keyspace_deadline(keyspace, &value);
	tayra_cache_unpin(keyspace->cache, &value);
	if (deadline_ms == TAYRA__NO_EXPIRY)
		tayra__resp_integer(call->out, -1);
	else if (unit & TAYRA__DEADLINE_SECONDS)
		tayra__resp_integer(call->out, (deadline_ms - since_ms + 500) / 1000);
	else
		tayra__resp_integer(call->out, deadline_ms - since_ms);
}

static void
run_ttl(struct tayra__call *call)
{
	reply_deadline(call, tayra__keyspace_wall_ms(&call->server->keyspace),
		       TAYRA__DEADLINE_SECONDS);
}

static void
run_pttl(struct tayra__call *call)
{
	reply_deadline(call, tayra__keyspace_wall_ms(&call->server->keyspace), 0);
}

static void
run_expiretime(struct tayra__call *call)
{
	reply_deadline(call, 0, TAYRA__DEADLINE_SECONDS);
}

static void
run_pexpiretime(struct tayra__call *call)
{
	reply_deadline(call, 0, 0);
}

static void
run_persist(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	struct tayra_value value;
	bool expires = false;

	if (tayra__keyspace_get(keyspace, &key, &value) == TAYRA_OK) {
		expires = tayra__keyspace_deadline(keyspace, &value) != TAYRA__NO_EXPIRY;
		tayra_cache_unpin(keyspace->cache, &value);
	}
	tayra__resp_integer(call->out,
			    expires && tayra__keyspace_expire(keyspace, &key, TAYRA__NO_EXPIRY) ==
					       TAYRA_OK);
}

#define READ  (TAYRA__COMMAND_READONLY | TAYRA__COMMAND_FAST)
#define WRITE (TAYRA__COMMAND_WRITE | TAYRA__COMMAND_FAST)

const struct tayra__command tayra__expiry_commands[] = {
	{ "expire", -3, WRITE, 1, 1, 1, run_expire, "1.0.0",
	  "Set a key's time to live in seconds" },
	{ "expireat", -3, WRITE, 1, 1, 1, run_expireat, "1.2.0",
	  "Set the expiration for a key as a UNIX timestamp" },
	{ "expiretime", 2, READ, 1, 1, 1, run_expiretime, "7.0.0",
	  "Get the expiration Unix timestamp for a key" },
	{ "persist", 2, WRITE, 1, 1, 1, run_persist, "2.2.0", "Remove the expiration from a key" },
	{ "pexpire", -3, WRITE, 1, 1, 1, run_pexpire, "2.6.0",
	  "Set a key's time to live in milliseconds" },
	{ "pexpireat", -3, WRITE, 1, 1, 1, run_pexpireat, "2.6.0",
	  "Set the expiration for a key as a UNIX timestamp specified in milliseconds" },
	{ "pexpiretime", 2, READ, 1, 1, 1, run_pexpiretime, "7.0.0",
	  "Get the expiration Unix timestamp for a key in milliseconds" },
	{ "pttl", 2, READ, 1, 1, 1, run_pttl, "2.6.0",
	  "Get the time to live for a key in milliseconds" },
	{ "ttl", 2, READ, 1, 1, 1, run_ttl, "1.0.0", "Get the time to live for a key in seconds" },
	{ 0 },
};
