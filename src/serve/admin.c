/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/admin.h"

#include <tayra/base.h>

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "watch/openmetrics.h"
#include "watch/page.h"
#include "watch/registry.h"
#include "watch/snapshot.h"

#define CONNECTIONS     16u
#define CONNECTIONS_MAX 1000u
#define TIMEOUT_S       10u
#define PATIENCE_MS     5000u
#define MEMORY_BYTES    ((size_t)16 << 10)
#define NONCE_SIZE      33

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct tayra__admin {
	struct tayra__admin_options options;
	struct MHD_Daemon *daemon;
	uint16_t port;
	bool local; /* listens on the loopback */
	pthread_mutex_t lock;
	pthread_cond_t fewer;
	/* lock: who is connected */
	bool stopping;
	unsigned clients;
	int fds[CONNECTIONS_MAX];
};

/* What is answered, before it is sent. */
struct answer {
	unsigned status;
	const char *type;
	char nonce[NONCE_SIZE]; /* of a page; else empty */
	FILE *out;
};

static void
answer_metrics(const struct tayra__admin *admin, struct answer *answer)
{
	answer->type = TAYRA__OPENMETRICS_TYPE;
	tayra__openmetrics_write(admin->options.registry, answer->out);
}

static void
answer_json(const struct tayra__admin *admin, struct answer *answer)
{
	answer->type = "application/json";
	tayra__snapshot_write(admin->options.registry, admin->options.page->headlines,
			      admin->options.page->headline_count,
			      tayra__clock_wall_ms(admin->options.clock), answer->out);
}

static void
answer_page(const struct tayra__admin *admin, struct answer *answer)
{
	answer->type = "text/html; charset=utf-8";
	snprintf(answer->nonce, sizeof(answer->nonce), "%016" PRIx64 "%016" PRIx64,
		 tayra__hash_random_seed(), tayra__hash_random_seed());
	tayra__page_write(admin->options.registry, admin->options.page,
			  tayra__clock_wall_ms(admin->options.clock), answer->nonce, answer->out);
}

static void
answer_health(const struct tayra__admin *admin, struct answer *answer)
{
	char why[200] = "not well";

	if (!admin->options.healthy || admin->options.healthy(admin->options.ctx, why, sizeof(why)))
		snprintf(why, sizeof(why), "ok");
	else
		answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	fprintf(answer->out, "%s\n", why);
}

static void
answer_refusal(struct answer *answer, unsigned status, const char *text)
{
	answer->status = status;
	fprintf(answer->out, "%s\n", text);
}

static void
write_patterns(const struct tayra__admin *admin, enum tayra_patterns_format format,
	       struct answer *answer)
{
	int status = admin->options.patterns
			     ? admin->options.patterns(admin->options.ctx, format, answer->out)
			     : TAYRA_E_UNSUPPORTED;

	if (status == TAYRA_OK && format == TAYRA_PATTERNS_JSON)
		answer->type = "application/json";
	else if (status == TAYRA_E_UNSUPPORTED)
		answer_refusal(answer, MHD_HTTP_NOT_FOUND,
			       "not learned here: the configuration needs learn: and patterns: on");
	else if (status != TAYRA_OK)
		answer_refusal(answer, MHD_HTTP_SERVICE_UNAVAILABLE, tayra_status_text(status));
}

static void
answer_patterns(const struct tayra__admin *admin, struct answer *answer)
{
	write_patterns(admin, TAYRA_PATTERNS_TEXT, answer);
}

static void
answer_patterns_json(const struct tayra__admin *admin, struct answer *answer)
{
	write_patterns(admin, TAYRA_PATTERNS_JSON, answer);
}

static const struct route {
	const char *path;
	void (*answer)(const struct tayra__admin *admin, struct answer *answer);
} routes[] = {
	{ "/", answer_page },
	{ "/metrics", answer_metrics },
	{ "/metrics.json", answer_json },
	{ "/healthz", answer_health },
	{ "/patterns", answer_patterns },
	{ "/patterns.json", answer_patterns_json },
};

/* The name in a Host header is one of this machine's own. */
static bool
is_local_name(const char *host)
{
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	char name[64];
	struct in_addr v4;

	if (len >= sizeof(name) || len > strlen(host))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static void
route(const struct tayra__admin *admin, const char *host, const char *method, const char *path,
      struct answer *answer)
{
	if (admin->local && host && !is_local_name(host)) {
		answer_refusal(answer, MHD_HTTP_FORBIDDEN, "only local names are answered here");
		return;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		answer_refusal(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only");
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].path, path) == 0) {
			routes[i].answer(admin, answer);
			return;
		}
	answer_refusal(answer, MHD_HTTP_NOT_FOUND,
		       "there are /, /metrics, /metrics.json, /healthz, /patterns and "
		       "/patterns.json");
}

static void
add_headers(struct MHD_Response *response, const struct answer *answer)
{
	char policy[400] = "default-src 'none'";

	if (answer->nonce[0])
		tayra__page_policy(answer->nonce, policy, sizeof(policy));
	MHD_add_response_header(response, "Content-Type", answer->type);
	MHD_add_response_header(response, "Content-Security-Policy", policy);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
}

