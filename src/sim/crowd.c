/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/crowd.h"

#include <math.h>

#define BACKOFF_DOUBLINGS 6

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
draw_work(struct tayra__crowd *crowd)
{
	switch ((enum tayra__sizes_kind)crowd->load->work) {
	case TAYRA__WORK_EXPONENTIAL: return tayra__rng_exponential(&crowd->what);
	case TAYRA__WORK_CONSTANT: break;
	}
	return 1;
}

static void
on_ask(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__client *client = TAYRA__LIST_ENTRY(event, struct tayra__client, event);

	if (client->failures == 0)
		client->work = draw_work(client->crowd);
	client->crowd->ask(client, now_ns, client->crowd->ctx);
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

static void
on_next(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__crowd *crowd = TAYRA__LIST_ENTRY(event, struct tayra__crowd, next);
	struct tayra__client *client = new_client(crowd);

	set(crowd, event, now_ns + exponential_ns(&crowd->when, 1e9 / crowd->rate_per_s));
	if (client)
		on_ask(&client->event, now_ns);
}

void
tayra__crowd_init(struct tayra__crowd *crowd, struct tayra__events *events,
		  const struct tayra__load_setting *load, double capacity_per_s,
		  struct tayra__stock *clients, uint64_t seed)
{
	*crowd = (struct tayra__crowd){
		.load = load,
		.events = events,
		.clients = clients,
		.next = { .fire = on_next },
		.rate_per_s = load->rate_per_s > 0 ? load->rate_per_s : load->load * capacity_per_s,
	};
	tayra__rng_init(&crowd->when, seed);
	tayra__rng_init(&crowd->what, seed + 1);
}

void
tayra__crowd_start(struct tayra__crowd *crowd)
{
	struct tayra__client *client;

	if (crowd->load->kind == TAYRA__LOAD_POISSON) {
		set(crowd, &crowd->next, exponential_ns(&crowd->when, 1e9 / crowd->rate_per_s));
		return;
	}
	for (uint32_t i = 0; i < crowd->load->clients; i++) {
		client = new_client(crowd);
		if (client)
			set(crowd, &client->event,
			    exponential_ns(&crowd->when, (double)crowd->load->think_ns));
	}
}

/* Doubling from its mean, drawn from half to one and a half of it. */
static uint64_t
backoff_ns(struct tayra__client *client)
{
	const struct tayra__load_setting *load = client->crowd->load;
	uint32_t doublings = client->failures - 1;

	if (doublings > BACKOFF_DOUBLINGS)
		doublings = BACKOFF_DOUBLINGS;
	return (uint64_t)((double)(load->backoff_ns << doublings) *
			  (0.5 + tayra__rng_unit(&client->crowd->when)));
}

void
tayra__crowd_answer(struct tayra__client *client, enum tayra__fate fate, uint64_t retry_after_ns,
		    uint64_t now_ns)
{
	struct tayra__crowd *crowd = client->crowd;
	uint64_t wait_ns;

	if (crowd->gone || crowd->load->kind != TAYRA__LOAD_CLOSED) {
		tayra__stock_give(crowd->clients, client);
		return;
	}
	if (fate == TAYRA__FATE_GOOD || fate == TAYRA__FATE_LATE) {
		client->failures = 0;
		wait_ns = exponential_ns(&crowd->when, (double)crowd->load->think_ns);
	} else {
		client->failures++;
		wait_ns = backoff_ns(client);
		if (wait_ns < retry_after_ns)
			wait_ns = retry_after_ns;
	}
	set(crowd, &client->event, now_ns + wait_ns);
}
