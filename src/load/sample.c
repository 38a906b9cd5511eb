/* SPDX-License-Identifier: Apache-2.0 */
#include "load/sample.h"

#include "learn/census.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/learner.h"
#include "load/request.h"
#include "load/turn.h"

static bool
draw(struct tayra__learner *learner)
{
	bool drawn;

	if (pthread_mutex_trylock(&learner->lock) != 0)
		return false;
	drawn = tayra__census_drawn(&learner->census);
	pthread_mutex_unlock(&learner->lock);
	return drawn;
}

static void
lose(struct tayra__learner *learner)
{
	pthread_mutex_lock(&learner->lock);
	tayra__census_lost(&learner->census);
	pthread_mutex_unlock(&learner->lock);
}

void
tayra__sample_begin(struct tayra *t, struct tayra__learner *learner,
		    const struct tayra_request *request, uint64_t now_ms)
{
	struct tayra__want want = tayra__want_of(t, request, now_ms * TAYRA_NS_PER_MS);
	struct tayra_load *flight = NULL;

	if (!want.loads || !want.store || !(want.origin || t->ticker))
		return;
	if (!draw(learner))
		return;
	want.refresh = true;
	want.cls = TAYRA_BACKGROUND;
	want.soft_ns = UINT64_MAX;
	pthread_mutex_lock(&t->lock);
	if (tayra__handle_enter(t) == TAYRA_OK) {
		if (!tayra__flight_find(t, want.key, want.key_len))
			flight = tayra__flight_create(t, &want);
		tayra__handle_leave(t);
	}
	if (flight) {
		flight->behind = true;
		flight->sampled = true;
		tayra__turn_enter_later(flight);
	} else {
		lose(learner);
	}
	tayra__turn_unlock(t);
}

void
tayra__sample_dropped(struct tayra_load *flight)
{
	lose(tayra__learner_of(flight->t));
	flight->sampled = false;
}
