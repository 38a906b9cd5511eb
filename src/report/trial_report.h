/* SPDX-License-Identifier: Apache-2.0
 *
 * trial_report.h: a trial as people and programs read it: a table with what it means below, or a
 * line of JSON for each arm that was judged.
 */
#ifndef TAYRA_REPORT_TRIAL_REPORT_H
#define TAYRA_REPORT_TRIAL_REPORT_H

#include "drive/kinds.h"
#include "drive/machine.h"
#include "prove/trial.h"
#include "report/alert_log.h"
#include "report/cost.h"
#include "report/method.h"
#include "report/series_plot.h"
#include "report/sheet.h"

struct tayra__trial_report {
	const struct tayra__trial *trial;
	size_t arms;
	const char *name[TAYRA__TRIAL_ARMS_MAX];
	/* The command or the URL of each, without passwords. */
	const char *what[TAYRA__TRIAL_ARMS_MAX];
	const struct tayra__kinds *kinds[TAYRA__TRIAL_ARMS_MAX]; /* of a scenario; NULL: none */
	const struct tayra__trial_parts *parts; /* those kinds judged, by a latency */
	enum tayra__metric of_kinds;
	enum tayra__metric of;                /* what was judged */
	const char *metric, *unit, *sentence; /* "wall", "ms", "wall time of the whole process" */
	enum tayra_better better;
	bool timed; /* a time or a rate: FASTER and SLOWER instead of BETTER and WORSE */
	double margin;
	struct tayra__machine_share machine; /* what else went on while it ran */
	double took_s;
	uint64_t seed;
	bool servers, open_loop; /* what the arms are; a request may wait before it is sent */
	struct tayra__method method;
	const struct tayra__cost *costs; /* [arm], of processor time; NULL: it is not about that */
	const struct tayra__series *series; /* of the history it was added to */
	size_t series_count;
	const struct tayra__alert_log *alerts; /* NULL: none */
	const char *longer;  /* what gives it more pairs, where not the option --budget */
	const char *caution; /* what else is to be known of it; NULL: nothing */
	const char *failure; /* why it ended early, beside a stop; NULL: it did not */
};

/* One of its arms is called so. */
bool tayra__trial_report_has(const struct tayra__trial_report *report, const char *name);
/* "SLOWER" for WORSE where the metric is a time or a rate. */
const char *tayra__trial_report_verdict(const struct tayra__trial_report *report,
					enum tayra_verdict verdict);
/* The share of an arm's requests that failed, over the rounds; NaN: it was asked none. */
double tayra__trial_report_failed(const struct tayra__trial_report *report, size_t arm);
/* What kinds of requests the arms were asked, and how they answered; nothing without a scenario. */
void tayra__trial_report_kinds(const struct tayra__trial_report *report,
			       struct tayra__sheet *sheet);
/* The arms as a table; then for each a sentence of what was found, and of what was not. */
void tayra__trial_report_print(const struct tayra__trial_report *report, enum tayra__form form,
			       FILE *out);
/*
 * A line for each arm but the base, the base's rival last: verdict, metric, ratio, lo, hi, p,
 * pairs, mde, aa_ratio; and a, b, a_value, b_value, unit, a_failed_ratio, b_failed_ratio, margin,
 * pairs_missing, machine, took_s,
 * seed, partial, why, alerts; of a scenario a_kinds and b_kinds, and kinds with a verdict each.
 * `pass` is written too when it is not NULL.  => TAYRA_OK, TAYRA_E_IO.
 */
int tayra__trial_report_json(const struct tayra__trial_report *report, const bool *pass, FILE *out);

#endif
