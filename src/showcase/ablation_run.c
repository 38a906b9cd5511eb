/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/ablation_run.h"

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "showcase/catalogue.h"
#include "showcase/live.h"
#include "showcase/redis_server.h"
#include "showcase/stint.h"

#define GAP_NS         (10 * TAYRA_NS_PER_MS)
#define AROUND_SLICE_S 0.06 /* drain and gap, as a rule */
#define WARM_SLICES    3    /* of the stage's length, with the database well */

enum { WITHOUT, WITH, SIDES };

/* One side of a row. */
struct side {
	const struct tayra__ablation *ablation;
	struct tayra__ablation_row *row;
	struct tayra__stint stint;
	int which;
	char *error;
	size_t error_len;
};

static uint32_t
warm_slices(const struct tayra__ablation *ablation)
{
	return ablation->warm ? ablation->warm : WARM_SLICES;
}

static bool
stopped(const struct tayra__ablation_run *run)
{
	return run->stop && atomic_load_explicit(run->stop, memory_order_relaxed);
}

double
tayra__ablation_expected_s(int quick, double slice_scale)
{
	double sum = 0;

	for (uint32_t i = 0; i < tayra__ablation_count; i++) {
		const struct tayra__stage *stage = &tayra__ablations[i].stage;
		double slices = stage->rounds[quick]
					? stage->rounds[quick] + warm_slices(&tayra__ablations[i])
					: 0;

		sum += SIDES * slices *
		       (stage->slice_ms[quick] / 1e3 * slice_scale + AROUND_SLICE_S);
	}
	return sum;
}

/* A struct tayra__arm's run: ctx is the side. */
static int
run_slice(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out)
{
	struct side *side = ctx;
	struct tayra__slice_figures *f = tayra__mem_alloc(sizeof(*f));
	double *values = side->which == WITH ? side->row->with : side->row->without;
	int status = f ? TAYRA_OK : TAYRA_E_NOMEM;

	if (status == TAYRA_OK && side->ablation->restart)
		status = tayra__arm_restart(side->stint.arm, side->error, side->error_len);
	if (status == TAYRA_OK)
		status = tayra__stint_run(&side->stint, slice, f, out->latency);
	if (status == TAYRA_OK) {
		values[slice->round] = f->measured ? f->value[side->ablation->metric] : (double)NAN;
		out->requests = (uint64_t)f->requests;
	}
	tayra__mem_free(f);
	return status;
}

/* Both sides get to know the users first, while all is well. */
static int
warm_up(struct side *side, uint64_t slice_ns)
{
	struct tayra__stage well = side->ablation->stage;
	struct tayra__slice_figures *f = tayra__mem_alloc(sizeof(*f));
	struct tayra__stint stint = side->stint;
	int status = f ? TAYRA_OK : TAYRA_E_NOMEM;

	well.fault = TAYRA__DATABASE_WELL;
	stint.stage = &well;
	for (uint32_t i = 0; i < warm_slices(side->ablation) && status == TAYRA_OK; i++) {
		struct tayra__slice slice = { .round = i, .seed = i + 1, .length_ns = slice_ns };

		status = tayra__stint_run(&stint, &slice, f, NULL);
	}
	tayra__mem_free(f);
	return status;
}

static int
run_sides(const struct tayra__ablation_run *run, struct side sides[SIDES], uint32_t number,
	  const struct tayra__results *results)
{
	const struct tayra__stage *stage = &tayra__ablations[number].stage;
	struct tayra__arm arms[SIDES] = { { "without", run_slice, &sides[WITHOUT] },
					  { "with", run_slice, &sides[WITH] } };
	struct tayra__session session = { 0 };
	struct tayra__session_plan plan = {
		.scene = tayra__ablations[number].mechanism,
		.phase = "ablation",
		.rounds = stage->rounds[results->quick],
		.slice_ns = (uint64_t)(stage->slice_ms[results->quick] * run->slice_scale * 1e6),
		.gap_ns = GAP_NS,
		.seed = tayra__hash_mix64(results->seed + 77000 + number),
		.stop = run->stop,
	};
	int status = TAYRA_OK;

	for (int i = 0; i < SIDES && status == TAYRA_OK; i++)
		status = warm_up(&sides[i], plan.slice_ns);
	for (int i = 0; i < SIDES; i++)
		sides[i].stint.epoch += warm_slices(sides[i].ablation);
	if (status == TAYRA_OK && !stopped(run))
		status = tayra__session_run(arms, SIDES, &plan, &session);
	sides[0].row->rounds = status == TAYRA_OK ? session.rounds : 0;
	tayra__session_fini(&session);
	return status;
}

