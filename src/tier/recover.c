/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

int
tayra__tier_complain(const struct tayra__tier_complaint *to, int status, const char *format, ...)
{
	int why = errno, n;
	va_list args;

	if (!to->text || to->len == 0)
		return status;
	n = snprintf(to->text, to->len, "%s: ", to->path);
	if (n < 0 || (size_t)n >= to->len)
		return status;
	va_start(args, format);
	errno = why; /* for %m */
	vsnprintf(to->text + n, to->len - (size_t)n, format, args);
	va_end(args);
	return status;
}

/* What is in the directory. */
struct survey {
	uint32_t *numbers; /* of segments */
	uint32_t count, capacity;
	char stranger[64];
	int status;
};

static bool
segment_number(const char *name, uint32_t *number)
{
	char again[TAYRA__SEGMENT_NAME_MAX];
	char *end;
	unsigned long n;

	if (strncmp(name, "segment-", 8) != 0 || strlen(name) != 16)
		return false;
	n = strtoul(name + 8, &end, 16);
	*number = (uint32_t)n;
	tayra__segment_name(*number, again);
	return strcmp(name, again) == 0;
}

static bool
note_number(struct survey *survey, uint32_t number)
{
	if (survey->count == survey->capacity) {
		uint32_t capacity = survey->capacity ? survey->capacity * 2 : 64;
		void *larger = tayra__mem_resize(survey->numbers,
						 capacity * sizeof(survey->numbers[0]));

		if (!larger) {
			survey->status = TAYRA_E_NOMEM;
			return false;
		}
		survey->numbers = larger;
		survey->capacity = capacity;
	}
	survey->numbers[survey->count++] = number;
	return true;
}

