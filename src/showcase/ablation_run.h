/* SPDX-License-Identifier: Apache-2.0
 *
 * ablation_run.h: runs the table of ablation.h, two arms a row, made for it and gone after it.
 */
#ifndef TAYRA_SHOWCASE_ABLATION_RUN_H
#define TAYRA_SHOWCASE_ABLATION_RUN_H

#include "showcase/arm.h"
#include "showcase/results.h"

struct tayra__live;

struct tayra__ablation_run {
	const struct tayra__catalogue *catalogue;
	struct tayra__pool *pool;
	struct tayra__live *live; /* NULL: silent */
	const struct tayra__arm_design *design;
	const struct tayra__arm_terms *terms;
	const char *path[2]; /* of two copies of the database that nobody uses */
	uint32_t hot_package;
	uint64_t epoch;
	double slice_scale;
	const _Atomic bool *stop;
};

/* How long the rows that this run measures take, as a rule. */
double tayra__ablation_expected_s(int quick, double slice_scale);

/*
 * Fills results->ablation, one row for each of the table, in its order; comparing is for
 * tayra__results_compare().
 * => TAYRA_OK, also when stopped; a status with one line in `error`.
 */
int tayra__ablation_run(const struct tayra__ablation_run *run, struct tayra__results *results,
			char *error, size_t error_len);

#endif
