/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/history.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "prove/history_plain.h"

#define TEXT(name)                                                                                 \
	{                                                                                          \
#name, offsetof(struct tayra__history_row, name),                                  \
			sizeof(((struct tayra__history_row *)0)->name)                             \
	}
#define NUMBER(name)                                                                               \
	{                                                                                          \
#name, offsetof(struct tayra__history_row, name), 0                                \
	}

/* clang-format off */
const struct tayra__history_field tayra__history_fields[] = {
	TEXT(run), TEXT(time), TEXT(bench), TEXT(commit), TEXT(a), TEXT(b), TEXT(metric), TEXT(unit),
	TEXT(verdict),
	NUMBER(a_value), NUMBER(b_value), NUMBER(ratio), NUMBER(lo), NUMBER(hi), NUMBER(p), NUMBER(mde),
	NUMBER(margin), NUMBER(aa_ratio),
};
/* clang-format on */
_Static_assert(sizeof(tayra__history_fields) / sizeof(tayra__history_fields[0]) ==
		       TAYRA__HISTORY_FIELDS,
	       "TAYRA__HISTORY_FIELDS says how many there are");

static void
write_pairs(struct tayra__json *json, const char *key, const double *pairs, uint32_t n)
{
	tayra__json_array(json, key);
	for (uint32_t i = 0; i < n; i++)
		tayra__json_double(json, NULL, pairs[i], 6);
	tayra__json_end(json);
}

static double
number_at(const char *at)
{
	double number;

	memcpy(&number, at, sizeof(number));
	return number;
}

static int
write_row(FILE *out, const struct tayra__history_row *row)
{
	struct tayra__json json;

	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_u64(&json, "v", TAYRA__HISTORY_VERSION);
	tayra__json_string(&json, "kind", "verdict");
	for (size_t i = 0; i < TAYRA__HISTORY_FIELDS; i++) {
		const char *at = (const char *)row + tayra__history_fields[i].offset;

		if (tayra__history_fields[i].room)
			tayra__json_string(&json, tayra__history_fields[i].name, at);
		else
			tayra__json_double(&json, tayra__history_fields[i].name, number_at(at), 9);
	}
	tayra__json_string(&json, "better", row->higher_is_better ? "higher" : "lower");
	tayra__json_u64(&json, "pairs", row->pairs);
	tayra__json_u64(&json, "seed", row->seed);
	if (row->pairs_kept && row->pairs_kept <= TAYRA__HISTORY_PAIRS) {
		write_pairs(&json, "a_pairs", row->a_pairs, row->pairs_kept);
		write_pairs(&json, "b_pairs", row->b_pairs, row->pairs_kept);
	}
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

/* Does the file end in the middle of a line? */
static bool
is_cut_off(int fd)
{
	struct stat about;
	char last = '\n';

	return fstat(fd, &about) == 0 && about.st_size > 0 &&
	       pread(fd, &last, 1, about.st_size - 1) == 1 && last != '\n';
}

static int
append_bytes(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666), error;
	ssize_t wrote;

	if (fd < 0)
		return TAYRA_E_IO;
	/* bytes begin with a line end, for when it is needed. */
	if (!is_cut_off(fd)) {
		bytes++;
		len--;
	}
	wrote = write(fd, bytes, len);
	error = wrote < 0 ? errno : (size_t)wrote < len ? ENOSPC : 0;
	/* What has no disk behind it (a pipe, a device) cannot be synced and need not. */
	if (!error && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		error = errno;
	if (close(fd) < 0 && !error)
		error = errno;
	errno = error;
	return error ? TAYRA_E_IO : TAYRA_OK;
}

int
tayra__history_append(const char *path, const struct tayra__history_row *row)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	int status;

	if (!out)
		return TAYRA_E_NOMEM;
	fputc('\n', out);
	status = write_row(out, row) < 0 ? TAYRA_E_NOMEM : TAYRA_OK;
	if (fclose(out) != 0)
		status = TAYRA_E_NOMEM;
	if (status == TAYRA_OK)
		status = append_bytes(path, bytes, len);
	free(bytes);
	return status;
}

/* A line being understood. */
struct line {
	const struct tayra__history_reader *reader;
	struct tayra__history_count *count;
	const char *name;
	uint64_t number;
	struct tayra__history_row row;
	double *pairs; /* room for both arms' */
};

__attribute__((format(printf, 2, 3))) static void
pass_over(struct line *line, const char *format, ...)
{
	char what[200], text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	line->count->passed_over++;
	snprintf(text, sizeof(text), "%.120s:%llu: %s", line->name,
		 (unsigned long long)line->number, what);
	if (line->reader->note)
		line->reader->note(line->reader->ctx, text);
}

/* What is wrong with a line: which field, and whether because it is below 0.  No metric is, nor
 * what is said about one: times, counts, shares, ratios and their ends. */
struct fault {
	const char *field; /* NULL: nothing is */
	bool negative;
};

static struct fault
take_fields(const json_t *object, struct tayra__history_row *row)
{
	for (size_t i = 0; i < TAYRA__HISTORY_FIELDS; i++) {
		const json_t *value = json_object_get(object, tayra__history_fields[i].name);
		char *at = (char *)row + tayra__history_fields[i].offset;
		double number;

		if (tayra__history_fields[i].room) {
			if (!json_is_string(value) ||
			    json_string_length(value) >= tayra__history_fields[i].room ||
			    strlen(json_string_value(value)) != json_string_length(value))
				return (struct fault){ tayra__history_fields[i].name, false };
			memcpy(at, json_string_value(value), json_string_length(value) + 1);
			continue;
		}
		if (!json_is_number(value) && !json_is_null(value))
			return (struct fault){ tayra__history_fields[i].name, false };
		number = json_is_null(value) ? nan("") : json_number_value(value);
		if (isinf(number))
			return (struct fault){ tayra__history_fields[i].name, false };
		if (number < 0)
			return (struct fault){ tayra__history_fields[i].name, true };
		memcpy(at, &number, sizeof(number));
	}
	return (struct fault){ NULL, false };
}

