/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_bench.c: `tayra bench`: a table of subcommands.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "cli/bench.h"

static const struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *sentence;
} subcommands[] = {
	{ "run", tayra__bench_run,
	  "compare programs, and say which is faster, or that nobody knows" },
	{ "gate", tayra__bench_gate, "let a change pass or not: base against head, both run now" },
	{ "plan", tayra__bench_plan, "say what a comparison would need: pairs and minutes" },
	{ "aa", tayra__bench_aa, "compare a program with itself: false alarms on this machine" },
	{ "history", tayra__bench_history, "show verdicts that were kept, and their trend" },
	{ "report", tayra__bench_report, "summarise a history as Markdown or as a page" },
	{ "cost", tayra__bench_cost, "say what a difference in processor time means in money" },
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void
print_help(FILE *out)
{
	fputs("Usage: tayra bench COMMAND [OPTION...]\n"
	      "Measurements that can be trusted: interleaved, in random order, with an "
	      "interval.\n\n",
	      out);
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].sentence);
	fputs("\n  tayra bench COMMAND --help   what a command takes\n", out);
}

static int
unknown(const char *command, const char *name)
{
	const char *names[SUBCOMMANDS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < SUBCOMMANDS; i++)
		names[i] = subcommands[i].name;
	near = tayra__option_nearest(name, names);
	if (near)
		tayra__cli_error(command, "unknown command '%s' (did you mean '%s'?)", name, near);
	else
		tayra__cli_error(command, "unknown command '%s' (see %s --help)", name, command);
	return TAYRA__EXIT_USAGE;
}

int
tayra__cmd_bench(int argc, char **argv)
{
	char name[64];

	if (argc < 2) {
		print_help(stderr);
		return TAYRA__EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return TAYRA__EXIT_OK;
	}
	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		if (strcmp(argv[1], subcommands[i].name) != 0)
			continue;
		snprintf(name, sizeof(name), "%s %s", argv[0], subcommands[i].name);
		argv[1] = name;
		return tayra__cli_printed(name, subcommands[i].run(argc - 1, argv + 1));
	}
	return unknown(argv[0], argv[1]);
}
