/* SPDX-License-Identifier: Apache-2.0
 *
 * fetch.c: one block a fetch: the pending reply, and a slot a key, which is the cookie of its
 * completion.  Nothing completes while a fetch is being started, since only the loop drains.
 */
#include "serve/fetch.h"

#include "load/origin.h"
#include "serve/command.h"
#include "serve/connection.h"
#include "serve/state.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define COMPLETIONS_A_ROUND 64
#define TRIES_MAX           3
#define WHY_MAX             240

enum ending { REPLY_VALUE, REPLY_VALUES, EXECUTE, REPLY_WRITTEN };

struct slot {
	struct fetch *fetch;
	struct tayra_ref ref;
	const struct tayra__route *route; /* NULL: only looked for below */
	size_t index;                     /* of the argument */
	int status;
};

struct fetch {
	struct tayra__pending pending; /* first */
	enum ending ending;
	unsigned tries;     /* of EXECUTE: how often it had been put off before */
	size_t count, left; /* left: still to come */
	struct slot slots[];
};

static struct fetch *
create(struct tayra__call *call, enum ending ending, size_t count)
{
	struct fetch *fetch;

	fetch = (struct fetch *)(void *)tayra__pending_create(
		call, sizeof(*fetch) + count * sizeof(fetch->slots[0]));
	if (!fetch) {
		tayra__call_refuse(call, TAYRA_E_NOMEM);
		return NULL;
	}
	fetch->ending = ending;
	fetch->count = count;
	for (size_t i = 0; i < count; i++)
		fetch->slots[i].fetch = fetch;
	return fetch;
}

bool
tayra__fetch_possible(const struct tayra__call *call, size_t index)
{
	const struct tayra__key_in key = tayra__call_key(call, index);

	return call->server->tiered || tayra__route_find(call->server->routes, &key);
}

void
tayra__fetch_describe(const struct tayra__route *route, struct tayra_request *request)
{
	if (!route)
		return;
	request->origin = route->origin;
	request->ttl_ms = route->ttl_ms;
	request->stale_ms = route->stale_ms;
	request->soft_timeout_ns = route->soft_timeout_ns;
	request->timeout_ns = route->timeout_ns;
	request->absent_ttl_ms = route->absent_ttl_ms;
	request->error_ttl_ms = route->error_ttl_ms;
	request->refresh_at = route->refresh_at;
	request->cls = route->cls;
	request->cost = route->cost;
}

/* Load a key that has a route and shall be replied, else look below.  => TAYRA_PENDING: the slot's
 * completion comes. */
static int
ask(struct tayra__server *server, const struct tayra__key_in *key, struct slot *slot)
{
	const struct tayra__route *route = slot->fetch->ending == EXECUTE
						   ? NULL
						   : tayra__route_find(server->routes, key);
	struct tayra_request request = TAYRA_REQUEST_INIT;

	request.key = tayra__key_stored(key);
	request.key_len = key->len + 1;
	request.key_prefix_len = 1;
	slot->route = route;
	tayra__fetch_describe(route, &request);
	if (!route)
		request.flags = TAYRA_REQUEST_NO_LOAD;
	tayra__keyspace_expect(&server->keyspace, key->db);
	return tayra_get_or_load_start(server->handle, &request, server->cq, slot, &slot->ref);
}

static void
start(struct tayra__call *call, struct slot *slot, size_t index)
{
	const struct tayra__key_in key = tayra__call_key(call, index);

	slot->index = index;
	slot->status = ask(call->server, &key, slot);
	slot->fetch->left += slot->status == TAYRA_PENDING;
}

static bool
is_error(const struct slot *slot)
{
	return slot->status != TAYRA_OK && slot->status != TAYRA_E_NOT_FOUND;
}

