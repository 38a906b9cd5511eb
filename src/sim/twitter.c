/* SPDX-License-Identifier: Apache-2.0
 *
 * twitter.c: the cluster traces of Yang et al., OSDI'20: seven columns, no header.
 */
#include "sim/format.h"

#include <tayra/base.h>

#include <string.h>

#include "base/hash.h"

#define COLUMNS 7

enum column { TIME, KEY, KEY_SIZE, VALUE_SIZE, CLIENT, OPERATION, TTL };

static const char *const what[COLUMNS] = {
	"the time",   "the key",       "the key size", "the value size",
	"the client", "the operation", "the TTL",
};

static bool
operation_known(struct tayra__field name)
{
	static const char *const operations[] = { "get",     "gets", "set",    "add",
						  "replace", "cas",  "append", "prepend",
						  "delete",  "incr", "decr" };

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strlen(operations[i]) == name.len &&
		    memcmp(operations[i], name.text, name.len) == 0)
			return true;
	return false;
}

/* Returns the first column that is not what it should be, COLUMNS if all are. */
static unsigned
parse(const struct tayra__field fields[COLUMNS], struct tayra__trace_request *out)
{
	uint64_t key_size, value_size;

	*out = (struct tayra__trace_request){ 0 };
	if (tayra__field_decimal(fields[TIME], &out->time_s))
		return TIME;
	if (fields[KEY].len == 0)
		return KEY;
	if (tayra__field_u64(fields[KEY_SIZE], &key_size) || key_size > UINT32_MAX)
		return KEY_SIZE;
	if (tayra__field_u64(fields[VALUE_SIZE], &value_size) || value_size > UINT32_MAX)
		return VALUE_SIZE;
	if (!operation_known(fields[OPERATION]))
		return OPERATION;
	if (tayra__field_decimal(fields[TTL], &out->ttl_s))
		return TTL;
	/* A fixed seed, so that the same trace gives the same keys everywhere. */
	out->key = tayra__hash_bytes(fields[KEY].text, fields[KEY].len, 0);
	out->key_text = fields[KEY].text;
	out->key_len = fields[KEY].len;
	out->size_bytes = key_size + value_size;
	if (fields[OPERATION].text[0] == 'd' && fields[OPERATION].len == 6)
		out->op = TAYRA__TRACE_DELETE;
	return COLUMNS;
}

enum tayra__format_look
tayra__twitter_look(const unsigned char *bytes, size_t len)
{
	const unsigned char *newline = memchr(bytes, '\n', len);
	struct tayra__field fields[COLUMNS];
	struct tayra__field line = { (const char *)bytes,
				     newline ? (size_t)(newline - bytes) : len };
	struct tayra__trace_request request;

	if (line.len > 0 && line.text[line.len - 1] == '\r')
		line.len--;
	return tayra__field_split(line, fields, COLUMNS) == COLUMNS &&
			       parse(fields, &request) == COLUMNS
		       ? TAYRA__FORMAT_YES
		       : TAYRA__FORMAT_NO;
}

static int
next(struct tayra__trace *trace, struct tayra__trace_request *out, struct tayra__trace_error *error)
{
	struct tayra__field line, fields[COLUMNS];
	size_t count;
	unsigned wrong;
	int status;

	do {
		status = tayra__trace_line(trace, &line, error);
		if (status)
			return status;
	} while (line.len == 0);
	count = tayra__field_split(line, fields, COLUMNS);
	if (count != COLUMNS)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "%zu columns where there should be %d", count, COLUMNS);
	wrong = parse(fields, out);
	if (wrong < COLUMNS)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT, "%s is not valid: %s",
					 what[wrong], tayra__field_quote(fields[wrong]).text);
	return TAYRA_OK;
}

int
tayra__twitter_begin(struct tayra__trace *trace, struct tayra__trace_error *error)
{
	trace->columns = TAYRA__TRACE_HAS_TTL | TAYRA__TRACE_HAS_DELETE;
	trace->next = next;
	return TAYRA_OK;
}
