/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/menu.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "cli/command.h"

#define NAMES_MAX 16

static void
print_help(const struct tayra__menu *menu, const char *command, FILE *out)
{
	const char *kind = strchr(command, ' ') ? "[OPTION...]" : "[ARGUMENT...]";

	fprintf(out, "Usage: %s COMMAND %s\n%s\n", command, kind, menu->sentences);
	for (size_t i = 0; i < menu->count; i++)
		fprintf(out, "  %-10s %s\n", menu->rows[i].name, menu->rows[i].sentence);
	fprintf(out, "\n  %s COMMAND --help   what a command takes\n%s", command,
		menu->more ? menu->more : "");
}

static int
unknown(const struct tayra__menu *menu, const char *command, const char *name)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < menu->count && i < NAMES_MAX; i++)
		names[i] = menu->rows[i].name;
	near = tayra__option_nearest(name, names);
	if (near)
		tayra__cli_error(command, "unknown command '%s' (did you mean '%s'?)", name, near);
	else
		tayra__cli_error(command, "unknown command '%s' (see %s --help)", name, command);
	return TAYRA__EXIT_USAGE;
}

/* Under the name "tayra bench run". */
static int
run(const struct tayra__menu *menu, const struct tayra__menu_row *row, const char *command,
    int argc, char **argv)
{
	char name[64];
	int code;

	snprintf(name, sizeof(name), "%s %s", command, row->name);
	argv[0] = name;
	code = row->run(argc, argv);
	return menu->check_output ? tayra__cli_printed(name, code) : code;
}

static const struct tayra__menu_row *
find(const struct tayra__menu *menu, const char *name)
{
	for (size_t i = 0; i < menu->count; i++)
		if (strcmp(name, menu->rows[i].name) == 0)
			return &menu->rows[i];
	return NULL;
}

int
tayra__menu_run(const struct tayra__menu *menu, int argc, char **argv)
{
	char option[] = "--help";
	char *help[] = { NULL, option, NULL };
	const struct tayra__menu_row *row;
	const char *command = argv[0], *name = argv[1];
	bool of_one;

	if (argc < 2) {
		print_help(menu, command, stderr);
		return TAYRA__EXIT_USAGE;
	}
	of_one = strcmp(name, "help") == 0 && argc > 2;
	if (!of_one &&
	    (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)) {
		print_help(menu, command, stdout);
		return tayra__cli_printed(command, TAYRA__EXIT_OK);
	}
	if (of_one)
		name = argv[2];
	row = find(menu, name);
	if (!row)
		return unknown(menu, command, name);
	return of_one ? run(menu, row, command, 2, help)
		      : run(menu, row, command, argc - 1, argv + 1);
}
