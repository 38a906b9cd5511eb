/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h: what a bench of functions holds.
 */
#ifndef TAYRA_BENCH_BENCH_H
#define TAYRA_BENCH_BENCH_H

#include <tayra/bench.h>

#include <stdatomic.h>
#include <sys/types.h>

#include "drive/function_arm.h"
#include "drive/machine.h"
#include "prove/trial.h"

struct tayra_bench {
	struct tayra_bench_options options; /* no zeros left */
	char name[TAYRA_BENCH_ARMS_MAX][TAYRA_BENCH_NAME_MAX];
	struct tayra__function_arm arm[TAYRA_BENCH_ARMS_MAX];
	uint32_t arms;
	_Atomic pid_t running; /* the process in which it runs; 0: it does not */
	_Atomic bool stop;
	uint64_t begun_ns, end_ns; /* of the run: when it began, when its budget is over */
	uint64_t told_ns;          /* when progress was last told */
	/* The last run. */
	bool done;
	struct tayra__trial trial;
	struct tayra_bench_result result;
	struct tayra__machine_share machine;
};

#define TAYRA__BENCH_PAIRS_MIN 6 /* fewer decide nothing */

/* Take the options with their defaults.  Returns why they will not do, in one line; NULL: they do.
 */
const char *tayra__bench_options(const struct tayra_bench_options *given,
				 struct tayra_bench_options *options);
struct tayra__trial_report;
/* The run as a page, from the report of it.  => TAYRA_OK, TAYRA_E_IO, TAYRA_E_NOMEM. */
int tayra__bench_page(const struct tayra_bench *bench, struct tayra__trial_report *report,
		      FILE *out);
/* Keep the figures of the trial in bench->result.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__bench_figures(struct tayra_bench *bench);

#endif
