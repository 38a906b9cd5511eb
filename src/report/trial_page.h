/* SPDX-License-Identifier: Apache-2.0
 *
 * trial_page.h: a trial as a page: the verdict and the intervals first, then whether it is to be
 * believed, then what was measured, then how.  One file, no script, nothing loaded from anywhere.
 */
#ifndef TAYRA_REPORT_TRIAL_PAGE_H
#define TAYRA_REPORT_TRIAL_PAGE_H

#include "report/trial_report.h"

/* what[i]: the command or the URL of arm i, as it was given. */
void tayra__trial_page(const struct tayra__trial_report *report, const char *const *what,
		       enum tayra__metric metric, FILE *out);

#endif
