/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_alerts.h: the rules of a bench, NAME=RULE each (watch/rule.h), as they were given.
 */
#ifndef TAYRA_CLI_BENCH_ALERTS_H
#define TAYRA_CLI_BENCH_ALERTS_H

#include <errno.h>
#include <stddef.h>

#include "report/alert_log.h"
#include "watch/rule.h"

struct tayra__bench_alerts {
	struct tayra__alert_text text[TAYRA__ALERT_LOG_MAX];
	const char *rule[TAYRA__ALERT_LOG_MAX]; /* as given */
	char place[TAYRA__ALERT_LOG_MAX][300];  /* in front of a complaint: "plan.yaml:3:5: " */
	size_t count;
};

/* arg: borrowed.  => 0, or EINVAL after saying why. */
error_t tayra__bench_alert_take(struct tayra__bench_alerts *alerts, const char *command,
				const char *arg);

#endif
