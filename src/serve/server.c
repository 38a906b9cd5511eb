/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "load/store.h"
#include "serve/connection.h"
#include "serve/fetch.h"
#include "serve/forward.h"
#include "serve/loading.h"
#include "serve/monitor.h"
#include "serve/state.h"
#include "serve/troubles.h"
#include "serve/warming.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LISTEN_DEFAULT  "127.0.0.1:6379"
#define MEMORY_DEFAULT  (256ull << 20)
#define MEMORY_MIN      (8ull << 20)
#define BUFFERS_SHARE   8 /* of memory: what connections may use together is one part in so many */
#define SHARD_MAX       (4ull << 30) /* bytes; one thread needs no more shards than size asks for */
#define CLIENTS_DEFAULT 10000
#define FILES_OF_OURS   32
#define ACCEPTS_A_ROUND 64
#define TICK_NS         (100 * TAYRA_NS_PER_MS)
#define STRANGER_BULK   (16u << 10) /* as Redis has it */
#define STRANGER_ARGS   10

static struct tayra__server *
of_listener(struct tayra__watch *watch)
{
	return (struct tayra__server *)(void *)((char *)watch -
						offsetof(struct tayra__server, listener));
}

int
tayra__server_set_password(struct tayra__server *server, const char *password, size_t len)
{
	if (len > sizeof(server->password))
		return TAYRA_E_TOO_LARGE;
	if (len == 0 && !tayra__address_loopback(&server->address))
		return TAYRA_E_INVAL;
	memset(server->password, 0, sizeof(server->password));
	if (len)
		memcpy(server->password, password, len);
	server->password_len = len;
	server->protected = len > 0;
	return TAYRA_OK;
}

bool
tayra__server_check_password(const struct tayra__server *server, const char *password, size_t len)
{
	unsigned char different = len != server->password_len;

	/* All of it, whatever was wrong so far. */
	for (size_t i = 0; i < sizeof(server->password); i++)
		different |= (unsigned char)(server->password[i] ^ (i < len ? password[i] : 0));
	return !different;
}

static void
pause_accepting(struct tayra__server *server)
{
	if (tayra__loop_change(server->loop, &server->listener, 0) == TAYRA_OK)
		server->accepting = false;
}

static void
refuse_client(struct tayra__server *server, int fd)
{
	static const char text[] = "-ERR max number of clients reached\r\n";

	server->counters.refused++;
	/* Best effort: it is closed whether this arrives or not. */
	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0)
		errno = 0;
	close(fd);
}

static void
on_listener(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__server *server = of_listener(watch);

	(void)events;
	for (int i = 0; i < ACCEPTS_A_ROUND; i++) {
		struct tayra__address peer;
		int fd = tayra__socket_accept(watch->fd, &peer);

		if (fd < 0) {
			/* Out of files or memory: the connection waits, and must not spin us. */
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				pause_accepting(server);
			return;
		}
		server->counters.connections++;
		if (server->clients >= server->clients_max)
			refuse_client(server, fd);
		else if (tayra__connection_open(server, fd, &peer) != TAYRA_OK)
			server->counters.refused++;
	}
}

static void
close_idle(struct tayra__server *server)
{
	uint64_t now_ns = tayra__loop_now_ns(server->loop);
	uint64_t limit_ns = server->idle_timeout_ms * TAYRA_NS_PER_MS;

	while (limit_ns > 0 && !tayra__list_empty(&server->connections)) {
		struct tayra__connection *c = TAYRA__LIST_ENTRY(server->connections.next,
								struct tayra__connection, node);

		if (now_ns - c->active_ns < limit_ns)
			return;
		/* One that waits for us is not idle. */
		if (tayra__list_empty(&c->owed))
			tayra__connection_close(c);
		else
			tayra__connection_touch(c);
	}
}

