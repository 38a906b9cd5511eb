/* SPDX-License-Identifier: Apache-2.0 */
#include "demand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "load/origin.h"
#include "miss_cost.h"
#include "sim/event.h"
#include "sim/trace.h"

#define KEY_MAX    32
#define ITEM_BYTES 48u /* of a cached item beside its key and value */
#define DRAIN_MAX  64

static int
add(struct demand *d, const struct demand_event *event)
{
	if (d->count == d->room) {
		uint32_t room = d->room ? d->room * 2 : 4096;
		void *more = tayra__mem_resize(d->events, room * sizeof(*d->events));

		if (!more)
			return TAYRA_E_NOMEM;
		d->events = more;
		d->room = room;
	}
	d->events[d->count++] = *event;
	return TAYRA_OK;
}

static int
all_alike(struct demand *d, const struct demand_kind *kind)
{
	d->cost_ns = tayra__mem_array(d->keys, sizeof(*d->cost_ns));
	d->value_bytes = tayra__mem_array(d->keys, sizeof(*d->value_bytes));
	if (!d->cost_ns || !d->value_bytes)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < d->keys; i++) {
		d->cost_ns[i] = kind->cost_ns;
		d->value_bytes[i] = kind->value_bytes;
	}
	return TAYRA_OK;
}

struct numbered {
	uint64_t key;
	uint32_t at;
};

static int
by_key(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* => how many keys there are. */
static uint32_t
number(struct demand *d, struct numbered *rows)
{
	uint32_t n = 0;

	qsort(rows, d->count, sizeof(*rows), by_key);
	for (uint32_t i = 0; i < d->count; i++) {
		if (i > 0 && rows[i].key != rows[i - 1].key)
			n++;
		d->events[rows[i].at].key = n;
	}
	return d->count ? n + 1 : 0;
}

static int
read_rows(struct demand *d, struct tayra__trace *trace, const struct demand_kind *kind,
	  struct numbered *rows, struct tayra__trace_error *trouble)
{
	struct tayra__trace_request row;
	uint64_t last_ns = TAYRA_NS_PER_S;
	int status = TAYRA_OK;

	while (d->count < kind->requests &&
	       (status = tayra__trace_next(trace, &row, trouble)) == TAYRA_OK) {
		struct demand_event event = { .at_ns = last_ns + kind->gap_ns,
					      .delete = row.op == TAYRA__TRACE_DELETE };

		last_ns = event.at_ns;
		rows[d->count] = (struct numbered){ row.key, d->count };
		status = add(d, &event);
		if (status < 0)
			return status;
	}
	return status == TAYRA_E_NOT_FOUND ? TAYRA_OK : status;
}

int
demand_open_trace(struct demand *d, const char *path, const struct demand_kind *kind, char *error,
		  size_t error_len)
{
	struct numbered *rows = tayra__mem_array(kind->requests, sizeof(*rows));
	struct tayra__trace_error trouble = { "no memory" };
	struct tayra__trace *trace;
	int status = TAYRA_E_NOMEM;

	*d = (struct demand){ 0 };
	if (rows)
		status = tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &trouble);
	if (status == TAYRA_OK) {
		status = read_rows(d, trace, kind, rows, &trouble);
		tayra__trace_close(trace);
	}
	if (status == TAYRA_OK) {
		d->keys = number(d, rows);
		status = all_alike(d, kind);
	}
	snprintf(error, error_len, "%s", trouble.text);
	tayra__mem_free(rows);
	return status;
}

int
demand_open_random(struct demand *d, uint32_t keys, double exponent, uint64_t seed,
		   const struct demand_kind *kind)
{
	struct tayra__zipf zipf;
	struct tayra__rng rng;

	*d = (struct demand){ .keys = keys };
	tayra__rng_init(&rng, seed);
	tayra__zipf_init(&zipf, keys, exponent);
	for (uint32_t i = 0; i < kind->requests; i++) {
		struct demand_event event = { .at_ns = TAYRA_NS_PER_S + i * kind->gap_ns,
					      .key = (uint32_t)tayra__zipf_next(&zipf, &rng) };
		int status = add(d, &event);

		if (status < 0)
			return status;
	}
	return all_alike(d, kind);
}

int
demand_open_catalogue(struct demand *d, struct miss_cost *m, uint64_t seed, uint32_t requests,
		      uint64_t gap_ns)
{
	struct miss_stream stream;
	uint64_t at_ns = TAYRA_NS_PER_S;
	int status = miss_cost_stream(m, seed, requests, &stream);

	*d = (struct demand){ 0 };
	for (uint32_t i = 0; status == TAYRA_OK && i < stream.count; i++) {
		struct demand_event event = { .key = stream.event[i] & ~MISS_STREAM_DELETE,
					      .delete = stream.event[i] & MISS_STREAM_DELETE };

		/* What a request deletes goes at once. */
		at_ns += event.delete ? 0 : gap_ns;
		event.at_ns = at_ns;
		status = add(d, &event);
	}
	miss_cost_stream_fini(&stream);
	if (status < 0)
		return status;
	d->keys = m->keys.count;
	d->cost_ns = tayra__mem_array(d->keys, sizeof(*d->cost_ns));
	d->value_bytes = tayra__mem_array(d->keys, sizeof(*d->value_bytes));
	if (!d->cost_ns || !d->value_bytes)
		return TAYRA_E_NOMEM;
	memcpy(d->cost_ns, m->cost_ns, d->keys * sizeof(*d->cost_ns));
	memcpy(d->value_bytes, m->value_bytes, d->keys * sizeof(*d->value_bytes));
	return TAYRA_OK;
}

