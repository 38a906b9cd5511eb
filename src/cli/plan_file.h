/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_file.h: a subcommand's options from a YAML file: a setting is an option's long name, where
 * '-' may be '_'.
 */
#ifndef TAYRA_CLI_PLAN_FILE_H
#define TAYRA_CLI_PLAN_FILE_H

#include <argp.h>

struct tayra__document;
struct tayra__yaml;

struct tayra__plan_map {
	const char *name;
	int key;
};

/* How a setting reaches what is being filled. */
struct tayra__plan_file {
	const struct argp_option *table;
	/* `where` stands in front of complaints: "plan.yaml:3:1".  => 0, or not, having complained.
	 */
	int (*take)(void *ctx, const char *where, int key, char *value);
	/* "arms" and the like: a mapping of names to values, each taken as "NAME=VALUE"; ended by
	 * NULL. */
	const struct tayra__plan_map *maps;
	/* Settings that are no option, or more than text; ended by NULL.  take_part says why not
	 * in `error`. => 0, or not. */
	const char *const *parts;
	int (*take_part)(void *ctx, struct tayra__document *document, const struct tayra__yaml *at,
			 char *error, size_t error_len);
	void *ctx;
};

/*
 * Read it, once for each process: what the values point into stays.
 * => 0, or TAYRA__EXIT_USAGE after saying "COMMAND: FILE:LINE:COLUMN: what".
 */
int tayra__plan_file_read(const struct tayra__plan_file *plan, const char *command,
			  const char *path);

#endif
