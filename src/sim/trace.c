/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/trace.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sim/format.h"
#include "sim/input.h"

const char *const tayra__trace_format_names[] = { "auto", "csv", "oraclegeneral", "twitter", NULL };

int
tayra__trace_fail(const struct tayra__trace *trace, struct tayra__trace_error *error, int status,
		  const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (trace->place == 0)
		snprintf(error->text, sizeof(error->text), "%.200s: %s", trace->name, what);
	else if (trace->place_word)
		snprintf(error->text, sizeof(error->text), "%.200s: %s %" PRIu64 ": %s",
			 trace->name, trace->place_word, trace->place, what);
	else
		snprintf(error->text, sizeof(error->text), "%.200s:%" PRIu64 ": %s", trace->name,
			 trace->place, what);
	return status;
}

int
tayra__trace_fail_input(const struct tayra__trace *trace, struct tayra__trace_error *error,
			int status)
{
	switch (status) {
	case TAYRA_E_IO: return tayra__trace_fail(trace, error, status, "%m");
	case TAYRA_E_CANCELLED: return tayra__trace_fail(trace, error, status, "interrupted");
	case TAYRA_E_CORRUPT:
		return tayra__trace_fail(trace, error, status,
					 "the zstd data is damaged or cut short here");
	case TAYRA_E_FULL:
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "the zstd data needs a window over 128 MiB: compress it "
					 "without --long");
	case TAYRA_E_UNSUPPORTED:
		return tayra__trace_fail(trace, error, status,
					 "compressed with zstd, which this build cannot read");
	case TAYRA_E_TOO_LARGE:
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "the line is longer than %d bytes", TAYRA__INPUT_LINE_MAX);
	default: return tayra__trace_fail(trace, error, status, "%s", tayra_status_text(status));
	}
}

int
tayra__trace_line(struct tayra__trace *trace, struct tayra__field *line,
		  struct tayra__trace_error *error)
{
	char *text;
	int status = tayra__input_line(trace->input, &text, &line->len);

	if (status == TAYRA_E_NOT_FOUND)
		return status;
	trace->place++;
	line->text = text;
	return status ? tayra__trace_fail_input(trace, error, status) : TAYRA_OK;
}

/* A text trace has no control bytes in its first line. */
static bool
looks_like_text(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len && bytes[i] != '\n'; i++)
		if (bytes[i] < 0x20 && bytes[i] != '\t' && bytes[i] != '\r')
			return false;
	return true;
}

static int
detect(struct tayra__trace *trace, enum tayra__trace_format *format,
       struct tayra__trace_error *error)
{
	const unsigned char *bytes;
	size_t len;
	int status = tayra__input_peek(trace->input, 1024, &bytes, &len);

	if (status)
		return tayra__trace_fail_input(trace, error, status);
	if (len == 0)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 strcmp(trace->name, "stdin") == 0 ? "nothing came"
									   : "the file is empty");
	if (*format != TAYRA__TRACE_AUTO)
		return TAYRA_OK;
	if (looks_like_text(bytes, len))
		*format = tayra__twitter_look(bytes, len) ? TAYRA__TRACE_TWITTER : TAYRA__TRACE_CSV;
	else if (tayra__oraclegeneral_look(bytes, len))
		*format = TAYRA__TRACE_ORACLEGENERAL;
	else
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "binary data in no trace format known here "
					 "(csv, oraclegeneral, twitter)");
	return TAYRA_OK;
}

int
tayra__trace_begin(struct tayra__input *input, const char *name, enum tayra__trace_format format,
		   struct tayra__trace **out, struct tayra__trace_error *error)
{
	struct tayra__trace *trace = tayra__mem_alloc(sizeof(*trace));
	char *copy = tayra__mem_strdup(name);
	int status;

	if (!trace || !copy) {
		tayra__mem_free(trace);
		tayra__mem_free(copy);
		tayra__input_close(input);
		return tayra__trace_fail(&(struct tayra__trace){ .name = "trace" }, error,
					 TAYRA_E_NOMEM, "%s", tayra_status_text(TAYRA_E_NOMEM));
	}
	trace->input = input;
	trace->name = trace->name_copy = copy;
	status = detect(trace, &format, error);
	if (!status)
		status = format == TAYRA__TRACE_CSV ? tayra__csv_begin(trace, error)
			 : format == TAYRA__TRACE_TWITTER
				 ? tayra__twitter_begin(trace, error)
				 : tayra__oraclegeneral_begin(trace, error);
	if (status)
		tayra__trace_close(trace);
	else
		*out = trace;
	return status;
}

int
tayra__trace_open(const char *path, enum tayra__trace_format format, struct tayra__trace **out,
		  struct tayra__trace_error *error)
{
	struct tayra__input *input;
	const struct tayra__trace nameless = { .name = path };
	int status = tayra__input_open(path, &input);

	*out = NULL;
	if (status)
		return tayra__trace_fail_input(&nameless, error, status);
	return tayra__trace_begin(input, strcmp(path, "-") == 0 ? "stdin" : path, format, out,
				  error);
}

int
tayra__trace_open_memory(const void *bytes, size_t len, const char *name,
			 enum tayra__trace_format format, struct tayra__trace **out,
			 struct tayra__trace_error *error)
{
	struct tayra__input *input;
	const struct tayra__trace nameless = { .name = name };
	int status = tayra__input_open_memory(bytes, len, &input);

	*out = NULL;
	if (status)
		return tayra__trace_fail_input(&nameless, error, status);
	return tayra__trace_begin(input, name, format, out, error);
}

void
tayra__trace_close(struct tayra__trace *trace)
{
	if (!trace)
		return;
	tayra__input_close(trace->input);
	tayra__mem_free(trace->name_copy);
	tayra__mem_free(trace);
}

unsigned
tayra__trace_columns(const struct tayra__trace *trace)
{
	return trace->columns;
}

uint64_t
tayra__trace_position(const struct tayra__trace *trace, uint64_t *total)
{
	return tayra__input_position(trace->input, total);
}

int
tayra__trace_next(struct tayra__trace *trace, struct tayra__trace_request *out,
		  struct tayra__trace_error *error)
{
	return trace->next(trace, out, error);
}