static const char *
text_of(int status)
{
	switch (status) {
	case TAYRA_E_OVERLOAD: return "OVERLOAD the origin has no room for this now";
	case TAYRA_E_TIMEOUT: return "TIMEOUT the origin did not answer in time";
	case TAYRA_E_ORIGIN: return "ORIGIN the origin failed";
	case TAYRA_E_INVAL: return "ORIGIN the origin cannot be asked for such a key";
	case TAYRA_E_CORRUPT: return "ORIGIN the origin says that its data is damaged";
	case TAYRA_E_TOO_LARGE: return "ORIGIN the value is over the route's max_bytes or max_rows";
	case TAYRA_E_FULL:
	case TAYRA_E_NOMEM: return "OOM no room can be made for this value";
	default: return NULL;
	}
}

static const char *
text_of_write(int status)
{
	switch (status) {
	case TAYRA_E_INVAL: return "ORIGIN the origin does not take this value";
	case TAYRA_E_NOT_FOUND: return "ORIGIN the origin has no such key to change";
	case TAYRA_E_TOO_LARGE: return "ORIGIN the value is too large for the origin";
	default: return text_of(status);
	}
}

/* The same with the origin's name, where it has one. */
static const char *
name_origin(const struct slot *slot, const char *text, char *named, size_t len)
{
	static const char any[] = "the origin";
	const char *at = text ? strstr(text, any) : NULL;

	if (!at || !slot->route || !slot->route->name)
		return text;
	snprintf(named, len, "%.*sorigin '%.40s'%s", (int)(at - text), text, slot->route->name,
		 at + strlen(any));
	return named;
}

/* What the origin said last, into why[]; false: nothing is known. */
static bool
explain(const struct slot *slot, char *why, size_t why_len)
{
	const bool refused = slot->status == TAYRA_E_INVAL && slot->fetch->ending == REPLY_WRITTEN;
	char text[TAYRA__TROUBLE_TEXT] = "";

	if (!slot->route || !slot->route->name)
		return false;
	if (refused)
		tayra__trouble_read_refusal(&slot->route->origin->trouble, text);
	else if (slot->status == TAYRA_E_ORIGIN)
		tayra__trouble_read(&slot->route->origin->trouble, text);
	if (!text[0])
		return false;
	snprintf(why, why_len, "ORIGIN origin '%.40s' %s: %s", slot->route->name,
		 refused ? "does not take this value" : "failed", text);
	return true;
}

static void
write_error(const struct fetch *fetch, const struct slot *slot, struct tayra__buffer *out)
{
	uint64_t retry_ns = slot->ref.retry_after_ns;
	char why[WHY_MAX];
	const char *text = fetch->ending == REPLY_WRITTEN ? text_of_write(slot->status)
							  : text_of(slot->status);
	char which[48] = "", when[48] = "";

	if (explain(slot, why, sizeof(why)))
		text = why;
	else
		text = name_origin(slot, text, why, sizeof(why));
	if (fetch->ending == REPLY_VALUES)
		snprintf(which, sizeof(which), " (key %zu of %zu)",
			 (size_t)(slot - fetch->slots) + 1, fetch->count);
	if (retry_ns > 0)
		snprintf(when, sizeof(when), ", retry after %llu ms",
			 (unsigned long long)(retry_ns / TAYRA_NS_PER_MS + 1));
	tayra__resp_error(out, "%s%s%s%s", text ? "" : "ORIGIN ",
			  text ? text : tayra_status_text(slot->status), which, when);
	fetch->pending.server->counters.errors++;
}

static void
write_value(const struct fetch *fetch, const struct slot *slot, struct tayra__buffer *out)
{
	if (slot->status == TAYRA_OK)
		tayra__resp_bulk(out, slot->ref.value, slot->ref.value_len);
	else
		tayra__resp_null(out, fetch->pending.version);
}

static void
write_reply(const struct fetch *fetch, struct tayra__buffer *out)
{
	if (fetch->ending == REPLY_WRITTEN) {
		if (fetch->slots[0].status == TAYRA_OK)
			tayra__resp_simple(out, "OK");
		else
			write_error(fetch, &fetch->slots[0], out);
		return;
	}
	for (size_t i = 0; i < fetch->count; i++)
		if (is_error(&fetch->slots[i])) {
			write_error(fetch, &fetch->slots[i], out);
			return;
		}
	if (fetch->ending == REPLY_VALUES)
		tayra__resp_array(out, fetch->count);
	for (size_t i = 0; i < fetch->count && !out->failed; i++)
		write_value(fetch, &fetch->slots[i], out);
}

