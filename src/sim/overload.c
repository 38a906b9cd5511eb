/* SPDX-License-Identifier: Apache-2.0
 *
 * overload.c: a request is asked, decided, worked on, answered.  It outlives its client's patience:
 * who gives up leaves the pacer, and the backend works on.
 */
#include "sim/overload.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sim/crowd.h"
#include "sim/weather.h"

#include <stdatomic.h>
#include <string.h>

#define LOOK_NS      (10 * TAYRA_NS_PER_MS)
#define PIECE        65536 /* events: between two looks at whether it is to stop */
#define NOTE_STARTED 0x10  /* beside enum tayra__fate */

struct scene {
	const struct tayra__scenario *scenario;
	struct tayra__events events;
	struct tayra__backend backend;
	struct tayra__weather weather;
	double load; /* factor on open loads, of the weather */
	struct tayra__crowd crowds[TAYRA__SCENARIO_LOADS];
	uint32_t first_tenant[TAYRA__SCENARIO_LOADS];
	struct tayra__stock clients, requests;
	struct tayra_pace *pace;
	struct tayra__event tick;
	uint64_t number; /* of requests */
	struct tayra_pace_stats at_warmup;
	bool warm;
	bool over; /* what still ends is not in the figures */
	const _Atomic bool *stop;
	struct tayra__meter *meter;
};

struct request {
	struct tayra_ticket ticket;
	struct tayra__job job;
	struct tayra__event patience; /* the client gives up */
	struct scene *scene;
	struct tayra__client *client; /* NULL: has given up */
	uint32_t load;
	uint64_t number, arrived_ns, started_ns, deadline_ns;
};

/* Into the trace: what was decided about whom. */
static void
note(struct scene *scene, const struct request *request, uint64_t what)
{
	tayra__events_note(&scene->events, request->number << 8 | what);
}

/* The client has its answer, and is gone. */
static void
tell(struct request *request, enum tayra__fate fate, uint64_t now_ns)
{
	struct scene *scene = request->scene;
	struct tayra__client *client = request->client;
	const struct tayra__meter_end end = {
		.load = request->load,
		.tenant = scene->first_tenant[request->load] + client->tenant,
		.fate = fate,
		.latency_ns = now_ns - request->arrived_ns,
		.backend_ns = now_ns - request->started_ns,
	};

	note(scene, request, (uint64_t)fate);
	if (!scene->over)
		tayra__meter_ended(scene->meter, &end, now_ns);
	request->client = NULL;
	tayra__crowd_answer(client, fate, request->ticket.retry_after_ns, now_ns);
}

static void
on_patience(struct tayra__event *event, uint64_t now_ns)
{
	struct request *request = TAYRA__LIST_ENTRY(event, struct request, patience);

	tayra_pace_leave(request->scene->pace, &request->ticket, TAYRA_OUTCOME_TIMEOUT, now_ns);
	tell(request, TAYRA__FATE_TIMEOUT, now_ns);
}

static enum tayra__fate
fate_of(const struct request *request, enum tayra_outcome *outcome, uint64_t now_ns)
{
	if (*outcome == TAYRA_OUTCOME_OVERLOAD)
		return TAYRA__FATE_OVERLOAD;
	if (*outcome == TAYRA_OUTCOME_TIMEOUT)
		return TAYRA__FATE_TIMEOUT;
	if (*outcome != TAYRA_OUTCOME_OK)
		return TAYRA__FATE_ERROR;
	if (request->deadline_ns == 0 || now_ns <= request->deadline_ns)
		return TAYRA__FATE_GOOD;
	*outcome = TAYRA_OUTCOME_TIMEOUT;
	return TAYRA__FATE_LATE;
}

static void
on_job_done(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns)
{
	struct request *request = TAYRA__LIST_ENTRY(job, struct request, job);
	struct scene *scene = request->scene;

	if (request->client) {
		enum tayra__fate fate = fate_of(request, &outcome, now_ns);

		tayra__events_unset(&scene->events, &request->patience);
		tayra_pace_leave(scene->pace, &request->ticket, outcome, now_ns);
		tell(request, fate, now_ns);
	}
	tayra__stock_give(&scene->requests, request);
}

