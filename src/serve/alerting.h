/* SPDX-License-Identifier: Apache-2.0
 *
 * alerting.h: the alerts of a configuration: rules (watch/rule.h), and what they tell.  A program
 * or a server that several alerts name is one.
 */
#ifndef TAYRA_SERVE_ALERTING_H
#define TAYRA_SERVE_ALERTING_H

#include <stddef.h>
#include <stdio.h>

#include "watch/alert.h"
#include "watch/exec.h"
#include "watch/rule.h"
#include "watch/webhook.h"

struct tayra__reader;
struct tayra__server_options;
struct tayra__settings;
struct tayra__yaml;

#define TAYRA__ALERTING_MAX 256 /* alerts */

struct tayra__alert_setting {
	const char *name, *rule, *sentence, *webhook;
	int exec, server; /* among what is told; -1: none */
	struct tayra__alert_text text;
};

struct tayra__alerting {
	struct tayra__alert_setting *alerts;
	struct tayra__alert_rule *rules; /* as many */
	const char **places;             /* the same; where they stand, for errors */
	size_t count;
	const struct tayra__yaml *exec_at[TAYRA__ALERT_ACTIONS];
	struct tayra__exec_options execs[TAYRA__ALERT_ACTIONS];
	struct tayra__webhook_options webhooks[TAYRA__ALERT_ACTIONS];
	size_t exec_count, webhook_count;
};

/* Read the list; NULL: there is none.  => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM; what there is
 * then has to be finished all the same. */
int tayra__alerting_read(const struct tayra__reader *r, const struct tayra__yaml *list);
void tayra__alerting_fini(struct tayra__alerting *alerting);
/* Say it to a server.  => TAYRA_OK; TAYRA_E_INVAL: a program cannot be run. */
int tayra__alerting_open(const struct tayra__reader *r, struct tayra__server_options *options);
/* A line each. */
void tayra__alerting_describe(const struct tayra__alerting *alerting, FILE *out);

#endif
