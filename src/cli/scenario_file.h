/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario_file.h: a scenario (drive/scenario.h) from YAML, in a plan or a file of its own, and the
 * data its requests take values from.
 */
#ifndef TAYRA_CLI_SCENARIO_FILE_H
#define TAYRA_CLI_SCENARIO_FILE_H

#include "config/document.h"
#include "drive/scenario.h"

struct tayra__scenario_file {
	struct tayra__scenario scenario; /* without kinds: none was given */
	struct tayra__rows rows;
	const char *data; /* NULL: none */
	double zipf;      /* the exponent */
};

/*
 * Take a setting of a document that stays: "scenario", a list of kinds or the path of a file with
 * one; "data", a path; both as seen from the document; "data_order".  What was taken before is
 * replaced.
 * => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM: `error` has one line with its place.
 */
int tayra__scenario_file_take(struct tayra__scenario_file *file, struct tayra__document *document,
			      const struct tayra__yaml *at, char *error, size_t error_len);
/* All of a document: a mapping with these settings, or the list of kinds alone.  => as above. */
int tayra__scenario_file_take_all(struct tayra__scenario_file *file,
				  struct tayra__document *document, char *error, size_t error_len);
/* Read a file of these settings, once for each process, into a document that stays.
 * => also TAYRA_E_IO. */
int tayra__scenario_file_read(struct tayra__scenario_file *file, const char *path, char *error,
			      size_t error_len);
/* "random", "sequence", "zipf:0.99".  => TAYRA_OK, TAYRA_E_INVAL: it is none of them. */
int tayra__scenario_file_order(struct tayra__scenario_file *file, const char *text);
/* All is taken: read the data.  => as above. */
int tayra__scenario_file_ready(struct tayra__scenario_file *file, char *error, size_t error_len);

#define TAYRA__SCENARIO_ORDERS "random, sequence or zipf:EXPONENT, as zipf:0.99"

#endif
