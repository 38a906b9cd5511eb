/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_gate.c: `tayra bench gate`: base and head, given as commands or made from two revisions,
 * are both run now.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <stdio.h>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command.h"
#include "cli/interrupt.h"

/* A gate under way. */
struct gate {
	struct tayra__bench_options options;
	struct tayra__command_arm commands[TAYRA__TRIAL_ARMS_MAX];
	struct tayra__bench_stage stage;
	struct tayra__command build;
	struct tayra__checkout checkout[2];
};

static int
build(struct gate *gate, const char *ref, const char *folder)
{
	const struct tayra__command_limits limits = { .folder = folder,
						      .stop = tayra__interrupt_flag() };
	struct tayra__command_run run;
	char ending[300];

	if (tayra__command_run(&gate->build, &limits, &run) < 0) {
		tayra__cli_error(gate->options.command, "--build: '%.80s' cannot be run: %m",
				 gate->build.argv[0]);
		return TAYRA__EXIT_USAGE;
	}
	if (run.stopped)
		return TAYRA__EXIT_INTERRUPTED;
	if (run.exit_code == 0)
		return TAYRA__EXIT_OK;
	tayra__cli_error(gate->options.command, "--build of %s: '%.80s' %s", ref,
			 gate->build.argv[0], tayra__command_ending(&run, ending));
	return TAYRA__EXIT_USAGE;
}

static int
make(struct gate *gate, size_t arm, const char *ref)
{
	struct tayra__bench_options *o = &gate->options;
	char why[400];
	int status = tayra__checkout_open(ref, &gate->checkout[arm], why, sizeof(why));

	if (status != TAYRA_OK) {
		tayra__cli_error(o->command, "%s '%.100s': %s", arm ? "--head-ref" : "--base-ref",
				 ref, why);
		return status == TAYRA_E_IO ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
	}
	o->arm[arm].what = o->run;
	return o->build ? build(gate, ref, gate->checkout[arm].folder) : TAYRA__EXIT_OK;
}

static int
make_both(struct gate *gate)
{
	struct tayra__bench_options *o = &gate->options;
	const char *refs[2] = { o->base_ref, o->head_ref ? o->head_ref : "HEAD" };
	int code = TAYRA__EXIT_OK;

	snprintf(o->arm[0].name, sizeof(o->arm[0].name), "base");
	snprintf(o->arm[1].name, sizeof(o->arm[1].name), "head");
	o->arms = 2;
	for (size_t i = 0; i < 2 && code == TAYRA__EXIT_OK; i++)
		code = make(gate, i, refs[i]);
	return code;
}

/* What is wrong with a command is said before anything is checked out. */
static int
check_commands(struct gate *gate)
{
	const struct tayra__bench_options *o = &gate->options;
	static struct tayra__command run;
	char why[100];

	if (o->build && tayra__command_parse(o->build, &gate->build, why, sizeof(why)) < 0)
		tayra__cli_error(o->command, "--build '%.200s': %s", o->build, why);
	else if (o->run && tayra__command_parse(o->run, &run, why, sizeof(why)) < 0)
		tayra__cli_error(o->command, "--run '%.200s': %s", o->run, why);
	else
		return TAYRA__EXIT_OK;
	return TAYRA__EXIT_USAGE;
}

int
tayra__bench_gate(int argc, char **argv)
{
	static struct gate gate;
	const char *folders[2] = { NULL, NULL };
	int code = tayra__bench_gate_options(argc, argv, &gate.options);

	if (code == TAYRA__EXIT_OK)
		code = check_commands(&gate);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_check_files(&gate.options);
	if (code != TAYRA__EXIT_OK)
		return code;
	tayra__interrupt_install();
	if (gate.options.base_ref) {
		code = make_both(&gate);
		folders[0] = gate.checkout[0].folder;
		folders[1] = gate.checkout[1].folder;
	}
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_commands(&gate.options, folders, gate.commands, &gate.stage);
	if (code == TAYRA__EXIT_OK)
		code = tayra__bench_judge(&gate.options, &gate.stage, gate.options.margin);
	else if (code == TAYRA__EXIT_INTERRUPTED)
		tayra__cli_error(gate.options.command, "interrupted");
	tayra__checkout_close(&gate.checkout[0]);
	tayra__checkout_close(&gate.checkout[1]);
	return code;
}
