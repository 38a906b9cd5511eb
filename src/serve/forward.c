/* SPDX-License-Identifier: Apache-2.0
 *
 * forward.c: a request that is sent on is one block: the pending reply, the parts that are asked
 * (one, or GET and a PTTL for each key), and the keys that it reads or changes.
 */
#include "serve/forward.h"

#include "base/hash.h"
#include "base/mem.h"
#include "serve/command.h"
#include "serve/connection.h"
#include "serve/grammar.h"
#include "serve/state.h"
#include "serve/witness.h"
#include "serve/upstream.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LANES       4 /* connections that clients share, of each version and database */
#define VERSIONS    2
#define FETCH_MAX   1024 /* keys of an MGET that is kept */
#define PATIENCE_NS (5 * TAYRA_NS_PER_S)
#define OUT_SHARE   8 /* of what connections may use, for what one of ours has not sent */

struct tayra__forward {
	struct tayra__server *server;
	struct tayra__upstream_target target;
	struct tayra__witness witness;
	struct tayra__upstream *lanes[VERSIONS][TAYRA__DATABASES][LANES]; /* NULL: not needed yet */
	const struct tayra__command *get, *mget;
	uint64_t requests, kept, failed, connections;
};

struct part {
	struct tayra__upstream_request request; /* first */
	struct forwarded *of;
};

struct key {
	struct tayra__key_in in;
	uint32_t seen;  /* of the witness, when it was asked for */
	int64_t ttl_ms; /* what PTTL said; -2: no such key */
};

struct forwarded {
	struct tayra__pending pending; /* first */
	struct tayra__forward *forward;
	bool reads;   /* GET or MGET, to be kept */
	bool writes;  /* may change the keys */
	bool unknown; /* and others: the truth has to catch up before it is answered */
	bool all;     /* may change every key, and the Redis need not tell of it */
	uint64_t epoch;
	uint32_t part_count, parts_left;
	size_t key_count;
	struct key *keys;
	struct part parts[];
};

/* What a command is to us. */
enum treatment {
	OURS,    /* executed here */
	REFUSED, /* cannot be passed on */
	CACHED,  /* GET and MGET */
	SHARED,  /* on a connection that clients share */
	OWN,     /* on the client's own */
};

static const char *const refused[] = { "subscribe",    "psubscribe",   "ssubscribe", "unsubscribe",
				       "punsubscribe", "sunsubscribe", "monitor",    "sync",
				       "psync",        "replconf",     NULL };
static const char *const own[] = { "multi",    "exec",     "discard",    "watch",  "unwatch",
				   "blpop",    "brpop",    "brpoplpush", "blmove", "blmpop",
				   "bzpopmin", "bzpopmax", "bzmpop",     "xread",  "xreadgroup",
				   "wait",     "waitaof",  NULL };
static const char *const ours[] = { "auth", "client", "config", "echo",   "hello", "info",
				    "ping", "quit",   "reset",  "select", NULL };

static bool
is(const struct tayra__resp_arg *arg, const char *word)
{
	return arg->len == strlen(word) && strncasecmp(arg->bytes, word, arg->len) == 0;
}

static bool
among(const struct tayra__resp_arg *arg, const char *const *words)
{
	while (*words && !is(arg, *words))
		words++;
	return *words != NULL;
}

static enum treatment
treatment_of(const struct tayra__forward *forward, const struct tayra__resp_arg *name)
{
	const struct tayra__command *command = tayra__command_find(name->bytes, name->len);

	if (command && (command == forward->get || command == forward->mget))
		return CACHED;
	if (command && among(name, ours))
		return OURS;
	if (!command && among(name, refused))
		return REFUSED;
	return !command && among(name, own) ? OWN : SHARED;
}

/* Which arguments are keys that may change. */
struct effect {
	bool writes, unknown, all;
	size_t first, last, step; /* first 0: none */
};

/* Of a SWAPDB trackers are told nothing; whatever else writes without naming a key is no better. */
static bool
changes_all(const struct tayra__grammar_word *word, const struct tayra__resp_arg *name)
{
	if (!word)
		return is(name, "swapdb");
	return word->first <= 0 && (word->flags & TAYRA__GRAMMAR_WRITE) &&
	       !(word->flags & TAYRA__GRAMMAR_MOVABLE);
}

