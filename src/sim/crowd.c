/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/crowd.h"

#include "sim/moments.h"

#include <math.h>

#define BACKOFF_DOUBLINGS 6
/* Bimodal: this share is this much larger; the mean is 1. */
#define LARGE_SHARE  0.05
#define LARGE_FACTOR 100.0

static void
set(struct tayra__crowd *crowd, struct tayra__event *event, uint64_t at_ns)
{
	if (tayra__events_set(crowd->events, event, at_ns) < 0)
		crowd->status = TAYRA_E_NOMEM;
}

static uint64_t
exponential_ns(struct tayra__rng *rng, double mean_ns)
{
	return (uint64_t)fmin(tayra__rng_exponential(rng) * mean_ns, 1e17);
}

static double
draw_about_1(struct tayra__crowd *crowd)
{
	struct tayra__rng *rng = &crowd->what;
	double small;

	switch ((enum tayra__work_kind)crowd->load->work) {
	case TAYRA__WORK_EXPONENTIAL: return tayra__rng_exponential(rng);
	case TAYRA__WORK_LOGNORMAL: return exp(tayra__rng_normal(rng) - 0.5);
	case TAYRA__WORK_BIMODAL:
		small = 1 / (1 - LARGE_SHARE + LARGE_SHARE * LARGE_FACTOR);
		return tayra__rng_unit(rng) < LARGE_SHARE ? small * LARGE_FACTOR : small;
	case TAYRA__WORK_CONSTANT: break;
	}
	return 1;
}

static void
on_ask(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__client *client = TAYRA__LIST_ENTRY(event, struct tayra__client, event);
	struct tayra__crowd *crowd = client->crowd;

	if (crowd->load->kind == TAYRA__LOAD_CLOSED && client->failures == 0)
		client->work = crowd->load->size * draw_about_1(crowd);
	if (client->failures)
		crowd->retries++;
	crowd->ask(client, now_ns, crowd->ctx);
}

static struct tayra__client *
new_client(struct tayra__crowd *crowd)
{
	struct tayra__client *client = tayra__stock_take(crowd->clients);

	if (!client) {
		crowd->status = TAYRA_E_NOMEM;
		return NULL;
	}
	client->event.fire = on_ask;
	client->crowd = crowd;
	return client;
}

/* Somebody comes by himself, with a request of that much work; below 0: drawn. */
static void
come(struct tayra__crowd *crowd, double work, uint64_t now_ns)
{
	struct tayra__client *client = new_client(crowd);

	if (!client)
		return;
	client->work = work >= 0 ? work : crowd->load->size * draw_about_1(crowd);
	if (crowd->load->tenants > 1)
		client->tenant = (uint32_t)tayra__rng_below(&crowd->what, crowd->load->tenants);
	on_ask(&client->event, now_ns);
}

/* The next of an open load; a rate of 0 now is looked at again soon. */
static void
set_next(struct tayra__crowd *crowd, uint64_t now_ns)
{
	double rate = crowd->rate_per_s / crowd->load->group * *crowd->factor *
		      (crowd->burst ? crowd->load->burst : 1);
	uint64_t gap_ns = rate > 1e-6 ? exponential_ns(&crowd->when, 1e9 / rate)
				      : 100 * TAYRA_NS_PER_MS;

	if (now_ns + gap_ns < crowd->load->until_ns)
		set(crowd, &crowd->next, now_ns + gap_ns);
}

static void
on_next(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__crowd *crowd = TAYRA__LIST_ENTRY(event, struct tayra__crowd, next);

	set_next(crowd, now_ns);
	if (crowd->rate_per_s * *crowd->factor > 1e-6)
		for (uint32_t i = 0; i < crowd->load->group; i++)
			come(crowd, -1, now_ns);
}

static void
on_change(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__crowd *crowd = TAYRA__LIST_ENTRY(event, struct tayra__crowd, change);
	const struct tayra__load_setting *load = crowd->load;

	crowd->burst = !crowd->burst;
	set(crowd, event,
	    now_ns + 1 +
		    exponential_ns(&crowd->when, (double)(crowd->burst ? load->burst_for_ns
								       : load->burst_every_ns)));
	/* Gaps are without memory: the one that was begun may be drawn anew. */
	tayra__events_unset(crowd->events, &crowd->next);
	set_next(crowd, now_ns);
}

static void
on_spike(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__crowd *crowd = TAYRA__LIST_ENTRY(event, struct tayra__crowd, next);

	for (uint32_t i = 0; i < crowd->load->clients; i++)
		come(crowd, -1, now_ns);
}