static void
on_tick(void *arg)
{
	struct tayra__server *server = arg;

	tayra__server_update_now(server);
	tayra__keyspace_set_wall(&server->keyspace, tayra__clock_wall_ms(server->clock));
	tayra__keyspace_tick(&server->keyspace);
	for (size_t i = 0; i < server->pace_count; i++)
		tayra_pace_tick(server->paces[i], tayra__loop_now_ns(server->loop));
	if (server->troubles)
		tayra__troubles_tick(server->troubles, tayra__loop_now_ns(server->loop));
	tayra__feeds_tick(&server->feeds, tayra__loop_now_ns(server->loop));
	close_idle(server);
	if (server->forward)
		tayra__forward_tick(server->forward);
	if (server->monitor)
		tayra__monitor_tick(server->monitor);
	if (!server->accepting && server->listener.fd >= 0)
		server->accepting = tayra__loop_change(server->loop, &server->listener,
						       TAYRA__LOOP_READ) == TAYRA_OK;
}

/* How many clients can be served with the files this process may open, raising that if allowed. */
static uint32_t
clients_possible(uint32_t wanted)
{
	struct rlimit limit;
	rlim_t need = (rlim_t)wanted + FILES_OF_OURS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return wanted;
	limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= need)
		return wanted;
	return limit.rlim_cur > FILES_OF_OURS ? (uint32_t)limit.rlim_cur - FILES_OF_OURS : 1;
}

/* Sizes that follow from the memory. */
static int
settle(struct tayra__server *server, const struct tayra__server_options *o, char *error,
       size_t error_len)
{
	uint64_t memory = o->memory_bytes ? o->memory_bytes : MEMORY_DEFAULT;
	uint64_t buffers = memory / BUFFERS_SHARE;

	if (memory < MEMORY_MIN) {
		snprintf(error, error_len, "memory: %llu bytes are too few: at least 8M",
			 (unsigned long long)memory);
		return TAYRA_E_INVAL;
	}
	server->memory_bytes = memory;
	server->policy = o->policy;
	server->buffer_bytes_max = buffers;
	server->output_max_bytes = o->output_max_bytes && o->output_max_bytes < buffers
					   ? o->output_max_bytes
					   : buffers;
	server->limits = (struct tayra__resp_limits){
		/* Half: an argument is in a buffer with the rest of its request. */
		.bulk_bytes = buffers / 2 < TAYRA__RESP_BULK_MAX ? buffers / 2
								 : TAYRA__RESP_BULK_MAX,
		.args = TAYRA__RESP_ARGS_MAX,
		.inline_bytes = TAYRA__RESP_INLINE_MAX,
		.who = "",
	};
	server->limits_stranger = server->limits;
	server->limits_stranger.bulk_bytes = STRANGER_BULK;
	server->limits_stranger.args = STRANGER_ARGS;
	server->limits_stranger.who = "unauthenticated ";
	server->clients_max = clients_possible(o->clients_max ? o->clients_max : CLIENTS_DEFAULT);
	server->idle_timeout_ms = o->idle_timeout_ms;
	return TAYRA_OK;
}

/* The cache is the handle's; what has to be loaded or kept elsewhere goes through that. */
static int
open_handle(struct tayra__server *server, const struct tayra__server_options *o, char *error,
	    size_t error_len)
{
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	int status;

	status = tayra__learning_settle(&server->learning, o, server->memory_bytes, error,
					error_len);
	if (status != TAYRA_OK)
		return status;
	cache.memory_bytes = server->memory_bytes - server->buffer_bytes_max -
			     server->learning.bytes;
	cache.policy = server->policy;
	cache.objective = o->objective;
	cache.learning = o->learning;
	cache.shards = 1;
	while (cache.memory_bytes / cache.shards > SHARD_MAX)
		cache.shards *= 2;
	/* Pins last no longer than a reply. */
	cache.pinned_max_bytes = cache.memory_bytes;
	options.cache = &cache;
	options.clock = server->clock;
	tayra__loading_settle(o, &options);
	options.unstored_max_bytes = server->buffer_bytes_max / 2;
	status = tayra__tiers_open(&server->tiers, o, &options, error, error_len);
	if (status != TAYRA_OK)
		return status;
	server->tiered = tayra__tiers_any(&server->tiers);
	server->keyspace.shared = server->tiered || o->route_count > 0;
	if (server->keyspace.shared)
		cache.memory_bytes -= options.unstored_max_bytes;
	options.ticker = server->keyspace.shared;
	status = tayra__routes_create(o->routes, o->route_count, error, error_len, &server->routes);
	if (status == TAYRA_OK)
		status = tayra_create(&options, &server->handle);
	if (status != TAYRA_OK)
		return status;
	if (o->route_count > 0) {
		server->troubles = tayra__troubles_create(o->routes, o->route_count, o->trouble,
							  o->trouble_arg);
		if (!server->troubles)
			return TAYRA_E_NOMEM;
	}
	server->keyspace.handle = server->handle;
	server->keyspace.cache = tayra__handle_cache(server->handle);
	server->keyspace.doubts = tayra__handle_doubts(server->handle);
	status = tayra__learning_apply(server);
	if (status == TAYRA_OK)
		status = tayra__feeds_open(server, o, error, error_len);
	if (status != TAYRA_OK)
		return status;
	server->paces = o->paces;
	server->pace_count = o->pace_count;
	server->pace_names = o->pace_names;
	server->pace_threads = o->pace_threads;
	status = server->keyspace.shared ? tayra__fetch_open(server) : TAYRA_OK;
	if (status != TAYRA_OK || !server->tiers.remote)
		return status;
	server->keyspace.posts = &server->posts;
	return tayra__posts_open(&server->posts, server);
}

