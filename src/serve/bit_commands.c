/* SPDX-License-Identifier: Apache-2.0
 *
 * bit_commands.c: single bits of a value, the highest of a byte first.
 */
#include "serve/command.h"

#include "serve/number.h"
#include "serve/state.h"

#include <string.h>

/* The offset in args[2], or an error as reply. */
static bool
read_offset(const struct tayra__call *call, uint64_t *out)
{
	int64_t bit;

	if (tayra__integer_read(call->args[2].bytes, call->args[2].len, &bit) && bit >= 0 &&
	    (uint64_t)bit >> 3 < call->server->limits.bulk_bytes) {
		*out = (uint64_t)bit;
		return true;
	}
	tayra__call_error(call, "ERR bit offset is not an integer or out of range");
	return false;
}

static unsigned
bit_of(const struct tayra_value *value, uint64_t bit)
{
	const unsigned char *bytes = value->data;

	return bit >> 3 < value->len ? bytes[bit >> 3] >> (7 - (bit & 7)) & 1u : 0;
}

static void
run_getbit(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	struct tayra_value value;
	uint64_t bit;

	if (!read_offset(call, &bit))
		return;
	tayra__keyspace_get(keyspace, &key, &value);
	tayra__resp_integer(call->out, bit_of(&value, bit));
	tayra_cache_unpin(keyspace->cache, &value);
}

/* The old value with one bit set, as long as need be.  => as tayra__keyspace_put. */
static int
store_bit(struct tayra__call *call, const struct tayra_value *old, uint64_t bit, bool on)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	size_t at = (size_t)(bit >> 3), len = at < old->len ? old->len : at + 1;
	int64_t deadline_ms = old->pin ? tayra__keyspace_deadline(keyspace, old) : TAYRA__NO_EXPIRY;
	unsigned char mask = (unsigned char)(0x80u >> (bit & 7));
	struct tayra_reservation room;
	int status = tayra__keyspace_reserve(keyspace, &key, len, &room);
	unsigned char *to = room.data;

	if (status != TAYRA_OK)
		return status;
	if (old->len)
		memcpy(to, old->data, old->len);
	memset(to + old->len, 0, len - old->len);
	to[at] = (unsigned char)(on ? to[at] | mask : to[at] & ~mask);
	return tayra__keyspace_commit(keyspace, &key, &room, deadline_ms, old->meta.cost_ns);
}

static void
run_setbit(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	const struct tayra__key_in key = tayra__call_key(call, 1);
	const struct tayra__resp_arg *value = &call->args[3];
	struct tayra_value old;
	unsigned before;
	uint64_t bit;
	int status;

	if (!read_offset(call, &bit))
		return;
	if (value->len != 1 || (value->bytes[0] != '0' && value->bytes[0] != '1')) {
		tayra__call_error(call, "ERR bit is not an integer or out of range");
		return;
	}
	tayra__keyspace_get(keyspace, &key, &old);
	before = bit_of(&old, bit);
	status = store_bit(call, &old, bit, value->bytes[0] == '1');
	tayra_cache_unpin(keyspace->cache, &old);
	if (status == TAYRA_OK)
		tayra__resp_integer(call->out, before);
	else
		tayra__call_refuse(call, status);
}

const struct tayra__command tayra__bit_commands[] = {
	{ "getbit", 3, TAYRA__COMMAND_READONLY | TAYRA__COMMAND_FAST, 1, 1, 1, run_getbit, "2.2.0",
	  "Returns the bit value at offset in the string value stored at key" },
	{ "setbit", 4, TAYRA__COMMAND_WRITE | TAYRA__COMMAND_DENYOOM, 1, 1, 1, run_setbit, "2.2.0",
	  "Sets or clears the bit at offset in the string value stored at key" },
	{ 0 },
};
