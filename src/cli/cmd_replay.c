/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_replay.c: `tayra replay`: each trace is read once and replayed for every policy and capacity.
 * Whatever stops it, the cells that are complete have been printed.
 */
#include "cli/command.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/interrupt.h"
#include "cli/replay_cell.h"
#include "cli/replay_options.h"
#include "cli/replay_source.h"
#include "sim/price.h"
#include "sim/requests.h"

struct session {
	struct tayra__replay_command command;
	struct tayra__replay_source source;
	struct tayra__replay_trace traces[TAYRA__REPLAY_LIST_MAX];
	struct tayra__replay_cell *cells;
	size_t count; /* of cells that are complete */
	size_t shown; /* of those, in a table */
	FILE *report;
	uint64_t rows_before, rows_total; /* for the progress line */
};

static bool
watch_replay(void *ctx, uint64_t rows)
{
	struct session *session = ctx;

	rows += session->rows_before;
	tayra__progress_show(&session->source.progress, session->source.what, rows,
			     (double)rows / (double)session->rows_total);
	return !tayra__interrupted();
}

static int
describe(struct session *session, const struct tayra__requests *requests,
	 struct tayra__replay_trace *trace)
{
	const struct tayra__replay_command *command = &session->command;

	trace->requests = requests->gets;
	trace->keys = requests->keys;
	trace->footprint_bytes = requests->footprint_bytes;
	trace->get_bytes = requests->get_bytes;
	trace->get_cost_ms = requests->get_cost_ms;
	trace->sized = requests->sized || command->sizes == TAYRA__SIZES_REAL;
	trace->costed = requests->cost_ms && command->cost != TAYRA__REPLAY_COST_NONE;
	trace->sizes = command->sizes;
	if (trace->sizes == TAYRA__SIZES_AUTO)
		trace->sizes = requests->sized ? TAYRA__SIZES_REAL : TAYRA__SIZES_UNIT;
	if (command->cost == TAYRA__REPLAY_COST_COLUMN && !requests->cost_ms) {
		tayra__cli_error(command->name, "%s: no column cost_ms for --cost column",
				 trace->name);
		return TAYRA__EXIT_USAGE;
	}
	if (command->objective == TAYRA__OBJECTIVE_COST && !trace->costed) {
		tayra__cli_error(command->name,
				 "%s: no costs for --objective cost (a column cost_ms, or --cost "
				 "size|key)",
				 trace->name);
		return TAYRA__EXIT_USAGE;
	}
	return 0;
}

/* Costs by a model, where one was asked for. */
static int
price(struct session *session, struct tayra__requests *requests)
{
	enum tayra__replay_cost cost = session->command.cost;
	int status = TAYRA_OK;

	if (cost == TAYRA__REPLAY_COST_SIZE)
		status = tayra__price_requests(requests, TAYRA__PRICE_SIZE, session->command.seed);
	else if (cost == TAYRA__REPLAY_COST_KEY)
		status = tayra__price_requests(requests, TAYRA__PRICE_KEY, session->command.seed);
	return status ? tayra__replay_failed(&session->source, status, tayra_status_text(status))
		      : 0;
}

/* All capacities of a trace, before any of its cells is replayed. */
static int
resolve(struct session *session, const struct tayra__replay_trace *trace,
	uint64_t capacities[TAYRA__REPLAY_LIST_MAX])
{
	const struct tayra__replay_list *list = &session->command.capacities;

	for (size_t i = 0; i < list->count; i++) {
		const char *why;

		if (tayra__capacity_resolve(&list->items[i].capacity, trace->sizes, trace->keys,
					    trace->footprint_bytes, &capacities[i], &why)) {
			tayra__progress_clear(&session->source.progress);
			tayra__cli_error(session->command.name, "%s: capacity '%s' %s", trace->name,
					 list->items[i].text, why);
			return TAYRA__EXIT_USAGE;
		}
	}
	return 0;
}

static int
replay_cell(struct session *session, const struct tayra__requests *requests,
	    const uint32_t *next_use, struct tayra__replay_cell cell)
{
	struct tayra__replay_options options = {
		.policy = cell.policy,
		.engine = session->command.engine,
		.sizes = cell.trace->sizes,
		.capacity = cell.capacity,
		.next_use = next_use,
		.objective = session->command.objective,
		.costless = !cell.trace->costed,
		.seed = session->command.seed,
		.watch = watch_replay,
		.watch_ctx = session,
	};
	int status;

	snprintf(session->source.what, sizeof(session->source.what), "%.100s %s %s",
		 cell.trace->name, cell.policy, cell.capacity_text);
	status = tayra__replay_run(requests, &options, &cell.result);
	if (status)
		return tayra__replay_failed(&session->source, status, tayra_status_text(status));
	session->rows_before += requests->count;
	session->cells[session->count++] = cell;
	if (!session->command.json)
		return 0;
	tayra__progress_clear(&session->source.progress);
	return tayra__replay_print_json(stdout, &cell)
		       ? tayra__replay_output_failed(&session->source, "standard output")
		       : 0;
}

