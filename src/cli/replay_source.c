/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_source.h"

#include <tayra/base.h>

#include <math.h>
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "sim/requests.h"

#define WATCH_ROWS 65536

void
tayra__replay_source_init(struct tayra__replay_source *source,
			  const struct tayra__replay_command *command)
{
	*source = (struct tayra__replay_source){ .command = command };
	tayra__progress_init(&source->progress);
	tayra__interrupt_install();
}

int
tayra__replay_failed(struct tayra__replay_source *source, int status, const char *text)
{
	tayra__progress_clear(&source->progress);
	if (status == TAYRA_E_CANCELLED || tayra__interrupted()) {
		tayra__cli_error(source->command->name, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	tayra__cli_error(source->command->name, "%s", text);
	return status == TAYRA_E_CORRUPT || status == TAYRA_E_IO || status == TAYRA_E_TOO_LARGE ||
			       status == TAYRA_E_INVAL || status == TAYRA_E_UNSUPPORTED
		       ? TAYRA__EXIT_USAGE
		       : TAYRA__EXIT_FAILURE;
}

int
tayra__replay_output_failed(struct tayra__replay_source *source, const char *what)
{
	tayra__cli_error(source->command->name, "%s: %m", what);
	return TAYRA__EXIT_FAILURE;
}

static bool
watch(void *ctx, uint64_t rows)
{
	struct tayra__replay_source *source = ctx;
	uint64_t total, at = tayra__trace_position(source->reading, &total);
	double share = total ? (double)at / (double)total : -1;

	if (source->command->limit)
		share = fmax(share, (double)rows / (double)source->command->limit);
	tayra__progress_show(&source->progress, source->what, rows, share);
	return !tayra__interrupted();
}

static int
open_trace(struct tayra__replay_source *source, const char *path, struct tayra__trace **out)
{
	struct tayra__trace_error error;
	int status = tayra__trace_open(path, source->command->format, out, &error);

	if (status)
		return tayra__replay_failed(source, status, error.text);
	snprintf(source->what, sizeof(source->what), "reading %s", path);
	source->reading = *out;
	tayra__progress_start(&source->progress);
	return 0;
}

int
tayra__replay_load(struct tayra__replay_source *source, const char *path,
		   struct tayra__requests **out)
{
	struct tayra__trace_error error;
	struct tayra__trace *trace;
	int code, status;

	*out = NULL;
	code = open_trace(source, path, &trace);
	if (code)
		return code;
	status = tayra__requests_load(trace, source->command->limit, watch, source, out, &error);
	tayra__trace_close(trace);
	return status ? tayra__replay_failed(source, status, error.text) : 0;
}

static int
next_row(struct tayra__replay_source *source, struct tayra__trace *trace, uint64_t rows,
	 struct tayra__trace_request *out, struct tayra__trace_error *error)
{
	if (source->command->limit && rows == source->command->limit)
		return TAYRA_E_NOT_FOUND;
	if (rows % WATCH_ROWS == 0 && !watch(source, rows))
		return TAYRA_E_CANCELLED;
	return tayra__trace_next(trace, out, error);
}

int
tayra__replay_stream(struct tayra__replay_source *source, const char *path,
		     tayra__replay_row_fn *row, void *ctx)
{
	struct tayra__trace_error error = { "" };
	struct tayra__trace_request request;
	struct tayra__trace *trace;
	uint64_t rows = 0;
	int status, code = open_trace(source, path, &trace);

	if (code)
		return code;
	while ((status = next_row(source, trace, rows, &request, &error)) == TAYRA_OK) {
		status = row(ctx, &request);
		if (status)
			break;
		rows++;
	}
	tayra__trace_close(trace);
	tayra__progress_clear(&source->progress);
	if (status != TAYRA_E_NOT_FOUND)
		return tayra__replay_failed(source, status,
					    error.text[0] ? error.text : tayra_status_text(status));
	if (rows > 0)
		return 0;
	snprintf(error.text, sizeof(error.text), "%.200s: no requests in the trace", path);
	return tayra__replay_failed(source, TAYRA_E_CORRUPT, error.text);
}
