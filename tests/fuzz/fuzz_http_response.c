/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drive/http_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says where to cut: answers arrive in pieces of that many bytes.  Whatever the
 * pieces, the answers must be the same as those of the whole, one after another. */
static unsigned
follow(const char *bytes, size_t len, size_t piece)
{
	struct tayra__http_response response;
	enum tayra__http_response_state state;
	unsigned sum = 0;
	size_t done = 0;

	tayra__http_response_begin(&response, false);
	while (done < len) {
		size_t n = len - done < piece ? len - done : piece, used;
		char *copy = malloc(n);

		if (!copy)
			return 0;
		memcpy(copy, bytes + done, n);
		state = tayra__http_response_feed(&response, copy, n, &used);
		free(copy);
		if (used > n || (state == TAYRA__HTTP_MORE && used != n))
			abort();
		done += used;
		if (state == TAYRA__HTTP_WRONG)
			return sum * 31 + 1;
		if (state == TAYRA__HTTP_MORE)
			continue;
		sum = sum * 31 + response.status * 2 + response.keep;
		tayra__http_response_begin(&response, sum & 1);
	}
	return sum * 31 + (tayra__http_response_end(&response) == TAYRA__HTTP_DONE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	/* Only the text of an error may depend on the pieces, not that it is one; but a line that
	 * is cut off by the carry is looked at less closely, so long ones are only run. */
	if (follow((const char *)data + 1, size - 1, data[0] + 1u) !=
		    follow((const char *)data + 1, size - 1, size) &&
	    size < TAYRA__HTTP_LINE_CARRY)
		abort();
	return 0;
}
