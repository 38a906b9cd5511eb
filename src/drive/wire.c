/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire.h"

#include "base/mem.h"
#include "drive/wire_run.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_NS  (5 * TAYRA_NS_PER_S)
#define OTHER_FILES 64 /* what a program has open besides */
#define URL_IN_WHY  160
/* Bytes of all requests of a scenario that may be under way. */
#define REQUESTS_MAX (256u << 20)

/* Take as many descriptors as the system would give us without being root. */
static bool
may_open(uint32_t connections)
{
	struct rlimit limit;
	rlim_t need = connections + OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return true;
	limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= need;
}

static int
check(const struct tayra__wire_options *options, char *why, size_t size)
{
	if (options->connections > TAYRA__WIRE_CONNECTIONS_MAX) {
		snprintf(why, size, "at most %d connections", TAYRA__WIRE_CONNECTIONS_MAX);
		return TAYRA_E_INVAL;
	}
	if (!may_open(options->connections)) {
		snprintf(why, size,
			 "%u connections and %d other files are more than this process may open "
			 "(ulimit -n)",
			 (unsigned)options->connections, OTHER_FILES);
		return TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

/* Room for a request of the longest kind for each connection, and for clients that think. */
static int
acquire_scenario(struct tayra__wire *wire)
{
	const struct tayra__scenario *scenario = wire->scenario;
	int status;

	if (!scenario)
		return TAYRA_OK;
	wire->shared.rows = scenario->rows;
	if (wire->errand.request_most > REQUESTS_MAX / wire->connections)
		return TAYRA_E_TOO_LARGE;
	wire->requests = tayra__mem_array(wire->connections, wire->errand.request_most);
	status = wire->requests ? tayra__kinds_init(&wire->kinds, scenario) : TAYRA_E_NOMEM;
	if (status == TAYRA_OK && tayra__scenario_think_mean_ns(scenario))
		status = tayra__thinkers_init(&wire->thinkers, wire->connections);
	return status;
}

/* What the system has to give. */
static int
acquire(struct tayra__wire *wire, char *why, size_t size)
{
	struct epoll_event event = { .events = EPOLLIN };
	int status;

	wire->shared.epoll = epoll_create1(EPOLL_CLOEXEC);
	wire->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (wire->shared.epoll < 0 || wire->timer < 0 ||
	    epoll_ctl(wire->shared.epoll, EPOLL_CTL_ADD, wire->timer, &event) != 0) {
		snprintf(why, size, "the system gives no epoll or timer: %m");
		return TAYRA_E_IO;
	}
	wire->shared.room = tayra__mem_alloc(TAYRA__LINK_READ);
	wire->links = tayra__mem_array(wire->connections, sizeof(*wire->links));
	status = acquire_scenario(wire);
	if (status == TAYRA_E_TOO_LARGE) {
		snprintf(why, size,
			 "%u connections with requests of up to %zu bytes are over %u MiB",
			 (unsigned)wire->connections, wire->errand.request_most,
			 REQUESTS_MAX >> 20);
		return TAYRA_E_INVAL;
	}
	if (!wire->shared.room || !wire->links || status != TAYRA_OK) {
		snprintf(why, size, "no memory for %u connections", (unsigned)wire->connections);
		return TAYRA_E_NOMEM;
	}
	for (uint32_t i = 0; i < wire->connections; i++) {
		tayra__link_init(&wire->links[i], &wire->errand);
		if (wire->requests)
			wire->links[i].room = wire->requests + i * wire->errand.request_most;
		tayra__list_push_back(&wire->down, &wire->links[i].place);
	}
	return TAYRA_OK;
}

/* The first address at which somebody lets us in. */
static int
knock(struct tayra__wire *wire, char *why, size_t size)
{
	int status = tayra__dial_resolve(&wire->errand.place, &wire->addresses, why, size);

	if (status != TAYRA_OK)
		return status;
	for (size_t i = 0; i < wire->addresses.count; i++) {
		wire->shared.address = &wire->addresses.at[i];
		tayra__wire_ready(wire, 1, NULL);
		if (wire->up)
			return TAYRA_OK;
		tayra__wire_abandon(wire, NULL, 0);
	}
	snprintf(why, size, "%.*s: %s", URL_IN_WHY, wire->errand.place.shown, wire->shared.why);
	return TAYRA_E_IO;
}

int
tayra__wire_open(const struct tayra__wire_options *options, struct tayra__wire **out, char *why,
		 size_t why_size)
{
	char unread[TAYRA__WIRE_WHY];
	struct tayra__wire *wire;
	int status;

	*out = NULL;
	if (!why || !why_size) {
		why = unread;
		why_size = sizeof(unread);
	}
	status = check(options, why, why_size);
	if (status != TAYRA_OK)
		return status;
	wire = tayra__mem_alloc(sizeof(*wire));
	if (!wire) {
		snprintf(why, why_size, "no memory");
		return TAYRA_E_NOMEM;
	}
	wire->connections = options->connections ? options->connections : 1;
	wire->ready = options->ready && options->ready < wire->connections ? options->ready
									   : wire->connections;
	wire->timeout_ns = options->timeout_ns ? options->timeout_ns : TIMEOUT_NS;
	wire->any_status = options->any_status;
	wire->busy_poll = options->busy_poll;
	wire->scenario = options->scenario;
	wire->shared.errand = &wire->errand;
	wire->shared.epoll = wire->timer = -1;
	tayra__list_init(&wire->down);
	tayra__list_init(&wire->idle);
	tayra__list_init(&wire->waiting);
	status = tayra__errand_init(&wire->errand, options, why, why_size);
	if (status == TAYRA_OK)
		status = acquire(wire, why, why_size);
	if (status == TAYRA_OK)
		status = knock(wire, why, why_size);
	if (status == TAYRA_OK)
		*out = wire;
	else
		tayra__wire_close(wire);
	return status;
}

void
tayra__wire_close(struct tayra__wire *wire)
{
	if (!wire)
		return;
	for (uint32_t i = 0; wire->links && i < wire->connections; i++)
		tayra__link_fini(&wire->links[i]);
	if (wire->timer >= 0)
		close(wire->timer);
	if (wire->shared.epoll >= 0)
		close(wire->shared.epoll);
	tayra__mem_free(wire->links);
	tayra__mem_free(wire->shared.room);
	tayra__mem_free(wire->requests);
	tayra__kinds_fini(&wire->kinds);
	tayra__thinkers_fini(&wire->thinkers);
	tayra__errand_fini(&wire->errand);
	tayra__mem_free(wire);
}

const char *
tayra__wire_name(const struct tayra__wire *wire)
{
	return wire->errand.place.shown;
}

const struct tayra__kinds *
tayra__wire_kinds(const struct tayra__wire *wire)
{
	return wire->scenario ? &wire->kinds : NULL;
}

void
tayra__wire_set_row(struct tayra__wire *wire, uint64_t row)
{
	wire->seed.row = row;
}

const struct tayra__wire_errors *
tayra__wire_errors(const struct tayra__wire *wire)
{
	return &wire->errors;
}

const char *
tayra__wire_error_name(enum tayra__wire_error kind)
{
	static const char *const names[] = {
		[TAYRA__WIRE_CONNECT] = "connect", [TAYRA__WIRE_TIMEOUT] = "timeout",
		[TAYRA__WIRE_RESET] = "reset",     [TAYRA__WIRE_MALFORMED] = "malformed",
		[TAYRA__WIRE_STATUS] = "status",
	};

	return (unsigned)kind < TAYRA__WIRE_ERRORS ? names[kind] : "?";
}
