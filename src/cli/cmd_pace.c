/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_pace.c: `tayra pace`: its subcommands; there is one.
 */
#include "cli/command.h"

#include "cli/menu.h"
#include "cli/pace.h"

static const struct tayra__menu_row rows[] = {
	{ "sim", tayra__pace_sim, "put limiters through simulated overload, the same for all" },
};

static const struct tayra__menu menu = {
	.sentences = "How many requests a backend gets at once, and which is next.\n",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};

int
tayra__cmd_pace(int argc, char **argv)
{
	return tayra__menu_run(&menu, argc, argv);
}
