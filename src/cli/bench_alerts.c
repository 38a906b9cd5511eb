/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_alerts.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"

static error_t
refuse(const char *command, const char *name, const char *why)
{
	tayra__cli_error(command, "alert '%.64s' %s", name, why);
	return EINVAL;
}

error_t
tayra__bench_alert_take(struct tayra__bench_alerts *alerts, const char *command, const char *arg)
{
	const char *equals = strchr(arg, '=');
	size_t i = alerts->count;
	char name[sizeof(alerts->text[i].name) + 1], why[300];

	snprintf(name, sizeof(name), "%.*s", equals ? (int)(equals - arg) : 0, arg);
	if (!equals || strpbrk(name, " {<>/")) {
		tayra__cli_error(command,
				 "alert '%.100s' is not NAME=RULE, as "
				 "'slow=p99 tayra_bench_latency_seconds > 50ms'",
				 arg);
		return EINVAL;
	}
	if (i == TAYRA__ALERT_LOG_MAX) {
		tayra__cli_error(command, "more than %d alerts", TAYRA__ALERT_LOG_MAX);
		return EINVAL;
	}
	for (size_t k = 0; k < i; k++)
		if (strcmp(alerts->text[k].name, name) == 0)
			return refuse(command, name, "is there already");
	if (tayra__alert_text_parse(name, equals + 1, NULL, &alerts->text[i], why, sizeof(why)) !=
	    TAYRA_OK)
		return refuse(command, name, why);
	alerts->rule[i] = equals + 1;
	/* "tayra bench run: plan.yaml:3:5" */
	if (strchr(command, ':'))
		snprintf(alerts->place[i], sizeof(alerts->place[i]),
			 "%s: ", strchr(command, ':') + 2);
	alerts->count++;
	return 0;
}