static int
replay_cells(struct session *session, const struct tayra__requests *requests,
	     const struct tayra__replay_trace *trace, const uint32_t *next_use)
{
	const struct tayra__replay_list *policies = &session->command.policies;
	const struct tayra__replay_list *list = &session->command.capacities;
	uint64_t capacities[TAYRA__REPLAY_LIST_MAX];
	int code = resolve(session, trace, capacities);

	for (size_t i = 0; i < policies->count * list->count && !code; i++) {
		size_t p = i / list->count, c = i % list->count;

		code = replay_cell(session, requests, next_use,
				   (struct tayra__replay_cell){
					   .trace = trace,
					   .policy = policies->items[p].text,
					   .capacity_text = list->items[c].text,
					   .capacity = capacities[c],
					   .exact = session->command.engine == TAYRA__ENGINE_EXACT,
				   });
	}
	return code;
}

static bool
any_looks_ahead(const struct tayra__replay_list *policies)
{
	for (size_t i = 0; i < policies->count; i++)
		if (policies->items[i].looks_ahead)
			return true;
	return false;
}

static int
replay_trace(struct session *session, size_t index)
{
	struct tayra__replay_trace *trace = &session->traces[index];
	struct tayra__requests *requests;
	uint32_t *next_use = NULL;
	int code;

	trace->name = session->command.traces[index];
	code = tayra__replay_load(&session->source, trace->name, &requests);
	if (code)
		return code;
	session->rows_before = 0;
	session->rows_total = (uint64_t)requests->count * session->command.policies.count *
			      session->command.capacities.count;
	tayra__progress_start(&session->source.progress);
	code = price(session, requests);
	if (!code)
		code = describe(session, requests, trace);
	if (!code && any_looks_ahead(&session->command.policies)) {
		next_use = tayra__requests_next_use(requests);
		if (!next_use)
			code = tayra__replay_failed(&session->source, TAYRA_E_NOMEM,
						    tayra_status_text(TAYRA_E_NOMEM));
	}
	if (!code)
		code = replay_cells(session, requests, trace, next_use);
	tayra__mem_free(next_use);
	tayra__requests_destroy(requests);
	return code;
}

/* The table of a trace, as far as it came. */
static int
show(struct session *session, int code)
{
	size_t first = session->shown;

	tayra__progress_clear(&session->source.progress);
	session->shown = session->count;
	if (!session->command.json && session->count > first &&
	    tayra__replay_print_table(stdout, session->cells + first, session->count - first))
		code = tayra__replay_output_failed(&session->source, "standard output");
	return code;
}

/* What is done at the end, also after an interruption. */
static int
finish(struct session *session, int code)
{
	tayra__progress_clear(&session->source.progress);
	if (session->report) {
		int status = tayra__replay_print_report(session->report, session->cells,
							session->count);

		if (fclose(session->report) || status)
			code = tayra__replay_output_failed(&session->source,
							   session->command.report);
	}
	return code;
}

/* Opening the report would empty a trace of the same name. */
static bool
is_a_trace(const struct tayra__replay_command *command)
{
	for (size_t i = 0; i < command->trace_count; i++)
		if (tayra__cli_same_file(command->report, command->traces[i]))
			return true;
	return false;
}

static int
open_report(struct session *session)
{
	const struct tayra__replay_command *command = &session->command;

	if (is_a_trace(command)) {
		tayra__cli_error(command->name, "%s: is a trace, not a place for the report",
				 command->report);
		return TAYRA__EXIT_USAGE;
	}
	session->report = fopen(command->report, "we");
	if (session->report)
		return 0;
	tayra__cli_error(command->name, "%s: %m", command->report);
	return TAYRA__EXIT_USAGE;
}

static int
start(struct session *session)
{
	const struct tayra__replay_command *command = &session->command;

	tayra__replay_source_init(&session->source, command);
	if (command->report && open_report(session))
		return TAYRA__EXIT_USAGE;
	session->cells = tayra__mem_array(command->trace_count * command->policies.count *
						  command->capacities.count,
					  sizeof(*session->cells));
	if (!session->cells)
		return tayra__replay_failed(&session->source, TAYRA_E_NOMEM,
					    tayra_status_text(TAYRA_E_NOMEM));
	return 0;
}

static int
replay_policies(struct session *session)
{
	int code = start(session);

	if (code)
		return code;
	for (size_t i = 0; i < session->command.trace_count && !code; i++)
		code = show(session, replay_trace(session, i));
	return finish(session, code);
}

int
tayra__cmd_replay(int argc, char **argv)
{
	struct session *session = tayra__mem_alloc(sizeof(*session));
	int code = TAYRA__EXIT_FAILURE;

	if (!session) {
		tayra__cli_error(argv[0], "%s", tayra_status_text(TAYRA_E_NOMEM));
		return code;
	}
	code = tayra__replay_options_parse(argc, argv, &session->command);
	if (!code && session->command.predict)
		code = tayra__replay_predict(&session->command);
	else if (!code && session->command.patterns)
		code = tayra__replay_patterns(&session->command);
	else if (!code)
		code = replay_policies(session);
	tayra__mem_free(session->cells);
	tayra__mem_free(session);
	return code;
}
