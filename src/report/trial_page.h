/* SPDX-License-Identifier: Apache-2.0
 *
 * trial_page.h: a trial as a page or as Markdown, from the same findings: the verdict and the
 * intervals first, then whether it is to be believed, then latency and time, then how it was
 * measured.  One file, no script, nothing loaded from anywhere.
 */
#ifndef TAYRA_REPORT_TRIAL_PAGE_H
#define TAYRA_REPORT_TRIAL_PAGE_H

#include "report/trial_findings.h"

/* form: TAYRA__FORM_HTML or TAYRA__FORM_MD. */
void tayra__trial_page(const struct tayra__trial_report *report,
		       const struct tayra__trial_findings *findings, enum tayra__form form,
		       FILE *out);

#endif