static void
on_moment(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__crowd *crowd = TAYRA__LIST_ENTRY(event, struct tayra__crowd, next);
	const struct tayra__load_setting *load = crowd->load;
	const struct tayra__moment *moment = &load->moments[crowd->moment++];

	if (crowd->moment < load->moment_count)
		set(crowd, event, load->from_ns + load->moments[crowd->moment].at_ns);
	if (now_ns < load->until_ns)
		come(crowd, moment->cost_ms > 0 ? moment->cost_ms / crowd->ms_per_job : -1, now_ns);
}

void
tayra__crowd_init(struct tayra__crowd *crowd, struct tayra__events *events,
		  const struct tayra__load_setting *load, double capacity_per_s, double alone_per_s,
		  const double *factor, struct tayra__stock *clients, uint64_t seed)
{
	*crowd = (struct tayra__crowd){
		.load = load,
		.events = events,
		.factor = factor,
		.clients = clients,
		.next = { .fire = on_next },
		.change = { .fire = on_change },
		.ms_per_job = 1e3 / alone_per_s,
	};
	if (load->kind == TAYRA__LOAD_POISSON || load->kind == TAYRA__LOAD_BURSTS)
		crowd->rate_per_s = load->rate_per_s > 0 ? load->rate_per_s
							 : load->load * capacity_per_s;
	tayra__rng_init(&crowd->when, seed);
	tayra__rng_init(&crowd->what, seed + 1);
	tayra__rng_init(&crowd->after, seed + 2);
}

static void
start_closed(struct tayra__crowd *crowd)
{
	for (uint32_t i = 0; i < crowd->load->clients; i++) {
		struct tayra__client *client = new_client(crowd);

		if (!client)
			return;
		client->tenant = i % crowd->load->tenants;
		set(crowd, &client->event,
		    crowd->load->from_ns +
			    exponential_ns(&crowd->when, (double)crowd->load->think_ns));
	}
}

void
tayra__crowd_start(struct tayra__crowd *crowd)
{
	const struct tayra__load_setting *load = crowd->load;

	if (load->silent)
		return;
	switch ((enum tayra__load_kind)load->kind) {
	case TAYRA__LOAD_CLOSED: start_closed(crowd); break;
	case TAYRA__LOAD_POISSON: set_next(crowd, load->from_ns); break;
	case TAYRA__LOAD_BURSTS:
		set_next(crowd, load->from_ns);
		set(crowd, &crowd->change,
		    load->from_ns + exponential_ns(&crowd->when, (double)load->burst_every_ns));
		break;
	case TAYRA__LOAD_SPIKE:
		crowd->next.fire = on_spike;
		set(crowd, &crowd->next, load->from_ns);
		break;
	case TAYRA__LOAD_REPLAY:
		crowd->next.fire = on_moment;
		set(crowd, &crowd->next, load->from_ns);
		break;
	}
}

/* Doubling from its mean, drawn from half to one and a half of it. */
static uint64_t
backoff_ns(struct tayra__client *client, uint64_t retry_after_ns)
{
	const struct tayra__load_setting *load = client->crowd->load;
	uint32_t doublings = client->failures - 1;
	double ns;

	if (doublings > BACKOFF_DOUBLINGS)
		doublings = BACKOFF_DOUBLINGS;
	ns = (double)load->backoff_ns * (double)(1u << doublings) *
	     (0.5 + tayra__rng_unit(&client->crowd->after));
	if (load->heeds)
		ns = fmax(ns, (double)retry_after_ns);
	return (uint64_t)fmin(ns, 1e17) + 1;
}

void
tayra__crowd_answer(struct tayra__client *client, enum tayra__fate fate, uint64_t retry_after_ns,
		    uint64_t now_ns)
{
	struct tayra__crowd *crowd = client->crowd;
	const struct tayra__load_setting *load = crowd->load;
	bool closed = load->kind == TAYRA__LOAD_CLOSED;
	bool well = fate == TAYRA__FATE_GOOD || fate == TAYRA__FATE_LATE;
	uint64_t wait_ns;

	if (crowd->gone || now_ns >= load->until_ns ||
	    (!closed && (well || client->failures >= load->retries))) {
		tayra__stock_give(crowd->clients, client);
		return;
	}
	if (well) {
		client->failures = 0;
		wait_ns = exponential_ns(&crowd->when, (double)load->think_ns);
	} else {
		client->failures++;
		wait_ns = backoff_ns(client, retry_after_ns);
	}
	set(crowd, &client->event, now_ns + wait_ns);
}