static struct effect
effect_of(const struct tayra__forward *forward, const struct tayra__resp_arg *args, size_t count)
{
	const struct tayra__grammar_word *word = tayra__grammar_find(&forward->witness.grammar,
								     args[0].bytes, args[0].len);
	struct effect effect = { .writes = true,
				 .unknown = true,
				 .all = changes_all(word, &args[0]) };
	int64_t last;

	if (is(&args[0], "exec") || !word)
		return effect;
	effect.unknown = word->flags & (TAYRA__GRAMMAR_MOVABLE | TAYRA__GRAMMAR_ADMIN);
	effect.writes = !(word->flags & TAYRA__GRAMMAR_READONLY);
	if (word->first <= 0 || word->step <= 0) {
		effect.unknown |= (word->flags & TAYRA__GRAMMAR_WRITE) != 0;
		effect.writes = effect.writes && effect.unknown;
		return effect;
	}
	last = word->last < 0 ? (int64_t)count + word->last : word->last;
	effect.first = (size_t)word->first;
	effect.step = (size_t)word->step;
	effect.last = last < 0 ? 0 : last < (int64_t)count ? (size_t)last : count - 1;
	return effect;
}

enum tayra__aside
tayra__forward_aside(const struct tayra__forward *forward, const struct tayra__resp_arg *args)
{
	switch (treatment_of(forward, &args[0])) {
	case CACHED: return TAYRA__ASIDE_FORWARDS;
	case SHARED:
		/* How many arguments there are says nothing about what is unknown. */
		return effect_of(forward, args, 1).unknown ? TAYRA__ASIDE_NONE
							   : TAYRA__ASIDE_FORWARDS;
	case OURS:
	case REFUSED:
	case OWN: break;
	}
	return TAYRA__ASIDE_NONE;
}

static void
forget_keys(const struct forwarded *f)
{
	if (f->all)
		tayra__witness_forget(&f->forward->witness);
	for (size_t i = 0; f->writes && i < f->key_count; i++)
		tayra__witness_changed(&f->forward->witness, &f->keys[i].in);
}

static void
fail_with(struct forwarded *f, const char *text, const char *why)
{
	f->forward->failed++;
	f->pending.server->counters.errors++;
	tayra__buffer_reset(&f->pending.reply, 0);
	if (f->pending.connection)
		tayra__resp_error(&f->pending.reply, "UPSTREAM %s: %s%s",
				  f->forward->target.url.shown, text, why);
}

/* Keep what the reply has of these keys, as far as it is still true. */
static void
keep_values(struct forwarded *f)
{
	struct tayra__keyspace *keyspace = &f->pending.server->keyspace;
	const char *at = tayra__buffer_front(&f->pending.reply);
	uint64_t took_ns = tayra__loop_now_ns(f->pending.server->loop) -
			   f->parts[0].request.sent_ns;
	struct tayra__resp_reply reply;
	size_t len = f->pending.reply.len, used, i = 0;
	struct tayra__resp_element element;

	tayra__resp_reply_init(&reply);
	while (i < f->key_count &&
	       tayra__resp_reply_next(&reply, at, len, &f->forward->target.limits, &element,
				      &used) == TAYRA__RESP_REPLY_ELEMENT) {
		int64_t deadline_ms = TAYRA__NO_EXPIRY;
		struct key *key = &f->keys[i];

		at += used;
		len -= used;
		if (element.type == TAYRA__RESP_ARRAY)
			continue;
		i++;
		if (element.type != TAYRA__RESP_BULK || key->ttl_ms < -1 ||
		    !tayra__witness_holds(&f->forward->witness, &key->in, f->epoch, key->seen))
			continue;
		if (key->ttl_ms >= 0)
			deadline_ms = tayra__keyspace_wall_ms(keyspace) + key->ttl_ms -
				      (int64_t)(took_ns / TAYRA_NS_PER_MS) - 1;
		if (tayra__keyspace_put(keyspace, &key->in, element.text, element.len, deadline_ms,
					took_ns) == TAYRA_OK)
			f->forward->kept++;
	}
}

