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

/* What is known of a label by the samples there are. */
struct label_search {
	const char *metric;
	struct tayra__watch_label label;
	const struct tayra__watch_dim *dim; /* its values are these alone; NULL: any */
	bool sampled, named;
};

static void
search_label(void *arg, const struct tayra__watch_sample *sample)
{
	struct label_search *search = arg;

	if (strcmp(sample->row->name, search->metric) != 0)
		return;
	search->sampled = true;
	for (unsigned i = 0; i < sample->label_count; i++)
		search->named |= strcmp(sample->labels[i].name, search->label.name) == 0;
	for (size_t i = 0; i < 2 && sample->row->dims[i].label; i++)
		if (strcmp(sample->row->dims[i].label, search->label.name) == 0)
			search->dim = &sample->row->dims[i];
}

static bool
may_be(const struct label_search *search)
{
	for (uint32_t i = 0; search->dim && i < search->dim->count; i++)
		if (strcmp(search->dim->values[i], search->label.value) == 0)
			return true;
	return !search->dim && (search->named || !search->sampled);
}

/* A misspelt label matches nothing, and its rule would be silent for ever. */
static bool
labels_exist(struct tayra__registry *registry, const struct tayra__reading *reading, char *why,
	     size_t len)
{
	for (size_t i = 0; reading->metric && i < TAYRA__WATCH_LABELS && reading->labels[i].name;
	     i++) {
		struct label_search search = { .metric = reading->metric,
					       .label = reading->labels[i] };
		const struct tayra__watch_visitor visitor = { NULL, search_label, &search };

		tayra__registry_visit(registry, &visitor);
		if (may_be(&search))
			continue;
		snprintf(why, len, "'%.100s' has no label %.60s%s%.80s", reading->metric,
			 search.label.name, search.dim ? "=" : "",
			 search.dim ? search.label.value : "");
		return false;
	}
	return true;
}

static int
add_rules(struct tayra__alert_set *set, struct tayra__registry *registry,
	  const struct tayra__alert_set_plan *plan, char *error, size_t error_len)
{
	for (size_t i = 0; i < plan->rule_count; i++) {
		const struct tayra__alert_rule *rule = &plan->rules[i];
		int status = TAYRA_E_INVAL;
		char why[300];

		if (labels_exist(registry, &rule->top, why, sizeof(why)) &&
		    labels_exist(registry, &rule->bottom, why, sizeof(why))) {
			status = tayra__alerts_add_rule(set->alerts, rule);
			if (status == TAYRA_OK)
				continue;
			explain(registry, rule, status, why, sizeof(why));
		}
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
