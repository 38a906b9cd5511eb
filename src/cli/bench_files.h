/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_files.h: the files that a report goes to, whatever it is of.
 */
#ifndef TAYRA_CLI_BENCH_FILES_H
#define TAYRA_CLI_BENCH_FILES_H

#include "report/sheet.h"

#include <stdio.h>

struct tayra__bench_files {
	const char *command;             /* in whose name is complained */
	const char *md_path, *html_path; /* NULL: none */
	void (*write)(const void *ctx, enum tayra__form form, FILE *out);
};

/* A file that cannot be written is found out before the work; path: NULL is fine.  => 0 or an exit
 * code after saying why. */
int tayra__bench_files_check(const char *command, const char *path);
/* The page is written anew; Markdown is added, for a summary has several parts.  => as above. */
int tayra__bench_files_write(const struct tayra__bench_files *files, const void *ctx);

#endif