static bool
take_whole(const json_t *object, const char *name, uint64_t most, uint64_t *out)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > most)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

/* How many numbers the array holds; 0 when it is none, or not all are finite numbers. */
static uint32_t
take_pairs(const json_t *array, double *out, bool *negative)
{
	size_t n = json_array_size(array);

	if (n > TAYRA__HISTORY_PAIRS)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(array, i);

		if (!json_is_number(value) || !isfinite(json_number_value(value)))
			return 0;
		out[i] = json_number_value(value);
		*negative |= out[i] < 0;
	}
	return (uint32_t)n;
}

/* What the arms showed, pair by pair; that is not there of every line. */
static struct fault
take_both(const json_t *object, double *pairs, uint32_t *kept)
{
	bool negative[2] = { false, false };
	uint32_t of_b;

	*kept = take_pairs(json_object_get(object, "a_pairs"), pairs, &negative[0]);
	of_b = take_pairs(json_object_get(object, "b_pairs"), pairs + TAYRA__HISTORY_PAIRS,
			  &negative[1]);
	if (of_b != *kept)
		*kept = 0;
	return (struct fault){ negative[0] ? "a_pairs" : negative[1] ? "b_pairs" : NULL, true };
}

static struct fault
take_rest(const json_t *object, struct tayra__history_row *row)
{
	const char *better = json_string_value(json_object_get(object, "better"));
	uint64_t pairs = 0;

	if (!take_whole(object, "pairs", UINT32_MAX, &pairs))
		return (struct fault){ "pairs", false };
	row->pairs = (uint32_t)pairs;
	if (!take_whole(object, "seed", INT64_MAX, &row->seed))
		return (struct fault){ "seed", false };
	if (!better || (strcmp(better, "lower") != 0 && strcmp(better, "higher") != 0))
		return (struct fault){ "better", false };
	row->higher_is_better = better[0] == 'h';
	return (struct fault){ NULL, false };
}

static bool
take_row(struct line *line, const json_t *object)
{
	struct tayra__history_row *row = &line->row;
	struct fault fault;

	memset(row, 0, sizeof(*row));
	row->a_pairs = line->pairs;
	row->b_pairs = line->pairs + TAYRA__HISTORY_PAIRS;
	fault = take_fields(object, row);
	if (!fault.field)
		fault = take_rest(object, row);
	if (!fault.field)
		fault = take_both(object, line->pairs, &row->pairs_kept);
	if (fault.field) {
		pass_over(line,
			  fault.negative ? "'%s' is below 0, which no figure is"
					 : "'%s' is missing or not what it should be",
			  fault.field);
		return true;
	}
	line->count->rows++;
	return line->reader->row(line->reader->ctx, row);
}

/* false: the reader has had enough. */
static bool
take_line(struct line *line, const char *text, size_t len)
{
	json_error_t error;
	json_t *object;
	const char *kind;
	uint64_t version = 0;
	bool more = true;

	if (tayra__history_plain(text, len, &line->row, line->pairs)) {
		line->count->rows++;
		return line->reader->row(line->reader->ctx, &line->row);
	}
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	kind = json_string_value(json_object_get(object, "kind"));
	if (!json_is_object(object))
		pass_over(line, "not a line of JSON, or one that was cut off");
	else if (!take_whole(object, "v", UINT32_MAX, &version) || version == 0 || !kind)
		pass_over(line, "not a line of a history: 'v' or 'kind' is missing");
	else if (version > TAYRA__HISTORY_VERSION)
		pass_over(line, "version %llu is newer than this tayra",
			  (unsigned long long)version);
	else if (strcmp(kind, "verdict") == 0)
		more = take_row(line, object);
	json_decref(object);
	return more;
}

/* The rest of a line that is too long.  False at the end of the file. */
static bool
skip_line(FILE *in)
{
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		continue;
	return c != EOF;
}

/* One line into text; its length, or -1 at the end of the file or of what can be read of it. */
static long
next_line(FILE *in, char *text)
{
	size_t len = 0;
	int c;

	while (len < TAYRA__HISTORY_LINE_MAX && (c = getc_unlocked(in)) != EOF && c != '\n')
		text[len++] = (char)c;
	return len == 0 && (feof(in) || ferror(in)) ? -1 : (long)len;
}

int
tayra__history_read(FILE *in, const char *name, const struct tayra__history_reader *reader,
		    struct tayra__history_count *count)
{
	struct line line = { .reader = reader, .count = count, .name = name };
	char *text = tayra__mem_alloc(TAYRA__HISTORY_LINE_MAX + 1);
	bool more = true;
	int status = TAYRA_OK;
	long len;

	*count = (struct tayra__history_count){ 0 };
	line.pairs = tayra__mem_array(2 * TAYRA__HISTORY_PAIRS, sizeof(*line.pairs));
	if (!text || !line.pairs)
		status = TAYRA_E_NOMEM;
	while (status == TAYRA_OK && more && (len = next_line(in, text)) >= 0) {
		line.number++;
		if (len == TAYRA__HISTORY_LINE_MAX) {
			pass_over(&line, "longer than 64 KiB");
			more = skip_line(in);
		} else if (len > 0) {
			more = take_line(&line, text, (size_t)len);
		}
	}
	if (status == TAYRA_OK && ferror(in))
		status = TAYRA_E_IO;
	tayra__mem_free(line.pairs);
	tayra__mem_free(text);
	return status;
}
