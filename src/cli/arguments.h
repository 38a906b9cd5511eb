/* SPDX-License-Identifier: Apache-2.0
 *
 * arguments.h: argp, with our manners: an error is one line that names what is wrong, and the exit
 * code is TAYRA__EXIT_USAGE.
 */
#ifndef TAYRA_CLI_ARGUMENTS_H
#define TAYRA_CLI_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* "COMMAND: what" on stderr, in one line. */
__attribute__((format(printf, 2, 3))) void tayra__cli_error(const char *command, const char *format,
							    ...);

/* After the last word on stdout => `code`, or TAYRA__EXIT_USAGE after saying that not all of it
 * could be written. */
int tayra__cli_printed(const char *command, int code);

/*
 * Parse into `input`.  An argp parser that refuses a value has said why with tayra__cli_error()
 * and returns EINVAL; options argp does not know are reported here, with the nearest that it does.
 * --help prints and exits 0.  => 0 or TAYRA__EXIT_USAGE.
 */
int tayra__cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Is it the file, too, that `input` is read from ("-": standard input)?  For outputs: opening one
 * would empty it. */
bool tayra__cli_same_file(const char *output, const char *input);

/* The index of `text` in `names` (ended by NULL), or -1 after saying "--OPTION 'text' is not ...".
 */
int tayra__cli_choice(const char *command, const char *option, const char *text,
		      const char *const *names);

#endif
