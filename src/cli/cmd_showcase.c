/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_showcase.c: `tayra showcase`: runs the demonstration and writes report.html, report.md and
 * results.json.  Whatever the verdicts, it exits 0; 4 when the measurement cannot be believed.
 */
#include "cli/command.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/option.h"
#include "cli/arguments.h"
#include "cli/interrupt.h"
#include "showcase/report_html.h"
#include "showcase/report_md.h"
#include "showcase/showcase.h"
#include "showcase/verdict_table.h"

enum key { QUICK = 256, ORIGIN, DATA, OUT, SEED, SABOTAGE, SCALE };

static const struct argp_option argp_options[] = {
	{ "quick", QUICK, NULL, 0, "shorter slices: a minute instead of five", 0 },
	{ "origin", ORIGIN, "sqlite", 0, "what is slow behind the cache (default and only: sqlite)",
	  0 },
	{ "data", DATA, "FILE", 0,
	  "a Debian Packages file (default: this machine's index, apt-cache dumpavail)", 0 },
	{ "out", OUT, "DIR", 0,
	  "where report.html, report.md and results.json go (default ./showcase-results)", 0 },
	{ "seed", SEED, "N", 0, "of the requests and of the order of the slices (default 1)", 0 },
	{ "sabotage", SABOTAGE, "same|slow", OPTION_HIDDEN, "", 0 },
	{ "slice-scale", SCALE, "X", OPTION_HIDDEN, "", 0 },
	{ 0 },
};

struct command {
	const char *name;
	const char *out;
	struct tayra__showcase_options options;
};

static const char *const file_names[] = { "results.json", "report.html", "report.md" };
#define FILES 3

typedef int (*write_fn)(const struct tayra__results *results, FILE *out);
static const write_fn writers[FILES] = { tayra__results_write_json, tayra__report_html_write,
					 tayra__report_md_write };

/* What is written to beside its final name, so that a reader never sees half a file. */
struct outputs {
	FILE *file[FILES];
	char part[FILES][4096], path[FILES][4096];
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	static const char *const origins[] = { "sqlite", NULL };
	static const char *const sabotages[] = { "none", "same", "slow", NULL };
	struct command *command = state->input;
	int choice;

