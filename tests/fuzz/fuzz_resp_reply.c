/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/resp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sink; /* so that reading is not optimised away */

/* All elements that are complete in bytes[0, len); returns how many bytes they are. */
static size_t
parse(struct tayra__resp_reply *reply, const char *bytes, size_t len,
      enum tayra__resp_reply_status *status)
{
	const struct tayra__resp_reply_limits limits = { 4096, 256, 64 };
	struct tayra__resp_element element;
	size_t done = 0, used;

	while ((*status = tayra__resp_reply_next(reply, bytes + done, len - done, &limits, &element,
						 &used)) == TAYRA__RESP_REPLY_ELEMENT) {
		for (size_t i = 0; i < element.len; i++)
			sink += (unsigned char)element.text[i];
		done += used;
	}
	return done;
}

/* The first byte says where to cut: replies arrive in pieces of that many bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tayra__resp_reply_status status = TAYRA__RESP_REPLY_MORE;
	size_t step = size ? data[0] + 1u : 1, begin = 1, end = 1;
	struct tayra__resp_reply reply;

	tayra__resp_reply_init(&reply);
	while (end < size && status == TAYRA__RESP_REPLY_MORE) {
		char *copy;

		end = end + step < size ? end + step : size;
		copy = malloc(end - begin);
		if (!copy)
			break;
		memcpy(copy, data + begin, end - begin);
		begin += parse(&reply, copy, end - begin, &status);
		free(copy);
	}
	return 0;
}
