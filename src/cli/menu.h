/* SPDX-License-Identifier: Apache-2.0
 *
 * menu.h: a command that is chosen among others by its name: tayra's commands, and the subcommands
 * of some of them.
 */
#ifndef TAYRA_CLI_MENU_H
#define TAYRA_CLI_MENU_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__menu_row {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is "tayra bench run"; returns an exit code */
	const char *sentence;
};

struct tayra__menu {
	const char *sentences; /* what they are about, in full lines */
	const struct tayra__menu_row *rows;
	size_t count;
	const char *more;  /* further lines of the help; NULL: none */
	bool check_output; /* see whether all could be printed; else the rows do */
};

/* Run the one that argv[1] names, or print the help: argv[0] is "tayra" or "tayra bench".
 * => an exit code. */
int tayra__menu_run(const struct tayra__menu *menu, int argc, char **argv);

#endif