	switch (key) {
	case QUICK: command->options.quick = true; return 0;
	case DATA: command->options.data_path = arg; return 0;
	case OUT: command->out = arg; return 0;
	case ORIGIN:
		return tayra__cli_choice(command->name, "--origin", arg, origins) < 0 ? EINVAL : 0;
	case SEED:
		if (tayra__option_u64(arg, 0, UINT64_MAX / 2, &command->options.seed) == TAYRA_OK)
			return 0;
		tayra__cli_error(command->name, "--seed '%s' is not a whole number", arg);
		return EINVAL;
	case SABOTAGE:
		choice = tayra__cli_choice(command->name, "--sabotage", arg, sabotages);
		command->options.sabotage = (enum tayra__sabotage)choice;
		return choice < 0 ? EINVAL : 0;
	case SCALE:
		if (tayra__option_double(arg, 0.05, 10, &command->options.slice_scale) == TAYRA_OK)
			return 0;
		tayra__cli_error(command->name, "--slice-scale '%s' is not within 0.05 .. 10", arg);
		return EINVAL;
	case ARGP_KEY_ARG:
		tayra__cli_error(command->name, "'%s': takes options only", arg);
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = take_option,
	.doc = "Runs a package catalogue on this machine three ways, without tayra, tuned by hand "
	       "and "
	       "with tayra, and reports what was measured.",
};

static void
discard(struct outputs *outputs)
{
	for (int i = 0; i < FILES; i++)
		if (outputs->file[i]) {
			fclose(outputs->file[i]);
			unlink(outputs->part[i]);
		}
}

/* Opened before the work: a minute of measuring must not end in "permission denied". */
static int
open_outputs(const struct command *command, struct outputs *outputs)
{
	memset(outputs, 0, sizeof(*outputs));
	if (strlen(command->out) > 4000) {
		tayra__cli_error(command->name, "--out: the name is too long");
		return TAYRA__EXIT_USAGE;
	}
	if (mkdir(command->out, 0777) < 0 && errno != EEXIST) {
		tayra__cli_error(command->name, "%s: %m", command->out);
		return TAYRA__EXIT_USAGE;
	}
	for (int i = 0; i < FILES; i++) {
		snprintf(outputs->path[i], sizeof(outputs->path[i]), "%.4000s/%s", command->out,
			 file_names[i]);
		snprintf(outputs->part[i], sizeof(outputs->part[i]), "%.4000s/.%s.part",
			 command->out, file_names[i]);
		outputs->file[i] = fopen(outputs->part[i], "we");
		if (outputs->file[i])
			continue;
		tayra__cli_error(command->name, "%s: %m", outputs->path[i]);
		discard(outputs);
		return TAYRA__EXIT_USAGE;
	}
	return TAYRA__EXIT_OK;
}

static int
write_outputs(const struct command *command, struct outputs *outputs,
	      const struct tayra__results *results)
{
	for (int i = 0; i < FILES; i++) {
		int status = writers[i](results, outputs->file[i]);
		int closed = fclose(outputs->file[i]);

		outputs->file[i] = NULL;
		if (status == TAYRA_OK && closed == 0 &&
		    rename(outputs->part[i], outputs->path[i]) == 0)
			continue;
		tayra__cli_error(command->name, "%s: %m", outputs->path[i]);
		unlink(outputs->part[i]);
		discard(outputs);
		return TAYRA__EXIT_FAILURE;
	}
	return TAYRA__EXIT_OK;
}

static int
failed(const struct command *command, int status, const char *error)
{
	tayra__cli_error(command->name, "%s", error);
	if (status == TAYRA_E_CANCELLED)
		return TAYRA__EXIT_INTERRUPTED;
	return status == TAYRA_E_CORRUPT || status == TAYRA_E_NOT_FOUND || status == TAYRA_E_IO
		       ? TAYRA__EXIT_USAGE
		       : TAYRA__EXIT_FAILURE;
}

static int
run(const struct command *command, struct tayra__results *results, struct outputs *outputs)
{
	char error[400];
	int status = tayra__showcase_run(&command->options, results, error, sizeof(error));
	int code;

	if (status < 0) {
		discard(outputs);
		return failed(command, status, error);
	}
	code = write_outputs(command, outputs, results);
	if (code != TAYRA__EXIT_OK)
		return code;
	tayra__verdict_table_print(results, stdout);
	printf("\nWritten: %s %s %s\n", outputs->path[1], outputs->path[2], outputs->path[0]);
	if (results->interrupted) {
		tayra__cli_error(command->name, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	if (results->valid)
		return TAYRA__EXIT_OK;
	tayra__cli_error(command->name, "this run cannot be believed: %s", results->why_invalid);
	return TAYRA__EXIT_INVALID;
}

int
tayra__cmd_showcase(int argc, char **argv)
{
	struct command command = { .name = argv[0], .out = "showcase-results" };
	struct tayra__results *results;
	struct outputs *outputs;
	int code;

	command.options = (struct tayra__showcase_options){
		.seed = 1, .slice_scale = 1, .stop = tayra__interrupt_flag(), .progress = stdout
	};
	code = tayra__cli_parse(&argp, argc, argv, &command);
	if (code != TAYRA__EXIT_OK)
		return code;
	results = tayra__mem_alloc(sizeof(*results));
	outputs = tayra__mem_alloc(sizeof(*outputs));
	if (!results || !outputs) {
		tayra__cli_error(command.name, "%s", tayra_status_text(TAYRA_E_NOMEM));
		code = TAYRA__EXIT_FAILURE;
	} else {
		code = open_outputs(&command, outputs);
	}
	if (code == TAYRA__EXIT_OK) {
		tayra__interrupt_install();
		code = run(&command, results, outputs);
	}
	tayra__mem_free(outputs);
	tayra__mem_free(results);
	return code;
}
