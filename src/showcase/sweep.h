/* SPDX-License-Identifier: Apache-2.0
 *
 * sweep.h: finds by trying what an engineer would find by trying: the pool size and the rule for
 * writers with which the tuned arm does best, and with them the capacity of the machine.
 */
#ifndef TAYRA_SHOWCASE_SWEEP_H
#define TAYRA_SHOWCASE_SWEEP_H

#include "showcase/arm.h"
#include "showcase/results.h"

/*
 * Runs closed loops on an arm of the given design made for this, and writes what it found into
 * results (pools, writers, capacity) and the best into the design.
 * => TAYRA_OK; TAYRA_E_CANCELLED by `stop`; a status with one line in `error`.
 */
int tayra__sweep_run(struct tayra__arm_design *design, const struct tayra__arm_terms *terms,
		     const char *database_path, struct tayra__pool *pool, const _Atomic bool *stop,
		     double slice_scale, struct tayra__results *results, char *error,
		     size_t error_len);

#endif
