/* SPDX-License-Identifier: Apache-2.0
 *
 * key_commands.c: keys whatever their values.
 */
#include "serve/command.h"

#include "serve/connection.h"
#include "serve/glob.h"
#include "serve/number.h"
#include "serve/state.h"

#include <string.h>

#define SCAN_COUNT   10
#define KEYS_SLICE   1024 /* buckets */
#define RANDOM_TRIES 64
#define RANDOM_SLICE 64 /* buckets */

/* Replies with the number of keys of which `yes` is true. */
static void
count_keys(struct tayra__call *call,
	   bool (*yes)(struct tayra__keyspace *keyspace, const struct tayra__key_in *key))
{
	int64_t count = 0;

	for (size_t i = 1; i < call->count; i++) {
		const struct tayra__key_in key = tayra__call_key(call, i);

		count += yes(&call->server->keyspace, &key);
	}
	tayra__resp_integer(call->out, count);
}

static bool
deleted(struct tayra__keyspace *keyspace, const struct tayra__key_in *key)
{
	return tayra__keyspace_delete(keyspace, key) == TAYRA_OK;
}

static void
reply_ok(struct tayra__call *call, int status)
{
	if (status == TAYRA_OK)
		tayra__resp_simple(call->out, "OK");
	else
		tayra__call_refuse(call, status);
}

static void
run_del(struct tayra__call *call)
{
	count_keys(call, deleted);
}

static void
run_exists(struct tayra__call *call)
{
	count_keys(call, tayra__keyspace_has);
}

static void
run_type(struct tayra__call *call)
{
	const struct tayra__key_in key = tayra__call_key(call, 1);
	bool there = tayra__keyspace_has(&call->server->keyspace, &key);

	tayra__resp_simple(call->out, there ? "string" : "none");
}

/* Copy a value with its deadline to the other key, and remove it here. */
static int
move_value(struct tayra__call *call, struct tayra_value *value)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in from = tayra__call_key(call, 1), to = tayra__call_key(call, 2);
	int64_t deadline_ms = tayra__keyspace_deadline(keyspace, value);
	int status;

	if (from.len == to.len && memcmp(from.bytes, to.bytes, to.len) == 0)
		return TAYRA_OK;
	status = tayra__keyspace_put(keyspace, &to, value->data, value->len, deadline_ms,
				     value->meta.cost_ns);
	if (status == TAYRA_OK)
		tayra__keyspace_delete(keyspace, &from);
	return status;
}

static void
run_rename(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in from = tayra__call_key(call, 1);
	struct tayra_value value;
	int status;

	if (tayra__keyspace_get(keyspace, &from, &value) != TAYRA_OK) {
		tayra__call_error(call, "ERR no such key");
		return;
	}
	status = move_value(call, &value);
	tayra_cache_unpin(keyspace->cache, &value);
	reply_ok(call, status);
}

/* Keys that match, collected as bulks. */
struct listing {
	struct tayra__buffer *out;
	const struct tayra__resp_arg *pattern; /* NULL: all */
	uint64_t count;
};

static void
list_key(void *arg, const char *key, size_t len)
{
	struct listing *listing = arg;

	if (listing->pattern &&
	    !tayra__glob_match(listing->pattern->bytes, listing->pattern->len, key, len))
		return;
	tayra__resp_bulk(listing->out, key, len);
	listing->count++;
}

/* An array of what was collected in the server's scratch buffer. */
static void
reply_listing(struct tayra__call *call, const struct listing *listing)
{
	struct tayra__buffer *scratch = listing->out;

	if (scratch->failed)
		call->out->failed = true;
	tayra__resp_array(call->out, listing->count);
	tayra__buffer_append(call->out, tayra__buffer_front(scratch), scratch->len);
	tayra__buffer_reset(scratch, TAYRA__SERVER_INPUT);
}

