/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/witness.h"

#include "base/hash.h"
#include "base/mem.h"
#include "serve/forward.h"
#include "serve/state.h"

#include <stdio.h>
#include <string.h>

/* Who waits until all changes so far have been heard of. */
struct waiter {
	struct tayra__upstream_request request; /* first: a PING of its own */
	void (*done)(void *arg);
	void *arg;
};

static struct tayra__witness *
of_tracking(struct tayra__upstream_request *request)
{
	return (struct tayra__witness *)(void *)((char *)request -
						 offsetof(struct tayra__witness, tracking));
}

static struct tayra__witness *
of_commands(struct tayra__upstream_request *request)
{
	return (struct tayra__witness *)(void *)((char *)request -
						 offsetof(struct tayra__witness, commands));
}

static struct tayra__witness *
of_ping(struct tayra__upstream_request *request)
{
	return (struct tayra__witness *)(void *)((char *)request -
						 offsetof(struct tayra__witness, ping));
}

void
tayra__witness_forget(struct tayra__witness *witness)
{
	witness->epoch++;
	tayra__keyspace_flush_all(&witness->server->keyspace);
}

static uint32_t
slot_of(const struct tayra__witness *witness, const struct tayra__key_in *key)
{
	return (uint32_t)(tayra__hash_bytes(key->bytes, key->len, witness->seed) %
			  TAYRA__WITNESS_SLOTS);
}

uint32_t
tayra__witness_seen(const struct tayra__witness *witness, const struct tayra__key_in *key)
{
	return witness->changes[slot_of(witness, key)];
}

bool
tayra__witness_holds(const struct tayra__witness *witness, const struct tayra__key_in *key,
		     uint64_t epoch, uint32_t seen)
{
	return witness->on && witness->epoch == epoch && tayra__witness_seen(witness, key) == seen;
}

void
tayra__witness_changed(struct tayra__witness *witness, const struct tayra__key_in *key)
{
	struct tayra__keyspace *keyspace = &witness->server->keyspace;
	struct tayra__key_in in = *key;

	witness->changes[slot_of(witness, key)]++;
	for (in.db = 0; in.db < TAYRA__DATABASES; in.db++)
		if (keyspace->used & 1u << in.db)
			tayra__keyspace_delete(keyspace, &in);
}

static void
on_push(struct tayra__upstream *upstream, const struct tayra__resp_element *element)
{
	struct tayra__witness *witness = upstream->ctx;
	static const char word[] = "invalidate";

	if (element->depth == 0)
		witness->told = false;
	else if (element->depth == 1 && element->type == TAYRA__RESP_BULK)
		witness->told = element->len == sizeof(word) - 1 &&
				memcmp(element->text, word, element->len) == 0;
	else if (witness->told && element->type == TAYRA__RESP_NULL)
		tayra__witness_forget(witness);
	if (!witness->told || element->depth != 2 || element->type != TAYRA__RESP_BULK)
		return;
	witness->changes_heard++;
	/* The bytes are the upstream's buffer; the one before them has been read. */
	tayra__witness_changed(witness, &(struct tayra__key_in){ (char *)(uintptr_t)element->text,
								 element->len, 0 });
}

static void
on_tracking(struct tayra__upstream_request *request, const struct tayra__resp_element *element,
	    const char *raw, size_t len)
{
	struct tayra__witness *witness = of_tracking(request);

	(void)raw;
	(void)len;
	witness->on = element->type == TAYRA__RESP_SIMPLE;
	witness->known_ns = request->sent_ns;
	witness->epoch++;
	snprintf(witness->trouble, sizeof(witness->trouble), "%s%.*s",
		 witness->on ? "" : "it says: ",
		 witness->on ? 0 : (int)(element->len < 100 ? element->len : 100),
		 element->text ? element->text : "");
}

static void
on_commands(struct tayra__upstream_request *request, const struct tayra__resp_element *element,
	    const char *raw, size_t len)
{
	(void)raw;
	(void)len;
	tayra__grammar_take(&of_commands(request)->grammar, element);
}

static void
on_ping(struct tayra__upstream_request *request, const struct tayra__resp_element *element,
	const char *raw, size_t len)
{
	struct tayra__witness *witness = of_ping(request);

	(void)element;
	(void)raw;
	(void)len;
	witness->pinging = false;
	witness->known_ns = request->sent_ns;
}

/* on_changed has been told. */
static void
on_failed(struct tayra__upstream_request *request, const char *why)
{
	(void)request;
	(void)why;
}

