/* SPDX-License-Identifier: Apache-2.0
 *
 * counter_commands.c: values that are numbers.  A deadline stays.
 */
#include "serve/command.h"

#include "serve/number.h"
#include "serve/state.h"

#include <math.h>

static void
store_number(struct tayra__call *call, const char *text, size_t len, int64_t deadline_ms,
	     uint64_t cost_ns,
	     void (*reply)(struct tayra__call *call, const char *text, size_t len))
{
	const struct tayra__key_in key = tayra__call_key(call, 1);
	int status = tayra__keyspace_put(&call->server->keyspace, &key, text, len, deadline_ms,
					 cost_ns);

	if (status == TAYRA_OK)
		reply(call, text, len);
	else
		tayra__call_refuse(call, status);
}

static void
reply_integer(struct tayra__call *call, const char *text, size_t len)
{
	tayra__buffer_append(call->out, ":", 1);
	tayra__buffer_append(call->out, text, len);
	tayra__buffer_append(call->out, "\r\n", 2);
}

static void
reply_bulk(struct tayra__call *call, const char *text, size_t len)
{
	tayra__resp_bulk(call->out, text, len);
}

static void
add(struct tayra__call *call, int64_t by)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	int64_t value = 0, deadline_ms = TAYRA__NO_EXPIRY;
	char text[TAYRA__INTEGER_TEXT];
	struct tayra_value old;
	uint64_t cost_ns = 0;
	bool right = true;

	if (tayra__keyspace_get(keyspace, &key, &old) == TAYRA_OK) {
		right = tayra__integer_read(old.data, old.len, &value);
		deadline_ms = tayra__keyspace_deadline(keyspace, &old);
		cost_ns = old.meta.cost_ns;
		tayra_cache_unpin(keyspace->cache, &old);
	}
	if (!right)
		tayra__call_error(call, "ERR value is not an integer or out of range");
	else if (__builtin_add_overflow(value, by, &value))
		tayra__call_error(call, "ERR increment or decrement would overflow");
	else
		store_number(call, text, tayra__integer_write(value, text), deadline_ms, cost_ns,
			     reply_integer);
}

static void
run_incr(struct tayra__call *call)
{
	add(call, 1);
}

static void
run_decr(struct tayra__call *call)
{
	add(call, -1);
}

static void
run_incrby(struct tayra__call *call)
{
	int64_t by;

	if (tayra__call_integer(call, 2, &by))
		add(call, by);
}

static void
run_decrby(struct tayra__call *call)
{
	int64_t by;

	if (!tayra__call_integer(call, 2, &by))
		return;
	if (by == INT64_MIN)
		tayra__call_error(call, "ERR decrement would overflow");
	else
		add(call, -by);
}

static void
run_incrbyfloat(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	int64_t deadline_ms = TAYRA__NO_EXPIRY;
	char text[TAYRA__FLOAT_TEXT];
	long double value = 0, by;
	struct tayra_value old;
	uint64_t cost_ns = 0;
	bool right = true;

	if (tayra__keyspace_get(keyspace, &key, &old) == TAYRA_OK) {
		right = tayra__float_read(old.data, old.len, &value);
		deadline_ms = tayra__keyspace_deadline(keyspace, &old);
		cost_ns = old.meta.cost_ns;
		tayra_cache_unpin(keyspace->cache, &old);
	}
	if (!right || !tayra__float_read(call->args[2].bytes, call->args[2].len, &by)) {
		tayra__call_error(call, "ERR value is not a valid float");
		return;
	}
	value += by;
	if (isnan(value) || isinf(value))
		tayra__call_error(call, "ERR increment would produce NaN or Infinity");
	else
		store_number(call, text, tayra__float_write(value, text), deadline_ms, cost_ns,
			     reply_bulk);
}

#define FLAGS (TAYRA__COMMAND_WRITE | TAYRA__COMMAND_DENYOOM | TAYRA__COMMAND_FAST)

const struct tayra__command tayra__counter_commands[] = {
	{ "decr", 2, FLAGS, 1, 1, 1, run_decr, "1.0.0",
	  "Decrement the integer value of a key by one" },
	{ "decrby", 3, FLAGS, 1, 1, 1, run_decrby, "1.0.0",
	  "Decrement the integer value of a key by the given number" },
	{ "incr", 2, FLAGS, 1, 1, 1, run_incr, "1.0.0",
	  "Increment the integer value of a key by one" },
	{ "incrby", 3, FLAGS, 1, 1, 1, run_incrby, "1.0.0",
	  "Increment the integer value of a key by the given amount" },
	{ "incrbyfloat", 3, FLAGS, 1, 1, 1, run_incrbyfloat, "2.6.0",
	  "Increment the float value of a key by the given amount" },
	{ 0 },
};