static void
let_go(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++)
		tayra_release(&fetch->slots[i].ref);
}

/* All has been started: reply if nothing is still to come, else later; behind what changes
 * something nothing is executed until then. */
static void
settle(struct tayra__call *call, struct fetch *fetch)
{
	if (fetch->left > 0) {
		tayra__call_suspend(call, &fetch->pending,
				    fetch->ending == REPLY_WRITTEN ? TAYRA__ASIDE_NONE
								   : TAYRA__ASIDE_READS);
		return;
	}
	write_reply(fetch, call->out);
	let_go(fetch);
	tayra__pending_free(&fetch->pending);
}

void
tayra__fetch_value(struct tayra__call *call, size_t index)
{
	struct fetch *fetch = create(call, REPLY_VALUE, 1);

	if (!fetch)
		return;
	start(call, &fetch->slots[0], index);
	settle(call, fetch);
}

static const struct tayra__route *
writer_of(const struct tayra__call *call, const struct tayra__key_in *key)
{
	const struct tayra__route *route = tayra__route_find(call->server->routes, key);

	return route && route->origin->write ? route : NULL;
}

bool
tayra__fetch_writes(const struct tayra__call *call, size_t index)
{
	const struct tayra__key_in key = tayra__call_key(call, index);

	return writer_of(call, &key) != NULL;
}

void
tayra__fetch_write(struct tayra__call *call, size_t index, size_t value_index)
{
	const struct tayra__key_in key = tayra__call_key(call, index);
	const struct tayra__resp_arg *value = &call->args[value_index];
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct fetch *fetch = create(call, REPLY_WRITTEN, 1);
	struct slot *slot;

	if (!fetch)
		return;
	slot = &fetch->slots[0];
	slot->route = writer_of(call, &key);
	slot->index = index;
	request.key = tayra__key_stored(&key);
	request.key_len = key.len + 1;
	request.key_prefix_len = 1;
	tayra__fetch_describe(slot->route, &request);
	tayra__keyspace_expect(&call->server->keyspace, key.db);
	slot->status = tayra_put_through_start(call->server->handle, &request, value->bytes,
					       value->len, call->server->cq, slot);
	fetch->left = slot->status == TAYRA_PENDING;
	settle(call, fetch);
}

/* Also when what is kept for each would be more than a connection may hold. */
static bool
too_many(struct tayra__call *call, size_t keys)
{
	if (keys <= TAYRA__FETCH_KEYS_MAX &&
	    keys * sizeof(struct slot) <= call->server->output_max_bytes / 2)
		return false;
	tayra__call_error(call, "ERR more keys than can be loaded for one command");
	return true;
}

void
tayra__fetch_values(struct tayra__call *call, size_t first)
{
	struct tayra__server_counters *counters = &call->server->counters;
	size_t keys = call->count - first;
	struct fetch *fetch = too_many(call, keys) ? NULL : create(call, REPLY_VALUES, keys);

	if (!fetch)
		return;
	for (size_t i = 0; i < keys; i++) {
		start(call, &fetch->slots[i], first + i);
		if (fetch->slots[i].status == TAYRA_OK)
			counters->hits++;
		else
			counters->misses++;
	}
	settle(call, fetch);
}

/* What the last look below found of the argument; TAYRA_OK: not looked for. */
static int
looked(const struct fetch *before, size_t index)
{
	for (size_t i = 0; before && i < before->count; i++)
		if (before->slots[i].index == index)
			return before->slots[i].status;
	return TAYRA_OK;
}

/* Visit the arguments that are keys, are not in RAM, and may be below; `fetch` NULL: only count
 * them. */
