/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.h: a production pacer before a model backend in virtual time, asked by so many clients that
 * come again at once, or by arrivals at a rate; and what came of it.
 */
#ifndef TAYRA_TESTS_ARENA_H
#define TAYRA_TESTS_ARENA_H

#include "base/mem.h"
#include "base/rng.h"
#include "sim/backend.h"
#include "sim/event.h"

#include <tayra/pace.h>

#include <math.h>
#include <stdlib.h>

#define MS TAYRA_NS_PER_MS
#define S  TAYRA_NS_PER_S

struct arena;
struct guest {
	struct arena *arena;
	struct tayra_ticket ticket;
	struct tayra__job job;
	struct tayra__event again;
	uint64_t due_ns, began_ns;
	bool stays; /* a client, not an arrival */
};

struct arena {
	struct tayra__events events;
	struct tayra__backend backend;
	struct tayra_pace *pace;
	struct tayra__rng rng;
	struct tayra__event arrival, tick;
	struct guest *clients;
	size_t client_count, inside;
	double rate_per_s;    /* of arrivals; 0: none */
	uint64_t patience_ns; /* 0: no deadline */
	/* Since arena_count(). */
	uint64_t since_ns, good, late, failed, shed;
	double backend_ns, looks, limits, squares, limit_max;
};

static inline void arena_ask(struct guest *guest, uint64_t now_ns);

static inline void
arena_next(struct guest *guest, uint64_t wait_ns)
{
	struct arena *arena = guest->arena;

	if (guest->stays)
		tayra__events_set(&arena->events, &guest->again, arena->events.now_ns + wait_ns);
	else
		tayra__mem_free(guest);
}

static inline void
arena_done(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns)
{
	struct guest *guest = TAYRA__LIST_ENTRY(job, struct guest, job);
	struct arena *arena = guest->arena;

	arena->inside--;
	if (outcome == TAYRA_OUTCOME_OK && guest->due_ns && now_ns > guest->due_ns) {
		outcome = TAYRA_OUTCOME_TIMEOUT;
		arena->late++;
	} else if (outcome == TAYRA_OUTCOME_OK) {
		arena->good++;
		arena->backend_ns += (double)(now_ns - guest->began_ns);
	} else {
		arena->failed++;
	}
	tayra_pace_leave(arena->pace, &guest->ticket, outcome, now_ns);
	arena_next(guest, 0);
}

static inline void
arena_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct guest *guest = arg;
	struct arena *arena = guest->arena;

	if (status != TAYRA_OK) {
		arena->shed++;
		arena_next(guest, ticket->retry_after_ns + 10 * MS);
		return;
	}
	guest->began_ns = arena->events.now_ns;
	arena->inside++;
	tayra__backend_start(&arena->backend, &guest->job, tayra__rng_exponential(&arena->rng));
}

static inline void
arena_ask(struct guest *guest, uint64_t now_ns)
{
	struct arena *arena = guest->arena;
	struct tayra_pace_request request = { .decided = arena_decided, .arg = guest };
	int status;

	guest->due_ns = request.deadline_ns = arena->patience_ns ? now_ns + arena->patience_ns : 0;
	status = tayra_pace_enter_start(arena->pace, &request, now_ns, &guest->ticket);
	if (status != TAYRA_PENDING)
		arena_decided(&guest->ticket, status, guest);
}

static inline void
arena_again(struct tayra__event *event, uint64_t now_ns)
{
	arena_ask(TAYRA__LIST_ENTRY(event, struct guest, again), now_ns);
}

/* So many arrive at once. */
static inline void
arena_burst(struct arena *arena, size_t n)
{
	while (n--) {
		struct guest *guest = tayra__mem_alloc(sizeof(*guest));

		guest->arena = arena;
		guest->job.done = arena_done;
		arena_ask(guest, arena->events.now_ns);
	}
}

static inline void
arena_arrival(struct tayra__event *event, uint64_t now_ns)
{
	struct arena *arena = TAYRA__LIST_ENTRY(event, struct arena, arrival);

	if (arena->rate_per_s <= 0)
		return;
	tayra__events_set(
		&arena->events, event,
		now_ns + (uint64_t)(tayra__rng_exponential(&arena->rng) * 1e9 / arena->rate_per_s));
	arena_burst(arena, 1);
}