static void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct request *request = arg;
	struct scene *scene = request->scene;
	uint64_t now_ns = scene->events.now_ns, timeout_ns;

	if (status != TAYRA_OK) {
		tell(request, TAYRA__FATE_SHED, now_ns);
		tayra__stock_give(&scene->requests, request);
		return;
	}
	note(scene, request, NOTE_STARTED);
	request->started_ns = now_ns;
	tayra__meter_started(scene->meter, now_ns - request->arrived_ns, now_ns);
	timeout_ns = request->client->crowd->load->timeout_ns;
	if (timeout_ns &&
	    tayra__events_set(&scene->events, &request->patience, now_ns + timeout_ns) < 0)
		scene->backend.status = TAYRA_E_NOMEM;
	tayra__backend_start(&scene->backend, &request->job, request->client->work);
}

static void
on_ask(struct tayra__client *client, uint64_t now_ns, void *ctx)
{
	struct scene *scene = ctx;
	const struct tayra__load_setting *load = client->crowd->load;
	struct request *request = tayra__stock_take(&scene->requests);
	struct tayra_pace_request ask = { .decided = on_decided, .arg = request };
	int status;

	if (!request) {
		client->crowd->status = TAYRA_E_NOMEM;
		tayra__crowd_answer(client, TAYRA__FATE_ERROR, TAYRA_NS_PER_S, now_ns);
		return;
	}
	request->scene = scene;
	request->client = client;
	request->load = (uint32_t)(client->crowd - scene->crowds);
	request->number = scene->number++;
	request->arrived_ns = now_ns;
	request->deadline_ns = load->deadline_ns ? now_ns + load->deadline_ns : 0;
	request->job.done = on_job_done;
	request->patience.fire = on_patience;
	ask.cls = (enum tayra_class)load->cls;
	ask.level = load->level;
	ask.cost = load->cost;
	if (load->has_tenants)
		ask.tenant = 1 + scene->first_tenant[request->load] + client->tenant;
	ask.deadline_ns = request->deadline_ns;
	tayra__meter_arrived(scene->meter, request->load, now_ns);
	status = tayra_pace_enter_start(scene->pace, &ask, now_ns, &request->ticket);
	if (status != TAYRA_PENDING)
		on_decided(&request->ticket, status, request);
}

static void
on_tick(struct tayra__event *event, uint64_t now_ns)
{
	struct scene *scene = TAYRA__LIST_ENTRY(event, struct scene, tick);
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_tick(scene->pace, now_ns);
	tayra_pace_stats(scene->pace, &stats);
	tayra__meter_look(scene->meter, &stats, now_ns);
	if (!scene->warm && now_ns >= scene->scenario->warmup_ns) {
		scene->warm = true;
		scene->at_warmup = stats;
	}
	if (tayra__events_set(&scene->events, event, now_ns + LOOK_NS) < 0)
		scene->backend.status = TAYRA_E_NOMEM;
}

static int
open_scene(struct scene *scene, const struct tayra__contender *contender, uint64_t seed,
	   struct tayra__overload_result *out)
{
	const struct tayra__scenario *scenario = scene->scenario;
	struct tayra_pace_options options = scenario->pace;
	size_t knee;

	options.limiter = contender->limiter;
	if (contender->limit > 0)
		options.limit = contender->limit;
	/* Bounds are for what learns; the others show what they cost. */
	if (contender->limit > 0 && contender->limiter == TAYRA_LIMITER_FIXED)
		options.limit_min = options.limit_max = contender->limit;
	if (contender->none)
		options.mode = TAYRA_MODE_OFF;
	options.clock = &scene->events.clock;
	tayra__events_init(&scene->events, 0);
	tayra__backend_init(&scene->backend, &scene->events, &scenario->backend,
			    tayra__hash_mix64(seed ^ 0xbac));
	tayra__meter_init(&out->meter, scenario->length_ns, scenario->warmup_ns);
	tayra__stock_init(&scene->clients, sizeof(struct tayra__client), TAYRA__OVERLOAD_REQUESTS);
	tayra__stock_init(&scene->requests, sizeof(struct request), TAYRA__OVERLOAD_REQUESTS);
	tayra__weather_init(&scene->weather, scenario, &scene->events, &scene->backend,
			    &scene->load, tayra__hash_mix64(seed ^ 0x3ea));
	out->capacity_per_s = tayra__backend_law_capacity(&scenario->backend, &knee);
	for (size_t i = 0; i < scenario->load_count; i++) {
		const struct tayra__load_setting *load = &scenario->loads[i];

		tayra__crowd_init(&scene->crowds[i], &scene->events, load, out->capacity_per_s,
				  scenario->backend.rate_per_s, &scene->load, &scene->clients,
				  tayra__hash_mix64(seed + 16 * (i + 1)));
		scene->crowds[i].ask = on_ask;
		scene->crowds[i].ctx = scene;
		scene->first_tenant[i] = out->tenants;
		out->tenants += load->tenants;
		out->offered_per_s += scene->crowds[i].rate_per_s;
	}
	return tayra_pace_create(&options, &scene->pace);
}

