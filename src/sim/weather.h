/* SPDX-License-Identifier: Apache-2.0
 *
 * weather.h: what becomes of a backend and its loads while time goes by: changes at set moments,
 * and what comes and goes by itself (pauses, slow spells, a swing).  Speeds multiply.
 */
#ifndef TAYRA_SIM_WEATHER_H
#define TAYRA_SIM_WEATHER_H

#include "base/rng.h"
#include "sim/backend.h"
#include "sim/scenario.h"

/* A factor that may be on its way. */
struct tayra__slope {
	double from, to;
	uint64_t since_ns, over_ns;
};

struct tayra__weather {
	const struct tayra__scenario *scenario;
	struct tayra__events *events;
	struct tayra__backend *backend;
	double *load; /* factor on all open loads */
	struct tayra__rng rng;
	struct tayra__event change, step, pause, slow;
	size_t next; /* change */
	struct tayra__slope speed_slope, load_slope;
	bool paused, slowed;
	int status;
};

/* Must not move afterwards. */
void tayra__weather_init(struct tayra__weather *weather, const struct tayra__scenario *scenario,
			 struct tayra__events *events, struct tayra__backend *backend, double *load,
			 uint64_t seed);
void tayra__weather_start(struct tayra__weather *weather);
/* What the change makes of the law; not of its speed and state. */
void tayra__weather_reshape(struct tayra__backend_shape *shape,
			    const struct tayra__change_setting *change);

#endif