static inline void
arena_tick(struct tayra__event *event, uint64_t now_ns)
{
	struct arena *arena = TAYRA__LIST_ENTRY(event, struct arena, tick);
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_tick(arena->pace, now_ns);
	tayra_pace_stats(arena->pace, &stats);
	arena->looks++;
	arena->limits += stats.limit;
	arena->squares += stats.limit * stats.limit;
	arena->limit_max = fmax(arena->limit_max, stats.limit);
	tayra__events_set(&arena->events, event, now_ns + 10 * MS);
}

static inline void
arena_count(struct arena *arena)
{
	arena->since_ns = arena->events.now_ns;
	arena->good = arena->late = arena->failed = arena->shed = 0;
	arena->backend_ns = arena->looks = arena->limits = arena->squares = arena->limit_max = 0;
}

static inline void
arena_open(struct arena *arena, const struct tayra_pace_options *options,
	   const struct tayra__backend_shape *shape, size_t clients, uint64_t seed)
{
	struct tayra__backend_shape filled = *shape;

	*arena = (struct arena){ .arrival = { .fire = arena_arrival },
				 .tick = { .fire = arena_tick },
				 .client_count = clients };
	tayra__backend_law_fill(&filled);
	tayra__rng_init(&arena->rng, seed);
	tayra__events_init(&arena->events, 0);
	tayra__backend_init(&arena->backend, &arena->events, &filled, seed + 1000);
	if (tayra_pace_create(options, &arena->pace) != TAYRA_OK)
		abort();
	arena->clients = tayra__mem_array(clients + 1, sizeof(*arena->clients));
	for (size_t i = 0; i < clients; i++) {
		struct guest *guest = &arena->clients[i];

		guest->arena = arena;
		guest->stays = true;
		guest->job.done = arena_done;
		guest->again.fire = arena_again;
		tayra__events_set(&arena->events, &guest->again, 0);
	}
	tayra__events_set(&arena->events, &arena->tick, 0);
}

/* Arrivals at that rate from now on; 0: none. */
static inline void
arena_load(struct arena *arena, double rate_per_s)
{
	arena->rate_per_s = rate_per_s;
	if (rate_per_s > 0)
		tayra__events_set(&arena->events, &arena->arrival, arena->events.now_ns);
}

static inline void
arena_run(struct arena *arena, uint64_t ns)
{
	tayra__events_run(&arena->events, arena->events.now_ns + ns);
}

/* What the backend can do at its speed of now. */
static inline double
arena_capacity(const struct arena *arena)
{
	size_t knee;

	return tayra__backend_law_capacity(&arena->backend.shape, &knee) * arena->backend.speed;
}

/* Of that, what was done since arena_count(). */
static inline double
arena_share(const struct arena *arena)
{
	return (double)arena->good * 1e9 / (double)(arena->events.now_ns - arena->since_ns) /
	       arena_capacity(arena);
}

static inline double
arena_limit(const struct arena *arena)
{
	return arena->limits / arena->looks;
}

static inline double
arena_cv(const struct arena *arena)
{
	double mean = arena_limit(arena);

	return sqrt(fmax(0, arena->squares / arena->looks - mean * mean)) / mean;
}

static inline double
arena_latency_ms(const struct arena *arena)
{
	return arena->backend_ns / (double)arena->good / 1e6;
}

/* Nobody comes again; who is inside or waits is let go by a pacer that is not used again. */
static inline void
arena_close(struct arena *arena)
{
	for (size_t i = 0; i < arena->client_count; i++)
		arena->clients[i].stays = true;
	tayra__events_unset(&arena->events, &arena->tick);
	tayra__events_unset(&arena->events, &arena->arrival);
	tayra__backend_set_hung(&arena->backend, false);
	/* clients never think again: their events are simply not run */
	tayra__backend_set_dead(&arena->backend, true);
	tayra_pace_destroy(arena->pace);
	for (size_t i = 0; i < arena->client_count; i++)
		tayra__events_unset(&arena->events, &arena->clients[i].again);
	tayra__mem_free(arena->clients);
	tayra__backend_fini(&arena->backend);
	tayra__events_fini(&arena->events);
}

#endif