void
demand_close(struct demand *d)
{
	tayra__mem_free(d->events);
	tayra__mem_free(d->cost_ns);
	tayra__mem_free(d->value_bytes);
	*d = (struct demand){ 0 };
}

static size_t
name_of(uint32_t key, char name[KEY_MAX])
{
	return (size_t)snprintf(name, KEY_MAX, "object:%u", key);
}

uint64_t
demand_footprint(const struct demand *d)
{
	char name[KEY_MAX];
	uint64_t sum = 0;

	for (uint32_t i = 0; i < d->keys; i++)
		sum += ITEM_BYTES + name_of(i, name) + d->value_bytes[i];
	return sum;
}

struct job {
	struct tayra__event event;
	struct world *world;
	struct tayra_load *load;
	uint32_t key;
	struct job *next_free;
};

struct world {
	struct tayra_origin origin;
	const struct demand *demand;
	struct tayra__events events;
	struct tayra *t;
	struct tayra_cq *cq;
	struct job *free;
	void *bytes; /* as long as the longest value */
	struct demand_result result;
};

static void
take_answers(struct world *world)
{
	struct tayra_completion done[DRAIN_MAX];
	size_t n;

	while ((n = tayra_cq_drain(world->cq, done, DRAIN_MAX)) > 0)
		for (size_t i = 0; i < n; i++) {
			uint64_t asked_ns = (uint64_t)(uintptr_t)done[i].cookie;

			if (done[i].status != TAYRA_OK)
				abort();
			world->result.wait_ns += (double)(world->events.now_ns - asked_ns);
			tayra_release(&done[i].ref);
		}
}

static void
finish(struct tayra__event *event, uint64_t now_ns)
{
	struct job *job = (struct job *)event;
	struct world *world = job->world;

	(void)now_ns;
	tayra_load_done(job->load, world->bytes, world->demand->value_bytes[job->key], NULL);
	job->next_free = world->free;
	world->free = job;
	take_answers(world);
}

static void
begin_load(struct tayra_origin *origin, struct tayra_load *load)
{
	struct world *world = (struct world *)origin;
	struct job *job = world->free;
	size_t len;
	const char *key = tayra_load_key(load, &len);
	char name[KEY_MAX];

	if (job)
		world->free = job->next_free;
	else
		job = tayra__mem_alloc(sizeof(*job));
	if (!job)
		abort();
	memset(job, 0, sizeof(*job));
	memcpy(name, key, len);
	name[len] = '\0';
	job->world = world;
	job->load = load;
	job->key = (uint32_t)strtoul(name + sizeof("object:") - 1, NULL, 10);
	job->event.fire = finish;
	world->result.loads++;
	world->result.origin_ns += (double)world->demand->cost_ns[job->key];
	if (tayra__events_set(&world->events, &job->event,
			      world->events.now_ns + world->demand->cost_ns[job->key]) < 0)
		abort();
}

static void
ask(struct world *world, uint32_t key)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	char name[KEY_MAX];
	int status;

	request.key = name;
	request.key_len = name_of(key, name);
	request.origin = &world->origin;
	request.ttl_ms = 365ull * 86400 * 1000;
	request.timeout_ns = TAYRA_OFF;
	world->result.reads++;
	status = tayra_get_or_load_start(world->t, &request, world->cq,
					 (void *)(uintptr_t)world->events.now_ns, &ref);
	if (status == TAYRA_OK)
		tayra_release(&ref);
	else if (status == TAYRA_PENDING)
		world->result.waited++;
	else
		abort();
}

static void
play(struct world *world)
{
	const struct demand *d = world->demand;
	char name[KEY_MAX];

	for (uint32_t i = 0; i < d->count; i++) {
		tayra__events_run(&world->events, d->events[i].at_ns);
		tayra_tick(world->t, 0);
		if (d->events[i].delete)
			tayra_delete(world->t, name, name_of(d->events[i].key, name));
		else
			ask(world, d->events[i].key);
	}
	tayra__events_run(&world->events, UINT64_MAX);
}

int
demand_run(const struct demand *d, double share, const struct tayra_strategy *strategy,
	   struct demand_result *out)
{
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct world world = { .demand = d };
	uint32_t longest = 1;
	int status;

	for (uint32_t i = 0; i < d->keys; i++)
		longest = d->value_bytes[i] > longest ? d->value_bytes[i] : longest;
	world.bytes = tayra__mem_alloc(longest);
	if (!world.bytes)
		return TAYRA_E_NOMEM;
	world.origin.name = "virtual";
	world.origin.load = begin_load;
	tayra__trouble_init(&world.origin.trouble);
	tayra__events_init(&world.events, TAYRA_NS_PER_S);
	cache.charge_max = (uint64_t)(share * (double)demand_footprint(d));
	cache.memory_bytes = 4 * cache.charge_max + (64ull << 20);
	cache.shards = 1;
	cache.seed = 1;
	options.cache = &cache;
	options.clock = &world.events.clock;
	options.strategy = strategy;
	status = tayra_create(&options, &world.t);
	if (status == TAYRA_OK)
		status = tayra_cq_create(world.t, &world.cq);
	if (status == TAYRA_OK) {
		play(&world);
		*out = world.result;
		tayra_cq_destroy(world.cq);
		tayra_destroy(world.t);
	}
	while (world.free) {
		struct job *job = world.free;

		world.free = job->next_free;
		tayra__mem_free(job);
	}
	tayra__events_fini(&world.events);
	tayra__mem_free(world.bytes);
	return status;
}
