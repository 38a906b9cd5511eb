/* SPDX-License-Identifier: Apache-2.0
 *
 * trial_findings.h: all that a report of a trial shows beside its verdicts, computed once, whatever
 * form it is then written in.
 */
#ifndef TAYRA_REPORT_TRIAL_FINDINGS_H
#define TAYRA_REPORT_TRIAL_FINDINGS_H

#include "report/belief.h"
#include "report/plot.h"
#include "report/ranges.h"
#include "report/trial_report.h"

struct tayra__trial_findings {
	struct tayra__ranges forest; /* ratios to the base, with the margin */
	struct tayra__beliefs beliefs;
	struct tayra__plot latency; /* by share of requests, bands over rounds */
	struct tayra__plot service; /* from due beside from sent; empty: they are the same */
	struct tayra__plot rounds;  /* the metric, round by round */
};

/* Empty plots are of what was not measured.  => TAYRA_OK, TAYRA_E_NOMEM: nothing to fini. */
int tayra__trial_findings(const struct tayra__trial_report *report,
			  struct tayra__trial_findings *out);
void tayra__trial_findings_fini(struct tayra__trial_findings *findings);

#endif
