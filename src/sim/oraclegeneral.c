/* SPDX-License-Identifier: Apache-2.0
 *
 * oraclegeneral.c: libCacheSim's binary trace: records of 24 bytes, little-endian.
 */
#include "sim/format.h"

#include <tayra/base.h>

#include "sim/input.h"

#define RECORD_BYTES 24

struct record {
	uint32_t time_s;
	uint64_t key;
	uint32_t size_bytes;
	int64_t next; /* index of the key's next request; negative or huge: none */
};

static uint64_t
little_endian(const unsigned char *bytes, unsigned count)
{
	uint64_t value = 0;

	while (count-- > 0)
		value = value << 8 | bytes[count];
	return value;
}

static struct record
decode(const unsigned char *bytes)
{
	return (struct record){
		.time_s = (uint32_t)little_endian(bytes, 4),
		.key = little_endian(bytes + 4, 8),
		.size_bytes = (uint32_t)little_endian(bytes + 12, 4),
		.next = (int64_t)little_endian(bytes + 16, 8),
	};
}

/* Every whole record shown has a time that does not go back, and a next use after itself. */
enum tayra__format_look
tayra__oraclegeneral_look(const unsigned char *bytes, size_t len)
{
	uint32_t time_s = 0;

	if (len < RECORD_BYTES)
		return TAYRA__FORMAT_NO;
	for (size_t i = 0; (i + 1) * RECORD_BYTES <= len; i++) {
		struct record record = decode(bytes + i * RECORD_BYTES);

		if (record.time_s < time_s || record.next < -2 ||
		    (record.next >= 0 && (uint64_t)record.next <= i))
			return TAYRA__FORMAT_NO;
		time_s = record.time_s;
	}
	return TAYRA__FORMAT_YES;
}

static int
next(struct tayra__trace *trace, struct tayra__trace_request *out, struct tayra__trace_error *error)
{
	const unsigned char *bytes;
	struct record record;
	size_t len;
	int status = tayra__input_take(trace->input, RECORD_BYTES, &bytes, &len);

	*out = (struct tayra__trace_request){ 0 };
	if (status == TAYRA_E_NOT_FOUND)
		return status;
	trace->place++;
	if (status)
		return tayra__trace_fail_input(trace, error, status);
	if (len < RECORD_BYTES)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT,
					 "cut short: %zu of %d bytes", len, RECORD_BYTES);
	record = decode(bytes);
	out->time_s = record.time_s;
	out->key = record.key;
	out->size_bytes = record.size_bytes;
	return TAYRA_OK;
}

int
tayra__oraclegeneral_begin(struct tayra__trace *trace, struct tayra__trace_error *error)
{
	trace->place_word = "record";
	trace->next = next;
	return TAYRA_OK;
}
