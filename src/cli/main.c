/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: tayra's subcommands, as a table.  Each row is a cmd_X.c.
 */
#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "cli/command.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *sentence;
} commands[] = {
	{ "bench", tayra__cmd_bench, "compare programs, with verdicts that can be trusted" },
	{ "pace", tayra__cmd_pace, "put limiters through simulated overload" },
	{ "replay", tayra__cmd_replay, "replay a trace of requests through eviction policies" },
	{ "serve", tayra__cmd_serve, "serve the cache to clients of the Redis protocol" },
	{ "showcase", tayra__cmd_showcase, "show on this machine what tayra gains, and what not" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
print_help(FILE *out)
{
	fputs("Usage: tayra COMMAND [ARGUMENT...]\n"
	      "A performance layer: cache, pace, prove.\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].sentence);
	fputs("\n  tayra COMMAND --help   what a command takes\n"
	      "  tayra --version        which tayra this is\n",
	      out);
}

static int
unknown(const char *name)
{
	const char *names[COMMANDS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	near = tayra__option_nearest(name, names);
	if (near)
		fprintf(stderr, "tayra: unknown command '%s' (did you mean '%s'?)\n", name, near);
	else
		fprintf(stderr, "tayra: unknown command '%s' (see tayra --help)\n", name);
	return TAYRA__EXIT_USAGE;
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/* Run it under the name "tayra X". */
static int
run(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "tayra %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

/* "tayra help", "tayra help X". */
static int
help(int argc, char **argv)
{
	char option[] = "--help";
	char *words[] = { NULL, option, NULL };

	if (argc < 3 || argv[1][0] == '-') {
		print_help(stdout);
		return TAYRA__EXIT_OK;
	}
	return find(argv[2]) ? run(find(argv[2]), 2, words) : unknown(argv[2]);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return TAYRA__EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(argc, argv);
	if (strcmp(argv[1], "--version") == 0) {
		printf("tayra %s\n", tayra_version());
		return TAYRA__EXIT_OK;
	}
	return find(argv[1]) ? run(find(argv[1]), argc - 1, argv + 1) : unknown(argv[1]);
}
