/* SPDX-License-Identifier: Apache-2.0
 *
 * alert_log.h: which rules fired while a bench ran, in whichever form its report is written.  A
 * rule says where to look; it never moves a verdict.
 */
#ifndef TAYRA_REPORT_ALERT_LOG_H
#define TAYRA_REPORT_ALERT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "report/sheet.h"

#define TAYRA__ALERT_LOG_MAX 32

struct tayra__alert_entry {
	const char *name, *rule; /* borrowed */
	bool firing;             /* when the bench ended */
	uint64_t fired;          /* times it began to */
	double first_s;          /* after the bench began; NaN: never */
	double firing_s;         /* in all */
	double worst;            /* the value farthest beyond the threshold; NaN: never */
};

struct tayra__alert_log {
	struct tayra__alert_entry entry[TAYRA__ALERT_LOG_MAX];
	size_t count;
};

/* NULL and no rules are nothing.  With a title where a page has sections. */
void tayra__alert_log_put(const struct tayra__alert_log *log, struct tayra__sheet *sheet);
/* "alerts": a list, of objects with name, rule, fired, firing, first_s, firing_s and worst.  NULL:
 * it is empty. */
void tayra__alert_log_json(const struct tayra__alert_log *log, struct tayra__json *json);

#endif