static void
finish(struct forwarded *f)
{
	struct tayra__connection *c = f->pending.connection;

	forget_keys(f);
	if (f->reads && c && !f->pending.reply.failed)
		keep_values(f);
	if (c && f->writes)
		c->forwarded_writes--;
	tayra__pending_done(&f->pending);
}

/* All has been answered; what else it may have changed has to be heard of first. */
static void
on_caught_up(void *arg)
{
	finish(arg);
}

static void
end_part(struct forwarded *f)
{
	if (--f->parts_left > 0)
		return;
	if (!f->unknown || !tayra__witness_catch_up(&f->forward->witness, on_caught_up, f))
		finish(f);
}

static void
on_element(struct tayra__upstream_request *request, const struct tayra__resp_element *element,
	   const char *raw, size_t len)
{
	struct part *part = (struct part *)(void *)request;
	struct forwarded *f = part->of;

	if (part == f->parts) {
		if (f->pending.connection)
			tayra__buffer_append(&f->pending.reply, raw, len);
	} else if (element->type == TAYRA__RESP_INTEGER && element->depth == 0) {
		f->keys[part - f->parts - 1].ttl_ms = element->integer;
	}
	if (element->last)
		end_part(f);
}

static void
on_failed(struct tayra__upstream_request *request, const char *why)
{
	struct part *part = (struct part *)(void *)request;

	if (part == part->of->parts)
		fail_with(part->of,
			  !part->of->writes  ? ""
			  : request->sent_ns ? "it may have been executed: "
					     : "it was not sent: ",
			  why);
	end_part(part->of);
}

/* Copy arguments that are keys into the block, each behind a byte that may be overwritten. */
static void
copy_keys(struct forwarded *f, const struct tayra__call *call, const struct effect *effect)
{
	char *to = (char *)(f->keys + f->key_count);
	size_t n = 0;

	for (size_t i = effect->first; i && i <= effect->last; i += effect->step, n++) {
		const struct tayra__resp_arg *arg = &call->args[i];

		to++;
		if (arg->len)
			memcpy(to, arg->bytes, arg->len);
		f->keys[n].in = (struct tayra__key_in){ to, arg->len, call->connection->db };
		f->keys[n].ttl_ms = -2;
		f->keys[n].seen = tayra__witness_seen(&f->forward->witness, &f->keys[n].in);
		to += arg->len;
	}
}

static struct forwarded *
create(struct tayra__call *call, const struct effect *effect, bool reads)
{
	size_t bytes = 0, keys = 0, parts;
	struct forwarded *f;

	for (size_t i = effect->first; i && i <= effect->last; i += effect->step, keys++)
		bytes += call->args[i].len + 1;
	parts = reads ? keys + 1 : 1;
	bytes += sizeof(*f) + parts * sizeof(f->parts[0]) + keys * sizeof(f->keys[0]);
	f = (struct forwarded *)(void *)tayra__pending_create(call, bytes);
	if (!f)
		return NULL;
	f->forward = call->server->forward;
	f->reads = reads;
	f->writes = effect->writes;
	f->unknown = effect->unknown && effect->writes;
	f->all = effect->all;
	f->epoch = f->forward->witness.epoch;
	f->part_count = f->parts_left = (uint32_t)parts;
	f->key_count = keys;
	f->keys = (struct key *)(void *)(f->parts + parts);
	copy_keys(f, call, effect);
	for (size_t i = 0; i < parts; i++)
		f->parts[i] = (struct part){
			.request = { .element = on_element, .failed = on_failed }, .of = f
		};
	return f;
}

static struct tayra__upstream *
open_lane(struct tayra__forward *forward, enum tayra__resp_version version, unsigned db)
{
	struct tayra__upstream *lane = tayra__mem_alloc(sizeof(*lane));

	if (lane)
		tayra__upstream_init(lane, &forward->target, forward->server->loop, version, db);
	forward->connections += lane != NULL;
	return lane;
}

