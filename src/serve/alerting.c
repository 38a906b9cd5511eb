/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/alerting.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/reader.h"
#include "serve/settings.h"

static bool
is_room(const struct tayra__alerting *a)
{
	return a->exec_count + a->webhook_count < TAYRA__ALERT_ACTIONS;
}

static int
refuse_more(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	return tayra__reader_refuse(r, at, "alerts tell more than %d programs and servers",
				    TAYRA__ALERT_ACTIONS);
}

static bool
is_same(const char *const *argv, const char *const *other)
{
	size_t i = 0;

	while (argv[i] && other[i] && strcmp(argv[i], other[i]) == 0)
		i++;
	return !argv[i] && !other[i];
}

/* The arguments are the tree's, which stays; the program is as seen from the file. */
static int
fill_argv(const struct tayra__reader *r, const struct tayra__yaml *list, const char **argv)
{
	size_t count = 0;

	for (const struct tayra__yaml *at = list->first; at; at = at->next) {
		int status = tayra__reader_expect(r, at, TAYRA__YAML_TEXT);

		if (status != TAYRA_OK)
			return status;
		argv[count++] = at->text;
	}
	if (count == 0 || !strchr(argv[0], '/'))
		return tayra__reader_refuse(r, list,
					    "exec needs a program with a '/' in its path: it is "
					    "not looked for in PATH, and there is no shell");
	argv[0] = tayra__knob_texts_add(&r->document->texts, r->document->folder, argv[0]);
	return argv[0] ? TAYRA_OK : tayra__reader_no_memory(r);
}

static int
read_exec(const struct tayra__reader *r, const struct tayra__yaml *list,
	  struct tayra__alert_setting *alert)
{
	struct tayra__alerting *a = &tayra__settings_of(r)->alerting;
	const char **argv;
	int status = tayra__reader_expect(r, list, TAYRA__YAML_LIST);

	if (status != TAYRA_OK)
		return status;
	argv = tayra__mem_array(tayra__yaml_count(list) + 1, sizeof(*argv));
	if (!argv)
		return tayra__reader_no_memory(r);
	status = fill_argv(r, list, argv);
	for (size_t i = 0; i < a->exec_count && status == TAYRA_OK && alert->exec < 0; i++)
		if (is_same(argv, a->execs[i].argv))
			alert->exec = (int)i;
	if (status == TAYRA_OK && alert->exec < 0 && !is_room(a))
		status = refuse_more(r, list);
	if (status != TAYRA_OK || alert->exec >= 0) {
		tayra__mem_free(argv);
		return status;
	}
	alert->exec = (int)a->exec_count;
	a->exec_at[a->exec_count] = list;
	a->execs[a->exec_count++] = (struct tayra__exec_options){ .name = alert->name,
								  .argv = argv };
	return TAYRA_OK;
}

static int
read_webhook(const struct tayra__reader *r, const struct tayra__yaml *at,
	     struct tayra__alert_setting *alert)
{
	struct tayra__alerting *a = &tayra__settings_of(r)->alerting;
	const char *url = alert->webhook;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return tayra__reader_refuse(r, at,
					    "webhook begins neither with http:// nor with "
					    "https://");
	for (size_t i = 0; i < a->webhook_count && alert->server < 0; i++)
		if (strcmp(url, a->webhooks[i].url) == 0)
			alert->server = (int)i;
	if (alert->server >= 0)
		return TAYRA_OK;
	if (!is_room(a))
		return refuse_more(r, at);
	alert->server = (int)a->webhook_count;
	a->webhooks[a->webhook_count++] = (struct tayra__webhook_options){ .name = alert->name,
									   .url = url };
	return TAYRA_OK;
}

static int
read_rule(const struct tayra__reader *r, const struct tayra__yaml *at, size_t number)
{
	struct tayra__alerting *a = &tayra__settings_of(r)->alerting;
	struct tayra__alert_setting *alert = &a->alerts[number];
	const struct tayra__yaml *rule = tayra__yaml_find(at, "rule");
	char why[300];

	for (size_t i = 0; i < number; i++)
		if (strcmp(a->alerts[i].name, alert->name) == 0)
			return tayra__reader_refuse(r, tayra__yaml_find(at, "name"),
						    "there is an alert '%.64s' already",
						    alert->name);
	if (tayra__alert_text_parse(alert->name, alert->rule, alert->sentence, &alert->text, why,
				    sizeof(why)) != TAYRA_OK)
		return tayra__reader_refuse(r, rule, "alert '%.64s' %s", alert->name, why);
	a->rules[number] = alert->text.rule;
	a->places[number] = tayra__reader_place(r, rule);
	return a->places[number] ? TAYRA_OK : tayra__reader_no_memory(r);
}

