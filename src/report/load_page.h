/* SPDX-License-Identifier: Apache-2.0
 *
 * load_page.h: a load test in phases as a page or as Markdown, from the same findings: the verdict
 * and latency by rate first, then whether it is to be believed, latency, time with its phases, and
 * how it was measured.
 */
#ifndef TAYRA_REPORT_LOAD_PAGE_H
#define TAYRA_REPORT_LOAD_PAGE_H

#include "drive/kinds.h"
#include "drive/phases.h"
#include "report/alert_log.h"
#include "report/belief.h"
#include "report/method.h"
#include "report/plot.h"

struct tayra__load_report {
	const struct tayra__phases *phases;
	const struct tayra__load_line *line;
	const struct tayra__kinds *kinds;      /* of requests; NULL: one alone */
	const char *what;                      /* the URL, without passwords */
	const char *text;                      /* the line as it was given */
	const struct tayra__alert_log *alerts; /* NULL: none */
	struct tayra__machine_share machine;
	struct tayra__method method;
};

/* Computed once, whatever form it is then written in. */
struct tayra__load_findings {
	struct tayra__plot capacity; /* latency by rate, with the thresholds */
	struct tayra__beliefs beliefs;
	struct tayra__plot latency; /* by share, a phase a line, bands over slices */
	struct tayra__plot service; /* from due beside from sent */
	struct tayra__plot time;    /* latency slice by slice, phases shaded */
	struct tayra__plot rate;    /* asked for and answered well, as well */
};

/* => TAYRA_OK, TAYRA_E_NOMEM: nothing to fini. */
int tayra__load_findings(const struct tayra__load_report *report, struct tayra__load_findings *out);
void tayra__load_findings_fini(struct tayra__load_findings *findings);
/* form: TAYRA__FORM_HTML or TAYRA__FORM_MD. */
void tayra__load_page(const struct tayra__load_report *report,
		      const struct tayra__load_findings *findings, enum tayra__form form,
		      FILE *out);

#endif