static bool
look_at(void *arg, const char *name)
{
	struct survey *survey = arg;
	uint32_t number;

	if (strcmp(name, TAYRA__STATE_NAME) == 0 || strcmp(name, TAYRA__STATE_NEW_NAME) == 0 ||
	    strcmp(name, "lost+found") == 0)
		return true;
	if (segment_number(name, &number))
		return note_number(survey, number);
	snprintf(survey->stranger, sizeof(survey->stranger), "%s", name);
	survey->status = TAYRA_E_INVAL;
	return false;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int
take_survey(const struct tayra__log *log, struct survey *survey,
	    const struct tayra__tier_complaint *complaint)
{
	if (log->io->list(log->io->ctx, log->dir, look_at, survey) < 0)
		return tayra__tier_complain(complaint, TAYRA_E_IO, "cannot be listed: %m");
	if (survey->status == TAYRA_E_INVAL)
		return tayra__tier_complain(
			complaint, TAYRA_E_INVAL,
			"'%s' is not of this tier: it wants a directory of its own",
			survey->stranger);
	if (survey->count)
		qsort(survey->numbers, survey->count, sizeof(survey->numbers[0]), by_number);
	return survey->status;
}

static int
remove_segment(const struct tayra__log *log, uint32_t number)
{
	char name[TAYRA__SEGMENT_NAME_MAX];

	tayra__segment_name(number, name);
	if (log->io->unlink(log->io->ctx, log->dir, name) < 0 && errno != ENOENT)
		return TAYRA_E_IO;
	return TAYRA_OK;
}

struct rebuild {
	struct tayra__log *log;
	uint32_t number;
};

static int
enter(void *arg, const struct tayra__record *record, uint32_t at)
{
	const struct rebuild *r = arg;
	struct tayra__place place = {
		.segment = r->number,
		.offset = at,
		.size = (uint32_t)tayra__record_size(record->key_len, record->value_len),
	};
	int status;

	/* What has expired stays in: a remove of it must be written down, clocks being as they are.
	 */
	if (record->kind == TAYRA__RECORD_DELETE) {
		tayra__tier_index_remove(&r->log->index, record->hash);
		return TAYRA_OK;
	}
	status = tayra__tier_index_reserve(&r->log->index, record->hash);
	if (status == TAYRA_OK)
		tayra__tier_index_set(&r->log->index, record->hash, &place);
	return status;
}

enum verdict {
	KEEP,       /* and so is what came before it */
	KEEP_ALONE, /* what came before it is in doubt */
	DISCARD,    /* and with it what came before */
	UNBORN,     /* nothing was in it yet: its number is free */
};

/* Judge by the header whether the segment goes on where the log ends. */
static int
judge_header(const struct tayra__log *log, int fd, uint32_t number, uint64_t size, bool last,
	     struct tayra__segment_header *header, enum verdict *out)
{
	int status;

	if (size < sizeof(*header)) {
		*out = last ? UNBORN : DISCARD;
		return TAYRA_OK;
	}
	status = tayra__io_read_all(log->io, fd, header, sizeof(*header), 0);
	if (status != TAYRA_OK)
		return TAYRA_E_IO;
	if (!tayra__segment_header_sound(header) || header->log != log->id ||
	    header->number != number)
		*out = DISCARD;
	else if (log->count &&
		 (header->number != log->next_number || header->first_sequence != log->sequence))
		*out = KEEP_ALONE;
	else
		*out = KEEP;
	return TAYRA_OK;
}

/* Read one open segment into the log, which takes fd over unless it fails or *out says otherwise.
 */
static int
read_segment(struct rebuild *r, int fd, bool last, enum verdict *out)
{
	struct tayra__log *log = r->log;
	struct tayra__segment_header header;
	struct tayra__scan scan = { .io = log->io, .fd = fd, .log = log->id };
	int64_t size = log->io->size(log->io->ctx, fd);
	int status;

	if (size < 0)
		return TAYRA_E_IO;
	status = judge_header(log, fd, r->number, (uint64_t)size, last, &header, out);
	if (status != TAYRA_OK || *out == DISCARD || *out == UNBORN)
		return status;
	if (*out == KEEP_ALONE && tayra__log_drop(log, log->count) != TAYRA_OK)
		return TAYRA_E_IO;
	scan.size = (uint64_t)size;
	scan.sequence = header.first_sequence;
	scan.at = sizeof(header);
	status = tayra__scan_run(&scan, enter, r);
	if (status != TAYRA_OK)
		return status;
	log->sequence = scan.sequence;
	if (scan.end == TAYRA__SCAN_BAD) {
		tayra__tier_index_drop(&log->index, r->number, 1);
		*out = DISCARD;
		return TAYRA_OK;
	}
	/* Before the end of the log this is a hole as well, which the next segment shows. */
	if (scan.end == TAYRA__SCAN_TORN && log->io->truncate(log->io->ctx, fd, scan.at) < 0)
		return TAYRA_E_IO;
	return tayra__log_add(log, fd, r->number, scan.at);
}

/* Leaves log->next_number behind it, unless it was not there yet: a gap in the numbers is a segment
 * that is lost. */
static int
take_in(struct rebuild *r, bool last)
{
	struct tayra__log *log = r->log;
	char name[TAYRA__SEGMENT_NAME_MAX];
	enum verdict verdict = DISCARD;
	int fd, status;

	tayra__segment_name(r->number, name);
	fd = log->io->open(log->io->ctx, log->dir, name, O_RDWR | log->write_flags);
	if (fd < 0)
		return TAYRA_E_IO;
	status = read_segment(r, fd, last, &verdict);
	if (status == TAYRA_OK && (verdict == KEEP || verdict == KEEP_ALONE))
		return TAYRA_OK;
	log->io->close(log->io->ctx, fd);
	if (status != TAYRA_OK)
		return status;
	if (verdict == DISCARD && tayra__log_drop(log, log->count) != TAYRA_OK)
		return TAYRA_E_IO;
	if (verdict == DISCARD && (int32_t)(r->number - log->next_number) >= 0)
		log->next_number = r->number + 1;
	return remove_segment(log, r->number);
}

static int
read_all(struct tayra__log *log, const struct survey *survey)
{
	struct rebuild r = { .log = log };

	for (uint32_t i = 0; i < survey->count; i++) {
		int status;

		r.number = survey->numbers[i];
		status = take_in(&r, i + 1 == survey->count);
		if (status != TAYRA_OK)
			return status;
	}
	return TAYRA_OK;
}

/* Everything goes, and a new identity makes sure that nothing of it can be taken for ours. */
static int
start_anew(struct tayra__log *log, const struct survey *survey)
{
	if (log->count && tayra__log_drop(log, log->count) != TAYRA_OK)
		return TAYRA_E_IO;
	for (uint32_t i = 0; i < survey->count; i++)
		if (remove_segment(log, survey->numbers[i]) != TAYRA_OK)
			return TAYRA_E_IO;
	log->id = tayra__hash_random_seed();
	log->next_number = 1;
	log->sequence = 1;
	return TAYRA_OK;
}

/* Whether all that was written can have reached the disk. */
static bool
trustworthy(const struct tayra__state *state, uint64_t boot)
{
	return state->clean || state->durable || (boot != 0 && state->boot == boot);
}

static int
fill(struct tayra__log *log, const struct survey *survey, const struct tayra__state *state,
     bool trusted)
{
	int status;

	if (!trusted)
		return start_anew(log, survey);
	log->id = state->log;
	log->sequence = 1;
	log->next_number = 1;
	status = read_all(log, survey);
	if (status == TAYRA_OK && state->clean && log->sequence != state->sequence)
		status = start_anew(log, survey); /* its newest part is not there */
	while (status == TAYRA_OK && log->count &&
	       (log->bytes > log->limit_bytes || log->index.count > log->items_max))
		status = tayra__log_drop(log, 1);
	return status;
}

static int
identify(const struct tayra__log *log, const struct survey *survey, struct tayra__state *state,
	 const struct tayra__tier_complaint *complaint)
{
	int status = tayra__state_read(log->io, log->dir, state);

	switch (status) {
	case TAYRA_E_NOT_FOUND:
		if (survey->count == 0)
			return status;
		return tayra__tier_complain(complaint, TAYRA_E_INVAL,
					    "has segments, but no file " TAYRA__STATE_NAME);
	case TAYRA_E_INVAL:
		return tayra__tier_complain(complaint, status,
					    TAYRA__STATE_NAME " is not a file of this tier");
	case TAYRA_E_UNSUPPORTED:
		return tayra__tier_complain(complaint, status,
					    "is of format %u, and this build knows format %u",
					    state->format, TAYRA__TIER_FORMAT);
	case TAYRA_E_IO:
		return tayra__tier_complain(complaint, status,
					    TAYRA__STATE_NAME " cannot be read: %m");
	default: return status; /* TAYRA_OK, TAYRA_E_CORRUPT */
	}
}

static int
claim(struct tayra__log *log, uint64_t boot)
{
	struct tayra__state state = {
		.durable = log->write_flags != 0,
		.log = log->id,
		.boot = boot,
	};

	/* What was not durable until now has to be, before it is called so. */
	if (state.durable && tayra__log_sync(log) != TAYRA_OK)
		return TAYRA_E_IO;
	return tayra__state_write(log->io, log->dir, &state);
}

int
tayra__recover(struct tayra__log *log, uint64_t boot, const struct tayra__tier_complaint *complaint)
{
	struct survey survey = { 0 };
	struct tayra__state state;
	int status = take_survey(log, &survey, complaint);
	bool trusted;

	if (status == TAYRA_OK)
		status = identify(log, &survey, &state, complaint);
	trusted = status == TAYRA_OK && trustworthy(&state, boot);
	if (status == TAYRA_OK || status == TAYRA_E_NOT_FOUND || status == TAYRA_E_CORRUPT) {
		status = fill(log, &survey, &state, trusted);
		if (status == TAYRA_OK)
			status = claim(log, boot);
		if (status == TAYRA_E_IO)
			tayra__tier_complain(complaint, status, "cannot be read or written: %m");
	}
	tayra__mem_free(survey.numbers);
	return status;
}

int
tayra__recover_check(const struct tayra__log *log, const struct tayra__tier_complaint *complaint)
{
	struct survey survey = { 0 };
	struct tayra__state state;
	int status = take_survey(log, &survey, complaint);

	if (status == TAYRA_OK)
		status = identify(log, &survey, &state, complaint);
	tayra__mem_free(survey.numbers);
	/* An empty one is begun, a damaged one begun anew. */
	return status == TAYRA_E_NOT_FOUND || status == TAYRA_E_CORRUPT ? TAYRA_OK : status;
}
