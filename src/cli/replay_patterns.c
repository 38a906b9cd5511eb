/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_patterns.c: `tayra replay --patterns`: how the keys of each trace are used, and advice.
 */
#include "cli/replay_options.h"

#include <tayra/base.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/replay_source.h"
#include "learn/hints.h"
#include "learn/patterns.h"
#include "sim/survey.h"

static int
tell(void *ctx, const struct tayra__trace_request *row)
{
	return tayra__survey_row(ctx, row);
}

static int
print_json(const char *trace, const struct tayra__hints *hints)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "trace", trace);
	tayra__hints_json(hints, &json);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static int
print_text(const char *trace, bool first, const struct tayra__hints *hints)
{
	printf("%s%s: as a cache without limits would see it, by the trace's own clock\n",
	       first ? "" : "\n", trace);
	tayra__hints_text(hints, stdout);
	return fflush(stdout) || ferror(stdout) ? TAYRA_E_IO : TAYRA_OK;
}

static int
survey_trace(struct tayra__replay_source *source, size_t index, struct tayra__survey *survey,
	     struct tayra__hints *hints)
{
	const struct tayra__replay_command *command = source->command;
	const char *path = command->traces[index];
	int status, code = tayra__replay_stream(source, path, tell, survey);

	if (code)
		return code;
	tayra__hints_take(tayra__survey_patterns(survey), 0, hints);
	status = command->json ? print_json(path, hints) : print_text(path, index == 0, hints);
	return status ? tayra__replay_output_failed(source, "standard output") : 0;
}

int
tayra__replay_patterns(const struct tayra__replay_command *command)
{
	struct tayra__hints *hints = tayra__mem_alloc(sizeof(*hints));
	struct tayra__replay_source source;
	int code = 0;

	tayra__replay_source_init(&source, command);
	for (size_t i = 0; i < command->trace_count && !code; i++) {
		struct tayra__survey *survey = NULL;

		if (!hints || tayra__survey_create(command->seed, &survey))
			code = tayra__replay_failed(&source, TAYRA_E_NOMEM,
						    tayra_status_text(TAYRA_E_NOMEM));
		else
			code = survey_trace(&source, i, survey, hints);
		tayra__survey_destroy(survey);
	}
	tayra__mem_free(hints);
	return code;
}