/* Protected mode, and the address as such. */
static int
check_address(struct tayra__server *server, const struct tayra__server_options *o, char *error,
	      size_t error_len)
{
	const char *text = o->listen ? o->listen : LISTEN_DEFAULT;
	int status;

	if (tayra__address_parse(text, &server->address) != TAYRA_OK) {
		snprintf(error, error_len, "listen: ");
		tayra__address_explain(text, error + strlen(error), error_len - strlen(error));
		return TAYRA_E_INVAL;
	}
	status = tayra__server_set_password(server, o->password, o->password ? o->password_len : 0);
	if (status == TAYRA_E_TOO_LARGE)
		snprintf(error, error_len, "the password is longer than %d bytes",
			 TAYRA__SERVER_PASSWORD_MAX);
	else if (status != TAYRA_OK)
		snprintf(error, error_len,
			 "%s can be reached from other machines: give a password, or listen on "
			 "127.0.0.1",
			 text);
	return status;
}

static int
start_listening(struct tayra__server *server, char *error, size_t error_len)
{
	server->listener.ready = on_listener;
	tayra__address_text(&server->address, server->address_text);
	if (server->check)
		return TAYRA_OK;
	server->listener.fd = tayra__socket_listen(&server->address);
	if (server->listener.fd < 0) {
		snprintf(error, error_len, "cannot listen on %s: %m", server->address_text);
		return TAYRA_E_IO;
	}
	tayra__address_text(&server->address, server->address_text);
	server->accepting = true;
	return tayra__loop_add(server->loop, &server->listener, TAYRA__LOOP_READ);
}

static int
open_forward(struct tayra__server *server, const struct tayra__server_options *o, char *error,
	     size_t error_len)
{
	if (!server->keyspace.shared && !o->file_tier && !o->remote_tier)
		return tayra__forward_create(server, o->forward, error, error_len,
					     &server->forward);
	snprintf(error, error_len,
		 "forward: not with routes or tiers: the other Redis has all values");
	return TAYRA_E_INVAL;
}

/* Last: from here on values are loaded. */
static int
start_warming(struct tayra__server *server, const struct tayra__server_options *o, char *error,
	      size_t error_len)
{
	if (o->warm_count == 0)
		return TAYRA_OK;
	if (!server->routes) {
		snprintf(error, error_len, "warm: without routes nothing is loaded");
		return TAYRA_E_INVAL;
	}
	if (server->check)
		return TAYRA_OK;
	tayra__keyspace_expect(&server->keyspace, 0);
	return tayra__warming_create(server->handle, server->routes, o->warm_keys, o->warm_count,
				     &server->warming);
}

