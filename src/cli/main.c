/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: tayra's commands, as a table.  Each row is a cmd_X.c.
 */
#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/menu.h"

static const struct tayra__menu_row rows[] = {
	{ "bench", tayra__cmd_bench, "compare programs, with verdicts that can be trusted" },
	{ "pace", tayra__cmd_pace, "put limiters through simulated overload" },
	{ "replay", tayra__cmd_replay, "replay a trace of requests through eviction policies" },
	{ "serve", tayra__cmd_serve, "serve the cache to clients of the Redis protocol" },
	{ "showcase", tayra__cmd_showcase, "show on this machine what tayra gains, and what not" },
	{ "warm", tayra__cmd_warm, "have a running server load keys before they are asked for" },
};

static const struct tayra__menu menu = {
	.sentences = "A performance layer: cache, pace, prove.\n",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.more = "  tayra --version        which tayra this is\n",
};

int
main(int argc, char **argv)
{
	char name[] = "tayra";

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("tayra %s\n", tayra_version());
		return tayra__cli_printed(name, TAYRA__EXIT_OK);
	}
	if (argc > 0)
		argv[0] = name;
	return tayra__menu_run(&menu, argc, argv);
}
