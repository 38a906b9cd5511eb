/* SPDX-License-Identifier: Apache-2.0
 *
 * string_commands.c: values as a whole, and pieces of them.  Cached values do not change, so what
 * changes a piece writes a new value; that costs what the whole is long.
 */
#include "serve/command.h"

#include "serve/connection.h"
#include "serve/deadline.h"
#include "serve/fetch.h"
#include "serve/monitor.h"
#include "serve/state.h"

#include <string.h>

/* Look up to read: counts in INFO.  Statuses that are not OK are a miss. */
static int
look_up(const struct tayra__call *call, size_t index, struct tayra_value *out)
{
	const struct tayra__key_in key = tayra__call_key(call, index);
	int status = tayra__keyspace_get(&call->server->keyspace, &key, out);

	if (status == TAYRA_OK) {
		call->server->counters.hits++;
		if (call->server->learning.watches)
			tayra__learning_hit(call, index, &out->meta);
	} else {
		call->server->counters.misses++;
	}
	return status;
}

static void
unpin(const struct tayra__call *call, struct tayra_value *value)
{
	tayra_cache_unpin(call->server->keyspace.cache, value);
}

/* The client will bring what it has missed: see misses.h. */
static void
note_miss(const struct tayra__call *call, size_t index)
{
	const struct tayra__key_in key = tayra__call_key(call, index);

	key.bytes[-1] = (char)key.db;
	tayra__misses_add(&call->server->misses, call->connection->id, key.bytes, key.len,
			  tayra__loop_now_ns(call->server->loop));
	if (call->server->learning.watches)
		tayra__learning_miss(call, index);
}

/* What the key's value has cost the client that sets it, 0 when that is not known. */
static uint64_t
cost_of(const struct tayra__call *call, const struct tayra__key_in *key)
{
	struct tayra__server *server = call->server;
	uint64_t cost_ns;

	key->bytes[-1] = (char)key->db;
	cost_ns = tayra__misses_take(&server->misses, call->connection->id, key->bytes, key->len,
				     call->connection->arrived_ns);
	if (cost_ns) {
		server->counters.costs_learned++;
		server->counters.cost_ns += cost_ns;
		if (server->monitor)
			tayra__monitor_cost(server->monitor, cost_ns);
	}
	return cost_ns;
}

/* Replies with a key's value, or null.  Returns whether there is one. */
static bool
reply_value(const struct tayra__call *call, size_t index)
{
	struct tayra_value value;

	if (look_up(call, index, &value) != TAYRA_OK) {
		note_miss(call, index);
		tayra__resp_null(call->out, tayra__call_version(call));
		return false;
	}
	tayra__resp_bulk(call->out, value.data, value.len);
	unpin(call, &value);
	return true;
}

static void
run_get(struct tayra__call *call)
{
	struct tayra_value value;

	if (look_up(call, 1, &value) == TAYRA_OK) {
		tayra__resp_bulk(call->out, value.data, value.len);
		unpin(call, &value);
	} else if (tayra__fetch_possible(call, 1)) {
		tayra__fetch_value(call, 1);
	} else {
		note_miss(call, 1);
		tayra__resp_null(call->out, tayra__call_version(call));
	}
}

static void
run_mget(struct tayra__call *call)
{
	for (size_t i = 1; i < call->count; i++)
		if (tayra__fetch_possible(call, i)) {
			tayra__fetch_values(call, 1);
			return;
		}
	tayra__resp_array(call->out, call->count - 1);
	for (size_t i = 1; i < call->count && !call->out->failed; i++)
		reply_value(call, i);
}

/* Store an argument under a key; replies when that fails. */
static bool
store(const struct tayra__call *call, size_t key_index, size_t value_index, int64_t deadline_ms)
{
	const struct tayra__key_in key = tayra__call_key(call, key_index);
	int status = tayra__keyspace_put(&call->server->keyspace, &key,
					 call->args[value_index].bytes, call->args[value_index].len,
					 deadline_ms, cost_of(call, &key));

	if (status != TAYRA_OK)
		tayra__call_refuse(call, status);
	return status == TAYRA_OK;
}

#define SET_NX      1u
#define SET_XX      2u
#define SET_GET     4u
#define SET_KEEPTTL 8u

struct set_options {
	uint32_t flags;
	uint32_t deadline; /* TAYRA__DEADLINE_*, 0: none given */
	size_t deadline_at;
	int64_t deadline_ms;
};

