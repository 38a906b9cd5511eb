/* SPDX-License-Identifier: Apache-2.0
 *
 * document.h: a YAML file that was read, with all that its settings point into.
 */
#ifndef TAYRA_CONFIG_DOCUMENT_H
#define TAYRA_CONFIG_DOCUMENT_H

#include <stdarg.h>
#include <stddef.h>

#include "base/knob.h"
#include "config/yaml.h"

struct tayra__document {
	const char *file;   /* as errors name it; NULL: none was read */
	const char *folder; /* paths in it are as seen from there; NULL: from where we are */
	struct tayra__yaml *yaml;
	struct tayra__knob_texts texts;
};

/*
 * Parse, once, into a zeroed document.  `name` is what errors call it, and its folder is that of
 * the paths.  => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_UNSUPPORTED: `error` is one line,
 * with "NAME:LINE:COLUMN: " where that is known.
 */
int tayra__document_parse(struct tayra__document *document, const char *name, const char *bytes,
			  size_t len, char *error, size_t error_len);
/* The same from a file.  => also TAYRA_E_IO. */
int tayra__document_load(struct tayra__document *document, const char *path, char *error,
			 size_t error_len);
/* Also after a failure, and of one that was never read. */
void tayra__document_fini(struct tayra__document *document);

/* "NAME:LINE:COLUMN: what" into error; at NULL: nowhere in particular. */
__attribute__((format(printf, 5, 6))) void
tayra__document_complain(const struct tayra__document *document, const struct tayra__yaml *at,
			 char *error, size_t error_len, const char *format, ...);
__attribute__((format(printf, 5, 0))) void
tayra__document_vcomplain(const struct tayra__document *document, const struct tayra__yaml *at,
			  char *error, size_t error_len, const char *format, va_list args);

/* What there is to say without memory.  => TAYRA_E_NOMEM, always. */
int tayra__document_no_memory(char *error, size_t error_len);

#endif
