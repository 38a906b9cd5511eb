/* SPDX-License-Identifier: Apache-2.0 */
#include "config/document.h"

#include "base/line.h"
#include "base/mem.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

void
tayra__document_vcomplain(const struct tayra__document *document, const struct tayra__yaml *at,
			  char *error, size_t error_len, const char *format, va_list args)
{
	char what[480];

	vsnprintf(what, sizeof(what), format, args);
	tayra__line_flatten(what, '?'); /* names of the file may hold anything */
	if (at)
		snprintf(error, error_len, "%s:%u:%u: %s", document->file, at->line, at->column,
			 what);
	else
		snprintf(error, error_len, "%s: %s", document->file, what);
}

void
tayra__document_complain(const struct tayra__document *document, const struct tayra__yaml *at,
			 char *error, size_t error_len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tayra__document_vcomplain(document, at, error, error_len, format, args);
	va_end(args);
}

int
tayra__document_no_memory(char *error, size_t error_len)
{
	snprintf(error, error_len, "%s", tayra_status_text(TAYRA_E_NOMEM));
	return TAYRA_E_NOMEM;
}

/* The folder is "etc" of "etc/tayra.yaml", NULL of "tayra.yaml".  => false: no memory. */
static bool
remember_name(struct tayra__document *document, const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder;

	document->file = tayra__knob_texts_add(&document->texts, NULL, name);
	if (!document->file || !slash)
		return document->file;
	folder = (char *)tayra__knob_texts_add(&document->texts, NULL, name);
	if (folder)
		folder[slash - name + (slash == name)] = '\0';
	document->folder = folder;
	return folder;
}

int
tayra__document_parse(struct tayra__document *document, const char *name, const char *bytes,
		      size_t len, char *error, size_t error_len)
{
	struct tayra__yaml_error wrong;
	int status;

	if (!remember_name(document, name))
		return tayra__document_no_memory(error, error_len);
	status = tayra__yaml_parse(bytes, len, &wrong, &document->yaml);
	if (status != TAYRA_OK) {
		const struct tayra__yaml at = { .line = wrong.line, .column = wrong.column };

		tayra__document_complain(document, wrong.line ? &at : NULL, error, error_len, "%s",
					 wrong.text);
	}
	return status;
}

int
tayra__document_load(struct tayra__document *document, const char *path, char *error,
		     size_t error_len)
{
	FILE *file = fopen(path, "re");
	char *bytes;
	size_t len;
	int status;

	if (!file) {
		snprintf(error, error_len, "%s: %m", path);
		return TAYRA_E_IO;
	}
	/* One more than is allowed, so that too many are seen. */
	bytes = tayra__mem_alloc(TAYRA__YAML_BYTES + 1);
	if (!bytes) {
		fclose(file);
		return tayra__document_no_memory(error, error_len);
	}
	len = fread(bytes, 1, TAYRA__YAML_BYTES + 1, file);
	if (ferror(file)) {
		snprintf(error, error_len, "%s: %m", path);
		status = TAYRA_E_IO;
	} else {
		status = tayra__document_parse(document, path, bytes, len, error, error_len);
	}
	fclose(file);
	explicit_bzero(bytes, TAYRA__YAML_BYTES + 1); /* a password may be in it */
	tayra__mem_free(bytes);
	return status;
}

void
tayra__document_fini(struct tayra__document *document)
{
	tayra__yaml_free(document->yaml);
	tayra__knob_texts_free(&document->texts);
	*document = (struct tayra__document){ 0 };
}