static uint32_t
set_flag(const struct tayra__call *call, size_t index)
{
	return tayra__call_is(call, index, "nx")        ? SET_NX
	       : tayra__call_is(call, index, "xx")      ? SET_XX
	       : tayra__call_is(call, index, "get")     ? SET_GET
	       : tayra__call_is(call, index, "keepttl") ? SET_KEEPTTL
							: 0;
}

/* Replies when something is wrong. */
static bool
read_set_options(const struct tayra__call *call, struct set_options *o)
{
	*o = (struct set_options){ .deadline_ms = TAYRA__NO_EXPIRY };
	for (size_t i = 3; i < call->count; i++) {
		uint32_t flag = set_flag(call, i), deadline = tayra__deadline_option(call, i);

		if (deadline && !o->deadline && i + 1 < call->count) {
			o->deadline = deadline;
			o->deadline_at = ++i;
		} else if (flag) {
			o->flags |= flag;
		} else {
			tayra__call_syntax_error(call);
			return false;
		}
	}
	if ((o->flags & (SET_NX | SET_XX)) == (SET_NX | SET_XX) ||
	    ((o->flags & SET_KEEPTTL) && o->deadline)) {
		tayra__call_syntax_error(call);
		return false;
	}
	return !o->deadline ||
	       tayra__deadline_read(call, o->deadline_at, o->deadline, &o->deadline_ms);
}

static void
run_set(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	struct tayra_value old = { 0 };
	struct set_options o;
	bool exists = false;

	if (!read_set_options(call, &o))
		return;
	if (tayra__fetch_writes(call, 1)) {
		tayra__fetch_write(call, 1, 2);
		return;
	}
	if (o.flags && tayra__fetch_before(call))
		return;
	if (o.flags) {
		const struct tayra__key_in key = tayra__call_key(call, 1);

		exists = tayra__keyspace_get(keyspace, &key, &old) == TAYRA_OK;
		if (exists && (o.flags & SET_KEEPTTL))
			o.deadline_ms = tayra__keyspace_deadline(keyspace, &old);
	}
	bool skip = ((o.flags & SET_NX) && exists) || ((o.flags & SET_XX) && !exists);

	if (skip || store(call, 1, 2, o.deadline_ms)) {
		if ((o.flags & SET_GET) && exists)
			tayra__resp_bulk(call->out, old.data, old.len);
		else if (skip || (o.flags & SET_GET))
			tayra__resp_null(call->out, tayra__call_version(call));
		else
			tayra__resp_simple(call->out, "OK");
	}
	unpin(call, &old);
}

static void
run_setnx(struct tayra__call *call)
{
	const struct tayra__key_in key = tayra__call_key(call, 1);

	if (tayra__keyspace_has(&call->server->keyspace, &key))
		tayra__resp_integer(call->out, 0);
	else if (store(call, 1, 2, TAYRA__NO_EXPIRY))
		tayra__resp_integer(call->out, 1);
}

static void
set_for(struct tayra__call *call, uint32_t unit)
{
	int64_t deadline_ms;

	if (tayra__deadline_read(call, 2, unit | TAYRA__DEADLINE_POSITIVE, &deadline_ms) &&
	    store(call, 1, 3, deadline_ms))
		tayra__resp_simple(call->out, "OK");
}

static void
run_setex(struct tayra__call *call)
{
	set_for(call, TAYRA__DEADLINE_SECONDS);
}

static void
run_psetex(struct tayra__call *call)
{
	set_for(call, 0);
}

static void
run_getset(struct tayra__call *call)
{
	struct tayra_value old;
	bool exists = look_up(call, 1, &old) == TAYRA_OK;

	if (store(call, 1, 2, TAYRA__NO_EXPIRY)) {
		if (exists)
			tayra__resp_bulk(call->out, old.data, old.len);
		else
			tayra__resp_null(call->out, tayra__call_version(call));
	}
	unpin(call, &old);
}

static void
run_getdel(struct tayra__call *call)
{
	const struct tayra__key_in key = tayra__call_key(call, 1);

	if (reply_value(call, 1))
		tayra__keyspace_delete(&call->server->keyspace, &key);
}

