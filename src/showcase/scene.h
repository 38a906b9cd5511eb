/* SPDX-License-Identifier: Apache-2.0
 *
 * scene.h: runs a stage of stage.h on the four arms, in slices of random order, into results.
 */
#ifndef TAYRA_SHOWCASE_SCENE_H
#define TAYRA_SHOWCASE_SCENE_H

#include "showcase/arm.h"
#include "showcase/results.h"

struct tayra__live;

/* What the stages of a run have in common. */
struct tayra__scene_run {
	const struct tayra__catalogue *catalogue;
	struct tayra__pool *pool;
	struct tayra__showcase_arm *arms[TAYRA__SHOWCASE_ARMS];
	struct tayra__results *results;
	struct tayra__live *live; /* NULL: silent */
	const _Atomic bool *stop;
	uint32_t hot_package;
	uint32_t stage;     /* which one runs */
	uint64_t epoch;     /* rounds begun so far: the popularity drifts with it */
	double slice_scale; /* 1; tests take less */
};

/* => TAYRA_OK, also when stopped; TAYRA_E_NOMEM, TAYRA_E_INTERNAL. */
int tayra__scene_run(struct tayra__scene_run *run, uint32_t stage);
/* Read the outage's timelines out of the arms; after its last stage. */
void tayra__scene_take_outage(struct tayra__scene_run *run);

#endif
