/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_sim.c: `tayra pace sim`: scenarios by name or file, each with every limiter.
 */
#include "cli/pace.h"

#include <tayra/base.h>

#include <string.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "sim/named_scenarios.h"
#include "sim/scenario.h"

struct session {
	struct tayra__pace_options options;
	struct tayra__scenario scenario;
	struct tayra__overload_result result;
};

static int
failed(const struct session *session, int status)
{
	const struct tayra__scenario *scenario = &session->scenario;

	if (status == TAYRA_E_CANCELLED)
		return TAYRA__EXIT_INTERRUPTED;
	if (status == TAYRA_E_TOO_LARGE)
		tayra__cli_error(session->options.command,
				 "%s: over %u requests at once: nothing keeps them down",
				 scenario->name, TAYRA__OVERLOAD_REQUESTS);
	else
		tayra__cli_error(session->options.command, "%s: %s", scenario->name,
				 status == TAYRA_E_INVAL ? "the pacer refuses these settings"
							 : tayra_status_text(status));
	return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
}

static int
show(struct session *session, const struct tayra__contender *contender)
{
	const struct tayra__pace_run run = {
		.scenario = &session->scenario,
		.contender = contender,
		.seed = session->options.seed,
		.result = &session->result,
	};

	if (session->options.json)
		return tayra__pace_json(stdout, &run);
	tayra__pace_table_row(stdout, &run);
	return ferror(stdout) ? TAYRA_E_IO : TAYRA_OK;
}

static int
run_scenario(struct session *session)
{
	const struct tayra__pace_options *o = &session->options;

	if (!o->json)
		tayra__pace_table_head(stdout, &session->scenario);
	for (size_t i = 0; i < o->contender_count; i++) {
		int status = tayra__overload_run(&session->scenario, &o->contenders[i], o->seed,
						 tayra__interrupt_flag(), &session->result);

		if (status != TAYRA_OK)
			return failed(session, status);
		if (show(session, &o->contenders[i]) != TAYRA_OK) {
			tayra__cli_error(o->command, "standard output: %m");
			return TAYRA__EXIT_USAGE;
		}
	}
	return TAYRA__EXIT_OK;
}

static int
list(void)
{
	for (const struct tayra__named_scenario *named = tayra__named_scenarios; named->name;
	     named++) {
		struct tayra__scenario scenario = { 0 };
		char error[400];

		if (tayra__scenario_read(&scenario, named->name, named->text, named->len, error,
					 sizeof(error)) == TAYRA_OK)
			printf("%-28s %s\n", named->name, scenario.sentence);
		tayra__scenario_fini(&scenario);
	}
	return TAYRA__EXIT_OK;
}

static int
one(struct session *session, const char *name)
{
	char error[400];
	int code = TAYRA__EXIT_USAGE;

	session->scenario = (struct tayra__scenario){ 0 };
	if (tayra__scenario_open(&session->scenario, name, error, sizeof(error)) == TAYRA_OK)
		code = run_scenario(session);
	else
		tayra__cli_error(session->options.command, "%s", error);
	tayra__scenario_fini(&session->scenario);
	return code;
}

int
tayra__pace_sim(int argc, char **argv)
{
	struct session *session = tayra__mem_alloc(sizeof(*session));
	int code;

	if (!session) {
		tayra__cli_error(argv[0], "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA__EXIT_FAILURE;
	}
	code = tayra__pace_options_parse(argc, argv, &session->options);
	if (code == 0 && session->options.contender_count == 0) {
		struct tayra__contender all[TAYRA__CONTENDERS];

		tayra__contender_all(all);
		session->options.contenders[session->options.contender_count++] = all[0];
	}
	if (code == 0 && session->options.list) {
		code = list();
	} else if (code == 0) {
		tayra__interrupt_install();
		for (size_t i = 0; i < session->options.scenario_count && code == 0; i++)
			code = one(session, session->options.scenarios[i]);
	}
	tayra__mem_free(session);
	return code;
}