static void
run_getex(struct tayra__call *call)
{
	const struct tayra__key_in key = tayra__call_key(call, 1);
	uint32_t deadline = call->count == 4 ? tayra__deadline_option(call, 2) : 0;
	bool persist = call->count == 3 && tayra__call_is(call, 2, "persist");
	int64_t deadline_ms = TAYRA__NO_EXPIRY;

	if (call->count > 2 && !deadline && !persist) {
		tayra__call_syntax_error(call);
		return;
	}
	if (deadline && !tayra__deadline_read(call, 3, deadline, &deadline_ms))
		return;
	if (reply_value(call, 1) && (deadline || persist))
		tayra__keyspace_expire(&call->server->keyspace, &key, deadline_ms);
}

/* Store all pairs; replies when one fails, and leaves out the rest. */
static bool
store_pairs(struct tayra__call *call)
{
	for (size_t i = 1; i < call->count; i += 2)
		if (!store(call, i, i + 1, TAYRA__NO_EXPIRY))
			return false;
	return true;
}

static void
run_mset(struct tayra__call *call)
{
	if (call->count % 2 == 0)
		tayra__call_wrong_arity(call);
	else if (store_pairs(call))
		tayra__resp_simple(call->out, "OK");
}

static void
run_msetnx(struct tayra__call *call)
{
	if (call->count % 2 == 0) {
		tayra__call_wrong_arity(call);
		return;
	}
	for (size_t i = 1; i < call->count; i += 2) {
		const struct tayra__key_in key = tayra__call_key(call, i);

		if (tayra__keyspace_has(&call->server->keyspace, &key)) {
			tayra__resp_integer(call->out, 0);
			return;
		}
	}
	if (store_pairs(call))
		tayra__resp_integer(call->out, 1);
}

static void
run_strlen(struct tayra__call *call)
{
	struct tayra_value value;

	look_up(call, 1, &value);
	tayra__resp_integer(call->out, (int64_t)value.len);
	unpin(call, &value);
}

/* Cut [first, last], which count from the end when negative, to what is there.  Returns how much.
 */
static size_t
clip(int64_t first, int64_t last, size_t len, size_t *from)
{
	int64_t size = (int64_t)len;

	if (first < 0)
		first = first < -size ? 0 : first + size;
	if (last < 0)
		last = last < -size ? 0 : last + size;
	if (last >= size)
		last = size - 1;
	*from = (size_t)first;
	return first > last || size == 0 ? 0 : (size_t)(last - first + 1);
}

static void
run_getrange(struct tayra__call *call)
{
	struct tayra_value value;
	int64_t first, last;
	size_t from, len = 0;

	if (!tayra__call_integer(call, 2, &first) || !tayra__call_integer(call, 3, &last))
		return;
	if (look_up(call, 1, &value) == TAYRA_OK && !(first < 0 && last < 0 && first > last))
		len = clip(first, last, value.len, &from);
	tayra__resp_bulk(call->out, len ? (const char *)value.data + from : "", len);
	unpin(call, &value);
}

/* The new value: the old one, zeros up to `at` where that is beyond it, `bytes` at `at`.  Replies
 * with the length, or with what went wrong.  `old` is given back. */
static void
overlay(struct tayra__call *call, struct tayra_value *old, size_t at,
	const struct tayra__resp_arg *bytes)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	int64_t deadline_ms = old->pin ? tayra__keyspace_deadline(keyspace, old) : TAYRA__NO_EXPIRY;
	size_t len = at + bytes->len > old->len ? at + bytes->len : old->len;
	uint64_t cost_ns = old->meta.cost_ns;
	struct tayra_reservation room;
	int status = tayra__keyspace_reserve(keyspace, &key, len, &room);

	if (status == TAYRA_OK) {
		char *to = room.data;

		if (old->len)
			memcpy(to, old->data, old->len);
		if (at > old->len)
			memset(to + old->len, 0, at - old->len);
		if (bytes->len)
			memcpy(to + at, bytes->bytes, bytes->len);
		status = tayra__keyspace_commit(keyspace, &key, &room, deadline_ms, cost_ns);
	}
	unpin(call, old);
	if (status == TAYRA_OK)
		tayra__resp_integer(call->out, (int64_t)len);
	else
		tayra__call_refuse(call, status);
}