/* MHD_NO closes the connection: that is for when there is no memory to say anything. */
static enum MHD_Result
respond(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **state)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);
	struct answer answer = { MHD_HTTP_OK, "text/plain; charset=utf-8", "", NULL };
	struct MHD_Response *response;
	enum MHD_Result result;
	char *text = NULL;
	size_t size = 0;

	answer.out = open_memstream(&text, &size);
	if (!answer.out)
		return MHD_NO;
	route(ctx, host, method, path, &answer);
	if (fclose(answer.out) != 0) {
		free(text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	add_headers(response, &answer);
	result = MHD_queue_response(connection, answer.status, response);
	MHD_destroy_response(response);
	return result;
}

/* Told of each connection, on the daemon's thread. */
static void
note_connection(void *ctx, struct MHD_Connection *connection, void **slot,
		enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct tayra__admin *admin = ctx;
	unsigned at = 0;

	(void)slot;
	pthread_mutex_lock(&admin->lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED && admin->clients < CONNECTIONS_MAX) {
		admin->fds[admin->clients++] = info->connect_fd;
		if (admin->stopping)
			shutdown(info->connect_fd, SHUT_RDWR);
	} else if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		while (at < admin->clients && admin->fds[at] != info->connect_fd)
			at++;
		if (at < admin->clients)
			admin->fds[at] = admin->fds[--admin->clients];
		pthread_cond_signal(&admin->fewer);
	}
	pthread_mutex_unlock(&admin->lock);
}

/*
 * libmicrohttpd 0.9.75 crashes when it refuses a malformed request while it is being stopped: so it
 * is stopped when nobody is connected any more.  Nobody keeps it waiting; the end of patience is
 * for what is not known.
 */
static void
hang_up(struct tayra__admin *admin)
{
	const uint64_t end_ms = tayra__clock_wall_ms(tayra_clock_real()) + PATIENCE_MS;
	const struct timespec end = { .tv_sec = (time_t)(end_ms / 1000),
				      .tv_nsec = (long)(end_ms % 1000) * 1000000 };
	int late = 0;

	pthread_mutex_lock(&admin->lock);
	admin->stopping = true;
	for (unsigned i = 0; i < admin->clients; i++)
		shutdown(admin->fds[i], SHUT_RDWR);
	while (admin->clients > 0 && !late)
		late = pthread_cond_timedwait(&admin->fewer, &admin->lock, &end);
	pthread_mutex_unlock(&admin->lock);
}

/* => false: not an address. */
static bool
parse_address(const char *text, uint16_t port, union address *address, bool *local)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		*local = ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(port);
		*local = IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
		return true;
	}
	return false;
}

/* With every signal blocked, so that the program's signals stay on the program's threads. */
static struct MHD_Daemon *
start(struct tayra__admin *admin, const union address *address)
{
	/* Not epoll: with that, 0.9.75 does not see an end that came with a request's beginning,
	 * and keeps such a connection until the timeout. */
	unsigned flags = MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
	unsigned connections = admin->options.connections ? admin->options.connections
							  : CONNECTIONS;
	sigset_t all, before;
	struct MHD_Daemon *daemon;

	if (address->any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, respond, admin, MHD_OPTION_SOCK_ADDR, &address->any,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
		note_connection, admin, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

static int
check(const struct tayra__admin_options *options, union address *address, bool *local)
{
	const char *text = options->address ? options->address : "127.0.0.1";

	if (!options->registry || !options->page || options->connections > CONNECTIONS_MAX ||
	    !parse_address(text, options->port, address, local))
		return TAYRA_E_INVAL;
	return *local || options->exposed ? TAYRA_OK : TAYRA_E_INVAL;
}

int
tayra__admin_create(const struct tayra__admin_options *options, struct tayra__admin **out)
{
	const union MHD_DaemonInfo *info;
	struct tayra__admin *admin;
	union address address;
	bool local;
	int status;

	*out = NULL;
	status = check(options, &address, &local);
	if (status < 0)
		return status;
	admin = tayra__mem_alloc(sizeof(*admin));
	if (!admin)
		return TAYRA_E_NOMEM;
	pthread_mutex_init(&admin->lock, NULL);
	pthread_cond_init(&admin->fewer, NULL);
	admin->options = *options;
	admin->local = local;
	if (!admin->options.clock)
		admin->options.clock = tayra_clock_real();
	errno = 0;
	admin->daemon = start(admin, &address);
	info = admin->daemon ? MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	if (!info) {
		tayra__admin_destroy(admin);
		return TAYRA_E_IO;
	}
	admin->port = info->port;
	*out = admin;
	return TAYRA_OK;
}

uint16_t
tayra__admin_port(const struct tayra__admin *admin)
{
	return admin->port;
}

void
tayra__admin_destroy(struct tayra__admin *admin)
{
	MHD_socket listens;

	if (!admin)
		return;
	if (admin->daemon) {
		listens = MHD_quiesce_daemon(admin->daemon);
		hang_up(admin);
		MHD_stop_daemon(admin->daemon);
		if (listens != MHD_INVALID_SOCKET)
			close(listens);
	}
	pthread_cond_destroy(&admin->fewer);
	pthread_mutex_destroy(&admin->lock);
	tayra__mem_free(admin);
}