static void
close_lane(struct tayra__forward *forward, struct tayra__upstream *lane)
{
	if (!lane)
		return;
	tayra__upstream_fini(lane);
	tayra__mem_free(lane);
	forward->connections--;
}

void
tayra__forward_leave(struct tayra__connection *c)
{
	struct tayra__upstream *lane = c->lane;

	c->lane = NULL;
	c->multi = c->multi_wrong = c->multi_all = c->watching = false;
	close_lane(c->server->forward, lane);
}

/* A client's own connection is ready, or lost: then so is what it stood for. */
static void
on_own_changed(struct tayra__upstream *lane, bool ready)
{
	struct tayra__connection *c = lane->ctx;

	if (ready)
		return;
	c->closing = true;
	tayra__loop_later(c->server->loop, &c->later);
}

static struct tayra__upstream *
own_lane(struct tayra__connection *c)
{
	if (c->lane && (c->lane->db != c->db || c->lane->version != c->version))
		tayra__forward_leave(c);
	if (!c->lane) {
		c->lane = open_lane(c->server->forward, c->version, c->db);
		if (c->lane) {
			c->lane->changed = on_own_changed;
			c->lane->ctx = c;
		}
	}
	return c->lane;
}

static struct tayra__upstream *
lane_for(struct tayra__connection *c, enum treatment treatment)
{
	struct tayra__forward *forward = c->server->forward;
	struct tayra__upstream **lane;

	if (c->lane || treatment == OWN)
		return own_lane(c);
	lane = &forward->lanes[c->version == TAYRA__RESP3][c->db][c->id % LANES];
	if (!*lane)
		*lane = open_lane(forward, c->version, c->db);
	return *lane;
}

/* Ask for the parts.  Those that could not be asked fail, the first with its reason. */
static int
send_parts(struct tayra__upstream *lane, struct forwarded *f, const struct tayra__call *call)
{
	int status = tayra__upstream_send(lane, call->args, call->count, &f->parts[0].request);
	char pttl[] = "PTTL";

	if (status != TAYRA_OK)
		return status;
	f->forward->requests++;
	for (size_t i = 1; i < f->part_count; i++) {
		const struct tayra__resp_arg args[2] = {
			{ .bytes = pttl, .len = sizeof(pttl) - 1 },
			{ .bytes = f->keys[i - 1].in.bytes, .len = f->keys[i - 1].in.len },
		};

		if (tayra__upstream_send(lane, args, 2, &f->parts[i].request) != TAYRA_OK)
			f->parts_left--;
	}
	return TAYRA_OK;
}

/* A client whose own connection does not take what it says next must not go on. */
static void
refuse(struct tayra__call *call, struct forwarded *f, const char *why)
{
	fail_with(f, f->writes ? "it was not sent: " : "", why);
	tayra__buffer_append(call->out, tayra__buffer_front(&f->pending.reply),
			     f->pending.reply.len);
	tayra__pending_free(&f->pending);
	if (call->connection->lane)
		call->connection->closing = true;
}

/* => false: it has been refused. */
static bool
send_on(struct tayra__call *call, enum treatment treatment, bool reads)
{
	struct tayra__connection *c = call->connection;
	struct tayra__forward *forward = call->server->forward;
	struct effect effect = effect_of(forward, call->args, call->count);
	struct tayra__upstream *lane = lane_for(c, treatment);
	struct forwarded *f;
	int status;

	/* In a transaction it is EXEC that does it. */
	if (c->multi && is(&call->args[0], "exec"))
		effect.all = c->multi_all;
	else if (c->multi)
		c->multi_all |= effect.all;
	if (reads)
		effect = (struct effect){ .first = 1, .last = call->count - 1, .step = 1 };
	f = lane ? create(call, &effect, reads) : NULL;
	if (!f) {
		tayra__call_refuse(call, TAYRA_E_NOMEM);
		call->connection->closing |= call->connection->lane != NULL;
		return false;
	}
	forget_keys(f);
	status = send_parts(lane, f, call);
	if (status != TAYRA_OK) {
		refuse(call, f,
		       status == TAYRA_E_OVERLOAD ? "it does not take what was asked before"
						  : lane->why);
		return false;
	}
	c->forwarded_writes += f->writes;
	tayra__call_suspend(call, &f->pending,
			    f->unknown || treatment == OWN ? TAYRA__ASIDE_NONE
							   : TAYRA__ASIDE_FORWARDS);
	return true;
}