/* Checked before the cache is asked, which would let the old value go. */
static bool
too_long(struct tayra__call *call, size_t at, size_t len)
{
	size_t end;

	if (!__builtin_add_overflow(at, len, &end) && end <= call->server->limits.bulk_bytes)
		return false;
	tayra__call_error(call, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
	return true;
}

static void
run_append(struct tayra__call *call)
{
	const struct tayra__key_in key = tayra__call_key(call, 1);
	struct tayra_value old;

	tayra__keyspace_get(&call->server->keyspace, &key, &old);
	if (too_long(call, old.len, call->args[2].len))
		unpin(call, &old);
	else
		overlay(call, &old, old.len, &call->args[2]);
}

static void
run_setrange(struct tayra__call *call)
{
	const struct tayra__key_in key = tayra__call_key(call, 1);
	struct tayra_value old;
	int64_t at;

	if (!tayra__call_integer(call, 2, &at))
		return;
	if (at < 0) {
		tayra__call_error(call, "ERR offset is out of range");
		return;
	}
	tayra__keyspace_get(&call->server->keyspace, &key, &old);
	if (call->args[3].len == 0) {
		tayra__resp_integer(call->out, (int64_t)old.len);
		unpin(call, &old);
	} else if (too_long(call, (size_t)at, call->args[3].len)) {
		unpin(call, &old);
	} else {
		overlay(call, &old, (size_t)at, &call->args[3]);
	}
}

#define READ  (TAYRA__COMMAND_READONLY | TAYRA__COMMAND_FAST)
#define WRITE (TAYRA__COMMAND_WRITE | TAYRA__COMMAND_DENYOOM)

const struct tayra__command tayra__string_commands[] = {
	{ "append", 3, WRITE | TAYRA__COMMAND_FAST, 1, 1, 1, run_append, "2.0.0",
	  "Append a value to a key" },
	{ "get", 2, READ | TAYRA__COMMAND_ASIDE | TAYRA__COMMAND_BLIND, 1, 1, 1, run_get, "1.0.0",
	  "Get the value of a key" },
	{ "getdel", 2, TAYRA__COMMAND_WRITE | TAYRA__COMMAND_FAST, 1, 1, 1, run_getdel, "6.2.0",
	  "Get the value of a key and delete the key" },
	{ "getex", -2, TAYRA__COMMAND_WRITE | TAYRA__COMMAND_FAST, 1, 1, 1, run_getex, "6.2.0",
	  "Get the value of a key and optionally set its expiration" },
	{ "getrange", 4, TAYRA__COMMAND_READONLY, 1, 1, 1, run_getrange, "2.4.0",
	  "Get a substring of the string stored at a key" },
	{ "getset", 3, WRITE | TAYRA__COMMAND_FAST, 1, 1, 1, run_getset, "1.0.0",
	  "Set the string value of a key and return its old value" },
	{ "mget", -2, READ | TAYRA__COMMAND_ASIDE | TAYRA__COMMAND_BLIND, 1, -1, 1, run_mget,
	  "1.0.0", "Get the values of all the given keys" },
	{ "mset", -3, WRITE | TAYRA__COMMAND_BLIND, 1, -1, 2, run_mset, "1.0.1",
	  "Set multiple keys to multiple values" },
	{ "msetnx", -3, WRITE, 1, -1, 2, run_msetnx, "1.0.1",
	  "Set multiple keys to multiple values, only if none of the keys exist" },
	{ "psetex", 4, WRITE | TAYRA__COMMAND_BLIND, 1, 1, 1, run_psetex, "2.6.0",
	  "Set the value and expiration in milliseconds of a key" },
	{ "set", -3, WRITE | TAYRA__COMMAND_BLIND, 1, 1, 1, run_set, "1.0.0",
	  "Set the string value of a key" },
	{ "setex", 4, WRITE | TAYRA__COMMAND_BLIND, 1, 1, 1, run_setex, "2.0.0",
	  "Set the value and expiration of a key" },
	{ "setnx", 3, WRITE | TAYRA__COMMAND_FAST, 1, 1, 1, run_setnx, "1.0.0",
	  "Set the value of a key, only if the key does not exist" },
	{ "setrange", 4, WRITE, 1, 1, 1, run_setrange, "2.2.0",
	  "Overwrite part of a string at key starting at the specified offset" },
	{ "strlen", 2, READ, 1, 1, 1, run_strlen, "2.2.0",
	  "Get the length of the value stored in a key" },
	{ 0 },
};
