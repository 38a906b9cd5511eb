/* SPDX-License-Identifier: Apache-2.0
 *
 * alert_set.h: rules, and the programs and servers they tell, put to work over a registry; with a
 * line that says what is wrong where one will not do.
 */
#ifndef TAYRA_WATCH_ALERT_SET_H
#define TAYRA_WATCH_ALERT_SET_H

#include "watch/alert.h"
#include "watch/exec.h"
#include "watch/webhook.h"

/* Borrowed for as long as the set is open.  A rule's `tells` counts programs, then servers, then
 * actions. */
struct tayra__alert_set_plan {
	const struct tayra__alert_rule *rules;
	const char *const *places; /* in front of a complaint about a rule; NULL: nothing */
	size_t rule_count;
	const struct tayra__exec_options *execs;
	size_t exec_count;
	const struct tayra__webhook_options *webhooks;
	size_t webhook_count;
	const struct tayra__alert_action *actions;
	size_t action_count;
};

struct tayra__alert_set {
	struct tayra__alerts *alerts;
	struct tayra__exec *execs[TAYRA__ALERT_ACTIONS];
	struct tayra__webhook *webhooks[TAYRA__ALERT_ACTIONS];
	size_t exec_count, webhook_count;
};

/* Into zeroed memory.  => TAYRA_OK; a status, with a line in `error` where it can be said better
 * than by the status: then what there is has to be closed all the same. */
int tayra__alert_set_open(struct tayra__alert_set *set, struct tayra__registry *registry,
			  const struct tayra__alert_set_plan *plan, char *error, size_t error_len);
/* After the registry is destroyed. */
void tayra__alert_set_close(struct tayra__alert_set *set);

#endif
