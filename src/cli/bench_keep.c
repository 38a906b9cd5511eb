/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_keep.c: the verdicts of a trial into a history.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "prove/history.h"
#include "report/trial_report.h"

static void
put(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%s", text ? text : "");
}

/* Without the password that a URL may have. */
const char *
tayra__bench_name(const struct tayra__bench_options *o, const struct tayra__trial_report *report)
{
	return o->bench ? o->bench : report->what[0];
}

static void
fill(const struct tayra__bench_options *o, const struct tayra__trial_report *report, size_t arm,
     struct tayra__history_row *row)
{
	const struct tayra_comparison *c = &report->trial->ab[arm];
	uint64_t now_ms = tayra_clock_real()->wall_ms(tayra_clock_real()->ctx);
	time_t now = (time_t)(now_ms / 1000);
	struct tm parts;

	*row = (struct tayra__history_row){ .higher_is_better = report->better ==
								TAYRA_BETTER_HIGHER,
					    .a_value = c->a_value,
					    .b_value = c->b_value,
					    .ratio = c->ratio,
					    .lo = c->lo,
					    .hi = c->hi,
					    .p = c->p,
					    .mde = c->mde,
					    .margin = report->margin,
					    .aa_ratio = report->trial->aa.ratio,
					    .pairs = c->pairs,
					    .seed = report->seed };
	gmtime_r(&now, &parts);
	strftime(row->time, sizeof(row->time), "%Y-%m-%dT%H:%M:%SZ", &parts);
	snprintf(row->run, sizeof(row->run), "%llu-%llx", (unsigned long long)now_ms,
		 (unsigned long long)report->seed);
	put(row->bench, sizeof(row->bench), tayra__bench_name(o, report));
	put(row->commit, sizeof(row->commit), o->commit);
	put(row->a, sizeof(row->a), report->name[0]);
	put(row->b, sizeof(row->b), report->name[arm]);
	put(row->metric, sizeof(row->metric), report->metric);
	put(row->unit, sizeof(row->unit), report->unit);
	put(row->verdict, sizeof(row->verdict), tayra__trial_report_verdict(report, c->verdict));
}

int
tayra__bench_keep(const struct tayra__bench_options *o, const struct tayra__trial_report *report)
{
	double *pairs = tayra__mem_array(2 * TAYRA__HISTORY_PAIRS, sizeof(*pairs));
	struct tayra__history_row row;
	int status = pairs ? TAYRA_OK : TAYRA_E_NOMEM;

	for (size_t i = 1; i < report->arms && status == TAYRA_OK; i++) {
		fill(o, report, i, &row);
		row.a_pairs = pairs;
		row.b_pairs = pairs + TAYRA__HISTORY_PAIRS;
		row.pairs_kept = tayra__trial_pairs(report->trial, o->metric->metric, i,
						    TAYRA__HISTORY_PAIRS, pairs,
						    pairs + TAYRA__HISTORY_PAIRS);
		status = tayra__history_append(o->history_path, &row);
	}
	tayra__mem_free(pairs);
	if (status == TAYRA_OK)
		return TAYRA__EXIT_OK;
	if (status == TAYRA_E_IO)
		tayra__cli_error(o->command, "%s: %m", o->history_path);
	else
		tayra__cli_error(o->command, "%s", tayra_status_text(status));
	return status == TAYRA_E_IO ? TAYRA__EXIT_USAGE : TAYRA__EXIT_FAILURE;
}
