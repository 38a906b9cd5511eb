/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/weather.h"

#include <math.h>

#define STEP_NS (20 * TAYRA_NS_PER_MS) /* of what changes gradually */

static void
set(struct tayra__weather *w, struct tayra__event *event, uint64_t at_ns)
{
	if (tayra__events_set(w->events, event, at_ns) < 0)
		w->status = TAYRA_E_NOMEM;
}

static double
slope_now(const struct tayra__slope *slope, uint64_t now_ns)
{
	uint64_t gone_ns = now_ns - slope->since_ns;

	if (gone_ns >= slope->over_ns)
		return slope->to;
	return slope->from + (slope->to - slope->from) * (double)gone_ns / (double)slope->over_ns;
}

static void
set_slope(struct tayra__slope *slope, double to, uint64_t over_ns, uint64_t now_ns)
{
	*slope = (struct tayra__slope){ slope_now(slope, now_ns), to, now_ns, over_ns };
}

static bool
on_its_way(const struct tayra__weather *w, const struct tayra__slope *slope)
{
	return w->events->now_ns - slope->since_ns < slope->over_ns;
}

static void
apply(struct tayra__weather *w)
{
	const struct tayra__weather_setting *s = &w->scenario->weather;
	uint64_t now_ns = w->events->now_ns;
	double speed = slope_now(&w->speed_slope, now_ns);

	if (w->paused)
		speed = 0;
	if (w->slowed)
		speed *= s->slow_to;
	if (s->swing_ns)
		speed *= 1 + s->swing_depth * sin(2 * M_PI * (double)now_ns / (double)s->swing_ns);
	*w->load = slope_now(&w->load_slope, now_ns);
	if (speed != w->backend->speed)
		tayra__backend_set_speed(w->backend, speed);
	if (s->swing_ns || on_its_way(w, &w->speed_slope) || on_its_way(w, &w->load_slope))
		set(w, &w->step, now_ns + STEP_NS);
}

static void
on_step(struct tayra__event *event, uint64_t now_ns)
{
	apply(TAYRA__LIST_ENTRY(event, struct tayra__weather, step));
}

static void
change_state(struct tayra__backend *backend, int state)
{
	if (state == TAYRA__STATE_KEPT)
		return;
	tayra__backend_set_hung(backend, state == TAYRA__STATE_HUNG);
	tayra__backend_set_dead(backend, state == TAYRA__STATE_DEAD);
}

void
tayra__weather_reshape(struct tayra__backend_shape *shape,
		       const struct tayra__change_setting *change)
{
	if (change->errors >= 0)
		shape->errors = change->errors;
	if (change->limit_per_s >= 0)
		shape->limit_per_s = change->limit_per_s;
	if (change->error)
		shape->error = change->error;
	if (change->error_ns)
		shape->error_ns = change->error_ns;
	if (change->delay_ns)
		shape->delay_ns = change->delay_ns;
	if (change->contention >= 0)
		shape->contention = change->contention;
	if (change->coherence >= 0)
		shape->coherence = change->coherence;
	if (change->servers)
		shape->servers = change->servers;
	if (change->knee)
		shape->knee = change->knee;
}

static void
change_shape(struct tayra__backend *backend, const struct tayra__change_setting *change)
{
	struct tayra__backend_shape shape = backend->shape;

	tayra__weather_reshape(&shape, change);
	tayra__backend_set_shape(backend, &shape);
}

static void
on_change(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__weather *w = TAYRA__LIST_ENTRY(event, struct tayra__weather, change);
	const struct tayra__change_setting *change = &w->scenario->changes[w->next++];

	if (change->speed >= 0)
		set_slope(&w->speed_slope, change->speed, change->over_ns, now_ns);
	if (change->load >= 0)
		set_slope(&w->load_slope, change->load, change->over_ns, now_ns);
	change_shape(w->backend, change);
	if (w->next < w->scenario->change_count)
		set(w, event, w->scenario->changes[w->next].at_ns);
	apply(w);
	change_state(w->backend, change->state);
}

static uint64_t
draw_ns(struct tayra__weather *w, uint64_t mean_ns)
{
	return (uint64_t)fmin(tayra__rng_exponential(&w->rng) * (double)mean_ns, 1e17) + 1;
}

static void
on_pause(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__weather *w = TAYRA__LIST_ENTRY(event, struct tayra__weather, pause);
	const struct tayra__weather_setting *s = &w->scenario->weather;

	w->paused = !w->paused;
	set(w, event, now_ns + (w->paused ? s->pause_for_ns : draw_ns(w, s->pause_every_ns)));
	apply(w);
}

static void
on_slow(struct tayra__event *event, uint64_t now_ns)
{
	struct tayra__weather *w = TAYRA__LIST_ENTRY(event, struct tayra__weather, slow);
	const struct tayra__weather_setting *s = &w->scenario->weather;

	w->slowed = !w->slowed;
	set(w, event, now_ns + draw_ns(w, w->slowed ? s->slow_for_ns : s->slow_every_ns));
	apply(w);
}

void
tayra__weather_init(struct tayra__weather *weather, const struct tayra__scenario *scenario,
		    struct tayra__events *events, struct tayra__backend *backend, double *load,
		    uint64_t seed)
{
	*weather = (struct tayra__weather){
		.scenario = scenario,
		.events = events,
		.backend = backend,
		.load = load,
		.change = { .fire = on_change },
		.step = { .fire = on_step },
		.pause = { .fire = on_pause },
		.slow = { .fire = on_slow },
		.speed_slope = { 1, 1, 0, 0 },
		.load_slope = { 1, 1, 0, 0 },
	};
	tayra__rng_init(&weather->rng, seed);
	*load = 1;
}

void
tayra__weather_start(struct tayra__weather *w)
{
	const struct tayra__weather_setting *s = &w->scenario->weather;

	if (w->scenario->change_count)
		set(w, &w->change, w->scenario->changes[0].at_ns);
	if (s->pause_every_ns)
		set(w, &w->pause, draw_ns(w, s->pause_every_ns));
	if (s->slow_every_ns)
		set(w, &w->slow, draw_ns(w, s->slow_every_ns));
	if (s->swing_ns)
		set(w, &w->step, 0);
}
