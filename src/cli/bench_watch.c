/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_watch.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_alerts.h"
#include "cli/bench_figures.h"
#include "cli/command.h"
#include "drive/live.h"
#include "report/figure.h"
#include "serve/status_page.h"
#include "watch/alert_set.h"
#include "watch/page.h"

struct tayra__bench_watch {
	struct tayra__bench_watch_plan plan;
	struct tayra__registry *registry;
	struct tayra__watch_table table;
	struct tayra__live_view *views; /* [plan.arms] */
	struct tayra__page page;
	struct tayra__admin *admin;
	struct tayra__alert_set alerts;
	struct tayra__alert_rule rules[TAYRA__ALERT_LOG_MAX];
	bool firing[TAYRA__ALERT_LOG_MAX]; /* as was told */
};

static int
fill(struct tayra__bench_watch *watch)
{
	int status = tayra__registry_create(&watch->registry);

	watch->views = tayra__mem_array(watch->plan.arms, sizeof(*watch->views));
	if (!watch->views)
		return TAYRA_E_NOMEM;
	watch->table = (struct tayra__watch_table){
		.rows = tayra__bench_rows,
		.row_count = tayra__bench_row_count,
		.snapshot_bytes = sizeof(struct tayra__bench_figures),
		.read = watch->plan.read,
	};
	if (status == TAYRA_OK)
		status = tayra__registry_add_table(watch->registry, &watch->table, NULL,
						   watch->plan.ctx);
	for (size_t i = 0; i < watch->plan.arms && status == TAYRA_OK; i++) {
		watch->views[i].live = &watch->plan.live[i];
		status = tayra__registry_add_table(watch->registry, &tayra__live_table,
						   watch->plan.names[i], &watch->views[i]);
	}
	return status;
}

/* => 0 or an exit code after saying why. */
static int
open_alerts(struct tayra__bench_watch *watch)
{
	const struct tayra__bench_alerts *given = watch->plan.alerts;
	const char *places[TAYRA__ALERT_LOG_MAX];
	const struct tayra__alert_set_plan plan = { .rules = watch->rules,
						    .places = places,
						    .rule_count = given->count };
	char error[600] = "";
	int status;

	for (size_t i = 0; i < given->count; i++) {
		watch->rules[i] = given->text[i].rule;
		places[i] = given->place[i];
	}
	status = tayra__alert_set_open(&watch->alerts, watch->registry, &plan, error,
				       sizeof(error));
	if (status == TAYRA_OK)
		return TAYRA__EXIT_OK;
	tayra__cli_error(watch->plan.command, "%s", error[0] ? error : tayra_status_text(status));
	return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
}

static int
listen_at(struct tayra__bench_watch *watch, const struct tayra__address *address)
{
	const char *command = watch->plan.command, *text = watch->plan.listen;
	struct tayra__admin_options options = { .registry = watch->registry, .page = &watch->page };
	char url[TAYRA__STATUS_PAGE_URL];
	int status;

	watch->page = (struct tayra__page){ .title = command,
					    .headlines = tayra__bench_headlines,
					    .headline_count = tayra__bench_headline_count };
	status = tayra__status_page_open(address, &options, &watch->admin, url);
	if (status == TAYRA_OK) {
		tayra__cli_error(command, "metrics at %smetrics", url);
		return TAYRA__EXIT_OK;
	}
	if (status == TAYRA_E_UNSUPPORTED)
		tayra__cli_error(command, "--listen: built without libmicrohttpd");
	else if (status == TAYRA_E_IO)
		tayra__cli_error(command, "--listen %s: %m", text);
	else
		tayra__cli_error(command, "--listen %s: %s", text, tayra_status_text(status));
	return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
}

int
tayra__bench_watch_open(const struct tayra__bench_watch_plan *plan, struct tayra__bench_watch **out)
{
	struct tayra__bench_watch *watch;
	struct tayra__address address;
	char why[256];
	int status, code = TAYRA__EXIT_OK;

	*out = NULL;
	if (plan->listen &&
	    tayra__status_page_address(plan->listen, &address, why, sizeof(why)) != TAYRA_OK) {
		tayra__cli_error(plan->command, "--listen: %s", why);
		return TAYRA__EXIT_USAGE;
	}
	watch = tayra__mem_alloc(sizeof(*watch));
	status = TAYRA_E_NOMEM;
	if (watch) {
		watch->plan = *plan;
		status = fill(watch);
	}
	if (status != TAYRA_OK) {
		tayra__cli_error(plan->command, "%s", tayra_status_text(status));
		code = TAYRA__EXIT_FAILURE;
	}
	if (code == TAYRA__EXIT_OK && plan->alerts && plan->alerts->count)
		code = open_alerts(watch);
	if (code == TAYRA__EXIT_OK && plan->listen)
		code = listen_at(watch, &address);
	if (code == TAYRA__EXIT_OK)
		*out = watch;
	else
		tayra__bench_watch_close(watch);
	return code;
}

bool
tayra__bench_watch_look(struct tayra__bench_watch *watch, uint64_t now_ns)
{
	struct tayra__alert_record record;
	bool moved = false;

	if (!watch || !watch->alerts.alerts)
		return false;
	tayra__alerts_evaluate(watch->alerts.alerts, now_ns,
			       tayra_clock_real()->wall_ms(tayra_clock_real()->ctx));
	for (size_t i = 0; tayra__alerts_record(watch->alerts.alerts, i, &record); i++)
		moved |= watch->firing[i] != (record.state == TAYRA__ALERT_FIRING);
	return moved;
}

void
tayra__bench_watch_tell(struct tayra__bench_watch *watch)
{
	struct tayra__alert_record record;

	for (size_t i = 0; tayra__alerts_record(watch->alerts.alerts, i, &record); i++) {
		const bool firing = record.state == TAYRA__ALERT_FIRING;
		char worst[16];

		if (firing == watch->firing[i])
			continue;
		watch->firing[i] = firing;
		if (firing)
			tayra__cli_error(watch->plan.command, "alert %s fires at %s: %s",
					 record.rule->name,
					 tayra__figure_number(record.worst, worst),
					 watch->plan.alerts->rule[i]);
		else
			tayra__cli_error(watch->plan.command, "alert %s is over",
					 record.rule->name);
	}
}

void
tayra__bench_watch_log(const struct tayra__bench_watch *watch, uint64_t began_ns,
		       struct tayra__alert_log *log)
{
	struct tayra__alert_record record;

	log->count = 0;
	if (!watch || !watch->alerts.alerts)
		return;
	for (size_t i = 0; tayra__alerts_record(watch->alerts.alerts, i, &record); i++)
		log->entry[log->count++] = (struct tayra__alert_entry){
			.name = record.rule->name,
			.rule = watch->plan.alerts->rule[i],
			.firing = record.state == TAYRA__ALERT_FIRING,
			.fired = record.fired,
			.first_s = record.fired ? (double)(record.first_ns - began_ns) / 1e9
						: nan(""),
			.firing_s = (double)record.firing_ns / 1e9,
			.worst = record.worst,
		};
}

void
tayra__bench_watch_close(struct tayra__bench_watch *watch)
{
	if (!watch)
		return;
	tayra__admin_destroy(watch->admin);
	tayra__registry_destroy(watch->registry);
	tayra__alert_set_close(&watch->alerts);
	tayra__mem_free(watch->views);
	tayra__mem_free(watch);
}