/* All keys of a GET or MGET are here, and right. */
static bool
answer_from_ram(struct tayra__call *call)
{
	struct tayra__server *server = call->server;
	bool many = call->command == server->forward->mget;

	if (!tayra__witness_known(&server->forward->witness) || call->connection->forwarded_writes)
		return false;
	for (size_t i = 1; many && i < call->count; i++) {
		const struct tayra__key_in key = tayra__call_key(call, i);

		if (!tayra__keyspace_has(&server->keyspace, &key))
			return false;
	}
	if (many)
		tayra__resp_array(call->out, call->count - 1);
	for (size_t i = 1; i < call->count; i++) {
		const struct tayra__key_in key = tayra__call_key(call, i);
		struct tayra_value value;

		if (tayra__keyspace_get(&server->keyspace, &key, &value) != TAYRA_OK)
			return false; /* of a GET: nothing has been written */
		tayra__resp_bulk(call->out, value.data, value.len);
		if (server->learning.watches)
			tayra__learning_hit(call, i, &value.meta);
		tayra_cache_unpin(server->keyspace.cache, &value);
		server->counters.hits++;
	}
	return true;
}

/* What RAM has not is not loaded here, but asked of the Redis. */
static void
learn_misses(struct tayra__call *call)
{
	for (size_t i = 1; i < call->count; i++) {
		const struct tayra__key_in key = tayra__call_key(call, i);

		if (!tayra__keyspace_has(&call->server->keyspace, &key))
			tayra__learning_miss(call, i);
	}
}

static void
run_cached(struct tayra__call *call)
{
	size_t keys = call->count - 1;
	bool well = call->command == call->server->forward->get ? keys == 1 : keys > 0;

	if (well && !call->connection->multi) {
		if (answer_from_ram(call))
			return;
		call->server->counters.misses += keys;
		if (call->server->learning.watches)
			learn_misses(call);
	}
	send_on(call, SHARED, well && keys <= FETCH_MAX && !call->connection->multi);
}

/* Inside MULTI the Redis queues everything; what is ours cannot be queued. */
static bool
run_in_multi(struct tayra__call *call)
{
	if (is(&call->args[0], "quit") || is(&call->args[0], "reset"))
		return false;
	if (is(&call->args[0], "ping") || is(&call->args[0], "echo")) {
		send_on(call, OWN, false);
		return true;
	}
	call->connection->multi_wrong = true;
	tayra__call_error(call, "ERR %s inside MULTI is not forwarded", call->command->name);
	return true;
}

/* What was refused, a SELECT say, what stood behind it counted on. */
static bool
is_spoilt(const struct tayra__call *call)
{
	return call->connection->multi_wrong && is(&call->args[0], "exec");
}

/* What this does to the client's state, if it is well. */
static void
note_state(struct tayra__call *call)
{
	struct tayra__connection *c = call->connection;

	bool alone = call->count == 1; /* else an error, after which only EXEC ends anything */

	if (is(&call->args[0], "multi"))
		c->multi |= alone;
	else if (is(&call->args[0], "watch"))
		c->watching = true;
	else if (is(&call->args[0], "exec") || (alone && is(&call->args[0], "discard")))
		c->multi = c->multi_wrong = c->multi_all = c->watching = false;
	else if (alone && is(&call->args[0], "unwatch"))
		c->watching = false;
}

