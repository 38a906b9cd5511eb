/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_watch.h"

#include <tayra/base.h>

#include <stdio.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/bench_figures.h"
#include "cli/command.h"
#include "drive/live.h"
#include "serve/status_page.h"
#include "watch/page.h"

struct tayra__bench_watch {
	struct tayra__bench_watch_plan plan;
	struct tayra__registry *registry;
	struct tayra__watch_table table;
	struct tayra__live_view *views; /* [plan.arms] */
	struct tayra__page page;
	struct tayra__admin *admin;
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
	} else if (plan->listen) {
		code = listen_at(watch, &address);
	}
	if (code == TAYRA__EXIT_OK)
		*out = watch;
	else
		tayra__bench_watch_close(watch);
	return code;
}

void
tayra__bench_watch_close(struct tayra__bench_watch *watch)
{
	if (!watch)
		return;
	tayra__admin_destroy(watch->admin);
	tayra__registry_destroy(watch->registry);
	tayra__mem_free(watch->views);
	tayra__mem_free(watch);
}
