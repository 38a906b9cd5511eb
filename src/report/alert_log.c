/* SPDX-License-Identifier: Apache-2.0 */
#include "report/alert_log.h"

#include <stdio.h>

#include "report/figure.h"

static void
put_entry(const struct tayra__alert_entry *e, struct tayra__sheet *sheet)
{
	char line[1024], times[40] = "once,", first[16], in_all[16], worst[16];

	if (e->fired > 1)
		snprintf(times, sizeof(times), "%llu times, first", (unsigned long long)e->fired);
	if (!e->fired)
		snprintf(line, sizeof(line), "alert %s: not fired (%s)", e->name, e->rule);
	else
		snprintf(line, sizeof(line),
			 "alert %s: fired %s after %s s, for %s s in all%s, at worst %s (%s)",
			 e->name, times, tayra__figure_number(e->first_s, first),
			 tayra__figure_number(e->firing_s, in_all),
			 e->firing ? " and still at the end" : "",
			 tayra__figure_number(e->worst, worst), e->rule);
	tayra__sheet_item(sheet, line);
}

void
tayra__alert_log_put(const struct tayra__alert_log *log, struct tayra__sheet *sheet)
{
	if (!log || !log->count)
		return;
	if (sheet->form != TAYRA__FORM_TERMINAL)
		tayra__sheet_section(sheet, "Alerts");
	tayra__sheet_list(sheet);
	for (size_t i = 0; i < log->count; i++)
		put_entry(&log->entry[i], sheet);
	tayra__sheet_list_end(sheet);
}

void
tayra__alert_log_json(const struct tayra__alert_log *log, struct tayra__json *json)
{
	tayra__json_array(json, "alerts");
	for (size_t i = 0; log && i < log->count; i++) {
		const struct tayra__alert_entry *e = &log->entry[i];

		tayra__json_object(json, NULL);
		tayra__json_string(json, "name", e->name);
		tayra__json_string(json, "rule", e->rule);
		tayra__json_u64(json, "fired", e->fired);
		tayra__json_bool(json, "firing", e->firing);
		tayra__json_double(json, "first_s", e->first_s, 6);
		tayra__json_double(json, "firing_s", e->firing_s, 6);
		tayra__json_double(json, "worst", e->worst, 9);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}