bool
tayra__forward_run(struct tayra__call *call)
{
	struct tayra__connection *c = call->connection;
	enum treatment treatment = treatment_of(call->server->forward, &call->args[0]);

	if ((c->multi || c->watching) && c->lane &&
	    (c->lane->db != c->db || c->lane->version != c->version) && treatment != OURS) {
		tayra__call_error(call, "ERR SELECT and HELLO end what WATCH and MULTI began");
		tayra__forward_leave(c);
		return true;
	}
	if (is_spoilt(call)) {
		tayra__call_error(call,
				  "EXECABORT Transaction discarded because of previous errors.");
		tayra__forward_leave(c);
		return true;
	}
	switch (treatment) {
	case OURS: return c->multi && run_in_multi(call);
	case REFUSED:
		c->multi_wrong = c->multi;
		tayra__call_error(call, "ERR '%.*s' is not forwarded: connect to %s itself",
				  (int)call->args[0].len, call->args[0].bytes,
				  tayra__forward_target(call->server->forward));
		return true;
	case CACHED: run_cached(call); return true;
	case SHARED: send_on(call, SHARED, false); return true;
	case OWN:
		if (send_on(call, OWN, false))
			note_state(call);
		return true;
	}
	return false;
}

void
tayra__forward_tick(struct tayra__forward *forward)
{
	struct tayra__upstream **lanes = &forward->lanes[0][0][0];

	tayra__witness_tick(&forward->witness);
	for (size_t i = 0; i < sizeof(forward->lanes) / sizeof(lanes[0]); i++)
		if (lanes[i])
			tayra__upstream_tick(lanes[i], PATIENCE_NS);
}

static int
read_target(struct tayra__forward *forward, const char *url, char *error, size_t error_len)
{
	const struct tayra__server *server = forward->server;
	int status = tayra__redis_url_parse(url, &forward->target.url, error, error_len);

	if (status != TAYRA_OK)
		return status;
	if (forward->target.url.db != 0) {
		snprintf(error, error_len,
			 "%s: clients choose the database with SELECT: leave it out of the address",
			 forward->target.url.shown);
		return TAYRA_E_INVAL;
	}
	forward->target.limits = (struct tayra__resp_reply_limits){
		.bulk_bytes = server->limits.bulk_bytes,
		.line_bytes = 64u << 10,
		.elements = 1u << 24,
	};
	forward->target.out_max = server->buffer_bytes_max / OUT_SHARE;
	return tayra__dial_resolve(&forward->target.url, &forward->target.addresses, error,
				   error_len);
}

int
tayra__forward_create(struct tayra__server *server, const char *url, char *error, size_t error_len,
		      struct tayra__forward **out)
{
	struct tayra__forward *forward = tayra__mem_alloc(sizeof(*forward));
	char why[512] = "";
	int status;

	*out = NULL;
	if (!forward)
		return TAYRA_E_NOMEM;
	forward->server = server;
	forward->get = tayra__command_find("get", 3);
	forward->mget = tayra__command_find("mget", 4);
	status = read_target(forward, url, why, sizeof(why));
	if (status != TAYRA_OK) {
		snprintf(error, error_len, "forward: %s", why);
		explicit_bzero(forward, sizeof(*forward));
		tayra__mem_free(forward);
		return status;
	}
	tayra__witness_init(&forward->witness, server, &forward->target);
	*out = forward;
	return TAYRA_OK;
}

void
tayra__forward_destroy(struct tayra__forward *forward)
{
	struct tayra__upstream **lanes;

	if (!forward)
		return;
	lanes = &forward->lanes[0][0][0];
	tayra__witness_fini(&forward->witness);
	for (size_t i = 0; i < sizeof(forward->lanes) / sizeof(lanes[0]); i++)
		close_lane(forward, lanes[i]);
	explicit_bzero(forward, sizeof(*forward));
	tayra__mem_free(forward);
}

const char *
tayra__forward_target(const struct tayra__forward *forward)
{
	return forward->target.url.shown;
}

const char *
tayra__forward_trouble(const struct tayra__forward *forward)
{
	return tayra__witness_trouble(&forward->witness);
}

void
tayra__forward_stats(const struct tayra__forward *forward, struct tayra__forward_stats *out)
{
	*out = (struct tayra__forward_stats){
		.requests = forward->requests,
		.kept = forward->kept,
		.failed = forward->failed,
		.changes = forward->witness.changes_heard,
		.lost = forward->witness.lost,
		.tracking = tayra__witness_known(&forward->witness),
		.connections = forward->connections,
	};
}
