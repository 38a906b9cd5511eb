/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_showcase.c: `tayra showcase`: runs the demonstration and writes report.html, report.md,
 * portfolio.md and results.json.  Whatever the verdicts, it exits 0; 4 when the measurement cannot
 * be believed.
 */
#include "cli/command.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "cli/arguments.h"
#include "cli/interrupt.h"
#include "showcase/outputs.h"
#include "showcase/portfolio.h"
#include "showcase/showcase.h"
#include "showcase/verdict_table.h"

enum key { QUICK = 256, ORIGIN, DATA, OUT, SEED, PRICES, LEVEL, PORTFOLIO, SABOTAGE, SCALE };

static const struct argp_option argp_options[] = {
	{ "quick", QUICK, NULL, 0, "shorter slices: a minute instead of eight", 0 },
	{ "origin", ORIGIN, "sqlite", 0, "what is slow behind the cache (default and only: sqlite)",
	  0 },
	{ "data", DATA, "FILE", 0,
	  "a Debian Packages file (default: this machine's index, apt-cache dumpavail)", 0 },
	{ "out", OUT, "DIR", 0,
	  "where report.html, report.md, portfolio.md and results.json go (default "
	  "./showcase-results)",
	  0 },
	{ "seed", SEED, "N", 0, "of the requests and of the order of the slices (default 1)", 0 },
	{ "prices", PRICES, "FILE", 0,
	  "a JSON file of your prices, for cost, saving and return (contrib/prices.json is a "
	  "sample)",
	  0 },
	{ "service-level", LEVEL, "P99,ERRORS", 0,
	  "what capacity is asked under: 50ms,0.01 (default: half the deadline, 0.01)", 0 },
	{ "portfolio", PORTFOLIO, "RESULTS.JSON", 0,
	  "run nothing: write the portfolio of a run that was, to standard output", 0 },
	{ "sabotage", SABOTAGE, "same|slow", OPTION_HIDDEN, "", 0 },
	{ "slice-scale", SCALE, "X", OPTION_HIDDEN, "", 0 },
	{ 0 },
};

struct command {
	const char *name;
	const char *out, *prices_path, *portfolio_of;
	struct tayra__prices prices;
	struct tayra__showcase_options options;
};

static error_t
take_level(struct command *command, const char *arg)
{
	const char *comma = strchr(arg, ',');
	char latency[32];
	uint64_t ns;

	if (comma && (size_t)(comma - arg) < sizeof(latency)) {
		snprintf(latency, sizeof(latency), "%.*s", (int)(comma - arg), arg);
		if (tayra__option_duration_ns(latency, &ns) == TAYRA_OK && ns > 0 &&
		    tayra__option_double(comma + 1, 0.0001, 0.9999,
					 &command->options.level_errors) == TAYRA_OK) {
			command->options.level_p99_ms = (double)ns / 1e6;
			return 0;
		}
	}
	tayra__cli_error(command->name,
			 "--service-level '%s' is not a duration, a comma and a share within "
			 "0.0001 .. 0.9999, as in 50ms,0.01",
			 arg);
	return EINVAL;
}

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
	case PRICES: command->prices_path = arg; return 0;
	case PORTFOLIO: command->portfolio_of = arg; return 0;
	case LEVEL: return take_level(command, arg);
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
run(const struct command *command, struct tayra__results *results, struct tayra__outputs *outputs)
{
	char error[400];
	int status = tayra__showcase_run(&command->options, results, error, sizeof(error));

	if (status < 0) {
		tayra__outputs_discard(outputs);
		return failed(command, status, error);
	}
	status = tayra__outputs_write(outputs, results, error, sizeof(error));
	if (status < 0) {
		tayra__cli_error(command->name, "%s", error);
		return TAYRA__EXIT_FAILURE;
	}
	tayra__verdict_table_print(results, stdout);
	printf("\nWritten: %s %s %s %s\n", outputs->path[TAYRA__OUTPUT_HTML],
	       outputs->path[TAYRA__OUTPUT_MD], outputs->path[TAYRA__OUTPUT_PORTFOLIO],
	       outputs->path[TAYRA__OUTPUT_JSON]);
	if (results->interrupted) {
		tayra__cli_error(command->name, "interrupted");
		return TAYRA__EXIT_INTERRUPTED;
	}
	if (results->valid)
		return TAYRA__EXIT_OK;
	tayra__cli_error(command->name, "this run cannot be believed: %s", results->why_invalid);
	return TAYRA__EXIT_INVALID;
}

static int
print_portfolio(const struct command *command)
{
	char error[300] = "cannot be written";
	FILE *in = fopen(command->portfolio_of, "re");
	int status;

	if (!in) {
		tayra__cli_error(command->name, "%s: %m", command->portfolio_of);
		return TAYRA__EXIT_USAGE;
	}
	status = tayra__portfolio_write(in, stdout, error, sizeof(error));
	fclose(in);
	if (status == TAYRA_OK)
		return TAYRA__EXIT_OK;
	tayra__cli_error(command->name, "%s: %s", command->portfolio_of, error);
	return status == TAYRA_E_CORRUPT ? TAYRA__EXIT_USAGE : TAYRA__EXIT_FAILURE;
}

/* What is read and opened before the work. */
static int
prepare(struct command *command, struct tayra__outputs *outputs)
{
	char error[400];

	if (command->prices_path) {
		if (tayra__prices_read(command->prices_path, &command->prices, error,
				       sizeof(error)) < 0) {
			tayra__cli_error(command->name, "%s", error);
			return TAYRA__EXIT_USAGE;
		}
		if (tayra__prices_range(&command->prices)) {
			tayra__cli_error(
				command->name, "%s: '%s' is a range; the showcase takes one number",
				command->prices_path, tayra__prices_range(&command->prices));
			return TAYRA__EXIT_USAGE;
		}
		command->options.prices = &command->prices;
	}
	if (tayra__outputs_open(outputs, command->out, error, sizeof(error)) < 0) {
		tayra__cli_error(command->name, "%s", error);
		return TAYRA__EXIT_USAGE;
	}
	return TAYRA__EXIT_OK;
}

int
tayra__cmd_showcase(int argc, char **argv)
{
	struct command command = { .name = argv[0], .out = "showcase-results" };
	struct tayra__results *results;
	struct tayra__outputs *outputs;
	int code;

	command.options = (struct tayra__showcase_options){
		.seed = 1, .slice_scale = 1, .stop = tayra__interrupt_flag(), .progress = stdout
	};
	code = tayra__cli_parse(&argp, argc, argv, &command);
	if (code != TAYRA__EXIT_OK)
		return code;
	if (command.portfolio_of)
		return print_portfolio(&command);
	results = tayra__mem_alloc(sizeof(*results));
	outputs = tayra__mem_alloc(sizeof(*outputs));
	if (!results || !outputs) {
		tayra__cli_error(command.name, "%s", tayra_status_text(TAYRA_E_NOMEM));
		code = TAYRA__EXIT_FAILURE;
	} else {
		code = prepare(&command, outputs);
	}
	if (code == TAYRA__EXIT_OK) {
		tayra__interrupt_install();
		code = run(&command, results, outputs);
	}
	tayra__mem_free(outputs);
	tayra__mem_free(results);
	return code;
}