static void
end_waiting(struct tayra__upstream_request *request)
{
	struct waiter *waiter = (struct waiter *)(void *)request;

	waiter->done(waiter->arg);
	tayra__mem_free(waiter);
}

static void
on_waited(struct tayra__upstream_request *request, const struct tayra__resp_element *element,
	  const char *raw, size_t len)
{
	(void)raw;
	(void)len;
	if (element->last)
		end_waiting(request);
}

static void
on_waited_in_vain(struct tayra__upstream_request *request, const char *why)
{
	(void)why;
	end_waiting(request);
}

/* Ask in words.  What cannot be asked is a connection that is lost soon. */
static int
ask(struct tayra__witness *witness, const char *const *words, size_t count,
    struct tayra__upstream_request *request)
{
	struct tayra__resp_arg args[4];

	for (size_t i = 0; i < count; i++)
		args[i] = (struct tayra__resp_arg){ .bytes = (char *)(uintptr_t)words[i],
						    .len = strlen(words[i]) };
	return tayra__upstream_send(&witness->upstream, args, count, request);
}

static void
on_changed(struct tayra__upstream *upstream, bool ready)
{
	static const char *const track[] = { "CLIENT", "TRACKING", "ON", "BCAST" };
	static const char *const command[] = { "COMMAND" };
	struct tayra__witness *witness = upstream->ctx;

	if (ready) {
		tayra__grammar_clear(&witness->grammar);
		ask(witness, track, 4, &witness->tracking);
		ask(witness, command, 1, &witness->commands);
		return;
	}
	snprintf(witness->trouble, sizeof(witness->trouble), "%s", upstream->why);
	witness->pinging = false;
	witness->lost += witness->on;
	witness->on = false;
	tayra__witness_forget(witness);
}

void
tayra__witness_init(struct tayra__witness *witness, struct tayra__server *server,
		    const struct tayra__upstream_target *target)
{
	witness->server = server;
	witness->seed = tayra__hash_random_seed();
	tayra__upstream_init(&witness->upstream, target, server->loop, TAYRA__RESP3, 0);
	witness->upstream.ctx = witness;
	witness->upstream.push = on_push;
	witness->upstream.changed = on_changed;
	witness->tracking = (struct tayra__upstream_request){ .element = on_tracking,
							      .failed = on_failed };
	witness->commands = (struct tayra__upstream_request){ .element = on_commands,
							      .failed = on_failed };
	witness->ping = (struct tayra__upstream_request){ .element = on_ping, .failed = on_failed };
	snprintf(witness->trouble, sizeof(witness->trouble), "not connected yet");
	tayra__upstream_open(&witness->upstream);
}

void
tayra__witness_fini(struct tayra__witness *witness)
{
	witness->on = false;
	tayra__upstream_fini(&witness->upstream);
}

void
tayra__witness_tick(struct tayra__witness *witness)
{
	static const char *const ping[] = { "PING" };
	uint64_t now_ns = tayra__loop_now_ns(witness->server->loop);

	tayra__upstream_open(&witness->upstream);
	tayra__upstream_tick(&witness->upstream, 0);
	if (witness->upstream.state != TAYRA__UPSTREAM_READY)
		return;
	if (witness->pinging && now_ns - witness->ping.sent_ns > TAYRA__FORWARD_STALE_NS)
		tayra__upstream_lose(&witness->upstream, "it has not answered for a second");
	else if (!witness->pinging)
		witness->pinging = ask(witness, ping, 1, &witness->ping) == TAYRA_OK;
}

bool
tayra__witness_known(const struct tayra__witness *witness)
{
	return witness->on && tayra__loop_now_ns(witness->server->loop) - witness->known_ns <=
				      TAYRA__FORWARD_STALE_NS;
}

const char *
tayra__witness_trouble(const struct tayra__witness *witness)
{
	return witness->on ? "" : witness->trouble;
}

bool
tayra__witness_catch_up(struct tayra__witness *witness, void (*done)(void *arg), void *arg)
{
	static const char *const ping[] = { "PING" };
	struct waiter *waiter;

	if (!witness->on)
		return false; /* nothing is in RAM */
	waiter = tayra__mem_alloc(sizeof(*waiter));
	if (waiter) {
		*waiter = (struct waiter){
			.request = { .element = on_waited, .failed = on_waited_in_vain },
			.done = done,
			.arg = arg,
		};
		if (ask(witness, ping, 1, &waiter->request) == TAYRA_OK)
			return true;
		tayra__mem_free(waiter);
	}
	/* It cannot be waited for: then RAM must not be believed. */
	tayra__witness_forget(witness);
	return false;
}