static void
run_keys(struct tayra__call *call)
{
	struct listing listing = { &call->server->scratch, &call->args[1], 0 };
	uint64_t cursor = 0;

	do
		cursor = tayra__keyspace_scan(&call->server->keyspace, call->connection->db, cursor,
					      KEYS_SLICE, list_key, &listing);
	while (cursor && !listing.out->failed);
	reply_listing(call, &listing);
}

struct scan_options {
	uint64_t cursor;
	int64_t count;
	const struct tayra__resp_arg *pattern;
	bool strings; /* of that type, or of any */
};

/* Replies when something is wrong. */
static bool
read_scan_options(const struct tayra__call *call, struct scan_options *o)
{
	*o = (struct scan_options){ .count = SCAN_COUNT, .strings = true };
	if (!tayra__unsigned_read(call->args[1].bytes, call->args[1].len, &o->cursor)) {
		tayra__call_error(call, "ERR invalid cursor");
		return false;
	}
	for (size_t i = 2; i < call->count; i += 2) {
		bool more = i + 1 < call->count;

		if (more && tayra__call_is(call, i, "count")) {
			if (!tayra__call_integer(call, i + 1, &o->count))
				return false;
		} else if (more && tayra__call_is(call, i, "match")) {
			o->pattern = &call->args[i + 1];
		} else if (more && tayra__call_is(call, i, "type")) {
			o->strings = tayra__call_is(call, i + 1, "string");
		} else {
			o->count = 0;
		}
		if (o->count < 1) {
			tayra__call_syntax_error(call);
			return false;
		}
	}
	return true;
}

static void
list_nothing(void *arg, const char *key, size_t len)
{
	(void)arg, (void)key, (void)len;
}

static void
run_scan(struct tayra__call *call)
{
	struct listing listing = { &call->server->scratch, NULL, 0 };
	struct scan_options o;
	char text[TAYRA__INTEGER_TEXT];
	uint64_t next;

	if (!read_scan_options(call, &o))
		return;
	listing.pattern = o.pattern;
	next = tayra__keyspace_scan(&call->server->keyspace, call->connection->db, o.cursor,
				    (uint64_t)o.count, o.strings ? list_key : list_nothing,
				    &listing);
	tayra__resp_array(call->out, 2);
	/* A cursor is a shard above 32 bits, and shards are few: it is no negative number. */
	tayra__resp_bulk(call->out, text, tayra__integer_write((int64_t)next, text));
	reply_listing(call, &listing);
}

/* One key of those visited, each as likely. */
struct draw {
	struct tayra__rng *rng;
	struct tayra__buffer *key;
	uint64_t seen;
};

static void
draw_key(void *arg, const char *key, size_t len)
{
	struct draw *draw = arg;

	if (tayra__rng_below(draw->rng, ++draw->seen) != 0)
		return;
	tayra__buffer_reset(draw->key, SIZE_MAX);
	tayra__buffer_append(draw->key, key, len);
}

static void
run_randomkey(struct tayra__call *call)
{
	struct tayra__server *server = call->server;
	struct draw draw = { &server->rng, &server->scratch, 0 };
	uint64_t cursor;

	/* A few slices anywhere; in a sparse database, from the beginning to the first key. */
	for (int i = 0; i < RANDOM_TRIES && draw.seen == 0; i++)
		tayra__keyspace_scan(&server->keyspace, call->connection->db,
				     tayra__rng_next(&server->rng), RANDOM_SLICE, draw_key, &draw);
	cursor = 0;
	while (draw.seen == 0) {
		cursor = tayra__keyspace_scan(&server->keyspace, call->connection->db, cursor,
					      KEYS_SLICE, draw_key, &draw);
		if (cursor == 0)
			break;
	}
	if (draw.seen > 0)
		tayra__resp_bulk(call->out, tayra__buffer_front(draw.key), draw.key->len);
	else
		tayra__resp_null(call->out, tayra__call_version(call));
	tayra__buffer_reset(draw.key, TAYRA__SERVER_INPUT);
}

