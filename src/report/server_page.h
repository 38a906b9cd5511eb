/* SPDX-License-Identifier: Apache-2.0
 *
 * server_page.h: the figures of one server under load, as a page or as Markdown, from the same
 * findings.
 */
#ifndef TAYRA_REPORT_SERVER_PAGE_H
#define TAYRA_REPORT_SERVER_PAGE_H

#include "drive/kinds.h"
#include "drive/load_figures.h"
#include "report/alert_log.h"
#include "report/belief.h"
#include "report/method.h"
#include "report/plot.h"

struct tayra__server_report {
	const struct tayra__load_figures *figures;
	const struct tayra__drive_result *result;
	const char *what;                      /* the URL, without passwords */
	const char *error;                     /* what the first that failed said; "": none did */
	const char *spoilt;                    /* why it cannot be believed; NULL: it can */
	const struct tayra__kinds *kinds;      /* of a scenario; NULL: none */
	double planned_per_s;                  /* 0: closed loop */
	double planned_s;                      /* how long it was to take */
	bool stopped;                          /* before that */
	const struct tayra__alert_log *alerts; /* NULL: none */
	struct tayra__machine_share machine;
	struct tayra__method method;
};

struct tayra__server_findings {
	struct tayra__beliefs beliefs;
	struct tayra__plot latency; /* by share, from due and, in an open loop, from sent */
	struct tayra__plot time;    /* mean and slowest of each hundredth of the time */
	struct tayra__plot bad;     /* asked and not answered well in each; empty: all were */
};

/* => TAYRA_OK, TAYRA_E_NOMEM: nothing to fini. */
int tayra__server_findings(const struct tayra__server_report *report,
			   struct tayra__server_findings *out);
void tayra__server_findings_fini(struct tayra__server_findings *findings);
/* form: TAYRA__FORM_HTML or TAYRA__FORM_MD. */
void tayra__server_page(const struct tayra__server_report *report,
			const struct tayra__server_findings *findings, enum tayra__form form,
			FILE *out);

#endif
