/* SPDX-License-Identifier: Apache-2.0
 *
 * command.h: a subcommand is a row of main.c's table and one cmd_X.c.
 */
#ifndef TAYRA_CLI_COMMAND_H
#define TAYRA_CLI_COMMAND_H

/* Exit codes that other tools rely on. */
enum tayra__exit {
	TAYRA__EXIT_OK = 0, /* done; same or better */
	TAYRA__EXIT_WORSE = 1,
	TAYRA__EXIT_USAGE = 2, /* usage, bad or missing input, output that cannot be written */
	TAYRA__EXIT_UNDECIDED = 3,
	TAYRA__EXIT_INVALID = 4, /* the measurement cannot be believed */
	TAYRA__EXIT_FAILURE = 5, /* internal or I/O */
	TAYRA__EXIT_INTERRUPTED = 130,
};

/* argv[0] is "tayra X".  Returns an exit code; has said why on stderr in one line. */
int tayra__cmd_bench(int argc, char **argv);
int tayra__cmd_pace(int argc, char **argv);
int tayra__cmd_replay(int argc, char **argv);
int tayra__cmd_serve(int argc, char **argv);
int tayra__cmd_showcase(int argc, char **argv);
int tayra__cmd_warm(int argc, char **argv);

#endif