static size_t
start_missing(struct tayra__call *call, const struct fetch *before, struct fetch *fetch)
{
	const struct tayra__command *command = call->command;
	size_t last = command->last < 0 ? call->count - (size_t)-command->last
					: (size_t)command->last;
	size_t missing = 0;

	for (size_t i = (size_t)command->first; i <= last && i < call->count;
	     i += (size_t)command->step) {
		const struct tayra__key_in key = tayra__call_key(call, i);

		if (looked(before, i) == TAYRA_E_NOT_FOUND ||
		    tayra__keyspace_has(&call->server->keyspace, &key))
			continue;
		if (fetch && missing < fetch->count)
			start(call, &fetch->slots[missing], i);
		missing++;
	}
	return missing;
}

/* Replies if below something could not be read, or does not stay in RAM long enough. */
static bool
gave_up(struct tayra__call *call, const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++)
		if (is_error(&fetch->slots[i])) {
			write_error(fetch, &fetch->slots[i], call->out);
			return true;
		}
	return false;
}

/* All is here, or it cannot be: then that is replied. */
static bool
arrived(struct tayra__call *call, struct fetch *fetch)
{
	bool replied = gave_up(call, fetch);

	let_go(fetch);
	tayra__pending_free(&fetch->pending);
	return replied;
}

/* Look for what is missing.  `before`: the last look, after which something still was. */
static bool
look_below(struct tayra__call *call, const struct fetch *before, size_t missing)
{
	struct fetch *fetch = create(call, EXECUTE, missing);

	if (!fetch)
		return true;
	fetch->tries = before ? before->tries + 1 : 0;
	start_missing(call, before, fetch);
	if (fetch->left == 0)
		return arrived(call, fetch);
	if (!tayra__call_put_off(call, &fetch->pending)) {
		fetch->pending.connection = NULL;
		tayra__call_refuse(call, TAYRA_E_NOMEM);
	}
	return true;
}

bool
tayra__fetch_before(struct tayra__call *call)
{
	const struct fetch *before = (const struct fetch *)(const void *)tayra__call_again(call);
	size_t missing;

	if (!call->server->tiered || call->command->first == 0)
		return false;
	if (before && gave_up(call, before))
		return true;
	missing = start_missing(call, before, NULL);
	if (missing == 0)
		return false;
	/* What came up was evicted before it could be used. */
	if (before && before->tries == TRIES_MAX) {
		tayra__call_refuse(call, TAYRA_E_FULL);
		return true;
	}
	return !too_many(call, missing) ? look_below(call, before, missing) : true;
}

static void
complete(struct tayra_completion *completion)
{
	struct slot *slot = completion->cookie;
	struct fetch *fetch = slot->fetch;

	slot->status = completion->status;
	slot->ref = completion->ref;
	/* What nobody will read need not be kept until the rest has come. */
	if (!fetch->pending.connection || fetch->ending == EXECUTE)
		tayra_release(&slot->ref);
	if (--fetch->left > 0)
		return;
	if (fetch->pending.connection && fetch->ending != EXECUTE)
		write_reply(fetch, &fetch->pending.reply);
	let_go(fetch);
	tayra__pending_done(&fetch->pending);
}

static size_t
complete_some(struct tayra__server *server)
{
	struct tayra_completion done[COMPLETIONS_A_ROUND];
	size_t n = tayra_cq_drain(server->cq, done, COMPLETIONS_A_ROUND);

	for (size_t i = 0; i < n; i++)
		complete(&done[i]);
	return n;
}

static void
on_completions(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__server *server =
		(struct tayra__server *)(void *)((char *)watch -
						 offsetof(struct tayra__server, completions));

	(void)events;
	tayra__server_update_now(server);
	/* What is left keeps the queue readable. */
	complete_some(server);
}

int
tayra__fetch_open(struct tayra__server *server)
{
	int status = tayra_cq_create(server->handle, &server->cq);

	if (status != TAYRA_OK)
		return status;
	server->completions.fd = tayra_cq_fd(server->cq);
	server->completions.ready = on_completions;
	return tayra__loop_add(server->loop, &server->completions, TAYRA__LOOP_READ);
}

void
tayra__fetch_close(struct tayra__server *server)
{
	if (!server->cq)
		return;
	while (complete_some(server) > 0)
		continue;
	tayra_cq_destroy(server->cq);
	server->cq = NULL;
}