static int
start(struct tayra__server *server, const struct tayra__server_options *o, char *error,
      size_t error_len)
{
	int status = settle(server, o, error, error_len);

	server->check = o->check;
	if (status == TAYRA_OK)
		status = check_address(server, o, error, error_len);
	if (status == TAYRA_OK)
		status = tayra__loop_create(server->clock, &server->loop);
	if (status == TAYRA_OK)
		status = open_handle(server, o, error, error_len);
	if (status == TAYRA_OK) {
		server->input = tayra__mem_alloc(TAYRA__SERVER_INPUT);
		status = server->input ? TAYRA_OK : TAYRA_E_NOMEM;
	}
	if (status == TAYRA_OK)
		status = start_listening(server, error, error_len);
	if (status == TAYRA_OK)
		status = tayra__loop_tick(server->loop, TICK_NS, on_tick, server);
	server->start_ns = status == TAYRA_OK ? tayra__loop_now_ns(server->loop) : 0;
	if (status == TAYRA_OK && o->forward)
		status = open_forward(server, o, error, error_len);
	if (status == TAYRA_OK)
		status = tayra__monitor_create(server, o, error, error_len, &server->monitor);
	return status == TAYRA_OK ? start_warming(server, o, error, error_len) : status;
}

int
tayra__server_create(const struct tayra__server_options *options, char *error, size_t error_len,
		     struct tayra__server **out)
{
	struct tayra__server *server = tayra__mem_alloc(sizeof(*server));
	int status = TAYRA_E_NOMEM;

	*out = NULL;
	error[0] = '\0';
	if (server) {
		server->listener.fd = -1;
		server->clock = options->clock ? options->clock : tayra_clock_real();
		tayra__list_init(&server->connections);
		tayra__rng_init(&server->rng, tayra__hash_random_seed());
		server->misses.seed = tayra__hash_random_seed();
		status = start(server, options, error, error_len);
	}
	if (status == TAYRA_OK) {
		tayra__buffer_init(&server->output, server->output_max_bytes);
		tayra__buffer_init(&server->scratch, server->output_max_bytes);
		tayra__buffer_init(&server->aside, server->output_max_bytes);
		on_tick(server);
		*out = server;
		return TAYRA_OK;
	}
	if (!error[0])
		snprintf(error, error_len, "%s", tayra_status_text(status));
	tayra__server_destroy(server);
	return status;
}

void
tayra__server_destroy(struct tayra__server *server)
{
	if (!server)
		return;
	tayra__monitor_destroy(server->monitor);
	while (!tayra__list_empty(&server->connections))
		tayra__connection_close(TAYRA__LIST_ENTRY(server->connections.next,
							  struct tayra__connection, node));
	if (server->listener.fd >= 0)
		close(server->listener.fd);
	tayra__forward_destroy(server->forward);
	tayra__posts_close(&server->posts);
	tayra__warming_destroy(server->warming);
	tayra__feeds_close(&server->feeds);
	tayra_destroy(server->handle);
	tayra__tiers_close(&server->tiers);
	tayra__fetch_close(server);
	tayra__routes_destroy(server->routes);
	tayra__troubles_destroy(server->troubles);
	tayra__loop_destroy(server->loop);
	tayra__buffer_fini(&server->output);
	tayra__buffer_fini(&server->scratch);
	tayra__buffer_fini(&server->aside);
	tayra__mem_free(server->input);
	tayra__mem_free(server);
}

int
tayra__server_run(struct tayra__server *server)
{
	return tayra__loop_run(server->loop);
}

void
tayra__server_stop(struct tayra__server *server)
{
	tayra__loop_stop(server->loop);
}

const char *
tayra__server_address(const struct tayra__server *server)
{
	return server->address_text;
}

void
tayra__server_describe(const struct tayra__server *server, char *out, size_t len)
{
	const char *page = tayra__monitor_text(server->monitor);

	const char *behind = server->forward ? tayra__forward_target(server->forward) : "";

	snprintf(out, len,
		 "serving RESP2 and RESP3 on %s: %llu MiB, policy %s, %u clients, %s%s%s%s%s%s",
		 server->address_text, (unsigned long long)(server->memory_bytes >> 20),
		 tayra_policy_name(server->policy), server->clients_max,
		 server->protected ? "password required" : "no password", server->tiers.text,
		 *behind ? ", in front of " : "", behind, *page ? ", " : "", page);
}
