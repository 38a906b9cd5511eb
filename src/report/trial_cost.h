/* SPDX-License-Identifier: Apache-2.0
 *
 * trial_cost.h: what a trial of processor time means in money.
 */
#ifndef TAYRA_REPORT_TRIAL_COST_H
#define TAYRA_REPORT_TRIAL_COST_H

#include "report/cost.h"
#include "report/trial_report.h"

/* costs[i]: of arm i against the base; [0] unused.  prices may be NULL.
 * => TAYRA_OK; TAYRA_E_NOMEM. */
int tayra__trial_cost(const struct tayra__trial_report *report, const struct tayra__prices *prices,
		      struct tayra__cost costs[TAYRA__TRIAL_ARMS_MAX]);

#endif
