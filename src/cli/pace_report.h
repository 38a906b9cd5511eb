/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_report.h: runs of `tayra pace sim` as a page: limit, goodput, latency and queue over time,
 * a line a limiter.  Nothing is loaded from anywhere and no script runs.
 */
#ifndef TAYRA_CLI_PACE_REPORT_H
#define TAYRA_CLI_PACE_REPORT_H

#include "cli/pace.h"

struct tayra__pace_report;

/* Opens the file, so that one that cannot be written is found out before work begins; what is in it
 * stays until the report is closed.
 * => TAYRA_OK, TAYRA_E_IO (errno says why), TAYRA_E_NOMEM. */
int tayra__pace_report_open(const char *path, struct tayra__pace_report **out);
/* A run of the scenario that is under way.  Beyond what a plot can hold, only the first are drawn;
 * all are in the table. */
void tayra__pace_report_run(struct tayra__pace_report *report, const struct tayra__pace_run *run);
/* A goal of it.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__pace_report_goal(struct tayra__pace_report *report,
			    const struct tayra__contender *contender,
			    const struct tayra__goal_setting *goal,
			    const struct tayra__verdict *verdict);
/* No more of that scenario: write what there is.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__pace_report_scenario(struct tayra__pace_report *report,
				const struct tayra__scenario *scenario);
/* NULL is allowed.  => TAYRA_OK, TAYRA_E_IO: not all was written. */
int tayra__pace_report_close(struct tayra__pace_report *report);
/* The same, and the file stays as it is. */
void tayra__pace_report_drop(struct tayra__pace_report *report);

#endif