static int
read_alert(const struct tayra__reader *r, const struct tayra__yaml *at, size_t number)
{
	struct tayra__alert_setting *alert = &tayra__settings_of(r)->alerting.alerts[number];
	const struct tayra__yaml *exec;
	int status;

	alert->exec = alert->server = -1;
	status = tayra__reader_knobs(r, at, tayra__alert_knobs, alert, "an alert");
	if (status != TAYRA_OK)
		return status;
	if (!alert->name || !alert->rule)
		return tayra__reader_refuse(r, at, "an alert needs a %s",
					    alert->name ? "rule" : "name");
	status = read_rule(r, at, number);
	exec = tayra__yaml_find(at, "exec");
	if (status == TAYRA_OK && exec)
		status = read_exec(r, exec, alert);
	if (status == TAYRA_OK && alert->webhook)
		status = read_webhook(r, tayra__yaml_find(at, "webhook"), alert);
	return status;
}

/* Programs are added first. */
static uint32_t
tells(const struct tayra__alerting *a, const struct tayra__alert_setting *alert)
{
	uint32_t bits = 0;

	if (alert->exec >= 0)
		bits |= 1u << alert->exec;
	if (alert->server >= 0)
		bits |= 1u << (a->exec_count + (size_t)alert->server);
	return bits ? bits : TAYRA__ALERT_NOBODY;
}

int
tayra__alerting_read(const struct tayra__reader *r, const struct tayra__yaml *list)
{
	struct tayra__alerting *a = &tayra__settings_of(r)->alerting;
	size_t count;
	int status;

	if (!list)
		return TAYRA_OK;
	status = tayra__reader_expect(r, list, TAYRA__YAML_LIST);
	if (status != TAYRA_OK)
		return status;
	count = tayra__yaml_count(list);
	if (count > TAYRA__ALERTING_MAX)
		return tayra__reader_refuse(r, list, "more than %d alerts", TAYRA__ALERTING_MAX);
	a->alerts = tayra__mem_array(count + 1, sizeof(*a->alerts));
	a->rules = tayra__mem_array(count + 1, sizeof(*a->rules));
	a->places = tayra__mem_array(count + 1, sizeof(*a->places));
	if (!a->alerts || !a->rules || !a->places)
		return tayra__reader_no_memory(r);
	for (const struct tayra__yaml *at = list->first; at && status == TAYRA_OK; at = at->next)
		status = read_alert(r, at, a->count++);
	for (size_t i = 0; i < a->count && status == TAYRA_OK; i++)
		a->rules[i].tells = tells(a, &a->alerts[i]);
	return status;
}

void
tayra__alerting_fini(struct tayra__alerting *a)
{
	for (size_t i = 0; i < a->exec_count; i++)
		tayra__mem_free((void *)(uintptr_t)a->execs[i].argv);
	tayra__mem_free(a->alerts);
	tayra__mem_free(a->rules);
	tayra__mem_free(a->places);
}

int
tayra__alerting_open(const struct tayra__reader *r, struct tayra__server_options *options)
{
	const struct tayra__alerting *a = &tayra__settings_of(r)->alerting;

	for (size_t i = 0; i < a->exec_count; i++)
		if (access(a->execs[i].argv[0], X_OK) != 0)
			return tayra__reader_refuse(r, a->exec_at[i], "exec '%.200s': %m",
						    a->execs[i].argv[0]);
	options->alert_rules = a->rules;
	options->alert_places = a->places;
	options->alert_rule_count = a->count;
	options->alert_execs = a->execs;
	options->alert_exec_count = a->exec_count;
	options->alert_webhooks = a->webhooks;
	options->alert_webhook_count = a->webhook_count;
	return TAYRA_OK;
}

/* A URL may hold a password: it is not shown. */
void
tayra__alerting_describe(const struct tayra__alerting *a, FILE *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct tayra__alert_setting *alert = &a->alerts[i];

		fprintf(out, "alert '%s': %s, tells %s%s%s\n", alert->name, alert->rule,
			alert->exec >= 0 ? a->execs[alert->exec].argv[0] : "",
			alert->exec >= 0 && alert->server >= 0 ? " and " : "",
			alert->server >= 0 ? "a server"
			: alert->exec < 0  ? "nobody but the status page"
					   : "");
	}
}