static void
run_dbsize(struct tayra__call *call)
{
	uint64_t count = tayra__keyspace_count(&call->server->keyspace, call->connection->db);

	tayra__resp_integer(call->out, (int64_t)count);
}

/* ASYNC and SYNC are one here. */
static bool
flush_options(const struct tayra__call *call)
{
	if (call->count == 1 || (call->count == 2 && (tayra__call_is(call, 1, "async") ||
						      tayra__call_is(call, 1, "sync"))))
		return true;
	tayra__call_syntax_error(call);
	return false;
}

static void
run_flushdb(struct tayra__call *call)
{
	int status;

	if (!flush_options(call))
		return;
	status = tayra__keyspace_flush(&call->server->keyspace, call->connection->db);
	reply_ok(call, status);
}

static void
run_flushall(struct tayra__call *call)
{
	int status;

	if (!flush_options(call))
		return;
	status = tayra__keyspace_flush_all(&call->server->keyspace);
	reply_ok(call, status);
}

/* Which of several was not forgotten, or was, is not said: said again, all are. */
static void
run_deltag(struct tayra__call *call)
{
	int status = TAYRA_OK;

	for (size_t i = 1; i < call->count && status == TAYRA_OK; i++)
		status = tayra__keyspace_forget_tag(&call->server->keyspace, call->args[i].bytes,
						    call->args[i].len);
	reply_ok(call, status);
}

static void
run_delprefix(struct tayra__call *call)
{
	const struct tayra__resp_arg *prefix = &call->args[1];
	int status;

	if (prefix->len == 0) {
		tayra__resp_error(call->out, "ERR every key begins with nothing; use FLUSHDB");
		return;
	}
	status = tayra__keyspace_forget(&call->server->keyspace, call->connection->db,
					prefix->bytes, prefix->len);
	reply_ok(call, status);
}

#define READ  TAYRA__COMMAND_READONLY
#define WRITE TAYRA__COMMAND_WRITE
#define FAST  TAYRA__COMMAND_FAST

const struct tayra__command tayra__key_commands[] = {
	{ "dbsize", 1, READ | FAST, 0, 0, 0, run_dbsize, "1.0.0",
	  "Return the number of keys in the selected database" },
	{ "del", -2, WRITE, 1, -1, 1, run_del, "1.0.0", "Delete a key" },
	{ "exists", -2, READ | FAST, 1, -1, 1, run_exists, "1.0.0", "Determine if a key exists" },
	{ "flushall", -1, WRITE, 0, 0, 0, run_flushall, "1.0.0",
	  "Remove all keys from all databases" },
	{ "flushdb", -1, WRITE, 0, 0, 0, run_flushdb, "1.0.0",
	  "Remove all keys from the current database" },
	{ "keys", 2, READ, 0, 0, 0, run_keys, "1.0.0", "Find all keys matching the given pattern" },
	{ "randomkey", 1, READ, 0, 0, 0, run_randomkey, "1.0.0",
	  "Return a random key from the keyspace" },
	{ "rename", 3, WRITE, 1, 2, 1, run_rename, "1.0.0", "Rename a key" },
	{ "scan", -2, READ, 0, 0, 0, run_scan, "2.8.0", "Incrementally iterate the keys space" },
	{ "tayra.delprefix", 2, WRITE, 0, 0, 0, run_delprefix, "7.0.0",
	  "Forget all keys of the selected database that begin so" },
	{ "tayra.deltag", -2, WRITE, 0, 0, 0, run_deltag, "7.0.0",
	  "Forget all values that were loaded with these tags" },
	{ "touch", -2, READ | FAST, 1, -1, 1, run_exists, "3.2.1",
	  "Counts the keys that exist, and uses them" },
	{ "type", 2, READ | FAST, 1, 1, 1, run_type, "1.0.0", "Determine the type stored at key" },
	{ "unlink", -2, WRITE | FAST, 1, -1, 1, run_del, "4.0.0", "Delete a key" },
	{ 0 },
};
