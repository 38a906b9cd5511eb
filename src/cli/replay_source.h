/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_source.h: reading the traces of `tayra replay`, with progress, Ctrl-C and one-line errors.
 */
#ifndef TAYRA_CLI_REPLAY_SOURCE_H
#define TAYRA_CLI_REPLAY_SOURCE_H

#include "cli/progress.h"
#include "cli/replay_options.h"

struct tayra__requests;
struct tayra__trace_request;

struct tayra__replay_source {
	const struct tayra__replay_command *command;
	struct tayra__progress progress;
	char what[160]; /* for the progress line */
	const struct tayra__trace *reading;
};

/* Also makes Ctrl-C a flag. */
void tayra__replay_source_init(struct tayra__replay_source *source,
			       const struct tayra__replay_command *command);

/* An exit code for a status, after one line about it. */
int tayra__replay_failed(struct tayra__replay_source *source, int status, const char *text);
/* The same for an output, by errno. */
int tayra__replay_output_failed(struct tayra__replay_source *source, const char *what);

/* All of a trace, or the first --limit rows.  => 0 or an exit code, which was explained. */
int tayra__replay_load(struct tayra__replay_source *source, const char *path,
		       struct tayra__requests **out);
/* Row by row, in fixed memory.  row() returns a status; what is not TAYRA_OK ends it.  => as load,
 * and TAYRA__EXIT_USAGE for a trace without a row. */
typedef int tayra__replay_row_fn(void *ctx, const struct tayra__trace_request *row);
int tayra__replay_stream(struct tayra__replay_source *source, const char *path,
			 tayra__replay_row_fn *row, void *ctx);

#endif
