/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/alert_set.h"

#include <tayra/base.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "watch/registry.h"

#define NAMES_MAX 256 /* of metrics, to find one that was meant */

struct names {
	const char *names[NAMES_MAX + 1];
	size_t count;
};

static void
collect(void *arg, const struct tayra__watch_row *row)
{
	struct names *names = arg;

	if (names->count < NAMES_MAX)
		names->names[names->count++] = row->name;
}

static void
ignore(void *arg, const struct tayra__watch_sample *sample)
{
}

static void
explain_missing(struct tayra__registry *registry, const char *metric, char *why, size_t len)
{
	struct names names = { .count = 0 };
	const struct tayra__watch_visitor visitor = { collect, ignore, &names };
	const char *near;

	tayra__registry_visit(registry, &visitor);
	near = tayra__option_nearest(metric, names.names);
	snprintf(why, len, "there is no metric '%.100s'%s%s%s", metric,
		 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool
is_counter(struct tayra__registry *registry, const struct tayra__reading *reading)
{
	const struct tayra__watch_row *row = tayra__registry_find(registry, reading->metric);

	return !row || tayra__reading_is_counter(reading, row);
}

/* Why a rule is refused. */
static void
explain(struct tayra__registry *registry, const struct tayra__alert_rule *rule, int status,
	char *why, size_t len)
{
	const char *top = rule->top.metric, *bottom = rule->bottom.metric;

	if (status == TAYRA_E_NOT_FOUND && top)
		explain_missing(registry, tayra__registry_find(registry, top) ? bottom : top, why,
				len);
	else if (status == TAYRA_E_INVAL && rule->window_ns && top &&
		 !is_counter(registry, &rule->top))
		snprintf(why, len, "'%.100s' is no counter, which 'over' needs", top);
	else if (status == TAYRA_E_INVAL && rule->window_ns && bottom &&
		 !is_counter(registry, &rule->bottom))
		snprintf(why, len, "'%.100s' is no counter, which 'over' needs", bottom);
	else
		snprintf(why, len, "%s", tayra_status_text(status));
}

static int
add_rules(struct tayra__alert_set *set, struct tayra__registry *registry,
	  const struct tayra__alert_set_plan *plan, char *error, size_t error_len)
{
	for (size_t i = 0; i < plan->rule_count; i++) {
		const struct tayra__alert_rule *rule = &plan->rules[i];
		int status = tayra__alerts_add_rule(set->alerts, rule);
		char why[300];

		if (status == TAYRA_OK)
			continue;
		explain(registry, rule, status, why, sizeof(why));
		snprintf(error, error_len, "%salert '%s': %s", plan->places ? plan->places[i] : "",
			 rule->name ? rule->name : "", why);
		return status == TAYRA_E_NOMEM ? status : TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

static int
add_actions(struct tayra__alert_set *set, struct tayra__registry *registry,
	    const struct tayra__alert_set_plan *plan, char *error, size_t error_len)
{
	int status = TAYRA_OK;

	if (plan->exec_count > TAYRA__ALERT_ACTIONS || plan->webhook_count > TAYRA__ALERT_ACTIONS)
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < plan->exec_count && status == TAYRA_OK; i++) {
		struct tayra__alert_action action;
		struct tayra__exec **exec = &set->execs[set->exec_count];

		status = tayra__exec_create(registry, &plan->execs[i], exec);
		if (status != TAYRA_OK)
			return status;
		set->exec_count++;
		action = tayra__exec_action(*exec);
		status = tayra__alerts_add_action(set->alerts, &action);
	}
	for (size_t i = 0; i < plan->webhook_count && status == TAYRA_OK; i++) {
		struct tayra__alert_action action;
		struct tayra__webhook **webhook = &set->webhooks[set->webhook_count];

		status = tayra__webhook_create(registry, &plan->webhooks[i], webhook);
		if (status != TAYRA_OK) {
			snprintf(error, error_len, "webhook of alert '%s': %s",
				 plan->webhooks[i].name, tayra_status_text(status));
			return status;
		}
		set->webhook_count++;
		action = tayra__webhook_action(*webhook);
		status = tayra__alerts_add_action(set->alerts, &action);
	}
	for (size_t i = 0; i < plan->action_count && status == TAYRA_OK; i++)
		status = tayra__alerts_add_action(set->alerts, &plan->actions[i]);
	return status;
}

int
tayra__alert_set_open(struct tayra__alert_set *set, struct tayra__registry *registry,
		      const struct tayra__alert_set_plan *plan, char *error, size_t error_len)
{
	int status = tayra__alerts_create(registry, &set->alerts);

	if (status == TAYRA_OK)
		status = add_actions(set, registry, plan, error, error_len);
	return status == TAYRA_OK ? add_rules(set, registry, plan, error, error_len) : status;
}

void
tayra__alert_set_close(struct tayra__alert_set *set)
{
	tayra__alerts_destroy(set->alerts);
	for (size_t i = 0; i < set->exec_count; i++)
		tayra__exec_destroy(set->execs[i]);
	for (size_t i = 0; i < set->webhook_count; i++)
		tayra__webhook_destroy(set->webhooks[i]);
	*set = (struct tayra__alert_set){ .alerts = NULL };
}
