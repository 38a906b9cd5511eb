/* SPDX-License-Identifier: Apache-2.0
 *
 * outputs.h: the files of a run in their directory.  Opened before the work, because a minute of
 * measuring must not end in "permission denied"; each is written beside its name and then renamed,
 * so that a reader never sees half a file.
 */
#ifndef TAYRA_SHOWCASE_OUTPUTS_H
#define TAYRA_SHOWCASE_OUTPUTS_H

#include <stddef.h>
#include <stdio.h>

struct tayra__results;

enum tayra__output {
	TAYRA__OUTPUT_JSON,
	TAYRA__OUTPUT_HTML,
	TAYRA__OUTPUT_MD,
	TAYRA__OUTPUT_PORTFOLIO,
	TAYRA__OUTPUTS,
};

struct tayra__outputs {
	FILE *file[TAYRA__OUTPUTS];
	char part[TAYRA__OUTPUTS][4096], path[TAYRA__OUTPUTS][4096];
};

/* Make the directory if it is not there, and open.  => TAYRA_OK; TAYRA_E_INVAL with one line in
 * `error`, and nothing left behind but the directory. */
int tayra__outputs_open(struct tayra__outputs *outputs, const char *dir, char *error,
			size_t error_len);
/* Write and close all.  => TAYRA_OK; TAYRA_E_IO and others with one line in `error`. */
int tayra__outputs_write(struct tayra__outputs *outputs, const struct tayra__results *results,
			 char *error, size_t error_len);
/* Close and remove what is open. */
void tayra__outputs_discard(struct tayra__outputs *outputs);

#endif