static int
status_of(const struct scene *scene)
{
	int status = scene->backend.status < 0 ? scene->backend.status : scene->weather.status;

	for (size_t i = 0; i < scene->scenario->load_count; i++)
		if (scene->crowds[i].status < 0)
			status = scene->crowds[i].status;
	if (status == TAYRA_E_NOMEM && (scene->requests.used == scene->requests.most ||
					scene->clients.used == scene->clients.most))
		return TAYRA_E_TOO_LARGE;
	return status;
}

static bool
stopped(const struct scene *scene)
{
	return scene->stop && atomic_load_explicit(scene->stop, memory_order_relaxed);
}

/* In pieces, so that it can be stopped. */
static int
play(struct scene *scene)
{
	const uint64_t length_ns = scene->scenario->length_ns;
	int status = TAYRA_OK;
	bool over = false;

	for (size_t i = 0; i < scene->scenario->load_count; i++)
		tayra__crowd_start(&scene->crowds[i]);
	tayra__weather_start(&scene->weather);
	scene->tick.fire = on_tick;
	if (tayra__events_set(&scene->events, &scene->tick, 0) < 0)
		return TAYRA_E_NOMEM;
	while (!over && status == TAYRA_OK) {
		over = tayra__events_run_some(&scene->events, length_ns, PIECE);
		status = stopped(scene) ? TAYRA_E_CANCELLED : status_of(scene);
	}
	return status;
}

/* Everybody still inside or waiting fails, and nobody comes again. */
static void
clear(struct scene *scene)
{
	for (size_t i = 0; i < scene->scenario->load_count; i++)
		scene->crowds[i].gone = true;
	scene->over = true;
	tayra__backend_set_dead(&scene->backend, true);
	tayra_pace_destroy(scene->pace);
}

static void
take_figures(struct scene *scene, struct tayra__overload_result *out)
{
	out->trace = scene->events.trace;
	out->requests = scene->number;
	out->pace = (struct tayra_pace_stats)TAYRA_PACE_STATS_INIT;
	tayra_pace_stats(scene->pace, &out->pace);
	for (size_t i = 0; i < scene->scenario->load_count; i++)
		out->retries += scene->crowds[i].retries;
	tayra__meter_close(&out->meter);
	for (int c = 0; c < TAYRA_CLASSES; c++) {
		for (int s = 0; s < TAYRA_SHEDS; s++)
			out->shed[s] += out->pace.shed[c][s] - scene->at_warmup.shed[c][s];
		out->shed[TAYRA_SHED_LEVEL] += out->pace.shed_level[c] -
					       scene->at_warmup.shed_level[c];
	}
}

int
tayra__overload_run(const struct tayra__scenario *scenario,
		    const struct tayra__contender *contender, uint64_t seed,
		    const _Atomic bool *stop, struct tayra__overload_result *out)
{
	struct scene *scene = tayra__mem_alloc(sizeof(*scene));
	int status;

	if (!scene)
		return TAYRA_E_NOMEM;
	memset(out, 0, sizeof(*out));
	scene->scenario = scenario;
	scene->meter = &out->meter;
	scene->stop = stop;
	status = open_scene(scene, contender, seed, out);
	if (status == TAYRA_OK) {
		status = play(scene);
		take_figures(scene, out);
		clear(scene);
	}
	tayra__backend_fini(&scene->backend);
	tayra__events_fini(&scene->events);
	tayra__stock_fini(&scene->requests);
	tayra__stock_fini(&scene->clients);
	tayra__mem_free(scene);
	return status;
}
