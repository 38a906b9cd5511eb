/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/resp_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that is in the arguments is touched, and the byte before all but the first. */
static void
touch(struct tayra__resp_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		memset(request->args[i].bytes, 'x', request->args[i].len);
		if (i > 0)
			request->args[i].bytes[-1] = 'x';
	}
}

/* All requests that are complete in bytes[0, len); returns how many bytes they are. */
static size_t
parse(struct tayra__resp_request *request, char *bytes, size_t len, enum tayra__resp_status *status)
{
	const struct tayra__resp_limits limits = { 4096, 64, 256, "" };
	size_t done = 0, used;

	while ((*status = tayra__resp_request_parse(request, bytes + done, len - done, &limits,
						    &used)) == TAYRA__RESP_DONE) {
		touch(request);
		done += used;
	}
	return done;
}

/* The first byte says where to cut: requests arrive in pieces of that many bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tayra__resp_status status = TAYRA__RESP_MORE;
	size_t step = size ? data[0] + 1u : 1, begin = 1, end = 1;
	struct tayra__resp_request request;

	tayra__resp_request_init(&request);
	while (end < size && status == TAYRA__RESP_MORE) {
		char *copy;

		end = end + step < size ? end + step : size;
		copy = malloc(end - begin);
		if (!copy)
			break;
		memcpy(copy, data + begin, end - begin);
		begin += parse(&request, copy, end - begin, &status);
		free(copy);
	}
	tayra__resp_request_fini(&request);
	return 0;
}
