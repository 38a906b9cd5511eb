/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_pace.c: `tayra pace`: its subcommands; there is one.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/pace.h"

static void
print_help(FILE *out)
{
	fputs("Usage: tayra pace COMMAND [ARGUMENT...]\n"
	      "How many requests a backend gets at once, and which is next.\n\n"
	      "  sim        put limiters through simulated overload, the same for all\n"
	      "\n  tayra pace COMMAND --help   what a command takes\n",
	      out);
}

int
tayra__cmd_pace(int argc, char **argv)
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
	if (strcmp(argv[1], "sim") != 0) {
		tayra__cli_error(argv[0], "unknown command '%s' (there is: sim)", argv[1]);
		return TAYRA__EXIT_USAGE;
	}
	snprintf(name, sizeof(name), "%s sim", argv[0]);
	argv[1] = name;
	return tayra__pace_sim(argc - 1, argv + 1);
}