static int
create_side(const struct tayra__ablation_run *run, struct side *side,
	    const struct tayra__arm_design *design)
{
	struct tayra__showcase_arm *arm = tayra__mem_alloc(sizeof(*arm));
	int status = TAYRA_E_NOMEM;

	if (arm)
		status = tayra__arm_init(arm, design, run->terms, run->path[side->which],
					 side->error, side->error_len);
	if (status < 0) {
		tayra__mem_free(arm);
		return status;
	}
	side->stint.arm = arm;
	return TAYRA_OK;
}

static int
run_row(const struct tayra__ablation_run *run, uint32_t number, struct tayra__results *results,
	char *error, size_t error_len)
{
	const struct tayra__ablation *ablation = &tayra__ablations[number];
	struct tayra__arm_design designs[SIDES] = { *run->design, *run->design };
	struct tayra__redis_server redis = { .pid = 0 };
	struct side sides[SIDES];
	int status = TAYRA_OK;

	ablation->change(&designs[WITH], &designs[WITHOUT]);
	if (designs[WITH].remote_tier)
		status = tayra__redis_server_start(&redis, run->catalogue->dir, error, error_len);
	if (status < 0)
		return status;
	designs[WITH].remote_url = redis.url;
	for (int i = 0; i < SIDES; i++)
		sides[i] = (struct side){
			.ablation = ablation,
			.row = &results->ablation[number],
			.stint = { .catalogue = run->catalogue,
				   .pool = run->pool,
				   .stage = &ablation->stage,
				   .rate_per_s = ablation->stage.load * results->capacity_per_s,
				   .deadline_ns = results->deadline_ms * TAYRA_NS_PER_MS,
				   .seed = results->seed,
				   .epoch = run->epoch,
				   .hot_package = run->hot_package,
				   .stop = run->stop },
			.which = i,
			.error = error,
			.error_len = error_len,
		};
	snprintf(error, error_len, "without %s: out of memory", ablation->mechanism);
	for (int i = 0; i < SIDES && status == TAYRA_OK; i++)
		status = create_side(run, &sides[i], &designs[i]);
	if (status == TAYRA_OK)
		status = run_sides(run, sides, number, results);
	for (int i = 0; i < SIDES; i++)
		if (sides[i].stint.arm) {
			tayra__arm_fini(sides[i].stint.arm);
			tayra__mem_free(sides[i].stint.arm);
		}
	tayra__redis_server_stop(&redis);
	return status;
}

int
tayra__ablation_run(const struct tayra__ablation_run *run, struct tayra__results *results,
		    char *error, size_t error_len)
{
	int status = TAYRA_OK;

	results->ablations = tayra__ablation_count;
	for (uint32_t i = 0; i < tayra__ablation_count && status == TAYRA_OK; i++) {
		const struct tayra__ablation *ablation = &tayra__ablations[i];
		const char *missing = ablation->missing ? ablation->missing() : NULL;
		struct tayra__ablation_row *row = &results->ablation[i];
		char line[160];

		if (stopped(run))
			missing = "interrupted before it";
		else if (!missing && !ablation->stage.rounds[results->quick])
			missing = "left out of the quick run";
		snprintf(row->why, sizeof(row->why), "%s", missing ? missing : "");
		if (missing)
			continue;
		snprintf(line, sizeof(line), "tayra without %s ..", ablation->mechanism);
		if (run->live)
			tayra__live_say(run->live, line);
		status = run_row(run, i, results, error, error_len);
		/* One mechanism that fails must not take the whole run along. */
		if (status < 0 && status != TAYRA_E_NOMEM) {
			snprintf(row->why, sizeof(row->why), "%.150s", error);
			status = TAYRA_OK;
		}
	}
	return status;
}
