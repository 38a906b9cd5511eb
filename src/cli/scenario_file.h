/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario_file.h: a mix of requests from a YAML file, with the data they are filled in with.
 */
#ifndef TAYRA_CLI_SCENARIO_FILE_H
#define TAYRA_CLI_SCENARIO_FILE_H

#include "config/document.h"
#include "drive/mix.h"

struct tayra__scenario_file {
	struct tayra__mix mix; /* points into the rest */
	struct tayra__rows rows;
	struct tayra__document document;
};

/*
 * Read it into a zeroed struct, and the data it names, or `data` instead unless NULL.
 * => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_IO, TAYRA_E_UNSUPPORTED: `error` has one line,
 *    "FILE:LINE:COLUMN: what".  Needs fini in any case.
 */
int tayra__scenario_file_load(struct tayra__scenario_file *file, const char *path, const char *data,
			      char *error, size_t error_len);
void tayra__scenario_file_fini(struct tayra__scenario_file *file);

#endif
